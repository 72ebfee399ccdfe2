#include "settings.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "domain.h"
#include "duration.h"
#include "mem.h"
#include "pattern.h"
#include "settings_address.h"
#include "settings_guard.h"
#include "settings_level.h"
#include "settings_reputation.h"
#include "settings_sending.h"
#include "settings_warmup.h"

const char *const enforce_names[] = { "observe", "admission", "egress", NULL };
static const char *const on_dns_failure_names[] = { "permit", "defer", NULL };
enum { ON_FAILURE_AS_ENFORCED = ON_FAILURE_LOCAL + 1 }; /* until `enforce` is read */
static const char *const on_store_failure_names[] = { "permit", "defer", "local", "", NULL };
static const char *const complaint_scope_names[] = { "account", "list", "all", "none", NULL };
static const char *const verify_return_path_names[] = { "off", "signed", NULL };
static const char *const quarantine_action_names[] = { "reject", "discard", "hold", "prepend",
	NULL };

#define SECOND INT64_C(1000)
#define DAY    (86400 * SECOND)
#define YEAR   (366 * DAY)

static void read_quarantine(struct conf_reader *, struct config_setting_t *, void *);

#define AT(member) offsetof(struct settings, member)
static const struct conf_key keys[] = {
	{ "redis", CONF_STRING, AT(redis_text), "redis://127.0.0.1:6379/0", 0, 0, NULL, NULL },
	{ "store_timeout", CONF_DURATION, AT(store_timeout_ms), "500ms", 10, 60 * SECOND, NULL,
	    NULL },
	{ "on_store_failure", CONF_WORD, AT(on_store_failure), "", 0, 0, on_store_failure_names,
	    NULL },
	{ "policy_listen", CONF_STRING, AT(policy_listen), "unix:/var/spool/postfix/mxpace/policy",
	    0, 0, NULL, NULL },
	{ "map_listen", CONF_STRING, AT(map_listen), "unix:/var/spool/postfix/mxpace/map", 0, 0,
	    NULL, NULL },
	{ "metrics_listen", CONF_STRING, AT(metrics_listen), "127.0.0.1:9925", 0, 0, NULL, NULL },
	{ "socket_mode", CONF_STRING, AT(socket_mode_text), "0660", 0, 0, NULL, NULL },
	{ "socket_owner", CONF_STRING, AT(socket_owner), "", 0, 0, NULL, NULL },
	{ "socket_group", CONF_STRING, AT(socket_group), "", 0, 0, NULL, NULL },
	{ "allow_from", CONF_STRINGS, AT(allow_from), "", 0, 0, NULL, NULL },
	{ "policy_timeout", CONF_DURATION, AT(policy_timeout_ms), "10s", 100, 3600 * SECOND, NULL,
	    NULL },
	{ "policy_idle", CONF_DURATION, AT(policy_idle_ms), "1200s", SECOND, DAY, NULL, NULL },
	{ "max_clients", CONF_NUMBER, AT(max_clients), "10000", 1, 100000, NULL, NULL },
	{ "log_period", CONF_DURATION, AT(log_period_ms), "60s", 0, 3600 * SECOND, NULL, NULL },
	{ "log_rate", CONF_NUMBER, AT(log_rate), "200", 0, 100000, NULL, NULL },
	{ "enforce", CONF_WORD, AT(enforce), "admission", 0, 0, enforce_names, NULL },
	{ "hold", CONF_DURATION, AT(hold_ms), "3m", 0, 600 * SECOND, NULL, NULL },
	{ "node", CONF_STRING, AT(node), "", 0, 0, NULL, NULL },
	{ "sending_ips", CONF_CUSTOM, 0, NULL, 0, 0, NULL, settings_read_sending_ips },
	{ "pools", CONF_CUSTOM, 0, NULL, 0, 0, NULL, settings_read_pools },
	{ "level", CONF_WORD, AT(level), "normal", 0, 0, level_names, NULL },
	{ "levels", CONF_CUSTOM, 0, NULL, 0, 0, NULL, settings_read_levels },
	{ "warmup_plans", CONF_CUSTOM, 0, NULL, 0, 0, NULL, settings_read_warmup_plans },
	{ "warmup", CONF_CUSTOM, 0, NULL, 0, 0, NULL, settings_read_warmup },
	{ "transport_processes", CONF_NUMBER, AT(transport_processes), "100", 1, 10000, NULL,
	    NULL },
	{ "transport_exceptions", CONF_STRINGS, AT(transport_exceptions), "", 0, 0, NULL, NULL },
	{ "active_queue_limit", CONF_NUMBER, AT(active_queue_limit), "20000", 100, 10000000, NULL,
	    NULL },
	{ "local_domains", CONF_STRINGS, AT(local_domains), "", 0, 0, NULL, NULL },
	{ "dns_servers", CONF_STRINGS, AT(dns_servers), "", 0, 0, NULL, NULL },
	{ "dns_timeout", CONF_DURATION, AT(dns_timeout_ms), "3s", 50, 60 * SECOND, NULL, NULL },
	{ "on_dns_failure", CONF_WORD, AT(on_dns_failure), "defer", 0, 0, on_dns_failure_names,
	    NULL },
	{ "mx_rules", CONF_STRING, AT(mx_rules_text), "/etc/mxpace/mx-rules.conf", 0, 0, NULL,
	    NULL },
	{ "mx_rules_local", CONF_STRING, AT(mx_rules_local), "/etc/mxpace/mx-rules.local.conf", 0,
	    0, NULL, NULL },
	{ "bounce_rules", CONF_STRING, AT(bounce_rules_text), "/etc/mxpace/bounce-rules.conf", 0, 0,
	    NULL, NULL },
	{ "rules_url", CONF_STRING, AT(rules_url), "", 0, 0, NULL, NULL },
	{ "rules_keys", CONF_STRINGS, AT(rules_keys), "", 0, 0, NULL, NULL },
	{ "rules_keep", CONF_NUMBER, AT(rules_keep), "10", 2, 1000, NULL, NULL },
	{ "rules_ca", CONF_STRING, AT(rules_ca), "", 0, 0, NULL, NULL },
	{ "bounce_rules_local", CONF_STRING, AT(bounce_rules_local_text),
	    "/etc/mxpace/bounce-rules.local.conf", 0, 0, NULL, NULL },
	{ "state_dir", CONF_STRING, AT(state_dir), "/var/lib/mxpace", 0, 0, NULL, NULL },
	{ "quarantine_action", CONF_WORD, AT(quarantine_action), "reject", 0, 0,
	    quarantine_action_names, NULL },
	{ "quarantine", CONF_CUSTOM, AT(quarantine), NULL, 0, 0, NULL, read_quarantine },
	{ "guard", CONF_CUSTOM, 0, NULL, 0, 0, NULL, settings_read_guard },
	{ "address_rules", CONF_CUSTOM, 0, NULL, 0, 0, NULL, settings_read_address_rules },
	{ "verp_delimiters", CONF_STRING, AT(verp_delimiters), "+=", 0, 0, NULL, NULL },
	{ "verify_return_path", CONF_WORD, AT(verify_return_path), "off", 0, 0,
	    verify_return_path_names, NULL },
	{ "return_path_keys", CONF_STRINGS, AT(return_path_keys), "", 0, 0, NULL, NULL },
	{ "return_path_validity", CONF_DURATION, AT(return_path_validity_ms), "30d", DAY,
	    1000 * DAY, NULL, NULL },
	{ "return_path_domains", CONF_STRINGS, AT(return_path_domains), "", 0, 0, NULL, NULL },
	{ "max_message_size", CONF_SIZE, AT(max_message_size), "64M", 1024, INT64_C(1) << 31, NULL,
	    NULL },
	{ "campaign_headers", CONF_STRINGS, AT(campaign_headers),
	    "X-Campaign X-Campaign-Id X-CampaignId Feedback-ID", 0, 0, NULL, NULL },
	{ "account_headers", CONF_STRINGS, AT(account_headers), "X-Account X-Account-Id", 0, 0,
	    NULL, NULL },
	{ "list_headers", CONF_STRINGS, AT(list_headers), "List-Id X-List", 0, 0, NULL, NULL },
	{ "account_from", CONF_STRINGS, AT(account_from), "sasl_username sender", 0, 0, NULL,
	    NULL },
	{ "account_from_sender", CONF_STRING, AT(account_from_sender), "", 0, 0, NULL, NULL },
	{ "reputation", CONF_CUSTOM, 0, NULL, 0, 0, NULL, settings_read_reputation },
	{ "complaint_scope", CONF_WORD, AT(complaint_scope), "account", 0, 0, complaint_scope_names,
	    NULL },
	{ "feedback_addresses", CONF_STRINGS, AT(feedback_addresses), "", 0, 0, NULL, NULL },
	{ "mail", CONF_CUSTOM, 0, NULL, 0, 0, NULL, settings_read_mail },
};
#undef AT
enum { KEYS = sizeof(keys) / sizeof(keys[0]) };

