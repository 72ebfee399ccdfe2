#include <time.h>

#include "check.h"
#include "date.h"

#define NOON INT64_C(1795348800) /* 2026-11-22T12:00:00Z */

static const struct date_row {
	const char *label, *text;
	int64_t want;
} date_rows[] = {
	{ "as Postfix writes it", "Sun, 22 Nov 2026 13:00:00 +0100 (CET)", NOON },
	{ "west", "Sun, 22 Nov 2026 04:00:00 -0800", NOON },
	{ "half an hour", "Sun, 22 Nov 2026 17:30:00 +0530", NOON },
	{ "no day of the week", "22 Nov 2026 12:00:00 +0000", NOON },
	{ "no seconds", "Sun, 22 Nov 2026 12:00 +0000", NOON },
	{ "no zone", "Sun, 22 Nov 2026 12:00:00", NOON },
	{ "GMT", "Sun, 22 Nov 2026 12:00:00 GMT", NOON },
	{ "EST", "Sun, 22 Nov 2026 07:00:00 EST", NOON },
	{ "PDT", "Sun, 22 Nov 2026 05:00:00 PDT", NOON },
	{ "two digits of a year", "22 Nov 26 12:00:00 GMT", NOON },
	{ "folded", " Sun,\r\n 22 Nov\r\n 2026 12:00:00 +0000", NOON },
	{ "one digit of a day", "Thu, 5 Nov 2026 12:00:00 +0000", NOON - 17 * 86400 },
	{ "with hyphens", "22-Nov-2026 12:00:00 GMT", NOON },
	{ "capitals", "SUN, 22 NOV 2026 12:00:00 GMT", NOON },
	{ "a leap second", "Sun, 22 Nov 2026 12:00:60 +0000", NOON + 59 },
	{ "29 February", "29 Feb 2028 00:00:00 +0000", 1835395200 },
	{ "empty", "", -1 },
	{ "words", "yesterday at noon", -1 },
	{ "no such day", "31 Feb 2026 12:00:00 +0000", -1 },
	{ "day 0", "0 Nov 2026 12:00:00 +0000", -1 },
	{ "no such month", "22 Nox 2026 12:00:00 +0000", -1 },
	{ "no such hour", "22 Nov 2026 24:00:00 +0000", -1 },
	{ "no such minute", "22 Nov 2026 12:60:00 +0000", -1 },
	{ "cut off", "Sun, 22 Nov 2026", -1 },
};

static void
parses(void **state)
{
	const struct date_row *row = *state;

	assert_int_equal(date_parse(span_of(row->text)), row->want);
}

/* No prefix is read beyond its end. */
static void
every_prefix(void **state)
{
	static const char text[] = "Sun, 22 Nov 2026 13:00:00 +0100 (CET)";

	(void)state;
	for (size_t len = 0; len < sizeof(text); len++) {
		char *copy = malloc(len + 1);
		struct span rest;

		memcpy(copy, text, len);
		date_parse(span_make(copy, len));
		date_parse_log(span_make(copy, len), NOON, &rest);
		free(copy);
	}
}

static const struct log_row {
	const char *label, *line;
	int64_t want; /* -1: none; local time is UTC */
} log_rows[] = {
	{ "RFC 3339", "2026-11-22T13:00:00.123456+01:00 mta1 postfix", NOON },
	{ "in UTC", "2026-11-22T12:00:00Z mta1 postfix", NOON },
	{ "traditional", "Nov 22 12:00:00 mta1 postfix", NOON },
	{ "one digit", "Nov  5 12:00:00 mta1 postfix", NOON - 17 * 86400 },
	{ "tomorrow, of a clock that is fast", "Nov 23 11:00:00 mta1 postfix", NOON + 82800 },
	{ "of last year", "Dec 31 12:00:00 mta1 postfix", NOON - 326 * 86400 },
	{ "no date", "mta1 postfix/smtp[1]: x", -1 },
	{ "empty", "", -1 },
	{ "nothing behind it", "Nov 22 12:00:00", -1 },
};

static void
begins_a_line(void **state)
{
	const struct log_row *row = *state;
	struct span rest;

	assert_int_equal(date_parse_log(span_of(row->line), NOON, &rest), row->want);
	if (row->want >= 0)
		assert_true(span_eq(rest, SPAN("mta1 postfix")));
}

int
main(void)
{
	struct check_list list = { 0 };

	setenv("TZ", "UTC", 1);
	tzset();
	CHECK_ROWS(&list, parses, date_rows);
	CHECK(&list, every_prefix);
	CHECK_ROWS(&list, begins_a_line, log_rows);
	return check_run(&list, "date");
}
