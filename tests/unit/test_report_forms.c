/* report_model and the forms of a report: sums, flags, order, and what each form says of them. */
#include "check.h"

#include "line.h"
#include "report_forms.h"
#include "report_words.h"
#include "utf8.h"

enum { DAY = REPORT_DAY_S, HOUR = REPORT_HOUR_S, NOON = 20779 * DAY + 12 * HOUR }; /* 2026-11-22 */

static const struct sender_policy policy = {
	.review_hard = 50000,
	.suspend_hard = 100000,
	.floor = 200,
	.review_complaints = 1000,
	.suspend_complaints = 5000,
	.floor_complaints = 1000,
};

struct sample {
	struct arena arena;
	struct report_model model;
};

static void
begin(struct sample *sample, enum report_scope scope, const char *name, size_t most)
{
	struct report_query query = { .scope = scope,
		.name = name,
		.made_s = NOON,
		.policy = &policy,
		.most = most };

	arena_init(&sample->arena);
	assert_int_equal(report_time_make(NOON - 6 * DAY, NOON + 1, NOON, &query.time), 0);
	report_model_init(&sample->model, &sample->arena, &query);
}

static void
end(struct sample *sample)
{
	report_model_clear(&sample->model);
	arena_clear(&sample->arena);
}

static struct sender_stats
stats_of(int64_t sent, int64_t hard, int64_t soft, int64_t complaint)
{
	static struct sender_group groups[2];
	struct sender_stats stats = { .groups = groups, .group_count = 2 };

	stats.counts[SENDER_SENT] = sent;
	stats.counts[SENDER_HARD] = hard;
	stats.counts[SENDER_SOFT] = soft;
	stats.counts[SENDER_COMPLAINT] = complaint;
	stats.by_reason[REASON_USER_UNKNOWN] = hard;
	stats.by_reason[REASON_MAILBOX_FULL] = soft;
	groups[0] = (struct sender_group){
		.name = "google",
		.sent = sent - sent / 4,
		.hard = hard - hard / 4,
		.soft = soft,
		.by_reason = { [REASON_USER_UNKNOWN] = hard - hard / 4,
		    [REASON_MAILBOX_FULL] = soft },
	};
	groups[1] = (struct sender_group){ .name = "yahoo", .sent = sent / 4, .hard = hard / 4 };
	return stats;
}

static void
add(struct sample *sample, enum sender_kind kind, enum report_table_id id, const char *name,
    size_t point, struct sender_stats stats)
{
	report_model_add(&sample->model, kind, report_model_row(&sample->model, id, span_of(name)),
	    point, &stats);
}

static void
fill(struct sample *sample)
{
	struct sender_stats before = stats_of(1000, 10, 10, 0);

	for (size_t i = 0; i < 7; i++) {
		add(sample, SENDER_ACCOUNT, REPORT_ACCOUNTS, "shop", i,
		    stats_of(1000 * (int64_t)(i + 1), 8, 4, 1));
		add(sample, SENDER_CAMPAIGN, REPORT_CAMPAIGNS, "good", i, stats_of(500, 2, 1, 0));
	}
	add(sample, SENDER_CAMPAIGN, REPORT_CAMPAIGNS, "bad", 3, stats_of(300, 33, 0, 0));
	add(sample, SENDER_CAMPAIGN, REPORT_CAMPAIGNS, "so-so", 3, stats_of(300, 15, 0, 0));
	add(sample, SENDER_CAMPAIGN, REPORT_CAMPAIGNS, "few", 3, stats_of(100, 90, 0, 0));
	add(sample, SENDER_LIST, REPORT_LISTS, "unknown-size", 3, stats_of(0, 40, 0, 0));
	report_model_add_before(&sample->model, &before);
	report_model_add_text(&sample->model, 0, SPAN("mailbox_full 452 4.2.2 full"), 7);
	report_model_add_text(&sample->model, 2, SPAN("user_unknown 550 5.1.1 <address> unknown"),
	    5);
	report_model_add_text(&sample->model, 6, SPAN("user_unknown 550 5.1.1 <address> unknown"),
	    9);
	report_model_add_text(&sample->model, 6, SPAN("nonsense 550"), 9);
	report_model_add_text(&sample->model, 6, SPAN("nonsense"), 9);
	report_model_add_text(&sample->model, 7, SPAN("mailbox_full 452 4.2.2 full"), 100);
}

