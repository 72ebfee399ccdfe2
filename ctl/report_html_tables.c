#include "report_html.h"

#include "report_words.h"
#include "svg.h"

enum { FORM_SHOWN = 240 };

void
report_html_name(struct markup *markup, const char *text)
{
	markup_open(markup, "bdi");
	markup_text_cut(markup, text, REPORT_NAME_SHOWN);
	markup_close(markup);
}

struct column {
	const char *title, *class;
};

static void
open_table(struct markup *markup, const struct column *columns, size_t count)
{
	markup_open(markup, "table");
	markup_open(markup, "thead");
	markup_open(markup, "tr");
	for (size_t i = 0; i < count; i++)
		markup_element(markup, "th", columns[i].class, columns[i].title);
	markup_close(markup);
	markup_close(markup);
	markup_open(markup, "tbody");
}

static void
close_table(struct markup *markup)
{
	markup_close(markup);
	markup_close(markup);
}

static void
open_cell(struct markup *markup, const struct column *column)
{
	markup_open_class(markup, "td", column->class);
	markup_attr(markup, "data-label", column->title);
}

static void
cell(struct markup *markup, const struct column *column, const char *text)
{
	open_cell(markup, column);
	markup_text(markup, text);
	markup_close(markup);
}

void
report_html_reasons(struct markup *markup, const struct report_model *model)
{
	static const struct column columns[] = { { "Reason", "name" }, { "Failures", "n" },
		{ "Share", "n" }, { "Trend", "trend" } };
	char words[REPORT_WORDS_SIZE];
	int64_t all = 0;

	for (size_t i = 0; i < model->cause_count; i++)
		all += model->causes[i].count;
	markup_open(markup, "section");
	markup_element(markup, "h2", NULL, "Why mail came back");
	if (model->cause_count == 0)
		markup_element(markup, "p", "about", "Nothing came back.");
	open_table(markup, columns, sizeof(columns) / sizeof(columns[0]));
	for (size_t i = 0; i < model->cause_count; i++) {
		const struct report_cause *cause = &model->causes[i];
		const struct svg_part part = { "why", (double)cause->count };

		markup_open(markup, "tr");
		markup_open_class(markup, "td", "name");
		markup_element(markup, "span", NULL, report_reason_words(cause->reason));
		svg_bar(markup, &part, 1, (double)model->causes[0].count);
		markup_close(markup);
		cell(markup, &columns[1], report_number(cause->count, words));
		cell(markup, &columns[2], report_share(cause->count, all, words));
		open_cell(markup, &columns[3]);
		svg_spark(markup, cause->trend, model->query.time.points,
		    "failures for this reason over time");
		markup_close(markup);
		markup_close(markup);
	}
	close_table(markup);
	markup_close(markup);
}

static void
more_note(struct str *out, const struct report_table *table, const char *what)
{
	str_addf(out, "%zu more %s%s", table->more, what, table->more == 1 ? "" : "s");
}

static double
failed_rate(const struct report_row *row)
{
	int64_t sent = row->counts[SENDER_SENT];

	return sent > 0 ? (double)report_failed(row->counts) / (double)sent : 0;
}

static void
provider(struct markup *markup, const struct report_row *row, const struct column *columns,
    double scale, size_t points)
{
	double sent = (double)row->counts[SENDER_SENT];
	const struct svg_part parts[] = {
		{ "hard", sent > 0 ? (double)row->counts[SENDER_HARD] / sent : 0 },
		{ "soft", sent > 0 ? (double)row->counts[SENDER_SOFT] / sent : 0 },
	};
	char words[REPORT_WORDS_SIZE];

	cell(markup, &columns[1], report_number(row->counts[SENDER_SENT], words));
	cell(markup, &columns[2],
	    report_share(report_failed(row->counts), row->counts[SENDER_SENT], words));
	open_cell(markup, &columns[3]);
	svg_bar(markup, parts, 2, scale);
	markup_close(markup);
	open_cell(markup, &columns[4]);
	svg_spark(markup, row->trend, points, "failures over time");
	markup_close(markup);
}

static void
provider_reasons(struct markup *markup, const struct report_row *row)
{
	struct str words = { 0 };

	report_row_reasons(row, &words);
	if (words.len > 0)
		markup_element(markup, "div", "why muted", str_text(&words));
	str_free(&words);
}

