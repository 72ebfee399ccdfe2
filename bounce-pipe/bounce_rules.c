#include "bounce_rules.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "bounce_rules_set.h"
#include "domain.h"
#include "mem.h"

static const char *const list_names[] = {
	[BOUNCE_RULES_PROVIDER] = "provider",
	[BOUNCE_RULES_STATUS_TEXT] = "status_text",
	[BOUNCE_RULES_TEXT] = "text",
	[BOUNCE_RULES_CODE] = "code",
	[BOUNCE_RULES_LISTS] = NULL,
};

static void read_match(struct conf_reader *reader, struct config_setting_t *setting, void *target);

#define KEY(key, kind, member)                                                            \
	{                                                                                 \
		.name = key, .type = kind, .offset = offsetof(struct bounce_rule, member) \
	}
#define WORDS(key, member, list)                                                                \
	{                                                                                       \
		.name = key, .type = CONF_WORD, .offset = offsetof(struct bounce_rule, member), \
		.words = list                                                                   \
	}

static const struct conf_key keys[] = {
	KEY("name", CONF_STRING, name),
	WORDS("type", type, bounce_type_names),
	WORDS("reason", reason, reason_names),
	{ .name = "match", .type = CONF_CUSTOM, .read = read_match },
	KEY("status", CONF_STRINGS, status),
	KEY("code", CONF_STRINGS, code),
	KEY("remote", CONF_STRINGS, remote),
	KEY("sample", CONF_STRINGS, sample),
	KEY("sample_remote", CONF_STRING, sample_remote),
	KEY("not_sample", CONF_STRINGS, not_sample),
	KEY("shadowed", CONF_BOOL, shadowed),
	KEY("comment", CONF_STRING, comment),
};

static void
read_match(struct conf_reader *reader, struct config_setting_t *setting, void *target)
{
	struct bounce_rule *rule = target;
	const char *text = conf_string(setting);
	struct err err = { .text = "" };

	if (text == NULL) {
		conf_mistake(reader, setting, NULL, "must be a string in double quotes");
		return;
	}
	rule->pattern = pattern_new(text, &err);
	if (rule->pattern == NULL)
		conf_mistake(reader, setting, NULL, "%s", err.text);
}

/* "5.1.1", "5.*.*", "*.2.2" */
static bool
is_status_mask(const char *mask)
{
	for (int piece = 0; piece < 3; piece++) {
		size_t len = strspn(mask, "0123456789");

		if (len == 0 && *mask == '*')
			len = 1;
		if (len == 0 || len > 3 || (piece == 0 && len != 1))
			return false;
		mask += len;
		if (piece < 2 && *mask++ != '.')
			return false;
	}
	return *mask == '\0';
}

static bool
is_code_mask(const char *mask)
{
	return strlen(mask) == 3 && strspn(mask, "0123456789?") == 3;
}

static void
check_masks(struct conf_reader *reader, struct config_setting_t *group, const char *key,
    const struct conf_strings *masks, bool (*fits)(const char *), const char *wanted)
{
	for (size_t i = 0; i < masks->count; i++)
		if (!fits(masks->items[i]))
			conf_mistake(reader, conf_member(group, key), NULL, "\"%s\" is not %s",
			    masks->items[i], wanted);
}

