#include "store_quarantine.h"

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
	const char *fields[] = { "code", error->code, "text", error->text, "mx", error->mx,
		"campaign", error->campaign, "rule", error->bounce_rule };
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
	STORE_PUT(batch, NULL, NULL, "ZADD", KEYS_QUARANTINE_INDEX, expiry_s > 0 ? score : "+inf",
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
	STORE_PUT(batch, NULL, NULL, "DEL", name);
	STORE_PUT(batch, NULL, NULL, "HSET", name, "status", quarantine_status_name(entry->status),
	    "type", bounce_type_name(entry->type), "reason", reason_name(entry->reason), "errors",
	    errors, "first", since, "last", since, "since", since, "release", release, "text",
	    entry->text, "by", entry->by);
	if (entry->release_s > 0)
		STORE_PUT(batch, NULL, NULL, "EXPIREAT", name, release);
	store_put_index(batch, addr, entry->release_s);
	str_free(&scratch);
}

void
store_put_quarantine_remove(struct store_batch *batch, const char *addr, int64_t *removed)
{
	struct str scratch = { 0 };
	struct str member = { 0 };

	STORE_PUT(batch, store_reply_number, removed, "DEL",
	    key(&scratch, keys_quarantine, addr).ptr);
	keys_encode(&member, span_of(addr));
	STORE_PUT(batch, NULL, NULL, "ZREM", KEYS_QUARANTINE_INDEX, str_text(&member));
	str_free(&member);
	str_free(&scratch);
}

void
store_put_index_scan(struct store_batch *batch, const char *match, struct store_page *page)
{
	STORE_PUT(batch, store_reply_scan, page, "ZSCAN", KEYS_QUARANTINE_INDEX, page->cursor,
	    "MATCH", match, "COUNT", "500");
}

void
store_put_index_prune(struct store_batch *batch, int64_t wall_s)
{
	char now[24];

	snprintf(now, sizeof(now), "%lld", (long long)wall_s);
	STORE_PUT(batch, NULL, NULL, "ZREMRANGEBYSCORE", KEYS_QUARANTINE_INDEX, "-inf", now);
}

void
store_put_index_size(struct store_batch *batch, int64_t *size)
{
	STORE_PUT(batch, store_reply_number, size, "ZCARD", KEYS_QUARANTINE_INDEX);
}
