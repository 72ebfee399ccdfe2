#include "bounce_rules_check.h"

#include <stdio.h>

#include "classify.h"

static void
add_failure(struct conf_errors *errors, const struct bounce_rule *rule, const char *key,
    const char *words, const char *sample)
{
	errors->count++;
	str_addf(&errors->lines, "%s:%u: %s.%s.%s: %s: \"%s\"\n", rule->file, rule->line,
	    bounce_rules_list_name(rule->list), rule->name, key, words, sample);
}

static void
check_sample(const struct bounce_rules *rules, const struct bounce_rule *rule, const char *sample,
    struct conf_errors *errors)
{
	const char *remote = rule->sample_remote != NULL ? rule->sample_remote : "";
	struct classify_facts facts = { .status = "",
		.diagnostic = span_of(sample),
		.remote_mta = remote,
		.action = "" };
	struct classification found;
	char words[200];

	if (classify_rule_matches(rule, &facts) != 1) {
		add_failure(errors, rule, "sample", "the rule does not match", sample);
		return;
	}
	found = classify(rules, &facts);
	if (rule->shadowed || found.rule == rule)
		return;
	snprintf(words, sizeof(words), "the rule `%s` of line %u comes first",
	    found.rule != NULL ? found.rule->name : "", found.rule != NULL ? found.rule->line : 0);
	add_failure(errors, rule, "sample", words, sample);
}

int
bounce_rules_check(const struct bounce_rules *rules, struct conf_errors *errors)
{
	unsigned before = errors->count;

	for (size_t i = 0; i < bounce_rules_count(rules); i++) {
		const struct bounce_rule *rule = bounce_rules_at(rules, i);

		for (size_t k = 0; k < rule->sample.count; k++)
			check_sample(rules, rule, rule->sample.items[k], errors);
		for (size_t k = 0; k < rule->not_sample.count; k++) {
			struct classify_facts facts = { .status = "",
				.diagnostic = span_of(rule->not_sample.items[k]),
				.remote_mta =
				    rule->sample_remote != NULL ? rule->sample_remote : "",
				.action = "" };

			if (classify_rule_matches(rule, &facts) != 0)
				add_failure(errors, rule, "not_sample", "the rule matches",
				    rule->not_sample.items[k]);
		}
	}
	return errors->count == before ? 0 : -1;
}
