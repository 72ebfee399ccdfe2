#include "slots.h"

#include <event2/event.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "kernel_view.h"
#include "mem.h"
#include "offers.h"
#include "slot_question.h"
#include "store_egress.h"

struct slots {
	struct egress *egress;
	struct kernel_view *view;
	struct offers *offers;
	struct slot_questions *questions;
	struct event *timer;
	int64_t waiters;
	int64_t looked_ms, next_ms;
	int64_t look_us; /* what a look costs, of late */
};

/* -- when to look ------------------------------------------------------------------------------ */

static void
look_at(struct slots *slots, int64_t when_ms)
{
	int64_t soonest_ms = slots->looked_ms + slots->look_us * (SLOTS_LOOK_SHARE - 1) / 1000 + 1;
	int64_t wait_ms;
	struct timeval wait;

	if (when_ms < soonest_ms)
		when_ms = soonest_ms;
	wait_ms = when_ms - clock_monotonic_ms();
	if (slots->next_ms != 0 && slots->next_ms <= when_ms)
		return;
	slots->next_ms = when_ms;
	if (wait_ms < 0)
		wait_ms = 0;
	wait = (struct timeval){ wait_ms / 1000, wait_ms % 1000 * 1000 };
	evtimer_add(slots->timer, &wait);
}

static void
look_soon(struct slots *slots)
{
	look_at(slots, 0);
}

static void
look_again(struct slots *slots)
{
	if (slots->waiters > 0)
		look_at(slots, slots->looked_ms + SLOTS_WAIT_MS);
	else if (kernel_view_is_busy(slots->view) || !offers_are_empty(slots->offers))
		look_at(slots, slots->looked_ms + SLOTS_IDLE_MS);
}

static void
look(struct slots *slots)
{
	int64_t began_us = clock_monotonic_us();
	struct grant *stale;

	kernel_view_look(slots->view);
	slots->look_us = (7 * slots->look_us + clock_monotonic_us() - began_us) / 8;
	slots->looked_ms = clock_monotonic_ms();
	while ((stale = kernel_view_stale(slots->view, slots->looked_ms)) != NULL)
		slots_end(slots, stale, false);
}

void
slots_look_for(struct slots *slots, struct grant *grant)
{
	if (grant->live && grant->connecting && !grant->matched)
		look(slots);
}

/* -- the queue --------------------------------------------------------------------------------- */

static struct grant *
grant_of(struct waiter *waiter)
{
	return (struct grant *)((char *)waiter - offsetof(struct grant, waiter));
}

static void
set_ahead(struct grant *grant, bool ahead)
{
	if (grant->ahead == ahead)
		return;
	grant->ahead = ahead;
	grant->lane->ahead += ahead ? 1 : -1;
}

static void try_lane(struct slots *slots, struct lane *lane);

static void
try_now_or_soon(struct slots *slots, struct lane *lane)
{
	try_lane(slots, lane);
	if (!TAILQ_EMPTY(&lane->for_slot) && lane->slot_asking == NULL)
		look_soon(slots);
}

/* By how long their deliveries wait: one that passed in vain does not begin anew. */
static void
queue_up(struct waiters *queue, struct waiter *waiter)
{
	struct waiter *before = TAILQ_LAST(queue, waiters);

	while (before != NULL && before->since_ms > waiter->since_ms)
		before = TAILQ_PREV(before, waiters, link);
	if (before == NULL)
		TAILQ_INSERT_HEAD(queue, waiter, link);
	else
		TAILQ_INSERT_AFTER(queue, before, waiter, link);
}

void
slots_ask(struct slots *slots, struct grant *grant, struct lane *lane, int64_t since_ms,
    slot_done *done, void *arg)
{
	grant->lane = lane_hold(lane);
	grant->done = done;
	grant->arg = arg;
	grant->live = grant->passed = false;
	grant->waiter = (struct waiter){ .waits = true,
		.since_ms = since_ms,
		.asked_ms = clock_monotonic_ms() };
	queue_up(&lane->for_slot, &grant->waiter);
	set_ahead(grant, grant->next_hop == NULL);
	if (lane->slot_waiters++ == 0)
		lane->slot_words[0] = '\0';
	slots->waiters++;
	/* What is decided here is told from the event loop. */
	if (egress_mode(slots->egress) == EGRESS_FLEET)
		try_now_or_soon(slots, lane);
	else
		look_soon(slots);
}

static void
stop_waiting(struct slots *slots, struct grant *grant)
{
	slot_question_forget(grant);
	set_ahead(grant, false);
	TAILQ_REMOVE(&grant->lane->for_slot, &grant->waiter, link);
	grant->waiter.waits = false;
	grant->lane->slot_waiters--;
	slots->waiters--;
}

