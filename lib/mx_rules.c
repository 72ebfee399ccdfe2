#include "mx_rules.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mx_rules_rule.h"

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
		mx_rule_clear(&old->rules[i]);
	free(old->rules);
	arena_clear(&old->arena);
	free(old);
}

bool
mx_rule_takes_host(const struct mx_rule *rule, const char *host)
{
	for (size_t i = 0; i < rule->mx.count; i++)
		if (domain_matches(rule->mx.items[i], host))
			return true;
	return false;
}

bool
mx_rule_takes_all(const struct mx_rule *rule)
{
	for (size_t i = 0; i < rule->mx.count; i++)
		if (strcmp(rule->mx.items[i], "*") == 0)
			return true;
	return false;
}

const struct mx_rule *
mx_rules_match(const struct mx_rules *rules, const struct mx_set *set)
{
	for (size_t i = 0; i < rules->count; i++) {
		size_t host = 0;

		while (host < set->count &&
		       mx_rule_takes_host(&rules->rules[i], set->hosts[host].name))
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
