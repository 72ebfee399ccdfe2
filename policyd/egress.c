#include "egress.h"

#include <event2/event.h>
#include <stdlib.h>
#include <string.h>

#include "arena.h"
#include "backoff.h"
#include "backoff_end.h"
#include "budget.h"
#include "clock.h"
#include "keys.h"
#include "mem.h"
#include "restore.h"
#include "route.h"
#include "slots.h"
#include "store_egress.h"
#include "transports_watch.h"

enum { TICK_S = 1, NODES_EVERY = 5, SWEEP_EVERY = 60, NODE_LOST_S = 15 };

/* What happens once a second. */
struct egress_clock {
	struct egress *egress;
	struct event *tick;
	unsigned ticks;
	struct arena arena; /* of the question about nodes under way */
	struct store_fields nodes;
	struct store_call *asking;
};

bool
egress_enforces(const struct egress *egress)
{
	return egress->engine->settings->enforce == ENFORCE_EGRESS;
}

enum egress_mode
egress_mode(const struct egress *egress)
{
	static const enum egress_mode modes[] = {
		[ON_FAILURE_PERMIT] = EGRESS_PERMIT,
		[ON_FAILURE_DEFER] = EGRESS_DEFER,
		[ON_FAILURE_LOCAL] = EGRESS_LOCAL,
	};

	if (egress->away_ms == 0)
		return EGRESS_FLEET;
	return modes[egress->engine->settings->on_store_failure];
}

/* -- Redis goes and comes ---------------------------------------------------------------------- */

static void
freeze(void *arg, struct lane *lane)
{
	(void)arg;
	lane_freeze(lane);
	lane->frozen_open = lane_open(lane);
}

static void
thaw(void *arg, struct lane *lane)
{
	(void)arg;
	lane->frozen_ms = 0;
	lane->full_until_ms = 0;
	lane_note_room(lane);
	lane->slot_retry_ms = 0;
}

void
egress_on_store(struct egress *egress, bool works)
{
	int64_t now_ms = clock_monotonic_ms();

	if (works) { /* perhaps another Redis, after a reload */
		groups_renew(egress->engine->groups);
		restore_lanes(egress, true);
		if (egress->away_ms != 0)
			egress->settled_ms = now_ms + EGRESS_SETTLE_S * INT64_C(1000);
		return;
	}
	egress->settled_ms = 0;
	if (egress->away_ms == 0) {
		egress->away_ms = now_ms;
		lanes_each(egress->lanes, freeze, NULL);
	}
}

static void
settle(struct egress *egress)
{
	if (egress->settled_ms == 0 || clock_monotonic_ms() < egress->settled_ms)
		return;
	restore_lanes(egress, true);
	egress->away_ms = egress->settled_ms = 0;
	lanes_each(egress->lanes, thaw, NULL);
}

/* -- the fleet --------------------------------------------------------------------------------- */

static void
on_nodes(void *arg, enum store_outcome outcome, const struct err *err)
{
	struct egress_clock *clock = arg;
	const struct store_fields *nodes = &clock->nodes;
	const char *self = clock->egress->engine->settings->node;
	struct local_fleet fleet = { 1, 0 };
	unsigned long long seen;

	(void)err;
	clock->asking = NULL;
	for (size_t i = 0; outcome == STORE_DONE && i + 1 < nodes->count; i += 2) {
		struct str name = { 0 };

		keys_decode(&name, nodes->items[i]);
		if (strcmp(str_text(&name), self) != 0 && span_number(nodes->items[i + 1], &seen) &&
		    (int64_t)seen > clock_wall_s() - NODE_LOST_S) {
			fleet.nodes++;
			fleet.rank += strcmp(str_text(&name), self) < 0;
		}
		str_free(&name);
	}
	if (outcome == STORE_DONE)
		clock->egress->fleet = fleet;
	arena_clear(&clock->arena);
}

static void
ask_nodes(struct egress_clock *clock)
{
	struct store_async *store = clock->egress->engine->store;

	if (clock->asking != NULL)
		return;
	clock->nodes = (struct store_fields){ .arena = &clock->arena };
	store_put_nodes(store_async_batch(store), &clock->nodes);
	clock->asking = store_async_run(store, on_nodes, clock, NULL);
}

/* For `mxctl status` and people with redis-cli. */
static void
tell_lane(void *arg, struct lane *lane)
{
	struct egress *egress = arg;
	struct store_async *store = egress->engine->store;
	struct store_queue queue = {
		.open = lane_open(lane),
		.waiting = lane_waiting(lane),
		.queued = intake_inside(&lane->intake, clock_monotonic_ms()),
		.per_minute = lane_per_minute(lane, egress->fleet.nodes),
	};

	if (queue.open + queue.waiting + queue.queued == 0)
		return;
	store_put_queue(store_async_batch(store), lane_name(lane), lane_ip(lane),
	    egress->engine->settings->node, &queue, clock_wall_s());
	store_async_send(store);
}

static void
on_tick(evutil_socket_t fd, short what, void *arg)
{
	struct egress_clock *clock = arg;
	struct egress *egress = clock->egress;

	(void)fd;
	(void)what;
	if (egress->engine->settings->enforce == ENFORCE_ADMISSION)
		return;
	settle(egress);
	lanes_each(egress->lanes, tell_lane, egress);
	backoff_end_look(egress);
	transports_watch(egress, false);
	if (clock->ticks % NODES_EVERY == 0)
		ask_nodes(clock);
	if (++clock->ticks % SWEEP_EVERY == 0)
		lanes_sweep(egress->lanes);
}

/* -- the whole --------------------------------------------------------------------------------- */

struct egress *
egress_new(struct engine *engine)
{
	struct egress *egress = mem_alloc(sizeof(*egress));
	struct timeval every = { TICK_S, 0 };

	egress->engine = engine;
	egress->fleet = (struct local_fleet){ 1, 0 };
	egress->lanes = lanes_new(engine->groups, engine->paces);
	egress->addresses = addresses_new(engine->base, engine->settings->state_dir);
	egress->slots = slots_new(egress);
	egress->budgets = budgets_new(egress);
	egress->messages = messages_new(egress);
	egress->clock = mem_alloc(sizeof(*egress->clock));
	egress->clock->egress = egress;
	egress->clock->tick = event_new(engine->base, -1, EV_PERSIST, on_tick, egress->clock);
	evtimer_add(egress->clock->tick, &every);
	transports_watch(egress, true);
	return egress;
}

void
egress_free(struct egress **egress)
{
	struct egress *old = *egress;

	*egress = NULL;
	if (old == NULL)
		return;
	store_async_cancel(&old->clock->asking);
	arena_clear(&old->clock->arena);
	event_free(old->clock->tick);
	free(old->clock);
	slots_free(&old->slots);
	budgets_free(&old->budgets);
	messages_free(&old->messages);
	addresses_free(&old->addresses);
	backoff_free(old);
	backoff_end_free(old);
	route_totals_free(&old->totals);
	lanes_free(&old->lanes);
	transports_known_clear(&old->transports);
	free(old);
}

void
egress_rebind(struct egress *egress)
{
	slots_rebind(egress->slots);
	transports_watch(egress, true);
}

void
egress_on_paces(struct egress *egress)
{
	lanes_follow(egress->lanes);
	budgets_wake(egress->budgets);
	slots_wake(egress->slots);
}
