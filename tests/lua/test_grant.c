/* grant.lua: slots shared by nodes, in the order of who waits longest, and the stamp a grant sets. */
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "redis.h"
#include "ring.h"
#include "store_egress.h"
#include "tests/unit/check.h"

static struct redis redis;

#define CONN  "mxpace:{g:google}:conn:198.51.100.7"
#define WAIT  "mxpace:{g:google}:wait:198.51.100.7"
#define PAUSE "mxpace:{g:google}:pause"

static struct store_grant
grant_of(const char *node, int64_t open, int64_t connections)
{
	return (struct store_grant){ .group = "google",
		.ip = "198.51.100.7",
		.node = node,
		.open = open,
		.connections = connections };
}

static struct store_granted
grant(const struct store_grant *g)
{
	struct store_batch batch = { 0 };
	struct store_granted granted;

	memset(&granted, 0xff, sizeof(granted));
	store_put_grant(&batch, g, &granted);
	redis_run(&redis, &batch);
	return granted;
}

static struct store_granted
ask(const char *node, int64_t open, int64_t connections, int64_t waited_ms)
{
	struct store_grant g = grant_of(node, open, connections);

	g.waited_ms = waited_ms;
	return grant(&g);
}

static void
fresh(void)
{
	redis_fresh(&redis);
	redis_set_ms(&redis, NOON_MS);
}

/* -- slots ------------------------------------------------------------------------------------- */

static void
shared_by_nodes(void **state)
{
	struct store_granted g;

	(void)state;
	fresh();
	g = ask("mta1", 1, 3, 0);
	assert_int_equal(g.outcome, STORE_TAKEN);
	assert_true(g.now_ms == NOON_MS);
	assert_int_equal(g.open, 0);
	assert_int_equal(g.others, 0);
	assert_int_equal(g.allowed, 3);
	g = ask("mta2", 2, 3, 0); /* it has one open by its kernel already */
	assert_int_equal(g.outcome, STORE_TAKEN);
	assert_int_equal(g.open, 2);
	assert_int_equal(g.others, 1);
	g = ask("mta1", 2, 3, 0);
	assert_int_equal(g.outcome, STORE_NO_SLOT);
	assert_int_equal(g.open, 3);
	assert_int_equal(g.others, 2);
	assert_int_equal(g.allowed, 3);
	assert_false(g.in_turn);
	assert_true(redis_is(&redis, "1 until 1795348815", "HGET " CONN " mta1"));
	assert_true(redis_is(&redis, "2 until 1795348815", "HGET " CONN " mta2"));
	assert_int_equal(redis_number(&redis, "TTL " CONN), 60);
}

/* What a node says of its kernel is published by a refusal too; and nothing open leaves nothing. */
static void
refusals_publish(void **state)
{
	(void)state;
	fresh();
	assert_int_equal(ask("mta1", 3, 3, 0).outcome, STORE_TAKEN);
	assert_int_equal(ask("mta2", 1, 3, 0).outcome, STORE_NO_SLOT);
	assert_int_equal(redis_number(&redis, "HEXISTS " CONN " mta2"), 0);
	assert_int_equal(ask("mta1", 3, 2, 0).outcome, STORE_NO_SLOT);
	assert_true(redis_is(&redis, "2 until 1795348815", "HGET " CONN " mta1"));
	assert_int_equal(ask("mta1", 1, 0, 0).outcome, STORE_TAKEN);
	assert_true(redis_is(&redis, "1 until 1795348815", "HGET " CONN " mta1"));
	assert_int_equal(ask("mta2", 3, 4, 0).outcome, STORE_TAKEN);
	assert_int_equal(ask("mta1", 1, 3, 0).outcome, STORE_NO_SLOT);
	assert_int_equal(redis_number(&redis, "HEXISTS " CONN " mta1"), 0);
}

static void
no_limit(void **state)
{
	struct store_granted g;

	(void)state;
	fresh();
	for (int64_t open = 1; open <= 500; open++)
		g = ask("mta1", open, 0, 0);
	assert_int_equal(g.outcome, STORE_TAKEN);
	assert_int_equal(g.allowed, 0);
	assert_true(redis_is(&redis, "500 until 1795348815", "HGET " CONN " mta1"));
	assert_int_equal(redis_number(&redis, "EXISTS " WAIT), 0);
}

static void
dead_nodes_lose_their_slots(void **state)
{
	(void)state;
	fresh();
	assert_int_equal(ask("dead", 3, 3, 0).outcome, STORE_TAKEN);
	redis_set_ms(&redis, NOON_MS + 14999);
	assert_int_equal(ask("mta2", 1, 3, 0).outcome, STORE_NO_SLOT);
	redis_set_ms(&redis, NOON_MS + 15000);
	assert_int_equal(ask("mta2", 1, 3, 0).outcome, STORE_TAKEN);
	freeReplyObject(redis_do(&redis, "HSET " CONN " a many b %s c %s", "7 until never",
	    "-1 until 1999999999"));
	assert_int_equal(ask("mta2", 3, 4, 0).outcome, STORE_TAKEN);
}

