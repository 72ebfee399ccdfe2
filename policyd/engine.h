/*
 * engine - what every request is decided with: configuration, rules, store, MX cache, and the
 * transactions and slots of this node. One per mxpolicyd; reload.c swaps its parts.
 */
#ifndef ENGINE_H
#define ENGINE_H

#include "accounts.h"
#include "group.h"
#include "metrics.h"
#include "mx.h"
#include "mx_rules.h"
#include "paces.h"
#include "ramp.h"
#include "sending.h"
#include "settings.h"
#include "store_async.h"
#include "trace.h"
#include "transaction.h"
#include "verp_sign.h"

struct answers;
struct log_clock;
struct egress;
struct fleet;

struct engine {
	struct event_base *base;
	struct settings *settings;
	struct mx_rules *rules;
	char ip[SENDING_IP_SIZE]; /* the sending IP's name */
	struct verp_keys verp_keys;
	struct store_async *store;
	struct mx *mx;
	struct groups *groups;
	struct transactions *transactions;
	struct accounts *accounts;
	struct paces *paces;
	struct trace *trace; /* what mxctl trace follows */
	struct log_clock *log_clock;
	struct ramp *ramp;       /* judges warm-ups, if no other node does */
	struct answers *answers; /* what providers answer, for the outage guard */
	struct egress *egress;   /* what look-ups at delivery time are answered with */
	struct fleet *fleet;     /* figures of all nodes together */
	struct metrics metrics;
	int64_t away_since_ms; /* the store's; 0: it works, or was never there */
	int64_t started_s;
	char run[33]; /* names this process among others of its node's name */
	struct retired
	    *retired; /* parts a reload replaced, until the requests on them have ended */
	struct event *heartbeat;
	struct str run_before; /* what the node's entry in Redis said */
	bool warned_of_twin;
	bool was_another,
	    twin; /* the last heartbeat found another's entry; the one before it too */
};

/* Takes over the settings and rules (references). -1 and words. */
int engine_init(struct engine *engine, struct event_base *base, struct settings *settings,
    struct mx_rules *rules, struct err *err);
/* The other configuration from now on: requests under way end with the one they began with.
 * Counters, slots, MX cache and connections stay. Takes the references over if it succeeds. */
int engine_swap(struct engine *engine, struct settings *settings, struct mx_rules *rules,
    struct err *err);
/* Takes this node's slots and entry back from Redis; the event loop must run on for a moment.
 * handed_over: another process goes on with them, and they stand until it renews them. */
void engine_withdraw(struct engine *engine, bool handed_over);
void engine_clear(struct engine *engine);

#endif