static void
note_wait(struct slots *slots, const struct grant *grant)
{
	histogram_observe(&slots->egress->figures.slot_waits,
	    (clock_monotonic_ms() - grant->waiter.asked_ms) * 1000);
}

/* -- passing ----------------------------------------------------------------------------------- */

/* The first who waits for that next hop has it. */
static bool
take_offer(void *arg, struct lane *lane, const char *next_hop)
{
	struct slots *slots = arg;
	struct waiter *waiter;

	TAILQ_FOREACH (waiter, &lane->for_slot, link) {
		struct grant *grant = grant_of(waiter);

		if (grant->next_hop == NULL || strcmp(grant->next_hop, next_hop) != 0)
			continue;
		stop_waiting(slots, grant);
		note_wait(slots, grant);
		grant->passed = true;
		lane->passed++;
		kernel_view_log(lane, "passed");
		grant->done(grant->arg, SLOT_PASSED);
		return true;
	}
	return false;
}

void
slots_offer(struct slots *slots, struct lane *lane, const char *next_hop)
{
	int64_t due_ms = offers_add(slots->offers, lane, next_hop);

	if (lane->slot_waiters > 0)
		look_at(slots, due_ms);
}

bool
slots_are_wanted(const struct lane *lane, const char *next_hop)
{
	struct waiter *waiter;

	TAILQ_FOREACH (waiter, &lane->for_slot, link) {
		const struct grant *grant = grant_of(waiter);

		if (grant->next_hop != NULL && strcmp(grant->next_hop, next_hop) == 0)
			return true;
	}
	return false;
}

/* The first who are still at `dns`. */
static void
send_ahead(struct slots *slots, struct lane *lane)
{
	int64_t most = (lane->limits.connections + 1) / 2;
	struct waiter *waiter, *next;

	if (most > SLOTS_AHEAD)
		most = SLOTS_AHEAD;
	if (lane->short_ms != 0 && clock_monotonic_ms() - lane->short_ms < SLOTS_AHEAD_PAUSE_MS)
		return;
	for (waiter = TAILQ_FIRST(&lane->for_slot); waiter != NULL && lane->ahead < most;
	     waiter = next) {
		struct grant *grant = grant_of(waiter);

		next = TAILQ_NEXT(waiter, link);
		if (grant->next_hop == NULL)
			continue;
		stop_waiting(slots, grant);
		set_ahead(grant, true);
		kernel_view_log(lane, "sent ahead");
		grant->done(grant->arg, SLOT_PASSED);
	}
}

/* -- granting ---------------------------------------------------------------------------------- */

static void
give(struct slots *slots, struct grant *grant, int64_t stamp_ms)
{
	stop_waiting(slots, grant);
	note_wait(slots, grant);
	grant->stamp_ms = stamp_ms;
	kernel_view_begin(slots->view, grant);
	look_at(slots, grant->bare_ms + SLOTS_IDLE_MS);
	grant->done(grant->arg, SLOT_GRANTED);
}

static bool
has_message(const struct grant *grant)
{
	return grant->message_ms != NULL && *grant->message_ms != 0;
}

static void
on_asked(void *arg, struct lane *lane, struct grant *grant, const struct store_granted *granted)
{
	struct slots *slots = arg;

	if (granted != NULL && granted->outcome == STORE_NO_SLOT)
		send_ahead(slots, lane);
	else if (granted != NULL && granted->outcome == STORE_TAKEN && grant == NULL)
		group_touch(lane->group); /* Redis was told of one more */
	else if (granted != NULL && granted->outcome == STORE_TAKEN)
		give(slots, grant, has_message(grant) ? granted->now_ms : 0);
	kernel_view_publish(slots->view, lane);
	try_now_or_soon(slots, lane);
}

static void
decide_locally(struct slots *slots, struct lane *lane, struct grant *grant)
{
	const struct egress *egress = slots->egress;
	int64_t limit = lane->limits.connections, cap = limit;

	if (egress_mode(egress) == EGRESS_LOCAL && limit > 0)
		cap = local_cap(limit, 0, lane->frozen_ms != 0 ? lane->frozen_open : 0,
		    clock_monotonic_ms() - egress->away_ms, &egress->fleet);
	if (limit == 0 || egress_mode(egress) == EGRESS_PERMIT || lane_open(lane) < cap) {
		slots->egress->figures.local++;
		give(slots, grant, 0);
		if (!TAILQ_EMPTY(&lane->for_slot))
			look_soon(slots);
		return;
	}
	if (lane_open(lane) > cap)
		lane->over_ms = clock_monotonic_ms();
	snprintf(lane->slot_words, sizeof(lane->slot_words),
	    "%" PRId64 " connections of this node's %" PRId64 " (of %" PRId64
	    ") in use while Redis is away",
	    lane_open(lane), cap, limit);
}

