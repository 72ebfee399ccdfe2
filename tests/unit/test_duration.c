#include "check.h"
#include "duration.h"

#define HOUR INT64_C(3600000)
#define DAY  INT64_C(86400000)

static const struct parse_row {
	const char *label, *in;
	int64_t want;
} parse_rows[] = {
	{ "milliseconds", "500ms", 500 },
	{ "seconds", "60s", 60000 },
	{ "minutes", "5m", 300000 },
	{ "hours", "24h", 24 * HOUR },
	{ "days", "10d", 10 * DAY },
	{ "weeks", "2w", 14 * DAY },
	{ "capitals", "2H", 2 * HOUR },
	{ "milliseconds in capitals", "7MS", 7 },
	{ "blanks around and between", " 5 m ", 300000 },
	{ "zero needs no unit", "0", 0 },
	{ "zero with a unit", "0s", 0 },
	{ "longest", "3650d", 3650 * DAY },
	{ "a day too long", "3651d", -1 },
	{ "far too long", "18446744073709551615w", -1 },
	{ "would overflow 64 bits", "18446744073709551616s", -1 },
	{ "no unit", "5", -1 },
	{ "no number", "s", -1 },
	{ "empty", "", -1 },
	{ "blank", " ", -1 },
	{ "negative", "-1s", -1 },
	{ "plus", "+1s", -1 },
	{ "fraction", "1.5h", -1 },
	{ "two units", "1h30m", -1 },
	{ "unknown unit", "1y", -1 },
	{ "month is no unit", "1mo", -1 },
	{ "word", "1sec", -1 },
	{ "never", "never", -1 },
};

static void
parses(void **state)
{
	const struct parse_row *row = *state;

	assert_int_equal(duration_parse(span_of(row->in)), row->want);
}

static const struct format_row {
	const char *label;
	int64_t ms;
	const char *want, *wait;
} format_rows[] = {
	{ "nothing", 0, "0ms", "0s" },
	{ "past", -5, "-5ms", "0s" },
	{ "a millisecond", 1, "1ms", "1s" },
	{ "a second", 1000, "1s", "1s" },
	{ "just over a second", 1001, "1001ms", "2s" },
	{ "just under a minute", 59001, "59001ms", "1m" },
	{ "a minute", 60000, "1m", "1m" },
	{ "a minute and a half", 90000, "90s", "1m30s" },
	{ "just under an hour", 3599500, "3599500ms", "1h" },
	{ "an hour", HOUR, "1h", "1h" },
	{ "two units at most", HOUR + 60000 + 1000, "3661s", "1h1m" },
	{ "the next unit is zero", HOUR + 1000, "3601s", "1h" },
	{ "a day", DAY, "1d", "1d" },
	{ "25 hours", 25 * HOUR, "25h", "1d1h" },
	{ "a week is days", 7 * DAY, "7d", "7d" },
};

static void
formats(void **state)
{
	const struct format_row *row = *state;
	char buf[DURATION_SIZE];

	assert_string_equal(duration_format(row->ms, buf), row->want);
	assert_string_equal(duration_format_wait(row->ms, buf), row->wait);
}

static void
format_parses_to_the_same(void **state)
{
	char buf[DURATION_SIZE];

	(void)state;
	for (int64_t ms = 0; ms <= 3650 * DAY; ms = ms * 17 / 16 + 1)
		assert_true(duration_parse(span_of(duration_format(ms, buf))) == ms);
}

static void
widest_numbers_fit(void **state)
{
	char buf[DURATION_SIZE];

	(void)state;
	assert_string_equal(duration_format(INT64_MAX, buf), "9223372036854775807ms");
	assert_string_equal(duration_format(INT64_MIN, buf), "-9223372036854775808ms");
	duration_format_wait(INT64_MAX / 2, buf);
	assert_true(strlen(buf) < DURATION_SIZE);
}

int
main(void)
{
	struct check_list list = { 0 };

	CHECK_ROWS(&list, parses, parse_rows);
	CHECK_ROWS(&list, formats, format_rows);
	CHECK(&list, format_parses_to_the_same);
	CHECK(&list, widest_numbers_fit);
	return check_run(&list, "duration");
}
