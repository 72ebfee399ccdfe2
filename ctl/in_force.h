/*
 * in_force - the limits that hold now: rules, levels as configured and as set in Redis, for every
 * command that shows or tries them. What is set is read once a run, when first asked for.
 */
#ifndef IN_FORCE_H
#define IN_FORCE_H

#include "ctl.h"
#include "mx_limits.h"
#include "pace.h"

/* What is set in Redis; nothing, if it does not answer (ctl->levels_known says so). Commands that do
 * not need the store may ask too. */
const struct pace_sets *in_force_sets(struct ctl *ctl);

/* What is set is read anew when next asked for; before ctl's arena, where it lies, is cleared. */
void in_force_forget(struct ctl *ctl);

/* The limits of a rule for one group and sending IP (or "all": decide_ip()); NULL without a rule.
 * group NULL: of none in particular. In ctl's arena. */
const struct mx_limits *in_force(struct ctl *ctl, const struct mx_rule *rule, const char *group,
    const char *ip);

#endif
