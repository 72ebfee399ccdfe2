#include "budget.h"

#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>

#include "clock.h"
#include "mem.h"
#include "message_question.h"
#include "restore.h"

enum { RESTORE_MS = 100, AGAIN_MS = 10 };

struct budgets {
	struct egress *egress;
	struct message_questions *questions;
	struct event *retry;   /* lanes that were full */
	struct event *restore; /* while deciding locally with Redis there */
	int64_t retry_ms;
	int64_t waiters;
};

static void
add_timer(struct event *timer, int64_t ms)
{
	struct timeval wait = { ms / 1000, ms % 1000 * 1000 };

	evtimer_add(timer, &wait);
}

static void
retry_at(struct budgets *budgets, int64_t when_ms)
{
	int64_t wait_ms = when_ms - clock_monotonic_ms();

	if (budgets->retry_ms != 0 && budgets->retry_ms <= when_ms)
		return;
	budgets->retry_ms = when_ms;
	add_timer(budgets->retry, wait_ms > 0 ? wait_ms : 0);
}

/* -- the queue --------------------------------------------------------------------------------- */

static struct message *
message_of(struct waiter *waiter)
{
	return (struct message *)((char *)waiter - offsetof(struct message, waiter));
}

/* The first that nothing is asked for yet. */
static struct message *
next_waiting(struct lane *lane)
{
	struct waiter *waiter;

	TAILQ_FOREACH (waiter, &lane->for_message, link)
		if (!waiter->asks)
			return message_of(waiter);
	return NULL;
}

static void
stop_waiting(struct budgets *budgets, struct message *message)
{
	TAILQ_REMOVE(&message->lane->for_message, &message->waiter, link);
	message->waiter.waits = false;
	message->lane->message_waiters--;
	budgets->waiters--;
}

void
budgets_cancel(struct budgets *budgets, struct message *message)
{
	if (message->lane == NULL)
		return;
	if (message->taken) {
		messages_end(budgets->egress->messages, message, false, NULL);
		return;
	}
	stop_waiting(budgets, message);
	message_questions_forget(budgets->questions, message);
	lane_release(&message->lane);
}

static void
give(struct budgets *budgets, struct message *message, int64_t stamp_ms)
{
	struct lane *lane = message->lane;

	stop_waiting(budgets, message);
	message->taken = true;
	message->local = stamp_ms == 0;
	message->stamp_ms = stamp_ms;
	message->taken_ms = message->local_ms = clock_monotonic_ms();
	ledger_add(&lane->ledger, message->local_ms);
	histogram_observe(&budgets->egress->figures.message_waits,
	    (message->taken_ms - message->waiter.asked_ms) * 1000);
	if (message->local)
		lane->unrestored = true;
	lane->messages++;
	lane->proven += lane->proven >= 0;
	messages_add(budgets->egress->messages, message);
	message->done(message->arg, BUDGET_TAKEN);
}

/* Those for whom it is too far away; whoever is told may do anything, so one begins anew after each.
 * One that is asked for at the moment hears for itself. */
static void
turn_away(struct budgets *budgets, struct lane *lane)
{
	int64_t now_ms = clock_monotonic_ms();
	struct waiter *waiter = TAILQ_FIRST(&lane->for_message);

	while (waiter != NULL) {
		struct message *message = message_of(waiter);

		waiter = TAILQ_NEXT(waiter, link);
		if (message->waiter.asks || !lane_is_far(lane, message->until_ms - now_ms, now_ms))
			continue;
		budgets_cancel(budgets, message);
		message->done(message->arg, BUDGET_FAR);
		waiter = TAILQ_FIRST(&lane->for_message);
	}
}

/* -- taking ------------------------------------------------------------------------------------ */

/* How many of one limit this node may have sent, while it decides for itself. */
static bool
has_local_room(const struct egress *egress, const struct lane *lane, size_t i)
{
	const struct limit *limit = &lane->limits.limits[i];
	int64_t now_ms = clock_monotonic_ms();
	int64_t had = lane->frozen_ms != 0 ? lane->frozen_used[i] : 0;
	int64_t cap = local_cap(limit->count, limit->period_ms, had, now_ms - egress->away_ms,
	    &egress->fleet);

	return ledger_used(&lane->ledger, i, now_ms) < cap;
}

static bool
decide_locally(struct budgets *budgets, struct lane *lane, struct message *message)
{
	struct egress *egress = budgets->egress;

	for (size_t i = 0; egress_mode(egress) == EGRESS_LOCAL && i < lane->limits.limit_count;
	     i++) {
		char limit[LIMIT_TEXT_SIZE];

		if (has_local_room(egress, lane, i))
			continue;
		snprintf(lane->message_words, sizeof(lane->message_words),
		    "this node's part of limit %s reached while Redis is away",
		    limit_format(&lane->limits.limits[i], limit));
		lane->full_until_ms = clock_monotonic_ms() + lane->limits.limits[i].width_ms;
		lane_note_room(lane);
		retry_at(budgets, lane->full_until_ms);
		return false;
	}
	egress->figures.local++;
	give(budgets, message, 0);
	if (!evtimer_pending(budgets->restore, NULL))
		add_timer(budgets->restore, RESTORE_MS);
	return true;
}

