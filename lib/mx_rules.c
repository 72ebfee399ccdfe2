#include "mx_rules.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "mem.h"
#include "pattern.h"
#include "transports.h"

enum { RULES_MAX = 1000, SHARES_OF_HOUR = 12 };

const char *const mx_scope_names[] = { "provider", "site", NULL };
const char *const mx_per_names[] = { "ip", "group", NULL };
const char *const backoff_action_names[] = { "reduce", "one_connection", "suspend", "as_soft",
	NULL };

static void read_backoff(struct conf_reader *reader, struct config_setting_t *setting,
    void *target);

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
	{ "origin", CONF_STRING, AT(origin), "", 0, 0, NULL, NULL },
	{ "backoff", CONF_CUSTOM, 0, NULL, 0, 0, NULL, read_backoff },
};
#undef AT
enum { RULE_KEYS = sizeof(rule_keys) / sizeof(rule_keys[0]) };

struct backoff_text {
	const char *match, *after, *factor;
	struct conf_strings sample;
	int action;
	int64_t min, for_ms;
};

#define AT(member) offsetof(struct backoff_text, member)
static const struct conf_key backoff_keys[] = {
	{ "match", CONF_STRING, AT(match), "", 0, 0, NULL, NULL },
	{ "sample", CONF_STRINGS, AT(sample), "", 0, 0, NULL, NULL },
	{ "after", CONF_STRING, AT(after), "1/1h", 0, 0, NULL, NULL },
	{ "action", CONF_WORD, AT(action), "reduce", 0, 0, backoff_action_names, NULL },
	{ "min", CONF_NUMBER, AT(min), "1", 1, 1000000000, NULL, NULL },
	{ "for", CONF_DURATION, AT(for_ms), "30m", 1000, 31 * INT64_C(86400000), NULL, NULL },
};
#undef AT
static const char *const backoff_known[] = { "factor", NULL };

/* Where a mistake in a key's value is told: at the key, if the group has it. */
static struct config_setting_t *
at(struct config_setting_t *group, const char *key)
{
	struct config_setting_t *member = conf_member(group, key);

	return member != NULL ? member : group;
}

static void
read_one_backoff(struct conf_reader *reader, struct config_setting_t *setting,
    struct backoff_rule *rule)
{
	struct backoff_text text;
	struct config_setting_t *factor, *match;
	struct err err;

	conf_defaults(reader->arena, backoff_keys, sizeof(backoff_keys) / sizeof(backoff_keys[0]),
	    &text);
	conf_read(reader, setting, backoff_keys, sizeof(backoff_keys) / sizeof(backoff_keys[0]),
	    backoff_known, &text);
	if (!conf_is_group(setting))
		return;
	rule->sample = text.sample;
	rule->action = text.action;
	rule->min = text.min;
	rule->for_ms = text.for_ms;
	rule->factor = 0.5;
	factor = conf_member(setting, "factor");
	if (factor != NULL &&
	    (!conf_fraction(factor, &rule->factor) || rule->factor <= 0 || rule->factor >= 1))
		conf_mistake(reader, factor, NULL, "must be a number between 0.0 and 1.0");
	if (limit_parse(span_of(text.after), &rule->after, &err) != 0)
		conf_mistake(reader, at(setting, "after"), "after", "%s", err.text);
	match = conf_member(setting, "match");
	if (match == NULL || (conf_string(match) != NULL && *text.match == '\0'))
		conf_mistake(reader, at(setting, "match"), "match", "is missing");
	else if (*text.match != '\0' && (rule->match = pattern_new(text.match, &err)) == NULL)
		conf_mistake(reader, at(setting, "match"), "match", "%s", err.text);
}

static void
free_backoff(struct mx_rule *rule)
{
	for (size_t i = 0; i < rule->backoff_count; i++)
		pattern_free(&rule->backoff[i].match);
	rule->backoff_count = 0;
}

