/*
 * egress - what look-ups at delivery time are answered with, beside the engine's parts. One per
 * engine, there always; it does nothing while enforce = "admission".
 *
 * While Redis is away, and for EGRESS_SETTLE_S after it is back (until every node has told it what
 * it may have forgotten), on_store_failure decides.
 */
#ifndef EGRESS_H
#define EGRESS_H

#include "addresses.h"
#include "engine.h"
#include "histogram.h"
#include "lane.h"
#include "local.h"
#include "sockets.h"
#include "transports_known.h"

enum { EGRESS_SETTLE_S = 3, EGRESS_LOOKUPS = 8 };

struct slots;
struct budgets;
struct messages;

struct egress_figures {
	uint64_t lookups[EGRESS_LOOKUPS]; /* by enum sockmap_map */
	uint64_t malformed, denied, hung_up;
	uint64_t unasked;               /* sockets without a connect look-up */
	uint64_t backoffs;              /* that status look-ups led to */
	uint64_t local;                 /* decided without Redis */
	struct histogram holds;         /* of look-ups whose answer was held */
	struct histogram slot_waits;    /* until a slot was granted, at once included */
	struct histogram message_waits; /* until a message was taken, likewise */
};

enum egress_mode {
	EGRESS_FLEET,  /* Redis decides */
	EGRESS_LOCAL,  /* this node for itself */
	EGRESS_PERMIT, /* nobody */
	EGRESS_DEFER,
};

struct egress {
	struct engine *engine;
	struct lanes *lanes;
	struct addresses *addresses;
	struct slots *slots;
	struct budgets *budgets;
	struct messages *messages;
	struct local_fleet fleet; /* mxpolicyd on this Redis, as last heard */
	int64_t away_ms;          /* since when Redis is away; 0: it is not */
	int64_t redis_ahead_ms;   /* Redis TIME less the monotonic clock, as last seen; 0: never */
	int64_t settled_ms;       /* from when on Redis decides again */
	struct egress_figures figures;
	struct transports_known transports; /* transports_watch.h */
	bool transports_missing;            /* that was said */
	struct egress_clock *clock;         /* what happens once a second; egress.c's own */
	struct route_totals *totals;        /* route.c's own; freed by route_totals_free */
	struct complaint *complaints;       /* backoff.c's own; freed by backoff_free */
	struct backoff_end *backoff_ends;   /* backoff_end.c's own; freed by backoff_end_free */
};

struct egress *egress_new(struct engine *engine);
void egress_free(struct egress **egress);
/* After a reload. */
void egress_rebind(struct egress *egress);
/* The store went away, or is back. */
void egress_on_store(struct egress *egress, bool works);

/* Levels or warm-ups are others: limits follow, and who waits is looked at anew. */
void egress_on_paces(struct egress *egress);

/* "observe" never holds, denies or changes anything. */
bool egress_enforces(const struct egress *egress);
enum egress_mode egress_mode(const struct egress *egress);

#endif
