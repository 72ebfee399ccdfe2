/*
 * fake_maps - deliveries and routes of a test, instead of those of delivery.c and route.c: each
 * answers "OK <map> <key>" at once; a key that begins with "slow" or "held" when the test says so.
 */
#ifndef FAKE_MAPS_H
#define FAKE_MAPS_H

#include "check.h"

#include "delivery.h"
#include "mem.h"
#include "route.h"

struct fake_process { /* what a delivery and a route have in common */
	void (*done)(void *arg, const struct sockmap_reply *reply);
	void *arg;
	bool waiting, held;
	struct sockmap_reply reply;
};

struct delivery {
	struct fake_process process;
};

struct route {
	struct fake_process process;
};

static struct fake_maps {
	unsigned deliveries, routes; /* there now */
	struct fake_process *waiting;
	bool unsettled; /* deliveries that are parked have something under way in Redis */
} fake_maps;

static inline bool
fake_ask(struct fake_process *process, const char *who, const struct sockmap_query *query,
    struct sockmap_reply *reply)
{
	assert_false(process->waiting); /* one at a time */
	sockmap_reply_set(&process->reply, ANSWER_OK, "%s %.*s %.*s", who, (int)query->name.len,
	    query->name.ptr, (int)query->key.len, query->key.ptr);
	process->held = span_starts(query->key, SPAN("held"));
	process->waiting = process->held || span_starts(query->key, SPAN("slow"));
	if (process->waiting) {
		fake_maps.waiting = process;
		return false;
	}
	*reply = process->reply;
	return true;
}

/* Answers the look-up that was asked last. */
static inline void
fake_maps_answer(void)
{
	struct fake_process *process = fake_maps.waiting;

	assert_non_null(process);
	fake_maps.waiting = NULL;
	process->waiting = process->held = false;
	process->done(process->arg, &process->reply);
}

static inline void
fake_forget(const struct fake_process *process)
{
	if (fake_maps.waiting == process)
		fake_maps.waiting = NULL;
}

struct delivery *
delivery_new(struct egress *egress, delivery_done *done, void *arg)
{
	struct delivery *delivery = mem_alloc(sizeof(*delivery));

	(void)egress;
	delivery->process = (struct fake_process){ .done = done, .arg = arg };
	fake_maps.deliveries++;
	return delivery;
}

void
delivery_free(struct delivery **delivery)
{
	if (*delivery == NULL)
		return;
	fake_forget(&(*delivery)->process);
	free(*delivery);
	*delivery = NULL;
	fake_maps.deliveries--;
}

bool
delivery_ask(struct delivery *delivery, const struct sockmap_query *query,
    struct sockmap_reply *reply)
{
	return fake_ask(&delivery->process, "delivery", query, reply);
}

bool
delivery_is_held(const struct delivery *delivery)
{
	return delivery->process.held;
}

bool
delivery_park(struct delivery *delivery)
{
	fake_forget(&delivery->process);
	delivery->process.waiting = delivery->process.held = false;
	return !fake_maps.unsettled;
}

void
delivery_pack(struct delivery *delivery, struct str *out)
{
	(void)delivery;
	pack_text(out, "delivery");
}

void
delivery_unpack(struct delivery *delivery, struct unpack *in)
{
	(void)delivery;
	assert_string_equal(unpack_text(in), "delivery");
}

void
route_pack(const struct route *route, struct str *out)
{
	(void)route;
	pack_text(out, "route");
}

void
route_unpack(struct route *route, struct unpack *in)
{
	(void)route;
	assert_string_equal(unpack_text(in), "route");
}

struct route *
route_new(struct egress *egress, route_done *done, void *arg)
{
	struct route *route = mem_alloc(sizeof(*route));

	(void)egress;
	route->process = (struct fake_process){ .done = done, .arg = arg };
	fake_maps.routes++;
	return route;
}

void
route_free(struct route **route)
{
	if (*route == NULL)
		return;
	fake_forget(&(*route)->process);
	free(*route);
	*route = NULL;
	fake_maps.routes--;
}

bool
route_ask(struct route *route, const struct sockmap_query *query, struct sockmap_reply *reply)
{
	return fake_ask(&route->process, "route", query, reply);
}

#endif
