/* group: what this node counts, and what Redis is told of it. */
#include "check.h"
#include "fake_clock.h"
#include "fake_redis.h"
#include "group.h"

static struct event_base *base;
static struct fake_redis redis, other_redis;
static struct store_async *store, *other_store;
static struct groups *groups;

#define KEY(name, ip) "mxpace:{g:" name "}:conn:" ip
#define GOOGLE        KEY("google", "192.0.2.1")

static void
ignore(void *arg, bool working, const char *words)
{
	(void)arg;
	(void)working;
	(void)words;
}

static struct store_async *
connect_to(struct fake_redis *to)
{
	struct store_async *new =
	    store_async_new(base, &to->address, FAKE_PATIENCE_MS, ignore, NULL, NULL);

	WAIT_FOR(base, store_async_works(new));
	str_empty(&to->commands);
	return new;
}

static int
set_up(void **state)
{
	(void)state;
	base = event_base_new();
	fake_init(&redis, base);
	fake_init(&other_redis, base);
	fake_start(&redis);
	fake_start(&other_redis);
	store = connect_to(&redis);
	other_store = connect_to(&other_redis);
	groups = groups_new(base, store, "mta1");
	return 0;
}

static int
take_down(void **state)
{
	(void)state;
	groups_free(&groups);
	store_async_free(&store);
	store_async_free(&other_store);
	fake_clear(&redis);
	fake_clear(&other_redis);
	event_base_free(base);
	return 0;
}

/* All that was sent has arrived. */
static void
settle(struct store_async *with, struct fake_redis *at)
{
	unsigned n = fake_count(at, "SET mxpace:probe");

	store_put_probe(store_async_batch(with));
	store_async_send(with);
	WAIT_FOR(base, fake_count(at, "SET mxpace:probe") == n + 1);
}

/* The last figure told of a group's connections: "" none, "gone", or the number. */
static const char *
figure(struct fake_redis *at, const char *key, const char *node)
{
	static char found[32];
	struct span rest = span_of(str_text(&at->commands)), line;
	char set[200], del[200];

	snprintf(set, sizeof(set), "HSET %s %s ", key, node);
	snprintf(del, sizeof(del), "HDEL %s %s", key, node);
	*found = '\0';
	while (span_line(&rest, &line)) {
		if (span_eq(line, span_of(del)))
			strcpy(found, "gone");
		else if (span_starts(line, span_of(set)))
			snprintf(found, sizeof(found), "%ld",
			    strtol(line.ptr + strlen(set), NULL, 10));
	}
	return found;
}

static void
tells_of_a_slot_let_go(void **state)
{
	struct group *google = groups_get(groups, "google", "192.0.2.1");
	char want[120];

	(void)state;
	for (int i = 0; i < 3; i++)
		group_open_slot(google);
	turn(base);
	assert_string_equal(figure(&redis, GOOGLE, "mta1"), ""); /* the take tells of one taken */
	group_close_slot(google);
	group_close_slot(google);
	WAIT_FOR(base, fake_has(&redis, "HSET"));
	settle(store, &redis);
	snprintf(want, sizeof(want), "HSET " GOOGLE " mta1 1 until %lld\nEXPIRE " GOOGLE " 60\n",
	    (long long)clock_wall_s() + STORE_OPEN_TTL_S);
	assert_non_null(strstr(str_text(&redis.commands), want));
	assert_int_equal(fake_count(&redis, "HSET"), 1); /* both in one */
	group_close_slot(google);
	WAIT_FOR(base, fake_has(&redis, "HDEL " GOOGLE " mta1"));
	assert_int_equal(group_open(google), 0);
	assert_int_equal(groups_open(groups), 0);
	group_release(&google);
}

static void
leaves_it_to_a_take_that_told_the_same(void **state)
{
	struct group *google = groups_get(groups, "google", "192.0.2.1");

	(void)state;
	group_open_slot(google);
	group_close_slot(google);
	group_open_slot(google);
	group_published(google, 1);
	fire_timers(base);
	settle(store, &redis);
	assert_false(fake_has(&redis, "HDEL"));
	group_close_slot(google);
	group_open_slot(google);
	group_open_slot(google);
	group_published(google, 1); /* of a take before: Redis knows one, there are two */
	WAIT_FOR(base, strcmp(figure(&redis, GOOGLE, "mta1"), "2") == 0);
	group_close_slot(google);
	group_close_slot(google);
	group_release(&google);
}

