#include "store_events.h"

#include <hiredis/hiredis.h>
#include <inttypes.h>
#include <stdio.h>

#include "keys.h"
#include "store_reply.h"

static int
unexpected(const redisReply *reply, struct err *err)
{
	if (store_reply_status(reply, NULL, err) == 0)
		err_set(err, "XREAD answered something else");
	return -1;
}

static bool
is_list(const redisReply *reply, size_t least)
{
	return reply != NULL && reply->type == REDIS_REPLY_ARRAY && reply->elements >= least;
}

/* An entry: [ID, [name, value, ...]]. */
static int
read_event(const redisReply *reply, struct arena *arena, struct store_event *event)
{
	const redisReply *fields;

	if (!is_list(reply, 2) || reply->element[0]->type != REDIS_REPLY_STRING ||
	    !is_list(reply->element[1], 0))
		return -1;
	fields = reply->element[1];
	event->id =
	    arena_dup(arena, span_make(reply->element[0]->str, (size_t)reply->element[0]->len));
	event->fields = arena_alloc(arena, (fields->elements + 1) * sizeof(*event->fields));
	for (size_t i = 0; i < fields->elements; i++) {
		const redisReply *field = fields->element[i];

		if (field->type != REDIS_REPLY_STRING)
			return -1;
		event->fields[event->field_count].ptr =
		    arena_dup(arena, span_make(field->str, (size_t)field->len));
		event->fields[event->field_count++].len = (size_t)field->len;
	}
	return 0;
}

static int
read_events(const redisReply *reply, void *result, struct err *err)
{
	struct store_events *events = result;
	const redisReply *entries;

	events->count = 0;
	if (reply != NULL && reply->type == REDIS_REPLY_NIL)
		return 0;
	if (!is_list(reply, 1) || !is_list(reply->element[0], 2) ||
	    !is_list(reply->element[0]->element[1], 0))
		return unexpected(reply, err);
	entries = reply->element[0]->element[1];
	events->items =
	    arena_alloc(events->arena, (entries->elements + 1) * sizeof(*events->items));
	for (size_t i = 0; i < entries->elements; i++)
		if (read_event(entries->element[i], events->arena,
			&events->items[events->count++]) != 0)
			return unexpected(reply, err);
	return 0;
}

void
store_put_events_read(struct store_batch *batch, const char *after, int64_t most, int64_t wait_ms,
    struct store_events *events)
{
	store_batch_begin(batch, wait_ms > 0 ? 8 : 6);
	store_batch_arg(batch, SPAN("XREAD"));
	store_batch_arg(batch, SPAN("COUNT"));
	store_batch_arg_number(batch, most);
	if (wait_ms > 0) {
		store_batch_arg(batch, SPAN("BLOCK"));
		store_batch_arg_number(batch, wait_ms);
	}
	store_batch_arg(batch, SPAN("STREAMS"));
	store_batch_arg(batch, SPAN(KEYS_EVENTS));
	store_batch_arg_text(batch, after);
	store_batch_end(batch, read_events, events);
}

void
store_event_id(int64_t unix_s, char id[STORE_EVENT_ID_SIZE])
{
	int64_t ms = unix_s > 0 ? unix_s * 1000 - 1 : 0;

	snprintf(id, STORE_EVENT_ID_SIZE, "%" PRId64 "-%" PRIu64, ms, UINT64_MAX);
}

int64_t
store_event_ms(struct span id)
{
	long dash = span_find(id, SPAN("-"));
	unsigned long long ms, number;

	if (dash <= 0 || !span_number(span_make(id.ptr, (size_t)dash), &ms) ||
	    !span_number(span_from(id, (size_t)dash + 1), &number) || ms > INT64_MAX)
		return -1;
	return (int64_t)ms;
}