/* What a list's rules must and must not say. */
static void
check_conditions(struct conf_reader *reader, struct config_setting_t *group,
    const struct bounce_rule *rule)
{
	bool match = conf_member(group, "match") != NULL;
	bool codes = rule->status.count > 0 || rule->code.count > 0;

	switch (rule->list) {
	case BOUNCE_RULES_PROVIDER:
		if (!match && rule->remote.count == 0)
			conf_mistake(reader, group, "match", "is missing (or `remote`)");
		if (!match && !codes)
			conf_mistake(reader, group, "match", "is missing (or `status` or `code`)");
		break;
	case BOUNCE_RULES_STATUS_TEXT:
		if (!match)
			conf_mistake(reader, group, "match", "is missing");
		if (!codes)
			conf_mistake(reader, group, "status",
			    "is missing; a rule without codes belongs into the list `text`");
		break;
	case BOUNCE_RULES_TEXT:
		if (!match)
			conf_mistake(reader, group, "match", "is missing");
		if (rule->status.count > 0)
			conf_mistake(reader, conf_member(group, "status"), NULL,
			    "a rule with a status belongs into the list `status_text`");
		break;
	case BOUNCE_RULES_CODE:
		if (match)
			conf_mistake(reader, conf_member(group, "match"), NULL,
			    "a rule with a text belongs into the list `text` or `status_text`");
		if (!codes)
			conf_mistake(reader, group, "status", "is missing (or `code`)");
		break;
	case BOUNCE_RULES_LISTS:
		break;
	}
}

static void
check_samples(struct conf_reader *reader, struct config_setting_t *group,
    const struct bounce_rule *rule)
{
	bool matches = false;

	if (rule->sample.count == 0)
		conf_mistake(reader, group, "sample", "is missing");
	if (rule->remote.count == 0)
		return;
	for (size_t i = 0; i < rule->remote.count && rule->sample_remote != NULL; i++)
		matches = matches || domain_matches(rule->remote.items[i], rule->sample_remote);
	if (rule->sample_remote == NULL)
		conf_mistake(reader, group, "sample_remote",
		    "is missing: the host that the samples come from");
	else if (!matches)
		conf_mistake(reader, conf_member(group, "sample_remote"), NULL,
		    "\"%s\" matches none of `remote`", rule->sample_remote);
}

static struct bounce_rule *
find(const struct bounce_rules *rules, const char *name)
{
	for (size_t i = 0; i < rules->count; i++)
		if (strcmp(rules->all[i]->name, name) == 0)
			return rules->all[i];
	return NULL;
}

static void
add(struct bounce_rules *rules, const struct bounce_rule *rule)
{
	struct bounce_rule *kept = arena_alloc(&rules->arena, sizeof(*kept));

	if (rules->count == rules->room) {
		rules->room = rules->room == 0 ? 64 : rules->room * 2;
		rules->all = mem_resize(rules->all, rules->room * sizeof(*rules->all));
	}
	*kept = *rule;
	rules->all[rules->count++] = kept;
}

static void
read_rule(struct bounce_rules *rules, struct conf_reader *reader, struct config_setting_t *group,
    enum bounce_rules_list list)
{
	struct bounce_rule rule = { .list = list, .type = -1, .reason = -1, .comment = "" };
	struct config_setting_t *name = conf_is_group(group) ? conf_member(group, "name") : NULL;
	const char *called = name != NULL ? conf_string(name) : NULL;
	const struct bounce_rule *other;

	reader->context = arena_printf(reader->arena, "%s.%s%s", list_names[list],
	    called != NULL ? called : "", called != NULL ? "." : "");
	rule.file = arena_dup(reader->arena, span_of(conf_where(reader, group)));
	rule.line = conf_line(group);
	conf_read(reader, group, keys, sizeof(keys) / sizeof(keys[0]), NULL, &rule);
	if (!conf_is_group(group))
		return;
	if (name == NULL || (called != NULL && *called == '\0'))
		conf_mistake(reader, group, "name", "is missing");
	if (conf_member(group, "type") == NULL)
		conf_mistake(reader, group, "type", "is missing");
	if (conf_member(group, "reason") == NULL)
		conf_mistake(reader, group, "reason", "is missing");
	check_masks(reader, group, "status", &rule.status, is_status_mask,
	    "an enhanced status such as \"5.1.1\" or \"5.7.*\"");
	check_masks(reader, group, "code", &rule.code, is_code_mask,
	    "a reply code such as \"550\" or \"4??\"");
	check_conditions(reader, group, &rule);
	check_samples(reader, group, &rule);
	if (called != NULL && (other = find(rules, called)) != NULL)
		conf_mistake(reader, name, NULL, "\"%s\" is the name of the rule at %s:%u too",
		    called, other->file, other->line);
	if (rule.name == NULL)
		rule.name = "";
	add(rules, &rule);
}

