#include "store_sender.h"

#include <hiredis/hiredis.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "keys.h"
#include "store.h"
#include "store_reply.h"

static const char *const indexes[SENDER_KINDS] = {
	[SENDER_ACCOUNT] = KEYS_ACCOUNTS,
	[SENDER_CAMPAIGN] = KEYS_CAMPAIGNS,
	[SENDER_LIST] = KEYS_LISTS,
};

static const char *const orders[] = {
	[STORE_SENDER_SUSPEND] = "suspend",
	[STORE_SENDER_RESUME] = "resume",
	[STORE_SENDER_RESUME_FULLY] = "resume_fully",
	[STORE_SENDER_EXEMPT] = "exempt",
	[STORE_SENDER_UNEXEMPT] = "unexempt",
};

/* -- replies ------------------------------------------------------------------------------------ */

enum { VERDICT_PARTS = 15 };

static struct span
text_at(const redisReply *reply, size_t i)
{
	const redisReply *element = reply->element[i];

	return element->type == REDIS_REPLY_STRING ? span_make(element->str, (size_t)element->len)
						   : SPAN("");
}

static int64_t
number_at(const redisReply *reply, size_t i)
{
	return reply->element[i]->type == REDIS_REPLY_INTEGER ? reply->element[i]->integer : 0;
}

static bool
is_list(const redisReply *reply, struct err *err)
{
	if (reply != NULL && reply->type == REDIS_REPLY_ARRAY)
		return true;
	if (reply != NULL && reply->type == REDIS_REPLY_ERROR)
		err_set(err, "%.*s", (int)reply->len, reply->str);
	else
		err_set(err, "a reply that is no list");
	return false;
}

static int
decode_verdict(const redisReply *reply, void *result, struct err *err)
{
	struct store_sender_verdict *verdict = result;
	struct sender_status *status = &verdict->status;

	*verdict = (struct store_sender_verdict){ 0 };
	if (!is_list(reply, err))
		return -1;
	if (reply->elements != VERDICT_PARTS ||
	    sender_state_parse(text_at(reply, 3), &verdict->before) != 0 ||
	    sender_state_parse(text_at(reply, 4), &status->state) != 0) {
		err_set(err, "script sender answered something else");
		return -1;
	}
	verdict->again = number_at(reply, 0) != 0;
	verdict->changed = number_at(reply, 1) != 0;
	verdict->full = number_at(reply, 2) != 0;
	status->since_s = number_at(reply, 5);
	status->until_s = number_at(reply, 6);
	status->allowance = number_at(reply, 7);
	status->good_days = number_at(reply, 8);
	status->figures.sent = number_at(reply, 9);
	status->figures.hard = number_at(reply, 10);
	status->figures.complaint = number_at(reply, 11);
	sender_status_set(status, SPAN("why"), text_at(reply, 12));
	sender_status_set(status, SPAN("by"), text_at(reply, 13));
	status->exempt = number_at(reply, 14) != 0;
	return 0;
}

static int
decode_status(const redisReply *reply, void *result, struct err *err)
{
	struct sender_status *status = result;

	*status = (struct sender_status){ 0 };
	if (!is_list(reply, err))
		return -1;
	for (size_t i = 0; i + 1 < reply->elements; i += 2)
		sender_status_set(status, text_at(reply, i), text_at(reply, i + 1));
	return 0;
}

static struct sender_group *
group_of(struct store_sender_stats *stats, struct span name)
{
	struct sender_stats *all = &stats->stats;

	for (size_t i = 0; i < all->group_count; i++)
		if (span_eq(span_of(all->groups[i].name), name))
			return &all->groups[i];
	all->groups[all->group_count].name = arena_dup(stats->arena, name);
	return &all->groups[all->group_count++];
}

static void
add_group(struct store_sender_stats *stats, struct span name, enum sender_count count, int64_t n)
{
	struct sender_group *group = group_of(stats, name);

	if (count == SENDER_SENT)
		group->sent = n;
	else if (count == SENDER_HARD)
		group->hard = n;
	else
		group->soft = n;
}