static void
renews_what_is_open(void **state)
{
	struct group *google = groups_get(groups, "google", "192.0.2.1");
	struct group *yahoo = groups_get(groups, "yahoo", "192.0.2.1");

	(void)state;
	group_open_slot(google);
	for (unsigned i = 1; i < 4; i++) {
		fire_timers(base);
		settle(store, &redis);
		assert_int_equal(fake_count(&redis, "HSET " GOOGLE " mta1 1 until"), i);
	}
	assert_string_equal(figure(&redis, KEY("yahoo", "192.0.2.1"), "mta1"), "");
	group_close_slot(google);
	group_release(&google);
	group_release(&yahoo);
}

static void
keeps_sending_ips_apart(void **state)
{
	struct group *one = groups_get(groups, "google", "192.0.2.1");
	struct group *two = groups_get(groups, "google", "192.0.2.2");
	struct group *again = groups_get(groups, "google", "192.0.2.1");

	(void)state;
	assert_ptr_equal(one, again);
	assert_ptr_not_equal(one, two);
	assert_string_equal(group_name(two), "google");
	assert_int_equal(groups_count(groups), 2);
	group_open_slot(one);
	group_open_slot(two);
	group_open_slot(two);
	fire_timers(base);
	settle(store, &redis);
	assert_string_equal(figure(&redis, GOOGLE, "mta1"), "1");
	assert_string_equal(figure(&redis, KEY("google", "192.0.2.2"), "mta1"), "2");
	group_close_slot(one);
	group_close_slot(two);
	group_close_slot(two);
	group_release(&one);
	group_release(&two);
	group_release(&again);
}

/* It stays while somebody refers to it, a slot is open, or Redis has a figure to be mended. */
static void
forgets_a_group_when_nothing_needs_it(void **state)
{
	struct group *google = groups_get(groups, "google", "192.0.2.1"), *second;

	(void)state;
	second = group_hold(google);
	group_release(&second);
	assert_null(second);
	assert_int_equal(groups_count(groups), 1);
	group_open_slot(google);
	second = google;
	group_release(&google);
	assert_int_equal(groups_count(groups), 1);
	group_close_slot(second);
	assert_int_equal(groups_count(groups), 1);
	WAIT_FOR(base, fake_has(&redis, "HDEL"));
	assert_int_equal(groups_count(groups), 0);
	group_release(&google); /* none */
}

static void
withdraws_everything(void **state)
{
	struct group *google = groups_get(groups, "google", "192.0.2.1");
	struct group *yahoo = groups_get(groups, "yahoo", "192.0.2.1");

	(void)state;
	group_open_slot(google);
	group_open_slot(yahoo);
	groups_withdraw(groups);
	settle(store, &redis);
	assert_string_equal(figure(&redis, GOOGLE, "mta1"), "gone");
	assert_string_equal(figure(&redis, KEY("yahoo", "192.0.2.1"), "mta1"), "gone");
	assert_int_equal(groups_open(groups), 2); /* what is counted here stays */
	group_close_slot(google);
	group_close_slot(yahoo);
	group_release(&google);
	group_release(&yahoo);
}

static void
tells_of_more_groups_than_a_batch_holds(void **state)
{
	enum { MANY = 3 * STORE_BATCH_MAX + 1 };
	struct group *many[MANY];
	char name[24], key[64];

	(void)state;
	for (int i = 0; i < MANY; i++) {
		snprintf(name, sizeof(name), "g%d", i);
		many[i] = groups_get(groups, name, "all");
		group_open_slot(many[i]);
	}
	fire_timers(base);
	settle(store, &redis);
	for (int i = 0; i < MANY; i++) {
		snprintf(key, sizeof(key), "mxpace:{g:g%d}:conn:all", i);
		assert_string_equal(figure(&redis, key, "mta1"), "1");
		group_close_slot(many[i]);
		group_release(&many[i]);
	}
	fire_timers(base);
	assert_int_equal(groups_count(groups), 0);
}

static void
moves_to_another_node_name(void **state)
{
	struct group *google = groups_get(groups, "google", "192.0.2.1");

	(void)state;
	group_open_slot(google);
	groups_rebind(groups, store, "mta2");
	settle(store, &redis);
	assert_string_equal(figure(&redis, GOOGLE, "mta1"), "gone");
	assert_string_equal(figure(&redis, GOOGLE, "mta2"), "1");
	group_close_slot(google);
	WAIT_FOR(base, strcmp(figure(&redis, GOOGLE, "mta2"), "gone") == 0);
	group_release(&google);
}

static void
moves_to_another_store_and_node_name(void **state)
{
	struct group *google = groups_get(groups, "google", "192.0.2.1");

	(void)state;
	group_open_slot(google);
	groups_rebind(groups, other_store, "mta2");
	settle(store, &redis);
	settle(other_store, &other_redis);
	assert_string_equal(figure(&redis, GOOGLE, "mta1"), "gone");
	assert_string_equal(figure(&redis, GOOGLE, "mta2"), "");
	assert_string_equal(figure(&other_redis, GOOGLE, "mta1"), "");
	assert_string_equal(figure(&other_redis, GOOGLE, "mta2"), "1");
	group_close_slot(google);
	WAIT_FOR(base, strcmp(figure(&other_redis, GOOGLE, "mta2"), "gone") == 0);
	group_release(&google);
}

