/*
 * store_limits - taking from a group's limits, giving back, and looking at them (lua/take.lua).
 */
#ifndef STORE_LIMITS_H
#define STORE_LIMITS_H

#include "limit.h"
#include "store_batch.h"

enum { STORE_OPEN_TTL_S = 15 }; /* how long a node's open slots count without being renewed */

struct store_take {
	const char *group;
	const char *ip; /* sending IP, or "all" */
	const char *node;
	int64_t open;        /* slots this node would then have, the new one included */
	int64_t connections; /* 0: no limit, no slot */
	const struct limit *limits;
	size_t limit_count;
	bool commit; /* false: only looks */
	bool counts; /* counts the message in mxpace:{g:GROUP}:told:IP as this node's (ledger) */
};

enum store_taken { STORE_TAKEN, STORE_NO_SLOT, STORE_NO_ROOM, STORE_HELD };

/* HELD: backoff or an operator stands in the way, not a limit. */
enum store_hold { STORE_HOLD_PAUSED, STORE_HOLD_SUSPENDED, STORE_HOLD_RATE };
struct store_held {
	enum store_hold by;
	int64_t wait_ms;  /* SUSPENDED, RATE: until it is worth asking again; else 0 */
	int64_t per_hour; /* RATE: messages, now */
	char why[160];    /* the operator's words, or the provider's that led to it */
};

struct store_took {
	enum store_taken outcome;
	int64_t now_ms;  /* TAKEN: Redis time, for giving back */
	int64_t sent;    /* TAKEN and counts: this node's messages in all, this one included */
	int64_t open;    /* NO_SLOT: slots open on all nodes, the asked one included */
	int64_t allowed; /* NO_SLOT: of them, backoff considered */
	size_t limit;    /* NO_ROOM: index of the limit; of several the one that lasts longest */
	int64_t used;    /* NO_ROOM: messages in its window */
	int64_t wait_ms; /* NO_ROOM: until there is room */
	struct store_held held;
};

void store_put_take(struct store_batch *batch, const struct store_take *take,
    struct store_took *took);
/* A take in wire form but for `open`, for those who take from one group again and again. { 0 } is
 * an unprepared one. */
struct store_take_form {
	struct str wire;
	size_t gap; /* where `open` goes */
};
void store_take_prepare(struct store_take_form *form, const struct store_take *take);
void store_put_take_form(struct store_batch *batch, const struct store_take_form *form,
    int64_t open, struct store_took *took);
void store_take_form_free(struct store_take_form *form);
/* The message of a take that was granted at now_ms will not go out after all. */
void store_put_give_back(struct store_batch *batch, const struct store_take *take, int64_t now_ms);
/* This node's open slots of a group are so many now, until wall_s + STORE_OPEN_TTL_S. */
void store_put_open(struct store_batch *batch, const char *group, const char *ip, const char *node,
    int64_t open, int64_t wall_s);

/* Messages in the window of a limit now, without taking: result of a take with commit = false and a
 * limit of 1 would tell only yes or no. */
void store_put_ring(struct store_batch *batch, const char *group, const char *ip,
    const struct limit *limit, struct store_fields *ring);
/* What the ring says at a time (ms): messages in the window. */
int64_t store_ring_used(const struct store_fields *ring, const struct limit *limit, int64_t now_ms);
/* Milliseconds from then until there is room for a message; 0: there is. */
int64_t store_ring_wait(const struct store_fields *ring, const struct limit *limit, int64_t now_ms);
void store_put_connections(struct store_batch *batch, const char *group, const char *ip,
    struct store_fields *nodes);
/* Open slots in such a hash that still count at that time. */
int64_t store_open_total(const struct store_fields *nodes, int64_t wall_s);

/* The group was in use at that time, for lists. */
void store_put_group_used(struct store_batch *batch, const char *group, int64_t wall_s);
/* Groups and last use in turn, latest first. */
void store_put_groups(struct store_batch *batch, struct store_fields *groups);

#endif