static void
read_backoff(struct conf_reader *reader, struct config_setting_t *setting, void *target)
{
	struct mx_rule *rule = target;
	const char *context = reader->context;

	if (!conf_is_list(setting)) {
		conf_mistake(reader, setting, NULL,
		    "must be a list of groups: ( { ... }, { ... } )");
		return;
	}
	free_backoff(rule);
	rule->backoff = arena_alloc(reader->arena, conf_length(setting) * sizeof(*rule->backoff));
	rule->backoff_count = conf_length(setting);
	reader->context = arena_printf(reader->arena, "%sbackoff.", context);
	for (size_t i = 0; i < rule->backoff_count; i++)
		read_one_backoff(reader, conf_at(setting, i), &rule->backoff[i]);
	reader->context = context;
}

/* Puts a limit in its place; of two with one period the lower stays. */
static int
add_limit(struct mx_rule *rule, const struct limit *limit)
{
	size_t i = 0;

	while (i < rule->limit_count && rule->limits[i].period_ms < limit->period_ms)
		i++;
	if (i < rule->limit_count && rule->limits[i].period_ms == limit->period_ms) {
		if (limit->count < rule->limits[i].count)
			rule->limits[i] = *limit;
		return 0;
	}
	if (rule->limit_count == MX_RULE_LIMITS_MAX)
		return -1;
	memmove(&rule->limits[i + 1], &rule->limits[i], (rule->limit_count - i) * sizeof(*limit));
	rule->limits[i] = *limit;
	rule->limit_count++;
	return 0;
}

