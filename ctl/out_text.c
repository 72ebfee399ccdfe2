#include "out_form.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "duration.h"
#include "mem.h"

/* People's form: two columns of indent, labels and values, tables whose columns line up. */

enum { INDENT = 2, GAP = 2, WRAP_MIN = 8 };

/* A blank where no line is broken; never part of a value, which out_clean() went over. */
#define NO_BREAK '\x01'

/* -- values ------------------------------------------------------------------------------------ */

static void
add_use(struct str *str, const struct out_use *use)
{
	str_addf(str, "%" PRId64, use->used);
	if (use->limit > 0)
		str_addf(str, "/%" PRId64, use->limit);
	if (use->period != NULL)
		str_addf(str, "%cin%c%s", NO_BREAK, NO_BREAK, use->period);
}

static void
add_ago(struct str *str, int64_t ago_s)
{
	char words[DURATION_SIZE];

	duration_format_wait((ago_s < 0 ? -ago_s : ago_s) * 1000, words);
	if (ago_s == 0)
		str_adds(str, "now");
	else if (ago_s < 0)
		str_addf(str, "in%c%s", NO_BREAK, words);
	else
		str_addf(str, "%s%cago", words, NO_BREAK);
}

static void
add_time(struct str *str, const struct out_value *value, bool in_table)
{
	char date[CLOCK_DATE_SIZE];

	clock_format(value->number, date);
	if (date[0] == '\0') {
		str_addc(str, '-');
	} else if (in_table && value->now_s != 0) {
		add_ago(str, value->now_s - value->number);
	} else if (in_table) {
		str_addf(str, "%.10s%c%.5s", date, NO_BREAK, date + 11);
	} else {
		str_addf(str, "%.10s%c%.8s%cUTC", date, NO_BREAK, date + 11, NO_BREAK);
		if (value->now_s == 0)
			return;
		str_adds(str, " (");
		add_ago(str, value->now_s - value->number);
		str_addc(str, ')');
	}
}

static void
add_value(struct str *str, const struct out_value *value, bool in_table)
{
	char words[DURATION_SIZE];

	switch (value->kind) {
	case OUT_KIND_NONE:
		str_adds(str, value->text);
		break;
	case OUT_KIND_STRING:
	case OUT_KIND_EXACT:
		if (value->text == NULL || *value->text == '\0')
			str_addc(str, '-');
		else
			out_clean(str, span_of(value->text));
		break;
	case OUT_KIND_NUMBER:
		str_addf(str, "%" PRId64, value->number);
		if (value->text != NULL)
			str_addf(str, " %s", value->text);
		break;
	case OUT_KIND_BOOL:
		str_adds(str, value->number ? "yes" : "no");
		break;
	case OUT_KIND_TIME:
		add_time(str, value, in_table);
		break;
	case OUT_KIND_WAIT:
		str_adds(str, value->number <= 0 ? "now" : "in ");
		if (value->number > 0)
			str_adds(str, duration_format_wait(value->number, words));
		break;
	case OUT_KIND_USE:
	case OUT_KIND_USES:
		for (size_t i = 0; i < value->count; i++) {
			str_adds(str, i > 0 ? ", " : "");
			add_use(str, &value->uses[i]);
		}
		break;
	case OUT_KIND_LIST:
		for (size_t i = 0; i < value->count; i++) {
			str_adds(str, i > 0 ? ", " : "");
			out_clean(str, span_of(value->items[i]));
		}
		break;
	}
	if ((value->kind == OUT_KIND_USES || value->kind == OUT_KIND_LIST) && value->count == 0)
		str_addc(str, '-');
}

/* -- lines ------------------------------------------------------------------------------------- */

/* Characters of well-formed UTF-8. */
static size_t
width_of(struct span text)
{
	size_t width = 0;

	for (size_t i = 0; i < text.len; i++)
		width += ((unsigned char)text.ptr[i] & 0xc0) != 0x80;
	return width;
}

/* The bytes of the first `width` characters. */
static size_t
bytes_of(struct span text, size_t width)
{
	size_t i = 0;

	for (; i < text.len; i++)
		if (((unsigned char)text.ptr[i] & 0xc0) != 0x80 && width-- == 0)
			break;
	return i;
}

/* Takes what fits into a line off *rest: up to the last blank, else as many characters as fit. */
static struct span
take_line(struct span *rest, size_t width)
{
	size_t fits = bytes_of(*rest, width);
	struct span line = span_make(rest->ptr, fits);

	if (fits < rest->len) {
		size_t blank = fits;

		while (blank > 0 && rest->ptr[blank] != ' ')
			blank--;
		if (blank > 0)
			line.len = fits = blank;
	}
	*rest = span_from(*rest, fits);
	while (rest->len > 0 && rest->ptr[0] == ' ')
		*rest = span_from(*rest, 1);
	return line;
}

static void
add_line(struct str *buf, struct span line)
{
	for (size_t i = 0; i < line.len; i++)
		str_addc(buf, line.ptr[i] == NO_BREAK ? ' ' : line.ptr[i]);
}

static void
add_blanks(struct str *buf, size_t count)
{
	while (count-- > 0)
		str_addc(buf, ' ');
}

static void
end_line(struct out *out)
{
	str_addc(&out->buf, '\n');
	out->lines++;
}

