#include "mx_rules_rule.h"

#include <string.h>

#include "mx_limits.h"
#include "pattern.h"
#include "transports.h"

const char *const mx_scope_names[] = { "provider", "site", NULL };
const char *const mx_per_names[] = { "ip", "group", NULL };
const char *const backoff_action_names[] = { "reduce", "one_connection", "suspend", "as_soft",
	NULL };

static void read_backoff(struct conf_reader *reader, struct config_setting_t *setting,
    void *target);
static void read_backoff_more(struct conf_reader *reader, struct config_setting_t *setting,
    void *target);
static void read_factor(struct conf_reader *reader, struct config_setting_t *setting, void *target);

#define AT(member) offsetof(struct mx_rule, member)
static const struct conf_key rule_keys[] = {
	{ "mx", CONF_STRINGS, AT(mx), "", 0, 0, NULL, NULL },
	{ "scope", CONF_WORD, AT(scope), "provider", 0, 0, mx_scope_names, NULL },
	{ "per", CONF_WORD, AT(per), "ip", 0, 0, mx_per_names, NULL },
	{ "connections", CONF_NUMBER, AT(connections), "0", 0, 100000, NULL, NULL },
	{ "messages_per_connection", CONF_NUMBER, AT(messages_per_connection), "0", 0, 1000000,
	    NULL, NULL },
	{ "messages_per_hour", CONF_NUMBER, AT(messages_per_hour), "0", 0, 1000000000, NULL, NULL },
	{ "max_connections", CONF_NUMBER, AT(max_connections), "0", 0, 100000, NULL, NULL },
	{ "max_messages_per_connection", CONF_NUMBER, AT(max_messages_per_connection), "0", 0,
	    1000000, NULL, NULL },
	{ "max_messages_per_hour", CONF_NUMBER, AT(max_messages_per_hour), "0", 0, 1000000000, NULL,
	    NULL },
	{ "level", CONF_WORD, AT(level), "", 0, 0, level_names, NULL },
	{ "limits", CONF_STRINGS, AT(limits_text), "", 0, 0, NULL, NULL },
	{ "burst", CONF_BOOL, AT(burst), "false", 0, 0, NULL, NULL },
	{ "sample_mx", CONF_STRINGS, AT(sample_mx), "", 0, 0, NULL, NULL },
	{ "not_sample_mx", CONF_STRINGS, AT(not_sample_mx), "", 0, 0, NULL, NULL },
	{ "origin", CONF_STRING, AT(origin), "", 0, 0, NULL, NULL },
	{ "backoff", CONF_CUSTOM, 0, NULL, 0, 0, NULL, read_backoff },
	{ "backoff_add", CONF_CUSTOM, 0, NULL, 0, 0, NULL, read_backoff_more },
	{ "disabled", CONF_BOOL, AT(disabled), "false", 0, 0, NULL, NULL },
	{ "after", CONF_BOOL, AT(after), "false", 0, 0, NULL, NULL },
};
#undef AT
enum { RULE_KEYS = sizeof(rule_keys) / sizeof(rule_keys[0]) };

struct backoff_text {
	const char *match, *after;
	struct conf_strings sample, not_sample;
	double factor;
	int action;
	int64_t min, for_ms;
};

#define AT(member) offsetof(struct backoff_text, member)
static const struct conf_key backoff_keys[] = {
	{ "match", CONF_STRING, AT(match), "", 0, 0, NULL, NULL },
	{ "sample", CONF_STRINGS, AT(sample), "", 0, 0, NULL, NULL },
	{ "not_sample", CONF_STRINGS, AT(not_sample), "", 0, 0, NULL, NULL },
	{ "after", CONF_STRING, AT(after), "1/1h", 0, 0, NULL, NULL },
	{ "action", CONF_WORD, AT(action), "reduce", 0, 0, backoff_action_names, NULL },
	{ "factor", CONF_CUSTOM, 0, NULL, 0, 0, NULL, read_factor },
	{ "min", CONF_NUMBER, AT(min), "1", 1, 1000000000, NULL, NULL },
	{ "for", CONF_DURATION, AT(for_ms), "30m", 1000, 31 * INT64_C(86400000), NULL, NULL },
};
#undef AT
enum { BACKOFF_KEYS = sizeof(backoff_keys) / sizeof(backoff_keys[0]) };

