#include "store_reply.h"

#include <hiredis/hiredis.h>
#include <stdio.h>
#include <string.h>

#include "arena.h"
#include "mem.h"
#include "store.h"
#include "store_egress.h"

/* 0 if the reply is of the wanted type; else words. */
static int
expect(const redisReply *reply, int type, struct err *err)
{
	if (reply == NULL) {
		err_set(err, "no reply");
		return -1;
	}
	if (reply->type == REDIS_REPLY_ERROR) {
		err_set(err, "%.*s", (int)reply->len, reply->str);
		return -1;
	}
	if (reply->type != type) {
		err_set(err, "a reply of type %d instead of %d", reply->type, type);
		return -1;
	}
	return 0;
}

static struct span
text_of(const redisReply *reply)
{
	return reply->type == REDIS_REPLY_STRING || reply->type == REDIS_REPLY_STATUS
		   ? span_make(reply->str, (size_t)reply->len)
		   : SPAN("");
}

/* Element i as a number; integers and strings of digits are. */
static int64_t
number_at(const redisReply *reply, size_t i)
{
	const redisReply *element = i < reply->elements ? reply->element[i] : NULL;
	unsigned long long n;

	if (element == NULL)
		return -1;
	if (element->type == REDIS_REPLY_INTEGER)
		return element->integer;
	return span_number(text_of(element), &n) && n <= INT64_MAX ? (int64_t)n : -1;
}

int
store_reply_status(const redisReply *reply, void *result, struct err *err)
{
	(void)result;
	return reply != NULL && reply->type != REDIS_REPLY_ERROR
		   ? 0
		   : expect(reply, REDIS_REPLY_STATUS, err);
}

int
store_reply_group(const redisReply *reply, void *result, struct err *err)
{
	if (reply != NULL && reply->type == REDIS_REPLY_ERROR &&
	    span_starts(span_make(reply->str, (size_t)reply->len), SPAN("BUSYGROUP")))
		return 0;
	return store_reply_status(reply, result, err);
}

int
store_reply_decode(const struct store_command *command, const redisReply *reply, struct err *err)
{
	return (command->decode != NULL ? command->decode : store_reply_status)(reply,
	    command->result, err);
}

bool
store_reply_is_noscript(const redisReply *reply)
{
	return reply != NULL && reply->type == REDIS_REPLY_ERROR &&
	       span_starts(span_make(reply->str, (size_t)reply->len), SPAN("NOSCRIPT"));
}

int
store_reply_entry(const redisReply *reply, void *result, struct err *err)
{
	struct quarantine_entry *entry = result;

	*entry = (struct quarantine_entry){ 0 };
	if (expect(reply, REDIS_REPLY_ARRAY, err) != 0)
		return -1;
	for (size_t i = 0; i + 1 < reply->elements; i += 2)
		quarantine_entry_set(entry, text_of(reply->element[i]),
		    text_of(reply->element[i + 1]));
	return 0;
}

int
store_reply_found(const redisReply *reply, void *result, struct err *err)
{
	struct quarantine_entry **found = result;

	if (expect(reply, REDIS_REPLY_ARRAY, err) != 0)
		return -1;
	if (reply->elements == 0)
		return 0;
	*found = mem_alloc(sizeof(**found));
	return store_reply_entry(reply, *found, err);
}

/* Elements first..last, all of them numbers and none negative. */
static bool
are_numbers(const redisReply *reply, size_t first, size_t last)
{
	for (size_t i = first; i <= last; i++)
		if (number_at(reply, i) < 0)
			return false;
	return true;
}

static void
copy_text(char *out, size_t size, struct span text)
{
	size_t len = text.len < size ? text.len : size - 1;

	memcpy(out, text.ptr, len);
	out[len] = '\0';
}

