#include "report_forms.h"


#include "clock.h"
#include "markup.h"
#include "report_words.h"
#include "svg.h"

enum {
	NAME_MAX_SHOWN = 120, /* characters of a name */
	FORM_MAX_SHOWN = 240,
	WIDE = 1000,
	NARROW = 320,
	SENT_HEIGHT = 170,
	FAILED_HEIGHT = 150,
};

/* -- the head ----------------------------------------------------------------------------------- */

static void
head(struct markup *markup, const struct report_model *model)
{
	markup_open(markup, "head");
	markup_open(markup, "meta");
	markup_attr(markup, "charset", "utf-8");
	markup_close(markup);
	markup_open(markup, "meta");
	markup_attr(markup, "name", "viewport");
	markup_attr(markup, "content", "width=device-width, initial-scale=1");
	markup_close(markup);
	markup_open(markup, "meta");
	markup_attr(markup, "http-equiv", "Content-Security-Policy");
	markup_attr(markup, "content", "default-src 'none'; style-src 'unsafe-inline'");
	markup_close(markup);
	markup_open(markup, "meta");
	markup_attr(markup, "name", "referrer");
	markup_attr(markup, "content", "no-referrer");
	markup_close(markup);
	markup_open(markup, "title");
	markup_text_cut(markup, report_title(model), NAME_MAX_SHOWN);
	markup_text(markup, " - delivery report");
	markup_close(markup);
	markup_open(markup, "style");
	markup_raw(markup, report_style);
	markup_close(markup);
	markup_close(markup);
}

static void
name(struct markup *markup, const char *text)
{
	markup_open(markup, "bdi");
	markup_text_cut(markup, text, NAME_MAX_SHOWN);
	markup_close(markup);
}

static void
banner(struct markup *markup, const struct report_model *model)
{
	struct str words = { 0 };

	markup_open(markup, "header");
	markup_open_class(markup, "p", "kicker");
	markup_textf(markup, "Delivery report%s%s",
	    model->query.scope != REPORT_ALL ? " \xc2\xb7 " : "",
	    model->query.scope != REPORT_ALL ? report_scope_name(model->query.scope) : "");
	markup_close(markup);
	markup_open(markup, "h1");
	name(markup, report_title(model));
	markup_close(markup);
	report_span(model, &words);
	markup_element(markup, "p", "span", str_text(&words));
	str_empty(&words);
	report_lead(model, &words);
	markup_element(markup, "p", "lead", str_text(&words));
	markup_close(markup);
	str_free(&words);
}

/* -- figures ------------------------------------------------------------------------------------ */

/* How a figure stands beside the time before: as a share of what was sent, or by itself. */
static void
change(struct markup *markup, const struct report_model *model,
    const struct report_measure *measure, int64_t now, int64_t before)
{
	int64_t sent = model->total[SENDER_SENT], sent_before = model->before[SENDER_SENT];
	bool share = measure->kind != MEASURE_SENT;
	double points, much;
	char words[REPORT_WORDS_SIZE];

	if (!model->has_before || sent == 0 || sent_before == 0)
		return;
	points = share ? 100.0 * (double)now / (double)sent -
			     100.0 * (double)before / (double)sent_before
		       : 100.0 * (double)(now - before) / (double)before;
	if (points > -0.005 && points < 0.005)
		return;
	/* Good or bad from a twentieth of what came back on. */
	much = 5 * (double)(measure->good > 0 ? sent_before - before : before) / (double)sent_before;
	markup_open(markup, "span");
	if (measure->good != 0 && (points > much || -points > much))
		markup_attr(markup, "class", (points > 0) == (measure->good > 0) ? "good" : "bad");
	markup_textf(markup, "%s %s%s", points > 0 ? "\xe2\x96\xb2" : "\xe2\x96\xbc",
	    report_change(points, words), share ? " pt" : " %");
	markup_close(markup);
}

