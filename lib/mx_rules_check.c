#include "mx_rules_check.h"

#include <stdio.h>
#include <string.h>

#include "mask.h"
#include "pattern.h"
#include "pattern_cost.h"

enum { KEY_SIZE = MX_RULE_NAME_MAX + 64 };

static const char *
key_of(const struct mx_rule *rule, const char *key, char buf[KEY_SIZE])
{
	snprintf(buf, KEY_SIZE, "%s.%s", rule->name, key);
	return buf;
}

/* What the operator's own rule does to a shipped one is wanted, as a rule: it is told, no more. */
static struct conf_errors *
between_rules(struct findings *findings, const struct mx_rule *rule, const struct mx_rule *earlier)
{
	return earlier->local && !rule->local ? &findings->warnings : &findings->mistakes;
}

/* -- samples ----------------------------------------------------------------------------------- */

static const struct mx_rule *
rule_of_host(const struct mx_rules *rules, const char *name)
{
	for (size_t i = 0; i < rules->count; i++)
		if (mx_rule_takes_host(&rules->rules[i], name))
			return &rules->rules[i];
	return NULL;
}

static void
check_host(const struct mx_rules *rules, const struct mx_rule *rule, const char *key,
    const char *sample, bool wanted, struct findings *findings)
{
	const struct conf_place *place = mx_rule_place(rule, key);
	const struct mx_rule *other;
	char name[DOMAIN_SIZE], buf[KEY_SIZE];

	if (domain_normalise(span_of(sample), name, NULL) != 0) {
		conf_errors_add(&findings->mistakes, place, key_of(rule, key, buf),
		    "\"%s\" is not a host name", sample);
		return;
	}
	other = rule_of_host(rules, name);
	if (!wanted && other == rule)
		conf_errors_add(&findings->mistakes, place, key_of(rule, key, buf),
		    "\"%s\" comes out at this rule", name);
	else if (wanted && !mx_rule_takes_host(rule, name))
		conf_errors_add(&findings->mistakes, place, key_of(rule, key, buf),
		    "\"%s\" does not come out at this rule: no mask of it matches", name);
	else if (wanted && other != rule)
		conf_errors_add(between_rules(findings, rule, other), place, key_of(rule, key, buf),
		    "\"%s\" does not come out at this rule: \"%s\" at %s:%u takes it", name,
		    other->name, other->file, other->line);
}

static void
check_samples(const struct mx_rules *rules, const struct mx_rule *rule, struct findings *findings)
{
	for (size_t i = 0; i < rule->sample_mx.count; i++)
		check_host(rules, rule, "sample_mx", rule->sample_mx.items[i], true, findings);
	for (size_t i = 0; i < rule->not_sample_mx.count; i++)
		check_host(rules, rule, "not_sample_mx", rule->not_sample_mx.items[i], false,
		    findings);
}

/* -- masks ------------------------------------------------------------------------------------- */

static void
check_mask(const struct mx_rule *rule, const char *mask, struct findings *findings)
{
	unsigned char strange = (unsigned char)mask_strange(mask);
	char buf[KEY_SIZE];

	if (strange >= 0x80)
		conf_errors_add(&findings->mistakes, mx_rule_place(rule, "mx"),
		    key_of(rule, "mx", buf),
		    "\"%s\": hosts are looked up as ASCII, so it can match nothing: write the name "
		    "with xn--",
		    mask);
	else if (strange != '\0')
		conf_errors_add(&findings->mistakes, mx_rule_place(rule, "mx"),
		    key_of(rule, "mx", buf), "\"%s\" can match nothing: no host name has a '%c'",
		    mask, strange);
	else if (strlen(mask) > DOMAIN_MAX)
		conf_errors_add(&findings->mistakes, mx_rule_place(rule, "mx"),
		    key_of(rule, "mx", buf), "\"%s\" is longer than any host name", mask);
}

static const char *
covering_mask(const struct mx_rule *rule, const char *mask)
{
	for (size_t i = 0; i < rule->mx.count; i++)
		if (mask_covers(rule->mx.items[i], mask))
			return rule->mx.items[i];
	return NULL;
}

static size_t
covered_masks(const struct mx_rule *rule, const struct mx_rule *earlier)
{
	size_t covered = 0;

	for (size_t i = 0; i < rule->mx.count; i++)
		covered += covering_mask(earlier, rule->mx.items[i]) != NULL;
	return covered;
}

static void
tell_partly_covered(const struct mx_rule *rule, const struct mx_rule *earlier,
    struct findings *findings)
{
	char buf[KEY_SIZE];

	for (size_t i = 0; i < rule->mx.count; i++) {
		const char *by = covering_mask(earlier, rule->mx.items[i]);

		if (by != NULL)
			conf_errors_add(&findings->warnings, mx_rule_place(rule, "mx"),
			    key_of(rule, "mx", buf),
			    "\"%s\" of \"%s\" at %s:%u takes what \"%s\" is for", by, earlier->name,
			    earlier->file, earlier->line, rule->mx.items[i]);
	}
}