/* "text:user_unknown 550 5.1.1 <address> unknown" */
static bool
add_text(struct store_sender_stats *stats, struct span field, int64_t n)
{
	struct sender_stats *all = &stats->stats;
	const struct span prefix = SPAN("text:");

	if (!span_starts(field, prefix))
		return false;
	all->texts[all->text_count++] =
	    (struct sender_text){ arena_dup(stats->arena, span_from(field, prefix.len)), n };
	return true;
}

static int
decode_stats(const redisReply *reply, void *result, struct err *err)
{
	struct store_sender_stats *stats = result;
	enum sender_count count;
	enum reason reason;
	unsigned long long n;
	struct span group;

	stats->stats = (struct sender_stats){ 0 };
	if (!is_list(reply, err))
		return -1;
	stats->stats.groups =
	    arena_alloc(stats->arena, (reply->elements / 2 + 1) * sizeof(*stats->stats.groups));
	stats->stats.texts =
	    arena_alloc(stats->arena, (reply->elements / 2 + 1) * sizeof(*stats->stats.texts));
	for (size_t i = 0; i + 1 < reply->elements; i += 2) {
		struct span field = text_at(reply, i), value = text_at(reply, i + 1);

		if (!span_number(value, &n) || n > INT64_MAX)
			continue;
		if (sender_stats_group(field, &group, &count))
			add_group(stats, group, count, (int64_t)n);
		else if (sender_stats_group_reason(field, &group, &reason))
			group_of(stats, group)->by_reason[reason] = (int64_t)n;
		else if (!add_text(stats, field, (int64_t)n))
			sender_stats_set(&stats->stats, field, value);
	}
	return 0;
}

/* -- counting ----------------------------------------------------------------------------------- */

static void
put_keys(struct store_batch *batch, char tag, const char *name, bool seen)
{
	struct str key = { 0 };

	keys_sender(&key, tag, name);
	store_batch_arg(batch, span_make(key.data, key.len));
	str_empty(&key);
	keys_sender_stats(&key, tag, name, "");
	store_batch_arg(batch, span_make(key.data, key.len));
	if (seen) {
		str_empty(&key);
		keys_sender_seen(&key, tag, name);
		store_batch_arg(batch, span_make(key.data, key.len));
	}
	str_free(&key);
}

void
store_put_sender_count(struct store_batch *batch, const struct store_sender_count *count,
    struct store_sender_verdict *verdict)
{
	static const struct sender_policy none = { 0 };
	const struct sender_policy *policy = count->policy != NULL ? count->policy : &none;
	const int64_t numbers[] = { policy->review_hard, policy->suspend_hard, policy->floor,
		policy->review_complaints, policy->suspend_complaints, policy->floor_complaints,
		policy->probation_start, policy->probation_factor, policy->probation_days };
	enum { NUMBERS = sizeof(numbers) / sizeof(numbers[0]) };

	store_batch_begin_script(batch, SCRIPT_SENDER, 3, 3 + 3 + NUMBERS + 2 * count->part_count);
	put_keys(batch, sender_kind_tag(count->kind), count->name, true);
	store_batch_arg_number(batch, count->now_s);
	store_batch_arg_text(batch, count->id != NULL ? count->id : "");
	store_batch_arg_number(batch, count->policy == NULL ? 0 : count->exempt ? 2 : 1);
	for (size_t i = 0; i < NUMBERS; i++)
		store_batch_arg_number(batch, numbers[i]);
	for (size_t i = 0; i < count->part_count; i++) {
		store_batch_arg_text(batch, count->parts[i].name);
		store_batch_arg_number(batch, count->parts[i].count);
	}
	store_batch_end(batch, verdict != NULL ? decode_verdict : NULL, verdict);
}

