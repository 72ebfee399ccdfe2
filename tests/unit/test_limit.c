#include "check.h"
#include "limit.h"

static const struct parse_row {
	const char *label, *in;
	int64_t count, period_ms; /* count 0: refused */
	const char *format;
} parse_rows[] = {
	{ "plain", "20/10s", 20, 10000, "20/10s" },
	{ "blanks", " 20 / 10 s ", 20, 10000, "20/10s" },
	{ "one of each", "1/1s", 1, 1000, "1/1s" },
	{ "shortest period", "5/1000ms", 5, 1000, "5/1s" },
	{ "longest period", "5/31d", 5, INT64_C(31) * 86400000, "5/31d" },
	{ "largest count", "1000000000/1h", 1000000000, 3600000, "1000000000/1h" },
	{ "an hour in minutes", "7/60m", 7, 3600000, "7/1h" },
	{ "a week", "7/1w", 7, INT64_C(7) * 86400000, "7/7d" },
	{ "period too short", "5/999ms", 0, 0, NULL },
	{ "period too long", "5/32d", 0, 0, NULL },
	{ "period of nothing", "5/0", 0, 0, NULL },
	{ "count of nothing", "0/1h", 0, 0, NULL },
	{ "count too large", "1000000001/1h", 0, 0, NULL },
	{ "count far too large", "99999999999999999999999/1h", 0, 0, NULL },
	{ "no period", "5/", 0, 0, NULL },
	{ "no count", "/1h", 0, 0, NULL },
	{ "no slash", "5", 0, 0, NULL },
	{ "empty", "", 0, 0, NULL },
	{ "negative", "-5/1h", 0, 0, NULL },
	{ "two slashes", "5/1h/2", 0, 0, NULL },
	{ "no unit", "5/10", 0, 0, NULL },
	{ "words", "five/1h", 0, 0, NULL },
};

static void
parses(void **state)
{
	const struct parse_row *row = *state;
	struct limit limit = { 0 };
	struct err err = { "" };
	char text[LIMIT_TEXT_SIZE];
	int rc = limit_parse(span_of(row->in), &limit, &err);

	if (row->count == 0) {
		assert_int_equal(rc, -1);
		assert_non_null(strstr(err.text, row->in)); /* quotes what it refuses */
		assert_int_equal(limit_parse(span_of(row->in), &limit, NULL), -1);
		return;
	}
	assert_int_equal(rc, 0);
	assert_int_equal(limit.count, row->count);
	assert_int_equal(limit.period_ms, row->period_ms);
	assert_string_equal(limit_format(&limit, text), row->format);
}

static const struct ring_row {
	const char *label;
	int64_t period_ms, width_ms, buckets;
} ring_rows[] = {
	{ "a second: buckets of 50 ms", 1000, 50, 21 },
	{ "3.2 s: 64 buckets of 50 ms", 3200, 50, 65 },
	{ "3.201 s: rounded up", 3201, 51, 64 },
	{ "ten seconds", 10000, 157, 65 },
	{ "a minute", 60000, 938, 65 },
	{ "an hour", 3600000, 56250, 65 },
	{ "31 days", INT64_C(31) * 86400000, 41850000, 65 },
};

static void
rings(void **state)
{
	const struct ring_row *row = *state;
	struct limit limit;

	limit_set(&limit, 1, row->period_ms);
	assert_int_equal(limit.width_ms, row->width_ms);
	assert_int_equal(limit.buckets, row->buckets);
}

/* The buckets before the current one cover a whole period, so that a rolling window of that length
 * never holds a message that is not counted; and they cover less than two buckets more. */
static void
rings_cover_their_period(void **state)
{
	(void)state;
	for (int64_t period_ms = 1000; period_ms < INT64_C(31) * 86400000;
	     period_ms = period_ms * 101 / 100 + 1) {
		struct limit limit;

		limit_set(&limit, 1, period_ms);
		assert_true((limit.buckets - 1) * limit.width_ms >= period_ms);
		assert_true((limit.buckets - 2) * limit.width_ms < period_ms);
		assert_true(limit.buckets <= 65);
		assert_true(limit.width_ms >= 50);
	}
}

int
main(void)
{
	struct check_list list = { 0 };

	CHECK_ROWS(&list, parses, parse_rows);
	CHECK_ROWS(&list, rings, ring_rows);
	CHECK(&list, rings_cover_their_period);
	return check_run(&list, "limit");
}