#define AT(member) offsetof(struct quarantine_policy, member)
static const struct conf_key policy_keys[] = {
	{ "significant_period", CONF_DURATION, AT(significant_ms), NULL, 0, YEAR, NULL, NULL },
	{ "quiet_reset", CONF_DURATION, AT(quiet_ms), NULL, SECOND, YEAR, NULL, NULL },
};
#undef AT
enum { POLICY_KEYS = sizeof(policy_keys) / sizeof(policy_keys[0]) };

struct rule_text {
	int64_t errors, significant_ms, quiet_ms;
	const char *release;
};

#define AT(member) offsetof(struct rule_text, member)
static const struct conf_key rule_keys[] = {
	{ "errors", CONF_NUMBER, AT(errors), NULL, 0, 1000, NULL, NULL },
	{ "release", CONF_STRING, AT(release), "", 0, 0, NULL, NULL },
	{ "significant_period", CONF_DURATION, AT(significant_ms), NULL, 0, YEAR, NULL, NULL },
	{ "quiet_reset", CONF_DURATION, AT(quiet_ms), NULL, SECOND, YEAR, NULL, NULL },
};
#undef AT
enum { RULE_KEYS = sizeof(rule_keys) / sizeof(rule_keys[0]) };

static void
read_quarantine_rule(struct conf_reader *reader, struct config_setting_t *setting, const char *name,
    struct quarantine_rule *rule)
{
	struct rule_text text = { rule->errors, rule->significant_ms, rule->quiet_ms, "" };
	char context[64];

