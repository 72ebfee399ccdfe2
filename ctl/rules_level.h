/*
 * rules_level - what MX rules come to: for one sending IP, and for all sending IPs of the fleet
 * together, at the levels that hold or at one that is asked for (--level).
 */
#ifndef RULES_LEVEL_H
#define RULES_LEVEL_H

#include "ctl.h"
#include "mx_limits.h"

struct rules_level {
	enum level level;        /* asked for; LEVEL_NONE: those that hold */
	struct conf_strings ips; /* of the fleet */
};

/* Reads --level and the fleet. CTL_USAGE: it is no level. */
enum ctl_exit rules_level_read(struct ctl *ctl, struct rules_level *levels);

/* Sending IPs for which a rule comes to the same. */
struct rules_share {
	const struct mx_limits *limits; /* each has */
	size_t count;                   /* of them; 1 for a rule that counts all together */
	struct mx_limits together;      /* connections and message limits of all of them */
	const char **names;             /* of them; "all" */
};

/* At least one; in ctl's arena. */
const struct rules_share *rules_level_shares(struct ctl *ctl, const struct rules_level *levels,
    const struct mx_rule *rule, size_t *count);

/* As out shows them; in ctl's arena. */
struct out_value rules_level_limits(struct ctl *ctl, const struct mx_limits *limits);
/* A table of all shares of one rule. */
void rules_level_show(struct ctl *ctl, const struct rules_level *levels,
    const struct mx_rule *rule);
/* What the figures of a list of rules stand for. */
void rules_level_note(struct ctl *ctl, const struct rules_level *levels);

#endif