static void
figures(struct markup *markup, const struct report_model *model)
{
	int64_t sent = model->total[SENDER_SENT];
	char words[REPORT_WORDS_SIZE];

	markup_open_class(markup, "section", "kpis");
	markup_attr(markup, "aria-label", "Figures");
	for (size_t i = 0; i < REPORT_MEASURES; i++) {
		const struct report_measure *measure = &report_measures[i];
		int64_t now = report_measure(measure, model->total);

		markup_open_class(markup, "dl", "kpi");
		markup_open(markup, "dt");
		if (measure->good < 0 || measure->kind == MEASURE_SENT) {
			markup_open(markup, "span");
			markup_attrf(markup, "class", "dot %s", measure->key);
			markup_close(markup);
		}
		markup_text(markup, measure->name);
		markup_close(markup);
		markup_element(markup, "dd", "value", report_number(now, words));
		markup_open_class(markup, "dd", "note");
		if (measure->kind != MEASURE_SENT && sent > 0) {
			markup_text(markup, report_share(now, sent, words));
			markup_text(markup, " ");
		}
		change(markup, model, measure, now, report_measure(measure, model->before));
		markup_close(markup);
		markup_close(markup);
	}
	markup_close(markup);
}

/* -- over time ---------------------------------------------------------------------------------- */

struct times { /* what the charts over time draw */
	const char **dates, **marks;
	int64_t *values[SENDER_COUNTS];
};

static struct times
times_of(const struct report_model *model)
{
	const struct report_time *time = &model->query.time;
	bool hours = time->step_s == REPORT_HOUR_S;
	struct times times = {
		.dates = arena_alloc(model->arena, (time->points + 1) * sizeof(*times.dates)),
		.marks = arena_alloc(model->arena, (time->points + 1) * sizeof(*times.marks)),
	};
	char words[REPORT_WORDS_SIZE];

	for (size_t c = 0; c < SENDER_COUNTS; c++) {
		times.values[c] =
		    arena_alloc(model->arena, (time->points + 1) * sizeof(*times.values[c]));
		for (size_t i = 0; i < time->points; i++)
			times.values[c][i] = model->points[i].counts[c];
	}
	for (size_t i = 0; i < time->points; i++) {
		int64_t at_s = report_time_point_s(time, i);

		report_date(at_s, hours ? REPORT_DATE_BOTH : REPORT_DATE_DAY, words);
		times.dates[i] = arena_dup(model->arena, span_of(words));
		report_date(at_s, hours ? REPORT_DATE_HOUR : REPORT_DATE_DAY, words);
		times.marks[i] = arena_dup(model->arena, span_of(words));
	}
	return times;
}

static void
legend(struct markup *markup, const char *title, const struct svg_series *series, size_t count)
{
	markup_open_class(markup, "p", "legend");
	markup_element(markup, "b", NULL, title);
	for (size_t i = 0; i < count && count > 1; i++) {
		markup_open(markup, "span");
		markup_open(markup, "i");
		markup_attrf(markup, "class", "dot %s", series[i].class);
		markup_close(markup);
		markup_text(markup, series[i].name);
		markup_close(markup);
	}
	markup_close(markup);
}

/* The chart in the width of a desk and of a phone. */
static void
both_widths(struct markup *markup, const struct svg_columns *chart)
{
	static const struct {
		const char *class;
		int width;
	} widths[] = { { "wide", WIDE }, { "narrow", NARROW } };

	for (size_t i = 0; i < sizeof(widths) / sizeof(widths[0]); i++) {
		struct svg_columns copy = *chart;

		copy.width = widths[i].width;
		markup_open_class(markup, "div", widths[i].class);
		svg_columns(markup, &copy);
		markup_close(markup);
	}
}