	snprintf(context, sizeof(context), "quarantine.%s.", name);
	reader->context = context;
	conf_read(reader, setting, rule_keys, RULE_KEYS, NULL, &text);
	rule->errors = text.errors;
	rule->significant_ms = text.significant_ms;
	rule->quiet_ms = text.quiet_ms;
	if (strcmp(text.release, "never") == 0)
		rule->release_ms = 0;
	else if (*text.release != '\0' &&
		 (rule->release_ms = duration_parse(span_of(text.release))) < SECOND)
		conf_mistake(reader, conf_member(setting, "release"), NULL,
		    "\"%s\" is neither \"never\" nor a duration such as \"30d\"", text.release);
	reader->context = "quarantine.";
}

static void
read_quarantine(struct conf_reader *reader, struct config_setting_t *setting, void *target)
{
	struct quarantine_policy *policy = &((struct settings *)target)->quarantine;

	reader->context = "quarantine.";
	conf_read(reader, setting, policy_keys, POLICY_KEYS, reason_names, policy);
	quarantine_policy_spread(policy);
	for (size_t i = 0; i < REASON_COUNT && conf_is_group(setting); i++) {
		struct config_setting_t *rule = conf_member(setting, reason_names[i]);

		if (rule != NULL)
			read_quarantine_rule(reader, rule, reason_names[i], &policy->rules[i]);
	}
	reader->context = "";
}

/* A path of ours that is relative stands beside the configuration file; so does a shipped file that
 * was not installed, which makes conf/mxpace.conf of the source tree usable as it is. */