/* Where a mistake in a key's value is told: at the key, if the group has it. */
static struct config_setting_t *
at(struct config_setting_t *group, const char *key)
{
	struct config_setting_t *member = conf_member(group, key);

	return member != NULL ? member : group;
}

static void
read_factor(struct conf_reader *reader, struct config_setting_t *setting, void *target)
{
	struct backoff_text *text = target;

	if (!conf_fraction(setting, &text->factor) || text->factor <= 0 || text->factor >= 1)
		conf_mistake(reader, setting, NULL, "must be a number between 0.0 and 1.0");
}

static void
read_one_backoff(struct conf_reader *reader, struct config_setting_t *setting,
    struct backoff_rule *rule)
{
	struct conf_place *places = arena_alloc(reader->arena, BACKOFF_KEYS * sizeof(*places));
	struct backoff_text text = { .factor = 0.5 };
	struct config_setting_t *match;
	struct err err;

	conf_defaults(reader->arena, backoff_keys, BACKOFF_KEYS, &text);
	conf_read(reader, setting, backoff_keys, BACKOFF_KEYS, NULL, &text);
	rule->places = places;
	if (!conf_is_group(setting))
		return;
	conf_places(reader, setting, backoff_keys, BACKOFF_KEYS, places);
	rule->place = (struct conf_place){
		arena_dup(reader->arena, span_of(conf_where(reader, setting))),
		conf_line(setting),
	};
	rule->sample = text.sample;
	rule->not_sample = text.not_sample;
	rule->action = text.action;
	rule->min = text.min;
	rule->for_ms = text.for_ms;
	rule->factor = text.factor;
	if (limit_parse(span_of(text.after), &rule->after, &err) != 0)
		conf_mistake(reader, at(setting, "after"), "after", "%s", err.text);
	match = conf_member(setting, "match");
	if (match == NULL || (conf_string(match) != NULL && *text.match == '\0'))
		conf_mistake(reader, at(setting, "match"), "match", "is missing");
	else if (*text.match != '\0' && (rule->match = pattern_new(text.match, &err)) == NULL)
		conf_mistake(reader, at(setting, "match"), "match", "%s", err.text);
}

void
mx_rule_clear(struct mx_rule *rule)
{
	for (size_t i = 0; i < rule->backoff_count; i++)
		pattern_free(&rule->backoff[i].match);
	rule->backoff_count = 0;
}

/* Behind those that are there. */
static void
read_backoff_more(struct conf_reader *reader, struct config_setting_t *setting, void *target)
{
	struct mx_rule *rule = target;
	const char *context = reader->context;
	size_t before = rule->backoff_count, more = conf_length(setting);
	struct backoff_rule *all;

	if (!conf_is_list(setting)) {
		conf_mistake(reader, setting, NULL,
		    "must be a list of groups: ( { ... }, { ... } )");
		return;
	}
	all = arena_alloc(reader->arena, (before + more + 1) * sizeof(*all));
	if (before > 0)
		memcpy(all, rule->backoff, before * sizeof(*all));
	rule->backoff = all;
	rule->backoff_count = before + more;
	reader->context = arena_printf(reader->arena, "%s%s.", context, conf_name(setting));
	for (size_t i = 0; i < more; i++)
		read_one_backoff(reader, conf_at(setting, i), &all[before + i]);
	reader->context = context;
}

static void
read_backoff(struct conf_reader *reader, struct config_setting_t *setting, void *target)
{
	if (conf_is_list(setting))
		mx_rule_clear(target);
	read_backoff_more(reader, setting, target);
}

/* The further limits as written, and whether all of them together are few enough. */
static void
read_limits(struct conf_reader *reader, struct config_setting_t *setting, struct mx_rule *rule)
{
	struct mx_limits all;
	struct limit limit;
	struct err err;
	bool fits = true;

	rule->limit_count = 0;
	for (size_t i = 0; i < rule->limits_text.count; i++) {
		if (limit_parse(span_of(rule->limits_text.items[i]), &limit, &err) != 0)
			conf_mistake(reader, at(setting, "limits"), "limits", "%s", err.text);
		else
			fits &= mx_limits_add(rule->limits, &rule->limit_count, MX_RULE_LIMITS_MAX,
			    &limit);
	}
	mx_limits_at(rule, LEVEL_CUSTOM, level_factors_default, 0, &all);
	if (!fits || all.limit_count > MX_RULE_LIMITS_MAX)
		conf_mistake(reader, at(setting, "limits"), "limits",
		    "more than %d different periods", MX_RULE_LIMITS_MAX);
}

