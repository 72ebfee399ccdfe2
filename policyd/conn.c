#include "conn.h"

#include <stdlib.h>

#include "flow.h"
#include "mem.h"
#include "policy.h"
#include "stream.h"

struct conn {
	struct engine *engine;
	struct stream stream;
	size_t seen; /* of the bytes in, without an end of request */
	struct flow *flow;
	struct transaction *transaction;
	conn_closed *closed;
	void *arg;
};

void
conn_free(struct conn **conn)
{
	struct conn *old = *conn;

	*conn = NULL;
	if (old == NULL)
		return;
	flow_free(&old->flow);
	transactions_disown(old->engine->transactions, &old->transaction);
	stream_clear(&old->stream);
	free(old);
}

static void
on_over(void *user)
{
	struct conn *conn = user;

	conn->closed(conn->arg, conn);
	conn_free(&conn);
}

static bool
is_busy(const void *user)
{
	const struct conn *conn = user;

	return !flow_is_idle(conn->flow);
}

static void
answer(struct conn *conn, const struct decision *decision)
{
	policy_format(decision->action, &conn->stream.out);
}

static void
refuse_malformed(struct conn *conn, const struct err *err)
{
	struct str action = { 0 };

	conn->engine->metrics.malformed++;
	stream_log_closed(&conn->stream, "malformed policy request: ", err->text);
	str_addf(&action, "DEFER_IF_PERMIT 4.3.5 mxpace: malformed policy request: %s", err->text);
	policy_format(str_text(&action), &conn->stream.out);
	str_free(&action);
	stream_refuse(&conn->stream);
}

static bool
take(void *user)
{
	struct conn *conn = user;
	const struct str *in = &conn->stream.in;
	struct policy_request request;
	const struct decision *decision;
	struct err err;
	size_t used;

	switch (policy_parse(span_make(in->data, in->len), &conn->seen, &request, &used, &err)) {
	case POLICY_MORE:
		return false;
	case POLICY_MALFORMED:
		refuse_malformed(conn, &err);
		return true;
	case POLICY_REQUEST:
		break;
	}
	decision = flow_start(conn->flow, &request);
	if (decision == NULL) {
		stream_hold(&conn->stream, used);
		return true;
	}
	stream_consume(&conn->stream, used);
	answer(conn, decision);
	return true;
}

static void
on_done(void *arg, const struct decision *decision)
{
	struct conn *conn = arg;

	stream_release(&conn->stream);
	answer(conn, decision);
	stream_proceed(&conn->stream);
}

static const struct stream_kind policy_client = {
	.client = "policy client",
	.request = "a request",
	.in_max = POLICY_REQUEST_MAX,
	.take = take,
	.is_busy = is_busy,
	.over = on_over,
};

struct conn *
conn_new(struct engine *engine, int fd, conn_closed *closed, void *arg)
{
	struct conn *conn = mem_alloc(sizeof(*conn));

	conn->engine = engine;
	conn->closed = closed;
	conn->arg = arg;
	conn->flow = flow_new(engine, &conn->transaction, on_done, conn);
	stream_init(&conn->stream, engine, fd, &policy_client, conn);
	return conn;
}

void
conn_drain(struct conn *conn)
{
	stream_drain(&conn->stream);
}

bool
conn_park(struct conn *conn)
{
	flow_break_off(conn->flow);
	return stream_park(&conn->stream);
}

void
conn_pack(struct conn *conn, struct str *out)
{
	pack_text(out, conn->transaction != NULL ? transaction_instance(conn->transaction) : "");
	stream_pack(&conn->stream, out);
}

void
conn_unpack(struct conn *conn, struct unpack *in)
{
	const char *instance = unpack_text(in);

	if (*instance != '\0')
		transactions_open(conn->engine->transactions, span_of(instance),
		    &conn->transaction);
	stream_unpack(&conn->stream, in);
}
