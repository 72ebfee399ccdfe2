#include "out_text.h"

#include <stdlib.h>
#include <string.h>

#include "line.h"
#include "mem.h"

/* Tables for people. Rows are kept until there are enough to settle how wide the columns are. */

enum { WRAP_MIN = 8 };

/* Whether a table is for people at all. */
static bool
is_visible(const struct out_table *t)
{
	for (size_t i = 0; i < t->count; i++)
		if (t->columns[i].title != NULL)
			return true;
	return false;
}

void
out_text_table(struct out *out, const char *key)
{
	struct out_table *t = &out->table;

	(void)key;
	if (!is_visible(t))
		return;
	t->cells = mem_alloc(OUT_SETTLE_ROWS * t->count * sizeof(*t->cells));
}

/* Whether two rows have something different to say there. */
static bool
column_differs(const struct out_table *t, size_t column)
{
	const struct span *first = NULL;

	for (size_t i = column; i < t->cell_count; i += t->count) {
		if (span_eq(t->cells[i], SPAN("-")))
			continue;
		if (first != NULL && !span_eq(t->cells[i], *first))
			return true;
		first = &t->cells[i];
	}
	return false;
}

static size_t
row_width(const struct out_table *t)
{
	size_t width = OUT_TEXT_INDENT;

	for (size_t i = 0; i < t->count; i++)
		width += t->widths[i] > 0 ? t->widths[i] + OUT_TEXT_GAP : 0;
	return width - OUT_TEXT_GAP;
}

/* Makes the widest column that may wrap narrower, none below its least, until the row fits. */
static void
shrink(struct out_table *t, size_t terminal, const size_t *least)
{
	while (row_width(t) > terminal) {
		size_t widest = t->count;

		for (size_t i = 0; i < t->count; i++)
			if (t->columns[i].layout == OUT_WRAP && t->widths[i] > least[i] &&
			    (widest == t->count || t->widths[i] > t->widths[widest]))
				widest = i;
		if (widest == t->count)
			return;
		t->widths[widest]--;
	}
}

/* Column widths by the rows there are. */
static void
settle(struct out *out)
{
	struct out_table *t = &out->table;
	size_t words[OUT_COLUMNS_MAX] = { 0 }, least[OUT_COLUMNS_MAX];

	for (size_t i = 0; i < t->count; i++)
		t->widths[i] = words[i] =
		    t->columns[i].title != NULL ? strlen(t->columns[i].title) : 0;
	for (size_t i = 0; i < t->cell_count; i++) {
		size_t column = i % t->count, width = line_width(t->cells[i]);

		if (width > t->widths[column])
			t->widths[column] = width;
		width = line_longest_word(t->cells[i]);
		if (width > words[column])
			words[column] = width;
	}
	for (size_t i = 0; i < t->count; i++) {
		least[i] = WRAP_MIN;
		if (t->columns[i].layout == OUT_SAME && !column_differs(t, i))
			t->widths[i] = 0;
	}
	shrink(t, out->width, words);
	shrink(t, out->width, least);
	t->settled = true;
}

/* One line of a row, taken off the cells' rests; true if there is more. */
static bool
add_row_line(struct out *out, struct span *rests)
{
	const struct out_table *t = &out->table;
	size_t at = 0, column_at = OUT_TEXT_INDENT;
	bool more = false;

	for (size_t i = 0; i < t->count; i++) {
		bool wraps = t->columns[i].layout == OUT_WRAP;
		struct span line;
		size_t width;

		if (t->widths[i] == 0)
			continue;
		line = line_take(&rests[i], wraps ? t->widths[i] : SIZE_MAX);
		width = line_width(line);
		more = more || rests[i].len > 0;
		if (width > 0) {
			size_t start = column_at;

			if (t->columns[i].layout == OUT_RIGHT && width < t->widths[i])
				start += t->widths[i] - width;
			if (at > 0 && start < at + OUT_TEXT_GAP)
				start =
				    at +
				    OUT_TEXT_GAP; /* behind a cell that is wider than its column */
			line_add_blanks(&out->buf, start - at);
			line_add(&out->buf, line);
			at = start + width;
		}
		column_at += t->widths[i] + OUT_TEXT_GAP;
	}
	out_text_end_line(out);
	return more;
}

static void
add_row(struct out *out, const struct span *cells)
{
	struct span rests[OUT_COLUMNS_MAX];

	memcpy(rests, cells, out->table.count * sizeof(*cells));
	while (add_row_line(out, rests))
		;
}

/* Writes the rows that wait. */
static void
write_rows(struct out *out)
{
	struct out_table *t = &out->table;

	if (!t->settled) {
		struct span titles[OUT_COLUMNS_MAX];

		settle(out);
		out_text_heading(out, t->title);
		for (size_t i = 0; i < t->count; i++)
			titles[i] = span_of(t->columns[i].title);
		add_row(out, titles);
	}
	for (size_t i = 0; i < t->cell_count; i += t->count)
		add_row(out, t->cells + i);
	t->cell_count = 0;
	arena_clear(&t->arena);
	arena_init(&t->arena);
}

void
out_text_cell(struct out *out, const struct out_value *value)
{
	struct out_table *t = &out->table;
	struct str text = { 0 };

	if (t->cells == NULL)
		return;
	if (t->columns[t->column].title != NULL)
		out_text_value(&text, value, true);
	t->cells[t->cell_count++] =
	    span_make(arena_dup(&t->arena, span_make(str_text(&text), text.len)), text.len);
	str_free(&text);
}

void
out_text_row_end(struct out *out)
{
	if (out->table.cells == NULL)
		return;
	if (out->table.settled || out->table.rows == OUT_SETTLE_ROWS)
		write_rows(out);
}

void
out_text_table_end(struct out *out, const char *if_empty)
{
	if (out->table.cells == NULL)
		return;
	if (out->table.rows > 0) {
		write_rows(out);
		return;
	}
	out_text_heading(out, out->table.title);
	if (out->table.title != NULL)
		line_add_blanks(&out->buf, OUT_TEXT_INDENT);
	str_adds(&out->buf, if_empty);
	out_text_end_line(out);
}