static bool
is_rule_name(const char *name)
{
	size_t len =
	    strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-");

	return len > 0 && name[len] == '\0' && len < MX_RULE_NAME_MAX;
}

const char *
mx_rule_read_name(struct conf_reader *reader, struct config_setting_t *setting, size_t i)
{
	struct config_setting_t *member =
	    conf_is_group(setting) ? conf_member(setting, "name") : NULL;
	const char *name = member != NULL ? conf_string(member) : NULL;

	if (name == NULL || !is_rule_name(name)) {
		conf_mistake(reader, setting, "name",
		    "rule %zu needs a name of letters, digits, '.', '_' and '-'", i + 1);
		return NULL;
	}
	if (strcmp(name, TRANSPORTS_UNKNOWN) == 0) {
		conf_mistake(reader, setting, "name",
		    "\"%s\" is what domains are called whose MX hosts are not known yet", name);
		return NULL;
	}
	return name;
}

void
mx_rule_begin(struct conf_reader *reader, struct config_setting_t *setting, const char *name,
    struct mx_rule *rule)
{
	*rule = (struct mx_rule){ .name = arena_dup(reader->arena, span_of(name)) };
	conf_defaults(reader->arena, rule_keys, RULE_KEYS, rule);
	rule->places = arena_alloc(reader->arena, RULE_KEYS * sizeof(*rule->places));
	rule->home.file = arena_dup(reader->arena, span_of(conf_where(reader, setting)));
	rule->home.line = conf_line(setting);
}

/* A file that is replaced by newer ones, or the operator's own? */
static void
check_place(struct conf_reader *reader, struct config_setting_t *setting, bool local,
    const struct mx_rule *rule)
{
	struct config_setting_t *after = conf_member(setting, "after");

	if (after == NULL || !rule->after)
		return;
	if (!local)
		conf_mistake(reader, after, NULL, "is for rules of the local file");
	else if (!rule->local)
		conf_mistake(reader, after, NULL, "a shipped rule keeps its place");
}

static void
check_masks(struct conf_reader *reader, struct config_setting_t *setting,
    const struct mx_rule *rule)
{
	const struct config_setting_t *mx = conf_member(setting, "mx");

	for (size_t i = 0; i < rule->mx.count; i++)
		if (*rule->mx.items[i] == '\0')
			conf_mistake(reader, at(setting, "mx"), "mx", "an empty mask");
	if (rule->mx.count > 0 || (mx != NULL && !conf_is_list(mx)))
		return;
	if (rule->local && rule->disabled)
		return; /* switches off what is no more */
	conf_mistake(reader, at(setting, "mx"), "mx",
	    rule->local && mx == NULL
		? "no mask: no rule of this name is shipped, so it changes nothing"
		: "no mask: the rule can match nothing");
}

void
mx_rule_read(struct conf_reader *reader, struct config_setting_t *setting, bool local,
    struct mx_rule *rule)
{
	static const char *const known[] = { "name", NULL };

	reader->context = arena_printf(reader->arena, "%s.", rule->name);
	rule->file = arena_dup(reader->arena, span_of(conf_where(reader, setting)));
	rule->line = conf_line(setting);
	conf_read(reader, setting, rule_keys, RULE_KEYS, known, rule);
	conf_places(reader, setting, rule_keys, RULE_KEYS, rule->places);
	read_limits(reader, setting, rule);
	check_masks(reader, setting, rule);
	check_place(reader, setting, local, rule);
	reader->context = "";
}

const struct conf_key *
mx_rules_keys(size_t *count)
{
	*count = RULE_KEYS;
	return rule_keys;
}

const struct conf_key *
mx_rules_backoff_keys(size_t *count)
{
	*count = BACKOFF_KEYS;
	return backoff_keys;
}

static const struct conf_place *
place_of(const struct conf_key *keys, size_t count, const struct conf_place *places,
    const char *key, const struct conf_place *otherwise)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(keys[i].name, key) == 0 && places[i].file != NULL)
			return &places[i];
	return otherwise;
}

const struct conf_place *
mx_rule_place(const struct mx_rule *rule, const char *key)
{
	return place_of(rule_keys, RULE_KEYS, rule->places, key, &rule->home);
}

const struct conf_place *
mx_rule_backoff_place(const struct backoff_rule *backoff, const char *key)
{
	return place_of(backoff_keys, BACKOFF_KEYS, backoff->places, key, &backoff->place);
}