/* {3, by, ms, messages an hour, why} of take.lua and grant.lua. */
static bool
read_held(const redisReply *reply, struct store_held *held)
{
	if (reply->elements != 5 || !are_numbers(reply, 1, 3) ||
	    number_at(reply, 1) > STORE_HOLD_RATE)
		return false;
	held->by = (enum store_hold)number_at(reply, 1);
	held->wait_ms = number_at(reply, 2);
	held->per_hour = number_at(reply, 3);
	copy_text(held->why, sizeof(held->why), text_of(reply->element[4]));
	return true;
}

int
store_reply_took(const redisReply *reply, void *result, struct err *err)
{
	struct store_took *took = result;
	int64_t outcome;
	size_t count;

	*took = (struct store_took){ 0 };
	if (reply != NULL && reply->type == REDIS_REPLY_INTEGER && reply->integer >= 0) {
		took->now_ms = reply->integer; /* granted, the usual case */
		return 0;
	}
	if (expect(reply, REDIS_REPLY_ARRAY, err) != 0)
		return -1;
	outcome = number_at(reply, 0);
	count = reply->elements;
	if (outcome == STORE_TAKEN && count == 3 && are_numbers(reply, 1, 2)) {
		took->now_ms = number_at(reply, 1);
		took->sent = number_at(reply, 2);
	} else if (outcome == STORE_NO_SLOT && count == 3 && are_numbers(reply, 1, 2)) {
		took->open = number_at(reply, 1);
		took->allowed = number_at(reply, 2);
	} else if (outcome == STORE_NO_ROOM && count == 4 && are_numbers(reply, 1, 3) &&
		   number_at(reply, 1) >= 1) {
		took->limit = (size_t)number_at(reply, 1) - 1;
		took->used = number_at(reply, 2);
		took->wait_ms = number_at(reply, 3);
	} else if (outcome != STORE_HELD || !read_held(reply, &took->held)) {
		err_set(err, "script take answered something else");
		return -1;
	}
	took->outcome = (enum store_taken)outcome;
	return 0;
}

int
store_reply_removed(const redisReply *reply, void *result, struct err *err)
{
	struct store_removed *removed = result;

	*removed = (struct store_removed){ 0 };
	if (expect(reply, REDIS_REPLY_ARRAY, err) != 0)
		return -1;
	removed->removed = number_at(reply, 0);
	removed->expiry_s = number_at(reply, 1);
	if (removed->removed < 0 || removed->expiry_s < 0) {
		err_set(err, "script remove answered something else");
		return -1;
	}
	return 0;
}

int
store_reply_granted(const redisReply *reply, void *result, struct err *err)
{
	struct store_granted *granted = result;
	int64_t outcome;

	*granted = (struct store_granted){ 0 };
	if (expect(reply, REDIS_REPLY_ARRAY, err) != 0)
		return -1;
	outcome = number_at(reply, 0);
	if (outcome == STORE_TAKEN && reply->elements == 5 && are_numbers(reply, 1, 4)) {
		granted->now_ms = number_at(reply, 1);
		granted->open = number_at(reply, 2);
		granted->others = number_at(reply, 3);
		granted->allowed = number_at(reply, 4);
	} else if (outcome == STORE_NO_SLOT && reply->elements == 5 && are_numbers(reply, 1, 4)) {
		granted->open = number_at(reply, 1);
		granted->others = number_at(reply, 2);
		granted->allowed = number_at(reply, 3);
		granted->in_turn = number_at(reply, 4) != 0;
	} else if (outcome != STORE_HELD || !read_held(reply, &granted->held)) {
		err_set(err, "script grant answered something else");
		return -1;
	}
	granted->outcome = (enum store_taken)outcome;
	return 0;
}