/* -- the document ------------------------------------------------------------------------------ */

static void
nothing(struct out *out)
{
	(void)out;
}

static void
heading(struct out *out, const char *title)
{
	if (title == NULL)
		return;
	if (out->lines > 0)
		end_line(out);
	str_adds(&out->buf, title);
	end_line(out);
}

static void
open_part(struct out *out, const char *key, const char *title)
{
	(void)key;
	heading(out, title);
}

static void
put(struct out *out, const char *key, const char *label, const struct out_value *value)
{
	struct str text = { 0 };
	struct span rest;
	size_t before = INDENT + OUT_LABEL_MAX + GAP;
	size_t width = value->kind == OUT_KIND_EXACT ? SIZE_MAX : out->width - before;

	(void)key;
	if (label == NULL)
		return;
	add_value(&text, value, false);
	rest = span_make(str_text(&text), text.len);
	str_addf(&out->buf, "%*s%-*s", INDENT, "", OUT_LABEL_MAX + GAP, label);
	add_line(&out->buf, take_line(&rest, width));
	end_line(out);
	while (rest.len > 0) {
		add_blanks(&out->buf, before);
		add_line(&out->buf, take_line(&rest, width));
		end_line(out);
	}
	str_free(&text);
}

static void
note(struct out *out, const char *text)
{
	struct span rest = span_of(text);

	if (rest.len == 0)
		end_line(out);
	while (rest.len > 0) {
		add_line(&out->buf, take_line(&rest, out->width));
		end_line(out);
	}
}

/* -- tables ------------------------------------------------------------------------------------ */

/* Whether a table is for people at all. */
static bool
is_visible(const struct out_table *t)
{
	for (size_t i = 0; i < t->count; i++)
		if (t->columns[i].title != NULL)
			return true;
	return false;
}

static void
table(struct out *out, const char *key)
{
	struct out_table *t = &out->table;

	(void)key;
	if (!is_visible(t))
		return;
	t->cells = mem_alloc(OUT_SETTLE_ROWS * t->count * sizeof(*t->cells));
}

/* The narrowest that a column can be without breaking words. */
static size_t
longest_word(struct span text)
{
	size_t longest = 0, start = 0;

	for (size_t i = 0; i <= text.len; i++) {
		if (i < text.len && text.ptr[i] != ' ')
			continue;
		if (width_of(span_make(text.ptr + start, i - start)) > longest)
			longest = width_of(span_make(text.ptr + start, i - start));
		start = i + 1;
	}
	return longest;
}

static bool
column_differs(const struct out_table *t, size_t column)
{
	for (size_t i = column + t->count; i < t->cell_count; i += t->count)
		if (!span_eq(t->cells[i], t->cells[column]))
			return true;
	return false;
}

static size_t
row_width(const struct out_table *t)
{
	size_t width = INDENT;

	for (size_t i = 0; i < t->count; i++)
		width += t->widths[i] > 0 ? t->widths[i] + GAP : 0;
	return width - GAP;
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
		size_t column = i % t->count, width = width_of(t->cells[i]);

		if (width > t->widths[column])
			t->widths[column] = width;
		width = longest_word(t->cells[i]);
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
	size_t at = 0, column_at = INDENT;
	bool more = false;

	for (size_t i = 0; i < t->count; i++) {
		bool wraps = t->columns[i].layout == OUT_WRAP;
		struct span line;
		size_t width;

		if (t->widths[i] == 0)
			continue;
		line = take_line(&rests[i], wraps ? t->widths[i] : SIZE_MAX);
		width = width_of(line);
		more = more || rests[i].len > 0;
		if (width > 0) {
			size_t start = column_at;

			if (t->columns[i].layout == OUT_RIGHT && width < t->widths[i])
				start += t->widths[i] - width;
			if (at > 0 && start < at + GAP)
				start = at + GAP; /* behind a cell that is wider than its column */
			add_blanks(&out->buf, start - at);
			add_line(&out->buf, line);
			at = start + width;
		}
		column_at += t->widths[i] + GAP;
	}
	end_line(out);
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
		heading(out, t->title);
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

static void
cell(struct out *out, const struct out_value *value)
{
	struct out_table *t = &out->table;
	struct str text = { 0 };

	if (t->cells == NULL)
		return;
	if (t->columns[t->column].title != NULL)
		add_value(&text, value, true);
	t->cells[t->cell_count++] =
	    span_make(arena_dup(&t->arena, span_make(str_text(&text), text.len)), text.len);
	str_free(&text);
}

static void
row_end(struct out *out)
{
	if (out->table.cells == NULL)
		return;
	if (out->table.settled || out->table.rows == OUT_SETTLE_ROWS)
		write_rows(out);
}

static void
table_end(struct out *out, const char *if_empty)
{
	if (out->table.cells == NULL)
		return;
	if (out->table.rows > 0) {
		write_rows(out);
		return;
	}
	heading(out, out->table.title);
	if (out->table.title != NULL)
		add_blanks(&out->buf, INDENT);
	str_adds(&out->buf, if_empty);
	end_line(out);
}

const struct out_form out_form_text = { nothing, nothing, open_part, nothing, put, note, table,
	cell, row_end, table_end };
