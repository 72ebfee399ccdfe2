/*
 * postfix_ours - what in main.cf and master.cf is ours, by its name and value. Pure.
 */
#ifndef POSTFIX_OURS_H
#define POSTFIX_OURS_H

#include <stdbool.h>
#include <stdint.h>

#include "postfix_conf.h"

#define POSTFIX_REWRITE "rewrite-egress" /* the service that qmgr resolves through */
#define POSTFIX_HEADING \
	"# mxpace: written by `mxctl postfix setup`, taken out by `mxctl postfix remove`."

/* Of each transport in main.cf, behind its name. */
enum postfix_parameter {
	POSTFIX_CONCURRENCY,
	POSTFIX_INITIAL,
	POSTFIX_POSITIVE_FEEDBACK,
	POSTFIX_NEGATIVE_FEEDBACK,
	POSTFIX_COHORT_LIMIT,
	POSTFIX_RECIPIENT_LIMIT,
	POSTFIX_PARAMETERS
};

struct postfix_parameter_of {
	const char *suffix;
	int64_t value;
};
extern const struct postfix_parameter_of postfix_parameters[POSTFIX_PARAMETERS];

/* The look-ups at delivery time: our table's name and the parameter that it stands in. */
struct postfix_lookup {
	const char *map, *parameter;
};
enum { POSTFIX_LOOKUPS = 3, POSTFIX_TIMERS = 3 };
extern const struct postfix_lookup postfix_lookups[POSTFIX_LOOKUPS];

/* The queue's timers in main.cf, with the values that are proposed. */
extern const struct postfix_option postfix_timers[POSTFIX_TIMERS];

bool postfix_ours_is_parameter(const char *name);
bool postfix_ours_is_timer(const char *name, const char *value);
bool postfix_ours_is_service(const struct postfix_service *service);
/* An option that we add to services that are there, with a value of ours. */
bool postfix_ours_is_option(const char *name, const char *value);
bool postfix_ours_is_heading(struct span line);

#endif
