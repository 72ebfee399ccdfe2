#include "duration.h"

#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>

#define DAY_MS  ((int64_t)86400000)
#define LONGEST (3650 * DAY_MS)

static const struct {
	const char *unit;
	int64_t ms;
	bool formats;
} units[] = {
	{ "w", 7 * DAY_MS, false },
	{ "d", DAY_MS, true },
	{ "h", 3600000, true },
	{ "m", 60000, true },
	{ "s", 1000, true },
	{ "ms", 1, true },
};
enum { UNITS = sizeof(units) / sizeof(units[0]) };

int64_t
duration_parse(struct span text)
{
	unsigned long long n;
	size_t digits = 0;

	text = span_trim(text);
	while (digits < text.len && text.ptr[digits] >= '0' && text.ptr[digits] <= '9')
		digits++;
	if (!span_number(span_make(text.ptr, digits), &n))
		return -1;
	if (n == 0 && digits == text.len)
		return 0;
	for (size_t i = 0; i < UNITS; i++)
		if (span_ieq(span_trim(span_from(text, digits)), span_of(units[i].unit)))
			return n > (unsigned long long)(LONGEST / units[i].ms)
				   ? -1
				   : (int64_t)n * units[i].ms;
	return -1;
}

const char *
duration_format(int64_t ms, char buf[DURATION_SIZE])
{
	snprintf(buf, DURATION_SIZE, "%" PRId64 "ms", ms);
	for (size_t i = 0; i < UNITS; i++)
		if (units[i].formats && ms >= units[i].ms && ms % units[i].ms == 0) {
			snprintf(buf, DURATION_SIZE, "%" PRId64 "%s", ms / units[i].ms,
			    units[i].unit);
			break;
		}
	return buf;
}

const char *
duration_format_wait(int64_t ms, char buf[DURATION_SIZE])
{
	int64_t s = ms <= 0 ? 0 : (ms + 999) / 1000;
	const int64_t size[] = { 86400, 3600, 60, 1 };
	const char letter[] = "dhms";
	size_t i = 0;

	while (i < 3 && s < size[i])
		i++;
	if (i < 3 && s % size[i] / size[i + 1] > 0)
		snprintf(buf, DURATION_SIZE, "%" PRId64 "%c%" PRId64 "%c", s / size[i], letter[i],
		    s % size[i] / size[i + 1], letter[i + 1]);
	else
		snprintf(buf, DURATION_SIZE, "%" PRId64 "%c", s / size[i], letter[i]);
	return buf;
}