/* -- time --------------------------------------------------------------------------------------- */

static const struct time_row {
	const char *label;
	int64_t since_s, until_s, now_s;
	int rc;
	size_t points, days;
	const char *first, *last;
} time_rows[] = {
	{ "seven days", NOON - 6 * DAY, NOON + 1, NOON, 0, 7, 7, "20261116", "20261122" },
	{ "a day by hour", NOON - 23 * HOUR, NOON + 1, NOON, 0, 24, 2, "2026112113", "2026112212" },
	{ "hours that are not kept", NOON - 9 * DAY, NOON - 8 * DAY, NOON, 0, 2, 2, "20261113",
	    "20261114" },
	{ "a whole day of the past", NOON - 12 * HOUR - DAY, NOON - 12 * HOUR, NOON, 0, 24, 1,
	    "2026112100", "2026112123" },
	{ "an end that is the beginning", NOON, NOON, NOON, -1, 0, 0, "", "" },
	{ "400 days", NOON - 400 * (int64_t)DAY + DAY, NOON, NOON, 0, 400, 400, "20251019",
	    "20261122" },
	{ "over 400 days", NOON - 402 * (int64_t)DAY, NOON, NOON, -1, 0, 0, "", "" },
	{ "before 1970", -5, NOON, NOON, -1, 0, 0, "", "" },
};

static void
times(void **state)
{
	const struct time_row *row = *state;
	char buf[SENDER_PERIOD_SIZE];
	struct report_time time;

	assert_int_equal(report_time_make(row->since_s, row->until_s, row->now_s, &time), row->rc);
	if (row->rc != 0)
		return;
	assert_int_equal(time.points, row->points);
	assert_int_equal(time.days, row->days);
	assert_string_equal(report_time_period(&time, 0, buf), row->first);
	assert_string_equal(report_time_period(&time, time.points - 1, buf), row->last);
}

static void
time_before(void **state)
{
	struct report_time time, before;
	char buf[SENDER_PERIOD_SIZE];

	(void)state;
	assert_int_equal(report_time_make(NOON - 6 * DAY, NOON + 1, NOON, &time), 0);
	assert_true(report_time_before(&time, NOON, &before));
	assert_int_equal(before.points, 7);
	assert_string_equal(report_time_period(&before, 0, buf), "20261109");
	assert_string_equal(report_time_period(&before, 6, buf), "20261115");
	assert_int_equal(report_time_make(NOON - 300 * (int64_t)DAY, NOON, NOON, &time), 0);
	assert_false(report_time_before(&time, NOON, &before)); /* not kept so long */
}

/* -- words -------------------------------------------------------------------------------------- */

static const struct number_row {
	const char *label;
	int64_t number;
	const char *whole, *brief;
	int64_t scale;
} number_rows[] = {
	{ "nothing", 0, "0", "0", 1 },
	{ "one", 1, "1", "1", 1 },
	{ "three digits", 999, "999", "999", 1000 },
	{ "a thousand", 1000, "1,000", "1 k", 1000 },
	{ "tenths", 61204, "61,204", "61.2 k", 80000 },
	{ "millions", 1245310, "1,245,310", "1.2 M", 1500000 },
	{ "a round million", 12000000, "12,000,000", "12 M", 15000000 },
};

static void
numbers(void **state)
{
	const struct number_row *row = *state;
	char buf[REPORT_WORDS_SIZE];
	int64_t step;

	assert_string_equal(report_number(row->number, buf), row->whole);
	assert_string_equal(report_short(row->number, buf), row->brief);
	assert_int_equal(report_scale(row->number, &step), row->scale);
	assert_true(step >= 1 && row->scale % step == 0 && row->scale / step <= 4);
}

/* -- the model ---------------------------------------------------------------------------------- */

