#include "walk.h"

#include <inttypes.h>

#include "interrupt.h"
#include "keys.h"

/* The addresses of a page from *at on that may be meant, as many as one batch reads. */
static size_t
take_addresses(struct walk *walk, const struct store_page *page, size_t *at, struct walk_row *rows)
{
	struct arena *arena = page->fields.arena;
	struct str addr = { 0 };
	size_t count = 0;

	for (; *at + 1 < page->fields.count && count < STORE_BATCH_MAX; *at += 2) {
		str_empty(&addr);
		walk->seen++;
		if (keys_decode(&addr, page->fields.items[*at]) != 0 ||
		    !filter_takes_address(walk->filter, str_text(&addr)))
			continue;
		rows[count++] = (struct walk_row){
			.addr = arena_dup(arena, span_make(str_text(&addr), addr.len)),
			.fields = { .arena = arena },
		};
	}
	str_free(&addr);
	return count;
}

/* Puts texts together that stand in several fields, and the fields there that an entry has without
 * saying so: an export is as good in another place, or after a change of these. */
static void
complete(struct walk_row *row)
{
	const struct quarantine_entry *entry = &row->entry;
	struct store_fields *fields = &row->fields;
	struct span *items = arena_alloc(fields->arena, (fields->count + 4) * sizeof(*items));
	size_t count = 0;

	for (size_t i = 0; i + 1 < fields->count; i += 2) {
		struct span name, value = fields->items[i + 1];

		if (quarantine_piece(fields->items[i], &name) > 0 &&
		    walk_field(row, arena_dup(fields->arena, name)).len > 0)
			continue;
		for (unsigned piece = 2;; piece++) {
			struct span more = walk_field(row,
			    arena_printf(fields->arena, "%.*s:%u", (int)name.len, name.ptr, piece));

			if (more.len == 0 || value.len != QUARANTINE_PIECE * ((size_t)piece - 1))
				break;
			value = span_of(arena_printf(fields->arena, "%.*s%.*s", (int)value.len,
			    value.ptr, (int)more.len, more.ptr));
		}
		items[count++] = fields->items[i];
		items[count++] = value;
	}
	if (entry->status != QUARANTINE_NONE && walk_field(row, "by").len == 0) {
		items[count++] = SPAN("by");
		items[count++] = span_of(entry->by);
	}
	if (entry->status != QUARANTINE_NONE && walk_field(row, "quiet").len == 0) {
		items[count++] = SPAN("quiet");
		items[count++] = span_of(arena_printf(fields->arena, "%" PRId64, entry->quiet_s));
	}
	fields->items = items;
	fields->count = count;
}

static bool
is_meant(struct walk *walk, struct walk_row *row)
{
	for (size_t i = 0; i + 1 < row->fields.count; i += 2)
		quarantine_entry_set(&row->entry, row->fields.items[i], row->fields.items[i + 1]);
	quarantine_entry_settle(&row->entry, walk->now_s);
	if (!filter_takes(walk->filter, &row->entry))
		return false;
	complete(row);
	return true;
}

static enum ctl_exit
read_page(struct walk *walk, const struct store_page *page)
{
	struct walk_row rows[STORE_BATCH_MAX];
	struct ctl *ctl = walk->ctl;
	enum ctl_exit rc = CTL_DONE;

	for (size_t at = 0; at + 1 < page->fields.count && rc == CTL_DONE;) {
		size_t count = take_addresses(walk, page, &at, rows), meant = 0;
		struct str key = { 0 };

		for (size_t i = 0; i < count; i++) {
			str_empty(&key);
			keys_quarantine(&key, rows[i].addr);
			store_put_hash(&ctl->batch, str_text(&key), &rows[i].fields);
		}
		str_free(&key);
		rc = count > 0 ? ctl_store_must(ctl) : CTL_DONE;
		for (size_t i = 0; i < count && rc == CTL_DONE; i++)
			if (is_meant(walk, &rows[i]))
				rows[meant++] = rows[i];
		if (rc == CTL_DONE && meant > 0)
			rc = walk->each(walk->arg, rows, meant);
		if (walk->progress != NULL)
			progress_show(walk->progress, walk->seen, walk->seen);
	}
	return rc;
}

enum ctl_exit
walk_run(struct walk *walk)
{
	struct store_page page = { .cursor = "0" };
	struct arena arena;
	enum ctl_exit rc;

	do {
		arena_init(&arena);
		page.fields = (struct store_fields){ .arena = &arena };
		store_put_index_scan(&walk->ctl->batch, walk->filter->match, &page);
		rc = ctl_store_must(walk->ctl);
		if (rc == CTL_DONE)
			rc = read_page(walk, &page);
		if (rc == CTL_DONE && interrupt_seen())
			rc = CTL_NO;
		arena_clear(&arena);
	} while (rc == CTL_DONE && !span_eq(span_of(page.cursor), SPAN("0")));
	if (walk->progress != NULL)
		progress_clear(walk->progress);
	return rc;
}

struct span
walk_field(const struct walk_row *row, const char *name)
{
	for (size_t i = 0; i + 1 < row->fields.count; i += 2)
		if (span_eq(row->fields.items[i], span_of(name)))
			return row->fields.items[i + 1];
	return SPAN("");
}