void
store_put_sender_use(struct store_batch *batch, enum sender_kind kind, const char *name,
    int64_t now_s)
{
	struct str member = { 0 };
	char now[24], old[24];

	keys_encode(&member, span_of(name));
	snprintf(now, sizeof(now), "%" PRId64, now_s);
	snprintf(old, sizeof(old), "(%" PRId64, now_s - SENDER_DAYS_S);
	STORE_PUT(batch, NULL, NULL, "ZADD", indexes[kind], now, str_text(&member));
	STORE_PUT(batch, NULL, NULL, "ZREMRANGEBYSCORE", indexes[kind], "-inf", old);
	str_free(&member);
}

static void
put_event(struct store_batch *batch, const char *account,
    const struct store_sender_verdict *verdict, const char *node)
{
	const struct sender_status *status = &verdict->status;
	char sent[24], hard[24], complaint[24], allowance[24];
	bool resumed = verdict->before == SENDER_SUSPENDED;
	const struct store_event_field fields[] = {
		{ "account", account },
		{ "state", sender_state_name(status->state) },
		{ "before", sender_state_name(verdict->before) },
		{ "resumed", resumed ? "yes" : NULL },
		{ "sent", sent },
		{ "hard", hard },
		{ "complaint", complaint },
		{ "allowance", status->state == SENDER_PROBATION ? allowance : NULL },
		{ "why", *status->why != '\0' ? status->why : NULL },
		{ "by", *status->by != '\0' ? status->by : NULL },
		{ "node", *node != '\0' ? node : NULL },
	};

	snprintf(sent, sizeof(sent), "%" PRId64, status->figures.sent);
	snprintf(hard, sizeof(hard), "%" PRId64, status->figures.hard);
	snprintf(complaint, sizeof(complaint), "%" PRId64, status->figures.complaint);
	snprintf(allowance, sizeof(allowance), "%" PRId64, status->allowance);
	store_put_event(batch, "account", fields, sizeof(fields) / sizeof(fields[0]));
}

void
store_put_sender_tell(struct store_batch *batch, const char *account,
    const struct store_sender_verdict *verdict, const char *node)
{
	const struct sender_status *status = &verdict->status;
	bool refused = status->state == SENDER_SUSPENDED || verdict->full;
	struct str member = { 0 };
	char since[24];

	if (verdict->changed)
		put_event(batch, account, verdict, node);
	if (!refused && (!verdict->changed || (verdict->before != SENDER_SUSPENDED &&
						  verdict->before != SENDER_PROBATION)))
		return;
	keys_encode(&member, span_of(account));
	snprintf(since, sizeof(since), "%" PRId64, status->since_s);
	if (refused)
		STORE_PUT(batch, NULL, NULL, "ZADD", KEYS_SUSPENDED, since, str_text(&member));
	else
		STORE_PUT(batch, NULL, NULL, "ZREM", KEYS_SUSPENDED, str_text(&member));
	STORE_PUT(batch, NULL, NULL, "INCR", KEYS_SUSPENDED_STAMP);
	str_free(&member);
}

void
store_put_sender_text(struct store_batch *batch, const char *day, enum reason reason,
    const char *form)
{
	struct str key = { 0 };
	struct str member = { 0 };

	keys_texts(&key, day);
	str_addf(&member, "%s %s", reason_name(reason), form);
	STORE_PUT(batch, NULL, NULL, "ZINCRBY", str_text(&key), "1", str_text(&member));
	STORE_PUT(batch, NULL, NULL, "ZREMRANGEBYRANK", str_text(&key), "0", "-2001");
	STORE_PUT(batch, NULL, NULL, "EXPIRE", str_text(&key), "5184000"); /* 60 days */
	str_free(&key);
	str_free(&member);
}

void
store_put_sender_texts(struct store_batch *batch, const char *day, int64_t most,
    struct store_fields *texts)
{
	struct str key = { 0 };
	char last[24];

	keys_texts(&key, day);
	snprintf(last, sizeof(last), "%" PRId64, most - 1);
	STORE_PUT(batch, store_reply_fields, texts, "ZREVRANGE", str_text(&key), "0", last,
	    "WITHSCORES");
	str_free(&key);
}

/* -- orders ------------------------------------------------------------------------------------- */