static void
over_time(struct markup *markup, const struct report_model *model)
{
	const struct times times = times_of(model);
	const struct svg_series sent[] = { { "sent", "sent", times.values[SENDER_SENT] } };
	const struct svg_series failed[] = {
		{ "hard bounces", "hard", times.values[SENDER_HARD] },
		{ "soft bounces", "soft", times.values[SENDER_SOFT] },
		{ "refused", "refused", times.values[SENDER_REFUSED] },
		{ "complaints", "complaint", times.values[SENDER_COMPLAINT] },
	};
	struct svg_columns chart = {
		.height = SENT_HEIGHT,
		.label = "Recipients sent to, over time",
		.count = model->query.time.points,
		.series = sent,
		.series_count = 1,
		.dates = times.dates,
	};

	markup_open(markup, "section");
	markup_element(markup, "h2", NULL, "Over time");
	legend(markup, "Sent", sent, 1);
	both_widths(markup, &chart);
	legend(markup, "Came back", failed, sizeof(failed) / sizeof(failed[0]));
	chart.height = FAILED_HEIGHT;
	chart.label = "Failures and complaints, over time";
	chart.series = failed;
	chart.series_count = sizeof(failed) / sizeof(failed[0]);
	chart.marks = times.marks;
	both_widths(markup, &chart);
	markup_close(markup);
}

/* -- tables ------------------------------------------------------------------------------------- */

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

static void
reasons(struct markup *markup, const struct report_model *model)
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
providers(struct markup *markup, const struct report_model *model)
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
		name(markup, table->rows[i]->name);
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

static void
senders(struct markup *markup, const struct report_model *model, enum report_table_id id)
{
	const struct column columns[] = { { "Name", "name" }, { "Sent", "n" }, { "Hard", "n" },
		{ "Soft", "n less" }, { "Refused", "n less" }, { "Complaints", "n" }, { "Trend", "trend" } };
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
		name(markup, table->rows[i]->name);
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

static void
texts(struct markup *markup, const struct report_model *model)
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
		markup_text_cut(markup, text->form, FORM_MAX_SHOWN);
		markup_close(markup);
		markup_close(markup);
		markup_close(markup);
	}
	markup_close(markup);
	markup_close(markup);
}

static void
footer(struct markup *markup, const struct report_model *model)
{
	const struct sender_policy *policy = model->query.policy;
	char made[CLOCK_DATE_SIZE], floor[REPORT_WORDS_SIZE];

	markup_open(markup, "footer");
	markup_element(markup, "p", NULL,
	    "Figures are recipients. Sent is what was taken for delivery; accepted is that without "
	    "what came back; soft bounces are those that were not refused for reputation. Figures "
	    "of the time before, as long as this one, stand behind the arrows; pt: percent points.");
	markup_open(markup, "p");
	markup_textf(markup,
	    "Flagged by the thresholds of mxpace.conf, over the whole time: hard bounces from %g %% "
	    "(review) and %g %% (harmful) of at least %s sent, complaints from %g %% and %g %%.",
	    (double)policy->review_hard / 10000, (double)policy->suspend_hard / 10000,
	    report_number(policy->floor, floor), (double)policy->review_complaints / 10000,
	    (double)policy->suspend_complaints / 10000);
	if (model->incomplete)
		markup_text(markup, " There were more senders than a report reads.");
	markup_close(markup);
	markup_open(markup, "p");
	markup_textf(markup, "Made by mxctl report (mxpace %s) at %s.", MXPACE_VERSION,
	    clock_format(model->query.made_s, made));
	markup_close(markup);
	markup_close(markup);
}

void
report_as_html(const struct report_model *model, struct str *out)
{
	static const enum report_table_id order[] = { REPORT_CAMPAIGNS, REPORT_LISTS,
		REPORT_ACCOUNTS };
	struct markup markup = { .out = out };

	markup_raw(&markup, "<!DOCTYPE html>\n");
	markup_open(&markup, "html");
	markup_attr(&markup, "lang", "en");
	head(&markup, model);
	markup_open(&markup, "body");
	markup_open(&markup, "main");
	banner(&markup, model);
	figures(&markup, model);
	over_time(&markup, model);
	if (report_model_has(model, REPORT_GROUPS)) {
		markup_open_class(&markup, "div", "pair");
		reasons(&markup, model);
		providers(&markup, model);
		markup_close(&markup);
	}
	for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++)
		if (report_model_has(model, order[i]))
			senders(&markup, model, order[i]);
	texts(&markup, model);
	footer(&markup, model);
	while (markup.depth > 0)
		markup_close(&markup);
	str_addc(out, '\n');
}
