/* take.lua and give_back.lua, through the verbs of store.h, by a clock that the test sets. What
 * backoff and pauses do to a take is in test_backoff.c. */
#include <sys/wait.h>
#include <unistd.h>

#include "arena.h"
#include "clock.h"
#include "redis.h"
#include "ring.h"
#include "tests/unit/check.h"

static struct redis redis;

enum { GRANTS_MAX = 20000 };
static struct store_take
take_of(const struct limit *limits, size_t count)
{
	return (struct store_take){ .group = "google",
		.ip = "198.51.100.7",
		.node = "mta1",
		.open = 1,
		.limits = limits,
		.limit_count = count,
		.commit = true };
}

static struct store_took
take(const struct store_take *t)
{
	struct store_batch batch = { 0 };
	struct store_took took;

	store_put_take(&batch, t, &took);
	redis_run(&redis, &batch);
	return took;
}

static bool
granted(const struct store_take *t)
{
	return take(t).outcome == STORE_TAKEN;
}

static void
give_back(const struct store_take *t, int64_t now_ms)
{
	struct store_batch batch = { 0 };

	store_put_give_back(&batch, t, now_ms);
	redis_run(&redis, &batch);
}

static int64_t
ring_used_and_wait(const struct store_take *t, size_t k, int64_t now_ms, int64_t *wait_ms)
{
	return ring_read(&redis, t->group, t->ip, &t->limits[k], now_ms, wait_ms);
}

static int64_t
ring_used(const struct store_take *t, size_t k, int64_t now_ms)
{
	return ring_read(&redis, t->group, t->ip, &t->limits[k], now_ms, NULL);
}

static int64_t
key_count(void)
{
	redisReply *keys = redis_do(&redis, "KEYS *"); /* DBSIZE counts what has expired as well */
	int64_t count = (int64_t)keys->elements;

	freeReplyObject(keys);
	return count;
}

/* A generator of our own: the same sequence everywhere. */
static uint64_t
next_random(uint64_t *state)
{
	*state = *state * 6364136223846793005ULL + 1442695040888963407ULL;
	return *state >> 33;
}

/* -- limits ---------------------------------------------------------------------------------- */

static void
grants_up_to_the_limit(void **state)
{
	struct limit limit = limit_of("5/10s");
	struct store_take t = take_of(&limit, 1);
	struct store_took took;

	(void)state;
	redis_fresh(&redis);
	redis_set_ms(&redis, NOON_MS);
	for (int i = 0; i < 5; i++) {
		took = take(&t);
		assert_int_equal(took.outcome, STORE_TAKEN);
		assert_true(took.now_ms == NOON_MS);
		assert_int_equal(ring_used(&t, 0, NOON_MS), i + 1);
	}
	took = take(&t);
	assert_int_equal(took.outcome, STORE_NO_ROOM);
	assert_int_equal(took.limit, 0);
	assert_int_equal(took.used, 5);
	assert_in_range(took.wait_ms, 10000, 10000 + 2 * limit.width_ms);
}

static const struct period_row {
	const char *label; /* the limit */
	int64_t offset_ms; /* where in a bucket it starts */
} period_rows[] = {
	{ "3/1s", 0 },
	{ "3/1s", 49 },
	{ "7/1700ms", 13 },
	{ "20/10s", 0 },
	{ "20/10s", 156 },
	{ "50/1m", 937 },
	{ "100/5m", 1 },
	{ "300/1h", 56249 },
	{ "10/1d", 12345 },
	{ "5/31d", 41849999 },
};