static void
sums(void **state)
{
	struct sample sample;
	const struct report_model *model = &sample.model;

	(void)state;
	begin(&sample, REPORT_ALL, "", 10);
	fill(&sample);
	report_model_end(&sample.model);
	assert_int_equal(model->total[SENDER_SENT], 28000); /* accounts alone make the total */
	assert_int_equal(model->total[SENDER_HARD], 56);
	assert_int_equal(report_failed(model->total), 84);
	assert_int_equal(report_accepted(model->total), 28000 - 84);
	assert_int_equal(model->before[SENDER_SENT], 1000);
	assert_int_equal(model->points[6].counts[SENDER_SENT], 7000);
	assert_int_equal(model->cause_count, 2);
	assert_int_equal(model->causes[0].reason, REASON_USER_UNKNOWN);
	assert_int_equal(model->causes[0].trend[6], 8);
	assert_int_equal(model->tables[REPORT_GROUPS].count, 2);
	assert_string_equal(model->tables[REPORT_GROUPS].rows[0]->name, "google");
	assert_int_equal(model->tables[REPORT_GROUPS].rows[1]->counts[SENDER_SENT], 7000);
	assert_int_equal(model->text_count, 2);
	assert_int_equal(model->texts[0]->count, 14);
	assert_int_equal(model->texts[0]->trend[2], 5);
	assert_string_equal(model->texts[1]->form, "452 4.2.2 full");
	end(&sample);
}

static void
worst_come_first(void **state)
{
	static const struct {
		const char *name;
		enum report_flag flag;
	} wanted[] = { { "bad", REPORT_HARMFUL }, { "so-so", REPORT_REVIEW },
		{ "few", REPORT_FINE }, { "good", REPORT_FINE } };
	struct sample sample;
	const struct report_table *table = &sample.model.tables[REPORT_CAMPAIGNS];

	(void)state;
	begin(&sample, REPORT_ALL, "", 10);
	fill(&sample);
	report_model_end(&sample.model);
	assert_int_equal(table->count, COUNT(wanted));
	for (size_t i = 0; i < COUNT(wanted); i++) {
		assert_string_equal(table->rows[i]->name, wanted[i].name);
		assert_int_equal(table->rows[i]->flag, wanted[i].flag);
	}
	table = &sample.model.tables[REPORT_LISTS];
	assert_int_equal(table->rows[0]->flag, REPORT_REVIEW);
	assert_string_equal(table->rows[0]->why, "much of all failures");
	end(&sample);
}

static void
what_is_left_out_is_summed_up(void **state)
{
	struct sample sample;
	const struct report_table *table = &sample.model.tables[REPORT_CAMPAIGNS];

	(void)state;
	begin(&sample, REPORT_ALL, "", 2);
	fill(&sample);
	report_model_end(&sample.model);
	assert_int_equal(table->count, 2);
	assert_int_equal(table->more, 2);
	assert_int_equal(table->rest.counts[SENDER_SENT], 3600);
	assert_int_equal(table->rest.trend[3], 93);
	end(&sample);
}

static void
of_one_group(void **state)
{
	struct sample sample;

	(void)state;
	begin(&sample, REPORT_GROUP, "yahoo", 10);
	fill(&sample);
	report_model_end(&sample.model);
	assert_int_equal(sample.model.total[SENDER_SENT], 7000);
	assert_int_equal(sample.model.total[SENDER_HARD], 14);
	assert_int_equal(sample.model.cause_count, 0);
	assert_false(report_model_has(&sample.model, REPORT_GROUPS));
	assert_string_equal(sample.model.tables[REPORT_CAMPAIGNS].rows[0]->name, "few");
	end(&sample);
}

/* -- the forms ---------------------------------------------------------------------------------- */

/* Names that somebody hostile chose. */
static const struct hostile_row {
	const char *label, *name;
	const char *html, *csv; /* how it comes out, or begins to */
} hostile_rows[] = {
	{ "markup", "<script>alert(1)</script>", "&lt;script&gt;alert(1)&lt;/script&gt;",
	    "campaign,<script>alert(1)</script>," },
	{ "quotes", "\"' onload='x' a=\"", "&quot;&#39; onload=&#39;x&#39; a=&quot;",
	    "campaign,\"\"\"' onload='x' a=\"\"\"," },
	{ "right to left", "\u202egnp.exe \u05e9\u05dc\u05d5\u05dd",
	    "?gnp.exe \u05e9\u05dc\u05d5\u05dd", "campaign,?gnp.exe \u05e9\u05dc\u05d5\u05dd," },
	{ "controls", "a\x07\x1b[31m\x7f\nb", "a??[31m??b", "campaign,a??[31m??b," },
	{ "not UTF-8", "a\xff\xfe", "a", "campaign,a" },
	{ "end of CDATA and entities", "]]>&amp;&#x3c;", "]]&gt;&amp;amp;&amp;#x3c;",
	    "campaign,]]>&amp;&#x3c;," },
	{ "a formula", "=1+1,x", "=1+1,x", "campaign,\"'=1+1,x\"," },
	{ "a style", "</style><style>*{display:none}", "&lt;/style&gt;&lt;style&gt;*{display:none}",
	    "campaign,</style><style>*{display:none}," },
};

