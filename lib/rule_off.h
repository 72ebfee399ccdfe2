/*
 * rule_off - a rule that is switched off (disabled = true), of either kind of rules files.
 */
#ifndef RULE_OFF_H
#define RULE_OFF_H

#include "findings.h"

struct rule_off {
	const char *name;
	struct conf_place place; /* by which line */
	bool unknown;            /* there is nothing of that name */
};

/* Warns of those that switch off nothing. file: where the rule would be. */
void rule_off_check(const struct rule_off *off, size_t count, const char *file,
    struct findings *findings);

#endif
