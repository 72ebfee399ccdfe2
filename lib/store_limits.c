#include "store_limits.h"

#include <stdio.h>
#include <string.h>

#include "keys.h"
#include "store_reply.h"

static struct span
key_connections(struct str *scratch, const char *group, const char *ip)
{
	str_empty(scratch);
	keys_group_connections(scratch, group, ip);
	return span_make(scratch->data, scratch->len);
}

static struct span
key_sent(struct str *scratch, const char *group, const char *ip, const struct limit *limit)
{
	str_empty(scratch);
	keys_group_sent(scratch, group, ip, limit->period);
	return span_make(scratch->data, scratch->len);
}

static void
add_take_keys(struct store_batch *batch, const struct store_take *take)
{
	struct str scratch = { 0 };

	store_batch_arg(batch, key_connections(&scratch, take->group, take->ip));
	str_empty(&scratch);
	keys_group_pause(&scratch, take->group);
	store_batch_arg(batch, span_make(scratch.data, scratch.len));
	str_empty(&scratch);
	keys_group_backoff(&scratch, take->group, take->ip);
	store_batch_arg(batch, span_make(scratch.data, scratch.len));
	for (size_t i = 0; i < take->limit_count; i++)
		store_batch_arg(batch, key_sent(&scratch, take->group, take->ip, &take->limits[i]));
	if (take->commit && take->counts) {
		str_empty(&scratch);
		keys_group_told(&scratch, take->group, take->ip);
		store_batch_arg(batch, span_make(scratch.data, scratch.len));
	}
	str_free(&scratch);
}

void
store_take_prepare(struct store_take_form *form, const struct store_take *take)
{
	struct store_batch batch = { 0 };
	int commit = !take->commit ? 0 : take->counts ? 2 : 1;
	size_t keys = 3 + take->limit_count + (commit == 2);

	store_batch_begin_script(&batch, SCRIPT_TAKE, keys, keys + 5 + 3 * take->limit_count);
	add_take_keys(&batch, take);
	store_batch_arg_number(&batch, commit);
	store_batch_arg_text(&batch, take->node);
	form->gap = batch.wire.len;
	store_batch_arg_number(&batch, take->connections);
	store_batch_arg_number(&batch, STORE_OPEN_TTL_S);
	for (size_t i = 0; i < take->limit_count; i++) {
		store_batch_arg_number(&batch, take->limits[i].count);
		store_batch_arg_number(&batch, take->limits[i].width_ms);
		store_batch_arg_number(&batch, take->limits[i].buckets);
	}
	str_free(&form->wire);
	form->wire = batch.wire;
}

void
store_put_take_form(struct store_batch *batch, const struct store_take_form *form, int64_t open,
    struct store_took *took)
{
	store_batch_begin_raw(batch, SCRIPT_TAKE, span_make(form->wire.data, form->gap));
	store_batch_arg_number(batch, open);
	str_add(&batch->wire, form->wire.data + form->gap, form->wire.len - form->gap);
	store_batch_end(batch, store_reply_took, took);
}

void
store_take_form_free(struct store_take_form *form)
{
	str_free(&form->wire);
}

void
store_put_take(struct store_batch *batch, const struct store_take *take, struct store_took *took)
{
	struct store_take_form form = { 0 };

	store_take_prepare(&form, take);
	store_put_take_form(batch, &form, take->open, took);
	store_take_form_free(&form);
}

void
store_put_give_back(struct store_batch *batch, const struct store_take *take, int64_t now_ms)
{
	struct str scratch = { 0 };

	store_batch_begin_script(batch, SCRIPT_GIVE_BACK, take->limit_count,
	    take->limit_count + 1 + 2 * take->limit_count);
	for (size_t i = 0; i < take->limit_count; i++)
		store_batch_arg(batch, key_sent(&scratch, take->group, take->ip, &take->limits[i]));
	store_batch_arg_number(batch, now_ms);
	for (size_t i = 0; i < take->limit_count; i++) {
		store_batch_arg_number(batch, take->limits[i].width_ms);
		store_batch_arg_number(batch, take->limits[i].buckets);
	}
	store_batch_end(batch, NULL, NULL);
	str_free(&scratch);
}

