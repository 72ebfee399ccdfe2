#include "verbs.h"

#include "keys.h"

/* `quarantine list`: the index page by page, so that neither Redis nor memory is held up by a
 * million addresses. */

struct listed {
	const char *addr;
	int64_t expiry_s; /* 0: never */
	struct quarantine_entry entry;
};

static void
show_row(struct ctl *ctl, const struct listed *row)
{
	const struct quarantine_entry *entry = &row->entry;
	struct out_value none = out_none("-");

	out_cell(ctl->out, out_string(quarantine_status_name(entry->status)));
	out_cell(ctl->out, out_string(bounce_type_name(entry->type)));
	out_cell(ctl->out, out_time(entry->first_s, 0));
	out_cell(ctl->out, entry->since_s > 0 ? out_time(entry->since_s, 0) : none);
	out_cell(ctl->out, out_time(entry->last_s, 0));
	out_cell(ctl->out, row->expiry_s > 0 ? out_time(row->expiry_s, 0) : out_none("removed"));
	out_cell(ctl->out, out_number(entry->errors));
	out_cell(ctl->out, out_string(reason_name(entry->reason)));
	out_cell(ctl->out, out_string(entry->code));
	out_cell(ctl->out, out_string(entry->text));
	out_cell(ctl->out, out_string(entry->by));
	out_cell(ctl->out, out_string(row->addr));
}

/* The addresses of a page from *at on, as many as one batch reads. */
static size_t
take_addresses(struct arena *arena, const struct store_page *page, size_t *at, struct listed *rows)
{
	struct str addr = { 0 };
	size_t count = 0;

	for (; *at + 1 < page->fields.count && count < STORE_BATCH_MAX; *at += 2) {
		unsigned long long expiry = 0;

		str_empty(&addr);
		if (keys_decode(&addr, page->fields.items[*at]) != 0)
			continue;
		span_number(page->fields.items[*at + 1], &expiry);
		rows[count++] = (struct listed){
			.addr = arena_dup(arena, span_make(str_text(&addr), addr.len)),
			.expiry_s = (int64_t)expiry,
		};
	}
	str_free(&addr);
	return count;
}

static enum ctl_exit
show_page(struct ctl *ctl, const struct store_page *page, enum quarantine_status wanted)
{
	struct listed rows[STORE_BATCH_MAX];
	enum ctl_exit rc = CTL_DONE;

	for (size_t at = 0; at + 1 < page->fields.count && rc == CTL_DONE;) {
		size_t count = take_addresses(page->fields.arena, page, &at, rows);

		for (size_t i = 0; i < count; i++)
			store_put_quarantine_read(&ctl->batch, rows[i].addr, &rows[i].entry);
		rc = count > 0 ? ctl_store_must(ctl) : CTL_DONE;
		for (size_t i = 0; i < count && rc == CTL_DONE; i++)
			if (rows[i].entry.status == wanted)
				show_row(ctl, &rows[i]);
	}
	return rc;
}

static enum ctl_exit
show_pages(struct ctl *ctl, const char *match, enum quarantine_status wanted)
{
	struct arena arena;
	struct store_page page = { .cursor = "0" };
	enum ctl_exit rc;

	do {
		arena_init(&arena);
		page.fields = (struct store_fields){ .arena = &arena };
		store_put_index_scan(&ctl->batch, match, &page);
		rc = ctl_store_must(ctl);
		if (rc == CTL_DONE)
			rc = show_page(ctl, &page, wanted);
		arena_clear(&arena);
	} while (rc == CTL_DONE && !span_eq(span_of(page.cursor), SPAN("0")));
	return rc;
}

/* The glob as the index's members are written: lower case, odd bytes encoded. */
static const char *
encode_glob(struct ctl *ctl, const char *glob)
{
	struct str lower = { 0 }, encoded = { 0 };
	const char *copy = NULL;

	for (const char *p = glob; *p != '\0'; p++)
		str_addc(&lower, (char)(*p >= 'A' && *p <= 'Z' ? *p + ('a' - 'A') : *p));
	if (lower.len <= KEYS_MAX_TEXT / 3) { /* each byte may take three */
		keys_encode(&encoded, span_of(str_text(&lower)));
		copy = arena_dup(&ctl->arena, span_of(str_text(&encoded)));
	}
	str_free(&lower);
	str_free(&encoded);
	return copy;
}

enum ctl_exit
quarantine_list(struct ctl *ctl)
{
	bool counting = ctl->options[CTL_OPTION_COUNTING] != NULL;
	const struct out_column columns[] = {
		{ "status", NULL, OUT_LEFT },
		{ "type", NULL, OUT_LEFT },
		{ "first", NULL, OUT_LEFT },
		{ "since", counting ? NULL : "SINCE", OUT_LEFT },
		{ "last", counting ? "LAST ERROR" : NULL, OUT_LEFT },
		{ "expires", "UNTIL", OUT_LEFT },
		{ "errors", "ERRORS", OUT_RIGHT },
		{ "reason", "REASON", OUT_LEFT },
		{ "code", NULL, OUT_LEFT },
		{ "text", NULL, OUT_LEFT },
		{ "by", NULL, OUT_LEFT },
		{ "address", "ADDRESS", OUT_LEFT },
	};
	const char *match = "*";
	struct ctl_time now;
	struct err err;
	enum ctl_exit rc;

	if (ctl->options[CTL_OPTION_MATCH] != NULL)
		match = encode_glob(ctl, ctl->options[CTL_OPTION_MATCH]);
	if (match == NULL) {
		ctl_complain(ctl, "--match is too long");
		return CTL_USAGE;
	}
	if (ctl_store_time(ctl, &now, &err) != 0) {
		ctl_complain(ctl, "%s", err.text);
		return CTL_AWAY;
	}
	store_put_index_prune(&ctl->batch, now.s);
	if (ctl_store_must(ctl) != CTL_DONE)
		return CTL_AWAY;
	out_table(ctl_out(ctl), "quarantine", NULL, columns, sizeof(columns) / sizeof(columns[0]));
	rc = show_pages(ctl, match, counting ? QUARANTINE_COUNTING : QUARANTINE_QUARANTINED);
	out_table_end(ctl->out, "None.");
	out_put(ctl->out, "complete", NULL, out_bool(rc == CTL_DONE));
	return rc;
}