static void
read_list(struct bounce_rules *rules, struct conf_reader *reader, struct config_setting_t *setting,
    enum bounce_rules_list list)
{
	reader->context = "";
	if (!conf_is_list(setting)) {
		conf_mistake(reader, setting, NULL, "must be a list of rules: ( { … }, { … } )");
		return;
	}
	for (size_t i = 0; i < conf_length(setting); i++)
		read_rule(rules, reader, conf_at(setting, i), list);
}

static int
list_of(const char *name)
{
	for (int i = 0; list_names[i] != NULL; i++)
		if (strcmp(list_names[i], name) == 0)
			return i;
	return -1;
}

static struct bounce_rules *
read_file(struct conf_file *file, const char *name, struct conf_errors *errors)
{
	struct bounce_rules *rules = mem_alloc(sizeof(*rules));
	struct conf_reader reader = {
		.arena = &rules->arena,
		.errors = errors,
		.file = name,
		.context = "",
	};
	struct config_setting_t *root = conf_root(file);

	rules->references = 1;
	arena_init(&rules->arena);
	for (size_t i = 0; i < conf_length(root); i++)
		if (list_of(conf_name(conf_at(root, i))) < 0)
			conf_mistake(&reader, conf_at(root, i), NULL,
			    "unknown list; there are provider, status_text, text and code");
	for (int list = 0; list < BOUNCE_RULES_LISTS; list++) {
		struct config_setting_t *setting = conf_member(root, list_names[list]);

		if (setting != NULL)
			read_list(rules, &reader, setting, (enum bounce_rules_list)list);
	}
	return rules;
}

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
load(struct conf_file *file, const char *name, struct conf_errors *errors)
{
	unsigned before = errors->count;
	struct bounce_rules *rules;

	if (file == NULL)
		return NULL;
	rules = read_file(file, name, errors);
	conf_close(&file);
	if (errors->count > before)
		bounce_rules_free(&rules);
	else
		build_prefilter(rules);
	return rules;
}

struct bounce_rules *
bounce_rules_load(const char *path, struct conf_errors *errors)
{
	return load(conf_open(path, errors), path, errors);
}

struct bounce_rules *
bounce_rules_parse(const char *text, const char *name, struct conf_errors *errors)
{
	return load(conf_parse(text, name, errors), name, errors);
}

void
bounce_rules_candidates(const struct bounce_rules *rules, struct span text,
    struct prefilter_set *set)
{
	prefilter_ask(&rules->prefilter, text, set);
}

struct bounce_rules *
bounce_rules_ref(struct bounce_rules *rules)
{
	rules->references++;
	return rules;
}

void
bounce_rules_free(struct bounce_rules **held)
{
	struct bounce_rules *rules = *held;

	*held = NULL;
	if (rules == NULL || --rules->references > 0)
		return;
	for (size_t i = 0; i < rules->count; i++)
		if (rules->all[i] != NULL)
			pattern_free(&rules->all[i]->pattern);
	free(rules->all);
	str_free(&rules->index);
	arena_clear(&rules->arena);
	free(rules);
}

size_t
bounce_rules_count(const struct bounce_rules *rules)
{
	return rules->count;
}

const struct bounce_rule *
bounce_rules_at(const struct bounce_rules *rules, size_t i)
{
	if (rules->all[i] == NULL)
		bounce_rules_unpack_rule((struct bounce_rules *)(uintptr_t)rules, i);
	return rules->all[i];
}

const char *
bounce_rules_list_name(enum bounce_rules_list list)
{
	return list_names[list];
}
