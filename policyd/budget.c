#include "budget.h"

#include <event2/event.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "answers.h"
#include "clock.h"
#include "decide.h"
#include "duration.h"
#include "mem.h"

enum { RENEW_MS = 250, RESTORE_MS = 100, AGAIN_MS = 10 };

/* A question to the store: outlives the message it is for. */
struct asking {
	TAILQ_ENTRY(asking) link;
	struct budgets *budgets;
	struct lane *lane;       /* a reference */
	struct message *message; /* NULL: it waits no more */
	unsigned generation;     /* of the limits that were asked about */
	struct store_took took;
	struct store_call *call;
};

struct budgets {
	struct egress *egress;
	TAILQ_HEAD(, message) taken;
	TAILQ_HEAD(, asking) asking;
	TAILQ_HEAD(, renewal) renewals;
	struct event *renew;   /* stamps long deliveries anew */
	struct event *retry;   /* lanes that were full */
	struct event *restore; /* while deciding locally with Redis there */
	int64_t retry_ms;
	int64_t waiters;
};

static void try_lane(struct budgets *budgets, struct lane *lane);

static void
add_timer(struct event *timer, int64_t ms)
{
	struct timeval wait = { ms / 1000, ms % 1000 * 1000 };

	evtimer_add(timer, &wait);
}

/* -- what the store is told -------------------------------------------------------------------- */

static struct store_settled
settled_of(const struct budgets *budgets, const struct lane *lane, enum store_settle what,
    int64_t stamp_ms, const struct budget_ended *ended)
{
	struct store_settled settled = {
		.group = lane_name(lane),
		.ip = lane_ip(lane),
		.node = budgets->egress->engine->settings->node,
		.limits = lane->limits.limits,
		.limit_count = lane->limits.limit_count,
		.stamp_ms = stamp_ms,
		.what = what,
		.counts = true,
	};

	if (ended != NULL) {
		settled.delivered = ended->delivered;
		settled.deferred = ended->deferred;
		settled.bounced = ended->bounced;
		settled.denied = ended->denied;
		settled.greylisted = ended->greylisted;
	}
	return settled;
}

/* For the outage guard. */
static void
tell_answers(const struct budgets *budgets, const struct lane *lane,
    const struct budget_ended *ended)
{
	if (ended != NULL)
		answers_count(budgets->egress->engine->answers, lane_name(lane), ended->delivered,
		    ended->bounced);
}

static void
send_settled(struct budgets *budgets, const struct store_settled *settled)
{
	struct store_async *store = budgets->egress->engine->store;

	store_put_settle(store_async_batch(store), settled, NULL);
	store_async_send(store);
}

/* -- words ------------------------------------------------------------------------------------- */

static void
word_refusal(struct lane *lane, const struct store_took *took)
{
	const struct store_held *held = &took->held;
	char limit[LIMIT_TEXT_SIZE], wait[DURATION_SIZE];
	size_t at = took->limit < lane->limits.limit_count ? took->limit : 0;

	if (took->outcome == STORE_NO_ROOM) {
		snprintf(lane->message_words, sizeof(lane->message_words),
		    "limit %s reached, next message in %s",
		    limit_format(&lane->limits.limits[at], limit),
		    duration_format_wait(took->wait_ms, wait));
		return;
	}
	switch (held->by) {
	case STORE_HOLD_PAUSED:
		snprintf(lane->message_words, sizeof(lane->message_words), "paused: %s", held->why);
		return;
	case STORE_HOLD_SUSPENDED:
		snprintf(lane->message_words, sizeof(lane->message_words),
		    "suspended by backoff for %s: %s", duration_format_wait(held->wait_ms, wait),
		    held->why);
		return;
	case STORE_HOLD_RATE:
		snprintf(lane->message_words, sizeof(lane->message_words),
		    "backoff allows %" PRId64 " messages an hour, next in %s: %s", held->per_hour,
		    duration_format_wait(held->wait_ms, wait), held->why);
		return;
	}
}

/* -- taking ------------------------------------------------------------------------------------ */

static struct message *
message_of(struct waiter *waiter)
{
	return (struct message *)((char *)waiter - offsetof(struct message, waiter));
}

static void
stop_waiting(struct budgets *budgets, struct message *message)
{
	TAILQ_REMOVE(&message->lane->for_message, &message->waiter, link);
	message->waiter.waits = false;
	message->lane->message_waiters--;
	budgets->waiters--;
}

static void
join_taken(struct budgets *budgets, struct message *message)
{
	message->budgets = budgets;
	message->lane->under_way++;
	TAILQ_INSERT_TAIL(&budgets->taken, message, link);
	if (!evtimer_pending(budgets->renew, NULL))
		add_timer(budgets->renew, RENEW_MS);
}