/* A refusal's wait_ms is when there is room: not a millisecond before, and then indeed. */
static void
wait_is_exact(void **state)
{
	const struct period_row *row = *state;
	struct limit limit = limit_of(row->label);
	struct store_take t = take_of(&limit, 1);
	int64_t now = NOON_MS / limit.width_ms * limit.width_ms + row->offset_ms;
	uint64_t random = 42;
	int refusals = 0, grants = 0;

	redis_fresh(&redis);
	while (refusals < 40) {
		struct store_took took;
		int64_t wait_ms;

		redis_set_ms(&redis, now);
		(void)ring_used_and_wait(&t, 0, now, &wait_ms);
		took = take(&t);
		/* What a look at the ring says is what the script says. */
		assert_int_equal(wait_ms, took.outcome == STORE_TAKEN ? 0 : took.wait_ms);
		if (took.outcome == STORE_TAKEN) {
			grants++;
			now += (int64_t)(next_random(&random) %
					 (uint64_t)(2 * limit.period_ms / limit.count / 3 + 1));
			continue;
		}
		refusals++;
		assert_int_equal(took.used, limit.count);
		assert_true(took.wait_ms > 0);
		redis_set_ms(&redis, now + took.wait_ms - 1);
		assert_false(granted(&t));
		now += took.wait_ms;
		redis_set_ms(&redis, now);
		assert_true(granted(&t));
	}
	assert_true(grants > 0);
}

struct timeline {
	int64_t at[GRANTS_MAX];
	size_t count;
};

/* The most grants in any period, by looking at all that end with a grant: (t - period, t]. */
static size_t
most_in_a_period(const struct timeline *line, int64_t period_ms)
{
	size_t most = 0, first = 0;

	for (size_t i = 0; i < line->count; i++) {
		while (line->at[first] <= line->at[i] - period_ms)
			first++;
		if (i - first + 1 > most)
			most = i - first + 1;
	}
	return most;
}

/* Random arrival over many periods, now in bursts, now with gaps longer than the ring. */
static void
never_exceeded(void **state)
{
	const struct period_row *row = *state;
	struct limit limit = limit_of(row->label);
	struct store_take t = take_of(&limit, 1);
	struct timeline *line = calloc(1, sizeof(*line));
	int64_t now = NOON_MS + row->offset_ms;
	uint64_t random = 7;

	redis_fresh(&redis);
	for (int step = 0; step < 4000; step++) {
		uint64_t dice = next_random(&random) % 100;
		int64_t mean = limit.period_ms / limit.count;

		now += dice < 40   ? 0
		       : dice < 70 ? (int64_t)(next_random(&random) % (uint64_t)(mean / 4 + 1))
		       : dice < 98
			   ? (int64_t)(next_random(&random) % (uint64_t)(2 * mean + 1))
			   : (int64_t)(next_random(&random) % (uint64_t)(2 * limit.period_ms));
		redis_set_ms(&redis, now);
		if (granted(&t))
			line->at[line->count++] = now;
		if (step % 500 == 0)
			assert_true(ring_used(&t, 0, now) <= limit.count);
	}
	assert_true(line->count > (size_t)limit.count * 3);
	assert_int_equal(most_in_a_period(line, limit.period_ms), limit.count);
	free(line);
}

/* Who asks all the time gets at least 95 % of it, from the second period on as from the first. */
static void
hardly_any_is_lost(void **state)
{
	const struct period_row *row = *state;
	struct limit limit = limit_of(row->label);
	struct store_take t = take_of(&limit, 1);
	int64_t start = NOON_MS + row->offset_ms, now = start, periods = 20;
	int64_t grants = 0;

	redis_fresh(&redis);
	while (now < start + periods * limit.period_ms) {
		struct store_took took;

		redis_set_ms(&redis, now);
		took = take(&t);
		if (took.outcome == STORE_TAKEN)
			grants++;
		else
			now += took.wait_ms;
	}
	assert_in_range(grants, limit.count * periods * 95 / 100, limit.count * periods);
}

static void
buckets_carry_no_leftovers(void **state)
{
	struct limit limit = limit_of("4/1s");
	struct store_take t = take_of(&limit, 1);

	(void)state;
	redis_fresh(&redis);
	/* Steps of every length up to three rings: what stands in a reused slot never counts. */
	for (int64_t step = 0; step <= 63; step++) {
		int64_t now = NOON_MS + step * 100000;

		redis_set_ms(&redis, now);
		assert_true(granted(&t) && granted(&t));
		redis_set_ms(&redis, now + step * limit.width_ms);
		assert_true(granted(&t));
		assert_int_equal(ring_used(&t, 0, now + step * limit.width_ms),
		    step < limit.buckets ? 3 : 1);
	}
}

