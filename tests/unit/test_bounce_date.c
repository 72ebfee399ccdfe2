#include "bounce_date.h"
#include "check.h"

#define NOON INT64_C(1795348800) /* 2026-11-22T12:00:00Z */
#define DAY  INT64_C(86400)

static const struct row {
	const char *label, *last_attempt, *header, *arrival;
	int64_t want; /* before NOON; 0: now */
} rows[] = {
	{ "nothing is said", "", "Subject: x\n", "", 0 },
	{ "the last attempt goes first", "Fri, 20 Nov 2026 12:00:00 +0000",
	    "Date: Sat, 21 Nov 2026 12:00:00 +0000\n", "Sun, 15 Nov 2026 12:00:00 +0000", 2 * DAY },
	{ "then the notice's own date", "", "Subject: x\nDate: Sat, 21 Nov 2026 12:00:00 +0000\n",
	    "Sun, 15 Nov 2026 12:00:00 +0000", DAY },
	{ "then the arrival", "", "Subject: x\n", "Sun, 15 Nov 2026 12:00:00 +0000", 7 * DAY },
	{ "what is no date is passed over", "soon", "Date: Sat, 21 Nov 2026 12:00:00 +0000\n", "",
	    DAY },
	{ "a clock that is fast", "Sun, 22 Nov 2026 13:00:00 +0000",
	    "Date: Sat, 21 Nov 2026 12:00:00 +0000\n", "", 0 },
	{ "a clock that stands", "Thu, 1 Jan 1970 00:00:00 +0000",
	    "Date: Sat, 21 Nov 2026 12:00:00 +0000\n", "", DAY },
	{ "all of them too old", "", "Date: Sat, 21 Nov 2020 12:00:00 +0000\n", "", 0 },
	{ "weeks", "", "Date: Sun, 1 Nov 2026 12:00:00 +0000\n", "", 21 * DAY },
};

static void
dates(void **state)
{
	const struct row *row = *state;
	struct report report = { .header = span_of(row->header), .arrival = row->arrival };
	struct report_recipient recipient = { .last_attempt = row->last_attempt };

	assert_int_equal(bounce_date(&report, &recipient, NOON),
	    row->want > 0 ? NOON - row->want : 0);
}

int
main(void)
{
	struct check_list list = { 0 };

	CHECK_ROWS(&list, dates, rows);
	return check_run(&list, "bounce_date");
}
