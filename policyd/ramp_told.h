/*
 * ramp_told - what is told of a warm-up: a line of the log, an event, an entry of its history. For
 * ramp.
 */
#ifndef RAMP_TOLD_H
#define RAMP_TOLD_H

#include "store.h"
#include "warmup_state.h"

enum { RAMP_TOLD_FIELDS = 12 };

struct ramp_told { /* names what it was made of */
	struct store_event_field fields[RAMP_TOLD_FIELDS];
	size_t count;
	char day[24], from[24], to[24], cap[24];
};

/* What a judgement made of a group. state: after it. */
void ramp_told_group(struct ramp_told *told, const char *ip, const struct warmup *warmup,
    const char *group, int64_t day, const struct warmup_state *state,
    const struct warmup_judgement *judgement, const char *by);
/* The whole warm-up is done. */
void ramp_told_warm(struct ramp_told *told, const char *ip, const struct warmup *warmup,
    const char *by);

/* The log, and the event into the batch. */
void ramp_told_say(const struct ramp_told *told, struct store_batch *batch);

#endif
