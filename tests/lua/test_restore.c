/* restore.lua: what a Redis that forgot is told again, once. */
#include <string.h>

#include "redis.h"
#include "ring.h"
#include "store_egress.h"
#include "tests/unit/check.h"

static struct redis redis;

#define TOLD "mxpace:{g:google}:told:198.51.100.7"

static int64_t
restore(const struct limit *limits, size_t count, int64_t sent, const char *const *newest)
{
	struct store_restore r = { .group = "google",
		.ip = "198.51.100.7",
		.node = "mta1",
		.limits = limits,
		.limit_count = count,
		.sent = sent,
		.newest = newest };
	struct store_batch batch = { 0 };
	int64_t restored = -1;

	store_put_restore(&batch, &r, &restored);
	redis_run(&redis, &batch);
	return restored;
}

static const struct restore_row {
	const char *label;
	int64_t known, sent; /* messages Redis knows of the node, and that it has sent */
	const char *newest;
	int64_t restored, used, used_later; /* now, and 5 s later; the limit is 9/10s */
} restore_rows[] = {
	{ "all is gone", 0, 6, "100 2 6000 4", 6, 6, 2 },
	{ "a part is gone: the newest", 3, 6, "100 2 6000 4", 3, 3, 2 },
	{ "nothing is gone", 6, 6, "100 2 6000 4", 0, 0, 0 },
	{ "Redis knows more", 7, 6, "100 2 6000 4", 0, 0, 0 },
	{ "more than the ledger has", 0, 600, "100 2 6000 4", 600, 6, 2 },
	{ "nothing of it is in the window", 0, 600, "", 600, 0, 0 },
	{ "older than the window: as old as can be", 0, 3, "20000 3", 3, 3, 0 },
	{ "at this moment", 0, 3, "0 3", 3, 3, 3 },
	{ "one bucket, said twice", 0, 5, "100 2 100 3", 5, 5, 5 },
	{ "of no form", 0, 5, "x y", 5, 0, 0 },
	{ "over the limit all the same", 0, 90, "100 90", 90, 90, 90 },
};

static void
restores(void **state)
{
	const struct restore_row *row = *state;
	struct limit limit = limit_of("9/10s");
	char sent[24];

	ring_fresh(&redis);
	if (row->known > 0)
		freeReplyObject(redis_do(&redis, "HSET " TOLD " mta1 %lld", (long long)row->known));
	assert_int_equal(restore(&limit, 1, row->sent, &row->newest), row->restored);
	assert_int_equal(ring_holds(&redis, &limit, NOON_MS), row->used);
	assert_int_equal(ring_holds(&redis, &limit, NOON_MS + 5000), row->used_later);
	assert_int_equal(ring_holds(&redis, &limit, NOON_MS + 11000), 0);
	snprintf(sent, sizeof(sent), "%lld",
	    (long long)(row->known > row->sent ? row->known : row->sent));
	assert_true(redis_is(&redis, sent, "HGET " TOLD " mta1"));
	assert_int_equal(restore(&limit, 1, row->sent, &row->newest), 0); /* once */
	assert_int_equal(ring_holds(&redis, &limit, NOON_MS), row->used);
}

static void
every_ring_by_its_own(void **state)
{
	struct limit limits[] = { limit_of("100/10s"), limit_of("100/1h") };
	static const char *const newest[] = { "50 5", "50 5 1000000 20" };

	(void)state;
	ring_fresh(&redis);
	assert_int_equal(restore(limits, 2, 25, newest), 25);
	assert_int_equal(ring_holds(&redis, &limits[0], NOON_MS), 5);
	assert_int_equal(ring_holds(&redis, &limits[1], NOON_MS), 25);
	assert_int_equal(ring_holds(&redis, &limits[1], NOON_MS + 3000000), 5);
	assert_true(redis_number(&redis, "PTTL mxpace:{g:google}:sent:198.51.100.7:1h") > 3600000);
	assert_true(redis_number(&redis, "PTTL " TOLD) >= 7200000);
	assert_int_equal(ring_take(&redis, limits, 2).sent, 26);
}

/* Into a ring that others have gone on with, stale buckets and all. */
static void
among_what_others_sent(void **state)
{
	struct limit limit = limit_of("100/10s");
	static const char *const newest = "300 4 9000 6";

	(void)state;
	ring_fresh(&redis);
	for (int i = 0; i < 40; i++) {
		redis_set_ms(&redis, NOON_MS + i * 300);
		assert_int_equal(ring_take(&redis, &limit, 1).outcome, STORE_TAKEN);
	}
	freeReplyObject(redis_do(&redis, "HSET " TOLD " mta1 30"));
	redis_set_ms(&redis, NOON_MS + 15000);
	assert_int_equal(ring_holds(&redis, &limit, NOON_MS + 15000), 23);
	assert_int_equal(restore(&limit, 1, 40, &newest), 10);
	assert_int_equal(ring_holds(&redis, &limit, NOON_MS + 15000), 33);
}

/* A clock that went back, or a ring that a clock far ahead wrote. */
static void
other_clocks(void **state)
{
	struct limit limit = limit_of("100/10s");
	static const char *const newest = "0 4 9000 6";

	(void)state;
	ring_fresh(&redis);
	(void)ring_take(&redis, &limit, 1);
	redis_set_ms(&redis, NOON_MS - 3000);
	assert_int_equal(restore(&limit, 1, 11, &newest), 10);
	assert_in_range(ring_holds(&redis, &limit, NOON_MS - 3000), 11, 11);
	ring_fresh(&redis);
	redis_set_ms(&redis, NOON_MS + INT64_C(400) * 86400000);
	(void)ring_take(&redis, &limit, 1);
	freeReplyObject(redis_do(&redis, "PERSIST mxpace:{g:google}:sent:198.51.100.7:10s"));
	redis_set_ms(&redis, NOON_MS);
	assert_int_equal(restore(&limit, 1, 11, &newest), 10);
	assert_int_equal(ring_holds(&redis, &limit, NOON_MS), 10);
}

static void
a_redis_without_the_script(void **state)
{
	struct limit limit = limit_of("100/10s");
	static const char *const newest = "0 4";

	(void)state;
	ring_fresh(&redis);
	freeReplyObject(redis_do(&redis, "SCRIPT FLUSH"));
	assert_int_equal(restore(&limit, 1, 4, &newest), 4);
	assert_int_equal(ring_holds(&redis, &limit, NOON_MS), 4);
}

int
main(void)
{
	struct check_list list = { 0 };
	int rc;

	CHECK_ROWS(&list, restores, restore_rows);
	CHECK(&list, every_ring_by_its_own);
	CHECK(&list, among_what_others_sent);
	CHECK(&list, other_clocks);
	CHECK(&list, a_redis_without_the_script);
	redis_start(&redis, NULL);
	rc = check_run(&list, "restore");
	redis_stop(&redis);
	return rc;
}
