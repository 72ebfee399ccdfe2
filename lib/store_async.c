#include "store_async.h"

#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "clock.h"
#include "mem.h"
#include "promptness.h"
#include "store_link.h"
#include "store_reply.h"

enum { PROBE_S = 1, CALLS_MAX = 100000 };

struct store_async {
	struct store_link *link;
	char *user, *password;
	int64_t db;
	int64_t timeout_ms;
	store_change *on_change;
	void *arg;

	struct event *expire;  /* the oldest run's deadline, or the greeting's */
	struct event *deliver; /* runs that failed within their own start */
	struct event *probe;   /* while Redis answers with errors: does it take a write again? */
	bool greeted;          /* Redis has answered on this connection */
	bool said_away;        /* what on_change was told last */
	bool told;             /* ... if anything */
	int64_t greeting_deadline_ms;

	struct store_batch batch;
	TAILQ_HEAD(store_calls, store_call) calls; /* oldest first: all deadlines are alike */
	struct store_calls failed;
	struct promptness promptness; /* of runs that are alone */
	struct store_async_figures figures;
};

enum call_kind { CALL_RUN, CALL_SEND, CALL_GREETING, CALL_PROBE };

/* One batch under way. Lives until its last reply came, even when done before; a cancelled run is
 * one that was only sent. */
struct store_call {
	TAILQ_ENTRY(store_call) link;
	struct store_async *store; /* NULL once the store is gone */
	enum call_kind kind;
	bool listed;        /* in store->calls */
	bool failing;       /* in store->failed */
	bool over;          /* done: replies to come are dropped */
	bool alone;         /* nothing else was under way when it began */
	size_t outstanding; /* replies still to come */
	enum store_outcome outcome;
	struct err *err; /* NULL: nothing went wrong */
	store_done *done;
	void *arg;
	int64_t deadline_ms, started_us;
	size_t count;
	struct call_command {
		struct store_link_command link; /* first, so that one is the other */
		struct store_call *call;
		struct store_command command;
		bool repeated; /* a NOSCRIPT was answered by loading and sending again */
	} * commands;
	char *wire; /* for sending again */
};

static void give_up(struct store_async *store, const char *words);

/* -- calls ----------------------------------------------------------------------------------- */

static void
tell(struct store_async *store, bool working, const char *words)
{
	if (store->told && store->said_away == !working)
		return;
	store->told = true;
	store->said_away = !working;
	store->on_change(store->arg, working, words);
}

static void
unlist(struct store_call *call)
{
	if (call->listed) {
		TAILQ_REMOVE(&call->store->calls, call, link);
		call->store->figures.waiting--;
	}
	if (call->failing)
		TAILQ_REMOVE(&call->store->failed, call, link);
	call->listed = call->failing = false;
}

static void
free_if_idle(struct store_call *call)
{
	if (!call->over || call->outstanding > 0)
		return;
	free(call->err);
	free(call);
}

static void
fail(struct store_call *call, enum store_outcome outcome, const char *words)
{
	if (call->err == NULL)
		call->err = mem_alloc(sizeof(*call->err));
	call->outcome = outcome;
	err_set(call->err, "%s", words);
}

/* Tells the caller, once. The call itself stays until its last reply. */
static void
finish(struct store_call *call)
{
	static const struct err none;
	struct store_async *store = call->store;

	unlist(call);
	call->over = true;
	if (call->outcome == STORE_REFUSED)
		store->figures.refused++;
	if (call->kind == CALL_RUN) {
		int64_t took_us = clock_monotonic_us() - call->started_us;

		histogram_observe(&store->figures.took, took_us);
		if (call->alone)
			promptness_learn(&store->promptness, took_us);
		call->done(call->arg, call->outcome, call->err != NULL ? call->err : &none);
	}
}

/* The same from within a start: later, by the event loop. */
static void
finish_later(struct store_call *call)
{
	struct timeval now = { 0, 0 };

	unlist(call);
	call->failing = true;
	TAILQ_INSERT_TAIL(&call->store->failed, call, link);
	evtimer_add(call->store->deliver, &now);
}