/* A set of hosts comes to a rule as a whole, so a rule is in the shadow of one that takes all it
 * could, not of several that each take a part. */
static void
check_shadow(const struct mx_rules *rules, const struct mx_rule *rule, struct findings *findings)
{
	char buf[KEY_SIZE];

	for (const struct mx_rule *earlier = rules->rules; earlier < rule; earlier++) {
		size_t covered = covered_masks(rule, earlier);

		if (covered == rule->mx.count) {
			conf_errors_add(between_rules(findings, rule, earlier),
			    mx_rule_place(rule, "mx"), key_of(rule, "mx", buf),
			    "the rule can never match: \"%s\" at %s:%u takes all it could",
			    earlier->name, earlier->file, earlier->line);
			return;
		}
		if (covered > 0)
			tell_partly_covered(rule, earlier, findings);
	}
}

/* -- backoff ----------------------------------------------------------------------------------- */

static void
check_replies(const struct mx_rule *rule, const struct backoff_rule *backoff, const char *key,
    const struct conf_strings *replies, bool wanted, struct findings *findings)
{
	char buf[KEY_SIZE], full[48];

	snprintf(full, sizeof(full), "backoff.%s", key);
	for (size_t i = 0; i < replies->count; i++)
		if ((pattern_match(backoff->match, span_of(replies->items[i])) == 1) != wanted)
			conf_errors_add(&findings->mistakes, mx_rule_backoff_place(backoff, key),
			    key_of(rule, full, buf), "\"%s\" is %s by its pattern",
			    replies->items[i], wanted ? "not matched" : "matched");
}

static void
check_backoff(const struct mx_rule *rule, const struct backoff_rule *backoff,
    struct findings *findings)
{
	const struct conf_place *place = mx_rule_backoff_place(backoff, "match");
	struct str text = { 0 };
	char buf[KEY_SIZE];

	check_replies(rule, backoff, "sample", &backoff->sample, true, findings);
	check_replies(rule, backoff, "not_sample", &backoff->not_sample, false, findings);
	if (pattern_cost_is_high(pattern_text(backoff->match), &backoff->sample, &text))
		conf_errors_add(&findings->mistakes, place, key_of(rule, "backoff.match", buf),
		    PATTERN_COST_WORDS, str_text(&text));
	if (backoff->action != BACKOFF_REDUCE &&
	    mx_rule_backoff_place(backoff, "factor") != &backoff->place)
		conf_errors_add(&findings->warnings, mx_rule_backoff_place(backoff, "factor"),
		    key_of(rule, "backoff.factor", buf),
		    "means nothing with action = \"%s\": it is for \"reduce\"",
		    backoff_action_names[backoff->action]);
	str_free(&text);
}

/* -- all --------------------------------------------------------------------------------------- */

static void
check_rule(const struct mx_rules *rules, const struct mx_rule *rule, struct findings *findings)
{
	for (size_t i = 0; i < rule->mx.count; i++)
		check_mask(rule, rule->mx.items[i], findings);
	check_shadow(rules, rule, findings);
	check_samples(rules, rule, findings);
	mx_rules_check_limits(rule, findings);
	for (size_t i = 0; i < rule->backoff_count; i++)
		check_backoff(rule, &rule->backoff[i], findings);
}

static void
check_end(const struct mx_rules *rules, struct findings *findings)
{
	const struct mx_rule *last = rules->count > 0 ? &rules->rules[rules->count - 1] : NULL;
	struct conf_place top = { rules->path, 0 };
	char buf[KEY_SIZE];

	if (last == NULL)
		conf_errors_add(&findings->warnings, &top, "mx_rules",
		    "there is no rule: nothing is limited");
	else if (!mx_rule_takes_all(last))
		conf_errors_add(&findings->warnings, mx_rule_place(last, "mx"),
		    key_of(last, "mx", buf),
		    "the last rule does not take every host (\"*\"): what no rule matches is not "
		    "limited");
}

unsigned
mx_rules_check(const struct mx_rules *rules, struct findings *findings)
{
	unsigned before = findings->mistakes.count;

	rule_off_check(rules->off, rules->off_count, rules->path, findings);
	for (size_t i = 0; i < rules->count; i++)
		check_rule(rules, &rules->rules[i], findings);
	check_end(rules, findings);
	return findings->mistakes.count - before;
}

unsigned
mx_rules_check_files(const char *path, const char *local, struct findings *findings)
{
	unsigned before = findings->mistakes.count;
	struct mx_rules *rules = mx_rules_load(path, local, &findings->mistakes);

	if (rules != NULL)
		mx_rules_check(rules, findings);
	mx_rules_release(&rules);
	return findings->mistakes.count - before;
}
