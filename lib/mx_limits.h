/*
 * mx_limits - what a rule's figures come to for one sending IP at one time: scaled by its level,
 * never beyond the provider's published maxima, and with the day's cap of a warm-up. Pure.
 *
 * What is enforced, shown and set up is always this; the figures in a rule are those as written.
 *
 *   connections, messages_per_connection   times their factor, at most the rule's max_*
 *   messages_per_hour and all of `limits`  times the factor of rates; what holds for an hour at
 *                                          most max_messages_per_hour
 *
 * A product is rounded down, but never below 1. No limit (0) stays none. A published maximum per
 * hour says nothing of shorter periods, and bounds longer ones by itself: so it caps the limits of
 * one hour alone; but a rule with limits of other periods only gets it as a limit of its own, as
 * scaling those could exceed it. Unless `burst`, an hourly limit of 12 and more also means a twelfth
 * of it per 5 minutes: of the hourly limit as it has become. Of two limits of one period the lower
 * stays.
 *
 * "normal" is the rule as written, within the maxima; "custom" exactly as written.
 */
#ifndef MX_LIMITS_H
#define MX_LIMITS_H

#include "level.h"
#include "limit.h"
#include "mx_rules.h"

/* Periods that limits have beside those a rule can have: the published maximum per hour or the
 * share of an hour, and the day of a warm-up. */
enum { MX_LIMITS_MAX = MX_RULE_LIMITS_MAX + 2 };

struct mx_limits {
	enum level level;
	unsigned generation;             /* whoever keeps limits numbers them; 0: nobody did */
	int64_t connections;             /* at once; 0: no limit */
	int64_t messages_per_connection; /* 0: no limit */
	int64_t messages_per_hour;       /* 0: no limit */
	int64_t day_cap;                 /* messages in 24 h, of a warm-up; 0: none */
	/* All message limits as they are enforced, shortest period first, one for each period. */
	size_t limit_count;
	struct limit limits[MX_LIMITS_MAX];
};

/* Only those limits that are there, as most rules have one or two of the ten. */
void mx_limits_copy(struct mx_limits *to, const struct mx_limits *from);

/* factors: by enum level. LEVEL_NONE counts as LEVEL_NORMAL. day_cap 0: none. */
void mx_limits_at(const struct mx_rule *rule, enum level level, const struct level_factors *factors,
    int64_t day_cap, struct mx_limits *out);

/* Puts a limit in its place in a sorted list; of two with one period the lower stays. False: there
 * are `most` already. */
bool mx_limits_add(struct limit *limits, size_t *count, size_t most, const struct limit *limit);

/* Anything that counts: messages or connections. */
bool mx_limits_any(const struct mx_limits *limits);
/* Messages an hour that all of them together allow; 0: no limit. */
int64_t mx_limits_per_hour(const struct mx_limits *limits);
/* Whether the i-th limit is the day's cap of a warm-up. */
bool mx_limits_is_cap(const struct mx_limits *limits, size_t i);
/* The one that lets the least through; NULL: there is none. */
const struct limit *mx_limits_least(const struct mx_limits *limits);

#endif
