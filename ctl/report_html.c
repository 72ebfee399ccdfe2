#include "report_forms.h"

#include "clock.h"
#include "markup.h"
#include "report_html.h"
#include "report_words.h"
#include "svg.h"

enum {
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
	markup_text_cut(markup, report_title(model), REPORT_NAME_SHOWN);
	markup_text(markup, " - delivery report");
	markup_close(markup);
	markup_open(markup, "style");
	markup_raw(markup, report_style);
	markup_close(markup);
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
	report_html_name(markup, report_title(model));
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
	much =
	    5 * (double)(measure->good > 0 ? sent_before - before : before) / (double)sent_before;
	markup_open(markup, "span");
	if (measure->good != 0 && (points > much || -points > much))
		markup_attr(markup, "class", (points > 0) == (measure->good > 0) ? "good" : "bad");
	markup_textf(markup, "%s %s%s", points > 0 ? "\xe2\x96\xb2" : "\xe2\x96\xbc",
	    report_change(points, words), share ? " pt" : " %");
	markup_close(markup);
}

static void
delivered(struct markup *markup, const struct report_model *model)
{
	struct str words = { 0 };

	str_adds(&words, "delivered: ");
	report_delivered(model->total, &words);
	markup_element(markup, "dd", "note", str_text(&words));
	str_free(&words);
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
		if (measure->kind == MEASURE_ACCEPTED)
			delivered(markup, model);
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

/* -- the whole ---------------------------------------------------------------------------------- */

static void
footer(struct markup *markup, const struct report_model *model)
{
	const struct sender_policy *policy = model->query.policy;
	char made[CLOCK_DATE_SIZE], floor[REPORT_WORDS_SIZE];

	markup_open(markup, "footer");
	markup_element(markup, "p", NULL,
	    "Figures are recipients. Sent is what was taken for delivery; accepted is that without "
	    "what came back; delivered is what the log or the application told of; soft bounces are those that were not refused for reputation. Figures "
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
		report_html_reasons(&markup, model);
		report_html_providers(&markup, model);
		markup_close(&markup);
	} else if (model->cause_count > 0) {
		report_html_reasons(&markup, model);
	}
	for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++)
		if (report_model_has(model, order[i]))
			report_html_senders(&markup, model, order[i]);
	report_html_texts(&markup, model);
	footer(&markup, model);
	while (markup.depth > 0)
		markup_close(&markup);
	str_addc(out, '\n');
}