static void
counts_on_while_the_store_is_away(void **state)
{
	struct group *google = groups_get(groups, "google", "192.0.2.1");

	(void)state;
	fake_stop(&redis);
	WAIT_FOR(base, !store_async_works(store));
	group_open_slot(google);
	group_open_slot(google);
	group_close_slot(google);
	fire_timers(base);
	assert_int_equal(group_open(google), 1);
	fake_start(&redis);
	WAIT_FOR(base, store_async_works(store));
	fire_timers(base);
	settle(store, &redis);
	assert_string_equal(figure(&redis, GOOGLE, "mta1"), "1");
	group_close_slot(google);
	group_release(&google);
}

static void
tells_of_use_once_in_a_while(void **state)
{
	struct group *google = groups_get(groups, "google", "192.0.2.1");

	(void)state;
	for (int i = 0; i < 10; i++)
		group_use(google);
	settle(store, &redis);
	assert_int_equal(fake_count(&redis, "ZADD mxpace:groups "), 1);
	skipped_ms += GROUP_TELL_S * 1000;
	group_use(google);
	group_use(google);
	settle(store, &redis);
	assert_int_equal(fake_count(&redis, "ZADD mxpace:groups "), 2);
	group_release(&google);
}

/* -- takes ------------------------------------------------------------------------------------- */

static void
put_take(struct group *group, unsigned generation, const char *node, int64_t open,
    int64_t connections)
{
	const struct store_take take = { .group = "google",
		.ip = "192.0.2.1",
		.node = node,
		.open = open,
		.connections = connections,
		.commit = true };
	static struct store_took took;

	group_put_take(group, generation, &take, store_async_batch(store), &took);
	store_async_send(store);
	settle(store, &redis);
}

#define TAKE(node, open, connections)                                               \
	" 3 " GOOGLE " mxpace:{g:google}:pause mxpace:{g:google}:backoff:192.0.2.1" \
	" 1 " node " " open " " connections " 15\n"

static void
sends_the_take_of_its_rules(void **state)
{
	struct group *google = groups_get(groups, "google", "192.0.2.1");

	(void)state;
	put_take(google, 1, "mta1", 1, 5);
	assert_true(fake_has(&redis, TAKE("mta1", "1", "5")));
	put_take(google, 1, "mta1", 12, 5);
	assert_true(fake_has(&redis, TAKE("mta1", "12", "5")));
	put_take(google, 2, "mta1", 2, 7); /* other rules */
	assert_true(fake_has(&redis, TAKE("mta1", "2", "7")));
	put_take(google, 1, "mta1", 3, 5); /* a request that began before the reload */
	assert_true(fake_has(&redis, TAKE("mta1", "3", "5")));
	groups_rebind(groups, store, "mta2");
	put_take(google, 1, "mta2", 4, 5);
	assert_true(fake_has(&redis, TAKE("mta2", "4", "5")));
	group_release(&google);
}

/* Two takes under way, the client of the second goes: Redis has heard of two all the same. */
static void
does_not_leave_it_to_a_take_before_another(void **state)
{
	struct group *google = groups_get(groups, "google", "192.0.2.1");
	int64_t start_ms = clock_monotonic_ms();

	(void)state;
	group_open_slot(google);
	put_take(google, 1, "mta1", 1, 5);
	group_open_slot(google);
	put_take(google, 1, "mta1", 2, 5);
	group_close_slot(google);
	group_published(google, 1);
	WAIT_FOR(base, strcmp(figure(&redis, GOOGLE, "mta1"), "1") == 0);
	assert_true(
	    clock_monotonic_ms() - start_ms < GROUP_RENEW_S * 1000 / 2); /* not by renewal */
	group_close_slot(google);
	group_release(&google);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, take_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(tells_of_a_slot_let_go),
		TEST(leaves_it_to_a_take_that_told_the_same),
		TEST(renews_what_is_open),
		TEST(keeps_sending_ips_apart),
		TEST(forgets_a_group_when_nothing_needs_it),
		TEST(withdraws_everything),
		TEST(tells_of_more_groups_than_a_batch_holds),
		TEST(moves_to_another_node_name),
		TEST(moves_to_another_store_and_node_name),
		TEST(counts_on_while_the_store_is_away),
		TEST(tells_of_use_once_in_a_while),
		TEST(does_not_leave_it_to_a_take_before_another),
		TEST(sends_the_take_of_its_rules),
	};

	return cmocka_run_group_tests_name("group", tests, NULL, NULL);
}
