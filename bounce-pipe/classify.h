/*
 * classify - from what a server said to type and reason, by the bounce rules.
 *
 * Pure. The rules are asked in their order of trust (bounce_rules.h); a text that none of them knows
 * is undefined and ignored, a failure without a text undefined and soft: there is nothing to learn
 * from it, and no reason that could count. A wrong "hard" loses a good address at once, so it takes
 * a permanent failure: a rule's "hard" on a reply that says "try again" is made soft.
 */
#ifndef CLASSIFY_H
#define CLASSIFY_H

#include "bounce_rules.h"
#include "reason.h"
#include "report.h"
#include "span.h"
#include "str.h"

struct classify_facts {
	unsigned code;      /* SMTP reply code; 0: the one in the diagnostic, if any */
	const char *status; /* "5.1.1"; "" or a vague one: a better one in the diagnostic counts */
	struct span diagnostic;
	const char *remote_mta; /* "" */
	const char *action;     /* RFC 3464's, "" is failed */
};

struct classification {
	enum bounce_type type;
	enum reason reason;
	const struct bounce_rule *rule; /* NULL: none matched, or none was asked */
};

struct classification classify(const struct bounce_rules *rules,
    const struct classify_facts *facts);

/* Whether this one rule's conditions hold: 1 yes, 0 no, -1 its pattern hit a limit. */
int classify_rule_matches(const struct bounce_rule *rule, const struct classify_facts *facts);

/* Facts beside one rule after the other, for people: which of its conditions hold. */
struct classify_view;
struct classify_view *classify_view_new(const struct classify_facts *facts);
void classify_view_free(struct classify_view **view);
struct span classify_view_text(const struct classify_view *view); /* as patterns see it */

struct classify_look {
	bool code, status, remote; /* holds, or there is none */
	bool text;                 /* likewise */
	struct span found;         /* by its pattern, in the view's text; empty: none */
};
struct classify_look classify_look(const struct classify_view *view,
    const struct bounce_rule *rule);

/* A bare SMTP reply or diagnostic, one line, as `mxctl classify` reads them. remote_mta "": not
 * known. */
struct classification classify_line(const struct bounce_rules *rules, struct span line,
    const char *remote_mta);

/* type, reason and rule of every recipient of a report of any kind. */
void classify_report(const struct bounce_rules *rules, struct report *report);

#endif
