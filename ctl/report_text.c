#include "report_forms.h"

#include <stdio.h>

#include "line.h"
#include "markup.h"
#include "report_words.h"

enum {
	WIDTH_MIN = 72,
	WIDTH_MAX = 120,
	INDENT = 2,
	SPARK = 14, /* columns of a trend beside figures */
	TIME_AT = 14,
	EACH_MAX = 6,
	TIME_END = 16, /* room behind charts over time */
};

/* -- what is drawn ------------------------------------------------------------------------------ */

/* U+2581 to U+2588: an eighth to a whole of the height. */
static void
add_level(struct str *out, int eighths)
{
	const char bytes[] = { '\xe2', '\x96', (char)(0x80 + eighths), '\0' };

	str_adds(out, eighths > 0 ? bytes : " ");
}

/* One for each of `width` columns, several numbers in one where there are more: their mean, in
 * hundredths. How many columns there are. */
static size_t
squeeze(const int64_t *numbers, size_t count, size_t width, int64_t means[WIDTH_MAX])
{
	if (width > WIDTH_MAX)
		width = WIDTH_MAX;
	if (width > count)
		width = count;
	for (size_t i = 0; i < width; i++) {
		size_t from = i * count / width, to = (i + 1) * count / width;

		means[i] = 0;
		for (size_t k = from; k < to; k++)
			means[i] += numbers[k] * 100 / (int64_t)(to - from);
	}
	return width;
}

/* The numbers as columns, each so many characters wide; line 0 is the lowest of `lines`. */
static void
add_spark_line(struct str *out, const int64_t *numbers, size_t count, size_t width, size_t each,
    int lines, int line)
{
	int64_t means[WIDTH_MAX] = { 0 }, most;

	width = squeeze(numbers, count, width, means);
	most = report_most(means, width);
	for (size_t i = 0; i < width; i++) {
		int eighths =
		    most > 0 ? (int)((double)means[i] * 8 * lines / (double)most + 0.5) : 0;

		if (means[i] > 0 && eighths == 0)
			eighths = 1;
		eighths -= 8 * line;
		for (size_t k = 0; k < each; k++) /* a gap behind wide ones */
			add_level(out, eighths < 0 || (k > 1 && k == each - 1) ? 0
				       : eighths > 8                           ? 8
									       : eighths);
	}
}

static void
add_spark(struct str *out, const int64_t *numbers, size_t count, size_t width)
{
	add_spark_line(out, numbers, count, width, 1, 1, 0);
}

/* U+2588 and, U+2589 to U+258F, parts of it from the left. */
static void
add_bar(struct str *out, double value, double scale, size_t width)
{
	size_t eighths = scale > 0 ? (size_t)(value / scale * (double)width * 8 + 0.5) : 0;

	if (eighths == 0 && value > 0)
		eighths = 1;
	if (eighths > width * 8)
		eighths = width * 8;
	for (; eighths >= 8; eighths -= 8)
		str_adds(out, "\xe2\x96\x88");
	if (eighths > 0) {
		const char bytes[] = { '\xe2', '\x96', (char)(0x90 - eighths), '\0' };

		str_adds(out, bytes);
	}
}

/* -- columns ------------------------------------------------------------------------------------ */

struct page {
	const struct report_model *model;
	struct str *out;
	size_t width;
	size_t line; /* where the one being written begins in out */
};

/* Blanks up to a column of the line. */
static void
go_to(struct page *page, size_t column)
{
	size_t at =
	    line_width(span_make(page->out->data + page->line, page->out->len - page->line));

	if (at < column)
		line_add_blanks(page->out, column - at);
}

static void
end_line(struct page *page)
{
	while (page->out->len > page->line && page->out->data[page->out->len - 1] == ' ')
		page->out->data[--page->out->len] = '\0';
	str_addc(page->out, '\n');
	page->line = page->out->len;
}

/* Words that end at a column. */
static void
right(struct page *page, size_t column, const char *words)
{
	size_t width = line_width(span_of(words));

	go_to(page, column > width ? column - width : 0);
	str_adds(page->out, words);
}

static void
title(struct page *page, const char *words)
{
	end_line(page);
	str_adds(page->out, words);
	end_line(page);
}