static void
leave_taken(struct message *message)
{
	TAILQ_REMOVE(&message->budgets->taken, message, link);
	message->lane->under_way--;
	message->taken = false;
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
	join_taken(budgets, message);
	message->done(message->arg, BUDGET_TAKEN);
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

/* The room that comes is asked for when it comes; what an operator or another node may change at
 * any time, every BUDGET_RECHECK_MS. */
static void
note_refusal(struct budgets *budgets, struct lane *lane, const struct store_took *took)
{
	int64_t wait_ms = took->outcome == STORE_NO_ROOM ? took->wait_ms : took->held.wait_ms;

	if (wait_ms <= 0 || wait_ms > BUDGET_RECHECK_MS)
		wait_ms = BUDGET_RECHECK_MS;
	word_refusal(lane, took);
	if (took->outcome == STORE_NO_ROOM)
		lane_note_full(lane, took->limit, took->wait_ms);
	else
		lane_note_room(lane);
	if (took->outcome == STORE_HELD && took->held.by == STORE_HOLD_SUSPENDED)
		lane_note_suspended(lane, took->held.wait_ms);
	lane->short_ms = clock_monotonic_ms();
	lane->full_until_ms = lane->short_ms + wait_ms;
	retry_at(budgets, lane->full_until_ms);
	turn_away(budgets, lane);
}

static void
on_asked(void *arg, enum store_outcome outcome, const struct err *err)
{
	struct asking *asking = arg;
	struct budgets *budgets = asking->budgets;
	struct lane *lane = asking->lane;
	struct message *message = asking->message;

	(void)err;
	lane->message_asking--;
	if (message != NULL)
		message->waiter.asks = false;
	if (outcome == STORE_REFUSED) {
		lane->full_until_ms = clock_monotonic_ms() + BUDGET_RECHECK_MS;
		lane_note_room(lane);
		snprintf(lane->message_words, sizeof(lane->message_words), "store: %.200s",
		    err->text);
		retry_at(budgets, lane->full_until_ms);
	} else if (outcome == STORE_DONE && asking->took.outcome != STORE_TAKEN) {
		/* Refused by limits that hold no more: the new ones are asked about at once. */
		if (asking->generation == lane->limits.generation)
			note_refusal(budgets, lane, &asking->took);
	} else if (outcome == STORE_DONE && message == NULL) {
		struct store_settled settled =
		    settled_of(budgets, lane, STORE_BACK, asking->took.now_ms, NULL);

		send_settled(budgets, &settled);
	} else if (outcome == STORE_DONE) {
		lane->full_until_ms = 0;
		lane_note_room(lane);
		budgets->egress->redis_ahead_ms = asking->took.now_ms - clock_monotonic_ms();
		lane->ledger.sent = asking->took.sent - 1; /* give() adds it */
		give(budgets, message, asking->took.now_ms);
	}
	TAILQ_REMOVE(&budgets->asking, asking, link);
	free(asking);
	try_lane(budgets, lane);
	lane_release(&lane);
}

static bool
ask_store(struct budgets *budgets, struct lane *lane, struct message *message)
{
	struct engine *engine = budgets->egress->engine;
	struct asking *asking = mem_alloc(sizeof(*asking));
	struct store_take take = {
		.group = lane_name(lane),
		.ip = lane_ip(lane),
		.node = engine->settings->node,
		.limits = lane->limits.limits,
		.limit_count = lane->limits.limit_count,
		.commit = true,
		.counts = true,
	};

	asking->budgets = budgets;
	asking->lane = lane_hold(lane);
	asking->message = message;
	asking->generation = lane->limits.generation;
	group_put_take(lane->group, lane->limits.generation, &take,
	    store_async_batch(engine->store), &asking->took);
	asking->call = store_async_run(engine->store, on_asked, asking, NULL);
	if (asking->call == NULL) {
		lane_release(&asking->lane);
		free(asking);
		return false;
	}
	TAILQ_INSERT_TAIL(&budgets->asking, asking, link);
	lane->message_asking++;
	message->waiter.asks = true;
	group_use(lane->group);
	return true;
}

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
			if (!ask_store(budgets, lane, message)) {
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
try_waiting(void *arg, struct lane *lane)
{
	struct budgets *budgets = arg;

	if (TAILQ_EMPTY(&lane->for_message))
		return;
	try_lane(budgets, lane);
	if (!TAILQ_EMPTY(&lane->for_message))
		retry_at(budgets, lane->full_until_ms > clock_monotonic_ms()
				      ? lane->full_until_ms
				      : clock_monotonic_ms() + BUDGET_RECHECK_MS);
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
			      ? clock_monotonic_ms() + BUDGET_RECHECK_MS
			      : clock_monotonic_ms());
}

/* -- what becomes of it ------------------------------------------------------------------------ */

static void
note_in_ledger(struct message *message, enum store_settle what)
{
	struct ledger *ledger = &message->lane->ledger;
	int64_t now_ms = clock_monotonic_ms();

	if (what == STORE_BACK)
		ledger_give_back(ledger, message->local_ms, now_ms);
	else
		ledger_move(ledger, message->local_ms, now_ms);
	message->local_ms = now_ms;
}

/* A message stamped anew while it goes on; what follows must know the new stamp. */
struct renewal {
	TAILQ_ENTRY(renewal) link;
	struct budgets *budgets;
	struct lane *lane;       /* a reference */
	struct message *message; /* NULL: it has ended meanwhile, as `what` and `ended` say */
	enum store_settle what;
	struct budget_ended ended;
	int64_t stamp_ms;
	struct store_call *call;
};

static void
free_renewal(struct renewal *renewal)
{
	TAILQ_REMOVE(&renewal->budgets->renewals, renewal, link);
	lane_release(&renewal->lane);
	free(renewal);
}

static void
on_renewed(void *arg, enum store_outcome outcome, const struct err *err)
{
	struct renewal *renewal = arg;
	struct store_settled settled;

	(void)err;
	if (renewal->message != NULL) {
		renewal->message->renewal = NULL;
		if (outcome == STORE_DONE)
			renewal->message->stamp_ms = renewal->stamp_ms;
	} else {
		settled = settled_of(renewal->budgets, renewal->lane, renewal->what,
		    outcome == STORE_DONE ? renewal->stamp_ms : 0, &renewal->ended);
		send_settled(renewal->budgets, &settled);
	}
	free_renewal(renewal);
}

/* A delivery that outlasts its window must not fall out of it: it may say MAIL FROM at any time. */
static void
renew(struct budgets *budgets, struct message *message, int64_t now_ms)
{
	const struct mx_limits *limits = &message->lane->limits;
	struct store_async *store = budgets->egress->engine->store;
	struct store_settled settled;
	struct renewal *renewal;

	if (limits->limit_count == 0 || message->renewal != NULL ||
	    now_ms - message->local_ms < limits->limits[0].period_ms / 2)
		return;
	note_in_ledger(message, STORE_STAMP);
	if (message->stamp_ms == 0)
		return;
	renewal = mem_alloc(sizeof(*renewal));
	settled = settled_of(budgets, message->lane, STORE_STAMP, message->stamp_ms, NULL);
	store_put_settle(store_async_batch(store), &settled, &renewal->stamp_ms);
	renewal->call = store_async_run(store, on_renewed, renewal, NULL);
	if (renewal->call == NULL) {
		free(renewal);
		return;
	}
	renewal->budgets = budgets;
	renewal->message = message;
	renewal->lane = lane_hold(message->lane);
	TAILQ_INSERT_TAIL(&budgets->renewals, renewal, link);
	message->renewal = renewal;
}

static void
on_renew(evutil_socket_t fd, short what, void *arg)
{
	struct budgets *budgets = arg;
	struct message *message;
	int64_t now_ms = clock_monotonic_ms();

	(void)fd;
	(void)what;
	TAILQ_FOREACH (message, &budgets->taken, link)
		renew(budgets, message, now_ms);
	if (!TAILQ_EMPTY(&budgets->taken))
		add_timer(budgets->renew, RENEW_MS);
}

static void
end_message(struct budgets *budgets, struct message *message, enum store_settle what,
    const struct budget_ended *ended)
{
	int64_t stamp_ms = message->local && budgets->egress->redis_ahead_ms != 0
			       ? message->taken_ms + budgets->egress->redis_ahead_ms
			       : message->stamp_ms;
	struct store_settled settled = settled_of(budgets, message->lane, what, stamp_ms, ended);

	tell_answers(budgets, message->lane, ended);
	note_in_ledger(message, what);
	if (message->renewal != NULL) {
		message->renewal->message = NULL;
		message->renewal->what = what;
		message->renewal->ended = ended != NULL ? *ended : (struct budget_ended){ 0 };
		message->renewal = NULL;
	} else {
		send_settled(budgets, &settled);
	}
	leave_taken(message);
}

void
budgets_forget(struct message *message)
{
	if (message->taken)
		leave_taken(message);
}

void
budgets_adopt(struct budgets *budgets, struct message *message, struct lane *lane)
{
	message->lane = lane_hold(lane);
	message->taken = true;
	message->local_ms = clock_monotonic_ms();
	ledger_add(&lane->ledger, message->local_ms);
	join_taken(budgets, message);
}

void
budgets_cancel(struct budgets *budgets, struct message *message)
{
	struct asking *asking;

	if (message->lane == NULL)
		return;
	if (message->taken) {
		end_message(budgets, message, STORE_BACK, NULL);
		return;
	}
	stop_waiting(budgets, message);
	TAILQ_FOREACH (asking, &budgets->asking, link)
		if (asking->message == message)
			asking->message = NULL;
	lane_release(&message->lane);
}

void
budgets_stamped(struct budgets *budgets, struct message *message, int64_t stamp_ms)
{
	(void)budgets;
	if (!message->taken)
		return;
	if (stamp_ms != 0) {
		message->stamp_ms = stamp_ms;
		message->local = false;
	}
	note_in_ledger(message, STORE_STAMP);
}

void
budgets_end(struct budgets *budgets, struct message *message, bool sent,
    const struct budget_ended *ended)
{
	if (message->taken)
		end_message(budgets, message, sent ? STORE_STAMP : STORE_BACK, ended);
}

void
budgets_count(struct budgets *budgets, struct lane *lane, const struct budget_ended *ended)
{
	struct store_settled settled = settled_of(budgets, lane, STORE_STAMP, 0, ended);

	tell_answers(budgets, lane, ended);
	send_settled(budgets, &settled);
}

/* -- what Redis forgot ------------------------------------------------------------------------- */

static void
restore_lane(struct budgets *budgets, struct lane *lane)
{
	struct store_async *store = budgets->egress->engine->store;
	struct str newest[MX_LIMITS_MAX] = { 0 };
	const char *texts[MX_LIMITS_MAX];
	struct store_restore restore = {
		.group = lane_name(lane),
		.ip = lane_ip(lane),
		.node = budgets->egress->engine->settings->node,
		.limits = lane->limits.limits,
		.limit_count = lane->limits.limit_count,
		.sent = lane->ledger.sent,
		.newest = texts,
	};

	for (size_t i = 0; i < restore.limit_count; i++) {
		ledger_newest(&lane->ledger, i, INT64_MAX, clock_monotonic_ms(), &newest[i]);
		texts[i] = str_text(&newest[i]);
	}
	store_put_restore(store_async_batch(store), &restore, NULL);
	store_async_send(store);
	for (size_t i = 0; i < restore.limit_count; i++)
		str_free(&newest[i]);
	lane->unrestored = false;
}

static void
restore_known(void *arg, struct lane *lane)
{
	if (lane->ledger.sent > 0)
		restore_lane(arg, lane);
}

static void
restore_unrestored(void *arg, struct lane *lane)
{
	if (lane->unrestored)
		restore_lane(arg, lane);
}

void
budgets_restore(struct budgets *budgets, bool all)
{
	if (store_async_works(budgets->egress->engine->store))
		lanes_each(budgets->egress->lanes, all ? restore_known : restore_unrestored,
		    budgets);
}

static void
on_restore(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	budgets_restore(arg, false);
}

/* -- the whole --------------------------------------------------------------------------------- */

struct budgets *
budgets_new(struct egress *egress)
{
	struct budgets *budgets = mem_alloc(sizeof(*budgets));

	budgets->egress = egress;
	TAILQ_INIT(&budgets->taken);
	TAILQ_INIT(&budgets->asking);
	TAILQ_INIT(&budgets->renewals);
	budgets->renew = evtimer_new(egress->engine->base, on_renew, budgets);
	budgets->retry = evtimer_new(egress->engine->base, on_retry, budgets);
	budgets->restore = evtimer_new(egress->engine->base, on_restore, budgets);
	return budgets;
}

void
budgets_free(struct budgets **budgets)
{
	struct budgets *old = *budgets;
	struct asking *asking;
	struct renewal *renewal;

	*budgets = NULL;
	if (old == NULL)
		return;
	while ((asking = TAILQ_FIRST(&old->asking)) != NULL) {
		TAILQ_REMOVE(&old->asking, asking, link);
		store_async_cancel(&asking->call);
		lane_release(&asking->lane);
		free(asking);
	}
	while ((renewal = TAILQ_FIRST(&old->renewals)) != NULL) {
		store_async_cancel(&renewal->call);
		free_renewal(renewal);
	}
	event_free(old->renew);
	event_free(old->retry);
	event_free(old->restore);
	free(old);
}
