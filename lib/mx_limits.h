/*
 * mx_limits - what a rule's figures come to for one sending IP at one time: scaled by its level,
 * never beyond the provider's published maxima, and with the day's cap of a warm-up. Pure.
 *
 * What is enforced, shown and set up is always this; the figures in a rule are those as written.
 */
#ifndef MX_LIMITS_H
#define MX_LIMITS_H

#include "level.h"
#include "limit.h"
#include "mx_rules.h"

struct level_factors { /* of what a rule says; "normal" has 1 everywhere */
	double connections, messages_per_connection, rate;
};

struct mx_limits {
	enum level level;
	int64_t connections;             /* at once; 0: no limit */
	int64_t messages_per_connection; /* 0: no limit */
	int64_t messages_per_hour;       /* 0: no limit */
	int64_t day_cap;                 /* messages in 24 h, of a warm-up; 0: none */
	/* All message limits as they are enforced, shortest period first, one for each period. */
	struct limit limits[MX_RULE_LIMITS_MAX + 1];
	size_t limit_count;
};

#endif