void
store_put_open(struct store_batch *batch, const char *group, const char *ip, const char *node,
    int64_t open, int64_t wall_s)
{
	struct str scratch = { 0 };
	struct span name = key_connections(&scratch, group, ip);
	char value[64], ttl[16];

	snprintf(value, sizeof(value), "%lld until %lld", (long long)open,
	    (long long)(wall_s + STORE_OPEN_TTL_S));
	snprintf(ttl, sizeof(ttl), "%d", 4 * STORE_OPEN_TTL_S);
	if (open <= 0) {
		STORE_PUT(batch, NULL, NULL, "HDEL", name.ptr, node);
	} else {
		STORE_PUT(batch, NULL, NULL, "HSET", name.ptr, node, value);
		STORE_PUT(batch, NULL, NULL, "EXPIRE", name.ptr, ttl);
	}
	str_free(&scratch);
}

void
store_put_ring(struct store_batch *batch, const char *group, const char *ip,
    const struct limit *limit, struct store_fields *ring)
{
	struct str scratch = { 0 };

	store_put_hash(batch, key_sent(&scratch, group, ip, limit).ptr, ring);
	str_free(&scratch);
}

static int64_t
number_of(struct span text, int64_t otherwise)
{
	unsigned long long n;

	return span_number(text, &n) && n <= INT64_MAX ? (int64_t)n : otherwise;
}

static int64_t
field_number(const struct store_fields *fields, const char *name, int64_t otherwise)
{
	for (size_t i = 0; i + 1 < fields->count; i += 2)
		if (span_eq(fields->items[i], span_of(name)))
			return number_of(fields->items[i + 1], otherwise);
	return otherwise;
}

/* Messages in one bucket of those that the ring holds: the last `buckets` up to head. */
static int64_t
ring_bucket(const struct store_fields *ring, const struct limit *limit, int64_t head,
    int64_t bucket)
{
	char name[24];

	if (bucket < 0 || bucket > head || bucket <= head - limit->buckets)
		return 0;
	snprintf(name, sizeof(name), "%lld", (long long)(bucket % limit->buckets));
	return field_number(ring, name, 0);
}

int64_t
store_ring_used(const struct store_fields *ring, const struct limit *limit, int64_t now_ms)
{
	int64_t now = now_ms / limit->width_ms;
	int64_t head = field_number(ring, "head", -1);
	int64_t used = 0;

	if (head < 0 || head - now >= limit->buckets)
		return 0;
	for (int64_t bucket = head - limit->buckets + 1; bucket <= head; bucket++)
		if (bucket > now - limit->buckets)
			used += ring_bucket(ring, limit, head, bucket);
	return used;
}

int64_t
store_ring_wait(const struct store_fields *ring, const struct limit *limit, int64_t now_ms)
{
	int64_t head = field_number(ring, "head", -1);
	int64_t now = now_ms / limit->width_ms;
	int64_t left = store_ring_used(ring, limit, now_ms);

	if (head > now)
		now = head;
	for (int64_t i = 0; i <= limit->buckets; i++) {
		if (i > 0)
			left -= ring_bucket(ring, limit, head, now - limit->buckets + i);
		if (left < limit->count)
			return i == 0 ? 0 : (now + i) * limit->width_ms - now_ms;
	}
	return limit->period_ms;
}

void
store_put_connections(struct store_batch *batch, const char *group, const char *ip,
    struct store_fields *nodes)
{
	struct str scratch = { 0 };

	store_put_hash(batch, key_connections(&scratch, group, ip).ptr, nodes);
	str_free(&scratch);
}

int64_t
store_open_total(const struct store_fields *nodes, int64_t wall_s)
{
	int64_t open = 0;

	for (size_t i = 0; i + 1 < nodes->count; i += 2) {
		struct span value = nodes->items[i + 1];
		long mark = span_find(value, SPAN(" until "));

		if (mark >= 0 && number_of(span_from(value, (size_t)mark + 7), 0) > wall_s)
			open += number_of(span_make(value.ptr, (size_t)mark), 0);
	}
	return open;
}

void
store_put_group_used(struct store_batch *batch, const char *group, int64_t wall_s)
{
	struct str name = { 0 };
	char now[24], old[24];

	keys_encode(&name, span_of(group));
	snprintf(now, sizeof(now), "%lld", (long long)wall_s);
	snprintf(old, sizeof(old), "(%lld", (long long)wall_s - 7 * 86400);
	STORE_PUT(batch, NULL, NULL, "ZADD", KEYS_GROUPS, now, str_text(&name));
	STORE_PUT(batch, NULL, NULL, "ZREMRANGEBYSCORE", KEYS_GROUPS, "-inf", old);
	str_free(&name);
}

void
store_put_groups(struct store_batch *batch, struct store_fields *groups)
{
	STORE_PUT(batch, store_reply_fields, groups, "ZREVRANGE", KEYS_GROUPS, "0", "9999",
	    "WITHSCORES");
}
