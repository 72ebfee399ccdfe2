#include "store_warmup.h"

#include <hiredis/hiredis.h>
#include <stdio.h>

#include "keys.h"
#include "store.h"
#include "store_reply.h"

enum { FIGURES = 6, DAY_S = 86400 };

static void
add_key(struct store_batch *batch, void (*make)(struct str *, const char *), const char *ip)
{
	struct str key = { 0 };

	make(&key, ip);
	store_batch_arg(batch, span_of(str_text(&key)));
	str_free(&key);
}

/* -- all of them ------------------------------------------------------------------------------- */

void
store_put_warmups(struct store_batch *batch, struct store_fields *warmups)
{
	store_put_hash(batch, KEYS_WARMUPS, warmups);
}

void
store_put_warmups_set(struct store_batch *batch, const char *ip, const char *plan)
{
	if (plan != NULL)
		STORE_PUT(batch, NULL, NULL, "HSET", KEYS_WARMUPS, ip, plan);
	else
		STORE_PUT(batch, NULL, NULL, "HDEL", KEYS_WARMUPS, ip);
}

void
store_put_warmup_changed(struct store_batch *batch)
{
	STORE_PUT(batch, NULL, NULL, "INCR", KEYS_PACE_VERSION);
}

void
store_put_groups_since(struct store_batch *batch, int64_t since_s, struct store_fields *groups)
{
	char since[24];

	snprintf(since, sizeof(since), "%lld", (long long)since_s);
	STORE_PUT(batch, store_reply_fields, groups, "ZRANGEBYSCORE", KEYS_GROUPS, since, "+inf");
}

/* -- one ----------------------------------------------------------------------------------------- */

void
store_put_warmup_read(struct store_batch *batch, const char *ip, struct store_fields *fields)
{
	struct str key = { 0 };

	keys_warmup(&key, ip);
	store_put_hash(batch, str_text(&key), fields);
	str_free(&key);
}

void
store_put_warmup_history(struct store_batch *batch, const char *ip, int64_t most,
    struct store_events *events)
{
	store_batch_begin(batch, 6);
	store_batch_arg(batch, SPAN("XREVRANGE"));
	add_key(batch, keys_warmup_history, ip);
	store_batch_arg(batch, SPAN("+"));
	store_batch_arg(batch, SPAN("-"));
	store_batch_arg(batch, SPAN("COUNT"));
	store_batch_arg_number(batch, most);
	store_batch_end(batch, store_reply_events, events);
}

void
store_put_warmup_set(struct store_batch *batch, const struct store_warmup_set *set,
    int64_t *changed)
{
	size_t history = 0;

	for (size_t i = 0; i < set->history_count; i++)
		history += set->history[i].value != NULL;
	store_batch_begin_script(batch, SCRIPT_WARMUP_SET, 2,
	    2 + 6 + 2 * set->field_count + 2 * history);
	add_key(batch, keys_warmup, set->ip);
	add_key(batch, keys_warmup_history, set->ip);
	store_batch_arg_text(batch, set->states);
	store_batch_arg_text(batch, set->field);
	store_batch_arg_text(batch, set->before);
	store_batch_arg_number(batch, set->fresh);
	store_batch_arg_number(batch, set->ttl_s);
	store_batch_arg_number(batch, (int64_t)set->field_count);
	for (size_t i = 0; i < set->field_count; i++) {
		store_batch_arg_text(batch, set->fields[i].name);
		store_batch_arg_text(batch, set->fields[i].value);
	}
	for (size_t i = 0; i < set->history_count; i++) {
		if (set->history[i].value == NULL)
			continue;
		store_batch_arg_text(batch, set->history[i].name);
		store_batch_arg_text(batch, set->history[i].value);
	}
	store_batch_end(batch, store_reply_number, changed);
}

/* -- a group's days ------------------------------------------------------------------------------ */

static int
unexpected(const redisReply *reply, struct err *err)
{
	if (store_reply_status(reply, NULL, err) == 0)
		err_set(err, "script warmup_day answered something else");
	return -1;
}

static int
read_days(const redisReply *reply, void *result, struct err *err)
{
	struct store_warmup_days *days = result;

	if (reply == NULL || reply->type != REDIS_REPLY_ARRAY ||
	    reply->elements != FIGURES * days->count)
		return unexpected(reply, err);
	for (size_t i = 0; i < reply->elements; i++)
		if (reply->element[i]->type != REDIS_REPLY_INTEGER ||
		    reply->element[i]->integer < 0)
			return unexpected(reply, err);
	for (size_t i = 0; i < days->count; i++) {
		redisReply **figures = &reply->element[i * FIGURES];

		days->days[i] = (struct warmup_day){
			.day = days->first + (int64_t)i,
			.over = true,
			.delivered = figures[0]->integer,
			.bounced = figures[1]->integer,
			.deferred = figures[2]->integer,
			.greylisted = figures[3]->integer,
			.complaints = figures[4]->integer,
			.backoffs = figures[5]->integer,
		};
	}
	return 0;
}

void
store_put_warmup_days(struct store_batch *batch, const char *group, const char *ip, int64_t first,
    size_t count, struct store_warmup_days *days)
{
	struct str key = { 0 };

	*days = (struct store_warmup_days){ .first = first, .count = count };
	keys_group_stats(&key, group, "");
	store_batch_begin_script(batch, SCRIPT_WARMUP_DAY, 1, 1 + 3);
	store_batch_arg(batch, span_of(str_text(&key)));
	store_batch_arg_text(batch, ip);
	store_batch_arg_number(batch, first);
	store_batch_arg_number(batch, (int64_t)count);
	store_batch_end(batch, read_days, days);
	str_free(&key);
}

void
store_put_warmup_complaint(struct store_batch *batch, const char *group, const char *ip,
    const char *id, const char *addr, int64_t now_s)
{
	struct str text = { 0 };

	store_batch_begin_script(batch, SCRIPT_COMPLAINED, 2, 2 + 3);
	keys_group_stats(&text, group, "");
	store_batch_arg_text(batch, str_text(&text));
	str_empty(&text);
	keys_group_seen(&text, group);
	store_batch_arg_text(batch, str_text(&text));
	store_batch_arg_number(batch, now_s);
	str_empty(&text);
	str_addf(&text, "%s %s", id, addr);
	store_batch_arg_text(batch, str_text(&text));
	store_batch_arg_text(batch, ip);
	store_batch_end(batch, NULL, NULL);
	str_free(&text);
}

/* -- the lock ------------------------------------------------------------------------------------ */

void
store_put_warmup_lock(struct store_batch *batch, const char *who, int64_t ms, struct str *holder)
{
	char wait[24];

	snprintf(wait, sizeof(wait), "%lld", (long long)ms);
	STORE_PUT(batch, NULL, NULL, "SET", KEYS_WARMUP_LOCK, who, "NX", "PX", wait);
	STORE_PUT(batch, store_reply_text, holder, "GET", KEYS_WARMUP_LOCK);
}

void
store_put_warmup_lock_keep(struct store_batch *batch, int64_t ms)
{
	char wait[24];

	snprintf(wait, sizeof(wait), "%lld", (long long)ms);
	STORE_PUT(batch, NULL, NULL, "PEXPIRE", KEYS_WARMUP_LOCK, wait);
}