/* -- several limits -------------------------------------------------------------------------- */

static void
all_or_nothing(void **state)
{
	struct limit limits[] = { limit_of("10/10s"), limit_of("12/1m"), limit_of("20/1h") };
	struct store_take t = take_of(limits, COUNT(limits));
	char *before, *after;

	(void)state;
	t.connections = 3;
	redis_fresh(&redis);
	redis_set_ms(&redis, NOON_MS);
	for (int i = 0; i < 10; i++)
		assert_true(granted(&t));
	redis_set_ms(&redis, NOON_MS + 20000);
	assert_true(granted(&t) && granted(&t));

	before = redis_dump(&redis);
	assert_int_equal(take(&t).outcome, STORE_NO_ROOM); /* the second limit, 12/1m */
	assert_int_equal(take(&t).limit, 1);
	after = redis_dump(&redis);
	assert_string_equal(after, before);
	free(after);

	t.open = 4; /* no slot either: that is told first, and nothing is written */
	assert_int_equal(take(&t).outcome, STORE_NO_SLOT);
	after = redis_dump(&redis);
	assert_string_equal(after, before);
	free(before);
	free(after);
	for (size_t k = 0; k < COUNT(limits); k++)
		assert_int_equal(ring_used(&t, k, NOON_MS + 20000), k == 0 ? 2 : 12);
}

/* Of several limits that are reached, the one that lasts longest is told: until then none of it
 * helps to ask again. */
static void
longest_wait_is_told(void **state)
{
	struct limit limits[] = { limit_of("5/10s"), limit_of("5/1h"), limit_of("5/1m") };
	struct store_take t = take_of(limits, COUNT(limits));
	struct store_took took;

	(void)state;
	redis_fresh(&redis);
	redis_set_ms(&redis, NOON_MS);
	for (int i = 0; i < 5; i++)
		assert_true(granted(&t));
	took = take(&t);
	assert_int_equal(took.outcome, STORE_NO_ROOM);
	assert_int_equal(took.limit, 1);
	redis_set_ms(&redis, NOON_MS + took.wait_ms - 1);
	assert_false(granted(&t));
	redis_set_ms(&redis, NOON_MS + took.wait_ms);
	assert_true(granted(&t));
}

static void
no_limits_at_all(void **state)
{
	struct store_take t = take_of(NULL, 0);

	(void)state;
	redis_fresh(&redis);
	for (int i = 0; i < 50; i++)
		assert_true(granted(&t));
	assert_int_equal(key_count(), 0);
	give_back(&t, NOON_MS);
	assert_int_equal(key_count(), 0);
}

static void
groups_and_ips_count_apart(void **state)
{
	struct limit limit = limit_of("1/1h");
	struct store_take a = take_of(&limit, 1), b = a, c = a;

	(void)state;
	b.group = "default/mx1.foo.test";
	c.ip = "all";
	redis_fresh(&redis);
	assert_true(granted(&a) && granted(&b) && granted(&c));
	assert_false(granted(&a) || granted(&b) || granted(&c));
}

/* A lowered limit holds at once, a raised one too. */
static void
changed_limits(void **state)
{
	struct limit limit = limit_of("5/1m");
	struct store_take t = take_of(&limit, 1);

	(void)state;
	redis_fresh(&redis);
	redis_set_ms(&redis, NOON_MS);
	for (int i = 0; i < 5; i++)
		assert_true(granted(&t));
	limit = limit_of("2/1m");
	assert_int_equal(take(&t).used, 5);
	limit = limit_of("6/1m");
	assert_true(granted(&t));
	assert_false(granted(&t));
}

/* -- connections ----------------------------------------------------------------------------- */