/* A sentence, broken into lines. */
static void
paragraph(struct page *page, const char *words)
{
	struct span rest = span_of(words);

	while (rest.len > 0) {
		line_add_blanks(page->out, INDENT);
		line_add(page->out, line_take(&rest, page->width - INDENT));
		end_line(page);
		rest = span_trim(rest);
	}
}

static void
add_name(struct page *page, const char *name, size_t width)
{
	struct str cut = { 0 };

	markup_cut(&cut, name, width - 1);
	line_add_blanks(page->out, INDENT);
	str_adds(page->out, str_text(&cut));
	str_free(&cut);
}

/* -- the parts ---------------------------------------------------------------------------------- */

static void
banner(struct page *page)
{
	const struct report_model *model = page->model;
	struct str words = { 0 };

	markup_cut(&words, report_title(model), page->width - 14);
	if (model->query.scope != REPORT_ALL)
		str_addf(page->out, "%s ", report_scope_name(model->query.scope));
	str_adds(page->out, str_text(&words));
	end_line(page);
	str_empty(&words);
	report_span(model, &words);
	paragraph(page, str_text(&words));
	str_empty(&words);
	end_line(page);
	report_lead(model, &words);
	paragraph(page, str_text(&words));
	str_free(&words);
}

/* Beside the figures: it is known only where somebody tells of deliveries. */
static void
delivered_of(struct page *page, const int64_t counts[SENDER_COUNTS], size_t column)
{
	char words[REPORT_WORDS_SIZE];

	if (!report_knows_delivered(counts)) {
		right(page, column, "not known");
		return;
	}
	right(page, column, report_number(counts[SENDER_DELIVERED], words));
	right(page, column + 10,
	    report_share(counts[SENDER_DELIVERED], counts[SENDER_SENT], words));
}

static void
delivered(struct page *page)
{
	line_add_blanks(page->out, INDENT);
	str_adds(page->out, "Delivered");
	delivered_of(page, page->model->total, 30);
	if (page->model->has_before)
		delivered_of(page, page->model->before, 56);
	end_line(page);
}

static void
figures(struct page *page)
{
	const struct report_model *model = page->model;
	int64_t sent = model->total[SENDER_SENT], sent_before = model->before[SENDER_SENT];
	char words[REPORT_WORDS_SIZE];

	end_line(page);
	right(page, 30, "RECIPIENTS");
	right(page, 40, "SHARE");
	if (model->has_before) {
		right(page, 56, "TIME BEFORE");
		right(page, 66, "SHARE");
	}
	end_line(page);
	for (size_t i = 0; i < REPORT_MEASURES; i++) {
		const struct report_measure *measure = &report_measures[i];
		int64_t now = report_measure(measure, model->total);
		int64_t before = report_measure(measure, model->before);

		line_add_blanks(page->out, INDENT);
		str_adds(page->out, measure->name);
		right(page, 30, report_number(now, words));
		if (measure->kind != MEASURE_SENT)
			right(page, 40, report_share(now, sent, words));
		if (model->has_before) {
			right(page, 56, report_number(before, words));
			if (measure->kind != MEASURE_SENT)
				right(page, 66, report_share(before, sent_before, words));
		}
		end_line(page);
		if (measure->kind == MEASURE_ACCEPTED)
			delivered(page);
	}
}

/* How wide a column of the charts over time is, and they all are, in characters. */
static size_t
each_of(const struct page *page)
{
	size_t each = (page->width - TIME_AT - TIME_END) / page->model->query.time.points;

	return each < 1 ? 1 : each > EACH_MAX ? EACH_MAX : each;
}

static size_t
drawn_of(const struct page *page)
{
	size_t room = page->width - TIME_AT - TIME_END, points = page->model->query.time.points;

	return (points < room ? points : room) * each_of(page);
}

static void
time_row(struct page *page, const char *name, const int64_t *numbers, int lines)
{
	size_t points = page->model->query.time.points;
	char words[REPORT_WORDS_SIZE];

	for (int line = lines - 1; line >= 0; line--) {
		if (line == 0) {
			line_add_blanks(page->out, INDENT);
			str_adds(page->out, name);
		}
		go_to(page, TIME_AT);
		add_spark_line(page->out, numbers, points, page->width - TIME_AT - TIME_END,
		    each_of(page), lines, line);
		if (line == lines - 1) {
			go_to(page, TIME_AT + drawn_of(page) + 2);
			str_addf(page->out, "%s at most",
			    report_short(report_most(numbers, points), words));
		}
		end_line(page);
	}
}

