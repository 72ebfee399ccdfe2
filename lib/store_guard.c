#include "store_guard.h"

#include <hiredis/hiredis.h>
#include <stdio.h>
#include <string.h>

#include "keys.h"
#include "store_reply.h"

static void
add_key(struct store_batch *batch, void (*make)(struct str *, const char *, const char *),
    const char *group, const char *reason)
{
	struct str text = { 0 };

	make(&text, group, reason);
	store_batch_arg(batch, span_make(text.data, text.len));
	str_free(&text);
}

static void
add_answers_key(struct store_batch *batch, const char *group)
{
	struct str text = { 0 };

	keys_group_answers(&text, group);
	store_batch_arg(batch, span_make(text.data, text.len));
	str_free(&text);
}

static void
add_encoded(struct store_batch *batch, const char *addr)
{
	struct str text = { 0 };

	keys_encode(&text, span_of(addr));
	store_batch_arg(batch, span_of(str_text(&text)));
	str_free(&text);
}

/* -- domains, answers --------------------------------------------------------------------------- */

void
store_put_domain_group(struct store_batch *batch, const char *domain, const char *group)
{
	struct str key = { 0 };
	char ttl[24];

	snprintf(ttl, sizeof(ttl), "%d", STORE_GROUP_TTL_S);
	keys_domain_group(&key, domain);
	STORE_PUT(batch, NULL, NULL, "SET", str_text(&key), group, "EX", ttl);
	str_free(&key);
}

void
store_put_domain_group_read(struct store_batch *batch, const char *domain, struct str *group)
{
	struct str key = { 0 };

	keys_domain_group(&key, domain);
	STORE_PUT(batch, store_reply_text, group, "GET", str_text(&key));
	str_free(&key);
}

void
store_put_answers(struct store_batch *batch, const char *group, const struct store_answers *answers)
{
	store_batch_begin_script(batch, SCRIPT_ANSWERS, 1, 1 + 4);
	add_answers_key(batch, group);
	store_batch_arg_number(batch, answers->tried);
	store_batch_arg_number(batch, answers->outcomes);
	store_batch_arg_number(batch, answers->sum_milli);
	store_batch_arg_number(batch, answers->tail_milli);
	store_batch_end(batch, NULL, NULL);
}

/* -- all guards --------------------------------------------------------------------------------- */

void
store_put_guards(struct store_batch *batch, struct store_fields *guards)
{
	store_put_hash(batch, KEYS_GUARDS, guards);
}

void
store_put_guards_set(struct store_batch *batch, const char *group, enum reason reason,
    int64_t since_s, bool quiet)
{
	struct str field = { 0 };
	char since[40];

	snprintf(since, sizeof(since), "%lld%s", (long long)since_s, quiet ? " quiet" : "");
	keys_guards_field(&field, group, reason_name(reason));
	if (since_s > 0)
		STORE_PUT(batch, NULL, NULL, "HSET", KEYS_GUARDS, str_text(&field), since);
	else
		STORE_PUT(batch, NULL, NULL, "HDEL", KEYS_GUARDS, str_text(&field));
	str_free(&field);
}

void
store_put_failed(struct store_batch *batch, struct store_fields *failed)
{
	store_put_hash(batch, KEYS_FAILED, failed);
}

void
store_put_failed_more(struct store_batch *batch, enum reason reason)
{
	STORE_PUT(batch, NULL, NULL, "HINCRBY", KEYS_FAILED, reason_name(reason), "1");
}

/* -- one guard ---------------------------------------------------------------------------------- */

static int
unexpected(const char *what, const redisReply *reply, struct err *err)
{
	if (store_reply_status(reply, NULL, err) == 0)
		err_set(err, "%s answered something else", what);
	return -1;
}

static int
read_figures(const redisReply *reply, void *result, struct err *err)
{
	struct guard_figures *figures = result;
	int64_t numbers[GUARD_FIGURES];

	*figures = (struct guard_figures){ 0 };
	if (reply == NULL || reply->type != REDIS_REPLY_ARRAY || reply->elements != GUARD_FIGURES)
		return unexpected("script guard_count", reply, err);
	for (size_t i = 0; i < GUARD_FIGURES; i++) {
		if (reply->element[i]->type != REDIS_REPLY_INTEGER)
			return unexpected("script guard_count", reply, err);
		numbers[i] = reply->element[i]->integer;
	}
	*figures = (struct guard_figures){ numbers[0], numbers[1], numbers[2], numbers[3],
		numbers[4], numbers[5], numbers[6], numbers[7], numbers[8], numbers[9], numbers[10],
		numbers[11], numbers[12], numbers[13], numbers[14], numbers[15], numbers[16],
		numbers[17], numbers[18] };
	return 0;
}

