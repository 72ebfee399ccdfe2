#include "bounce_rules.h"

#include <stdint.h>
#include <stdlib.h>

#include "bounce_rules_set.h"

static const char *const list_names[] = {
	[BOUNCE_RULES_PROVIDER] = "provider",
	[BOUNCE_RULES_STATUS_TEXT] = "status_text",
	[BOUNCE_RULES_TEXT] = "text",
	[BOUNCE_RULES_CODE] = "code",
	[BOUNCE_RULES_LISTS] = NULL,
};

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

const struct rule_off *
bounce_rules_off(const struct bounce_rules *rules, size_t *count)
{
	*count = rules->off_count;
	return rules->off;
}

const char *
bounce_rules_path(const struct bounce_rules *rules)
{
	return rules->path;
}

const char *
bounce_rules_version(const struct bounce_rules *rules)
{
	return rules->version;
}

bool
bounce_rules_have_local(const struct bounce_rules *rules)
{
	return rules->local;
}
