/* settle.lua: the stamp at the end of a delivery, what is given back, and what is counted of it. */
#include <sys/wait.h>
#include <unistd.h>

#include "redis.h"
#include "ring.h"
#include "store_egress.h"
#include "tests/unit/check.h"

static struct redis redis;

#define PACE  "mxpace:{g:google}:pace:198.51.100.7"
#define TOLD  "mxpace:{g:google}:told:198.51.100.7"
#define STATS "mxpace:{g:google}:stats:"

static struct store_settled
settled_of(const struct limit *limits, size_t count)
{
	return (struct store_settled){ .group = "google",
		.ip = "198.51.100.7",
		.node = "mta1",
		.limits = limits,
		.limit_count = count,
		.counts = true };
}

static int64_t
settle(const struct store_settled *settled)
{
	struct store_batch batch = { 0 };
	int64_t now_ms = -1;

	store_put_settle(&batch, settled, &now_ms);
	redis_run(&redis, &batch);
	return now_ms;
}

/* -- stamps ------------------------------------------------------------------------------------ */

static const struct stamp_row {
	const char *label;
	int64_t later_ms; /* the delivery ends so long after its take; a bucket is 157 ms */
	int64_t before;   /* in the window just before it ends */
	int64_t after;
} stamp_rows[] = {
	{ "within the bucket", 10, 1, 1 },
	{ "in the next bucket", 157, 1, 1 },
	{ "half a period later", 5000, 1, 1 },
	{ "in the last bucket that counts", 64 * 157, 1, 1 },
	{ "a bucket too late", 65 * 157, 0, 1 },
	{ "three rings later", 3 * 65 * 157, 0, 1 }, /* the very slot of the old bucket */
	{ "a day later", 86400000, 0, 1 },
};

/* However late, one message is in the window afterwards, for one period from its end on. */
static void
stamped_at_its_end(void **state)
{
	const struct stamp_row *row = *state;
	struct limit limit = limit_of("5/10s");
	struct store_settled s = settled_of(&limit, 1);
	int64_t begin = NOON_MS / limit.width_ms * limit.width_ms, end = begin + row->later_ms;

	ring_fresh(&redis);
	redis_set_ms(&redis, begin);
	s.stamp_ms = ring_take(&redis, &limit, 1).now_ms;
	redis_set_ms(&redis, end);
	assert_int_equal(ring_holds(&redis, &limit, end), row->before);
	assert_true(settle(&s) == end);
	assert_int_equal(ring_holds(&redis, &limit, end), row->after);
	s.stamp_ms = end;
	redis_set_ms(&redis, end + limit.period_ms - 1);
	assert_int_equal(ring_holds(&redis, &limit, end + limit.period_ms - 1), 1);
	assert_true(redis_number(&redis, "PTTL mxpace:{g:google}:sent:198.51.100.7:10s") > 0);
	assert_true(settle(&s) == end + limit.period_ms - 1);
	assert_int_equal(ring_holds(&redis, &limit, end + limit.period_ms - 1), 1);
}

/* With a clock that went back a message may count twice, never less than once. */
static void
clock_set_back(void **state)
{
	struct limit limit = limit_of("5/10s");
	struct store_settled s = settled_of(&limit, 1);

	(void)state;
	ring_fresh(&redis);
	s.stamp_ms = ring_take(&redis, &limit, 1).now_ms;
	for (int i = 1; i <= 5; i++) {
		redis_set_ms(&redis, NOON_MS - i * 700);
		s.stamp_ms = settle(&s);
		assert_in_range(ring_holds(&redis, &limit, NOON_MS - i * 700), 1, 2);
	}
	redis_set_ms(&redis, NOON_MS + 5000);
	s.stamp_ms = settle(&s);
	assert_in_range(ring_holds(&redis, &limit, NOON_MS + 14000), 1, 2);
}

/* Others that were sent meanwhile stay where they are. */
static void
stamps_among_others(void **state)
{
	struct limit limits[] = { limit_of("100/10s"), limit_of("100/1h") };
	struct store_settled s = settled_of(limits, 2);
	int64_t stamps[10];

	(void)state;
	ring_fresh(&redis);
	for (int i = 0; i < 10; i++) {
		redis_set_ms(&redis, NOON_MS + i * 2000);
		stamps[i] = ring_take(&redis, limits, 2).now_ms;
	}
	for (int i = 0; i < 10; i++) { /* all end at once, at 18 s */
		s.stamp_ms = stamps[i];
		settle(&s);
	}
	assert_int_equal(ring_holds(&redis, &limits[0], NOON_MS + 18000), 10);
	assert_int_equal(ring_holds(&redis, &limits[1], NOON_MS + 18000), 10);
	assert_int_equal(ring_holds(&redis, &limits[0], NOON_MS + 27999), 10);
	assert_int_equal(ring_holds(&redis, &limits[0], NOON_MS + 28500), 0);
}