static void
try_lane(struct budgets *budgets, struct lane *lane)
{
	struct message *message;

	while ((message = next_waiting(lane)) != NULL) {
		enum egress_mode mode = egress_mode(budgets->egress);

		if (lane->full_until_ms > clock_monotonic_ms())
			return;
		if (mode == EGRESS_FLEET) {
			/* After a refusal one asks whether there is room again. */
			if (lane->message_asking >=
			    (lane->full_until_ms != 0 ? 1 : BUDGET_ASK_AT_ONCE))
				return;
			if (!message_questions_ask(budgets->questions, message)) {
				retry_at(budgets, clock_monotonic_ms() + AGAIN_MS);
				return;
			}
		} else if (mode == EGRESS_DEFER) {
			snprintf(lane->message_words, sizeof(lane->message_words), "store away");
			return;
		} else if (!decide_locally(budgets, lane, message)) {
			return;
		}
	}
}

static void
on_asked(void *arg, struct lane *lane, struct message *message, const struct store_took *took)
{
	struct budgets *budgets = arg;
	struct egress *egress = budgets->egress;

	if (took == NULL || took->outcome != STORE_TAKEN) {
		if (lane->full_until_ms > clock_monotonic_ms())
			retry_at(budgets, lane->full_until_ms);
		if (took != NULL)
			turn_away(budgets, lane);
	} else if (message == NULL) {
		messages_give_back(egress->messages, lane, took->now_ms);
	} else {
		lane->full_until_ms = 0;
		lane_note_room(lane);
		egress->redis_ahead_ms = took->now_ms - clock_monotonic_ms();
		lane->ledger.sent = took->sent - 1; /* give() adds it */
		give(budgets, message, took->now_ms);
	}
	try_lane(budgets, lane);
}

static void
try_waiting(void *arg, struct lane *lane)
{
	struct budgets *budgets = arg;

	if (TAILQ_EMPTY(&lane->for_message))
		return;
	try_lane(budgets, lane);
	if (!TAILQ_EMPTY(&lane->for_message))
		retry_at(budgets, lane->full_until_ms > clock_monotonic_ms()
				      ? lane->full_until_ms
				      : clock_monotonic_ms() + MESSAGE_QUESTION_AGAIN_MS);
}

static void
on_retry(evutil_socket_t fd, short what, void *arg)
{
	struct budgets *budgets = arg;

	(void)fd;
	(void)what;
	budgets->retry_ms = 0;
	if (budgets->waiters > 0)
		lanes_each(budgets->egress->lanes, try_waiting, budgets);
}

static void
on_restore(evutil_socket_t fd, short what, void *arg)
{
	struct budgets *budgets = arg;

	(void)fd;
	(void)what;
	restore_lanes(budgets->egress, false);
}

void
budgets_wake(struct budgets *budgets)
{
	if (budgets->waiters > 0)
		retry_at(budgets, clock_monotonic_ms());
}

void
budgets_ask(struct budgets *budgets, struct message *message, struct lane *lane,
    int64_t patience_ms, budget_done *done, void *arg)
{
	message->lane = lane_hold(lane);
	message->done = done;
	message->arg = arg;
	message->taken = false;
	message->until_ms = clock_monotonic_ms() + patience_ms;
	message->waiter = (struct waiter){ .waits = true, .since_ms = clock_monotonic_ms() };
	message->waiter.asked_ms = message->waiter.since_ms;
	TAILQ_INSERT_TAIL(&lane->for_message, &message->waiter, link);
	if (lane->message_waiters++ == 0 && lane->full_until_ms <= clock_monotonic_ms())
		lane->message_words[0] = '\0';
	budgets->waiters++;
	if (egress_mode(budgets->egress) == EGRESS_FLEET &&
	    lane->full_until_ms <= clock_monotonic_ms())
		try_lane(budgets, lane);
	/* Whatever is decided here is told from the event loop. */
	retry_at(budgets, egress_mode(budgets->egress) == EGRESS_FLEET
			      ? clock_monotonic_ms() + MESSAGE_QUESTION_AGAIN_MS
			      : clock_monotonic_ms());
}

/* -- the whole --------------------------------------------------------------------------------- */

struct budgets *
budgets_new(struct egress *egress)
{
	struct budgets *budgets = mem_alloc(sizeof(*budgets));

	budgets->egress = egress;
	budgets->questions = message_questions_new(egress, on_asked, budgets);
	budgets->retry = evtimer_new(egress->engine->base, on_retry, budgets);
	budgets->restore = evtimer_new(egress->engine->base, on_restore, budgets);
	return budgets;
}

void
budgets_free(struct budgets **budgets)
{
	struct budgets *old = *budgets;

	*budgets = NULL;
	if (old == NULL)
		return;
	message_questions_free(&old->questions);
	event_free(old->retry);
	event_free(old->restore);
	free(old);
}
