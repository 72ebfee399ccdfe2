#include "store.h"

#include <stdio.h>
#include <string.h>

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

void
store_put_event(struct store_batch *batch, const char *type, const struct store_event_field *fields,
    size_t count)
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
	STORE_PUT(batch, NULL, NULL, "ZINCRBY", KEYS_UNCLASSIFIED, "1", text);
	/* The thousand most frequent stay. */
	STORE_PUT(batch, NULL, NULL, "ZREMRANGEBYRANK", KEYS_UNCLASSIFIED, "0", "-1001");
}

void
store_put_unclassified_read(struct store_batch *batch, struct store_fields *texts)
{
	STORE_PUT(batch, store_reply_fields, texts, "ZREVRANGE", KEYS_UNCLASSIFIED, "0", "-1",
	    "WITHSCORES");
}

void
store_put_unclassified_forget(struct store_batch *batch, const char *text, int64_t *forgotten)
{
	STORE_PUT(batch, store_reply_number, forgotten, "ZREM", KEYS_UNCLASSIFIED, text);
}

void
store_put_mx(struct store_batch *batch, const char *domain, const char *set, int64_t ttl_s)
{
	struct str scratch = { 0 };
	char ttl[24];

	snprintf(ttl, sizeof(ttl), "%lld", (long long)(ttl_s > 0 ? ttl_s : 1));
	STORE_PUT(batch, NULL, NULL, "SET", key(&scratch, keys_mx, domain).ptr, set, "EX", ttl);
	str_free(&scratch);
}

void
store_put_mx_read(struct store_batch *batch, const char *domain, struct str *set)
{
	struct str scratch = { 0 };

	STORE_PUT(batch, store_reply_text, set, "GET", key(&scratch, keys_mx, domain).ptr);
	str_free(&scratch);
}

void
store_put_mx_scan(struct store_batch *batch, struct store_page *page)
{
	STORE_PUT(batch, store_reply_scan, page, "SCAN", page->cursor, "MATCH", KEYS_MX "*",
	    "COUNT", "500");
}

void
store_put_node(struct store_batch *batch, const char *node, const struct store_event_field *fields,
    size_t count, int64_t wall_s, struct str *before)
{
	struct str scratch = { 0 };
	struct str member = { 0 };
	const char *name = key(&scratch, keys_node, node).ptr;
	char ttl[16], now[24], old[24];

	STORE_PUT(batch, store_reply_text, before, "HGET", name, "run");
	store_batch_begin(batch, 2 + 2 * count);
	store_batch_arg(batch, SPAN("HSET"));
	store_batch_arg_text(batch, name);
	for (size_t i = 0; i < count; i++) {
		store_batch_arg_text(batch, fields[i].name);
		store_batch_arg_text(batch, fields[i].value);
	}
	store_batch_end(batch, NULL, NULL);
	snprintf(ttl, sizeof(ttl), "%d", STORE_OPEN_TTL_S);
	STORE_PUT(batch, NULL, NULL, "EXPIRE", name, ttl);
	keys_encode(&member, span_of(node));
	snprintf(now, sizeof(now), "%lld", (long long)wall_s);
	snprintf(old, sizeof(old), "(%lld", (long long)wall_s - 86400);
	STORE_PUT(batch, NULL, NULL, "ZADD", KEYS_NODES, now, str_text(&member));
	STORE_PUT(batch, NULL, NULL, "ZREMRANGEBYSCORE", KEYS_NODES, "-inf", old);
	str_free(&member);
	str_free(&scratch);
}

void
store_put_node_gone(struct store_batch *batch, const char *node)
{
	struct str scratch = { 0 };

	STORE_PUT(batch, NULL, NULL, "DEL", key(&scratch, keys_node, node).ptr);
	str_free(&scratch);
}

void
store_put_nodes(struct store_batch *batch, struct store_fields *nodes)
{
	STORE_PUT(batch, store_reply_fields, nodes, "ZREVRANGE", KEYS_NODES, "0", "999",
	    "WITHSCORES");
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
	STORE_PUT(batch, store_reply_fields, time, "TIME");
}

void
store_put_probe(struct store_batch *batch)
{
	STORE_PUT(batch, NULL, NULL, "SET", KEYS_PROBE, "1", "PX", "1000");
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
		STORE_PUT(batch, NULL, NULL, "AUTH", user, password);
	else if (*password != '\0')
		STORE_PUT(batch, NULL, NULL, "AUTH", password);
	snprintf(number, sizeof(number), "%lld", (long long)db);
	if (db > 0)
		STORE_PUT(batch, NULL, NULL, "SELECT", number);
}