static void
on_deliver(evutil_socket_t fd, short what, void *arg)
{
	struct store_async *store = arg;
	struct store_call *call;

	(void)fd;
	(void)what;
	while ((call = TAILQ_FIRST(&store->failed)) != NULL) {
		finish(call);
		free_if_idle(call);
	}
}

static void
arm_deadline(struct store_async *store)
{
	struct store_call *oldest = TAILQ_FIRST(&store->calls);
	int64_t deadline_ms = oldest != NULL ? oldest->deadline_ms : 0;
	struct timeval wait;
	int64_t ms;

	if (store_link_exists(store->link) && !store->greeted &&
	    (deadline_ms == 0 || store->greeting_deadline_ms < deadline_ms))
		deadline_ms = store->greeting_deadline_ms;
	if (deadline_ms == 0) {
		evtimer_del(store->expire); /* of a run that is done, with an older time-out */
		return;
	}
	ms = deadline_ms - clock_monotonic_ms();
	ms = ms > 0 ? ms : 0;
	wait = (struct timeval){ ms / 1000, ms % 1000 * 1000 };
	evtimer_add(store->expire, &wait);
}

static void
on_expire(evutil_socket_t fd, short what, void *arg)
{
	struct store_async *store = arg;
	struct store_call *oldest = TAILQ_FIRST(&store->calls);
	int64_t now_ms = clock_monotonic_ms();

	(void)fd;
	(void)what;
	if ((oldest != NULL && oldest->deadline_ms <= now_ms) ||
	    (store_link_exists(store->link) && !store->greeted &&
		store->greeting_deadline_ms <= now_ms)) {
		char words[64];

		if (oldest != NULL) /* else a greeting that was refused is tried again */
			store->figures.timeouts++;
		snprintf(words, sizeof(words), "no answer within %lld ms",
		    (long long)store->timeout_ms);
		give_up(store, words);
	}
	arm_deadline(store);
}

/* Errors which say that Redis as a whole does not work for us now. */
static bool
is_lasting(const struct err *err)
{
	static const char *const words[] = { "LOADING", "OOM ", "READONLY", "MISCONF", "NOAUTH",
		"WRONGPASS", "NOPERM", "MASTERDOWN", "NOREPLICAS", "BUSY ", "CLUSTERDOWN",
		"ERR AUTH", "ERR invalid password", "ERR Client sent AUTH" };

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (span_starts(span_of(err->text), span_of(words[i])))
			return true;
	return false;
}

static void repeat_with_text(struct call_command *command);

/* Redis answers, but not as it should. Reads may well succeed all the while, so that only a write
 * of our own tells when it is over. */
static void
refuses(struct store_async *store, const char *words)
{
	struct timeval wait = { PROBE_S, 0 };

	tell(store, false, words);
	if (!evtimer_pending(store->probe, NULL))
		evtimer_add(store->probe, &wait);
}

static void
on_reply(struct store_link_command *link, const struct redisReply *reply)
{
	struct call_command *command = (struct call_command *)link;
	struct store_call *call = command->call;
	struct store_async *store = call->store;

	call->outstanding--;
	if (call->over) {
		free_if_idle(call);
		return;
	}
	if (reply == NULL) { /* disconnected: an ordinary outcome */
		fail(call, STORE_AWAY, "hung up");
	} else if (store_reply_is_noscript(reply) && command->command.script != SCRIPT_NONE &&
		   !command->repeated) {
		repeat_with_text(command);
		return;
	} else {
		struct err err;

		if (store_reply_decode(&command->command, reply, &err) != 0 &&
		    call->outcome == STORE_DONE) {
			fail(call, STORE_REFUSED, err.text);
			if (call->kind == CALL_PROBE || call->kind == CALL_GREETING ||
			    is_lasting(&err))
				refuses(store, err.text);
		}
	}
	if (call->outstanding > 0)
		return;
	if (call->kind == CALL_GREETING && call->outcome == STORE_DONE) {
		store->greeted = true;
		store_link_proved(store->link);
		tell(store, true, "");
	} else if (call->kind == CALL_PROBE && call->outcome == STORE_DONE) {
		tell(store, true, "");
	}
	finish(call);
	free_if_idle(call);
}

