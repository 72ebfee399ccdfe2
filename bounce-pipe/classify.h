/*
 * classify - from what a server said to type and reason, by the bounce rules.
 *
 * Pure. The rules are asked in their order of trust (bounce_rules.h); what none of them knows is
 * undefined and ignored. A wrong "hard" loses a good address at once, so it takes a permanent
 * failure: a rule's "hard" on a reply that says "try again" is made soft.
 */
#ifndef CLASSIFY_H
#define CLASSIFY_H

#include "bounce_rules.h"
#include "reason.h"
#include "report.h"
#include "span.h"
#include "str.h"

struct classify_facts {
	unsigned code; /* SMTP reply code, 0: none */
	const char *status; /* "5.1.1", "" */
	struct span diagnostic; /* UTF-8; line breaks and runs of blanks count as one blank */
	const char *remote_mta; /* "" */
	const char *action; /* RFC 3464's, "" is failed */
};

struct verdict {
	enum bounce_type type;
	enum reason reason;
	const struct bounce_rule *rule; /* NULL: none matched, or none was asked */
};

struct verdict classify(const struct bounce_rules *rules, const struct classify_facts *facts);

/* Whether this one rule's conditions hold: 1 yes, 0 no, -1 its pattern hit a limit. */
int classify_rule_matches(const struct bounce_rule *rule, const struct classify_facts *facts);

/* A bare SMTP reply or diagnostic, one line: finds the codes in it (`mxctl classify`). buf holds
 * the status that facts then point to. */
struct verdict classify_line(const struct bounce_rules *rules, struct span line,
    const char *remote_mta);

/* type, reason and rule of every recipient of a report of any kind. */
void classify_report(const struct bounce_rules *rules, struct report *report);

/* Proves every sample of every rule: its sample must come to that rule (or only match it, if the
 * rule is shadowed), its not_sample must not match it. -1 and one line each in errors. */
int bounce_rules_check(const struct bounce_rules *rules, struct conf_errors *errors);

/* A text no rule knew, for counting its like: addresses, ids, IPs, host names, numbers and dates
 * replaced by words in < >, at most 200 bytes. */
void classify_normalise(struct span text, struct str *out);

#endif