int
store_reply_backoff(const redisReply *reply, void *result, struct err *err)
{
	struct store_backoff *backoff = result;

	*backoff = (struct store_backoff){ 0 };
	if (expect(reply, REDIS_REPLY_ARRAY, err) != 0)
		return -1;
	if (reply->elements != 9 || number_at(reply, 0) < 0 || !are_numbers(reply, 2, 5)) {
		err_set(err, "script backoff answered something else");
		return -1;
	}
	backoff->changed = number_at(reply, 0) != 0;
	copy_text(backoff->action, sizeof(backoff->action), text_of(reply->element[1]));
	backoff->any = *backoff->action != '\0';
	backoff->per_hour = number_at(reply, 2);
	backoff->connections = number_at(reply, 3);
	backoff->hold_ms = number_at(reply, 4);
	backoff->hits = number_at(reply, 5);
	copy_text(backoff->text, sizeof(backoff->text), text_of(reply->element[6]));
	copy_text(backoff->by, sizeof(backoff->by), text_of(reply->element[7]));
	copy_text(backoff->why, sizeof(backoff->why), text_of(reply->element[8]));
	return 0;
}

static const char *const count_names[] = {
	[STORE_COUNTED] = "counted",
	[STORE_QUARANTINED] = "quarantined",
	[STORE_KNOWN] = "known",
	[STORE_AGAIN] = "again",
	[STORE_SAME] = "same",
	[STORE_HELD_BACK] = "held",
	[STORE_OUTDATED] = "outdated",
};

const char *
store_count_name(enum store_count count)
{
	return count_names[count];
}

int
store_reply_counted(const redisReply *reply, void *result, struct err *err)
{
	struct store_counted *counted = result;
	struct quarantine_entry entry = { 0 };

	*counted = (struct store_counted){ 0 };
	if (expect(reply, REDIS_REPLY_ARRAY, err) != 0)
		return -1;
	for (size_t i = 0; reply->elements == 4 && i < sizeof(count_names) / sizeof(count_names[0]);
	     i++) {
		if (!span_eq(text_of(reply->element[0]), span_of(count_names[i])) ||
		    number_at(reply, 1) < 0 || number_at(reply, 3) < 0)
			continue;
		quarantine_entry_set(&entry, SPAN("status"), text_of(reply->element[2]));
		counted->outcome = (enum store_count)i;
		counted->errors = number_at(reply, 1);
		counted->status = entry.status;
		counted->expiry_s = number_at(reply, 3);
		return 0;
	}
	err_set(err, "script error answered something else");
	return -1;
}

int
store_reply_text(const redisReply *reply, void *result, struct err *err)
{
	struct str *text = result;

	str_empty(text);
	if (reply != NULL && reply->type == REDIS_REPLY_NIL)
		return 0;
	if (expect(reply, REDIS_REPLY_STRING, err) != 0)
		return -1;
	str_add_span(text, text_of(reply));
	return 0;
}

int
store_reply_number(const redisReply *reply, void *result, struct err *err)
{
	if (expect(reply, REDIS_REPLY_INTEGER, err) != 0)
		return -1;
	*(int64_t *)result = reply->integer;
	return 0;
}

int
store_reply_fields(const redisReply *reply, void *result, struct err *err)
{
	struct store_fields *fields = result;

	fields->count = 0;
	if (expect(reply, REDIS_REPLY_ARRAY, err) != 0)
		return -1;
	fields->items = arena_alloc(fields->arena, (reply->elements + 1) * sizeof(*fields->items));
	for (size_t i = 0; i < reply->elements; i++) {
		struct span text = text_of(reply->element[i]);

		fields->items[i] = span_make(arena_dup(fields->arena, text), text.len);
	}
	fields->count = reply->elements;
	return 0;
}

int
store_reply_scan(const redisReply *reply, void *result, struct err *err)
{
	struct store_page *page = result;
	unsigned long long number;
	struct span cursor;

	if (expect(reply, REDIS_REPLY_ARRAY, err) != 0)
		return -1;
	cursor = reply->elements == 2 ? text_of(reply->element[0]) : SPAN("");
	if (!span_number(cursor, &number) || cursor.len >= sizeof(page->cursor)) {
		err_set(err, "a scan answered something else");
		return -1;
	}
	memcpy(page->cursor, cursor.ptr, cursor.len);
	page->cursor[cursor.len] = '\0';
	return store_reply_fields(reply->element[1], &page->fields, err);
}
