#include "store_delivered.h"

#include <hiredis/hiredis.h>
#include <stdio.h>

#include "keys.h"
#include "store_reply.h"

static const char *const names[] = {
	[DELIVERED_NONE] = "none",
	[DELIVERED_CLEARED] = "cleared",
	[DELIVERED_RELEASED] = "released",
	[DELIVERED_HARD] = "hard",
	[DELIVERED_OLDER] = "older",
};

const char *
delivered_name(enum delivered outcome)
{
	return names[outcome];
}

static struct span
text_at(const redisReply *reply, size_t i)
{
	const redisReply *element = i < reply->elements ? reply->element[i] : NULL;

	return element != NULL && element->type == REDIS_REPLY_STRING
		   ? span_make(element->str, (size_t)element->len)
		   : SPAN("");
}

static int
unexpected(const char *what, const redisReply *reply, struct err *err)
{
	if (store_reply_status(reply, NULL, err) == 0)
		err_set(err, "%s answered something else", what);
	return -1;
}

static int
read_delivered(const redisReply *reply, void *result, struct err *err)
{
	struct store_delivered *delivered = result;
	struct quarantine_entry entry = { 0 };

	*delivered = (struct store_delivered){ 0 };
	if (reply == NULL || reply->type != REDIS_REPLY_ARRAY || reply->elements != 4)
		return unexpected("script delivered", reply, err);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (!span_eq(text_at(reply, 0), span_of(names[i])) ||
		    reply->element[3]->type != REDIS_REPLY_INTEGER)
			continue;
		quarantine_entry_set(&entry, SPAN("status"), text_at(reply, 2));
		reason_parse(text_at(reply, 1), &delivered->reason);
		delivered->outcome = (enum delivered)i;
		delivered->status = entry.status;
		delivered->expiry_s = reply->element[3]->integer;
		return 0;
	}
	return unexpected("script delivered", reply, err);
}

void
store_put_delivered(struct store_batch *batch, const char *addr, int64_t at_s,
    struct store_delivered *delivered)
{
	struct str key = { 0 };

	keys_quarantine(&key, addr);
	store_batch_begin_script(batch, SCRIPT_DELIVERED, 1, 3);
	store_batch_arg(batch, span_make(key.data, key.len));
	store_batch_arg_number(batch, 0);
	store_batch_arg_number(batch, at_s);
	store_batch_end(batch, read_delivered, delivered);
	str_free(&key);
}

static int
read_counted(const redisReply *reply, void *result, struct err *err)
{
	struct store_delivered_counted *counted = result;

	*counted = (struct store_delivered_counted){ 0 };
	if (reply == NULL || reply->type != REDIS_REPLY_ARRAY || reply->elements != 3)
		return unexpected("script delivered_count", reply, err);
	counted->counted = reply->element[0]->integer;
	counted->again = reply->element[1]->integer;
	counted->unknown = reply->element[2]->integer;
	return 0;
}

void
store_put_delivered_count(struct store_batch *batch, const struct store_delivered_count *count,
    struct store_delivered_counted *counted)
{
	char tag = sender_kind_tag(count->kind);
	struct str key = { 0 };

	store_batch_begin_script(batch, SCRIPT_DELIVERED_COUNT, 2, 2 + 3 + 2 * count->count);
	keys_sender_stats(&key, tag, count->name, "");
	store_batch_arg(batch, span_make(key.data, key.len));
	str_empty(&key);
	keys_sender_log(&key, tag, count->name);
	store_batch_arg(batch, span_make(key.data, key.len));
	store_batch_arg_number(batch, 0);
	store_batch_arg_text(batch, count->source);
	store_batch_arg_number(batch, count->known_only);
	for (size_t i = 0; i < count->count; i++) {
		store_batch_arg_text(batch, count->list[i].place);
		store_batch_arg_number(batch, count->list[i].at_s);
	}
	store_batch_end(batch, read_counted, counted);
	str_free(&key);
}

/* -- the stream -------------------------------------------------------------------------------- */

void
store_put_delivered_group(struct store_batch *batch, const char *group)
{
	STORE_PUT(batch, store_reply_group, NULL, "XGROUP", "CREATE", KEYS_DELIVERED, group, "0",
	    "MKSTREAM");
}

static void
add_text(struct store_fields *fields, struct span text)
{
	fields->items[fields->count++] = span_make(arena_dup(fields->arena, text), text.len);
}

/* The field of an entry. */
static const char *
part_name(size_t part)
{
	if (part < DELIVERED_ACCOUNT)
		return part == DELIVERED_ADDRESS ? "address" : "time";
	return sender_kind_name((enum sender_kind)(part - DELIVERED_ACCOUNT));
}

/* { id, { field, value, ... } }; an entry that was deleted meanwhile has nil in place of fields. */
static void
add_entry(struct store_fields *fields, const redisReply *entry)
{
	const redisReply *pairs = entry->elements == 2 ? entry->element[1] : NULL;
	struct span parts[DELIVERED_PARTS] = { [DELIVERED_ID] = text_at(entry, 0) };

	for (size_t i = 0; pairs != NULL && i + 1 < pairs->elements; i += 2)
		for (size_t part = DELIVERED_ADDRESS; part < DELIVERED_PARTS; part++)
			if (span_eq(text_at(pairs, i), span_of(part_name(part))))
				parts[part] = text_at(pairs, i + 1);
	for (size_t part = 0; part < DELIVERED_PARTS; part++)
		add_text(fields, parts[part]);
}

/* { { stream, { entry, ... } } }, or nil. */
static int
read_entries(const redisReply *reply, void *result, struct err *err)
{
	struct store_fields *fields = result;
	const redisReply *stream, *entries;

	fields->count = 0;
	if (reply != NULL && reply->type == REDIS_REPLY_NIL)
		return 0;
	if (reply == NULL || reply->type != REDIS_REPLY_ARRAY || reply->elements != 1)
		return unexpected("XREADGROUP", reply, err);
	stream = reply->element[0];
	entries = stream->elements == 2 ? stream->element[1] : NULL;
	if (entries == NULL)
		return unexpected("XREADGROUP", reply, err);
	fields->items = arena_alloc(fields->arena,
	    (entries->elements * DELIVERED_PARTS + 1) * sizeof(struct span));
	for (size_t i = 0; i < entries->elements; i++)
		add_entry(fields, entries->element[i]);
	return 0;
}

void
store_put_delivered_read(struct store_batch *batch, const char *group, const char *consumer,
    bool pending, size_t count, int64_t wait_ms, struct store_fields *entries)
{
	char most[24], wait[24];

	snprintf(most, sizeof(most), "%zu", count);
	snprintf(wait, sizeof(wait), "%lld", (long long)wait_ms);
	STORE_PUT(batch, read_entries, entries, "XREADGROUP", "GROUP", group, consumer, "COUNT",
	    most, "BLOCK", wait, "STREAMS", KEYS_DELIVERED, pending ? "0" : ">");
}

void
store_put_delivered_ack(struct store_batch *batch, const char *group, const struct span *ids,
    size_t count)
{
	store_batch_begin(batch, 3 + count);
	store_batch_arg(batch, SPAN("XACK"));
	store_batch_arg(batch, SPAN(KEYS_DELIVERED));
	store_batch_arg_text(batch, group);
	for (size_t i = 0; i < count; i++)
		store_batch_arg(batch, ids[i]);
	store_batch_end(batch, NULL, NULL);
}
