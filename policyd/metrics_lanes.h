/*
 * metrics_lanes - what is open, waits and was sent by MX group and sending IP, for Prometheus. A
 * mail server may know ten thousand of them and a scraper keeps a series for each: so the busiest
 * METRICS_LANES are told of, and how many are not.
 *
 * At delivery time they are the lanes, in admission the groups of this node.
 */
#ifndef METRICS_LANES_H
#define METRICS_LANES_H

#include "engine.h"

enum { METRICS_LANES = 100 };
/* Of each that is told of; beside them METRICS_LANES_MORE in all. */
enum { METRICS_LANE_SERIES = 9 + 2 * MX_LIMITS_MAX, METRICS_LANES_MORE = 4 + 2 * LEVELS };

struct ledger;

struct metrics_lane {
	const char *group, *ip;
	int64_t open;      /* connections of this node */
	int64_t waiting;   /* deliveries */
	int64_t since_ms;  /* monotonic: the oldest of them waits since; 0: none does */
	uint64_t messages; /* sent, since this node knows it */
	const struct mx_limits *limits; /* NULL: looked up when it is told of */
	const struct ledger *ledger;    /* NULL: none is kept */
	uint64_t delivered, deferred, bounced, denied;
};

struct metrics_lanes { /* { 0 } is empty */
	size_t count, left_out;
	unsigned char order[METRICS_LANES]; /* into lanes, busiest first */
	struct metrics_lane lanes[METRICS_LANES];
	/* Of all of them. */
	int64_t for_slot, for_message; /* deliveries that wait */
	int64_t since_ms;              /* as above */
	int64_t levels[LEVELS];
};

/* One more; kept if it is among the busiest. Its texts must stay until it was told of. */
void metrics_lanes_add(struct metrics_lanes *lanes, const struct metrics_lane *lane);
void metrics_lanes_gather(const struct engine *engine, struct metrics_lanes *lanes);
/* now_ms: monotonic. */
void metrics_lanes_format(const struct metrics_lanes *lanes, int64_t now_ms, struct str *out);

#endif
