/* delivered_count.lua: deliveries counted once for their senders, by a clock that the test sets. */
#include "redis.h"
#include "store_delivered.h"
#include "tests/unit/check.h"

static struct redis redis;

#define T0   INT64_C(1795348800) /* 2026-11-22T12:00:00Z */
#define HOUR INT64_C(3600)
#define DAY  INT64_C(86400)

static void
fresh(void)
{
	redis_fresh(&redis);
	redis_set_ms(&redis, T0 * 1000);
}

/* "counted again unknown" */
static void
check_count(const char *source, bool known_only, const struct store_delivered_at *list,
    size_t count, const char *want)
{
	const struct store_delivered_count call = {
		.kind = SENDER_ACCOUNT,
		.name = "shop",
		.source = source,
		.known_only = known_only,
		.list = list,
		.count = count,
	};
	struct store_delivered_counted counted;
	struct store_batch batch = { 0 };
	char got[64];

	store_put_delivered_count(&batch, &call, &counted);
	redis_run(&redis, &batch);
	store_batch_free(&batch);
	snprintf(got, sizeof(got), "%d %d %d", (int)counted.counted, (int)counted.again,
	    (int)counted.unknown);
	assert_string_equal(got, want);
}

static void
by_hour_and_day(void **state)
{
	static const struct store_delivered_at list[] = {
		{ "", T0 - 13 * HOUR },                       /* the day before */
		{ "", T0 - 2 }, { "", T0 }, { "", T0 + 900 }, /* another clock's: now */
	};

	(void)state;
	fresh();
	check_count("", false, list, 4, "4 0 0");
	assert_true(redis_is(&redis, "1", "HGET mxpace:{a:shop}:stats:20261121 delivered"));
	assert_true(redis_is(&redis, "1", "HGET mxpace:{a:shop}:stats:2026112123 delivered"));
	assert_true(redis_is(&redis, "1", "HGET mxpace:{a:shop}:stats:2026112211 delivered"));
	assert_true(redis_is(&redis, "2", "HGET mxpace:{a:shop}:stats:2026112212 delivered"));
	assert_true(redis_is(&redis, "3", "HGET mxpace:{a:shop}:stats:20261122 delivered"));
	assert_int_equal(redis_number(&redis, "TTL mxpace:{a:shop}:stats:2026112212"), 8 * DAY);
	assert_int_equal(redis_number(&redis, "TTL mxpace:{a:shop}:stats:2026112123"),
	    8 * DAY - 13 * HOUR);
	assert_int_equal(redis_number(&redis, "EXISTS mxpace:{a:shop}:log"), 0);
}

/* What is kept no longer is not made anew; a hash that is there keeps its end. */
static void
old_ones(void **state)
{
	static const struct store_delivered_at list[] = { { "1", T0 - 401 * DAY },
		{ "2", T0 - 9 * DAY }, { "3", T0 - DAY } };

	(void)state;
	fresh();
	redis_number(&redis, "HSET mxpace:{a:shop}:stats:20261121 sent 5");
	redis_number(&redis, "EXPIRE mxpace:{a:shop}:stats:20261121 77");
	check_count("log a", false, list, 3, "3 0 0");
	assert_int_equal(redis_number(&redis, "EXISTS mxpace:{a:shop}:stats:20251017"), 0);
	assert_int_equal(redis_number(&redis, "EXISTS mxpace:{a:shop}:stats:2026111312"), 0);
	assert_int_equal(redis_number(&redis, "TTL mxpace:{a:shop}:stats:20261121"), 77);
	assert_true(redis_is(&redis, "1", "HGET mxpace:{a:shop}:stats:20261121 delivered"));
}

static void
once_by_place(void **state)
{
	static const struct store_delivered_at list[] = {
		{ "001795348799.00000001", T0 - 1 },
		{ "001795348799.00000002", T0 - 1 },
		{ "001795348800.00000001", T0 },
		{ "001795348800.00000010", T0 },
	};

	(void)state;
	fresh();
	check_count("log a", false, list, 3, "3 0 0");
	check_count("log a", false, list, 3, "0 3 0");
	check_count("log a", false, list + 1, 3, "1 2 0");
	check_count("log b", false, list, 2, "2 0 0"); /* another host's */
	assert_true(redis_is(&redis, "6", "HGET mxpace:{a:shop}:stats:20261122 delivered"));
	assert_true(redis_is(&redis, list[3].place, "HGET mxpace:{a:shop}:log %s", "log a"));
	assert_int_equal(redis_number(&redis, "HLEN mxpace:{a:shop}:log"), 2);
}

static void
known_ones_only(void **state)
{
	static const struct store_delivered_at list[] = { { "1", T0 } };

	(void)state;
	fresh();
	check_count("log a", true, list, 1, "0 0 1");
	assert_int_equal(redis_number(&redis, "DBSIZE"), 0);
	redis_number(&redis, "HSET mxpace:{a:shop}:stats:20261113 sent 5"); /* 9 days ago */
	check_count("log a", true, list, 1, "0 0 1");
	redis_number(&redis, "HSET mxpace:{a:shop}:stats:20261114 sent 5");
	check_count("log a", true, list, 1, "1 0 0");
}

int
main(void)
{
	struct check_list list = { 0 };
	int rc;

	CHECK(&list, by_hour_and_day);
	CHECK(&list, old_ones);
	CHECK(&list, once_by_place);
	CHECK(&list, known_ones_only);
	redis_start(&redis, NULL);
	rc = check_run(&list, "delivered_count");
	redis_stop(&redis);
	return rc;
}
