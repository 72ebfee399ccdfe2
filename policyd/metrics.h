/*
 * metrics - what mxpolicyd counts, and its text for Prometheus (text format 0.0.4).
 *
 * Adding a counter is a member, its row in metrics.c, and its line in mxpolicyd(8).
 */
#ifndef METRICS_H
#define METRICS_H

#include "decide.h"
#include "str.h"

struct engine;

struct metrics {
	uint64_t decisions[DECIDE_REASONS];
	uint64_t requests; /* of any protocol state */
	uint64_t malformed;
	uint64_t accepted, turned_away; /* clients: taken, closed at once */
	uint64_t timed_out;             /* half a request, then silence */
	uint64_t reloads, reloads_failed;
	int64_t rules_updated_s,
	    rules_failed_s; /* Unix time of the last update's success, failure */
	bool rules_failing; /* the last one failed */
	size_t clients;     /* connected now */
};

void metrics_format(const struct engine *engine, struct str *out);

#endif