/* A node that is asked often keeps its key in sight, however long. */
static void
busy_nodes_stay_counted(void **state)
{
	(void)state;
	fresh();
	for (int64_t ms = 0; ms < 200000; ms += 700) {
		redis_set_ms(&redis, NOON_MS + ms);
		assert_int_equal(ask("mta1", 3, 3, 0).outcome, STORE_TAKEN);
		assert_true(redis_number(&redis, "PTTL " CONN) >= 15000);
	}
}

/* -- whose turn it is -------------------------------------------------------------------------- */

/* One slot, and three nodes that wait: they get it in the order of their waits. */
static void
longest_wait_goes_first(void **state)
{
	struct store_granted g;

	(void)state;
	fresh();
	assert_int_equal(ask("mta1", 1, 1, 0).outcome, STORE_TAKEN);
	assert_int_equal(ask("mta2", 1, 1, 2000).outcome, STORE_NO_SLOT);
	assert_int_equal(ask("mta3", 1, 1, 5000).outcome, STORE_NO_SLOT);
	assert_int_equal(ask("mta4", 1, 1, 3000).outcome, STORE_NO_SLOT);
	freeReplyObject(redis_do(&redis, "HDEL " CONN " mta1")); /* it is free now */

	redis_set_ms(&redis, NOON_MS + 50);
	g = ask("mta2", 1, 1, 2050);
	assert_int_equal(g.outcome, STORE_NO_SLOT);
	assert_true(g.in_turn);
	assert_int_equal(g.open, 0);
	assert_true(ask("mta4", 1, 1, 3050).in_turn);
	g = ask("mta3", 1, 1, 5050);
	assert_int_equal(g.outcome, STORE_TAKEN);
	assert_int_equal(redis_number(&redis, "HEXISTS " WAIT " mta3"), 0);
	freeReplyObject(redis_do(&redis, "HDEL " CONN " mta3"));
	assert_true(ask("mta2", 1, 1, 2050).in_turn);
	assert_int_equal(ask("mta4", 1, 1, 3050).outcome, STORE_TAKEN);
	freeReplyObject(redis_do(&redis, "HDEL " CONN " mta4"));
	assert_int_equal(ask("mta2", 1, 1, 2050).outcome, STORE_TAKEN);
	assert_int_equal(redis_number(&redis, "HLEN " WAIT), 0);
}

/* Of two free slots the second is for whoever asks, if one alone waits longer. */
static void
as_many_as_there_are_slots(void **state)
{
	(void)state;
	fresh();
	assert_int_equal(ask("full", 3, 3, 0).outcome, STORE_TAKEN);
	assert_int_equal(ask("mta2", 1, 3, 900).outcome, STORE_NO_SLOT);
	assert_int_equal(ask("mta3", 1, 3, 800).outcome, STORE_NO_SLOT);
	freeReplyObject(redis_do(&redis, "HSET " CONN " full %s", "1 until 1795348815"));
	assert_true(ask("mta4", 1, 3, 0).in_turn); /* two slots, two that wait longer */
	assert_int_equal(ask("mta3", 1, 3, 800).outcome, STORE_TAKEN);
	assert_true(ask("mta4", 1, 3, 0).in_turn); /* one, and one */
	assert_int_equal(ask("mta2", 1, 3, 900).outcome, STORE_TAKEN);
	assert_false(ask("mta4", 1, 3, 0).in_turn); /* none at all */
}

/* Who waited and asks no more loses the place after 150 ms. */
static void
a_dead_waiter_delays_nobody(void **state)
{
	(void)state;
	fresh();
	assert_int_equal(ask("mta1", 1, 1, 0).outcome, STORE_TAKEN);
	assert_int_equal(ask("dead", 1, 1, 9000).outcome, STORE_NO_SLOT);
	freeReplyObject(redis_do(&redis, "HDEL " CONN " mta1"));
	redis_set_ms(&redis, NOON_MS + 149);
	assert_true(ask("mta2", 1, 1, 10).in_turn);
	redis_set_ms(&redis, NOON_MS + 150);
	assert_int_equal(ask("mta2", 1, 1, 11).outcome, STORE_TAKEN);
	redis_set_ms(&redis, NOON_MS + 4000);
	assert_int_equal(redis_number(&redis, "EXISTS " WAIT), 0);
}

