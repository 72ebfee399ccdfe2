#include "store.h"

#include <stdio.h>
#include <string.h>

#include "arena.h"
#include "keys.h"
#include "store_reply.h"

/* One key at a time is built here; the batch copies it at once. */
static struct span
key(struct str *scratch, void (*add)(struct str *, const char *), const char *text)
{
	str_empty(scratch);
	add(scratch, text);
	return span_make(scratch->data, scratch->len);
}

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
put_words(struct store_batch *batch, const char *const *words, size_t count, store_decode *decode,
    void *result)
{
	store_batch_begin(batch, count);
	for (size_t i = 0; i < count; i++)
		store_batch_arg_text(batch, words[i]);
	store_batch_end(batch, decode, result);
}
#define PUT(batch, decode, result, ...)                                           \
	put_words(batch, (const char *const[]){ __VA_ARGS__ },                    \
	    sizeof((const char *const[]){ __VA_ARGS__ }) / sizeof(char *), decode, result)

void
store_take_prepare(struct store_take_form *form, const struct store_take *take)
{
	struct store_batch batch = { 0 };
	struct str scratch = { 0 };

	store_batch_begin_script(&batch, SCRIPT_TAKE, 1 + take->limit_count,
	    1 + take->limit_count + 5 + 3 * take->limit_count);
	store_batch_arg(&batch, key_connections(&scratch, take->group, take->ip));
	for (size_t i = 0; i < take->limit_count; i++)
		store_batch_arg(&batch,
		    key_sent(&scratch, take->group, take->ip, &take->limits[i]));
	store_batch_arg_number(&batch, take->commit);
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
	str_free(&scratch);
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
		store_batch_arg(batch,
		    key_sent(&scratch, take->group, take->ip, &take->limits[i]));
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
		PUT(batch, NULL, NULL, "HDEL", name.ptr, node);
	} else {
		PUT(batch, NULL, NULL, "HSET", name.ptr, node, value);
		PUT(batch, NULL, NULL, "EXPIRE", name.ptr, ttl);
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
	PUT(batch, NULL, NULL, "ZADD", KEYS_GROUPS, now, str_text(&name));
	PUT(batch, NULL, NULL, "ZREMRANGEBYSCORE", KEYS_GROUPS, "-inf", old);
	str_free(&name);
}

void
store_put_groups(struct store_batch *batch, struct store_fields *groups)
{
	PUT(batch, store_reply_fields, groups, "ZREVRANGE", KEYS_GROUPS, "0", "9999", "WITHSCORES");
}

void
store_put_hash(struct store_batch *batch, const char *name, struct store_fields *fields)
{
	PUT(batch, store_reply_fields, fields, "HGETALL", name);
}

void
store_put_quarantine_read(struct store_batch *batch, const char *addr,
    struct quarantine_entry *entry)
{
	struct str scratch = { 0 };

	store_batch_begin(batch, 2);
	store_batch_arg(batch, SPAN("HGETALL"));
	store_batch_arg(batch, key(&scratch, keys_quarantine, addr));
	store_batch_end(batch, store_reply_entry, entry);
	str_free(&scratch);
}

void
store_put_error(struct store_batch *batch, const struct store_error *error,
    struct store_counted *counted)
{
	const char *fields[] = { "code", error->code, "text", error->text, "mx", error->mx, "campaign",
		error->campaign, "rule", error->bounce_rule };
	enum { FIELDS = sizeof(fields) / sizeof(fields[0]) };
	struct str scratch = { 0 };

	store_batch_begin_script(batch, SCRIPT_ERROR, 1, 1 + 8 + FIELDS);
	store_batch_arg(batch, key(&scratch, keys_quarantine, error->addr));
	store_batch_arg_number(batch, error->now_s);
	store_batch_arg_text(batch, error->ndr);
	store_batch_arg_text(batch, bounce_type_name(error->type));
	store_batch_arg_text(batch, reason_name(error->reason));
	store_batch_arg_number(batch, error->rule.errors);
	store_batch_arg_number(batch, error->rule.release_ms / 1000);
	store_batch_arg_number(batch, error->significant_ms / 1000);
	store_batch_arg_number(batch, error->quiet_ms / 1000);
	for (size_t i = 0; i < FIELDS; i++)
		store_batch_arg_text(batch, fields[i]);
	store_batch_end(batch, store_reply_counted, counted);
	str_free(&scratch);
}