void
store_put_guard_count(struct store_batch *batch, const struct store_guard_count *count,
    struct guard_figures *figures)
{
	const char *reason = reason_name(count->reason);

	store_batch_begin_script(batch, SCRIPT_GUARD_COUNT, 4, 4 + 7);
	add_key(batch, keys_group_guard, count->group, reason);
	add_answers_key(batch, count->group);
	add_key(batch, keys_group_lately, count->group, reason);
	add_key(batch, keys_group_guarded, count->group, reason);
	store_batch_arg_number(batch, count->failed);
	store_batch_arg_number(batch, count->policy->window_ms / 60000);
	store_batch_arg_number(batch, count->policy->floor);
	store_batch_arg_number(batch, count->policy->factor);
	add_encoded(batch, count->addr);
	store_batch_arg_text(batch, count->outcome);
	store_batch_arg_number(batch, count->guarded);
	store_batch_end(batch, read_figures, figures);
}

/* KEYS and the verb of guard_set.lua; `more` arguments follow. */
static void
begin_set(struct store_batch *batch, const char *group, enum reason reason, const char *verb,
    size_t more)
{
	store_batch_begin_script(batch, SCRIPT_GUARD_SET, 2, 2 + 1 + more);
	add_key(batch, keys_group_guard, group, reason_name(reason));
	add_key(batch, keys_group_lately, group, reason_name(reason));
	store_batch_arg_text(batch, verb);
}

void
store_put_guard_trip(struct store_batch *batch, const char *group, enum reason reason,
    const char *text, const char *rate, int64_t *changed)
{
	begin_set(batch, group, reason, "trip", 5);
	store_batch_arg_number(batch, 0);
	store_batch_arg_text(batch, "text");
	store_batch_arg_text(batch, text);
	store_batch_arg_text(batch, "rate");
	store_batch_arg_text(batch, rate);
	store_batch_end(batch, store_reply_number, changed);
}

void
store_put_guard_go_on(struct store_batch *batch, const char *group, enum reason reason)
{
	begin_set(batch, group, reason, "far", 1);
	store_batch_arg_number(batch, 0);
	store_batch_end(batch, NULL, NULL);
}

void
store_put_guard_quieten(struct store_batch *batch, const char *group, enum reason reason,
    int64_t far_s, int64_t *changed)
{
	begin_set(batch, group, reason, "quiet", 1);
	store_batch_arg_number(batch, far_s);
	store_batch_end(batch, store_reply_number, changed);
}

void
store_put_guard_end(struct store_batch *batch, const char *group, enum reason reason,
    int64_t excused_s, int64_t *changed)
{
	begin_set(batch, group, reason, "end", 1);
	store_batch_arg_number(batch, excused_s);
	store_batch_end(batch, store_reply_number, changed);
}

/* -- for an operator ---------------------------------------------------------------------------- */

static void
set_number(struct guard_figures *figures, struct span name, struct span value)
{
	const struct {
		struct span name;
		int64_t *number;
	} rows[] = {
		{ SPAN("since"), &figures->since_s },
		{ SPAN("far"), &figures->far_s },
		{ SPAN("excused"), &figures->excused_s },
		{ SPAN("usual"), &figures->usual },
		{ SPAN("usual_tried"), &figures->usual_tried },
		{ SPAN("usual_all"), &figures->usual_all },
		{ SPAN("usual_minutes"), &figures->usual_minutes },
	};
	unsigned long long n;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (span_eq(rows[i].name, name) && span_number(value, &n) && n < INT64_MAX)
			*rows[i].number = (int64_t)n;
}

