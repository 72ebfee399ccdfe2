#include "out_text.h"

#include <inttypes.h>

#include "clock.h"
#include "duration.h"
#include "line.h"

/* -- values ------------------------------------------------------------------------------------ */

static void
add_use(struct str *str, const struct out_use *use, bool is_short)
{
	static const char in[] = { 'i', 'n', LINE_NO_BREAK, '\0' };

	str_addf(str, "%" PRId64, use->used);
	if (use->limit > 0)
		str_addf(str, "/%" PRId64, use->limit);
	if (use->period != NULL)
		str_addf(str, "%c%s%s", LINE_NO_BREAK, is_short ? "" : in, use->period);
}

static void
add_ago(struct str *str, int64_t ago_s)
{
	char words[DURATION_SIZE];

	duration_format_wait((ago_s < 0 ? -ago_s : ago_s) * 1000, words);
	if (ago_s == 0)
		str_adds(str, "now");
	else if (ago_s < 0)
		str_addf(str, "in%c%s", LINE_NO_BREAK, words);
	else
		str_addf(str, "%s%cago", words, LINE_NO_BREAK);
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
		str_addf(str, "%.10s%c%.5s", date, LINE_NO_BREAK, date + 11);
	} else {
		str_addf(str, "%.10s%c%.8s%cUTC", date, LINE_NO_BREAK, date + 11, LINE_NO_BREAK);
		if (value->now_s == 0)
			return;
		str_adds(str, " (");
		add_ago(str, value->now_s - value->number);
		str_addc(str, ')');
	}
}

void
out_text_value(struct str *str, const struct out_value *value, bool in_table)
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
			add_use(str, &value->uses[i], value->number != 0);
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

/* -- the document ------------------------------------------------------------------------------ */

void
out_text_end_line(struct out *out)
{
	str_addc(&out->buf, '\n');
	out->lines++;
}

static void
nothing(struct out *out)
{
	(void)out;
}

void
out_text_heading(struct out *out, const char *title)
{
	if (title == NULL)
		return;
	if (out->lines > 0)
		out_text_end_line(out);
	str_adds(&out->buf, title);
	out_text_end_line(out);
}

static void
open_part(struct out *out, const char *key, const char *title)
{
	(void)key;
	out_text_heading(out, title);
}

static void
put(struct out *out, const char *key, const char *label, const struct out_value *value)
{
	struct str text = { 0 };
	struct span rest;
	size_t before = OUT_TEXT_INDENT + OUT_LABEL_MAX + OUT_TEXT_GAP;
	size_t width = value->kind == OUT_KIND_EXACT ? SIZE_MAX : out->width - before;

	(void)key;
	if (label == NULL)
		return;
	out_text_value(&text, value, false);
	rest = span_make(str_text(&text), text.len);
	str_addf(&out->buf, "%*s%-*s", OUT_TEXT_INDENT, "", OUT_LABEL_MAX + OUT_TEXT_GAP, label);
	line_add(&out->buf, line_take(&rest, width));
	out_text_end_line(out);
	while (rest.len > 0) {
		line_add_blanks(&out->buf, before);
		line_add(&out->buf, line_take(&rest, width));
		out_text_end_line(out);
	}
	str_free(&text);
}

static void
note(struct out *out, const char *text)
{
	struct span rest = span_of(text);

	if (rest.len == 0)
		out_text_end_line(out);
	while (rest.len > 0) {
		line_add(&out->buf, line_take(&rest, out->width));
		out_text_end_line(out);
	}
}

const struct out_form out_form_text = { nothing, nothing, open_part, nothing, put, note,
	out_text_table, out_text_cell, out_text_row_end, out_text_table_end };