static void
connections_of_two_nodes(void **state)
{
	struct store_take a = take_of(NULL, 0), b = a;
	struct store_took took;

	(void)state;
	a.connections = b.connections = 3;
	b.node = "mta2";
	redis_fresh(&redis);
	redis_set_ms(&redis, NOON_MS);
	a.open = 2;
	assert_true(granted(&a));
	b.open = 1;
	assert_true(granted(&b));
	b.open = 2;
	took = take(&b);
	assert_int_equal(took.outcome, STORE_NO_SLOT);
	assert_int_equal(took.open, 4);
	a.open = 2; /* one's own figure is replaced, not added */
	assert_true(granted(&a));
	a.open = 1;
	assert_true(granted(&a));
	assert_true(granted(&b));
	assert_true(redis_is(&redis, "1 until 1795348815",
	    "HGET mxpace:{g:google}:conn:198.51.100.7 mta1"));
	assert_true(redis_is(&redis, "2 until 1795348815",
	    "HGET mxpace:{g:google}:conn:198.51.100.7 mta2"));
}

/* A node that is gone holds its slots for 15 s, to the second. */
static void
a_dead_nodes_slots_expire(void **state)
{
	struct store_take a = take_of(NULL, 0), b = a;

	(void)state;
	a.connections = b.connections = 3;
	a.open = 3;
	b.node = "mta2";
	redis_fresh(&redis);
	redis_set_ms(&redis, NOON_MS);
	assert_true(granted(&a));
	redis_set_ms(&redis, NOON_MS + 14999);
	assert_int_equal(take(&b).outcome, STORE_NO_SLOT);
	redis_set_ms(&redis, NOON_MS + 15000);
	assert_true(granted(&b));
}

static void
renewed_slots_count_on(void **state)
{
	struct store_take a = take_of(NULL, 0), b = a;
	struct store_batch batch = { 0 };
	struct arena arena;
	struct store_fields nodes = { .arena = &arena };

	(void)state;
	a.connections = b.connections = 3;
	a.open = 3;
	b.node = "mta2";
	redis_fresh(&redis);
	redis_set_ms(&redis, NOON_MS);
	assert_true(granted(&a));
	for (int64_t s = 10; s <= 200; s += 10) {
		redis_set_ms(&redis, NOON_MS + s * 1000);
		store_put_open(&batch, "google", a.ip, "mta1", 3, NOON_MS / 1000 + s);
		redis_run(&redis, &batch);
		assert_int_equal(take(&b).outcome, STORE_NO_SLOT);
	}
	arena_init(&arena);
	store_put_connections(&batch, "google", a.ip, &nodes);
	redis_run(&redis, &batch);
	assert_int_equal(store_open_total(&nodes, NOON_MS / 1000 + 214), 3);
	assert_int_equal(store_open_total(&nodes, NOON_MS / 1000 + 215), 0);
	arena_clear(&arena);
	store_put_open(&batch, "google", a.ip, "mta1", 0, NOON_MS / 1000 + 200); /* all closed */
	redis_run(&redis, &batch);
	assert_true(granted(&b));
}

/* A node that takes all the time, with nothing but takes to renew its figure: it never falls out of
 * sight, however long. */
static void
busy_nodes_stay_counted(void **state)
{
	struct store_take a = take_of(NULL, 0), b = a;

	(void)state;
	a.connections = b.connections = 3;
	a.open = 3;
	b.node = "mta2";
	redis_fresh(&redis);
	for (int64_t ms = 0; ms < 300000; ms += 700) {
		redis_set_ms(&redis, NOON_MS + ms);
		assert_true(granted(&a));
		redis_set_ms(&redis, NOON_MS + ms + 699);
		assert_int_equal(take(&b).outcome, STORE_NO_SLOT);
		redis_set_ms(&redis, NOON_MS + ms);
		assert_true(
		    redis_number(&redis, "PTTL mxpace:{g:google}:conn:198.51.100.7") >= 15000);
	}
}

static void
garbage_among_connections(void **state)
{
	struct store_take t = take_of(NULL, 0);

	(void)state;
	t.connections = 2;
	redis_fresh(&redis);
	redis_set_ms(&redis, NOON_MS);
	freeReplyObject(
	    redis_do(&redis, "HSET mxpace:{g:google}:conn:198.51.100.7 a %s b %s c %s d %s e %s",
		"many", "7 until never", "-1 until 1999999999", "", "1 until 1999999999 or so"));
	assert_true(granted(&t));
}