static int64_t
failed_of(const struct report_point *point, int count)
{
	return count < 0 ? report_failed(point->counts) : point->counts[count];
}

static void
over_time(struct page *page)
{
	static const struct {
		const char *name;
		int count; /* enum sender_count; -1: all that failed */
		int lines;
	} rows[] = { { "Sent", SENDER_SENT, 3 }, { "Failed", -1, 3 }, { "Hard", SENDER_HARD, 1 },
		{ "Soft", SENDER_SOFT, 1 }, { "Refused", SENDER_REFUSED, 1 },
		{ "Complaints", SENDER_COMPLAINT, 1 } };
	const struct report_time *time = &page->model->query.time;
	bool hours = time->step_s == REPORT_HOUR_S;
	size_t drawn = drawn_of(page);
	int64_t *numbers = arena_alloc(page->model->arena, (time->points + 1) * sizeof(*numbers));
	char words[REPORT_WORDS_SIZE];

	title(page, hours ? "Over time, by hour" : "Over time, by day");
	for (size_t r = 0; r < sizeof(rows) / sizeof(rows[0]); r++) {
		for (size_t i = 0; i < time->points; i++)
			numbers[i] = failed_of(&page->model->points[i], rows[r].count);
		if (report_most(numbers, time->points) > 0)
			time_row(page, rows[r].name, numbers, rows[r].lines);
	}
	go_to(page, TIME_AT);
	str_adds(page->out,
	    report_date(time->since_s, hours ? REPORT_DATE_BOTH : REPORT_DATE_DAY, words));
	report_date(report_time_point_s(time, time->points - 1),
	    hours ? REPORT_DATE_BOTH : REPORT_DATE_DAY, words);
	if (drawn > 2 * line_width(span_of(words)) + 2)
		right(page, TIME_AT + drawn, words);
	end_line(page);
}

static void
reasons(struct page *page)
{
	const struct report_model *model = page->model;
	char words[REPORT_WORDS_SIZE];
	int64_t all = 0;

	for (size_t i = 0; i < model->cause_count; i++)
		all += model->causes[i].count;
	if (model->cause_count == 0)
		return;
	title(page, "Why mail came back");
	for (size_t i = 0; i < model->cause_count; i++) {
		const struct report_cause *cause = &model->causes[i];

		line_add_blanks(page->out, INDENT);
		str_adds(page->out, report_reason_words(cause->reason));
		right(page, 30, report_number(cause->count, words));
		right(page, 40, report_share(cause->count, all, words));
		go_to(page, 42);
		add_bar(page->out, (double)cause->count, (double)model->causes[0].count,
		    page->width - 42 - 2 - SPARK);
		go_to(page, page->width - SPARK);
		add_spark(page->out, cause->trend, model->query.time.points, SPARK);
		end_line(page);
	}
}

struct measure { /* a column of figures of a table, from the right end of the name on */
	const char *title;
	size_t width;
	enum sender_count count;
	bool share;
};

static const struct measure group_measures[] = {
	{ "SENT", 11, SENDER_SENT, false },
	{ "HARD", 9, SENDER_HARD, true },
	{ "SOFT", 9, SENDER_SOFT, true },
};
static const struct measure sender_measures[] = {
	{ "SENT", 11, SENDER_SENT, false },
	{ "HARD", 8, SENDER_HARD, true },
	{ "SOFT", 8, SENDER_SOFT, true },
	{ "COMPL.", 8, SENDER_COMPLAINT, true },
};

struct shape { /* of a table */
	const struct measure *measures;
	size_t count;
	size_t name; /* its width, indent included */
};

static void
table_row(struct page *page, const struct shape *shape, const struct report_row *row)
{
	int64_t sent = row->counts[SENDER_SENT];
	size_t column = shape->name;
	char words[REPORT_WORDS_SIZE];

	for (size_t i = 0; i < shape->count; i++) {
		const struct measure *measure = &shape->measures[i];
		int64_t number = row->counts[measure->count];

		column += measure->width;
		if (measure->share && sent > 0)
			report_share(number, sent, words);
		else if (measure->share || sent > 0)
			report_number(number, words);
		else
			snprintf(words, sizeof(words), "-");
		right(page, column, words);
	}
	go_to(page, page->width - SPARK);
	add_spark(page->out, row->trend, page->model->query.time.points, SPARK);
	end_line(page);
}