void
store_put_index(struct store_batch *batch, const char *addr, int64_t expiry_s)
{
	struct str member = { 0 };
	char score[24];

	keys_encode(&member, span_of(addr));
	snprintf(score, sizeof(score), "%lld", (long long)expiry_s);
	PUT(batch, NULL, NULL, "ZADD", KEYS_QUARANTINE_INDEX, expiry_s > 0 ? score : "+inf",
	    str_text(&member));
	str_free(&member);
}

void
store_put_quarantine_add(struct store_batch *batch, const char *addr,
    const struct quarantine_entry *entry)
{
	struct str scratch = { 0 };
	char since[24], release[24], errors[24];
	const char *name = key(&scratch, keys_quarantine, addr).ptr;

	snprintf(since, sizeof(since), "%lld", (long long)entry->since_s);
	snprintf(release, sizeof(release), "%lld", (long long)entry->release_s);
	snprintf(errors, sizeof(errors), "%lld", (long long)entry->errors);
	PUT(batch, NULL, NULL, "DEL", name);
	PUT(batch, NULL, NULL, "HSET", name, "status", quarantine_status_name(entry->status), "type",
	    bounce_type_name(entry->type), "reason", reason_name(entry->reason), "errors", errors,
	    "first", since, "last", since, "since", since, "release", release, "text", entry->text,
	    "by", entry->by);
	if (entry->release_s > 0)
		PUT(batch, NULL, NULL, "EXPIREAT", name, release);
	store_put_index(batch, addr, entry->release_s);
	str_free(&scratch);
}

void
store_put_quarantine_remove(struct store_batch *batch, const char *addr, int64_t *removed)
{
	struct str scratch = { 0 };
	struct str member = { 0 };

	PUT(batch, store_reply_number, removed, "DEL", key(&scratch, keys_quarantine, addr).ptr);
	keys_encode(&member, span_of(addr));
	PUT(batch, NULL, NULL, "ZREM", KEYS_QUARANTINE_INDEX, str_text(&member));
	str_free(&member);
	str_free(&scratch);
}

void
store_put_index_scan(struct store_batch *batch, const char *match, struct store_page *page)
{
	PUT(batch, store_reply_scan, page, "ZSCAN", KEYS_QUARANTINE_INDEX, page->cursor, "MATCH", match,
	    "COUNT", "500");
}

void
store_put_index_prune(struct store_batch *batch, int64_t wall_s)
{
	char now[24];

	snprintf(now, sizeof(now), "%lld", (long long)wall_s);
	PUT(batch, NULL, NULL, "ZREMRANGEBYSCORE", KEYS_QUARANTINE_INDEX, "-inf", now);
}

void
store_put_index_size(struct store_batch *batch, int64_t *size)
{
	PUT(batch, store_reply_number, size, "ZCARD", KEYS_QUARANTINE_INDEX);
}

void
store_put_event(struct store_batch *batch, const char *type,
    const struct store_event_field *fields, size_t count)
{
	size_t present = 0;

	for (size_t i = 0; i < count; i++)
		present += fields[i].value != NULL;
	store_batch_begin(batch, 8 + 2 * present);
	store_batch_arg(batch, SPAN("XADD"));
	store_batch_arg(batch, SPAN(KEYS_EVENTS));
	store_batch_arg(batch, SPAN("MAXLEN"));
	store_batch_arg(batch, SPAN("~"));
	store_batch_arg_number(batch, STORE_EVENTS_MAX);
	store_batch_arg(batch, SPAN("*"));
	store_batch_arg(batch, SPAN("type"));
	store_batch_arg_text(batch, type);
	for (size_t i = 0; i < count; i++) {
		if (fields[i].value == NULL)
			continue;
		store_batch_arg_text(batch, fields[i].name);
		store_batch_arg_text(batch, fields[i].value);
	}
	store_batch_end(batch, NULL, NULL);
}

