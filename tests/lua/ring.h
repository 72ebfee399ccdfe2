/*
 * ring - what the tests of several scripts ask of a ring of messages.
 */
#ifndef RING_H
#define RING_H

#include "arena.h"
#include "redis.h"
#include "store_limits.h"
#include "tests/unit/check.h"

#define NOON_MS INT64_C(1795348800000) /* some day at noon: 2026-11-22 12:00 UTC */

static inline struct limit
limit_of(const char *text)
{
	struct limit limit;

	assert_int_equal(limit_parse(span_of(text), &limit, NULL), 0);
	return limit;
}

/* What mxctl shows of a ring, and that the ring is whole: `total` is the sum of what counts, no
 * field but the two and one for each bucket. wait_ms may be NULL. */
static inline int64_t
ring_read(struct redis *redis, const char *group, const char *ip, const struct limit *limit,
    int64_t now_ms, int64_t *wait_ms)
{
	struct store_batch batch = { 0 };
	struct arena arena;
	struct store_fields ring = { .arena = &arena };
	int64_t used, total = 0, sum = 0;

	arena_init(&arena);
	store_put_ring(&batch, group, ip, limit, &ring);
	redis_run(redis, &batch);
	assert_true(ring.count <= 2 * (2 + (size_t)limit->buckets));
	for (size_t i = 0; i + 1 < ring.count; i += 2) {
		unsigned long long n;

		assert_true(span_number(ring.items[i + 1], &n));
		if (span_eq(ring.items[i], SPAN("total")))
			total = (int64_t)n;
		else if (!span_eq(ring.items[i], SPAN("head")))
			sum += (int64_t)n;
	}
	assert_int_equal(total, sum);
	used = store_ring_used(&ring, limit, now_ms);
	if (wait_ms != NULL)
		*wait_ms = store_ring_wait(&ring, limit, now_ms);
	arena_clear(&arena);
	return used;
}

/* A message that counts as mta1's. */
static inline struct store_took
ring_take(struct redis *redis, const struct limit *limits, size_t count)
{
	struct store_take t = { .group = "google",
		.ip = "198.51.100.7",
		.node = "mta1",
		.limits = limits,
		.limit_count = count,
		.commit = true,
		.counts = true };
	struct store_batch batch = { 0 };
	struct store_took took;

	store_put_take(&batch, &t, &took);
	redis_run(redis, &batch);
	return took;
}

static inline int64_t
ring_holds(struct redis *redis, const struct limit *limit, int64_t now_ms)
{
	return ring_read(redis, "google", "198.51.100.7", limit, now_ms, NULL);
}

/* An empty Redis at noon. */
static inline void
ring_fresh(struct redis *redis)
{
	redis_fresh(redis);
	redis_set_ms(redis, NOON_MS);
}

#endif
