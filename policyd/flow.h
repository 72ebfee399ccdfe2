/*
 * flow - one policy request from its attributes to its decision: gathers the facts decide() asks
 * for, from the MX cache or DNS and in one round trip to Redis, and does what follows (grants the
 * transaction its message and slot, gives back, counts, logs).
 *
 *   start -> decide -> needs MX -> mx_cached / mx_start -> decide -> needs store
 *         -> one pipelined write: quarantine entry, take -> decide -> decision
 */
#ifndef FLOW_H
#define FLOW_H

#include "decide.h"
#include "engine.h"
#include "policy.h"

struct flow;

/* The decision; good during the call. */
typedef void flow_done(void *arg, const struct decision *decision);

struct flow *flow_new(struct engine *engine, struct transaction **owner, flow_done *done,
    void *arg);
/* Ends what is under way, without its callback. */
void flow_free(struct flow **flow);

/* Starts on a request; the flow must be idle. Returns the decision if it needs nothing to wait for
 * (then no callback comes), else NULL, and the callback comes later, by dns_timeout +
 * store_timeout. The request's spans need not live on. */
const struct decision *flow_start(struct flow *flow, const struct policy_request *request);
/* Ends a request that waits for DNS and has not touched anything: it can be asked again. */
void flow_break_off(struct flow *flow);
bool flow_is_idle(const struct flow *flow);

#endif
