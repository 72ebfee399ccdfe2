#include "mx_limits.h"

#include <string.h>

enum { SHARES_OF_HOUR = 12 };
#define HOUR_MS INT64_C(3600000)
#define DAY_MS  INT64_C(86400000)

bool
mx_limits_add(struct limit *limits, size_t *count, size_t most, const struct limit *limit)
{
	size_t i = 0;

	while (i < *count && limits[i].period_ms < limit->period_ms)
		i++;
	if (i < *count && limits[i].period_ms == limit->period_ms) {
		if (limit->count < limits[i].count)
			limits[i] = *limit;
		return true;
	}
	if (*count == most)
		return false;
	memmove(&limits[i + 1], &limits[i], (*count - i) * sizeof(*limit));
	limits[i] = *limit;
	++*count;
	return true;
}

/* Rounded down; the grain keeps 30 * 0.1 from being 2. */
static int64_t
scaled(int64_t count, double factor, int64_t most)
{
	int64_t product = (int64_t)((double)count * factor + 1e-6);

	if (count == 0)
		return 0;
	if (product < 1)
		product = 1;
	return most > 0 && product > most ? most : product;
}

static void
add(struct mx_limits *out, int64_t count, int64_t period_ms)
{
	struct limit limit;

	limit_set(&limit, count, period_ms);
	mx_limits_add(out->limits, &out->limit_count, MX_LIMITS_MAX, &limit);
}

static bool
has_hour(const struct mx_rule *rule)
{
	for (size_t i = 0; i < rule->limit_count; i++)
		if (rule->limits[i].period_ms == HOUR_MS)
			return true;
	return rule->messages_per_hour > 0;
}

void
mx_limits_at(const struct mx_rule *rule, enum level level, const struct level_factors *factors,
    int64_t day_cap, struct mx_limits *out)
{
	const struct level_factors *factor = &factors[level];
	bool bounded = level != LEVEL_CUSTOM;
	int64_t most = bounded ? rule->max_messages_per_hour : 0;
	int64_t hourly = scaled(rule->messages_per_hour, factor->rate, most);

	*out = (struct mx_limits){
		.level = level != LEVEL_NONE ? level : LEVEL_NORMAL,
		.connections = scaled(rule->connections, factor->connections,
		    bounded ? rule->max_connections : 0),
		.messages_per_connection =
		    scaled(rule->messages_per_connection, factor->messages_per_connection,
			bounded ? rule->max_messages_per_connection : 0),
		.messages_per_hour = hourly,
		.day_cap = day_cap,
	};
	if (hourly > 0)
		add(out, hourly, HOUR_MS);
	if (hourly >= SHARES_OF_HOUR && !rule->burst)
		add(out, (hourly + SHARES_OF_HOUR - 1) / SHARES_OF_HOUR, HOUR_MS / SHARES_OF_HOUR);
	for (size_t i = 0; i < rule->limit_count; i++) {
		const struct limit *limit = &rule->limits[i];

		add(out, scaled(limit->count, factor->rate, limit->period_ms == HOUR_MS ? most : 0),
		    limit->period_ms);
	}
	if (most > 0 && rule->limit_count > 0 && !has_hour(rule))
		add(out, most, HOUR_MS);
	if (day_cap > 0)
		add(out, day_cap, DAY_MS);
}

void
mx_limits_copy(struct mx_limits *to, const struct mx_limits *from)
{
	memcpy(to, from,
	    offsetof(struct mx_limits, limits) + from->limit_count * sizeof(from->limits[0]));
}

bool
mx_limits_any(const struct mx_limits *limits)
{
	return limits->limit_count > 0 || limits->connections > 0;
}

bool
mx_limits_is_cap(const struct mx_limits *limits, size_t i)
{
	return limits->day_cap > 0 && i < limits->limit_count &&
	       limits->limits[i].period_ms == DAY_MS;
}

const struct limit *
mx_limits_least(const struct mx_limits *limits)
{
	const struct limit *least = NULL;

	for (size_t i = 0; i < limits->limit_count; i++) {
		const struct limit *limit = &limits->limits[i];

		if (least == NULL || (double)limit->count / (double)limit->period_ms <
					 (double)least->count / (double)least->period_ms)
			least = limit;
	}
	return least;
}

int64_t
mx_limits_per_hour(const struct mx_limits *limits)
{
	const struct limit *least = mx_limits_least(limits);
	double per_hour;

	if (least == NULL)
		return 0;
	per_hour = (double)least->count * (double)HOUR_MS / (double)least->period_ms;
	return per_hour < 1 ? 1 : (int64_t)per_hour;
}
