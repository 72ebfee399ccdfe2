#include "bounce_rules_check.h"

#include <stdio.h>
#include <string.h>

#include "classify.h"
#include "mask.h"
#include "pattern_cost.h"

enum { KEY_SIZE = 200 };

static const char *
key_of(const struct bounce_rule *rule, const char *key, char buf[KEY_SIZE])
{
	snprintf(buf, KEY_SIZE, "%s.%s.%s", bounce_rules_list_name(rule->list), rule->name, key);
	return buf;
}

static void
tell(struct conf_errors *to, const struct bounce_rule *rule, const char *key, const char *words,
    const char *quoted)
{
	char buf[KEY_SIZE];

	conf_errors_add(to, bounce_rule_place(rule, key), key_of(rule, key, buf), "%s%s%s%s", words,
	    quoted != NULL ? ": \"" : "", quoted != NULL ? quoted : "", quoted != NULL ? "\"" : "");
}

/* -- samples ----------------------------------------------------------------------------------- */

static struct classify_facts
facts_of(const struct bounce_rule *rule, const char *sample)
{
	return (struct classify_facts){ .status = "",
		.diagnostic = span_of(sample),
		.remote_mta = rule->sample_remote != NULL ? rule->sample_remote : "",
		.action = "" };
}

static void
check_sample(const struct bounce_rules *rules, const struct bounce_rule *rule, const char *sample,
    struct findings *findings)
{
	struct classify_facts facts = facts_of(rule, sample);
	struct classification found;
	char words[400];

	if (classify_rule_matches(rule, &facts) != 1) {
		tell(&findings->mistakes, rule, "sample", "the rule does not match", sample);
		return;
	}
	found = classify(rules, &facts);
	if (rule->shadowed || found.rule == rule || found.rule == NULL)
		return;
	/* What the operator's own rule takes from a shipped one is wanted, as a rule. */
	snprintf(words, sizeof(words), "the rule `%s` of line %u comes first", found.rule->name,
	    found.rule->line);
	tell(found.rule->local && !rule->local ? &findings->warnings : &findings->mistakes, rule,
	    "sample", words, sample);
}

static void
check_samples(const struct bounce_rules *rules, const struct bounce_rule *rule,
    struct findings *findings)
{
	for (size_t i = 0; i < rule->sample.count; i++)
		check_sample(rules, rule, rule->sample.items[i], findings);
	for (size_t i = 0; i < rule->not_sample.count; i++) {
		struct classify_facts facts = facts_of(rule, rule->not_sample.items[i]);

		if (classify_rule_matches(rule, &facts) != 0)
			tell(&findings->mistakes, rule, "not_sample", "the rule matches",
			    rule->not_sample.items[i]);
	}
}

/* -- type and reason --------------------------------------------------------------------------- */

enum { IGNORED = 1 << BOUNCE_IGNORED, SOFT = 1 << BOUNCE_SOFT, HARD = 1 << BOUNCE_HARD };

/* Hard is what ends an address: only what is about the address can. */
static const struct {
	int types;
	const char *words;
} allowed[REASON_COUNT] = {
	[REASON_UNDEFINED] = { IGNORED | SOFT, "nobody knows what it says" },
	[REASON_USER_UNKNOWN] = { IGNORED | SOFT | HARD, "" },
	[REASON_MAILBOX_FULL] = { IGNORED | SOFT, "a full mailbox passes" },
	[REASON_INACTIVE_USER] = { IGNORED | SOFT | HARD, "" },
	[REASON_INVALID_DOMAIN] = { IGNORED | SOFT | HARD, "" },
	[REASON_REFUSED] = { IGNORED | SOFT,
	    "it is about the sender or the message, not the address" },
	[REASON_UNREACHABLE] = { IGNORED | SOFT, "it is about the way there, not the address" },
	[REASON_MESSAGE_TOO_LARGE] = { IGNORED | SOFT, "it is about the message, not the address" },
	[REASON_NOT_CONNECTED] = { IGNORED | SOFT, "it is about the way there, not the address" },
	[REASON_AUTO_REPLY] = { IGNORED, "the message was delivered" },
	[REASON_DELAYED] = { IGNORED, "the message is still being tried" },
	[REASON_FEEDBACK_LOOP] = { IGNORED | HARD, "a complaint is final" },
};