static void
no_wait_gives_the_place_up(void **state)
{
	struct store_batch batch = { 0 };

	(void)state;
	fresh();
	assert_int_equal(ask("mta1", 1, 1, 0).outcome, STORE_TAKEN);
	assert_int_equal(ask("mta3", 1, 1, 9000).outcome, STORE_NO_SLOT);
	freeReplyObject(redis_do(&redis, "HDEL " CONN " mta1"));
	store_put_no_wait(&batch, "google", "198.51.100.7", "mta3");
	redis_run(&redis, &batch);
	assert_int_equal(ask("mta2", 1, 1, 10).outcome, STORE_TAKEN);
}

/* A node with more deliveries waiting keeps a place, as the last one, until it says better. */
static void
more_that_wait(void **state)
{
	struct store_grant g = grant_of("mta1", 1, 2);

	(void)state;
	fresh();
	g.waited_ms = 5000;
	g.more_wait = true;
	assert_int_equal(grant(&g).outcome, STORE_TAKEN);
	assert_true(redis_is(&redis, "1795348800000 until 1795348800150", "HGET " WAIT " mta1"));
	redis_set_ms(&redis, NOON_MS + 10);
	assert_true(ask("mta2", 1, 2, 0).in_turn);
	assert_int_equal(ask("mta2", 1, 2, 11).outcome, STORE_TAKEN);
}

/* Places of a clock that was ahead, and what is no place, hold nobody back. */
static void
odd_places(void **state)
{
	(void)state;
	fresh();
	freeReplyObject(redis_do(&redis, "HSET " WAIT " a %s b %s c %s d %s",
	    "1 until 1795348900000", "1 until x", "", "-5 until 1795348800100"));
	assert_int_equal(ask("mta2", 1, 1, 0).outcome, STORE_TAKEN);
	freeReplyObject(redis_do(&redis, "SET " PAUSE " x"));
	freeReplyObject(redis_do(&redis, "DEL " PAUSE));
	assert_int_equal(ask("mta2", 1, 1, 0).outcome, STORE_TAKEN);
}

/* Two nodes ask in turn for ever, each grant ends before the next round: none starves. */
static void
nobody_starves(void **state)
{
	int64_t waits[2] = { 0, 0 }, longest = 0, grants[2] = { 0, 0 };
	static const char *const names[] = { "mta1", "mta2" };

	(void)state;
	fresh();
	for (int64_t ms = 0; ms < 20000; ms += 20) {
		redis_set_ms(&redis, NOON_MS + ms);
		for (int n = 0; n < 2; n++) {
			/* mta1 always asks first after a slot came free */
			if (ask(names[n], 1, 1, ms - waits[n]).outcome != STORE_TAKEN)
				continue;
			if (ms - waits[n] > longest)
				longest = ms - waits[n];
			waits[n] = ms;
			grants[n]++;
		}
		freeReplyObject(redis_do(&redis, "DEL " CONN));
	}
	assert_in_range(grants[0], 499, 501);
	assert_in_range(grants[1], 499, 501);
	assert_in_range(longest, 20, 60);
}

/* -- pauses ------------------------------------------------------------------------------------ */

static void
paused(void **state)
{
	struct store_granted g;
	struct store_batch batch = { 0 };
	int64_t resumed = -1;

	(void)state;
	fresh();
	store_put_pause(&batch, "google", "they call at 9");
	redis_run(&redis, &batch);
	g = ask("mta1", 3, 5, 0);
	assert_int_equal(g.outcome, STORE_HELD);
	assert_int_equal(g.held.by, STORE_HOLD_PAUSED);
	assert_string_equal(g.held.why, "they call at 9");
	assert_int_equal(g.held.wait_ms, 0);
	assert_true(redis_is(&redis, "2 until 1795348815", "HGET " CONN " mta1"));
	assert_int_equal(redis_number(&redis, "TTL " PAUSE), -1);
	store_put_resume(&batch, "google", &resumed);
	redis_run(&redis, &batch);
	assert_int_equal(resumed, 1);
	assert_int_equal(ask("mta1", 3, 5, 0).outcome, STORE_TAKEN);
	store_put_resume(&batch, "google", &resumed);
	redis_run(&redis, &batch);
	assert_int_equal(resumed, 0);
}

/* -- stamps ------------------------------------------------------------------------------------ */

static struct store_took
take(const struct limit *limits, size_t count)
{
	struct store_take t = { .group = "google",
		.ip = "198.51.100.7",
		.node = "mta1",
		.limits = limits,
		.limit_count = count,
		.commit = true };
	struct store_batch batch = { 0 };
	struct store_took took;

	store_put_take(&batch, &t, &took);
	redis_run(&redis, &batch);
	assert_int_equal(took.outcome, STORE_TAKEN);
	return took;
}