static void
flag(struct page *page, const struct report_row *row)
{
	bool held = row->state == SENDER_SUSPENDED || row->state == SENDER_PROBATION;

	if (row->flag == REPORT_FINE && !held)
		return;
	line_add_blanks(page->out, INDENT + 2);
	if (row->flag != REPORT_FINE)
		str_addf(page->out, "%s %s: %s", row->flag == REPORT_HARMFUL ? "!!" : "! ",
		    report_flag_name(row->flag), row->why);
	if (held)
		str_addf(page->out, "%s%s", row->flag != REPORT_FINE ? "; now " : "now ",
		    sender_state_name(row->state));
	end_line(page);
}

/* Why most came back, of a group. */
static void
why(struct page *page, const struct report_row *row)
{
	struct str words = { 0 };

	report_row_reasons(row, &words);
	if (words.len > 0) {
		line_add_blanks(page->out, INDENT + 2);
		str_adds(page->out, str_text(&words));
		end_line(page);
	}
	str_free(&words);
}

static void
table(struct page *page, enum report_table_id id)
{
	const struct report_table *table = &page->model->tables[id];
	bool groups = id == REPORT_GROUPS;
	struct shape shape = { groups ? group_measures : sender_measures,
		groups ? sizeof(group_measures) / sizeof(group_measures[0])
		       : sizeof(sender_measures) / sizeof(sender_measures[0]),
		page->width - SPARK - 2 };
	size_t column;
	char more[64];

	if (table->count == 0)
		return;
	for (size_t i = 0; i < shape.count; i++)
		shape.name -= shape.measures[i].width;
	title(page, report_table_title(id));
	line_add_blanks(page->out, INDENT);
	str_adds(page->out, groups ? "MX GROUP" : "NAME");
	column = shape.name;
	for (size_t i = 0; i < shape.count; i++)
		right(page, column += shape.measures[i].width, shape.measures[i].title);
	go_to(page, page->width - SPARK);
	str_adds(page->out, "FAILED");
	end_line(page);
	for (size_t i = 0; i < table->count; i++) {
		add_name(page, table->rows[i]->name, shape.name - INDENT);
		table_row(page, &shape, table->rows[i]);
		why(page, table->rows[i]);
		flag(page, table->rows[i]);
	}
	if (table->more == 0)
		return;
	snprintf(more, sizeof(more), "(%zu more)", table->more);
	add_name(page, more, shape.name - INDENT);
	table_row(page, &shape, &table->rest);
}

static void
texts(struct page *page)
{
	const struct report_model *model = page->model;
	char words[REPORT_WORDS_SIZE];

	if (model->text_count == 0)
		return;
	title(page, "What providers said");
	for (size_t i = 0; i < model->text_count; i++) {
		const struct report_text *text = model->texts[i];
		struct span rest;
		struct str clean = { 0 };

		right(page, 9, report_number(text->count, words));
		str_addf(page->out, "  %s", report_reason_words(text->reason));
		go_to(page, page->width - SPARK);
		add_spark(page->out, text->trend, model->query.time.days, SPARK);
		end_line(page);
		markup_cut(&clean, text->form, 2 * (page->width - 12));
		for (rest = span_of(str_text(&clean)); rest.len > 0; rest = span_trim(rest)) {
			line_add_blanks(page->out, 11);
			line_add(page->out, line_take(&rest, page->width - 11));
			end_line(page);
		}
		str_free(&clean);
	}
}

void
report_as_text(const struct report_model *model, size_t width, struct str *out)
{
	struct page page = { .model = model, .out = out, .line = out->len };

	page.width = width < WIDTH_MIN ? WIDTH_MIN : width > WIDTH_MAX ? WIDTH_MAX : width;
	banner(&page);
	figures(&page);
	over_time(&page);
	reasons(&page);
	for (size_t i = 0; i < REPORT_TABLES; i++)
		if (report_model_has(model, (enum report_table_id)i))
			table(&page, (enum report_table_id)i);
	texts(&page);
	if (model->incomplete) {
		end_line(&page);
		paragraph(&page, "There were more senders than a report reads.");
	}
}
