/*
 * traffic - what goes on now between an MX group and a sending IP, on all nodes: what is open, what
 * waits and is queued, what is used of the limits, and what an operator or backoff holds back.
 */
#ifndef TRAFFIC_H
#define TRAFFIC_H

#include "store_egress.h"
#include "use.h"

struct traffic {
	const struct use *use; /* group, sending IP, rule, limits */
	struct store_queue queue;
	struct store_backoff backoff;
	bool is_paused;
	const char *paused; /* the operator's words */
};

struct traffics {
	struct traffic *items; /* ctl's arena */
	size_t count;
};

/* Of the groups used within a week those with something open, waiting, queued or held back, the
 * most first. -1 and words: the store did not answer. */
int traffic_list(struct ctl *ctl, const struct nodes *nodes, const struct ctl_time *now,
    struct traffics *traffics, struct err *err);
/* One; fills in use as well, which must live as long. */
int traffic_read(struct ctl *ctl, struct use *use, const struct ctl_time *now,
    struct traffic *traffic, struct err *err);

/* Connections allowed now, backoff considered; 0: no limit. */
int64_t traffic_connections(const struct traffic *traffic);
/* Nothing goes, for hold_ms. */
bool traffic_is_suspended(const struct store_backoff *backoff);
/* Messages a minute that can be sent now, backoff considered; < 0: no limit is known. */
double traffic_per_minute(const struct traffic *traffic);
/* Until all that waits or is queued is sent, if nothing changes; -1: nobody can tell. */
int64_t traffic_drain_ms(const struct traffic *traffic);

/* As out shows them. */
struct out_value traffic_open(const struct traffic *traffic, struct out_use *open);
struct out_value traffic_drain(const struct traffic *traffic);
/* "suspended for another 12m: 421 ...", "at most 120 messages an hour, 2 connections: why"; NULL:
 * no backoff. ctl's arena. */
const char *traffic_backoff_words(struct ctl *ctl, const struct store_backoff *backoff);

/* The table; for people the first `most` rows, and what holds them back below. */
void traffic_show(struct ctl *ctl, const struct traffics *traffics, size_t most);

#endif
