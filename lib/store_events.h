/*
 * store_events - reading the stream of events, mxpace:events, alone or as one of the consumers of a
 * group; store_put_event() in store.h writes it.
 */
#ifndef STORE_EVENTS_H
#define STORE_EVENTS_H

#include "store_batch.h"

enum { STORE_EVENT_ID_SIZE = 48 };

struct store_event {
	const char *id; /* "1763806500000-0": milliseconds of Unix time, and a number */
	size_t field_count;
	struct span *fields; /* names and values in turn */
};

struct store_events { /* arena set by the caller */
	struct arena *arena;
	size_t count;
	struct store_event *items;
};

struct store_event_ids { /* arena and idle_ms set by the caller */
	struct arena *arena;
	int64_t idle_ms;
	size_t count;
	const char **items;
};

/* Those behind the event `after`, at most so many; "$": only what comes from now on. If there are
 * none it waits so long for one, which must be less than the connection's deadline; 0: not at all. */
void store_put_events_read(struct store_batch *batch, const char *after, int64_t most,
    int64_t wait_ms, struct store_events *events);

/* The same of another stream. */
void store_put_stream_read(struct store_batch *batch, const char *key, const char *after,
    int64_t most, int64_t wait_ms, struct store_events *events);

/* -- a consumer group: each event goes to one of its consumers, who acknowledges it ------------- */

/* Makes the group mxpace:notify, which begins behind the event `after`; one that is there stays. */
void store_put_events_group(struct store_batch *batch, const char *after);
/* Events that no consumer was given yet, as store_put_events_read(). */
void store_put_events_take(struct store_batch *batch, const char *consumer, int64_t most,
    int64_t wait_ms, struct store_events *events);
/* IDs, oldest first, of up to `most` events that a consumer was given at least idle_ms ago and has
 * not acknowledged. */
void store_put_events_pending(struct store_batch *batch, int64_t idle_ms, int64_t most,
    struct store_event_ids *ids);
/* Has them given to another consumer now, if they still are as they were; some may be gone. */
void store_put_events_claim(struct store_batch *batch, const char *consumer, int64_t idle_ms,
    const char *const *ids, size_t count, struct store_events *events);
/* Has them stay with their consumer, as if given just now. */
void store_put_events_keep(struct store_batch *batch, const char *consumer, const char *const *ids,
    size_t count);
void store_put_events_done(struct store_batch *batch, const char *const *ids, size_t count);
/* A consumer that ends with nothing pending. */
void store_put_events_leave(struct store_batch *batch, const char *consumer);

/* What XRANGE and XREVRANGE answer -> struct store_events. */
store_decode store_reply_events;

/* An ID behind which come the events from then on. */
void store_event_id(int64_t unix_s, char id[STORE_EVENT_ID_SIZE]);
/* When it happened, Unix time in ms; -1: that is no ID. */
int64_t store_event_ms(struct span id);

#endif