static struct store_call *
call_new(struct store_async *store, enum call_kind kind, store_done *done, void *arg)
{
	const struct store_batch *batch = &store->batch;
	struct store_call *call = mem_resize(NULL,
	    sizeof(*call) + batch->count * sizeof(struct call_command) + batch->wire.len);

	call->store = store;
	call->kind = kind;
	call->listed = call->failing = call->over = false;
	call->outstanding = 0;
	call->outcome = STORE_DONE;
	call->err = NULL;
	call->done = done;
	call->arg = arg;
	call->count = batch->count;
	call->commands = (struct call_command *)(call + 1);
	call->wire = (char *)(call->commands + batch->count);
	memcpy(call->wire, str_text(&batch->wire), batch->wire.len);
	for (size_t i = 0; i < batch->count; i++)
		call->commands[i] =
		    (struct call_command){ .call = call, .command = batch->commands[i] };
	return call;
}

static void
queue_wire(struct call_command *command, struct span wire)
{
	struct store_call *call = command->call;

	if (store_link_queue(call->store->link, wire, &command->link) == 0)
		call->outstanding++;
	else
		fail(call, STORE_AWAY, "hung up");
}

static struct span
wire_of(const struct call_command *command)
{
	return span_make(command->call->wire + command->command.start,
	    command->command.end - command->command.start);
}

static void
queue(struct call_command *command)
{
	queue_wire(command, wire_of(command));
}

static struct store_call *
start(struct store_async *store, enum call_kind kind, store_done *done, void *arg)
{
	struct store_call *call = call_new(store, kind, done, arg);

	store_batch_empty(&store->batch);
	call->started_us = clock_monotonic_us();
	call->deadline_ms = call->started_us / 1000 + store->timeout_ms;
	call->alone = TAILQ_EMPTY(&store->calls);
	call->listed = true;
	TAILQ_INSERT_TAIL(&store->calls, call, link);
	store->figures.waiting++;
	for (size_t i = 0; i < call->count; i++)
		queue(&call->commands[i]);
	store_link_flush(store->link);
	if (call->outstanding == 0)
		finish_later(call);
	else if (!evtimer_pending(store->expire, NULL))
		arm_deadline(store);
	return call;
}

/* Redis has forgotten the script (SCRIPT FLUSH, another Redis behind the name): the command goes once
 * more with the script's text. In one command, so that no flush comes between. */
static void
repeat_with_text(struct call_command *command)
{
	struct store_call *call = command->call;
	struct str wire = { 0 };

	command->repeated = true;
	store_batch_eval(wire_of(command), command->command.script, &wire);
	queue_wire(command, span_make(wire.data, wire.len));
	str_free(&wire);
	store_link_flush(call->store->link);
	if (call->outstanding == 0 && !call->over)
		finish_later(call);
}

static void
on_probe(evutil_socket_t fd, short what, void *arg)
{
	struct store_async *store = arg;

	(void)fd;
	(void)what;
	if (!store->greeted)
		return; /* connecting again tells */
	store_put_probe(store_async_batch(store));
	start(store, CALL_PROBE, NULL, NULL);
}

/* -- connection ------------------------------------------------------------------------------ */

static void
on_connecting(void *arg)
{
	struct store_async *store = arg;
	struct store_batch *batch = store_async_batch(store);

	store->greeting_deadline_ms = clock_monotonic_ms() + store->timeout_ms;
	store_put_login(batch, store->user, store->password, store->db);
	for (int i = 0; i < SCRIPT_COUNT; i++)
		store_put_script(batch, (enum script)i);
	start(store, CALL_GREETING, NULL, NULL);
}

static void
on_lost(void *arg, const char *words)
{
	struct store_async *store = arg;

	store->greeted = false;
	tell(store, false, words);
}

/* Ends a connection from our side. All calls under way end as away. */
static void
give_up(struct store_async *store, const char *words)
{
	struct store_call *call;

	store->greeted = false;
	tell(store, false, words);
	while ((call = TAILQ_FIRST(&store->calls)) != NULL) {
		fail(call, STORE_AWAY, words);
		finish(call);
		free_if_idle(call);
	}
	store_link_give_up(store->link);
}

/* -- public ---------------------------------------------------------------------------------- */