void
report_html_providers(struct markup *markup, const struct report_model *model)
{
	static const struct column columns[] = { { "MX group", "name" }, { "Sent", "n" },
		{ "Failed", "n" }, { "Share failed", "wide-bar" }, { "Trend", "trend" } };
	const struct report_table *table = &model->tables[REPORT_GROUPS];
	struct str words = { 0 };
	double scale = 0;

	for (size_t i = 0; i < table->count; i++)
		scale = failed_rate(table->rows[i]) > scale ? failed_rate(table->rows[i]) : scale;
	markup_open(markup, "section");
	markup_element(markup, "h2", NULL, "Providers");
	markup_open_class(markup, "p", "about legend");
	markup_open(markup, "span");
	markup_element(markup, "i", "dot hard", "");
	markup_text(markup, "hard");
	markup_close(markup);
	markup_open(markup, "span");
	markup_element(markup, "i", "dot soft", "");
	markup_text(markup, "soft and refused");
	markup_close(markup);
	markup_close(markup);
	open_table(markup, columns, sizeof(columns) / sizeof(columns[0]));
	for (size_t i = 0; i < table->count; i++) {
		markup_open(markup, "tr");
		markup_open_class(markup, "td", "name");
		report_html_name(markup, table->rows[i]->name);
		provider_reasons(markup, table->rows[i]);
		markup_close(markup);
		provider(markup, table->rows[i], columns, scale, model->query.time.points);
		markup_close(markup);
	}
	if (table->more > 0) {
		more_note(&words, table, "group");
		markup_open(markup, "tr");
		markup_element(markup, "td", "name muted", str_text(&words));
		provider(markup, &table->rest, columns, scale, model->query.time.points);
		markup_close(markup);
	}
	close_table(markup);
	markup_close(markup);
	str_free(&words);
}

static void
flag(struct markup *markup, const struct report_row *row)
{
	if (row->flag != REPORT_FINE) {
		markup_open_class(markup, "span",
		    row->flag == REPORT_HARMFUL ? "pill harmful" : "pill");
		markup_textf(markup, "%s: %s", report_flag_name(row->flag), row->why);
		markup_close(markup);
	}
	if (row->state == SENDER_SUSPENDED || row->state == SENDER_PROBATION)
		markup_element(markup, "span",
		    row->state == SENDER_SUSPENDED ? "pill harmful" : "pill",
		    row->state == SENDER_SUSPENDED ? "suspended now" : "on probation");
}

static void
sender(struct markup *markup, const struct report_row *row, const struct column *columns,
    size_t points)
{
	static const enum sender_count rates[] = { SENDER_HARD, SENDER_SOFT, SENDER_REFUSED,
		SENDER_COMPLAINT };
	int64_t sent = row->counts[SENDER_SENT];
	char words[REPORT_WORDS_SIZE];

	cell(markup, &columns[1], sent > 0 ? report_number(sent, words) : "\xe2\x80\x93");
	for (size_t i = 0; i < sizeof(rates) / sizeof(rates[0]); i++)
		cell(markup, &columns[2 + i],
		    sent > 0 ? report_share(row->counts[rates[i]], sent, words)
			     : report_number(row->counts[rates[i]], words));
	open_cell(markup, &columns[6]);
	svg_spark(markup, row->trend, points, "failures over time");
	markup_close(markup);
}

void
report_html_senders(struct markup *markup, const struct report_model *model,
    enum report_table_id id)
{
	const struct column columns[] = { { "Name", "name" }, { "Sent", "n" }, { "Hard", "n" },
		{ "Soft", "n less" }, { "Refused", "n less" }, { "Complaints", "n" },
		{ "Trend", "trend" } };
	const struct report_table *table = &model->tables[id];
	struct str words = { 0 };

	if (table->count == 0)
		return;
	markup_open(markup, "section");
	markup_element(markup, "h2", NULL, report_table_title(id));
	markup_element(markup, "p", "about", "Those that do most harm come first.");
	open_table(markup, columns, sizeof(columns) / sizeof(columns[0]));
	for (size_t i = 0; i < table->count; i++) {
		markup_open(markup, "tr");
		markup_open_class(markup, "td", "name");
		report_html_name(markup, table->rows[i]->name);
		flag(markup, table->rows[i]);
		markup_close(markup);
		sender(markup, table->rows[i], columns, model->query.time.points);
		markup_close(markup);
	}
	if (table->more > 0) {
		more_note(&words, table, report_table_name(id));
		markup_open(markup, "tr");
		markup_element(markup, "td", "name muted", str_text(&words));
		sender(markup, &table->rest, columns, model->query.time.points);
		markup_close(markup);
	}
	close_table(markup);
	markup_close(markup);
	str_free(&words);
}

void
report_html_texts(struct markup *markup, const struct report_model *model)
{
	char words[REPORT_WORDS_SIZE];

	if (model->text_count == 0)
		return;
	markup_open(markup, "section");
	markup_element(markup, "h2", NULL, "What providers said");
	markup_element(markup, "p", "about",
	    "The most frequent diagnostics, without addresses, names and numbers; by day.");
	markup_open_class(markup, "ul", "texts");
	for (size_t i = 0; i < model->text_count; i++) {
		const struct report_text *text = model->texts[i];

		markup_open(markup, "li");
		markup_element(markup, "b", NULL, report_number(text->count, words));
		svg_spark(markup, text->trend, model->query.time.days, "how often, by day");
		markup_open(markup, "div");
		markup_element(markup, "span", "pill plain", report_reason_words(text->reason));
		markup_open(markup, "code");
		markup_text_cut(markup, text->form, FORM_SHOWN);
		markup_close(markup);
		markup_close(markup);
		markup_close(markup);
	}
	markup_close(markup);
	markup_close(markup);
}
