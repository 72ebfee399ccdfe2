/*
 * store_delivered - deliveries that end doubt about an address (lua/delivered.lua), and the stream
 * mxpace:delivered in which an application tells of them.
 */
#ifndef STORE_DELIVERED_H
#define STORE_DELIVERED_H

#include "quarantine.h"
#include "sender.h"
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

/* Counts deliveries for an account, campaign or list (lua/delivered_count.lua). */
struct store_delivered_at {
	const char *place; /* in its source, growing as text; "": not known */
	int64_t at_s;      /* Unix time */
};
struct store_delivered_count {
	enum sender_kind kind;
	const char *name;
	const char *source;
	bool known_only; /* not for one of which nothing was counted lately */
	const struct store_delivered_at *list;
	size_t count;
};
struct store_delivered_counted {
	int64_t counted, again, unknown;
};
void store_put_delivered_count(struct store_batch *batch, const struct store_delivered_count *count,
    struct store_delivered_counted *counted);

/* Makes the consumer group, from the stream's beginning, if there is none of that name. */
void store_put_delivered_group(struct store_batch *batch, const char *group);
/* The next entries for a consumer. pending: those that it was given before and did not acknowledge;
 * else new ones, waiting up to wait_ms for the first. entries: in turn what enum store_delivered_part says, ""
 * what an entry lacks. */
enum store_delivered_part {
	DELIVERED_ID,
	DELIVERED_ADDRESS,
	DELIVERED_TIME,
	DELIVERED_ACCOUNT, /* and campaign and list, as enum sender_kind */
	DELIVERED_PARTS = DELIVERED_ACCOUNT + SENDER_KINDS
};
void store_put_delivered_read(struct store_batch *batch, const char *group, const char *consumer,
    bool pending, size_t count, int64_t wait_ms, struct store_fields *entries);
void store_put_delivered_ack(struct store_batch *batch, const char *group, const struct span *ids,
    size_t count);

#endif
