/* slots: who gets a connection, and whose the sockets are. */
#include "egress_world.h"

static struct process one, two, three;

/* Granted, and allowed to open a connection. */
static void
let_connect(struct process *process)
{
	process_dns(process, HOP);
	process_connect(process, HOP);
}

static void
look(void)
{
	unsigned looks = kernel.looks;

	slots_rebind(engine.egress->slots);
	WAIT_FOR(base, kernel.looks > looks);
}

#define CHECK_LANE(lane, sockets_, bare_, usable_, taken_)   \
	do {                                                 \
		assert_int_equal((lane)->sockets, sockets_); \
		assert_int_equal((lane)->bare, bare_);       \
		assert_int_equal((lane)->usable, usable_);   \
		assert_int_equal((lane)->taken, taken_);     \
	} while (0)

/* -- sockets and grants ------------------------------------------------------------------------ */

static void
a_socket_takes_its_grants_place(void)
{
	struct lane *lane = world_lane("two");
	uint64_t cookie;

	let_connect(&one);
	CHECK_LANE(lane, 0, 1, 0, 0);
	cookie = kernel_open(LOCAL, REMOTE);
	kernel_find(cookie)->established = false;
	look();
	CHECK_LANE(lane, 1, 0, 0, 0);
	kernel_find(cookie)->established = true;
	look();
	CHECK_LANE(lane, 1, 0, 1, 1);
	kernel_find(cookie)->closing = true;
	look();
	CHECK_LANE(lane, 1, 0, 0, 0);
	kernel_close(cookie);
	look();
	CHECK_LANE(lane, 0, 1, 0, 0); /* its process may try the next address */
	kernel_open(LOCAL, REMOTE);
	kernel_open(LOCAL, REMOTE); /* a second of the same grant */
	look();
	CHECK_LANE(lane, 2, 0, 2, 2);
	process_ask(&one, MAP_STATUS, DELIVERED);
	CHECK_LANE(lane, 2, 0, 2, 0);
}

static const struct fit_row {
	const char *label, *local, *remote;
	int64_t sockets, bare; /* of the lane */
	unsigned unasked;
} fit_rows[] = {
	{ "its own", LOCAL, REMOTE, 1, 0, 0 },
	{ "another sending IP's", "10.0.0.2", REMOTE, 0, 1, 0 },
	{ "another host's", LOCAL, "192.0.2.99", 0, 1, 0 },
};

static void
matches_by_addresses(void **state)
{
	const struct fit_row *row = *state;
	struct lane *lane;

	world_begin("");
	lane = world_lane("two");
	let_connect(&one);
	kernel_open(row->local, row->remote);
	look();
	assert_int_equal(lane->sockets, row->sockets);
	assert_int_equal(lane->bare, row->bare);
	assert_int_equal(engine.egress->figures.unasked, row->unasked);
	process_hang_up(&one);
	world_end();
}

static void
one_that_nobody_asked_for_counts_extra(void)
{
	struct lane *lane = world_lane("two");

	let_connect(&one);
	kernel_open(LOCAL, REMOTE);
	process_ask(&one, MAP_STATUS, DELIVERED);
	look();
	kernel_open(LOCAL, REMOTE);
	look();
	CHECK_LANE(lane, 2, 0, 2, 0);
	assert_int_equal(engine.egress->figures.unasked, 1);
}

/* The socket of a delivery that is over was taken for another's, who is still without. */
static void
takes_a_socket_back(void)
{
	struct lane *lane = world_lane("two");

	let_connect(&one);
	let_connect(&two);
	kernel_open(LOCAL, REMOTE); /* the second's, counted for the first */
	look();
	CHECK_LANE(lane, 1, 1, 1, 1);
	process_ask(&two, MAP_STATUS, DELIVERED);
	look();
	CHECK_LANE(lane, 1, 1, 1, 0);
	kernel_open(LOCAL, REMOTE);
	look();
	CHECK_LANE(lane, 2, 0, 2, 1);
}

/* One with a slot that found an idle connection has taken nobody's socket. */
static void
one_that_reuses_takes_nothing_back(void)
{
	struct lane *lane = world_lane("two");

	let_connect(&one);
	kernel_open(LOCAL, REMOTE);
	look();
	process_dns(&two, HOP);
	CHECK_LANE(lane, 1, 1, 1, 1);
	process_ask(&two, MAP_STATUS, DELIVERED);
	CHECK_LANE(lane, 1, 0, 1, 1);
}

static void
a_socket_is_seen_after_its_process_went(void)
{
	struct lane *lane = world_lane("two");

	let_connect(&one);
	kernel_open(LOCAL, REMOTE);
	process_hang_up(&one);
	assert_int_equal(lane_open(lane), 1);
	look();
	CHECK_LANE(lane, 1, 0, 1, 0);
}

/* -- 60 s without a socket --------------------------------------------------------------------- */

