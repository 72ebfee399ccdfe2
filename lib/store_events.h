/*
 * store_events - reading the stream of events, mxpace:events; store_put_event() in store.h writes it.
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

/* Those behind the event `after`, at most so many; "$": only what comes from now on. If there are
 * none it waits so long for one, which must be less than the connection's deadline; 0: not at all. */
void store_put_events_read(struct store_batch *batch, const char *after, int64_t most,
    int64_t wait_ms, struct store_events *events);

/* An ID behind which come the events from then on. */
void store_event_id(int64_t unix_s, char id[STORE_EVENT_ID_SIZE]);
/* When it happened, Unix time in ms; -1: that is no ID. */
int64_t store_event_ms(struct span id);

#endif