static void
check_controls(const struct str *text)
{
	for (size_t i = 0; i < text->len; i++) {
		unsigned char c = (unsigned char)text->data[i];

		assert_true(c == '\n' || c == '\r' || (c >= 0x20 && c != 0x7f));
	}
	for (size_t i = 0, step; i < text->len; i += step) {
		step = utf8_length((const unsigned char *)text->data + i, text->len - i);
		assert_int_not_equal(step, 0);
	}
}

/* Nothing in it is run or loaded, and nothing but our own elements is there. */
static void
check_html(const struct str *html)
{
	static const char *const never[] = { "<script", "<img", "<link", "<iframe", "<object",
		"url(", "@import", " onload=", " onclick=", " href=", " src=", "javascript:" };
	const char *text = str_text(html);
	size_t styles = 0;

	for (size_t i = 0; i < COUNT(never); i++)
		assert_null(strstr(text, never[i]));
	for (const char *p = text; (p = strstr(p, "http")) != NULL; p += 4)
		assert_true(strncmp(p, "http://www.w3.org/2000/svg\"", 27) == 0 ||
			    strncmp(p, "http-equiv=", 11) == 0);
	for (const char *p = text; (p = strstr(p, "<style")) != NULL; p++)
		styles++;
	assert_int_equal(styles, 1);
}

static void
hostile_names_stay_text(void **state)
{
	const struct hostile_row *row = *state;
	struct sample sample;
	struct str out = { 0 };

	begin(&sample, REPORT_ALL, "", 10);
	fill(&sample);
	add(&sample, SENDER_CAMPAIGN, REPORT_CAMPAIGNS, row->name, 1, stats_of(300, 33, 0, 0));
	report_model_end(&sample.model);
	report_as_html(&sample.model, &out);
	check_controls(&out);
	assert_non_null(strstr(str_text(&out), row->html));
	if (strchr(row->name, '<') != NULL)
		check_html(&out);
	str_empty(&out);
	report_as_csv(&sample.model, &out);
	check_controls(&out);
	assert_non_null(strstr(str_text(&out), row->csv));
	str_empty(&out);
	report_as_text(&sample.model, 80, &out);
	check_controls(&out);
	str_empty(&out);
	report_as_json(&sample.model, &out);
	for (size_t i = 0; i + 1 < out.len; i++)
		assert_true((unsigned char)out.data[i] >= 0x20);
	str_free(&out);
	end(&sample);
}

static void
check_width(const struct str *text, size_t width)
{
	struct span rest = span_of(str_text(text)), line;

	while (span_line(&rest, &line)) {
		if (line_width(line) > width)
			fail_msg("%zu columns: %.*s", line_width(line), (int)line.len, line.ptr);
		assert_true(line.len == 0 || line.ptr[line.len - 1] != ' ');
	}
}

