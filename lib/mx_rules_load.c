#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "mem.h"
#include "mx_rules_rule.h"
#include "rules_version.h"

enum { RULES_MAX = 1000 };

struct head { /* what a file has beside its rules */
	const char *version;
};

#define AT(member) offsetof(struct head, member)
static const struct conf_key head_keys[] = {
	{ "version", CONF_STRING, AT(version), "", 0, 0, NULL, NULL },
};
#undef AT

/* -- one file ---------------------------------------------------------------------------------- */

static void
read_head(struct conf_reader *reader, struct config_setting_t *root, bool local,
    struct mx_rules *rules)
{
	static const char *const known[] = { "mx_rules", NULL };
	struct head head = { "" };

	conf_read(reader, root, head_keys, sizeof(head_keys) / sizeof(head_keys[0]), known, &head);
	if (*head.version != '\0' && rules_version_day_s(span_of(head.version)) < 0)
		conf_mistake(reader, conf_member(root, "version"), NULL, RULES_VERSION_WORDS,
		    head.version);
	else if (!local)
		rules->version = head.version;
}

static struct mx_rule *
find_rule(struct mx_rules *rules, const char *name)
{
	for (size_t i = 0; i < rules->count; i++)
		if (strcmp(rules->rules[i].name, name) == 0)
			return &rules->rules[i];
	return NULL;
}

/* The rule that a group is about, a new one behind the others if there is none. NULL: this file has
 * had it. seen: by the rule's number. */
static struct mx_rule *
take_rule(struct conf_reader *reader, struct config_setting_t *setting, const char *name,
    struct mx_rules *rules, bool local, bool *seen)
{
	struct mx_rule *rule = find_rule(rules, name);

	if (rule == NULL) {
		rule = &rules->rules[rules->count++];
		mx_rule_begin(reader, setting, name, rule);
		rule->local = local;
	} else if (seen[rule - rules->rules]) {
		conf_mistake(reader, setting, "name", "\"%s\" is also the rule of line %u", name,
		    rule->line);
		return NULL;
	}
	seen[rule - rules->rules] = true;
	return rule;
}

static void
read_rules(struct conf_reader *reader, struct config_setting_t *list, bool local,
    struct mx_rules *rules)
{
	size_t first = rules->count, most = first + conf_length(list) + 1;
	bool *seen = mem_alloc(most * sizeof(*seen));

	rules->rules = mem_resize(rules->rules, most * sizeof(*rules->rules));
	for (size_t i = 0; i < conf_length(list); i++) {
		struct config_setting_t *setting = conf_at(list, i);
		const char *name = mx_rule_read_name(reader, setting, i);
		struct mx_rule *rule =
		    name != NULL ? take_rule(reader, setting, name, rules, local, seen) : NULL;

		if (rule != NULL)
			mx_rule_read(reader, setting, local, rule);
	}
	free(seen);
}

static void
read_file(struct mx_rules *rules, struct conf_file *file, const char *name, bool local,
    struct conf_errors *errors)
{
	struct conf_reader reader = { &rules->arena, errors, name, "" };
	struct config_setting_t *list;

	if (file == NULL)
		return;
	list = conf_member(conf_root(file), "mx_rules");
	read_head(&reader, conf_root(file), local, rules);
	if (list == NULL && local)
		; /* nothing of one's own yet */
	else if (list == NULL || !conf_is_list(list) || conf_length(list) > RULES_MAX)
		conf_mistake(&reader, list != NULL ? list : conf_root(file), "mx_rules",
		    "must be a list of at most %d groups: ( { name = ...; }, ... )", RULES_MAX);
	else
		read_rules(&reader, list, local, rules);
	conf_close(&file);
}

/* -- one list of both -------------------------------------------------------------------------- */

static void
switch_off(struct mx_rules *rules, struct mx_rule *rule)
{
	rules->off[rules->off_count++] = (struct rule_off){
		.name = rule->name,
		.place = *mx_rule_place(rule, "disabled"),
		.unknown = rule->local && rule->mx.count == 0,
	};
	mx_rule_clear(rule);
}

/* Whether rule i of those read, the shipped ones first, stands in part `part` of the list: the
 * operator's first, the shipped ones, the operator's `after`, and the shipped ones from the first
 * that takes every host on. */
static bool
is_in_part(const struct mx_rules *rules, size_t i, size_t rest, int part)
{
	const struct mx_rule *rule = &rules->rules[i];

	switch (part) {
	case 0:
		return rule->local && !rule->after;
	case 1:
		return !rule->local && i < rest;
	case 2:
		return rule->local && rule->after;
	}
	return !rule->local && i >= rest;
}

static void
put_in_order(struct mx_rules *rules)
{
	struct mx_rule *all = mem_alloc((rules->count + 1) * sizeof(*all));
	size_t rest = 0, count = 0;

	while (rest < rules->count && !rules->rules[rest].local &&
	       (rules->rules[rest].disabled || !mx_rule_takes_all(&rules->rules[rest])))
		rest++;
	rules->off = arena_alloc(&rules->arena, (rules->count + 1) * sizeof(*rules->off));
	for (int part = 0; part < 4; part++)
		for (size_t i = 0; i < rules->count; i++) {
			if (!is_in_part(rules, i, rest, part))
				continue;
			if (rules->rules[i].disabled)
				switch_off(rules, &rules->rules[i]);
			else
				all[count++] = rules->rules[i];
		}
	free(rules->rules);
	rules->rules = all;
	rules->count = count;
}

/* -- loading ----------------------------------------------------------------------------------- */

static struct mx_rules *
rules_new(const char *path)
{
	static unsigned generation;
	struct mx_rules *rules = mem_alloc(sizeof(*rules));

	rules->references = 1;
	rules->generation = ++generation;
	arena_init(&rules->arena);
	rules->path = arena_dup(&rules->arena, span_of(path));
	rules->version = "";
	return rules;
}

static struct mx_rules *
finish(struct mx_rules *rules, struct conf_errors *errors, unsigned before)
{
	if (errors->count != before)
		mx_rules_release(&rules);
	else
		put_in_order(rules);
	return rules;
}

struct mx_rules *
mx_rules_load(const char *path, const char *local, struct conf_errors *errors)
{
	struct mx_rules *rules = rules_new(path);
	unsigned before = errors->count;

	read_file(rules, conf_open(path, errors), path, false, errors);
	if (local != NULL && conf_exists(local))
		read_file(rules, conf_open(local, errors), local, true, errors);
	return finish(rules, errors, before);
}

struct mx_rules *
mx_rules_parse(const char *text, const char *name, struct conf_errors *errors)
{
	struct mx_rules *rules = rules_new(name);
	unsigned before = errors->count;

	read_file(rules, conf_parse(text, name, errors), name, false, errors);
	return finish(rules, errors, before);
}