static int
read_guard(const redisReply *reply, void *result, struct err *err)
{
	struct store_guard *guard = result;

	if (reply == NULL || reply->type != REDIS_REPLY_ARRAY)
		return unexpected("a guard", reply, err);
	for (size_t i = 0; i + 1 < reply->elements; i += 2) {
		struct span name = span_make(reply->element[i]->str, reply->element[i]->len);
		struct span value =
		    span_make(reply->element[i + 1]->str, reply->element[i + 1]->len);

		if (span_eq(name, SPAN("state")))
			guard->figures.state =
			    span_eq(value, SPAN("held")) ? GUARD_HELD : GUARD_QUIET;
		else if (span_eq(name, SPAN("text")))
			snprintf(guard->text, sizeof(guard->text), "%.*s", (int)value.len,
			    value.ptr);
		else if (span_eq(name, SPAN("rate")))
			snprintf(guard->rate, sizeof(guard->rate), "%.*s", (int)value.len,
			    value.ptr);
		else
			set_number(&guard->figures, name, value);
	}
	return 0;
}

static void (*const list_keys[])(struct str *, const char *, const char *) = {
	[STORE_GUARDED] = keys_group_guarded,
	[STORE_LATELY] = keys_group_lately,
};

static void
put_size(struct store_batch *batch, enum store_guard_list list, const char *group,
    enum reason reason, int64_t *size)
{
	store_batch_begin(batch, 2);
	store_batch_arg(batch, SPAN("ZCARD"));
	add_key(batch, list_keys[list], group, reason_name(reason));
	store_batch_end(batch, store_reply_number, size);
}

void
store_put_guard_read(struct store_batch *batch, const char *group, enum reason reason,
    struct store_guard *guard)
{
	*guard = (struct store_guard){ 0 };
	store_batch_begin(batch, 2);
	store_batch_arg(batch, SPAN("HGETALL"));
	add_key(batch, keys_group_guard, group, reason_name(reason));
	store_batch_end(batch, read_guard, guard);
	put_size(batch, STORE_GUARDED, group, reason, &guard->held);
	put_size(batch, STORE_LATELY, group, reason, &guard->lately);
}

void
store_put_guard_list(struct store_batch *batch, enum store_guard_list list, const char *group,
    enum reason reason, struct store_fields *addrs, size_t most)
{
	store_batch_begin(batch, 4);
	store_batch_arg(batch, SPAN("ZRANGE"));
	add_key(batch, list_keys[list], group, reason_name(reason));
	store_batch_arg_number(batch, 0);
	store_batch_arg_number(batch, (int64_t)most - 1);
	store_batch_end(batch, store_reply_fields, addrs);
}

void
store_put_guard_list_gone(struct store_batch *batch, enum store_guard_list list, const char *group,
    enum reason reason, const char *addr)
{
	store_batch_begin(batch, 3);
	store_batch_arg(batch, SPAN("ZREM"));
	add_key(batch, list_keys[list], group, reason_name(reason));
	store_batch_arg_text(batch, addr);
	store_batch_end(batch, NULL, NULL);
}

static int
read_entry(const redisReply *reply, void *result, struct err *err)
{
	struct store_guard_entry *entry = result;
	struct quarantine_entry status = { 0 };

	*entry = (struct store_guard_entry){ 0 };
	if (reply == NULL || reply->type != REDIS_REPLY_ARRAY || reply->elements != 3 ||
	    reply->element[0]->type != REDIS_REPLY_INTEGER ||
	    reply->element[1]->type != REDIS_REPLY_STRING ||
	    reply->element[2]->type != REDIS_REPLY_INTEGER)
		return unexpected("script guard_entry", reply, err);
	quarantine_entry_set(&status, SPAN("status"),
	    span_make(reply->element[1]->str, reply->element[1]->len));
	entry->changed = reply->element[0]->integer;
	entry->status = status.status;
	entry->expiry_s = reply->element[2]->integer;
	return 0;
}

void
store_put_guard_entry(struct store_batch *batch, enum store_guard_verb verb, const char *addr,
    enum reason reason, int64_t since_s, int64_t release_ms, const char *by,
    struct store_guard_entry *entry)
{
	static const char *const verbs[] = { "confirm", "dismiss", "undo" };
	struct str key = { 0 };

	store_batch_begin_script(batch, SCRIPT_GUARD_ENTRY, 1, 1 + 5);
	keys_quarantine(&key, addr);
	store_batch_arg(batch, span_of(str_text(&key)));
	store_batch_arg_text(batch, verbs[verb]);
	store_batch_arg_text(batch, reason_name(reason));
	store_batch_arg_number(batch, since_s);
	store_batch_arg_number(batch, release_ms / 1000);
	store_batch_arg_text(batch, by);
	store_batch_end(batch, read_entry, entry);
	str_free(&key);
}
