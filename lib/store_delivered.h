/*
 * store_delivered - deliveries that end doubt about an address (lua/delivered.lua), and the stream
 * mxpace:delivered in which an application tells of them.
 */
#ifndef STORE_DELIVERED_H
#define STORE_DELIVERED_H

#include "quarantine.h"
#include "store_batch.h"

enum delivered {
	DELIVERED_NONE,     /* there was nothing to end */
	DELIVERED_CLEARED,  /* errors were forgotten */
	DELIVERED_RELEASED, /* a quarantine for soft errors was ended */
	DELIVERED_HARD,     /* a hard error stands */
	DELIVERED_OLDER,    /* an error came after that delivery */
};

struct store_delivered {
	enum delivered outcome;
	enum reason reason;            /* of the entry that was ended or stands */
	enum quarantine_status status; /* afterwards */
	int64_t expiry_s;              /* of the entry; 0: never */
};

const char *delivered_name(enum delivered outcome); /* "none" "cleared" ... */

/* addr: quarantine_address(). at_s: Unix time; 0: now. */
void store_put_delivered(struct store_batch *batch, const char *addr, int64_t at_s,
    struct store_delivered *delivered);

/* Makes the consumer group, from the stream's beginning, if there is none of that name. */
void store_put_delivered_group(struct store_batch *batch, const char *group);
/* The next entries for a consumer. pending: those that it was given before and did not acknowledge;
 * else new ones, waiting up to wait_ms for the first. entries: ID, address, time in turn, "" what
 * an entry lacks. */
void store_put_delivered_read(struct store_batch *batch, const char *group, const char *consumer,
    bool pending, size_t count, int64_t wait_ms, struct store_fields *entries);
void store_put_delivered_ack(struct store_batch *batch, const char *group, const struct span *ids,
    size_t count);

#endif