/* -- only looking ---------------------------------------------------------------------------- */

static void
looking_changes_nothing(void **state)
{
	struct limit limit = limit_of("2/10s");
	struct store_take t = take_of(&limit, 1), look = t;
	char *before, *after;

	(void)state;
	t.connections = look.connections = 5;
	look.commit = false;
	redis_fresh(&redis);
	redis_set_ms(&redis, NOON_MS);
	for (int i = 0; i < 3; i++)
		assert_int_equal(take(&look).outcome, STORE_TAKEN);
	assert_int_equal(key_count(), 0);
	assert_true(granted(&t));
	redis_set_ms(&redis, NOON_MS + 5000);
	before = redis_dump(&redis);
	assert_int_equal(take(&look).outcome, STORE_TAKEN);
	after = redis_dump(&redis);
	assert_string_equal(after, before);
	free(before);
	free(after);
	assert_true(granted(&t));
	before = redis_dump(&redis);
	assert_int_equal(take(&look).outcome, STORE_NO_ROOM);
	look.open = 6;
	assert_int_equal(take(&look).outcome, STORE_NO_SLOT);
	after = redis_dump(&redis);
	assert_string_equal(after, before);
	free(before);
	free(after);
}

/* -- the clock ------------------------------------------------------------------------------- */

/* Set back, a little or a lot: in no stretch that takes as long as the period by anybody's clock are
 * more than the limit granted twice over, and it recovers by itself. */
static void
clock_set_back_a_little(void **state)
{
	struct limit limit = limit_of("10/10s");
	struct store_take t = take_of(&limit, 1);
	struct store_took took;
	int64_t wait_ms;

	(void)state;
	redis_fresh(&redis);
	redis_set_ms(&redis, NOON_MS);
	for (int i = 0; i < 6; i++)
		assert_true(granted(&t));
	redis_set_ms(&redis, NOON_MS - 3000);
	for (int i = 0; i < 4; i++)
		assert_true(granted(&t));
	(void)ring_used_and_wait(&t, 0, NOON_MS - 3000, &wait_ms);
	took = take(&t);
	assert_int_equal(took.outcome, STORE_NO_ROOM);
	assert_int_equal(took.used, 10);
	assert_int_equal(took.wait_ms, wait_ms);
	/* They are counted where the clock had been, so they stay that much longer. */
	redis_set_ms(&redis, NOON_MS - 3000 + took.wait_ms - 1);
	assert_false(granted(&t));
	redis_set_ms(&redis, NOON_MS - 3000 + took.wait_ms);
	assert_true(granted(&t));
	assert_in_range(took.wait_ms, 13000, 13000 + 2 * limit.width_ms);
}

static void
clock_that_jitters(void **state)
{
	struct limit limit = limit_of("10/10s");
	struct store_take t = take_of(&limit, 1);
	struct timeline *line = calloc(1, sizeof(*line));
	uint64_t random = 3;
	int64_t now = NOON_MS;

	(void)state;
	redis_fresh(&redis);
	for (int i = 0; i < 3000; i++) { /* true time goes on; Redis' clock is up to a second off */
		now += (int64_t)(next_random(&random) % 600);
		redis_set_ms(&redis, now - (int64_t)(next_random(&random) % 1000));
		if (granted(&t))
			line->at[line->count++] = now;
		(void)ring_used(&t, 0, now);
	}
	assert_true(line->count > 500);
	assert_true(most_in_a_period(line, limit.period_ms - 1000) <= (size_t)limit.count);
	free(line);
}

