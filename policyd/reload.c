#include "reload.h"

#include "listen.h"
#include "log.h"
#include "returnpath.h"

/* What the tables cannot check: the forms of the addresses. `prefix` makes one of the form that
 * listen_parse reads. */
static void
check_address(const struct settings *settings, const char *key, const char *prefix,
    const char *value, struct conf_errors *errors)
{
	struct listen_address addresses[LISTEN_MAX];
	struct str text = { 0 };
	struct err err;
	int count;

	str_addf(&text, "%s%s", prefix, value);
	count = listen_parse(str_text(&text), addresses, &err);
	str_free(&text);
	if (count >= 0 && listen_check(settings, addresses, (size_t)count, &err) == 0)
		return;
	errors->count++;
	str_addf(&errors->lines, "%s:%u: %s: %s\n", settings->file, settings_line(settings, key),
	    key, err.text);
}

static void
check_keys(const struct settings *settings, struct conf_errors *errors)
{
	struct verp_keys keys;
	struct err err;

	if (returnpath_load(settings, &keys, &err) == 0)
		return;
	errors->count++;
	str_addf(&errors->lines, "%s:%u: %s\n", settings->file,
	    settings_line(settings, "return_path_keys"), err.text);
}

int
config_load(const char *path, struct config *config, struct conf_errors *errors)
{
	unsigned before = errors->count;

	*config = (struct config){ NULL, NULL };
	config->settings = settings_load(path, errors);
	if (config->settings != NULL) {
		const struct settings *settings = config->settings;

		check_address(settings, "policy_listen", "", settings->policy_listen, errors);
		check_address(settings, "map_listen", "", settings->map_listen, errors);
		if (*settings->metrics_listen != '\0')
			check_address(settings, "metrics_listen", "inet:", settings->metrics_listen,
			    errors);
		check_keys(settings, errors);
		config->rules = mx_rules_load(config->settings->mx_rules,
		    config->settings->mx_rules_local, errors);
	}
	if (errors->count == before)
		return 0;
	config_clear(config);
	return -1;
}

void
config_clear(struct config *config)
{
	settings_release(&config->settings);
	mx_rules_release(&config->rules);
}

void
reload_log_mistakes(const struct conf_errors *errors)
{
	struct span rest = span_make(str_text(&errors->lines), errors->lines.len);
	struct span line;

	while (span_line(&rest, &line))
		log_error("%.*s", (int)line.len, line.ptr);
}

int
reload(struct engine *engine, struct server *server, struct metrics_http *http, const char *path)
{
	struct conf_errors errors = { 0 };
	struct config config;
	struct err err;

	if (config_load(path, &config, &errors) != 0) {
		reload_log_mistakes(&errors);
		log_error("reload: %u mistake%s; the old configuration stays", errors.count,
		    errors.count == 1 ? "" : "s");
		conf_errors_free(&errors);
		engine->metrics.reloads_failed++;
		return -1;
	}
	conf_errors_free(&errors);
	/* Each step leaves all as it was when it fails; the first two are taken back if a later one
	 * does. */
	if (server_listen(server, config.settings, &err) != 0 ||
	    metrics_http_listen(http, config.settings, &err) != 0 ||
	    engine_swap(engine, config.settings, config.rules, &err) != 0) {
		struct err ignored;

		log_error("reload: %s; the old configuration stays", err.text);
		server_listen(server, engine->settings, &ignored);
		metrics_http_listen(http, engine->settings, &ignored);
		config_clear(&config);
		engine->metrics.reloads_failed++;
		return -1;
	}
	engine->metrics.reloads++;
	log_info("reload: %s and %zu MX rules from %s hold now", path, engine->rules->count,
	    engine->settings->mx_rules);
	return 0;
}