/* The rule's message limits, hourly ones included, as one sorted list. */
static void
derive_limits(struct conf_reader *reader, struct config_setting_t *setting, struct mx_rule *rule)
{
	int64_t hourly = rule->messages_per_hour;
	struct limit limit;
	struct err err;
	int rc = 0;

	rule->limit_count = 0;
	if (hourly > 0) {
		limit_set(&limit, hourly, 3600000);
		rc |= add_limit(rule, &limit);
	}
	if (hourly >= SHARES_OF_HOUR && !rule->burst) {
		limit_set(&limit, (hourly + SHARES_OF_HOUR - 1) / SHARES_OF_HOUR,
		    3600000 / SHARES_OF_HOUR);
		rc |= add_limit(rule, &limit);
	}
	for (size_t i = 0; i < rule->limits_text.count; i++) {
		if (limit_parse(span_of(rule->limits_text.items[i]), &limit, &err) != 0)
			conf_mistake(reader, at(setting, "limits"), "limits", "%s", err.text);
		else
			rc |= add_limit(rule, &limit);
	}
	if (rc != 0)
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

static bool
check_name(struct conf_reader *reader, struct config_setting_t *setting, size_t i, const char *name)
{
	if (name == NULL || !is_rule_name(name)) {
		conf_mistake(reader, setting, "name",
		    "rule %zu needs a name of letters, digits, '.', '_' and '-'", i + 1);
		return false;
	}
	if (strcmp(name, TRANSPORTS_UNKNOWN) == 0) {
		conf_mistake(reader, setting, "name",
		    "\"%s\" is what domains are called whose MX hosts are not known yet", name);
		return false;
	}
	return true;
}

static struct mx_rule *
find_rule(struct mx_rules *rules, struct span name)
{
	for (size_t i = 0; i < rules->count; i++)
		if (span_eq(span_of(rules->rules[i].name), name))
			return &rules->rules[i];
	return NULL;
}

static void
read_rule(struct conf_reader *reader, struct config_setting_t *setting, struct mx_rule *rule)
{
	static const char *const known[] = { "name", NULL };
	const struct config_setting_t *mx = conf_member(setting, "mx");

	reader->context = arena_printf(reader->arena, "%s.", rule->name);
	rule->file = arena_dup(reader->arena, span_of(conf_where(reader, setting)));
	rule->line = conf_line(setting);
	conf_read(reader, setting, rule_keys, RULE_KEYS, known, rule);
	derive_limits(reader, setting, rule);
	if (rule->mx.count == 0 && (mx == NULL || conf_is_list(mx)))
		conf_mistake(reader, at(setting, "mx"), "mx",
		    "no mask: the rule can match nothing");
	for (size_t i = 0; i < rule->mx.count; i++)
		if (*rule->mx.items[i] == '\0')
			conf_mistake(reader, at(setting, "mx"), "mx", "an empty mask");
	reader->context = "";
}

/* One file's rules. `over`: those that are there already, which this file changes or precedes. */
static void
read_file(struct conf_reader *reader, struct conf_file *file, struct mx_rules *rules, bool over)
{
	static const char *const known[] = { "mx_rules", NULL };
	struct config_setting_t *list = conf_member(conf_root(file), "mx_rules");
	size_t before = rules->count, own = 0;

	conf_read(reader, conf_root(file), NULL, 0, known, NULL);
	if (list == NULL || !conf_is_list(list) || conf_length(list) > RULES_MAX) {
		conf_mistake(reader, list != NULL ? list : conf_root(file), "mx_rules",
		    "must be a list of at most %d groups: ( { name = ...; }, ... )", RULES_MAX);
		return;
	}
	rules->rules =
	    mem_resize(rules->rules, (before + conf_length(list) + 1) * sizeof(*rules->rules));
	for (size_t i = 0; i < conf_length(list); i++) {
		struct config_setting_t *setting = conf_at(list, i);
		struct config_setting_t *member =
		    conf_is_group(setting) ? conf_member(setting, "name") : NULL;
		const char *name = member != NULL ? conf_string(member) : NULL;
		struct mx_rule *rule;

		if (!check_name(reader, setting, i, name))
			continue;
		rule = find_rule(rules, span_of(name));
		if (rule != NULL && (!over || rule < rules->rules + own ||
					strcmp(rule->file, conf_where(reader, setting)) == 0)) {
			conf_mistake(reader, setting, "name", "\"%s\" is also the rule of line %u",
			    name, rule->line);
			continue;
		}
		if (rule == NULL) { /* behind the new ones so far, before the old ones */
			rule = rules->rules + own;
			memmove(rule + 1, rule, (rules->count - own) * sizeof(*rule));
			memset(rule, 0, sizeof(*rule));
			rules->count++;
			own++;
			conf_defaults(reader->arena, rule_keys, RULE_KEYS, rule);
			rule->name = arena_dup(reader->arena, span_of(name));
		}
		read_rule(reader, setting, rule);
	}
}

static struct mx_rules *
rules_new(void)
{
	static unsigned generation;
	struct mx_rules *rules = mem_alloc(sizeof(*rules));

	rules->references = 1;
	rules->generation = ++generation;
	arena_init(&rules->arena);
	return rules;
}

static struct mx_rules *
finish(struct mx_rules *rules, struct conf_errors *errors, unsigned before)
{
	if (errors->count != before)
		mx_rules_release(&rules);
	return rules;
}

static void
add_file(struct mx_rules *rules, struct conf_file *file, const char *name, bool over,
    struct conf_errors *errors)
{
	struct conf_reader reader = { &rules->arena, errors, name, "" };

	if (file == NULL)
		return;
	read_file(&reader, file, rules, over);
	conf_close(&file);
}

struct mx_rules *
mx_rules_load(const char *path, const char *local, struct conf_errors *errors)
{
	struct mx_rules *rules = rules_new();
	unsigned before = errors->count;

	add_file(rules, conf_open(path, errors), path, false, errors);
	if (local != NULL && *local != '\0' && access(local, F_OK) == 0)
		add_file(rules, conf_open(local, errors), local, true, errors);
	return finish(rules, errors, before);
}

struct mx_rules *
mx_rules_parse(const char *text, const char *name, struct conf_errors *errors)
{
	struct mx_rules *rules = rules_new();
	unsigned before = errors->count;

	add_file(rules, conf_parse(text, name, errors), name, false, errors);
	return finish(rules, errors, before);
}

struct mx_rules *
mx_rules_hold(struct mx_rules *rules)
{
	rules->references++;
	return rules;
}

void
mx_rules_release(struct mx_rules **rules)
{
	struct mx_rules *old = *rules;

	*rules = NULL;
	if (old == NULL || --old->references > 0)
		return;
	for (size_t i = 0; i < old->count; i++)
		free_backoff(&old->rules[i]);
	free(old->rules);
	arena_clear(&old->arena);
	free(old);
}

static bool
host_matches(const struct mx_rule *rule, const char *host)
{
	for (size_t i = 0; i < rule->mx.count; i++)
		if (domain_matches(rule->mx.items[i], host))
			return true;
	return false;
}

const struct mx_rule *
mx_rules_match(const struct mx_rules *rules, const struct mx_set *set)
{
	for (size_t i = 0; i < rules->count; i++) {
		size_t host = 0;

		while (host < set->count && host_matches(&rules->rules[i], set->hosts[host].name))
			host++;
		if (host == set->count && host > 0)
			return &rules->rules[i];
	}
	return NULL;
}

const struct mx_rule *
mx_rules_named(const struct mx_rules *rules, struct span name)
{
	for (size_t i = 0; i < rules->count; i++)
		if (span_eq(span_of(rules->rules[i].name), name))
			return &rules->rules[i];
	return NULL;
}

int64_t
mx_rule_per_hour(const struct mx_rule *rule)
{
	double least = 0;

	for (size_t i = 0; i < rule->limit_count; i++) {
		double per_hour =
		    (double)rule->limits[i].count * 3600000.0 / (double)rule->limits[i].period_ms;

		if (least == 0 || per_hour < least)
			least = per_hour;
	}
	return least > 0 && least < 1 ? 1 : (int64_t)least;
}

void
mx_rule_group(const struct mx_rule *rule, const struct mx_set *set, char out[MX_GROUP_SIZE])
{
	char name[MX_SET_NAME_SIZE];

	if (rule->scope == MX_SCOPE_PROVIDER) {
		snprintf(out, MX_GROUP_SIZE, "%s", rule->name);
		return;
	}
	mx_set_name(set, name);
	snprintf(out, MX_GROUP_SIZE, "%s/%s", rule->name, name);
}

const struct mx_rule *
mx_rules_of_group(const struct mx_rules *rules, const char *group)
{
	return mx_rules_named(rules, span_make(group, strcspn(group, "/")));
}

static void
check_mistake(struct conf_errors *errors, const struct mx_rule *rule, const char *key,
    const char *sample, const char *words)
{
	errors->count++;
	str_addf(&errors->lines, "%s:%u: %s.%s: \"%s\" %s\n", rule->file, rule->line, rule->name,
	    key, sample, words);
}

static void
check_rule(const struct mx_rules *rules, const struct mx_rule *rule, struct conf_errors *errors)
{
	for (size_t i = 0; i < rule->sample_mx.count; i++) {
		char name[DOMAIN_SIZE];
		struct mx_host host = { 0, name };
		struct mx_set *set;

		if (domain_normalise(span_of(rule->sample_mx.items[i]), name, NULL) != 0) {
			check_mistake(errors, rule, "sample_mx", rule->sample_mx.items[i],
			    "is not a host name");
			continue;
		}
		set = mx_set_new(&host, 1);
		if (mx_rules_match(rules, set) != rule)
			check_mistake(errors, rule, "sample_mx", name,
			    "does not come out at this rule");
		mx_set_free(&set);
	}
	for (size_t i = 0; i < rule->backoff_count; i++)
		for (size_t k = 0; k < rule->backoff[i].sample.count; k++)
			if (pattern_match(rule->backoff[i].match,
				span_of(rule->backoff[i].sample.items[k])) != 1)
				check_mistake(errors, rule, "backoff.sample",
				    rule->backoff[i].sample.items[k],
				    "is not matched by its pattern");
}

unsigned
mx_rules_check(const struct mx_rules *rules, struct conf_errors *errors)
{
	unsigned before = errors->count;

	for (size_t i = 0; i < rules->count; i++)
		check_rule(rules, &rules->rules[i], errors);
	return errors->count - before;
}
