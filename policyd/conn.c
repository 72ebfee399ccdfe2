#include "conn.h"

#include <errno.h>
#include <event2/event.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "flow.h"
#include "log.h"
#include "mem.h"
#include "policy.h"

enum { READ_SIZE = 4096, OUT_MAX = 65536 };

struct conn {
	struct engine *engine;
	int fd;
	struct event *readable, *writable, *timer;
	struct str in;  /* bytes read and not yet answered */
	size_t seen;    /* of them, without an end of request */
	struct str out; /* answers the peer has not taken */
	struct flow *flow;
	struct transaction *transaction;
	bool reading;
	bool ended;   /* the peer sends no more; what is whole is still answered */
	bool closing; /* no further request; close once `out` is written */
	bool partial; /* something of a request or an answer waits for the peer */
	int64_t deadline_ms;
	conn_closed *closed;
	void *arg;
	void *place;
};

void
conn_set_place(struct conn *conn, void *place)
{
	conn->place = place;
}

void *
conn_place(const struct conn *conn)
{
	return conn->place;
}

void
conn_free(struct conn **conn)
{
	struct conn *old = *conn;

	*conn = NULL;
	if (old == NULL)
		return;
	flow_free(&old->flow);
	transactions_disown(old->engine->transactions, &old->transaction);
	event_free(old->readable);
	event_free(old->writable);
	event_free(old->timer);
	close(old->fd);
	str_free(&old->in);
	str_free(&old->out);
	free(old);
}

static void
finish(struct conn *conn)
{
	conn->closed(conn->arg, conn);
	conn_free(&conn);
}

/* Waiting for a request, or for the rest of one, or for the peer to take answers. The timer itself
 * is not touched each time: when it fires early it is set anew. */
static void
set_deadline(struct conn *conn)
{
	const struct settings *settings = conn->engine->settings;
	bool idle = conn->in.len == 0 && conn->out.len == 0;

	conn->deadline_ms =
	    clock_monotonic_ms() + (idle ? settings->policy_idle_ms : settings->policy_timeout_ms);
}

static void
arm_timer(struct conn *conn, int64_t ms)
{
	struct timeval wait = { ms / 1000, ms % 1000 * 1000 };

	evtimer_add(conn->timer, &wait);
}

static void
on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct conn *conn = arg;
	int64_t left_ms = conn->deadline_ms - clock_monotonic_ms();

	(void)fd;
	(void)what;
	if (!flow_is_idle(conn->flow)) /* has deadlines of its own */
		left_ms = conn->engine->settings->policy_timeout_ms;
	if (left_ms > 0) {
		arm_timer(conn, left_ms);
		return;
	}
	if (conn->in.len > 0 || conn->out.len > 0) {
		conn->engine->metrics.timed_out++;
		log_warning("policy client closed: silent in the middle of %s (policy_timeout)",
		    conn->in.len > 0 ? "a request" : "an answer");
	}
	finish(conn);
}

/* Reading begins a deadline shorter than the one the timer was set for: have it look soon. */
static void
expect_rest(struct conn *conn)
{
	const struct settings *settings = conn->engine->settings;

	set_deadline(conn);
	arm_timer(conn, settings->policy_timeout_ms < settings->policy_idle_ms
			    ? settings->policy_timeout_ms
			    : settings->policy_idle_ms);
}

/* -- out --------------------------------------------------------------------------------------- */

/* Writes what the peer takes now. False: the connection is over. */
static bool
write_out(struct conn *conn)
{
	while (conn->out.len > 0) {
		ssize_t n = write(conn->fd, conn->out.data, conn->out.len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno != EAGAIN)
			return false;
		if (n < 0) {
			event_add(conn->writable, NULL);
			return true;
		}
		conn->out.len -= (size_t)n;
		memmove(conn->out.data, conn->out.data + n, conn->out.len);
	}
	return !(conn->closing && flow_is_idle(conn->flow));
}

static void
answer(struct conn *conn, const struct decision *decision)
{
	policy_format(decision->action, &conn->out);
}

/* -- in ---------------------------------------------------------------------------------------- */

static void
set_reading(struct conn *conn, bool reading)
{
	if (conn->reading == reading)
		return;
	conn->reading = reading;
	if (reading)
		event_add(conn->readable, NULL);
	else
		event_del(conn->readable);
}

