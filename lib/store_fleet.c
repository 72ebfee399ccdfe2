#include "store_fleet.h"

#include <hiredis/hiredis.h>

#include "keys.h"
#include "store_reply.h"

const char *const store_bounced_names[STORE_BOUNCED_COUNT] = {
	[STORE_BOUNCED_COUNTED] = "counted",
	[STORE_BOUNCED_QUARANTINED] = "quarantined",
	[STORE_BOUNCED_HELD] = "held",
	[STORE_BOUNCED_SAME] = "same",
	[STORE_BOUNCED_KNOWN] = "known",
	[STORE_BOUNCED_OUTDATED] = "outdated",
	[STORE_BOUNCED_BOUNCE] = "bounce",
	[STORE_BOUNCED_COMPLAINT] = "complaint",
	[STORE_BOUNCED_IGNORED] = "ignored",
};

void
store_put_bounced(struct store_batch *batch, enum reason reason, const char *what)
{
	struct str field = { 0 };

	str_addf(&field, "%s %s", reason_name(reason), what);
	STORE_PUT(batch, NULL, NULL, "HINCRBY", KEYS_BOUNCED, str_text(&field), "1");
	str_free(&field);
}

/* -- reading ----------------------------------------------------------------------------------- */

static int
unexpected(const char *what, const redisReply *reply, struct err *err)
{
	if (store_reply_status(reply, NULL, err) == 0)
		err_set(err, "%s answered something else", what);
	return -1;
}

static struct span
text_at(const redisReply *reply, size_t i)
{
	const redisReply *element = reply->element[i];

	return element->type == REDIS_REPLY_STRING ? span_make(element->str, (size_t)element->len)
						   : SPAN("");
}

static void
take_bounced(struct store_fleet *fleet, struct span field, struct span value)
{
	long blank = span_find(field, SPAN(" "));
	unsigned long long count;
	enum reason reason;

	if (blank < 0 || reason_parse(span_make(field.ptr, (size_t)blank), &reason) != 0 ||
	    !span_number(value, &count) || count > INT64_MAX)
		return;
	for (size_t what = 0; what < STORE_BOUNCED_COUNT; what++)
		if (span_eq(span_from(field, (size_t)blank + 1),
			span_of(store_bounced_names[what])))
			fleet->bounced[reason][what] = (int64_t)count;
}

/* Names of neither table are left out, and so cannot become figures. */
static int
read_bounced(const redisReply *reply, void *result, struct err *err)
{
	if (reply == NULL || reply->type != REDIS_REPLY_ARRAY)
		return unexpected(KEYS_BOUNCED, reply, err);
	for (size_t i = 0; i + 1 < reply->elements; i += 2)
		take_bounced(result, text_at(reply, i), text_at(reply, i + 1));
	return 0;
}

/* "SINCE" or "SINCE quiet". */
static int
read_guards(const redisReply *reply, void *result, struct err *err)
{
	struct store_fleet *fleet = result;

	if (reply == NULL || reply->type != REDIS_REPLY_ARRAY)
		return unexpected(KEYS_GUARDS, reply, err);
	for (size_t i = 0; i + 1 < reply->elements; i += 2) {
		if (span_find(text_at(reply, i + 1), SPAN(" quiet")) >= 0)
			fleet->quiet_guards++;
		else
			fleet->guards++;
	}
	return 0;
}

/* [count, first, last, consumers]; an error while nobody has made the group of mxctl notify. */
static int
read_notified(const redisReply *reply, void *result, struct err *err)
{
	if (reply != NULL && reply->type == REDIS_REPLY_ERROR &&
	    span_starts(span_make(reply->str, (size_t)reply->len), SPAN("NOGROUP")))
		return 0;
	if (reply == NULL || reply->type != REDIS_REPLY_ARRAY || reply->elements < 1 ||
	    reply->element[0]->type != REDIS_REPLY_INTEGER)
		return unexpected(KEYS_NOTIFY, reply, err);
	*(int64_t *)result = reply->element[0]->integer;
	return 0;
}

void
store_put_fleet(struct store_batch *batch, struct store_fleet *fleet)
{
	STORE_PUT(batch, store_reply_number, &fleet->forever, "ZCOUNT", KEYS_QUARANTINE_INDEX,
	    "+inf", "+inf");
	STORE_PUT(batch, store_reply_number, &fleet->entries, "ZCARD", KEYS_QUARANTINE_INDEX);
	STORE_PUT(batch, store_reply_number, &fleet->stopped, "ZCARD", KEYS_SUSPENDED);
	STORE_PUT(batch, store_reply_number, &fleet->unknown, "ZCARD", KEYS_UNCLASSIFIED);
	STORE_PUT(batch, store_reply_number, &fleet->digests, "ZCARD", KEYS_MAILS);
	STORE_PUT(batch, read_notified, &fleet->notified, "XPENDING", KEYS_EVENTS, KEYS_NOTIFY);
	STORE_PUT(batch, read_guards, fleet, "HGETALL", KEYS_GUARDS);
	STORE_PUT(batch, read_bounced, fleet, "HGETALL", KEYS_BOUNCED);
}
