/*
 * level - how fast one wants to send: a word for factors on what the rules say.
 *
 * Rules are written for "normal". The other levels scale them (mx_limits.h), never beyond what the
 * provider has published. "custom" stands for rules of one's own, taken as they are written.
 */
#ifndef LEVEL_H
#define LEVEL_H

#include "span.h"

enum level {
	LEVEL_NONE, /* not said here: what is more general decides */
	LEVEL_SLOW,
	LEVEL_NORMAL,
	LEVEL_FAST,
	LEVEL_VERY_FAST,
	LEVEL_BOOST,
	LEVEL_CUSTOM,
	LEVELS
};

/* By enum level, NULL at the end; "" for LEVEL_NONE. */
extern const char *const level_names[];

struct level_factors { /* of what a rule says */
	double connections, messages_per_connection, rate;
};

/* By enum level, the defaults of the configuration's `levels`: 1 everywhere for LEVEL_NONE, NORMAL
 * and CUSTOM, which nobody can change. */
extern const struct level_factors level_factors_default[LEVELS];

/* LEVEL_NONE: no level is called so. */
enum level level_of(struct span name);

/* The one that sends less; "custom" and none count as "normal". Of equals the first. */
enum level level_lower(enum level a, enum level b);

#endif