static void
consume(struct conn *conn, size_t used)
{
	conn->in.len -= used;
	memmove(conn->in.data, conn->in.data + used, conn->in.len);
}

static void
refuse_malformed(struct conn *conn, const struct err *err)
{
	struct str action = { 0 };

	conn->engine->metrics.malformed++;
	log_warning("policy client closed: malformed policy request: %s", err->text);
	str_addf(&action, "DEFER_IF_PERMIT 4.3.5 mxpace: malformed policy request: %s", err->text);
	policy_format(str_text(&action), &conn->out);
	str_free(&action);
	conn->in.len = 0;
	conn->closing = true;
}

/* Answers requests until one must wait, none is whole, or the peer takes no more answers. True: at
 * least one was there. */
static bool
take_requests(struct conn *conn)
{
	bool any = false;

	while (!conn->closing && flow_is_idle(conn->flow) && conn->out.len < OUT_MAX) {
		struct policy_request request;
		const struct decision *decision;
		struct err err;
		size_t used;

		switch (policy_parse(span_make(conn->in.data, conn->in.len), &conn->seen, &request,
		    &used, &err)) {
		case POLICY_MORE:
			conn->closing = conn->ended;
			return any;
		case POLICY_MALFORMED:
			refuse_malformed(conn, &err);
			return true;
		case POLICY_REQUEST:
			break;
		}
		any = true;
		decision = flow_start(conn->flow, &request);
		consume(conn, used);
		if (decision != NULL)
			answer(conn, decision);
	}
	return any;
}

/* After anything that happened: go on with requests, write, read or stop reading, or close. */
static void
proceed(struct conn *conn)
{
	bool progress = false, more, partial;

	do { /* again when answers that filled `out` went out at once: nothing else would wake us */
		more = take_requests(conn);
		progress = progress || more;
		if (!write_out(conn)) {
			finish(conn);
			return;
		}
	} while (more && conn->out.len == 0);
	/* A client that sends ahead is read again when its answers are out. */
	set_reading(conn,
	    !conn->ended && conn->in.len <= POLICY_REQUEST_MAX && conn->out.len < OUT_MAX);
	partial = conn->in.len > 0 || conn->out.len > 0;
	if (!partial)
		set_deadline(conn);
	else if (progress || !conn->partial)
		expect_rest(conn); /* once: bytes that trickle in do not prolong it */
	conn->partial = partial;
}

static void
on_done(void *arg, const struct decision *decision)
{
	struct conn *conn = arg;

	answer(conn, decision);
	proceed(conn);
}

static void
on_writable(evutil_socket_t fd, short what, void *arg)
{
	struct conn *conn = arg;

	(void)fd;
	(void)what;
	/* First, so that there is room for answers. */
	if (write_out(conn))
		proceed(conn);
	else
		finish(conn);
}

static void
on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct conn *conn = arg;
	ssize_t n;

	(void)what;
	str_reserve(&conn->in, READ_SIZE);
	do
		n = read(fd, conn->in.data + conn->in.len, READ_SIZE);
	while (n < 0 && errno == EINTR);
	if (n < 0 && errno == EAGAIN)
		return;
	if (n < 0) {
		finish(conn);
		return;
	}
	conn->ended = n == 0;
	conn->in.len += (size_t)n;
	proceed(conn);
}

struct conn *
conn_new(struct engine *engine, int fd, conn_closed *closed, void *arg)
{
	struct conn *conn = mem_alloc(sizeof(*conn));

	conn->engine = engine;
	conn->fd = fd;
	conn->closed = closed;
	conn->arg = arg;
	conn->flow = flow_new(engine, &conn->transaction, on_done, conn);
	conn->readable = event_new(engine->base, fd, EV_READ | EV_PERSIST, on_readable, conn);
	conn->writable = event_new(engine->base, fd, EV_WRITE, on_writable, conn);
	conn->timer = evtimer_new(engine->base, on_timer, conn);
	set_reading(conn, true);
	set_deadline(conn);
	arm_timer(conn, engine->settings->policy_idle_ms);
	return conn;
}

void
conn_drain(struct conn *conn)
{
	conn->closing = true;
	if (flow_is_idle(conn->flow) && conn->out.len == 0)
		finish(conn);
}