static void
long_names_fit(void **state)
{
	static const size_t widths[] = { 1, 72, 80, 100, 1000 };
	struct sample sample;
	struct str out = { 0 };
	char name[1025];

	(void)state;
	memset(name, 'w', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	begin(&sample, REPORT_ALL, "", 10);
	fill(&sample);
	add(&sample, SENDER_CAMPAIGN, REPORT_CAMPAIGNS, name, 1,
	    stats_of(INT64_C(900000000), INT64_C(123456789), 0, 0));
	report_model_end(&sample.model);
	for (size_t i = 0; i < COUNT(widths); i++) {
		str_empty(&out);
		report_as_text(&sample.model, widths[i], &out);
		check_width(&out, widths[i] < 72 ? 72 : widths[i] > 120 ? 120 : widths[i]);
	}
	str_empty(&out);
	report_as_html(&sample.model, &out);
	assert_null(strstr(str_text(&out), name));
	str_empty(&out);
	report_as_json(&sample.model, &out);
	assert_non_null(strstr(str_text(&out), name));
	str_free(&out);
	end(&sample);
}

static void
shows_in_text(void **state)
{
	static const char *const wanted[] = {
		"All mail\n  16 Nov 2026 to 22 Nov 2026, by day, UTC\n\n"
		"  99.7 % of 28,000 recipients accepted. Most failures: user unknown, 66.7 % of\n"
		"  them. 1 campaign does harm. 1 campaign and 1 list need a look.\n",
		"  Sent                  28,000                     1,000\n"
		"  Accepted              27,916    99.7 %             980    98.0 %\n"
		"  Delivered          not known                 not known\n"
		"  Hard bounces              56    0.20 %              10     1.0 %\n",
		"  google                                21,000   0.20 %   0.13 %  ",
		"\n    user unknown 60.0 %, mailbox full 40.0 %\n  yahoo ",
		"  bad                                300  11.0 %   0.0 %   0.0 %  ",
		"\n    !! harmful: hard bounces\n",
		"  unknown-size                         -      40       0       0  ",
		"\n       14  user unknown ",
		"\n           550 5.1.1 <address> unknown\n",
	};
	struct sample sample;
	struct str out = { 0 };

	(void)state;
	begin(&sample, REPORT_ALL, "", 10);
	fill(&sample);
	report_model_end(&sample.model);
	report_as_text(&sample.model, 80, &out);
	check_width(&out, 80);
	for (size_t i = 0; i < COUNT(wanted); i++)
		if (strstr(str_text(&out), wanted[i]) == NULL)
			fail_msg("lacks %s: %s", wanted[i], str_text(&out));
	str_free(&out);
	end(&sample);
}

static void
shows_in_json(void **state)
{
	static const char start[] =
	    "{\"scope\":\"all\",\"name\":\"\",\"since\":\"2026-11-16T00:00:00Z\","
	    "\"until\":\"2026-11-22T12:00:01Z\",\"step\":\"day\",\"made\":\"2026-11-22T12:00:00Z\","
	    "\"complete\":true,\"total\":{\"sent\":28000,\"delivered\":null,\"hard\":56,\"soft\":28,"
	    "\"refused\":0,\"complaint\":7,\"failed\":84},\"before\":{\"sent\":1000,";
	static const char campaign[] =
	    "\"campaigns\":[{\"name\":\"bad\",\"sent\":300,\"delivered\":null,\"hard\":33,\"soft\":0,"
	    "\"refused\":0,\"complaint\":0,\"failed\":33,\"flag\":\"harmful\","
	    "\"why\":\"hard bounces\",\"trend\":[0,0,0,33,0,0,0]},";
	struct sample sample;
	struct str out = { 0 };

	(void)state;
	begin(&sample, REPORT_ALL, "", 10);
	fill(&sample);
	report_model_end(&sample.model);
	report_as_json(&sample.model, &out);
	assert_true(span_starts(span_of(str_text(&out)), SPAN(start)));
	assert_non_null(strstr(str_text(&out), campaign));
	assert_non_null(strstr(str_text(&out),
	    "{\"reason\":\"mailbox_full\",\"text\":\"452 4.2.2 full\",\"count\":7,"
	    "\"trend\":[7,0,0,0,0,0,0]}]}\n"));
	str_free(&out);
	end(&sample);
}

/* Where somebody tells of deliveries they stand beside what was sent, in each form. */
static void
shows_what_was_delivered(void **state)
{
	struct sender_stats stats = stats_of(2000, 10, 5, 1);
	struct sample sample;
	struct str out = { 0 };

	(void)state;
	stats.counts[SENDER_DELIVERED] = 1975;
	begin(&sample, REPORT_ACCOUNT, "shop", 10);
	report_model_add(&sample.model, SENDER_ACCOUNT, NULL, 3, &stats);
	report_model_add_text(&sample.model, 3, SPAN("user_unknown 550 5.1.1 no"), 4);
	report_model_end(&sample.model);
	report_as_text(&sample.model, 80, &out);
	assert_non_null(strstr(str_text(&out), "\n  Delivered              1,975    98.8 %\n"));
	assert_non_null(strstr(str_text(&out), "\n           550 5.1.1 no\n"));
	str_empty(&out);
	report_as_html(&sample.model, &out);
	assert_non_null(strstr(str_text(&out), "delivered: 1,975 (98.8 %)"));
	assert_non_null(strstr(str_text(&out), "user unknown 61.5 %, mailbox full 38.5 %"));
	check_html(&out);
	str_empty(&out);
	report_as_csv(&sample.model, &out);
	assert_non_null(strstr(str_text(&out), "\r\ntotal,shop,2000,1975,10,5,0,1,15,,\r\n"));
	assert_non_null(strstr(str_text(&out), "\r\ngroup,google,1500,,8,5,0,0,13,,\r\n"
					       "group reason,google,,,,,,,8,user_unknown,\r\n"
					       "group reason,google,,,,,,,5,mailbox_full,\r\n"));
	str_empty(&out);
	report_as_json(&sample.model, &out);
	assert_non_null(strstr(str_text(&out), "\"total\":{\"sent\":2000,\"delivered\":1975,"));
	assert_non_null(
	    strstr(str_text(&out), "\"reasons\":{\"user_unknown\":8,\"mailbox_full\":5}"));
	str_free(&out);
	end(&sample);
}

/* A report of a group tells the reasons of that group. */
static void
reasons_of_one_group(void **state)
{
	const struct sender_stats stats = stats_of(2000, 10, 5, 1);
	struct sample sample;
	struct str out = { 0 };

	(void)state;
	begin(&sample, REPORT_GROUP, "google", 10);
	report_model_add(&sample.model, SENDER_ACCOUNT, NULL, 3, &stats);
	report_model_end(&sample.model);
	assert_int_equal(sample.model.cause_count, 2);
	assert_int_equal(sample.model.causes[0].reason, REASON_USER_UNKNOWN);
	assert_int_equal(sample.model.causes[0].count, 8);
	assert_int_equal(sample.model.causes[1].trend[3], 5);
	report_as_html(&sample.model, &out);
	assert_non_null(strstr(str_text(&out), "Why mail came back"));
	check_html(&out);
	str_free(&out);
	end(&sample);
}

static const struct scope_row {
	const char *label;
	enum report_scope scope;
	const char *name;
} scope_rows[] = {
	{ "all mail", REPORT_ALL, "" },
	{ "an account", REPORT_ACCOUNT, "shop" },
	{ "a campaign", REPORT_CAMPAIGN, "autumn" },
	{ "a list", REPORT_LIST, "<news.example>" },
	{ "a group", REPORT_GROUP, "google" },
};

static void
nothing_at_all(void **state)
{
	const struct scope_row *row = *state;
	struct sample sample;
	struct str out = { 0 };

	begin(&sample, row->scope, row->name, 10);
	report_model_end(&sample.model);
	report_as_text(&sample.model, 80, &out);
	assert_non_null(strstr(str_text(&out), "Nothing was sent and nothing came back."));
	check_width(&out, 80);
	str_empty(&out);
	report_as_html(&sample.model, &out);
	assert_non_null(strstr(str_text(&out), "Nothing was sent and nothing came back."));
	check_html(&out);
	str_empty(&out);
	report_as_csv(&sample.model, &out);
	assert_non_null(strstr(str_text(&out), "\r\ntotal,"));
	str_empty(&out);
	report_as_json(&sample.model, &out);
	assert_non_null(strstr(str_text(&out), "\"before\":null"));
	str_free(&out);
	end(&sample);
}

int
main(void)
{
	struct check_list list = { 0 };

	CHECK_ROWS(&list, times, time_rows);
	CHECK(&list, time_before);
	CHECK_ROWS(&list, numbers, number_rows);
	CHECK(&list, sums);
	CHECK(&list, worst_come_first);
	CHECK(&list, what_is_left_out_is_summed_up);
	CHECK(&list, of_one_group);
	CHECK_ROWS(&list, hostile_names_stay_text, hostile_rows);
	CHECK(&list, long_names_fit);
	CHECK(&list, shows_in_text);
	CHECK(&list, shows_in_json);
	CHECK(&list, shows_what_was_delivered);
	CHECK(&list, reasons_of_one_group);
	CHECK_ROWS(&list, nothing_at_all, scope_rows);
	return check_run(&list, "report_forms");
}
