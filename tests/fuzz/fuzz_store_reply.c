/* Bytes as a Redis might send them, read in two pieces: every decoder takes every reply or refuses it
 * with words, and what it makes of it keeps the promises of store.h. */
#include <hiredis/hiredis.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "arena.h"
#include "store.h"
#include "store_egress.h"
#include "store_reply.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
unsigned long fuzz_accepted; /* replies that a script's, an entry's or a page's decoder took */

static struct arena arena;

static void
hold(bool promise)
{
	if (!promise)
		abort();
}

static void
check_fields(const struct store_fields *fields)
{
	struct limit limit;

	for (size_t i = 0; i < fields->count; i++)
		hold(fields->items[i].ptr[fields->items[i].len] == '\0'); /* readable to its end */
	limit_set(&limit, 5, 1000);
	(void)store_ring_used(fields, &limit, 100000);
	(void)store_ring_used(fields, &limit, INT64_MAX);
	hold(store_ring_wait(fields, &limit, 100000) >= 0);
	(void)store_open_total(fields, 1000);
	hold(store_queue_total(fields, 1000).open >= 0);
}

static void
check_held(const struct store_held *held)
{
	hold(held->by <= STORE_HOLD_RATE && held->wait_ms >= 0 && held->per_hour >= 0);
	hold(strlen(held->why) < sizeof(held->why));
}

static bool
decode_took(const redisReply *reply, struct err *err)
{
	struct store_took took;

	memset(&took, 0xff, sizeof(took));
	if (store_reply_took(reply, &took, err) != 0)
		return false;
	hold(took.outcome == STORE_TAKEN || took.outcome == STORE_NO_SLOT ||
	     took.outcome == STORE_NO_ROOM || took.outcome == STORE_HELD);
	hold(took.now_ms >= 0 && took.open >= 0 && took.used >= 0 && took.wait_ms >= 0);
	hold(took.sent >= 0 && took.allowed >= 0);
	check_held(&took.held);
	return true;
}

static bool
decode_granted(const redisReply *reply, struct err *err)
{
	struct store_granted granted;

	memset(&granted, 0xff, sizeof(granted));
	if (store_reply_granted(reply, &granted, err) != 0)
		return false;
	hold(granted.outcome == STORE_TAKEN || granted.outcome == STORE_NO_SLOT ||
	     granted.outcome == STORE_HELD);
	hold(granted.now_ms >= 0 && granted.open >= 0 && granted.others >= 0 &&
	     granted.allowed >= 0);
	check_held(&granted.held);
	return true;
}

static bool
decode_backoff(const redisReply *reply, struct err *err)
{
	struct store_backoff backoff;

	memset(&backoff, 0xff, sizeof(backoff));
	if (store_reply_backoff(reply, &backoff, err) != 0)
		return false;
	hold(backoff.any == (*backoff.action != '\0') && backoff.per_hour >= 0 &&
	     backoff.connections >= 0 && backoff.hold_ms >= 0 && backoff.hits >= 0);
	hold(strlen(backoff.action) < sizeof(backoff.action) &&
	     strlen(backoff.text) < sizeof(backoff.text) &&
	     strlen(backoff.by) < sizeof(backoff.by) && strlen(backoff.why) < sizeof(backoff.why));
	return true;
}

static bool
decode_counted(const redisReply *reply, struct err *err)
{
	struct store_counted counted;

	memset(&counted, 0xff, sizeof(counted));
	if (store_reply_counted(reply, &counted, err) != 0)
		return false;
	hold(*store_count_name(counted.outcome) != '\0' && counted.errors >= 0 &&
	     counted.expiry_s >= 0);
	hold(*quarantine_status_name(counted.status) != '\0');
	return true;
}

static bool
decode_entry(const redisReply *reply, struct err *err)
{
	struct quarantine_entry entry;
	struct str words = { 0 };

	memset(&entry, 0xff, sizeof(entry));
	if (store_reply_entry(reply, &entry, err) != 0)
		return false;
	quarantine_entry_words(&entry, &words);
	hold(span_starts(span_make(words.data, words.len), SPAN("quarantined since ")));
	hold(*bounce_type_name(entry.type) != '\0' && *reason_name(entry.reason) != '\0');
	hold(strlen(entry.text) < sizeof(entry.text) && strlen(entry.by) < sizeof(entry.by));
	str_free(&words);
	return entry.status != QUARANTINE_NONE;
}

static bool
decode_page(const redisReply *reply, struct err *err)
{
	struct store_page page = { .fields = { .arena = &arena } };

	if (store_reply_scan(reply, &page, err) != 0)
		return false;
	hold(page.cursor[0] != '\0' && strlen(page.cursor) < sizeof(page.cursor));
	check_fields(&page.fields);
	return true;
}

static void
decode_others(const redisReply *reply, struct err *err)
{
	struct store_fields fields = { .arena = &arena };
	struct str text = { 0 };
	int64_t number;

	if (store_reply_fields(reply, &fields, err) == 0)
		check_fields(&fields);
	if (store_reply_text(reply, &text, err) == 0)
		hold(strlen(str_text(&text)) <= text.len);
	(void)store_reply_number(reply, &number, err);
	hold((store_reply_status(reply, NULL, err) == 0) == (reply->type != REDIS_REPLY_ERROR));
	hold(!store_reply_is_noscript(reply) || reply->type == REDIS_REPLY_ERROR);
	str_free(&text);
}

static void
decode_all(const redisReply *reply)
{
	struct err err = { "" };

	arena_init(&arena);
	fuzz_accepted += decode_took(reply, &err);
	fuzz_accepted += decode_counted(reply, &err);
	fuzz_accepted += decode_granted(reply, &err);
	fuzz_accepted += decode_backoff(reply, &err);
	fuzz_accepted += decode_entry(reply, &err);
	fuzz_accepted += decode_page(reply, &err);
	decode_others(reply, &err);
	arena_clear(&arena);
}

/* hiredis makes room for as many elements as an array says it has, before it has seen one. */
static bool
has_a_large_array(const uint8_t *data, size_t size)
{
	for (size_t i = 0; i + 4 < size; i++)
		if (data[i] == '*') {
			size_t digits = 0;

			while (i + 1 + digits < size && data[i + 1 + digits] != '\r')
				digits++;
			if (digits > 3)
				return true;
		}
	return false;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	redisReader *reader;
	void *reply = NULL;
	size_t first = size > 0 ? data[0] % size : 0;

	if (size < 2 || has_a_large_array(data, size))
		return 0;
	data++;
	size--;
	first = first < size ? first : size;
	reader = redisReaderCreate();
	for (int piece = 0; piece < 2; piece++) {
		const uint8_t *at = piece == 0 ? data : data + first;
		size_t len = piece == 0 ? first : size - first;

		if (len > 0 && redisReaderFeed(reader, (const char *)at, len) != REDIS_OK)
			break;
		while (redisReaderGetReply(reader, &reply) == REDIS_OK && reply != NULL) {
			decode_all(reply);
			freeReplyObject(reply);
		}
	}
	redisReaderFree(reader);
	return 0;
}
