#include "store_import.h"

#include <hiredis/hiredis.h>
#include <stdio.h>
#include <string.h>

#include "keys.h"
#include "store_reply.h"

static const char *const modes[] = {
	[STORE_IMPORT_NEWER] = "newer",
	[STORE_IMPORT_ADD] = "add",
	[STORE_IMPORT_FORCE] = "force",
	[STORE_IMPORT_REDO] = "redo",
};

static const char *const outcomes[] = {
	[STORE_WRITTEN] = "written",
	[STORE_UNCHANGED] = "same",
	[STORE_KEPT] = "kept",
	[STORE_OVER] = "over",
};

static int
unexpected(const char *script, const redisReply *reply, struct err *err)
{
	if (reply != NULL && reply->type == REDIS_REPLY_ERROR)
		err_set(err, "%s", reply->str);
	else
		err_set(err, "script %s answered something else", script);
	return -1;
}

static bool
is_pair(const redisReply *reply, int first)
{
	return reply != NULL && reply->type == REDIS_REPLY_ARRAY && reply->elements == 2 &&
	       reply->element[0]->type == first && reply->element[1]->type == REDIS_REPLY_INTEGER;
}

static int
read_imported(const redisReply *reply, void *result, struct err *err)
{
	struct store_imported *imported = result;

	if (!is_pair(reply, REDIS_REPLY_STRING))
		return unexpected("import", reply, err);
	for (size_t i = 0; i < sizeof(outcomes) / sizeof(outcomes[0]); i++)
		if (strcmp(reply->element[0]->str, outcomes[i]) == 0) {
			imported->outcome = (enum store_import_outcome)i;
			imported->expiry_s = reply->element[1]->integer;
			return 0;
		}
	return unexpected("import", reply, err);
}

static int
read_undone(const redisReply *reply, void *result, struct err *err)
{
	struct store_undone *undone = result;

	if (!is_pair(reply, REDIS_REPLY_INTEGER))
		return unexpected("undo", reply, err);
	undone->done = reply->element[0]->integer;
	undone->expiry_s = reply->element[1]->integer;
	return 0;
}

static void
add_key(struct store_batch *batch, const char *addr)
{
	struct str key = { 0 };

	keys_quarantine(&key, addr);
	store_batch_arg(batch, span_make(key.data, key.len));
	str_free(&key);
}

static void
add_mark(struct store_batch *batch, const char *id)
{
	char mark[64];

	snprintf(mark, sizeof(mark), "undo %s", id);
	store_batch_arg_text(batch, mark);
}

void
store_put_import(struct store_batch *batch, const struct store_import *import,
    struct store_imported *imported)
{
	store_batch_begin_script(batch, SCRIPT_IMPORT, 1, 5 + import->count);
	add_key(batch, import->addr);
	store_batch_arg_number(batch, 0);
	store_batch_arg_number(batch, import->expiry_s);
	store_batch_arg_text(batch, modes[import->mode]);
	if (import->mode == STORE_IMPORT_REDO)
		add_mark(batch, import->undo);
	else
		store_batch_arg_number(batch, import->at_s);
	for (size_t i = 0; i < import->count; i++)
		store_batch_arg(batch, import->items[i]);
	store_batch_end(batch, read_imported, imported);
}

static void
add_member(struct store_batch *batch, const char *addr)
{
	struct str member = { 0 };

	keys_encode(&member, span_of(addr));
	store_batch_arg(batch, span_make(str_text(&member), member.len));
	str_free(&member);
}

