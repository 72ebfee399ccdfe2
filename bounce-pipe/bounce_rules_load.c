#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bounce_rules_rule.h"
#include "bounce_rules_set.h"
#include "mem.h"
#include "rules_version.h"

/* -- one file ---------------------------------------------------------------------------------- */

static struct bounce_rule *
find(const struct bounce_rules *rules, const char *name)
{
	for (size_t i = 0; i < rules->count; i++)
		if (strcmp(rules->all[i]->name, name) == 0)
			return rules->all[i];
	return NULL;
}

static struct bounce_rule *
add(struct bounce_rules *rules)
{
	if (rules->count == rules->room) {
		rules->room = rules->room == 0 ? 64 : rules->room * 2;
		rules->all = mem_resize(rules->all, rules->room * sizeof(*rules->all));
	}
	rules->all[rules->count] = arena_alloc(&rules->arena, sizeof(**rules->all));
	return rules->all[rules->count++];
}

/* The rule that a group is about, a new one if there is none. NULL: this file has had it, or it is
 * one of another list. */
static struct bounce_rule *
take_rule(struct bounce_rules *rules, struct conf_reader *reader, struct config_setting_t *group,
    enum bounce_rules_list list, bool local)
{
	struct config_setting_t *name = conf_is_group(group) ? conf_member(group, "name") : NULL;
	const char *called = name != NULL ? conf_string(name) : NULL;
	struct bounce_rule *rule = called != NULL ? find(rules, called) : NULL;

	reader->context = arena_printf(reader->arena, "%s.%s%s", bounce_rules_list_name(list),
	    called != NULL ? called : "", called != NULL ? "." : "");
	if (rule == NULL) {
		rule = add(rules);
		bounce_rule_begin(reader, group, list, rule);
		rule->local = local;
	} else if (!local || rule->local || rule->changed) {
		conf_mistake(reader, name, NULL, "\"%s\" is the name of the rule at %s:%u too",
		    called, rule->file, rule->line);
		return NULL;
	} else if (rule->list != list) {
		conf_mistake(reader, name, NULL,
		    "\"%s\" at %s:%u is a rule of the list `%s`: it is changed there", called,
		    rule->file, rule->line, bounce_rules_list_name(rule->list));
		return NULL;
	}
	rule->changed = local;
	return rule;
}

static void
read_list(struct bounce_rules *rules, struct conf_reader *reader, struct config_setting_t *setting,
    enum bounce_rules_list list, bool local)
{
	reader->context = "";
	if (!conf_is_list(setting)) {
		conf_mistake(reader, setting, NULL, "must be a list of rules: ( { … }, { … } )");
		return;
	}
	for (size_t i = 0; i < conf_length(setting); i++) {
		struct bounce_rule *rule =
		    take_rule(rules, reader, conf_at(setting, i), list, local);

		if (rule != NULL)
			bounce_rule_read(reader, conf_at(setting, i), local, rule);
	}
}

static bool
is_list(const char *name)
{
	for (int i = 0; i < BOUNCE_RULES_LISTS; i++)
		if (strcmp(bounce_rules_list_name((enum bounce_rules_list)i), name) == 0)
			return true;
	return false;
}

static void
read_head(struct bounce_rules *rules, struct conf_reader *reader, struct config_setting_t *root,
    bool local)
{
	struct config_setting_t *version = conf_member(root, "version");

	for (size_t i = 0; i < conf_length(root); i++) {
		const char *name = conf_name(conf_at(root, i));

		if (!is_list(name) && strcmp(name, "version") != 0)
			conf_mistake(reader, conf_at(root, i), NULL,
			    "unknown list; there are provider, status_text, text and code");
	}
	if (version == NULL)
		return;
	if (conf_string(version) == NULL)
		conf_mistake(reader, version, NULL, "must be a string in double quotes");
	else if (rules_version_day_s(span_of(conf_string(version))) < 0)
		conf_mistake(reader, version, NULL, RULES_VERSION_WORDS, conf_string(version));
	else if (!local)
		rules->version = arena_dup(reader->arena, span_of(conf_string(version)));
}