static void
clock_far_ahead_and_back_again(void **state)
{
	struct limit limit = limit_of("3/1m");
	struct store_take t = take_of(&limit, 1);

	(void)state;
	redis_fresh(&redis);
	redis_set_ms(&redis, NOON_MS + INT64_C(400) * 86400000); /* a year ahead */
	for (int i = 0; i < 3; i++)
		assert_true(granted(&t));
	assert_false(granted(&t));
	redis_set_ms(&redis, NOON_MS); /* corrected: nobody waits a year */
	for (int i = 0; i < 3; i++)
		assert_true(granted(&t));
	assert_false(granted(&t));
	assert_int_equal(ring_used(&t, 0, NOON_MS), 3);
	redis_set_ms(&redis, NOON_MS + 61000);
	assert_true(granted(&t));
}

/* A head that another clock wrote, by hand: at the ring's length either way the ring starts anew,
 * one bucket less and it counts. */
static void
heads_of_other_clocks(void **state)
{
	struct limit limit = limit_of("2/1m");
	struct store_take t = take_of(&limit, 1);
	int64_t bucket = NOON_MS / limit.width_ms;

	(void)state;
	for (int64_t off = -2 * limit.buckets; off <= 2 * limit.buckets; off++) {
		int64_t head = bucket + off;
		bool counts = off > -limit.buckets && off < limit.buckets;

		redis_fresh(&redis);
		redis_set_ms(&redis, NOON_MS);
		freeReplyObject(redis_do(&redis,
		    "HSET mxpace:{g:google}:sent:198.51.100.7:1m head %lld total 1 %lld 1",
		    (long long)head, (long long)(head % limit.buckets)));
		freeReplyObject(
		    redis_do(&redis, "PEXPIRE mxpace:{g:google}:sent:198.51.100.7:1m 1000000"));
		assert_true(granted(&t));
		assert_int_equal(granted(&t), !counts);
		assert_int_equal(ring_used(&t, 0, NOON_MS), 2);
	}
}

/* -- keys ------------------------------------------------------------------------------------ */

static void
keys_expire_and_share_a_tag(void **state)
{
	struct limit limits[] = { limit_of("10/1s"), limit_of("1000/1h"), limit_of("9000/31d") };
	struct store_take t = take_of(limits, COUNT(limits));
	redisReply *keys;

	(void)state;
	t.group = "default/mx1.foo.test+2-{1f3a09c2}";
	t.connections = 7;
	redis_fresh(&redis);
	redis_set_ms(&redis, NOON_MS);
	assert_true(granted(&t));
	keys = redis_do(&redis, "KEYS *");
	assert_int_equal(keys->elements, 4);
	for (size_t i = 0; i < keys->elements; i++) {
		const char *name = keys->element[i]->str;
		static const char tag[] = "mxpace:{g:default/mx1.foo.test+2-%7B1f3a09c2%7D}:";

		assert_int_equal(strncmp(name, tag, sizeof(tag) - 1), 0);
		assert_true(redis_number(&redis, "PTTL %s", name) > 0);
	}
	freeReplyObject(keys);
	/* A ring lives until its last message has left the window, and not much longer. */
	for (size_t k = 0; k < COUNT(limits); k++) {
		int64_t ttl = redis_number(&redis,
		    "PTTL mxpace:{g:default/mx1.foo.test+2-%%7B1f3a09c2%%7D}:sent:198.51.100.7:%s",
		    limits[k].period);

		assert_in_range(ttl, limits[k].period_ms + limits[k].width_ms,
		    limits[k].period_ms + 3 * limits[k].width_ms);
	}
	redis_set_ms(&redis, NOON_MS + INT64_C(40) * 86400000);
	assert_int_equal(redis_number(&redis,
			     "EXISTS mxpace:{g:default/mx1.foo.test+2-%%7B1f3a09c2%%7D}"
			     ":sent:198.51.100.7:31d"),
	    0);
}

/* The ring never expires before a message in it stops counting, however the takes are spread. */
static void
rings_do_not_expire_early(void **state)
{
	struct limit limit = limit_of("1000/1m");
	struct store_take t = take_of(&limit, 1);
	uint64_t random = 11;
	int64_t now = NOON_MS;

	(void)state;
	redis_fresh(&redis);
	for (int i = 0; i < 500; i++) {
		now += (int64_t)(next_random(&random) % 3000);
		redis_set_ms(&redis, now);
		assert_true(granted(&t));
		assert_true(redis_number(&redis, "PTTL mxpace:{g:google}:sent:198.51.100.7:1m") >=
			    limit.period_ms);
	}
}