static const char *
resolve(struct arena *arena, const char *config, const char *path)
{
	static const char installed[] = "/etc/mxpace/";
	const char *slash = strrchr(config, '/');
	int folder = slash != NULL ? (int)(slash - config) + 1 : 0;
	const char *beside;

	if (*path == '\0')
		return path;
	if (*path != '/')
		return arena_printf(arena, "%.*s%s", folder, config, path);
	if (strncmp(path, installed, sizeof(installed) - 1) != 0)
		return path;
	if (folder == sizeof(installed) - 1 && strncmp(config, installed, (size_t)folder) == 0)
		return path; /* beside it is there */
	if (access(path, F_OK) == 0)
		return path;
	beside = arena_printf(arena, "%.*s%s", folder, config, path + sizeof(installed) - 1);
	return access(beside, F_OK) == 0 ? beside : path;
}

/* Where a mistake in a key's value is told: at the key, if the file has it. */
static struct config_setting_t *
at(struct config_setting_t *root, const char *key)
{
	struct config_setting_t *member = conf_member(root, key);

	return member != NULL ? member : root;
}

static bool
read_socket_mode(struct settings *settings)
{
	const char *text = settings->socket_mode_text;

	settings->socket_mode = (unsigned)strtoul(text, NULL, 8);
	return *text != '\0' && text[strspn(text, "01234567")] == '\0' &&
	       settings->socket_mode <= 0777;
}

static void
finish(struct conf_reader *reader, struct config_setting_t *root, struct settings *settings)
{
	char host[256];

	if (!store_address_parse(&settings->arena, settings->redis_text, &settings->redis))
		conf_mistake(reader, at(root, "redis"), "redis",
		    "\"%s\" is neither \"redis://host:port/db\" nor \"unix:/path\"",
		    settings->redis.text);
	if (!read_socket_mode(settings))
		conf_mistake(reader, at(root, "socket_mode"), "socket_mode",
		    "\"%s\" is not an octal mode such as \"0660\"", settings->socket_mode_text);
	if (strlen(settings->verp_delimiters) != 2)
		conf_mistake(reader, at(root, "verp_delimiters"), "verp_delimiters",
		    "must be two characters: \"+=\"");
	if (settings->return_path_keys.count == 0 &&
	    settings->verify_return_path == VERIFY_RETURN_PATH_SIGNED)
		conf_mistake(reader, at(root, "verify_return_path"), "verify_return_path",
		    "\"signed\" needs return_path_keys");
	if (settings->return_path_keys.count == 0 && settings->return_path_domains.count > 0)
		conf_mistake(reader, at(root, "return_path_domains"), "return_path_domains",
		    "signing needs return_path_keys");
	settings_compile_account(reader, at(root, "account_from_sender"), settings);
	for (size_t i = 0; i < settings->account_from.count; i++)
		if (strcmp(settings->account_from.items[i], "sasl_username") != 0 &&
		    strcmp(settings->account_from.items[i], "sender") != 0)
			conf_mistake(reader, at(root, "account_from"), "account_from",
			    "\"%s\" is neither \"sasl_username\" nor \"sender\"",
			    settings->account_from.items[i]);
	if (settings->on_store_failure == ON_FAILURE_AS_ENFORCED)
		settings->on_store_failure =
		    settings->enforce == ENFORCE_ADMISSION ? ON_FAILURE_PERMIT : ON_FAILURE_LOCAL;
	else if (settings->on_store_failure == ON_FAILURE_LOCAL &&
		 settings->enforce == ENFORCE_ADMISSION)
		conf_mistake(reader, at(root, "on_store_failure"), "on_store_failure",
		    "\"local\" is for enforce = \"egress\" or \"observe\"");
	settings_check_pools(reader, at(root, "pools"), settings);
	if (settings->level == LEVEL_NONE)
		conf_mistake(reader, at(root, "level"), "level", "must not be empty");
	if (*settings->node == '\0' && gethostname(host, sizeof(host) - 1) == 0) {
		host[sizeof(host) - 1] = '\0';
		settings->node = arena_dup(&settings->arena, span_of(host));
	}
	if (*settings->node == '\0' || strlen(settings->node) > 128)
		conf_mistake(reader, at(root, "node"), "node", "must be a name of 1 to 128 bytes");
	settings->mx_rules = resolve(&settings->arena, settings->file, settings->mx_rules_text);
	settings->rules_ca = resolve(&settings->arena, settings->file, settings->rules_ca);
	settings->mx_rules_local =
	    resolve(&settings->arena, settings->file, settings->mx_rules_local);
	settings->bounce_rules =
	    resolve(&settings->arena, settings->file, settings->bounce_rules_text);
	settings->bounce_rules_local =
	    resolve(&settings->arena, settings->file, settings->bounce_rules_local_text);
}