void
store_put_index_set(struct store_batch *batch, const struct store_index_row *rows, size_t count)
{
	size_t gone = 0;

	for (size_t i = 0; i < count; i++)
		gone += rows[i].expiry_s < 0;
	if (gone < count) {
		store_batch_begin(batch, 2 + 2 * (count - gone));
		store_batch_arg(batch, SPAN("ZADD"));
		store_batch_arg(batch, SPAN(KEYS_QUARANTINE_INDEX));
		for (size_t i = 0; i < count; i++) {
			if (rows[i].expiry_s < 0)
				continue;
			if (rows[i].expiry_s == 0)
				store_batch_arg(batch, SPAN("+inf"));
			else
				store_batch_arg_number(batch, rows[i].expiry_s);
			add_member(batch, rows[i].addr);
		}
		store_batch_end(batch, NULL, NULL);
	}
	if (gone > 0) {
		store_batch_begin(batch, 2 + gone);
		store_batch_arg(batch, SPAN("ZREM"));
		store_batch_arg(batch, SPAN(KEYS_QUARANTINE_INDEX));
		for (size_t i = 0; i < count; i++)
			if (rows[i].expiry_s < 0)
				add_member(batch, rows[i].addr);
		store_batch_end(batch, NULL, NULL);
	}
}

void
store_put_undo(struct store_batch *batch, const struct store_undo *undo,
    struct store_undone *undone)
{
	store_batch_begin_script(batch, SCRIPT_UNDO, 1, 8);
	add_key(batch, undo->addr);
	store_batch_arg_number(batch, 0);
	add_mark(batch, undo->id);
	store_batch_arg_number(batch, undo->quiet_s);
	store_batch_arg(batch, undo->status);
	store_batch_arg(batch, undo->reason);
	store_batch_arg(batch, undo->last);
	store_batch_arg(batch, undo->since);
	store_batch_end(batch, read_undone, undone);
}

/* -- records ----------------------------------------------------------------------------------- */

void
store_put_undo_record(struct store_batch *batch, const char *id,
    const struct store_event_field *fields, size_t count, int64_t now_s)
{
	struct str key = { 0 };
	char ttl[24], now[24], old[24];

	keys_undo(&key, id);
	store_batch_begin(batch, 2 + 2 * count);
	store_batch_arg(batch, SPAN("HSET"));
	store_batch_arg(batch, span_make(key.data, key.len));
	for (size_t i = 0; i < count; i++) {
		store_batch_arg_text(batch, fields[i].name);
		store_batch_arg_text(batch, fields[i].value);
	}
	store_batch_end(batch, NULL, NULL);
	snprintf(ttl, sizeof(ttl), "%d", STORE_UNDO_TTL_S);
	snprintf(now, sizeof(now), "%lld", (long long)now_s);
	snprintf(old, sizeof(old), "%lld", (long long)now_s - STORE_UNDO_TTL_S);
	STORE_PUT(batch, NULL, NULL, "EXPIRE", str_text(&key), ttl);
	STORE_PUT(batch, NULL, NULL, "ZADD", KEYS_UNDOS, now, id);
	STORE_PUT(batch, NULL, NULL, "ZREMRANGEBYSCORE", KEYS_UNDOS, "-inf", old);
	str_free(&key);
}

void
store_put_undo_chunk(struct store_batch *batch, const char *id, int64_t number, struct span text)
{
	struct str key = { 0 };

	keys_undo_chunk(&key, id, number);
	store_batch_begin(batch, 5);
	store_batch_arg(batch, SPAN("SET"));
	store_batch_arg(batch, span_make(key.data, key.len));
	store_batch_arg(batch, text);
	store_batch_arg(batch, SPAN("EX"));
	store_batch_arg_number(batch, STORE_UNDO_TTL_S);
	store_batch_end(batch, NULL, NULL);
	str_free(&key);
}

void
store_put_undo_read(struct store_batch *batch, const char *id, struct store_fields *fields)
{
	struct str key = { 0 };

	keys_undo(&key, id);
	store_put_hash(batch, str_text(&key), fields);
	str_free(&key);
}

void
store_put_undo_chunk_read(struct store_batch *batch, const char *id, int64_t number,
    struct str *text)
{
	struct str key = { 0 };

	keys_undo_chunk(&key, id, number);
	STORE_PUT(batch, store_reply_text, text, "GET", str_text(&key));
	str_free(&key);
}

void
store_put_undos(struct store_batch *batch, struct store_fields *undos)
{
	STORE_PUT(batch, store_reply_fields, undos, "ZREVRANGE", KEYS_UNDOS, "0", "99",
	    "WITHSCORES");
}
