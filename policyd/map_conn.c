#include "map_conn.h"

#include <stdlib.h>

#include "clock.h"
#include "delivery.h"
#include "mem.h"
#include "returnpath.h"
#include "route.h"
#include "sockmap.h"
#include "stream.h"

struct map_conn {
	struct egress *egress;
	struct stream stream;
	struct delivery *delivery; /* of an smtp process, from its first look-up on */
	struct route *route;       /* of a trivial-rewrite process, likewise */
	bool busy;                 /* one of them has a look-up of ours */
	map_conn_closed *closed;
	void *arg;
};

void
map_conn_free(struct map_conn **conn)
{
	struct map_conn *old = *conn;

	*conn = NULL;
	if (old == NULL)
		return;
	delivery_free(&old->delivery);
	route_free(&old->route);
	stream_clear(&old->stream);
	free(old);
}

static void
finish(struct map_conn *conn)
{
	conn->closed(conn->arg, conn);
	map_conn_free(&conn);
}

static void
on_over(void *user)
{
	struct map_conn *conn = user;

	conn->egress->figures.hung_up += conn->busy;
	finish(conn);
}

static bool
is_busy(const void *user)
{
	return ((const struct map_conn *)user)->busy;
}

static void
on_done(void *arg, const struct sockmap_reply *reply)
{
	struct map_conn *conn = arg;

	conn->busy = false;
	stream_release(&conn->stream);
	sockmap_format(reply, &conn->stream.out);
	stream_proceed(&conn->stream);
}

/* -- who answers which map --------------------------------------------------------------------- */

static bool
ask_route(struct map_conn *conn, const struct sockmap_query *query, struct sockmap_reply *reply)
{
	if (conn->route == NULL)
		conn->route = route_new(conn->egress, on_done, conn);
	return route_ask(conn->route, query, reply);
}

static bool
ask_delivery(struct map_conn *conn, const struct sockmap_query *query, struct sockmap_reply *reply)
{
	if (conn->delivery == NULL)
		conn->delivery = delivery_new(conn->egress, on_done, conn);
	return delivery_ask(conn->delivery, query, reply);
}

static bool
ask_returnpath(struct map_conn *conn, const struct sockmap_query *query,
    struct sockmap_reply *reply)
{
	const struct engine *engine = conn->egress->engine;

	returnpath_answer(engine->settings, &engine->verp_keys, query->key, clock_wall_s(), reply);
	return true;
}

static bool
refuse_unknown(struct map_conn *conn, const struct sockmap_query *query,
    struct sockmap_reply *reply)
{
	(void)conn;
	sockmap_reply_set(reply, ANSWER_PERM,
	    "no such map: %.*s (sender, transport, dns, connect, cache, status and returnpath "
	    "are)",
	    (int)query->name.len, query->name.ptr);
	return true;
}

static bool (*const askers[])(struct map_conn *conn, const struct sockmap_query *query,
    struct sockmap_reply *reply) = {
	[MAP_SENDER] = ask_route,
	[MAP_TRANSPORT] = ask_route,
	[MAP_DNS] = ask_delivery,
	[MAP_CONNECT] = ask_delivery,
	[MAP_CACHE] = ask_delivery,
	[MAP_STATUS] = ask_delivery,
	[MAP_RETURNPATH] = ask_returnpath,
	[MAP_UNKNOWN] = refuse_unknown,
};

/* In admission mode the socket is there for return paths alone. */
static bool
is_served(const struct map_conn *conn, const struct sockmap_query *query,
    struct sockmap_reply *reply)
{
	if (query->map == MAP_RETURNPATH || query->map == MAP_UNKNOWN ||
	    conn->egress->engine->settings->enforce != ENFORCE_ADMISSION)
		return true;
	sockmap_reply_set(reply, ANSWER_TEMP, "not asked while enforce = \"admission\"");
	return false;
}

/* -- look-ups ---------------------------------------------------------------------------------- */

static bool
take(void *user)
{
	struct map_conn *conn = user;
	const struct str *in = &conn->stream.in;
	struct sockmap_query query;
	struct sockmap_reply reply;
	struct err err;
	size_t used;

	switch (sockmap_parse(span_make(in->data, in->len), &query, &used, &err)) {
	case SOCKMAP_MORE:
		return false;
	case SOCKMAP_MALFORMED: /* no answer could be understood */
		conn->egress->figures.malformed++;
		stream_log_closed(&conn->stream, "malformed look-up: ", err.text);
		stream_refuse(&conn->stream);
		return true;
	case SOCKMAP_QUERY:
		break;
	}
	conn->egress->figures.lookups[query.map]++;
	conn->busy = is_served(conn, &query, &reply) && !askers[query.map](conn, &query, &reply);
	if (conn->busy) {
		stream_hold(&conn->stream, used);
		return true;
	}
	stream_consume(&conn->stream, used);
	sockmap_format(&reply, &conn->stream.out);
	return true;
}

static const struct stream_kind map_client = {
	.client = "map client",
	.request = "a look-up",
	.in_max = SOCKMAP_WIRE_MAX,
	.idle_ms = MAP_CONN_IDLE_MS,
	.wants_client = true,
	.take = take,
	.is_busy = is_busy,
	.over = on_over,
};

struct map_conn *
map_conn_new(struct egress *egress, int fd, map_conn_closed *closed, void *arg)
{
	struct map_conn *conn = mem_alloc(sizeof(*conn));

	conn->egress = egress;
	conn->closed = closed;
	conn->arg = arg;
	stream_init(&conn->stream, egress->engine, fd, &map_client, conn);
	return conn;
}

void
map_conn_drain(struct map_conn *conn)
{
	if (conn->busy && conn->delivery != NULL && delivery_is_held(conn->delivery))
		finish(conn);
	else
		stream_drain(&conn->stream);
}

/* -- to another process ------------------------------------------------------------------------ */

bool
map_conn_park(struct map_conn *conn)
{
	bool settled = true;

	if (conn->busy && conn->delivery != NULL && delivery_is_held(conn->delivery))
		conn->busy = false; /* its bytes are still there: it is asked again */
	if (!conn->busy && conn->delivery != NULL)
		settled = delivery_park(conn->delivery);
	return stream_park(&conn->stream) && settled;
}

void
map_conn_pack(struct map_conn *conn, struct str *out)
{
	pack_number(out, conn->route != NULL);
	if (conn->route != NULL)
		route_pack(conn->route, out);
	pack_number(out, conn->delivery != NULL);
	if (conn->delivery != NULL)
		delivery_pack(conn->delivery, out);
	stream_pack(&conn->stream, out);
}

void
map_conn_unpack(struct map_conn *conn, struct unpack *in)
{
	if (unpack_number(in) != 0) {
		conn->route = route_new(conn->egress, on_done, conn);
		route_unpack(conn->route, in);
	}
	if (unpack_number(in) != 0) {
		conn->delivery = delivery_new(conn->egress, on_done, conn);
		delivery_unpack(conn->delivery, in);
	}
	stream_unpack(&conn->stream, in);
}