static void
try_lane(struct slots *slots, struct lane *lane)
{
	struct waiter *first = TAILQ_FIRST(&lane->for_slot);

	if (first == NULL || lane->slot_asking != NULL)
		return;
	if (kernel_view_is_starting(slots->view)) {
		snprintf(lane->slot_words, sizeof(lane->slot_words), "mxpolicyd is starting");
		return;
	}
	switch (egress_mode(slots->egress)) {
	case EGRESS_FLEET:
		if (clock_monotonic_ms() >= lane->slot_retry_ms &&
		    slot_questions_ask(slots->questions, grant_of(first)))
			kernel_view_publish(slots->view, lane);
		return;
	case EGRESS_LOCAL:
	case EGRESS_PERMIT:
		decide_locally(slots, lane, grant_of(first));
		return;
	case EGRESS_DEFER:
		snprintf(lane->slot_words, sizeof(lane->slot_words), "store away");
		return;
	}
}

static void
try_waiting(void *arg, struct lane *lane)
{
	try_lane(arg, lane);
}

static void
on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct slots *slots = arg;

	(void)fd;
	(void)what;
	slots->next_ms = 0;
	look(slots);
	offers_make(slots->offers, slots->looked_ms);
	if (slots->waiters > 0)
		lanes_each(slots->egress->lanes, try_waiting, slots);
	look_again(slots);
}

/* -- the end of a grant ------------------------------------------------------------------------ */

static void
leave_queue(struct slots *slots, struct grant *grant)
{
	const struct engine *engine = slots->egress->engine;
	const struct lane *lane = grant->lane;

	stop_waiting(slots, grant);
	if (!TAILQ_EMPTY(&lane->for_slot) || egress_mode(slots->egress) != EGRESS_FLEET)
		return;
	store_put_no_wait(store_async_batch(engine->store), lane_name(lane), lane_ip(lane),
	    engine->settings->node);
	store_async_send(engine->store);
}

void
slots_end(struct slots *slots, struct grant *grant, bool talked)
{
	if (grant->lane == NULL)
		return;
	if (grant->waiter.waits) {
		leave_queue(slots, grant);
	} else if (grant->live) {
		kernel_view_end(slots->view, grant, talked);
	} else if (grant->passed) {
		grant->passed = false;
		grant->lane->passed--;
	}
	set_ahead(grant, false);
	if (slots->waiters > 0)
		look_soon(slots);
	else
		look_again(slots);
	lane_release(&grant->lane);
}

/* -- of another process ------------------------------------------------------------------------ */

void
slots_adopt(struct slots *slots, struct grant *grant, struct lane *lane, bool passed)
{
	int64_t granted_ms = grant->granted_ms;

	grant->lane = lane_hold(lane);
	grant->passed = passed;
	if (passed) {
		lane->passed++;
		return;
	}
	kernel_view_begin(slots->view, grant);
	grant->granted_ms = granted_ms;
}

void
slots_adopted(struct slots *slots, bool sees)
{
	kernel_view_skip_start(slots->view, sees);
	look(slots);
	look_again(slots);
}

/* -- the whole --------------------------------------------------------------------------------- */

struct slots *
slots_new(struct egress *egress)
{
	struct slots *slots = mem_alloc(sizeof(*slots));

	slots->egress = egress;
	slots->view = kernel_view_new(egress);
	slots->offers = offers_new(take_offer, slots);
	slots->questions = slot_questions_new(egress, on_asked, slots);
	slots->timer = evtimer_new(egress->engine->base, on_timer, slots);
	slots_rebind(slots);
	return slots;
}

void
slots_free(struct slots **slots)
{
	struct slots *old = *slots;

	*slots = NULL;
	if (old == NULL)
		return;
	slot_questions_free(&old->questions);
	offers_free(&old->offers);
	kernel_view_free(&old->view);
	event_free(old->timer);
	free(old);
}

void
slots_wake(struct slots *slots)
{
	if (slots->waiters > 0)
		look_soon(slots);
}

void
slots_rebind(struct slots *slots)
{
	if (slots->egress->engine->settings->enforce != ENFORCE_ADMISSION)
		look_soon(slots);
}

bool
slots_see(const struct slots *slots)
{
	return kernel_view_sees(slots->view);
}

bool
slots_are_blind(const struct slots *slots)
{
	return kernel_view_is_blind(slots->view);
}

int64_t
slots_sockets(const struct slots *slots)
{
	return kernel_view_sockets(slots->view);
}
