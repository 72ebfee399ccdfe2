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
		err_set(err, "a stream answered something else");
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

/* What was deleted meanwhile has nil in place of itself or of its fields. */
static int
read_entries(const redisReply *entries, void *result, struct err *err)
{
	struct store_events *events = result;

	events->count = 0;
	if (!is_list(entries, 0))
		return unexpected(entries, err);
	events->items =
	    arena_alloc(events->arena, (entries->elements + 1) * sizeof(*events->items));
	for (size_t i = 0; i < entries->elements; i++) {
		const redisReply *entry = entries->element[i];

		if (entry->type == REDIS_REPLY_NIL ||
		    (is_list(entry, 2) && entry->element[1]->type == REDIS_REPLY_NIL))
			continue;
		if (read_event(entry, events->arena, &events->items[events->count++]) != 0)
			return unexpected(entries, err);
	}
	return 0;
}

static int
read_events(const redisReply *reply, void *result, struct err *err)
{
	struct store_events *events = result;

	events->count = 0;
	if (reply != NULL && reply->type == REDIS_REPLY_NIL)
		return 0;
	if (!is_list(reply, 1) || !is_list(reply->element[0], 2))
		return unexpected(reply, err);
	return read_entries(reply->element[0]->element[1], events, err);
}

int
store_reply_events(const redisReply *reply, void *result, struct err *err)
{
	return read_entries(reply, result, err);
}

void
store_put_events_read(struct store_batch *batch, const char *after, int64_t most, int64_t wait_ms,
    struct store_events *events)
{
	store_put_stream_read(batch, KEYS_EVENTS, after, most, wait_ms, events);
}

void
store_put_stream_read(struct store_batch *batch, const char *key, const char *after, int64_t most,
    int64_t wait_ms, struct store_events *events)
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
	store_batch_arg_text(batch, key);
	store_batch_arg_text(batch, after);
	store_batch_end(batch, read_events, events);
}

/* -- the consumer group ------------------------------------------------------------------------- */

void
store_put_events_group(struct store_batch *batch, const char *after)
{
	STORE_PUT(batch, store_reply_group, NULL, "XGROUP", "CREATE", KEYS_EVENTS, KEYS_NOTIFY,
	    after, "MKSTREAM");
}

void
store_put_events_take(struct store_batch *batch, const char *consumer, int64_t most,
    int64_t wait_ms, struct store_events *events)
{
	char count[24], wait[24];

	snprintf(count, sizeof(count), "%" PRId64, most);
	snprintf(wait, sizeof(wait), "%" PRId64, wait_ms);
	if (wait_ms > 0)
		STORE_PUT(batch, read_events, events, "XREADGROUP", "GROUP", KEYS_NOTIFY, consumer,
		    "COUNT", count, "BLOCK", wait, "STREAMS", KEYS_EVENTS, ">");
	else
		STORE_PUT(batch, read_events, events, "XREADGROUP", "GROUP", KEYS_NOTIFY, consumer,
		    "COUNT", count, "STREAMS", KEYS_EVENTS, ">");
}

/* [[ID, consumer, idle ms, times given], ...] */
static int
read_pending(const redisReply *reply, void *result, struct err *err)
{
	struct store_event_ids *ids = result;

	ids->count = 0;
	if (!is_list(reply, 0))
		return unexpected(reply, err);
	ids->items = arena_alloc(ids->arena, (reply->elements + 1) * sizeof(*ids->items));
	for (size_t i = 0; i < reply->elements; i++) {
		const redisReply *row = reply->element[i];

		if (!is_list(row, 3) || row->element[0]->type != REDIS_REPLY_STRING ||
		    row->element[2]->type != REDIS_REPLY_INTEGER)
			return unexpected(reply, err);
		if (row->element[2]->integer >= ids->idle_ms)
			ids->items[ids->count++] = arena_dup(ids->arena,
			    span_make(row->element[0]->str, (size_t)row->element[0]->len));
	}
	return 0;
}

void
store_put_events_pending(struct store_batch *batch, int64_t idle_ms, int64_t most,
    struct store_event_ids *ids)
{
	char count[24];

	ids->idle_ms = idle_ms;
	snprintf(count, sizeof(count), "%" PRId64, most);
	STORE_PUT(batch, read_pending, ids, "XPENDING", KEYS_EVENTS, KEYS_NOTIFY, "-", "+", count);
}

static void
claim(struct store_batch *batch, const char *consumer, int64_t idle_ms, const char *const *ids,
    size_t count, struct store_events *events)
{
	store_batch_begin(batch, 5 + count + (events == NULL));
	store_batch_arg(batch, SPAN("XCLAIM"));
	store_batch_arg(batch, SPAN(KEYS_EVENTS));
	store_batch_arg(batch, SPAN(KEYS_NOTIFY));
	store_batch_arg_text(batch, consumer);
	store_batch_arg_number(batch, idle_ms);
	for (size_t i = 0; i < count; i++)
		store_batch_arg_text(batch, ids[i]);
	if (events == NULL)
		store_batch_arg(batch, SPAN("JUSTID"));
	store_batch_end(batch, events != NULL ? read_entries : NULL, events);
}

void
store_put_events_claim(struct store_batch *batch, const char *consumer, int64_t idle_ms,
    const char *const *ids, size_t count, struct store_events *events)
{
	claim(batch, consumer, idle_ms, ids, count, events);
}

void
store_put_events_keep(struct store_batch *batch, const char *consumer, const char *const *ids,
    size_t count)
{
	claim(batch, consumer, 0, ids, count, NULL);
}

void
store_put_events_done(struct store_batch *batch, const char *const *ids, size_t count)
{
	store_batch_begin(batch, 3 + count);
	store_batch_arg(batch, SPAN("XACK"));
	store_batch_arg(batch, SPAN(KEYS_EVENTS));
	store_batch_arg(batch, SPAN(KEYS_NOTIFY));
	for (size_t i = 0; i < count; i++)
		store_batch_arg_text(batch, ids[i]);
	store_batch_end(batch, NULL, NULL);
}

void
store_put_events_leave(struct store_batch *batch, const char *consumer)
{
	STORE_PUT(batch, NULL, NULL, "XGROUP", "DELCONSUMER", KEYS_EVENTS, KEYS_NOTIFY, consumer);
}

/* -- IDs ---------------------------------------------------------------------------------------- */

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