void
store_put_sender_order(struct store_batch *batch, const char *account,
    enum store_sender_order order, const struct sender_policy *policy, const char *why,
    const char *by, struct store_sender_verdict *verdict)
{
	store_batch_begin_script(batch, SCRIPT_SENDER_ORDER, 2, 2 + 5);
	put_keys(batch, sender_kind_tag(SENDER_ACCOUNT), account, false);
	store_batch_arg_number(batch, 0);
	store_batch_arg_text(batch, orders[order]);
	store_batch_arg_text(batch, why);
	store_batch_arg_text(batch, by);
	store_batch_arg_number(batch, policy->probation_days > 0 ? policy->probation_start : 0);
	store_batch_end(batch, decode_verdict, verdict);
}

/* -- reading ------------------------------------------------------------------------------------ */

void
store_put_sender_status(struct store_batch *batch, const char *account,
    struct sender_status *status)
{
	struct str key = { 0 };

	keys_sender(&key, sender_kind_tag(SENDER_ACCOUNT), account);
	STORE_PUT(batch, decode_status, status, "HGETALL", str_text(&key));
	str_free(&key);
}

void
store_put_sender_stats(struct store_batch *batch, enum sender_kind kind, const char *name,
    const char *period, struct store_sender_stats *stats)
{
	struct str key = { 0 };

	keys_sender_stats(&key, sender_kind_tag(kind), name, period);
	STORE_PUT(batch, decode_stats, stats, "HGETALL", str_text(&key));
	str_free(&key);
}

void
store_put_sender_names(struct store_batch *batch, enum sender_kind kind, int64_t most,
    struct store_fields *names)
{
	char last[24];

	snprintf(last, sizeof(last), "%" PRId64, most - 1);
	STORE_PUT(batch, store_reply_fields, names, "ZREVRANGE", indexes[kind], "0", last,
	    "WITHSCORES");
}

void
store_put_suspended_version(struct store_batch *batch, struct str *version)
{
	STORE_PUT(batch, store_reply_text, version, "GET", KEYS_SUSPENDED_STAMP);
}

void
store_put_suspended(struct store_batch *batch, struct store_fields *accounts)
{
	STORE_PUT(batch, store_reply_fields, accounts, "ZRANGE", KEYS_SUSPENDED, "0", "99999",
	    "WITHSCORES");
}

void
store_put_suspended_gone(struct store_batch *batch, const char *account)
{
	struct str member = { 0 };

	keys_encode(&member, span_of(account));
	STORE_PUT(batch, NULL, NULL, "ZREM", KEYS_SUSPENDED, str_text(&member));
	str_free(&member);
}

/* -- who a sender is, complaints ----------------------------------------------------------------- */

void
store_put_sender_user(struct store_batch *batch, const char *sender, const char *account,
    int64_t now_s)
{
	struct str key = { 0 };
	struct str field = { 0 };
	char now[24];

	keys_sender_users(&key, sender);
	keys_encode(&field, span_of(account));
	snprintf(now, sizeof(now), "%" PRId64, now_s);
	STORE_PUT(batch, NULL, NULL, "HSET", str_text(&key), str_text(&field), now);
	STORE_PUT(batch, NULL, NULL, "EXPIRE", str_text(&key), "2592000"); /* 30 days */
	str_free(&key);
	str_free(&field);
}

void
store_put_sender_users(struct store_batch *batch, const char *sender, struct store_fields *users)
{
	struct str key = { 0 };

	keys_sender_users(&key, sender);
	store_put_hash(batch, str_text(&key), users);
	str_free(&key);
}

void
store_put_complaint(struct store_batch *batch, const char *addr, const char *scope, int64_t now_s)
{
	struct str key = { 0 };

	keys_quarantine(&key, addr);
	store_batch_begin_script(batch, SCRIPT_COMPLAINT, 1, 3);
	store_batch_arg(batch, span_make(key.data, key.len));
	store_batch_arg_number(batch, now_s);
	store_batch_arg_text(batch, scope);
	store_batch_end(batch, NULL, NULL);
	str_free(&key);
}