static struct settings *
settings_read(struct conf_file *file, const char *name, struct conf_errors *errors)
{
	struct settings *settings;
	unsigned before = errors->count;
	struct conf_reader reader = { NULL, errors, name, "" };

	if (file == NULL)
		return NULL;
	settings = mem_alloc(sizeof(*settings));
	settings->rules_version = "";
	settings->references = 1;
	arena_init(&settings->arena);
	reader.arena = &settings->arena;
	settings->file = arena_dup(&settings->arena, span_of(name));
	conf_defaults(&settings->arena, keys, KEYS, settings);
	quarantine_policy_defaults(&settings->quarantine);
	settings_guard_defaults(settings);
	settings_level_defaults(settings);
	settings_reputation_defaults(&settings->arena, &settings->reputation);
	settings_warmup_defaults(settings);
	settings_mail_defaults(&settings->arena, &settings->mail);
	conf_read(&reader, conf_root(file), keys, KEYS, NULL, settings);
	finish(&reader, conf_root(file), settings);
	settings->lines = arena_alloc(&settings->arena, KEYS * sizeof(*settings->lines));
	for (size_t i = 0; i < KEYS; i++) {
		struct config_setting_t *setting = conf_member(conf_root(file), keys[i].name);

		settings->lines[i] = setting != NULL ? conf_line(setting) : 0;
	}
	conf_close(&file);
	if (errors->count != before)
		settings_release(&settings);
	return settings;
}

/* In place of the configured rules those of the last update, if there was one. sure: that the link
 * leads somewhere is found out later. */
static void
place_rules(struct settings *settings, bool sure)
{
	char version[RULES_VERSION_SIZE];
	const char *paths[RULES_FILES];

	settings->rules_version = "";
	if (settings_rules_are_own(settings) || !rules_place_current(settings->state_dir, version))
		return;
	for (size_t i = 0; i < RULES_FILES; i++) {
		paths[i] = rules_place_path(&settings->arena, settings->state_dir, version,
		    rules_file_names[i]);
		if (!sure && access(paths[i], R_OK) != 0)
			return;
	}
	settings->rules_version = arena_dup(&settings->arena, span_of(version));
	settings->mx_rules = paths[RULES_FILE_MX];
	settings->bounce_rules = paths[RULES_FILE_BOUNCE];
}

struct settings *
settings_load(const char *path, struct conf_errors *errors)
{
	struct settings *settings = settings_read(conf_open(path, errors), path, errors);

	if (settings != NULL)
		place_rules(settings, false);
	return settings;
}

const char *
settings_configured_rules(struct settings *settings, enum rules_file file)
{
	const char *text =
	    file == RULES_FILE_MX ? settings->mx_rules_text : settings->bounce_rules_text;

	return resolve(&settings->arena, settings->file, text);
}

struct settings *
settings_parse(const char *text, const char *name, struct conf_errors *errors)
{
	return settings_read(conf_parse(text, name, errors), name, errors);
}

const struct conf_key *
settings_keys(size_t *count)
{
	*count = KEYS;
	return keys;
}