struct store_async *
store_async_new(struct event_base *base, const struct store_address *address, int64_t timeout_ms,
    store_change *on_change, void *arg, struct err *err)
{
	static const struct store_link_events events = { on_connecting, on_lost, on_reply };
	struct store_async *store = mem_alloc(sizeof(*store));

	store->user = mem_dup(address->user);
	store->password = mem_dup(address->password);
	store->db = address->db;
	store->timeout_ms = timeout_ms;
	store->on_change = on_change;
	store->arg = arg;
	TAILQ_INIT(&store->calls);
	TAILQ_INIT(&store->failed);
	store->expire = evtimer_new(base, on_expire, store);
	store->deliver = evtimer_new(base, on_deliver, store);
	store->probe = evtimer_new(base, on_probe, store);
	store->link = store_link_new(base, address, &events, store, err);
	if (store->link == NULL)
		store_async_free(&store);
	return store;
}

static void
drop(struct store_calls *calls)
{
	struct store_call *call;

	while ((call = TAILQ_FIRST(calls)) != NULL) {
		unlist(call);
		call->over = true;
		free_if_idle(call);
	}
}

void
store_async_free(struct store_async **store)
{
	struct store_async *old = *store;

	*store = NULL;
	if (old == NULL)
		return;
	drop(&old->calls);
	drop(&old->failed);
	store_link_free(&old->link);
	event_free(old->expire);
	event_free(old->deliver);
	event_free(old->probe);
	store_batch_free(&old->batch);
	free(old->user);
	free(old->password);
	free(old);
}

static void
ignore_change(void *arg, bool working, const char *words)
{
	(void)arg;
	(void)working;
	(void)words;
}

void
store_async_retire(struct store_async *store)
{
	store->on_change = ignore_change;
}

void
store_async_set_timeout(struct store_async *store, int64_t timeout_ms)
{
	int64_t latest_ms = clock_monotonic_ms() + timeout_ms;
	struct store_call *call;

	store->timeout_ms = timeout_ms;
	/* A later deadline before an earlier one would hide it. */
	TAILQ_FOREACH (call, &store->calls, link)
		if (call->deadline_ms > latest_ms)
			call->deadline_ms = latest_ms;
	arm_deadline(store);
}

bool
store_async_works(const struct store_async *store)
{
	return store->greeted && !store->said_away;
}

bool
store_async_expects(const struct store_async *store)
{
	const struct store_call *oldest = TAILQ_FIRST(&store->calls);

	return oldest != NULL && oldest->alone && oldest->kind == CALL_RUN &&
	       promptness_awaits(&store->promptness, clock_monotonic_us() - oldest->started_us);
}

struct store_batch *
store_async_batch(struct store_async *store)
{
	store_batch_empty(&store->batch);
	return &store->batch;
}

struct store_call *
store_async_run(struct store_async *store, store_done *done, void *arg, struct err *err)
{
	if (!store->greeted) {
		err_set(err, "not connected");
		return NULL;
	}
	if (store->figures.waiting >= CALLS_MAX) {
		err_set(err, "too many requests are waiting for Redis");
		return NULL;
	}
	store->figures.runs++;
	return start(store, CALL_RUN, done, arg);
}

void
store_async_cancel(struct store_call **call)
{
	struct store_call *old = *call;

	*call = NULL;
	if (old == NULL || old->over)
		return;
	/* Nobody waits for it any more. It keeps its place and its deadline, so that a Redis which
	 * hangs is given up and what was cancelled does not pile up behind it. */
	old->kind = CALL_SEND;
	for (size_t i = 0; i < old->count; i++) {
		old->commands[i].command.script =
		    SCRIPT_NONE; /* not once more, if it was forgotten */
		old->commands[i].command.decode = NULL;
		old->commands[i].command.result = NULL;
	}
}

void
store_async_send(struct store_async *store)
{
	if (!store->greeted || store->batch.count == 0 || store->figures.waiting >= CALLS_MAX) {
		store_batch_empty(&store->batch);
		return;
	}
	store->figures.sent++;
	start(store, CALL_SEND, NULL, NULL);
}

struct store_async_figures
store_async_figures(const struct store_async *store)
{
	struct store_async_figures figures = store->figures;

	figures.connects = store_link_connects(store->link);
	return figures;
}
