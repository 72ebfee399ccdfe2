#include "settings.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "domain.h"
#include "duration.h"
#include "mem.h"

const char *const enforce_names[] = { "observe", "admission", "egress", NULL };
static const char *const on_failure_names[] = { "permit", "defer", NULL };
static const char *const quarantine_action_names[] = { "reject", "discard", "hold", "prepend",
	NULL };

#define SECOND INT64_C(1000)
#define DAY    (86400 * SECOND)
#define YEAR   (366 * DAY)

static void read_sending_ips(struct conf_reader *, struct config_setting_t *, void *);
static void read_quarantine(struct conf_reader *, struct config_setting_t *, void *);

#define AT(member) offsetof(struct settings, member)
static const struct conf_key keys[] = {
	{ "redis", CONF_STRING, AT(redis_text), "redis://127.0.0.1:6379/0", 0, 0, NULL, NULL },
	{ "store_timeout", CONF_DURATION, AT(store_timeout_ms), "500ms", 10, 60 * SECOND, NULL,
	    NULL },
	{ "on_store_failure", CONF_WORD, AT(on_store_failure), "permit", 0, 0, on_failure_names,
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
	{ "max_clients", CONF_NUMBER, AT(max_clients), "2000", 1, 100000, NULL, NULL },
	{ "enforce", CONF_WORD, AT(enforce), "admission", 0, 0, enforce_names, NULL },
	{ "hold", CONF_DURATION, AT(hold_ms), "60s", 0, 90 * SECOND, NULL, NULL },
	{ "node", CONF_STRING, AT(node), "", 0, 0, NULL, NULL },
	{ "sending_ips", CONF_CUSTOM, 0, NULL, 0, 0, NULL, read_sending_ips },
	{ "local_domains", CONF_STRINGS, AT(local_domains), "", 0, 0, NULL, NULL },
	{ "dns_servers", CONF_STRINGS, AT(dns_servers), "", 0, 0, NULL, NULL },
	{ "dns_timeout", CONF_DURATION, AT(dns_timeout_ms), "3s", 50, 60 * SECOND, NULL, NULL },
	{ "on_dns_failure", CONF_WORD, AT(on_dns_failure), "defer", 0, 0, on_failure_names, NULL },
	{ "mx_rules", CONF_STRING, AT(mx_rules), "/etc/mxpace/mx-rules.conf", 0, 0, NULL, NULL },
	{ "mx_rules_local", CONF_STRING, AT(mx_rules_local), "/etc/mxpace/mx-rules.local.conf", 0,
	    0, NULL, NULL },
	{ "bounce_rules", CONF_STRING, AT(bounce_rules), "/etc/mxpace/bounce-rules.conf", 0, 0,
	    NULL, NULL },
	{ "state_dir", CONF_STRING, AT(state_dir), "/var/lib/mxpace", 0, 0, NULL, NULL },
	{ "quarantine_action", CONF_WORD, AT(quarantine_action), "reject", 0, 0,
	    quarantine_action_names, NULL },
	{ "quarantine", CONF_CUSTOM, AT(quarantine), NULL, 0, 0, NULL, read_quarantine },
	{ "verp_delimiters", CONF_STRING, AT(verp_delimiters), "+=", 0, 0, NULL, NULL },
	{ "max_message_size", CONF_SIZE, AT(max_message_size), "64M", 1024, INT64_C(1) << 31, NULL,
	    NULL },
	{ "campaign_headers", CONF_STRINGS, AT(campaign_headers),
	    "X-Campaign X-Campaign-Id X-CampaignId Feedback-ID", 0, 0, NULL, NULL },
	{ "account_headers", CONF_STRINGS, AT(account_headers), "X-Account X-Account-Id", 0, 0,
	    NULL, NULL },
	{ "list_headers", CONF_STRINGS, AT(list_headers), "List-Id X-List", 0, 0, NULL, NULL },
};
#undef AT
enum { KEYS = sizeof(keys) / sizeof(keys[0]) };

#define AT(member) offsetof(struct sending_ip, member)
static const struct conf_key sending_ip_keys[] = {
	{ "name", CONF_STRING, AT(name), "", 0, 0, NULL, NULL },
	{ "bind4", CONF_STRING, AT(bind4), "", 0, 0, NULL, NULL },
	{ "bind6", CONF_STRING, AT(bind6), "", 0, 0, NULL, NULL },
	{ "nodes", CONF_STRINGS, AT(nodes), "", 0, 0, NULL, NULL },
};
#undef AT
enum { SENDING_IP_KEYS = sizeof(sending_ip_keys) / sizeof(sending_ip_keys[0]) };

static void
read_sending_ips(struct conf_reader *reader, struct config_setting_t *setting, void *target)
{
	struct settings *settings = target;
	struct sending_ip *ips;

	if (!conf_is_list(setting)) {
		conf_mistake(reader, setting, NULL,
		    "must be a list: ( { name = \"192.0.2.1\"; }, ... )");
		return;
	}
	ips = arena_alloc(reader->arena, (conf_length(setting) + 1) * sizeof(*ips));
	reader->context = "sending_ips.";
	for (size_t i = 0; i < conf_length(setting); i++) {
		conf_defaults(reader->arena, sending_ip_keys, SENDING_IP_KEYS, &ips[i]);
		if (conf_read(reader, conf_at(setting, i), sending_ip_keys, SENDING_IP_KEYS, NULL,
			&ips[i]) == 0 &&
		    *ips[i].name == '\0')
			conf_mistake(reader, conf_at(setting, i), "name", "is missing");
		for (size_t k = 0; k < i && *ips[i].name != '\0'; k++)
			if (strcmp(ips[k].name, ips[i].name) == 0)
				conf_mistake(reader, conf_at(setting, i), "name",
				    "\"%s\" is there twice", ips[i].name);
	}
	reader->context = "";
	settings->sending_ips = ips;
	settings->sending_ip_count = conf_length(setting);
}

#define AT(member) offsetof(struct quarantine_policy, member)
static const struct conf_key policy_keys[] = {
	{ "significant_period", CONF_DURATION, AT(significant_ms), NULL, 0, YEAR, NULL, NULL },
	{ "quiet_reset", CONF_DURATION, AT(quiet_ms), NULL, SECOND, YEAR, NULL, NULL },
};
#undef AT

struct rule_text {
	int64_t errors;
	const char *release;
};

#define AT(member) offsetof(struct rule_text, member)
static const struct conf_key rule_keys[] = {
	{ "errors", CONF_NUMBER, AT(errors), NULL, 0, 1000, NULL, NULL },
	{ "release", CONF_STRING, AT(release), "", 0, 0, NULL, NULL },
};
#undef AT

static void
read_quarantine_rule(struct conf_reader *reader, struct config_setting_t *setting, const char *name,
    struct quarantine_rule *rule)
{
	struct rule_text text = { rule->errors, "" };
	char context[64];

	snprintf(context, sizeof(context), "quarantine.%s.", name);
	reader->context = context;
	conf_read(reader, setting, rule_keys, 2, NULL, &text);
	rule->errors = text.errors;
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
	conf_read(reader, setting, policy_keys, 2, reason_names, policy);
	for (size_t i = 0; i < REASON_COUNT && conf_is_group(setting); i++) {
		struct config_setting_t *rule = conf_member(setting, reason_names[i]);

		if (rule != NULL)
			read_quarantine_rule(reader, rule, reason_names[i], &policy->rules[i]);
	}
	reader->context = "";
}

static bool
parse_port_and_db(struct span text, int64_t *port, int64_t *db)
{
	unsigned long long n;
	long slash = span_find(text, SPAN("/"));
	struct span port_text = slash < 0 ? text : span_make(text.ptr, (size_t)slash);
	struct span db_text = slash < 0 ? SPAN("") : span_from(text, (size_t)slash + 1);

	*port = 6379;
	*db = 0;
	if (port_text.len > 0) {
		if (!span_number(span_from(port_text, 1), &n) || n < 1 || n > 65535 ||
		    port_text.ptr[0] != ':')
			return false;
		*port = (int64_t)n;
	}
	if (db_text.len > 0) {
		if (!span_number(db_text, &n) || n > 1023)
			return false;
		*db = (int64_t)n;
	}
	return true;
}

static bool
parse_unix(struct arena *arena, struct span rest, struct store_address *address)
{
	long query = span_find(rest, SPAN("?db="));
	unsigned long long db = 0;

	if (query >= 0 && (!span_number(span_from(rest, (size_t)query + 4), &db) || db > 1023))
		return false;
	address->path = arena_dup(arena, query < 0 ? rest : span_make(rest.ptr, (size_t)query));
	address->db = (int64_t)db;
	address->text = arena_printf(arena, "unix:%s", address->path);
	return address->path[0] == '/' && strlen(address->path) < 108;
}

static bool
parse_redis(struct arena *arena, const char *text, struct store_address *address)
{
	struct span rest = span_of(text);
	long at, colon;
	size_t host_len;

	*address = (struct store_address){ "", 0, "", "", "", 0, text };
	if (span_starts(rest, SPAN("unix:")))
		return parse_unix(arena, span_from(rest, 5), address);
	if (!span_starts(rest, SPAN("redis://")))
		return false;
	rest = span_from(rest, 8);
	for (at = (long)rest.len - 1; at >= 0 && rest.ptr[at] != '@'; at--)
		;
	if (at >= 0) {
		struct span login = span_make(rest.ptr, (size_t)at);

		address->text = arena_printf(arena, "redis://%s", rest.ptr + at + 1);
		colon = span_find(login, SPAN(":"));
		if (colon < 0)
			return false;
		address->user = arena_dup(arena, span_make(login.ptr, (size_t)colon));
		address->password = arena_dup(arena, span_from(login, (size_t)colon + 1));
		rest = span_from(rest, (size_t)at + 1);
	}
	if (rest.len > 0 && rest.ptr[0] == '[') {
		long close = span_find(rest, SPAN("]"));

		if (close < 0)
			return false;
		address->host = arena_dup(arena, span_make(rest.ptr + 1, (size_t)close - 1));
		host_len = (size_t)close + 1;
	} else {
		for (host_len = 0;
		     host_len < rest.len && rest.ptr[host_len] != ':' && rest.ptr[host_len] != '/';
		     host_len++)
			;
		address->host = arena_dup(arena, span_make(rest.ptr, host_len));
	}
	return address->host[0] != '\0' &&
	       parse_port_and_db(span_from(rest, host_len), &address->port, &address->db);
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
	if (strncmp(path, installed, sizeof(installed) - 1) != 0 || access(path, F_OK) == 0)
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

static void
finish(struct conf_reader *reader, struct config_setting_t *root, struct settings *settings)
{
	char host[256];
	char *end;

	if (!parse_redis(&settings->arena, settings->redis_text, &settings->redis))
		conf_mistake(reader, at(root, "redis"), "redis",
		    "\"%s\" is neither \"redis://host:port/db\" nor \"unix:/path\"",
		    settings->redis.text);
	settings->socket_mode = (unsigned)strtoul(settings->socket_mode_text, &end, 8);
	if (*end != '\0' || strspn(settings->socket_mode_text, "01234567") == 0 ||
	    settings->socket_mode > 0777)
		conf_mistake(reader, at(root, "socket_mode"), "socket_mode",
		    "\"%s\" is not an octal mode such as \"0660\"", settings->socket_mode_text);
	if (strlen(settings->verp_delimiters) != 2)
		conf_mistake(reader, at(root, "verp_delimiters"), "verp_delimiters",
		    "must be two characters: \"+=\"");
	if (settings->enforce != ENFORCE_ADMISSION)
		conf_mistake(reader, at(root, "enforce"), "enforce",
		    "\"%s\" is not in this version yet; use \"admission\"",
		    enforce_names[settings->enforce]);
	if (*settings->node == '\0' && gethostname(host, sizeof(host) - 1) == 0) {
		host[sizeof(host) - 1] = '\0';
		settings->node = arena_dup(&settings->arena, span_of(host));
	}
	if (*settings->node == '\0' || strlen(settings->node) > 128)
		conf_mistake(reader, at(root, "node"), "node", "must be a name of 1 to 128 bytes");
	settings->mx_rules = resolve(&settings->arena, settings->file, settings->mx_rules);
	settings->mx_rules_local =
	    resolve(&settings->arena, settings->file, settings->mx_rules_local);
	settings->bounce_rules = resolve(&settings->arena, settings->file, settings->bounce_rules);
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
	settings->references = 1;
	arena_init(&settings->arena);
	reader.arena = &settings->arena;
	settings->file = arena_dup(&settings->arena, span_of(name));
	conf_defaults(&settings->arena, keys, KEYS, settings);
	quarantine_policy_defaults(&settings->quarantine);
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

struct settings *
settings_load(const char *path, struct conf_errors *errors)
{
	return settings_read(conf_open(path, errors), path, errors);
}

struct settings *
settings_parse(const char *text, const char *name, struct conf_errors *errors)
{
	return settings_read(conf_parse(text, name, errors), name, errors);
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

unsigned
settings_line(const struct settings *settings, const char *key)
{
	for (size_t i = 0; i < KEYS; i++)
		if (strcmp(keys[i].name, key) == 0)
			return settings->lines[i];
	return 0;
}