/* Truth first: what was sent counts, also where that is more than the limit. */
static void
over_the_limit(void **state)
{
	struct limit limit = limit_of("3/10s");
	struct store_settled s = settled_of(&limit, 1);
	int64_t first;
	struct store_took took;

	(void)state;
	ring_fresh(&redis);
	first = ring_take(&redis, &limit, 1).now_ms;
	redis_set_ms(&redis, NOON_MS + 11000);
	for (int i = 0; i < 3; i++)
		assert_int_equal(ring_take(&redis, &limit, 1).outcome, STORE_TAKEN);
	s.stamp_ms = first;
	settle(&s);
	assert_int_equal(ring_holds(&redis, &limit, NOON_MS + 11000), 4);
	took = ring_take(&redis, &limit, 1);
	assert_int_equal(took.outcome, STORE_NO_ROOM);
	assert_int_equal(took.used, 4);
}

/* A Redis that lost its data meanwhile counts the message all the same. */
static void
after_a_flush(void **state)
{
	struct limit limit = limit_of("3/10s");
	struct store_settled s = settled_of(&limit, 1);

	(void)state;
	ring_fresh(&redis);
	s.stamp_ms = ring_take(&redis, &limit, 1).now_ms;
	freeReplyObject(redis_do(&redis, "FLUSHALL"));
	freeReplyObject(redis_do(&redis, "SCRIPT FLUSH"));
	settle(&s);
	assert_int_equal(ring_holds(&redis, &limit, NOON_MS), 1);
	assert_true(redis_number(&redis, "PTTL mxpace:{g:google}:sent:198.51.100.7:10s") > 0);
}

static void
no_stamp(void **state)
{
	struct limit limit = limit_of("3/10s");
	struct store_settled s = settled_of(&limit, 1);
	redisReply *keys;

	(void)state;
	ring_fresh(&redis);
	settle(&s);
	s.what = STORE_BACK;
	settle(&s);
	keys = redis_do(&redis, "KEYS *");
	assert_int_equal(keys->elements, 0);
	freeReplyObject(keys);
}

/* -- giving back ------------------------------------------------------------------------------- */

static void
given_back(void **state)
{
	struct limit limits[] = { limit_of("3/10s"), limit_of("3/1h") };
	struct store_settled s = settled_of(limits, 2);
	struct store_took first, second;

	(void)state;
	ring_fresh(&redis);
	first = ring_take(&redis, limits, 2);
	assert_int_equal(first.sent, 1);
	redis_set_ms(&redis, NOON_MS + 4000);
	second = ring_take(&redis, limits, 2);
	assert_int_equal(second.sent, 2);
	s.what = STORE_BACK;
	s.stamp_ms = first.now_ms;
	settle(&s);
	assert_int_equal(ring_holds(&redis, &limits[0], NOON_MS + 4000), 1);
	assert_int_equal(ring_holds(&redis, &limits[1], NOON_MS + 4000), 1);
	assert_true(redis_is(&redis, "1", "HGET " TOLD " mta1"));
	settle(&s); /* a second time takes nothing from another bucket */
	assert_int_equal(ring_holds(&redis, &limits[0], NOON_MS + 4000), 1);
	s.counts = false;
	s.stamp_ms = second.now_ms;
	settle(&s);
	assert_int_equal(ring_holds(&redis, &limits[0], NOON_MS + 4000), 0);
	assert_true(redis_is(&redis, "0", "HGET " TOLD " mta1"));
	s.counts = true; /* never below none, never a key without an end */
	settle(&s);
	assert_true(redis_is(&redis, "0", "HGET " TOLD " mta1"));
	freeReplyObject(redis_do(&redis, "DEL " TOLD));
	settle(&s);
	assert_int_equal(redis_number(&redis, "EXISTS " TOLD), 0);
}

/* What a node has sent is known for as long as its longest ring, and two hours at least. */
static void
told_lives_long_enough(void **state)
{
	struct limit hour = limit_of("3/1h"), day = limit_of("3/1d");

	(void)state;
	ring_fresh(&redis);
	(void)ring_take(&redis, &hour, 1);
	assert_int_equal(redis_number(&redis, "PTTL " TOLD), 7200000);
	(void)ring_take(&redis, NULL, 0);
	assert_int_equal(redis_number(&redis, "PTTL " TOLD), 7200000);
	(void)ring_take(&redis, &day, 1);
	assert_true(redis_number(&redis, "PTTL " TOLD) >= day.period_ms + 60000);
	assert_true(redis_is(&redis, "3", "HGET " TOLD " mta1"));
}

/* -- figures ----------------------------------------------------------------------------------- */