static void
keys_of_another_type(void **state)
{
	struct limit limit = limit_of("1/1h");
	struct store_take t = take_of(&limit, 1);
	struct store_batch batch = { 0 };
	struct store_took took;
	struct err err;

	(void)state;
	redis_fresh(&redis);
	freeReplyObject(redis_do(&redis, "SET mxpace:{g:google}:sent:198.51.100.7:1h x"));
	store_put_take(&batch, &t, &took);
	assert_int_equal(store_sync_run(redis.store, &batch, &err), STORE_REFUSED);
	assert_non_null(strstr(err.text, "WRONGTYPE"));
	store_batch_free(&batch);
}

/* -- giving back ----------------------------------------------------------------------------- */

static void
given_back_is_free_again(void **state)
{
	struct limit limits[] = { limit_of("2/10s"), limit_of("2/1h") };
	struct store_take t = take_of(limits, 2);
	struct store_took first, second;

	(void)state;
	redis_fresh(&redis);
	redis_set_ms(&redis, NOON_MS);
	first = take(&t);
	redis_set_ms(&redis, NOON_MS + 4000);
	second = take(&t);
	assert_false(granted(&t));
	give_back(&t, second.now_ms);
	assert_int_equal(ring_used(&t, 0, NOON_MS + 4000), 1);
	assert_int_equal(ring_used(&t, 1, NOON_MS + 4000), 1);
	assert_true(granted(&t));
	assert_false(granted(&t));
	give_back(&t, first.now_ms);
	assert_true(granted(&t));
	assert_false(granted(&t));
}

static void
given_back_once_only(void **state)
{
	struct limit limit = limit_of("5/10s");
	struct store_take t = take_of(&limit, 1);
	struct store_took took;

	(void)state;
	redis_fresh(&redis);
	redis_set_ms(&redis, NOON_MS);
	took = take(&t);
	for (int i = 0; i < 3; i++)
		give_back(&t, took.now_ms);
	assert_int_equal(ring_used(&t, 0, NOON_MS), 0);
	for (int i = 0; i < 5; i++)
		assert_true(granted(&t));
	assert_false(granted(&t)); /* not one more for the two that were too much */
}

/* What has left the window, or a ring that has expired, is not touched: nothing is made that would
 * live for ever. */
static void
given_back_too_late(void **state)
{
	struct limit limits[] = { limit_of("5/1s"), limit_of("5/1h") };
	struct store_take t = take_of(limits, 2);
	struct store_took took;

	(void)state;
	redis_fresh(&redis);
	redis_set_ms(&redis, NOON_MS);
	took = take(&t);
	redis_set_ms(&redis, NOON_MS + 21 * 50);
	assert_true(granted(&t)); /* its bucket has the same slot as the one a ring ago */
	give_back(&t, took.now_ms);
	assert_int_equal(ring_used(&t, 0, NOON_MS + 21 * 50), 1);
	assert_int_equal(ring_used(&t, 1, NOON_MS + 21 * 50), 1);

	redis_set_ms(&redis, NOON_MS + INT64_C(2) * 3600000);
	assert_int_equal(key_count(), 0);
	give_back(&t, took.now_ms);
	assert_int_equal(key_count(), 0);
}

/* Takes and returns in any order: the ring holds what is out, never less than nothing. */
static void
taken_and_given_back_at_random(void **state)
{
	struct limit limit = limit_of("30/10s");
	struct store_take t = take_of(&limit, 1);
	int64_t out[64], now = NOON_MS;
	size_t count = 0;
	uint64_t random = 5;

	(void)state;
	redis_fresh(&redis);
	for (int i = 0; i < 4000; i++) {
		size_t keep = 0;
		struct store_took took;

		now += (int64_t)(next_random(&random) % 300);
		redis_set_ms(&redis, now);
		for (size_t k = 0; k < count; k++) /* what has left the window by itself */
			if (now / limit.width_ms - out[k] / limit.width_ms < limit.buckets)
				out[keep++] = out[k];
		count = keep;
		if (count > 0 && next_random(&random) % 3 == 0) {
			size_t which = next_random(&random) % count;

			give_back(&t, out[which]);
			out[which] = out[--count];
		} else {
			took = take(&t);
			if (took.outcome == STORE_TAKEN)
				out[count++] = took.now_ms;
			else
				assert_int_equal(took.used, count);
		}
		assert_int_equal(ring_used(&t, 0, now), count);
	}
}

