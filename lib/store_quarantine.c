#include "store_quarantine.h"

#include <stdio.h>
#include <string.h>

#include "keys.h"
#include "store_reply.h"

enum { PRUNE_AT_ONCE = 1000 }; /* about a millisecond of Redis' time */

enum { KEY_USUAL = 100 }; /* bytes; of a longer one the scratch grows */

/* One key at a time is built here; the batch copies it at once. */
static struct span
key(struct str *scratch, void (*add)(struct str *, const char *), const char *text)
{
	str_empty(scratch);
	str_reserve(scratch, KEY_USUAL);
	add(scratch, text);
	return span_make(scratch->data, scratch->len);
}

static void
put_read(struct store_batch *batch, const char *addr, store_decode *decode, void *result)
{
	struct str scratch = { 0 };

	store_batch_begin(batch, 2);
	store_batch_arg(batch, SPAN("HGETALL"));
	store_batch_arg(batch, key(&scratch, keys_quarantine, addr));
	store_batch_end(batch, decode, result);
	str_free(&scratch);
}

void
store_put_quarantine_read(struct store_batch *batch, const char *addr,
    struct quarantine_entry *entry)
{
	put_read(batch, addr, store_reply_entry, entry);
}

void
store_put_quarantine_find(struct store_batch *batch, const char *addr,
    struct quarantine_entry **found)
{
	put_read(batch, addr, store_reply_found, found);
}

/* As much of a text as an entry shows, cut between characters; NULL is none. */
static struct span
shown(const char *text)
{
	struct span all = span_of(text);

	if (all.len < QUARANTINE_TEXT_SIZE)
		return all;
	all.len = QUARANTINE_TEXT_SIZE - 1;
	while (all.len > 0 && ((unsigned char)all.ptr[all.len] & 0xc0) == 0x80)
		all.len--;
	return all;
}

void
store_put_error(struct store_batch *batch, const struct store_error *error,
    struct store_counted *counted)
{
	const char *fields[] = { "code", error->code, "text", error->text, "mx", error->mx,
		"message", error->message, "campaign", error->campaign, "list", error->list,
		"account", error->account, "group", error->group, "rule", error->bounce_rule };
	enum { FIELDS = sizeof(fields) / sizeof(fields[0]) };
	struct str scratch = { 0 };

	store_batch_begin_script(batch, SCRIPT_ERROR, 1, 1 + 10 + FIELDS);
	store_batch_arg(batch, key(&scratch, keys_quarantine, error->addr));
	store_batch_arg_number(batch, error->now_s);
	store_batch_arg_number(batch, error->at_s);
	store_batch_arg_text(batch, error->ndr);
	store_batch_arg_text(batch, bounce_type_name(error->type));
	store_batch_arg_text(batch, reason_name(error->reason));
	store_batch_arg_number(batch, error->rule.errors);
	store_batch_arg_number(batch, error->rule.release_ms / 1000);
	store_batch_arg_number(batch, error->rule.significant_ms / 1000);
	store_batch_arg_number(batch, error->rule.quiet_ms / 1000);
	store_batch_arg_number(batch, error->guarded);
	for (size_t i = 0; i < FIELDS; i += 2) {
		store_batch_arg_text(batch, fields[i]);
		store_batch_arg(batch, shown(fields[i + 1]));
	}
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
	const struct {
		const char *name;
		int64_t value;
	} numbers[] = {
		{ "errors", entry->errors },
		{ "first", entry->first_s > 0 ? entry->first_s : entry->since_s },
		{ "last", entry->last_s > 0 ? entry->last_s : entry->since_s },
		{ "since", entry->since_s },
		{ "release", entry->release_s },
		{ "quiet", entry->quiet_s },
	};
	const char *texts[] = { "status", quarantine_status_name(entry->status), "type",
		bounce_type_name(entry->type), "reason", reason_name(entry->reason), "code",
		entry->code, "text", entry->text, "mx", entry->mx, "message", entry->message,
		"campaign", entry->campaign, "list", entry->list, "account", entry->account,
		"group", entry->group, "rule", entry->rule, "by", entry->by };
	enum {
		NUMBERS = sizeof(numbers) / sizeof(numbers[0]),
		TEXTS = sizeof(texts) / sizeof(texts[0])
	};
	int64_t expiry_s = quarantine_entry_expiry(entry);
	struct str scratch = { 0 };

	store_batch_begin_script(batch, SCRIPT_PUT, 1, 2 + 2 * NUMBERS + TEXTS);
	store_batch_arg(batch, key(&scratch, keys_quarantine, addr));
	store_batch_arg_number(batch, expiry_s);
	for (size_t i = 0; i < NUMBERS; i++) {
		store_batch_arg_text(batch, numbers[i].name);
		store_batch_arg_number(batch, numbers[i].value);
	}
	for (size_t i = 0; i < TEXTS; i++)
		store_batch_arg_text(batch, texts[i]);
	store_batch_end(batch, NULL, NULL);
	store_put_index(batch, addr, expiry_s);
	str_free(&scratch);
}

void
store_put_index_gone(struct store_batch *batch, const char *addr)
{
	struct str member = { 0 };

	keys_encode(&member, span_of(addr));
	STORE_PUT(batch, NULL, NULL, "ZREM", KEYS_QUARANTINE_INDEX, str_text(&member));
	str_free(&member);
}

void
store_put_quarantine_remove(struct store_batch *batch, const char *addr, const char *by,
    int64_t quiet_ms, struct store_removed *removed)
{
	struct str scratch = { 0 };

	store_batch_begin_script(batch, SCRIPT_REMOVE, 1, 4);
	store_batch_arg(batch, key(&scratch, keys_quarantine, addr));
	store_batch_arg_number(batch, 0);
	store_batch_arg_text(batch, by);
	store_batch_arg_number(batch, quiet_ms / 1000);
	store_batch_end(batch, store_reply_removed, removed);
	str_free(&scratch);
}

void
store_put_index_scan(struct store_batch *batch, const char *match, struct store_page *page)
{
	STORE_PUT(batch, store_reply_scan, page, "ZSCAN", KEYS_QUARANTINE_INDEX, page->cursor,
	    "MATCH", match, "COUNT", "200"); /* half a millisecond of Redis' time */
}

void
store_put_index_prune(struct store_batch *batch, int64_t wall_s)
{
	store_batch_begin_script(batch, SCRIPT_PRUNE, 1, 3);
	store_batch_arg(batch, SPAN(KEYS_QUARANTINE_INDEX));
	store_batch_arg_number(batch, wall_s);
	store_batch_arg_number(batch, PRUNE_AT_ONCE);
	store_batch_end(batch, NULL, NULL);
}

void
store_put_index_size(struct store_batch *batch, int64_t *size)
{
	STORE_PUT(batch, store_reply_number, size, "ZCARD", KEYS_QUARANTINE_INDEX);
}