static int64_t
used(const struct limit *limit, int64_t now_ms)
{
	return ring_read(&redis, "google", "198.51.100.7", limit, now_ms, NULL);
}

/* A message counts from its grant on, not from when it was taken. */
static void
a_grant_stamps_anew(void **state)
{
	struct limit limits[] = { limit_of("5/10s"), limit_of("5/1h") };
	struct store_grant g = grant_of("mta1", 1, 5);

	(void)state;
	fresh();
	g.limits = limits;
	g.limit_count = 2;
	g.stamp_ms = take(limits, 2).now_ms;
	redis_set_ms(&redis, NOON_MS + 8000);
	g.stamp_ms = grant(&g).now_ms;
	assert_true(g.stamp_ms == NOON_MS + 8000);
	assert_int_equal(used(&limits[0], NOON_MS + 8000), 1);
	redis_set_ms(&redis, NOON_MS + 15000); /* where it would have left by its take */
	(void)take(limits, 1);
	assert_int_equal(used(&limits[0], NOON_MS + 15000), 2);
	g.stamp_ms = 0; /* a grant for no message */
	assert_int_equal(grant(&g).outcome, STORE_TAKEN);
	assert_int_equal(used(&limits[0], NOON_MS + 15000), 2);
}

static void
refusals_stamp_nothing(void **state)
{
	struct limit limit = limit_of("5/10s");
	struct store_grant g = grant_of("mta1", 2, 1);
	char *before, *after;

	(void)state;
	fresh();
	g.limits = &limit;
	g.limit_count = 1;
	g.stamp_ms = take(&limit, 1).now_ms;
	redis_set_ms(&redis, NOON_MS + 5000);
	assert_int_equal(grant(&g).outcome, STORE_NO_SLOT);
	before = redis_dump(&redis);
	assert_non_null(strstr(before, "total=1"));
	assert_int_equal(grant(&g).outcome, STORE_NO_SLOT);
	after = redis_dump(&redis);
	assert_string_equal(after, before);
	free(before);
	free(after);
	assert_int_equal(used(&limit, NOON_MS + 9999), 1);
	assert_int_equal(used(&limit, NOON_MS + 11000), 0);
}

/* -- at once ----------------------------------------------------------------------------------- */

static int
race(const char *node, int slots)
{
	struct err err;
	struct store_sync *store = store_sync_open(&redis.address, 10000, &err);
	int open = 0;

	for (int k = 0; store != NULL && k < 200 && open < slots; k++) {
		struct store_grant g = grant_of(node, open + 1, slots);
		struct store_batch batch = { 0 };
		struct store_granted granted;

		store_put_grant(&batch, &g, &granted);
		if (store_sync_run(store, &batch, &err) != STORE_DONE)
			_exit(255);
		open += granted.outcome == STORE_TAKEN;
		store_batch_free(&batch);
	}
	return store != NULL ? open : 255;
}

/* Nodes of their own take as fast as they can, and together get what there is. */
static void
racing_nodes(void **state)
{
	enum { NODES = 8, SLOTS = 50 };
	pid_t pids[NODES];
	int total = 0;

	(void)state;
	redis_fresh(&redis);
	freeReplyObject(redis_do(&redis, "SCRIPT FLUSH")); /* and each brings the script */
	for (int i = 0; i < NODES; i++) {
		pids[i] = fork();
		assert_true(pids[i] >= 0);
		if (pids[i] == 0) {
			char node[16];

			snprintf(node, sizeof(node), "mta%d", i);
			_exit(race(node, SLOTS));
		}
	}
	for (int i = 0; i < NODES; i++) {
		int status;

		assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
		assert_true(WIFEXITED(status) && WEXITSTATUS(status) != 255);
		total += WEXITSTATUS(status);
	}
	assert_int_equal(total, SLOTS);
}

int
main(void)
{
	struct check_list list = { 0 };
	int rc;

	CHECK(&list, shared_by_nodes);
	CHECK(&list, refusals_publish);
	CHECK(&list, no_limit);
	CHECK(&list, dead_nodes_lose_their_slots);
	CHECK(&list, busy_nodes_stay_counted);
	CHECK(&list, longest_wait_goes_first);
	CHECK(&list, as_many_as_there_are_slots);
	CHECK(&list, a_dead_waiter_delays_nobody);
	CHECK(&list, no_wait_gives_the_place_up);
	CHECK(&list, more_that_wait);
	CHECK(&list, odd_places);
	CHECK(&list, nobody_starves);
	CHECK(&list, paused);
	CHECK(&list, a_grant_stamps_anew);
	CHECK(&list, refusals_stamp_nothing);
	CHECK(&list, racing_nodes);
	redis_start(&redis, NULL);
	rc = check_run(&list, "grant");
	redis_stop(&redis);
	return rc;
}
