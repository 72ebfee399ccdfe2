#include "bounce_rules_rule.h"

#include <string.h>

#include "domain.h"

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
	KEY("disabled", CONF_BOOL, disabled),
	KEY("after", CONF_BOOL, after),
};

enum { KEYS = sizeof(keys) / sizeof(keys[0]) };

/* Where a mistake in a key's value is told: at the key, if the group has it. */
static struct config_setting_t *
at(struct config_setting_t *group, const char *key)
{
	struct config_setting_t *member = conf_member(group, key);

	return member != NULL ? member : group;
}

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
	if (*text == '\0') {
		conf_mistake(reader, setting, NULL, "is empty: it would match every text");
		return;
	}
	pattern_free(&rule->pattern);
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
	for (size_t i = 0; conf_member(group, key) != NULL && i < masks->count; i++)
		if (!fits(masks->items[i]))
			conf_mistake(reader, conf_member(group, key), NULL, "\"%s\" is not %s",
			    masks->items[i], wanted);
}

/* What a list's rules must and must not say. */
static void
check_conditions(struct conf_reader *reader, struct config_setting_t *group,
    const struct bounce_rule *rule)
{
	bool match = rule->pattern != NULL || conf_member(group, "match") != NULL;
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
			conf_mistake(reader, at(group, "status"), "status",
			    "a rule with a status belongs into the list `status_text`");
		break;
	case BOUNCE_RULES_CODE:
		if (match)
			conf_mistake(reader, at(group, "match"), "match",
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
		conf_mistake(reader, at(group, "sample_remote"), "sample_remote",
		    "\"%s\" matches none of `remote`", rule->sample_remote);
}

static void
check_words(struct conf_reader *reader, struct config_setting_t *group,
    const struct bounce_rule *rule)
{
	if (rule->type < 0 && conf_member(group, "type") == NULL)
		conf_mistake(reader, group, "type", "is missing");
	if (rule->reason < 0 && conf_member(group, "reason") == NULL)
		conf_mistake(reader, group, "reason", "is missing");
}

static void
check_place(struct conf_reader *reader, struct config_setting_t *group, bool local,
    const struct bounce_rule *rule)
{
	if (!rule->after || conf_member(group, "after") == NULL)
		return;
	if (!local)
		conf_mistake(reader, conf_member(group, "after"), NULL,
		    "is for rules of the local file");
	else if (!rule->local)
		conf_mistake(reader, conf_member(group, "after"), NULL,
		    "a shipped rule keeps its place");
}

void
bounce_rule_begin(struct conf_reader *reader, struct config_setting_t *group,
    enum bounce_rules_list list, struct bounce_rule *rule)
{
	*rule = (struct bounce_rule){ .name = "",
		.list = list,
		.type = -1,
		.reason = -1,
		.comment = "" };
	rule->places = arena_alloc(reader->arena, KEYS * sizeof(*rule->places));
	rule->home.file = arena_dup(reader->arena, span_of(conf_where(reader, group)));
	rule->home.line = conf_line(group);
}

void
bounce_rule_read(struct conf_reader *reader, struct config_setting_t *group, bool local,
    struct bounce_rule *rule)
{
	rule->file = arena_dup(reader->arena, span_of(conf_where(reader, group)));
	rule->line = conf_line(group);
	conf_read(reader, group, keys, KEYS, NULL, rule);
	if (!conf_is_group(group))
		return;
	conf_places(reader, group, keys, KEYS, rule->places);
	if (*rule->name == '\0' &&
	    (conf_member(group, "name") == NULL || conf_string(conf_member(group, "name")) != NULL))
		conf_mistake(reader, group, "name", "is missing");
	check_place(reader, group, local, rule);
	if (rule->local && rule->disabled)
		return; /* switches off what is no more */
	check_words(reader, group, rule);
	check_masks(reader, group, "status", &rule->status, is_status_mask,
	    "an enhanced status such as \"5.1.1\" or \"5.7.*\"");
	check_masks(reader, group, "code", &rule->code, is_code_mask,
	    "a reply code such as \"550\" or \"4??\"");
	check_conditions(reader, group, rule);
	check_samples(reader, group, rule);
}

const struct conf_key *
bounce_rules_keys(size_t *count)
{
	*count = KEYS;
	return keys;
}

const struct conf_place *
bounce_rule_place(const struct bounce_rule *rule, const char *key)
{
	for (size_t i = 0; i < KEYS; i++)
		if (strcmp(keys[i].name, key) == 0 && rule->places[i].file != NULL)
			return &rule->places[i];
	return &rule->home;
}
