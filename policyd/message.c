#include "message.h"

#include <event2/event.h>
#include <stdlib.h>

#include "answers.h"
#include "clock.h"
#include "mem.h"
#include "store_egress.h"

enum { RENEW_MS = 250 };

struct messages {
	struct egress *egress;
	TAILQ_HEAD(, message) taken;
	TAILQ_HEAD(, renewal) renewals;
	struct event *renew; /* stamps long deliveries anew */
};

/* A message stamped anew while it goes on; what follows must know the new stamp. */
struct renewal {
	TAILQ_ENTRY(renewal) link;
	struct messages *messages;
	struct lane *lane;       /* a reference */
	struct message *message; /* NULL: it has ended meanwhile, as `what` and `ended` say */
	enum store_settle what;
	struct message_ended ended;
	int64_t stamp_ms;
	struct store_call *call;
};

/* -- what the store is told -------------------------------------------------------------------- */

static struct store_settled
settled_of(const struct messages *messages, const struct lane *lane, enum store_settle what,
    int64_t stamp_ms, const struct message_ended *ended)
{
	struct store_settled settled = {
		.group = lane_name(lane),
		.ip = lane_ip(lane),
		.node = messages->egress->engine->settings->node,
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
tell_answers(const struct messages *messages, const struct lane *lane,
    const struct message_ended *ended)
{
	if (ended != NULL)
		answers_count(messages->egress->engine->answers, lane_name(lane), ended->delivered,
		    ended->bounced);
}

static void
send_settled(struct messages *messages, const struct store_settled *settled)
{
	struct store_async *store = messages->egress->engine->store;

	store_put_settle(store_async_batch(store), settled, NULL);
	store_async_send(store);
}

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

/* -- a stamp renewed --------------------------------------------------------------------------- */

static void
free_renewal(struct renewal *renewal)
{
	TAILQ_REMOVE(&renewal->messages->renewals, renewal, link);
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
		settled = settled_of(renewal->messages, renewal->lane, renewal->what,
		    outcome == STORE_DONE ? renewal->stamp_ms : 0, &renewal->ended);
		send_settled(renewal->messages, &settled);
	}
	free_renewal(renewal);
}

/* A delivery that outlasts its window must not fall out of it: it may say MAIL FROM at any time. */
static void
renew(struct messages *messages, struct message *message, int64_t now_ms)
{
	const struct mx_limits *limits = &message->lane->limits;
	struct store_async *store = messages->egress->engine->store;
	struct store_settled settled;
	struct renewal *renewal;

	if (limits->limit_count == 0 || message->renewal != NULL ||
	    now_ms - message->local_ms < limits->limits[0].period_ms / 2)
		return;
	note_in_ledger(message, STORE_STAMP);
	if (message->stamp_ms == 0)
		return;
	renewal = mem_alloc(sizeof(*renewal));
	settled = settled_of(messages, message->lane, STORE_STAMP, message->stamp_ms, NULL);
	store_put_settle(store_async_batch(store), &settled, &renewal->stamp_ms);
	renewal->call = store_async_run(store, on_renewed, renewal, NULL);
	if (renewal->call == NULL) {
		free(renewal);
		return;
	}
	renewal->messages = messages;
	renewal->message = message;
	renewal->lane = lane_hold(message->lane);
	TAILQ_INSERT_TAIL(&messages->renewals, renewal, link);
	message->renewal = renewal;
}

static void
start_renewing(struct messages *messages)
{
	static const struct timeval wait = { 0, RENEW_MS * 1000 };

	if (!evtimer_pending(messages->renew, NULL))
		evtimer_add(messages->renew, &wait);
}

static void
on_renew(evutil_socket_t fd, short what, void *arg)
{
	struct messages *messages = arg;
	struct message *message;
	int64_t now_ms = clock_monotonic_ms();

	(void)fd;
	(void)what;
	TAILQ_FOREACH (message, &messages->taken, link)
		renew(messages, message, now_ms);
	if (!TAILQ_EMPTY(&messages->taken))
		start_renewing(messages);
}

/* -- from take to end -------------------------------------------------------------------------- */

void
messages_add(struct messages *messages, struct message *message)
{
	message->lane->under_way++;
	TAILQ_INSERT_TAIL(&messages->taken, message, link);
	start_renewing(messages);
}

static void
leave(struct messages *messages, struct message *message)
{
	TAILQ_REMOVE(&messages->taken, message, link);
	message->lane->under_way--;
	message->taken = false;
	lane_release(&message->lane);
}

void
message_stamped(struct message *message, int64_t stamp_ms)
{
	if (!message->taken)
		return;
	if (stamp_ms != 0) {
		message->stamp_ms = stamp_ms;
		message->local = false;
	}
	note_in_ledger(message, STORE_STAMP);
}

static void
end_message(struct messages *messages, struct message *message, enum store_settle what,
    const struct message_ended *ended)
{
	int64_t stamp_ms = message->local && messages->egress->redis_ahead_ms != 0
			       ? message->taken_ms + messages->egress->redis_ahead_ms
			       : message->stamp_ms;
	struct store_settled settled = settled_of(messages, message->lane, what, stamp_ms, ended);

	tell_answers(messages, message->lane, ended);
	note_in_ledger(message, what);
	if (message->renewal != NULL) {
		message->renewal->message = NULL;
		message->renewal->what = what;
		message->renewal->ended = ended != NULL ? *ended : (struct message_ended){ 0 };
		message->renewal = NULL;
	} else {
		send_settled(messages, &settled);
	}
	leave(messages, message);
}

void
messages_end(struct messages *messages, struct message *message, bool sent,
    const struct message_ended *ended)
{
	if (message->taken)
		end_message(messages, message, sent ? STORE_STAMP : STORE_BACK, ended);
}

void
messages_count(struct messages *messages, struct lane *lane, const struct message_ended *ended)
{
	struct store_settled settled = settled_of(messages, lane, STORE_STAMP, 0, ended);

	tell_answers(messages, lane, ended);
	send_settled(messages, &settled);
}

void
messages_give_back(struct messages *messages, struct lane *lane, int64_t stamp_ms)
{
	struct store_settled settled = settled_of(messages, lane, STORE_BACK, stamp_ms, NULL);

	send_settled(messages, &settled);
}

/* -- to another process ------------------------------------------------------------------------ */

void
messages_forget(struct messages *messages, struct message *message)
{
	if (message->taken)
		leave(messages, message);
}

void
messages_adopt(struct messages *messages, struct message *message, struct lane *lane)
{
	message->lane = lane_hold(lane);
	message->taken = true;
	message->local_ms = clock_monotonic_ms();
	ledger_add(&lane->ledger, message->local_ms);
	messages_add(messages, message);
}

/* -- the whole --------------------------------------------------------------------------------- */

struct messages *
messages_new(struct egress *egress)
{
	struct messages *messages = mem_alloc(sizeof(*messages));

	messages->egress = egress;
	TAILQ_INIT(&messages->taken);
	TAILQ_INIT(&messages->renewals);
	messages->renew = evtimer_new(egress->engine->base, on_renew, messages);
	return messages;
}

void
messages_free(struct messages **messages)
{
	struct messages *old = *messages;
	struct renewal *renewal;

	*messages = NULL;
	if (old == NULL)
		return;
	while ((renewal = TAILQ_FIRST(&old->renewals)) != NULL) {
		store_async_cancel(&renewal->call);
		free_renewal(renewal);
	}
	event_free(old->renew);
	free(old);
}