static void
a_grant_ends_without_a_socket(void)
{
	struct lane *lane = world_lane("two");

	let_connect(&one);
	world_skip(GRANT_BARE_MS - 2000);
	look();
	assert_int_equal(lane->bare, 1);
	world_skip(3000);
	WAIT_FOR(base, lane->bare == 0);
	process_ask(&one, MAP_STATUS, DELIVERED);
}

static void
its_time_begins_at_connect(void)
{
	struct lane *lane = world_lane("two");

	process_dns(&one, HOP);
	world_skip(GRANT_BARE_MS - 2000);
	process_connect(&one, HOP);
	world_skip(3000);
	look();
	assert_int_equal(lane->bare, 1);
}

static void
its_time_begins_anew_when_a_socket_goes(void)
{
	struct lane *lane = world_lane("two");
	uint64_t cookie;

	let_connect(&one);
	cookie = kernel_open(LOCAL, REMOTE);
	look();
	world_skip(GRANT_BARE_MS + 1000); /* an address that does not answer */
	kernel_close(cookie);
	look();
	assert_int_equal(lane->bare, 1);
}

/* -- at the start ------------------------------------------------------------------------------ */

static void
grants_nothing_while_starting(void)
{
	struct lane *lane = world_lane("two");

	skipped_ms -= 3000;
	world_settle(); /* nothing wakes it but who asks */
	assert_string_equal(process_ask(&one, MAP_CONNECT, HOP), "held");
	WAIT_FOR(base, *lane->slot_words != '\0');
	assert_string_equal(lane->slot_words, "mxpolicyd is starting");
	assert_int_equal(shop.grants, 0);
	world_skip(3000);
	WAIT_FOR(base, !one.held);
}

/* Those of the process before us are published once all are found. */
static void
publishes_what_it_found(void)
{
	struct sockets_address remote;
	struct lane *lane = world_lane("two");

	skipped_ms -= 3000;
	assert_true(sockets_address_parse(REMOTE, &remote));
	addresses_learn(engine.egress->addresses, &remote, "two", 300, NULL);
	kernel_open(LOCAL, REMOTE);
	look();
	assert_int_equal(lane->sockets, 1);
	assert_int_equal(group_open(lane->group), 0);
	world_skip(3000);
	look();
	assert_int_equal(group_open(lane->group), 1);
	assert_int_equal(engine.egress->figures.unasked, 0);
}

/* -- waiting ----------------------------------------------------------------------------------- */

static void
lets_one_pass_to_an_idle_connection(void)
{
	struct lane *lane = world_lane("two");

	let_connect(&one);
	kernel_open(LOCAL, REMOTE);
	look();
	shop.others = 1;
	lane->short_ms = clock_monotonic_ms(); /* nobody is sent ahead */
	process_ask(&two, MAP_DNS, "b.two.test. 300 IN MX 10 mx.b.two.test.");
	world_skip(1);
	process_ask(&three, MAP_DNS, HOP ". 300 IN MX 10 mx." HOP ".");
	WAIT_FOR(base, shop.refusals > 0);
	process_ask(&one, MAP_STATUS, DELIVERED);
	WAIT_FOR(base, !three.held);
	assert_true(two.held); /* its next hop is another */
	assert_int_equal(lane->passed, 1);
	process_ask(&three, MAP_STATUS, DELIVERED);
	assert_int_equal(lane->passed, 0);
	assert_int_equal(lane->taken, 0);
}

static void
sends_some_ahead(void)
{
	struct lane *lane = world_lane("two");

	shop.others = 2;
	process_ask(&one, MAP_DNS, HOP ". 300 IN MX 10 mx." HOP ".");
	world_skip(1); /* who waits longer goes first */
	process_ask(&two, MAP_DNS, HOP ". 300 IN MX 10 mx." HOP ".");
	WAIT_FOR(base, !one.held);
	world_settle();
	assert_true(two.held); /* half of two at most */
	assert_int_equal(lane->ahead, 1);
	assert_string_equal(process_ask(&one, MAP_CONNECT, HOP), "held");
	assert_int_equal(lane->ahead, 1);
	world_settle(); /* a question for the other may be under way */
	shop.others = 1;
	WAIT_FOR(base, !one.held);
	assert_int_equal(one.reply.answer, ANSWER_NOTFOUND);
}

static const struct words_row {
	const char *label, *words;
	int64_t others;
	bool paused;
	int64_t suspended_ms;
} words_rows[] = {
	{ "no slot", "2 of 2 connections in use", 2, false, 0 },
	{ "paused", "paused: night", 0, true, 0 },
	{ "suspended", "suspended by backoff for 1h: spam", 0, false, 3600000 },
};

static void
says_why(void **state)
{
	const struct words_row *row = *state;

	world_begin("");
	shop.others = row->others;
	shop.paused = row->paused;
	shop.suspended_ms = row->suspended_ms;
	assert_string_equal(process_ask(&one, MAP_CONNECT, HOP), "held");
	WAIT_FOR(base, *world_lane("two")->slot_words != '\0');
	assert_string_equal(world_lane("two")->slot_words, row->words);
	assert_int_equal(lane_suspended_ms(world_lane("two"), clock_monotonic_ms()) > 0,
	    row->suspended_ms > 0);
	shop.paused = false;
	shop.suspended_ms = 0;
	shop.others = 0;
	WAIT_FOR(base, !one.held);
	assert_int_equal(lane_suspended_ms(world_lane("two"), clock_monotonic_ms()), 0);
	process_hang_up(&one);
	world_end();
}

