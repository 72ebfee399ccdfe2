/*
 * store_egress - what delivery time asks of Redis beside the take: slots for the fleet, stamps,
 * statistics, and what a node restores after a Redis that forgot. Backoff and pauses are in
 * store_backoff.h.
 */
#ifndef STORE_EGRESS_H
#define STORE_EGRESS_H

#include "store_backoff.h"
#include "store_limits.h"

/* lua/grant.lua: a slot (an open connection) for one delivery of this node. */
struct store_grant {
	const char *group, *ip, *node;
	int64_t open;        /* this node would then have, the new one included; what it says of the
	                        kernel is published with it, granted or not (open - 1 then) */
	int64_t connections; /* allowed to all nodes together; 0: no limit */
	int64_t waited_ms;   /* how long the delivery that asks has waited */
	bool more_wait;      /* others wait on this node behind it */
	int64_t stamp_ms;    /* when its message was taken: stamped anew if granted; 0: none */
	const struct limit *limits;
	size_t limit_count;
};

struct store_granted {
	enum store_taken outcome; /* TAKEN, NO_SLOT, HELD */
	int64_t now_ms;           /* TAKEN: the message's new stamp */
	int64_t open;             /* on all nodes, the asked one not included */
	int64_t others;           /* of them on other nodes */
	int64_t allowed;          /* connections, backoff considered; 0: no limit */
	bool in_turn; /* NO_SLOT: there is one, and a node whose delivery waits longer gets it */
	struct store_held held;
};
void store_put_grant(struct store_batch *batch, const struct store_grant *grant,
    struct store_granted *granted);

/* Nobody waits for a slot here any more. Unawaited. */
void store_put_no_wait(struct store_batch *batch, const char *group, const char *ip,
    const char *node);

/* lua/settle.lua: a delivery has ended. Unawaited. */
enum store_settle { STORE_STAMP, STORE_BACK };
struct store_settled {
	const char *group, *ip, *node;
	const struct limit *limits;
	size_t limit_count;
	int64_t stamp_ms; /* of its message (take, grant, an earlier settle); 0: none */
	enum store_settle what;
	bool counts; /* as in its take */
	/* Recipients, for the group's statistics of the hour. One or more delivered: one more message
	 * in its pace, so a message's figures are handed over in one call. */
	int64_t delivered, deferred, bounced, denied;
	int64_t greylisted; /* of those deferred */
};
/* now_ms, if not NULL: the new stamp. */
void store_put_settle(struct store_batch *batch, const struct store_settled *settled,
    int64_t *now_ms);

/* lua/restore.lua: what the rings lack of what this node has sent. sent: the ledger's count. */
struct store_restore {
	const char *group, *ip, *node;
	const struct limit *limits;
	size_t limit_count;
	int64_t sent;
	const char *const *newest; /* per limit, text as ledger_newest() makes it */
};
void store_put_restore(struct store_batch *batch, const struct store_restore *restore,
    int64_t *restored);

/* What a node tells of a lane, for `mxctl status`: mxpace:{g:GROUP}:queue:IP, node -> "OPEN open
 * WAITING waiting QUEUED queued RATE a minute until UNIXTIME". */
struct store_queue {
	int64_t open, waiting, queued;
	double per_minute; /* messages it can send; < 0: not limited */
};
void store_put_queue(struct store_batch *batch, const char *group, const char *ip, const char *node,
    const struct store_queue *queue, int64_t wall_s);
void store_put_queue_read(struct store_batch *batch, const char *group, const char *ip,
    struct store_fields *nodes);
/* Sum of those that still count. */
struct store_queue store_queue_total(const struct store_fields *nodes, int64_t wall_s);

#endif
