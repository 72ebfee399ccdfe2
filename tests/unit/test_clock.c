#include <time.h>

#include "check.h"
#include "clock.h"

static const struct format_row {
	const char *label;
	int64_t wall_s;
	const char *want;
} format_rows[] = {
	{ "the epoch", 0, "1970-01-01T00:00:00Z" },
	{ "before it", -1, "1969-12-31T23:59:59Z" },
	{ "a day in November", 1795317653, "2026-11-22T03:20:53Z" },
	{ "leap day", 1709210096, "2024-02-29T12:34:56Z" },
	{ "beyond 32 bits", 4294967296, "2106-02-07T06:28:16Z" },
	{ "last second of four digits", 253402300799, "9999-12-31T23:59:59Z" },
	{ "a year that does not fit", 253402300800, "" },
	{ "no year at all", INT64_MAX, "" },
};

static void
formats(void **state)
{
	const struct format_row *row = *state;
	char *buf = malloc(CLOCK_DATE_SIZE);

	assert_ptr_equal(clock_format(row->wall_s, buf), buf);
	assert_string_equal(buf, row->want);
	free(buf);
}

static void
clocks_run(void **state)
{
	struct timespec monotonic, tick = { 0, 2000000 };
	int64_t before = clock_monotonic_ms(), wall = clock_wall_s();

	(void)state;
	clock_gettime(CLOCK_MONOTONIC, &monotonic);
	assert_in_range(before, (uint64_t)monotonic.tv_sec * 1000 - 1000,
	    (uint64_t)monotonic.tv_sec * 1000 + 1000);
	while (clock_monotonic_ms() == before)
		nanosleep(&tick, NULL);
	assert_true(clock_monotonic_ms() > before);
	assert_in_range(time(NULL) - wall, 0, 60);
}

int
main(void)
{
	struct check_list list = { 0 };

	CHECK_ROWS(&list, formats, format_rows);
	CHECK(&list, clocks_run);
	return check_run(&list, "clock");
}