static void
asks_again_after_an_error(void)
{
	shop.errors = true;
	assert_string_equal(process_ask(&one, MAP_CONNECT, HOP), "held");
	world_settle();
	assert_true(one.held);
	shop.errors = false;
	WAIT_FOR(base, !one.held);
	assert_int_equal(one.reply.answer, ANSWER_NOTFOUND);
}

static void
asks_after_a_reload_what_was_held_before(void)
{
	shop.others = 2;
	assert_string_equal(process_ask(&one, MAP_CONNECT, HOP), "held");
	WAIT_FOR(base, shop.refusals > 0);
	world_reload("", world_rules);
	shop.others = 0;
	WAIT_FOR(base, !one.held);
	assert_int_equal(one.reply.answer, ANSWER_NOTFOUND);
}

/* -- the kernel does not tell ------------------------------------------------------------------ */

static void
keeps_what_it_saw(void)
{
	struct lane *lane = world_lane("two");

	let_connect(&one);
	kernel_open(LOCAL, REMOTE);
	look();
	kernel.refuses = true;
	kernel.count = 0;
	look();
	CHECK_LANE(lane, 1, 0, 1, 1);
	kernel.refuses = false;
}

static void
finds_out_that_it_is_blind(void)
{
	struct lane *lane = world_lane("wide");

	for (int i = 0; i < 5; i++) {
		assert_false(slots_are_blind(engine.egress->slots));
		process_dns(&one, "a.wide.test");
		process_connect(&one, "a.wide.test");
		process_ask(&one, MAP_STATUS, DELIVERED);
		look();
	}
	assert_true(slots_are_blind(engine.egress->slots));
	assert_int_equal(lane->sockets, 1); /* may be in the cache */
	world_skip(4000);
	look();
	assert_int_equal(lane->sockets, 0);
}

static void
reusing_connections_is_no_blindness(void)
{
	for (int i = 0; i < 8; i++) {
		process_dns(&one, "a.wide.test");
		process_ask(&one, MAP_STATUS, DELIVERED);
	}
	assert_false(slots_are_blind(engine.egress->slots));
}

/* Its connections may all be too short for a look. */
static void
a_successor_sees_what_the_process_before_saw(void)
{
	slots_adopted(engine.egress->slots, true);
	for (int i = 0; i < 8; i++) {
		process_dns(&one, "a.wide.test");
		process_connect(&one, "a.wide.test");
		process_ask(&one, MAP_STATUS, DELIVERED);
		look();
	}
	assert_false(slots_are_blind(engine.egress->slots));
	assert_true(slots_see(engine.egress->slots));
}

static const struct test_row {
	const char *label;
	void (*test)(void);
} test_rows[] = {
	{ "a socket takes its grant's place", a_socket_takes_its_grants_place },
	{ "one that nobody asked for counts extra", one_that_nobody_asked_for_counts_extra },
	{ "takes a socket back", takes_a_socket_back },
	{ "one that reuses takes nothing back", one_that_reuses_takes_nothing_back },
	{ "a socket is seen after its process went", a_socket_is_seen_after_its_process_went },
	{ "a grant ends without a socket", a_grant_ends_without_a_socket },
	{ "its time begins at connect", its_time_begins_at_connect },
	{ "its time begins anew when a socket goes", its_time_begins_anew_when_a_socket_goes },
	{ "grants nothing while starting", grants_nothing_while_starting },
	{ "publishes what it found", publishes_what_it_found },
	{ "lets one pass to an idle connection", lets_one_pass_to_an_idle_connection },
	{ "sends some ahead", sends_some_ahead },
	{ "asks again after an error", asks_again_after_an_error },
	{ "asks after a reload what was held before", asks_after_a_reload_what_was_held_before },
	{ "keeps what it saw", keeps_what_it_saw },
	{ "finds out that it is blind", finds_out_that_it_is_blind },
	{ "reusing connections is no blindness", reusing_connections_is_no_blindness },
	{ "a successor sees what the process before saw",
	    a_successor_sees_what_the_process_before_saw },
};

static void
run_one(void **state)
{
	const struct test_row *row = *state;

	one = two = three = (struct process){ 0 };
	world_begin("");
	row->test();
	process_hang_up(&one);
	process_hang_up(&two);
	process_hang_up(&three);
	world_end();
}

int
main(void)
{
	struct check_list list = { 0 };

	CHECK_ROWS(&list, run_one, test_rows);
	CHECK_ROWS(&list, matches_by_addresses, fit_rows);
	CHECK_ROWS(&list, says_why, words_rows);
	return check_run(&list, "slots");
}
