#include "limit.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { BUCKETS_IN_PERIOD = 64, WIDTH_MIN_MS = 50, PERIOD_MIN_MS = 1000 };
#define PERIOD_MAX_MS (31 * INT64_C(86400000))
#define COUNT_MAX     INT64_C(1000000000)

void
limit_set(struct limit *limit, int64_t count, int64_t period_ms)
{
	limit->count = count;
	limit->period_ms = period_ms;
	limit->width_ms = (period_ms + BUCKETS_IN_PERIOD - 1) / BUCKETS_IN_PERIOD;
	if (limit->width_ms < WIDTH_MIN_MS)
		limit->width_ms = WIDTH_MIN_MS;
	limit->buckets = (period_ms + limit->width_ms - 1) / limit->width_ms + 1;
	duration_format(period_ms, limit->period);
}

int
limit_parse(struct span text, struct limit *limit, struct err *err)
{
	long slash = span_find(text, SPAN("/"));
	unsigned long long count;
	int64_t period_ms;

	if (slash < 0 || !span_number(span_trim(span_make(text.ptr, (size_t)slash)), &count)) {
		err_set(err, "\"%.*s\" is not a limit such as \"20/10s\"", (int)text.len, text.ptr);
		return -1;
	}
	period_ms = duration_parse(span_from(text, (size_t)slash + 1));
	if (period_ms < PERIOD_MIN_MS || period_ms > PERIOD_MAX_MS) {
		err_set(err, "\"%.*s\": the period must be from 1s to 31d", (int)text.len,
		    text.ptr);
		return -1;
	}
	if (count < 1 || count > (unsigned long long)COUNT_MAX) {
		err_set(err, "\"%.*s\": the count must be from 1 to %" PRId64, (int)text.len,
		    text.ptr, COUNT_MAX);
		return -1;
	}
	limit_set(limit, (int64_t)count, period_ms);
	return 0;
}

const char *
limit_format(const struct limit *limit, char buf[LIMIT_TEXT_SIZE])
{
	snprintf(buf, LIMIT_TEXT_SIZE, "%" PRId64 "/%s", limit->count, limit->period);
	return buf;
}