void
settings_pack(const struct settings *settings, struct str *out)
{
	pack_number(out, (int64_t)pack_hash_names(reason_names));
	pack_text(out, settings->file);
	conf_pack(keys, KEYS, settings, out);
	conf_pack(policy_keys, POLICY_KEYS, &settings->quarantine, out);
	for (size_t i = 0; i < REASON_COUNT; i++) {
		pack_number(out, settings->quarantine.rules[i].errors);
		pack_number(out, settings->quarantine.rules[i].release_ms);
		pack_number(out, settings->quarantine.rules[i].significant_ms);
		pack_number(out, settings->quarantine.rules[i].quiet_ms);
	}
	settings_pack_sending(settings, out);
	settings_pack_address_rules(settings, out);
	settings_pack_guard(settings, out);
	settings_pack_level(settings, out);
	settings_pack_reputation(settings, out);
	settings_pack_warmup(settings, out);
	settings_pack_mail(&settings->mail, out);
}

struct settings *
settings_unpack(struct unpack *in)
{
	struct settings *settings = mem_alloc(sizeof(*settings));

	settings->references = 1;
	arena_init(&settings->arena);
	in->failed = in->failed || (uint64_t)unpack_number(in) != pack_hash_names(reason_names);
	settings->file = unpack_text(in);
	conf_unpack(&settings->arena, keys, KEYS, settings, in);
	conf_unpack(&settings->arena, policy_keys, POLICY_KEYS, &settings->quarantine, in);
	for (size_t i = 0; i < REASON_COUNT; i++) {
		settings->quarantine.rules[i].errors = unpack_number(in);
		settings->quarantine.rules[i].release_ms = unpack_number(in);
		settings->quarantine.rules[i].significant_ms = unpack_number(in);
		settings->quarantine.rules[i].quiet_ms = unpack_number(in);
	}
	settings_unpack_sending(settings, in);
	settings_unpack_address_rules(settings, in);
	settings_unpack_guard(settings, in);
	settings_unpack_level(settings, in);
	settings_unpack_reputation(settings, in);
	settings_unpack_warmup(settings, in);
	settings_unpack_mail(&settings->arena, &settings->mail, in);
	if (in->failed || !read_socket_mode(settings) ||
	    !store_address_parse(&settings->arena, settings->redis_text, &settings->redis)) {
		settings_release(&settings);
		return NULL;
	}
	settings->bounce_rules =
	    resolve(&settings->arena, settings->file, settings->bounce_rules_text);
	settings->bounce_rules_local =
	    resolve(&settings->arena, settings->file, settings->bounce_rules_local_text);
	settings->mx_rules = settings->mx_rules_text;
	place_rules(settings, true);
	settings->lines = arena_alloc(&settings->arena, KEYS * sizeof(*settings->lines));
	return settings;
}

bool
settings_rules_are_own(const struct settings *settings)
{
	return settings->level == LEVEL_CUSTOM;
}

struct settings *
settings_hold(struct settings *settings)
{
	settings->references++;
	return settings;
}

void
settings_release(struct settings **settings)
{
	struct settings *old = *settings;

	*settings = NULL;
	if (old == NULL || --old->references > 0)
		return;
	pattern_free(&old->account_pattern);
	arena_clear(&old->arena);
	free(old);
}

bool
settings_is_local(const struct settings *settings, const char *domain)
{
	for (size_t i = 0; i < settings->local_domains.count; i++)
		if (domain_matches(settings->local_domains.items[i], domain))
			return true;
	return false;
}

bool
settings_is_exception(const struct settings *settings, const char *domain)
{
	struct span name = span_of(domain);

	for (size_t i = 0; i < settings->transport_exceptions.count; i++) {
		struct span exception = span_of(settings->transport_exceptions.items[i]);

		if (span_ieq(exception, name))
			return true;
		if (exception.len > 1 && exception.ptr[0] == '.' && name.len > exception.len &&
		    span_ieq(exception, span_from(name, name.len - exception.len)))
			return true;
	}
	return false;
}

unsigned
settings_line(const struct settings *settings, const char *key)
{
	for (size_t i = 0; i < KEYS; i++)
		if (strcmp(keys[i].name, key) == 0)
			return settings->lines[i];
	return 0;
}