static const struct hour_row {
	const char *label; /* the hour */
	int64_t unix_s;
} hour_rows[] = {
	{ "1970010100", 1 }, { "2000022923", 951868799 }, { "2000030100", 951868800 },
	{ "2024022912", 1709208000 }, { "2026112212", 1795348800 }, { "2026123123", 1798761599 },
	{ "2027010100", 1798761600 }, { "2100022823", 4107542399 },
	{ "2100030100", 4107542400 }, /* no leap year */
};

static void
hours(void **state)
{
	const struct hour_row *row = *state;
	struct store_settled s = settled_of(NULL, 0);

	redis_fresh(&redis);
	redis_set_ms(&redis, row->unix_s * 1000);
	s.bounced = 1;
	settle(&s);
	assert_true(
	    redis_is(&redis, "1", "HGET " STATS "%s %s", row->label, "198.51.100.7 bounced"));
}

static void
statistics(void **state)
{
	struct store_settled s = settled_of(NULL, 0);

	(void)state;
	ring_fresh(&redis);
	s.delivered = 3;
	s.deferred = 2;
	s.denied = 1;
	settle(&s);
	redis_set_ms(&redis, NOON_MS + 3599000);
	settle(&s);
	assert_true(redis_is(&redis, "6", "HGET " STATS "2026112212 %s", "198.51.100.7 delivered"));
	assert_true(redis_is(&redis, "4", "HGET " STATS "2026112212 %s", "198.51.100.7 deferred"));
	assert_true(redis_is(&redis, "2", "HGET " STATS "2026112212 %s", "198.51.100.7 denied"));
	assert_int_equal(redis_number(&redis, "HLEN " STATS "2026112212"), 3);
	/* Eight days from its first, however often it is added to. */
	assert_int_equal(redis_number(&redis, "TTL " STATS "2026112212"), 691200 - 3599);
}

/* Accepted messages by the second: each delivery that delivered anything is one. */
static void
pace(void **state)
{
	struct store_settled s = settled_of(NULL, 0);

	(void)state;
	ring_fresh(&redis);
	s.delivered = 50;
	settle(&s);
	settle(&s);
	assert_true(redis_is(&redis, "1795348800 2", "HGET " PACE " 0"));
	s.delivered = 0;
	s.deferred = 1;
	settle(&s);
	assert_true(redis_is(&redis, "1795348800 2", "HGET " PACE " 0"));
	s.delivered = 1;
	redis_set_ms(&redis, NOON_MS + 64999); /* the same slot, another second */
	settle(&s);
	assert_true(redis_is(&redis, "1795348864 1", "HGET " PACE " 0"));
	assert_int_equal(redis_number(&redis, "TTL " PACE), 120);
}

/* Takes, stamps and returns in any order: the ring holds what is out, at its last stamp. */
static void
at_random(void **state)
{
	struct limit limit = limit_of("30/10s");
	struct store_settled s = settled_of(&limit, 1);
	int64_t out[64], now = NOON_MS;
	size_t count = 0;
	uint64_t random = 5;

	(void)state;
	ring_fresh(&redis);
	for (int i = 0; i < 4000; i++) {
		size_t keep = 0, which;

		random = random * 6364136223846793005ULL + 1442695040888963407ULL;
		now += (int64_t)(random >> 33) % 300;
		redis_set_ms(&redis, now);
		for (size_t k = 0; k < count; k++)
			if (now / limit.width_ms - out[k] / limit.width_ms < limit.buckets)
				out[keep++] = out[k];
		count = keep;
		which = count > 0 ? (size_t)(random >> 40) % count : 0;
		s.what = (random >> 50) % 2 == 0 ? STORE_BACK : STORE_STAMP;
		s.stamp_ms = count > 0 ? out[which] : 0;
		if (count > 0 && (random >> 45) % 2 == 0) {
			(void)settle(&s);
			out[which] = s.what == STORE_BACK ? out[--count] : now;
		} else if (ring_take(&redis, &limit, 1).outcome == STORE_TAKEN) {
			out[count++] = now;
		}
		assert_int_equal(ring_holds(&redis, &limit, now), count);
	}
}

int
main(void)
{
	struct check_list list = { 0 };
	int rc;

	CHECK_ROWS(&list, stamped_at_its_end, stamp_rows);
	CHECK(&list, clock_set_back);
	CHECK(&list, stamps_among_others);
	CHECK(&list, over_the_limit);
	CHECK(&list, after_a_flush);
	CHECK(&list, no_stamp);
	CHECK(&list, given_back);
	CHECK(&list, told_lives_long_enough);
	CHECK_ROWS(&list, hours, hour_rows);
	CHECK(&list, statistics);
	CHECK(&list, pace);
	CHECK(&list, at_random);
	redis_start(&redis, NULL);
	rc = check_run(&list, "settle");
	redis_stop(&redis);
	return rc;
}