static void
read_file(struct bounce_rules *rules, struct conf_file *file, const char *name, bool local,
    struct conf_errors *errors)
{
	struct conf_reader reader = {
		.arena = &rules->arena,
		.errors = errors,
		.file = name,
		.context = "",
	};
	struct config_setting_t *root;

	if (file == NULL)
		return;
	root = conf_root(file);
	read_head(rules, &reader, root, local);
	for (int list = 0; list < BOUNCE_RULES_LISTS; list++) {
		struct config_setting_t *setting =
		    conf_member(root, bounce_rules_list_name((enum bounce_rules_list)list));

		if (setting != NULL)
			read_list(rules, &reader, setting, (enum bounce_rules_list)list, local);
	}
	conf_close(&file);
}

/* -- one order of both ------------------------------------------------------------------------- */

static void
switch_off(struct bounce_rules *rules, struct bounce_rule *rule)
{
	rules->off[rules->off_count++] = (struct rule_off){
		.name = rule->name,
		.place = *bounce_rule_place(rule, "disabled"),
		.unknown = rule->local && rule->sample.count == 0,
	};
	pattern_free(&rule->pattern);
}

/* Within its list: the operator's, the shipped ones, the operator's `after`. */
static int
part_of(const struct bounce_rule *rule)
{
	return !rule->local ? 1 : rule->after ? 2 : 0;
}

static void
put_in_order(struct bounce_rules *rules)
{
	struct bounce_rule **all = mem_alloc((rules->count + 1) * sizeof(*all));
	size_t count = 0;

	rules->off = arena_alloc(&rules->arena, (rules->count + 1) * sizeof(*rules->off));
	for (int place = 0; place < BOUNCE_RULES_LISTS * 3; place++)
		for (size_t i = 0; i < rules->count; i++) {
			struct bounce_rule *rule = rules->all[i];

			if ((int)rule->list * 3 + part_of(rule) != place)
				continue;
			if (rule->disabled)
				switch_off(rules, rule);
			else
				all[count++] = rule;
		}
	free(rules->all);
	rules->all = all;
	rules->count = rules->room = count;
}

/* -- loading ----------------------------------------------------------------------------------- */

static void
build_prefilter(struct bounce_rules *rules)
{
	const char **patterns = arena_alloc(&rules->arena, (rules->count + 1) * sizeof(*patterns));

	for (size_t i = 0; i < rules->count; i++)
		if (rules->all[i]->pattern != NULL)
			patterns[i] = pattern_text(rules->all[i]->pattern);
	prefilter_build(patterns, rules->count, &rules->index);
	prefilter_open(span_make(rules->index.data, rules->index.len), &rules->prefilter);
}

static struct bounce_rules *
rules_new(const char *path)
{
	struct bounce_rules *rules = mem_alloc(sizeof(*rules));

	rules->references = 1;
	arena_init(&rules->arena);
	rules->path = arena_dup(&rules->arena, span_of(path));
	rules->version = "";
	return rules;
}

static struct bounce_rules *
finish(struct bounce_rules *rules, struct conf_errors *errors, unsigned before)
{
	if (errors->count > before) {
		bounce_rules_free(&rules);
		return NULL;
	}
	put_in_order(rules);
	build_prefilter(rules);
	return rules;
}

struct bounce_rules *
bounce_rules_load(const char *path, const char *local, struct conf_errors *errors)
{
	struct bounce_rules *rules = rules_new(path);
	unsigned before = errors->count;

	read_file(rules, conf_open(path, errors), path, false, errors);
	rules->local = local != NULL && conf_exists(local);
	if (rules->local)
		read_file(rules, conf_open(local, errors), local, true, errors);
	return finish(rules, errors, before);
}

struct bounce_rules *
bounce_rules_parse(const char *text, const char *name, struct conf_errors *errors)
{
	struct bounce_rules *rules = rules_new(name);
	unsigned before = errors->count;

	read_file(rules, conf_parse(text, name, errors), name, false, errors);
	return finish(rules, errors, before);
}
