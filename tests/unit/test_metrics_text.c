/* metrics_text: the text format, byte by byte. */
#include "check.h"

#include "metrics_text.h"

static const struct label_row {
	const char *label, *value, *text;
} label_rows[] = {
	{ "plain", "google", "group=\"google\"" },
	{ "empty", "", "group=\"\"" },
	{ "a quote and a backslash", "a\"b\\c", "group=\"a\\\"b\\\\c\"" },
	{ "a newline", "a\nb", "group=\"a\\nb\"" },
	{ "what would end the label", "x\"} 1\nevil 2", "group=\"x\\\"} 1\\nevil 2\"" },
	{ "UTF-8", "m\xc3\xbcller", "group=\"m\xc3\xbcller\"" },
	{ "not UTF-8", "a\xff\xc3", "group=\"a\?\?\"" },
	{ "other control bytes stay", "a\tb\x01", "group=\"a\tb\x01\"" },
};

static void
escapes(void **state)
{
	const struct label_row *row = *state;
	struct str labels = { 0 };

	metrics_label(&labels, "group", row->value);
	assert_string_equal(str_text(&labels), row->text);
	str_free(&labels);
}

static void
separates_labels(void **state)
{
	struct str labels = { 0 }, out = { 0 };

	(void)state;
	metrics_label(&labels, "group", "google");
	metrics_label(&labels, "ip", "192.0.2.1");
	metrics_number(&out, "a", str_text(&labels), -3);
	metrics_number(&out, "b", "", INT64_MAX);
	metrics_value(&out, "c", "", 0.5);
	assert_string_equal(str_text(&out), "a{group=\"google\",ip=\"192.0.2.1\"} -3\n"
					    "b 9223372036854775807\n"
					    "c 0.5\n");
	str_free(&labels);
	str_free(&out);
}

static void
has_heads(void **state)
{
	struct str out = { 0 };

	(void)state;
	metrics_head(&out, &(struct metrics_family){ "a_total", "counter", "Some words." });
	assert_string_equal(str_text(&out), "# HELP a_total Some words.\n# TYPE a_total counter\n");
	str_free(&out);
}

/* Each step counts those below it too; the last one all. */
static void
formats_histograms(void **state)
{
	struct histogram histogram = { { 0 }, 0 };
	struct str out = { 0 };
	const char *text;

	(void)state;
	histogram_observe(&histogram, 200);
	histogram_observe(&histogram, 400);
	histogram_observe(&histogram, 700000000);
	metrics_histogram(&out, "a", "", &histogram);
	text = str_text(&out);
	assert_ptr_equal(strstr(text, "a_bucket{le=\"0.00025\"} 1\na_bucket{le=\"0.0005\"} 2\n"),
	    text);
	assert_non_null(
	    strstr(text, "a_bucket{le=\"600\"} 2\na_bucket{le=\"+Inf\"} 3\na_sum 700.000600\n"
			 "a_count 3\n"));
	str_empty(&out);
	metrics_histogram(&out, "a", "for=\"slot\"", &histogram);
	text = str_text(&out);
	assert_non_null(strstr(text, "a_bucket{for=\"slot\",le=\"+Inf\"} 3\n"
				     "a_sum{for=\"slot\"} 700.000600\na_count{for=\"slot\"} 3\n"));
	str_free(&out);
}

int
main(void)
{
	struct check_list list = { 0 };

	CHECK_ROWS(&list, escapes, label_rows);
	CHECK(&list, separates_labels);
	CHECK(&list, has_heads);
	CHECK(&list, formats_histograms);
	return check_run(&list, "metrics_text");
}