void
store_put_unclassified(struct store_batch *batch, const char *text)
{
	PUT(batch, NULL, NULL, "ZINCRBY", KEYS_UNCLASSIFIED, "1", text);
	/* The thousand most frequent stay. */
	PUT(batch, NULL, NULL, "ZREMRANGEBYRANK", KEYS_UNCLASSIFIED, "0", "-1001");
}

void
store_put_mx(struct store_batch *batch, const char *domain, const char *set, int64_t ttl_s)
{
	struct str scratch = { 0 };
	char ttl[24];

	snprintf(ttl, sizeof(ttl), "%lld", (long long)(ttl_s > 0 ? ttl_s : 1));
	PUT(batch, NULL, NULL, "SET", key(&scratch, keys_mx, domain).ptr, set, "EX", ttl);
	str_free(&scratch);
}

void
store_put_mx_read(struct store_batch *batch, const char *domain, struct str *set)
{
	struct str scratch = { 0 };

	PUT(batch, store_reply_text, set, "GET", key(&scratch, keys_mx, domain).ptr);
	str_free(&scratch);
}

void
store_put_node(struct store_batch *batch, const char *node, const struct store_event_field *fields,
    size_t count, int64_t wall_s, struct str *before)
{
	struct str scratch = { 0 };
	struct str member = { 0 };
	const char *name = key(&scratch, keys_node, node).ptr;
	char ttl[16], now[24], old[24];

	PUT(batch, store_reply_text, before, "HGET", name, "run");
	store_batch_begin(batch, 2 + 2 * count);
	store_batch_arg(batch, SPAN("HSET"));
	store_batch_arg_text(batch, name);
	for (size_t i = 0; i < count; i++) {
		store_batch_arg_text(batch, fields[i].name);
		store_batch_arg_text(batch, fields[i].value);
	}
	store_batch_end(batch, NULL, NULL);
	snprintf(ttl, sizeof(ttl), "%d", STORE_OPEN_TTL_S);
	PUT(batch, NULL, NULL, "EXPIRE", name, ttl);
	keys_encode(&member, span_of(node));
	snprintf(now, sizeof(now), "%lld", (long long)wall_s);
	snprintf(old, sizeof(old), "(%lld", (long long)wall_s - 86400);
	PUT(batch, NULL, NULL, "ZADD", KEYS_NODES, now, str_text(&member));
	PUT(batch, NULL, NULL, "ZREMRANGEBYSCORE", KEYS_NODES, "-inf", old);
	str_free(&member);
	str_free(&scratch);
}

void
store_put_node_gone(struct store_batch *batch, const char *node)
{
	struct str scratch = { 0 };

	PUT(batch, NULL, NULL, "DEL", key(&scratch, keys_node, node).ptr);
	str_free(&scratch);
}

void
store_put_nodes(struct store_batch *batch, struct store_fields *nodes)
{
	PUT(batch, store_reply_fields, nodes, "ZREVRANGE", KEYS_NODES, "0", "999", "WITHSCORES");
}

void
store_put_node_read(struct store_batch *batch, const char *node, struct store_fields *fields)
{
	struct str scratch = { 0 };

	store_put_hash(batch, key(&scratch, keys_node, node).ptr, fields);
	str_free(&scratch);
}

void
store_put_time(struct store_batch *batch, struct store_fields *time)
{
	PUT(batch, store_reply_fields, time, "TIME");
}

void
store_put_probe(struct store_batch *batch)
{
	PUT(batch, NULL, NULL, "SET", KEYS_PROBE, "1", "PX", "1000");
}

void
store_put_script(struct store_batch *batch, enum script script)
{
	store_batch_begin(batch, 3);
	store_batch_arg(batch, SPAN("SCRIPT"));
	store_batch_arg(batch, SPAN("LOAD"));
	store_batch_arg(batch, script_text(script));
	store_batch_end(batch, NULL, NULL);
}

void
store_put_login(struct store_batch *batch, const char *user, const char *password, int64_t db)
{
	char number[24];

	if (*password != '\0' && *user != '\0')
		PUT(batch, NULL, NULL, "AUTH", user, password);
	else if (*password != '\0')
		PUT(batch, NULL, NULL, "AUTH", password);
	snprintf(number, sizeof(number), "%lld", (long long)db);
	if (db > 0)
		PUT(batch, NULL, NULL, "SELECT", number);
}
