/*
 * conclusion - what the rules make of an MX answer: the rule and the MX group. Kept with the answer
 * in the MX cache (mx_answer.note), so that it is drawn once per domain and set of rules.
 */
#ifndef CONCLUSION_H
#define CONCLUSION_H

#include "group.h"
#include "mx.h"
#include "mx_rules.h"
#include "paces.h"

struct conclusion {
	struct mx_note note;
	unsigned generation;            /* of the rules */
	const struct mx_rule *rule;     /* theirs; NULL: none matches */
	char *name;                     /* of the group; NULL without a rule */
	struct group *group;            /* conclusion_group()'s */
	const struct mx_limits *limits; /* conclusion_limits()'s; NULL: not asked for yet */
	unsigned paces;                 /* their generation */
	bool told;
};

/* NULL for an answer without hosts. Good as long as the answer. */
struct conclusion *conclusion_of(const struct mx_answer *answer, const struct mx_rules *rules);

/* The group as the one name of this node has it (admission). A reference of the conclusion's; NULL
 * without a rule. */
struct group *conclusion_group(struct conclusion *conclusion, struct groups *groups,
    const char *ip);

/* The limits of that group by paces_limits(), looked up again only when they may have become others.
 * These rules: those that the conclusion was drawn from; a rule must have matched. */
const struct mx_limits *conclusion_limits(struct conclusion *conclusion, struct paces *paces,
    const struct mx_rules *rules, const char *ip);

/* Other nodes, mxctl and people with redis-cli see what DNS said, and mxbounce the group: once for
 * each answer and set of rules, unawaited.
 * Address literals say nothing new. */
void conclusion_tell(struct conclusion *conclusion, const char *domain,
    const struct mx_answer *answer, struct store_async *store);

#endif
