/*
 * ramp - judges the warm-ups of the fleet: what each day came to, group by group (warmup.h), and the
 * stage that follows, written to Redis for all nodes.
 *
 * Any mxpolicyd can do it; the one that has mxpace:warmup:lock does, and another one within a few
 * minutes when it is gone. Once a minute of Redis TIME; a day when it is over (UTC), a backoff at
 * once. A change is written only if the warm-up still is what it was judged by, so that two that
 * judge at once, or an operator meanwhile, do no harm.
 *
 * Each group of a warming IP is looked at once a day; once a minute only those that have come beyond
 * the beginning, and only for a backoff. Groups with too little mail to ever count have no state.
 */
#ifndef RAMP_H
#define RAMP_H

#include "settings.h"
#include "store_async.h"

enum { RAMP_TICK_S = 10, RAMP_LOCK_MS = 150000 };

struct ramp;

/* run: names this process among others of its node's name. */
struct ramp *ramp_new(struct event_base *base, struct store_async *store, struct settings *settings,
    const char *run);
void ramp_free(struct ramp **ramp);
/* After a reload. */
void ramp_rebind(struct ramp *ramp, struct store_async *store, struct settings *settings);

/* Asks whether there is anything to judge now, not with the next tick. */
void ramp_go(struct ramp *ramp);
bool ramp_is_busy(const struct ramp *ramp);

struct ramp_figures {
	uint64_t judged;     /* days of groups */
	uint64_t ups, downs; /* stages */
	uint64_t done;       /* groups */
};
struct ramp_figures ramp_figures(const struct ramp *ramp);

#endif