/* -- at once --------------------------------------------------------------------------------- */

/* Processes of their own take as fast as they can; together they get exactly the limit. */
static void
racing_clients(void **state)
{
	enum { CLIENTS = 20, EACH = 30, LIMIT = 100 };
	struct limit limit = limit_of("100/1h");
	struct store_take t = take_of(&limit, 1);
	int ends[2], total = 0;
	pid_t pids[CLIENTS];

	(void)state;
	redis_fresh(&redis);
	assert_int_equal(pipe(ends), 0);
	for (int i = 0; i < CLIENTS; i++) {
		pids[i] = fork();
		assert_true(pids[i] >= 0);
		if (pids[i] == 0) {
			struct err err;
			struct store_sync *store = store_sync_open(&redis.address, 10000, &err);
			unsigned char grants = 0;

			for (int k = 0; store != NULL && k < EACH; k++) {
				struct store_batch batch = { 0 };
				struct store_took took;

				store_put_take(&batch, &t, &took);
				if (store_sync_run(store, &batch, &err) != STORE_DONE)
					_exit(1);
				grants += took.outcome == STORE_TAKEN;
				store_batch_free(&batch);
			}
			if (store == NULL || write(ends[1], &grants, 1) != 1)
				_exit(1);
			_exit(0);
		}
	}
	close(ends[1]);
	for (int i = 0; i < CLIENTS; i++) {
		int status;
		unsigned char grants;

		assert_int_equal(read(ends[0], &grants, 1), 1);
		total += grants;
		assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
		assert_int_equal(status, 0);
	}
	close(ends[0]);
	assert_int_equal(total, LIMIT);
	assert_int_equal(ring_used(&t, 0, clock_wall_s() * 1000), LIMIT);
}

int
main(void)
{
	struct check_list list = { 0 };
	int rc;

	CHECK(&list, grants_up_to_the_limit);
	CHECK_ROWS(&list, wait_is_exact, period_rows);
	CHECK_ROWS(&list, never_exceeded, period_rows);
	CHECK_ROWS(&list, hardly_any_is_lost, period_rows);
	CHECK(&list, buckets_carry_no_leftovers);
	CHECK(&list, all_or_nothing);
	CHECK(&list, longest_wait_is_told);
	CHECK(&list, no_limits_at_all);
	CHECK(&list, groups_and_ips_count_apart);
	CHECK(&list, changed_limits);
	CHECK(&list, connections_of_two_nodes);
	CHECK(&list, a_dead_nodes_slots_expire);
	CHECK(&list, renewed_slots_count_on);
	CHECK(&list, busy_nodes_stay_counted);
	CHECK(&list, garbage_among_connections);
	CHECK(&list, looking_changes_nothing);
	CHECK(&list, clock_set_back_a_little);
	CHECK(&list, clock_that_jitters);
	CHECK(&list, clock_far_ahead_and_back_again);
	CHECK(&list, heads_of_other_clocks);
	CHECK(&list, keys_expire_and_share_a_tag);
	CHECK(&list, rings_do_not_expire_early);
	CHECK(&list, keys_of_another_type);
	CHECK(&list, given_back_is_free_again);
	CHECK(&list, given_back_once_only);
	CHECK(&list, given_back_too_late);
	CHECK(&list, taken_and_given_back_at_random);
	CHECK(&list, racing_clients);
	redis_start(&redis, NULL);
	rc = check_run(&list, "take");
	redis_stop(&redis);
	return rc;
}