static void
check_type(const struct bounce_rule *rule, struct findings *findings)
{
	char words[200];

	if (rule->type < 0 || rule->reason < 0 ||
	    (allowed[rule->reason].types & (1 << rule->type)) != 0)
		return;
	snprintf(words, sizeof(words), "\"%s\" cannot be \"%s\": %s",
	    reason_name((enum reason)rule->reason), bounce_type_name((enum bounce_type)rule->type),
	    allowed[rule->reason].words);
	tell(&findings->mistakes, rule, "type", words, NULL);
}

/* -- codes ------------------------------------------------------------------------------------- */

/* RFC 3463: class 4 or 5 of what was not delivered, subject 0 to 7. Yahoo says 4.16.55, so only what
 * is most likely mistyped is told. */
static void
check_codes(const struct bounce_rule *rule, struct findings *findings)
{
	bool permanent = rule->status.count == 0 && rule->code.count == 0;

	for (size_t i = 0; i < rule->status.count; i++) {
		const char *mask = rule->status.items[i];

		permanent = permanent || *mask != '4';
		if (strchr("45*", mask[0]) == NULL)
			tell(&findings->mistakes, rule, "status",
			    "no failure: an enhanced status begins with 4 or 5", mask);
		else if (mask[3] == '.' && strchr("89", mask[2]) != NULL)
			tell(&findings->mistakes, rule, "status",
			    "no such subject: the second part is 0 to 7 (RFC 3463)", mask);
	}
	for (size_t i = 0; i < rule->code.count; i++) {
		const char *mask = rule->code.items[i];

		permanent = permanent || *mask != '4';
		if (strchr("45?", *mask) == NULL)
			tell(&findings->mistakes, rule, "code",
			    "no failure: a reply code begins with 4 or 5", mask);
	}
	if (rule->type == BOUNCE_HARD && !permanent)
		tell(&findings->warnings, rule, "type",
		    "all its codes are temporary, so \"hard\" comes out as \"soft\"", NULL);
}

/* -- all --------------------------------------------------------------------------------------- */

static void
check_remote(const struct bounce_rule *rule, struct findings *findings)
{
	for (size_t i = 0; i < rule->remote.count; i++)
		if (*rule->remote.items[i] == '\0' || mask_strange(rule->remote.items[i]) != '\0')
			tell(&findings->mistakes, rule, "remote", "no host name is like this",
			    rule->remote.items[i]);
}

static void
check_rule(const struct bounce_rules *rules, const struct bounce_rule *rule,
    struct findings *findings)
{
	struct str text = { 0 };
	char buf[KEY_SIZE];

	check_type(rule, findings);
	check_codes(rule, findings);
	check_remote(rule, findings);
	check_samples(rules, rule, findings);
	if (rule->pattern != NULL &&
	    pattern_cost_is_high(pattern_text(rule->pattern), &rule->sample, &text))
		conf_errors_add(&findings->mistakes, bounce_rule_place(rule, "match"),
		    key_of(rule, "match", buf), PATTERN_COST_WORDS, str_text(&text));
	str_free(&text);
}

unsigned
bounce_rules_check(const struct bounce_rules *rules, struct findings *findings)
{
	unsigned before = findings->mistakes.count;
	size_t count;
	const struct rule_off *off = bounce_rules_off(rules, &count);

	rule_off_check(off, count, bounce_rules_path(rules), findings);
	for (size_t i = 0; i < bounce_rules_count(rules); i++)
		check_rule(rules, bounce_rules_at(rules, i), findings);
	return findings->mistakes.count - before;
}

unsigned
bounce_rules_check_files(const char *path, const char *local, struct findings *findings)
{
	unsigned before = findings->mistakes.count;
	struct bounce_rules *rules = bounce_rules_load(path, local, &findings->mistakes);

	if (rules != NULL)
		bounce_rules_check(rules, findings);
	bounce_rules_free(&rules);
	return findings->mistakes.count - before;
}
