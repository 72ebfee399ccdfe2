/* delivery: what smtp(8) processes ask, in every order, and that nothing is counted in the end. */
#include "egress_world.h"

/* -- one delivery ------------------------------------------------------------------------------ */

static void
goes_through(void)
{
	struct process one = { 0 };
	struct lane *lane;
	uint64_t cookie;

	process_dns(&one, HOP);
	lane = world_lane("two");
	assert_int_equal(lane_open(lane), 1);
	assert_int_equal(shop.taken, 1);
	process_connect(&one, HOP);
	cookie = kernel_open(LOCAL, REMOTE);
	assert_string_equal(process_ask(&one, MAP_STATUS, DELIVERED), "");
	assert_int_equal(lane->delivered, 1);
	assert_int_equal(lane_open(lane), 1); /* until it is looked for */
	WAIT_FOR(base, lane->sockets == 1);
	assert_int_equal(lane->bare, 0);
	assert_int_equal(lane->usable - lane->taken, 1);
	WAIT_FOR(base, shop.stamps == 1);
	assert_int_equal(shop.backs, 0);
	kernel_close(cookie);
	process_hang_up(&one);
}

static const struct end_row {
	const char *label;
	const char *status; /* NULL: hangs up */
	bool connects, opens;
	unsigned stamps, backs;
	const char *counts; /* "delivered deferred bounced denied" */
} end_rows[] = {
	{ "hung up before connect", NULL, false, false, 1, 0, "0 0 0 0" }, /* perhaps reused one */
	{ "hung up after connect", NULL, true, false, 1, 0, "0 0 0 0" },
	{ "delivered", DELIVERED, true, true, 1, 0, "1 0 0 0" },
	{ "delivered over another's", DELIVERED, false, false, 1, 0, "1 0 0 0" },
	{ "no connection", REFUSED, true, false, 0, 1, "0 1 0 0" },
	{ "refused with a socket still seen", REFUSED, true, true, 0, 1, "0 1 0 0" },
	{ "bounced",
	    "5.1.1 host mx.a.two.test[192.0.2.5] said: 550 5.1.1 unknown (in reply to RCPT "
	    "TO command)",
	    true, true, 1, 0, "0 0 1 0" },
};

static void
settles_its_message(void **state)
{
	const struct end_row *row = *state;
	struct process one = { 0 };
	struct lane *lane;
	char counts[64];

	world_begin("");
	process_dns(&one, HOP);
	if (row->connects)
		process_connect(&one, HOP);
	if (row->opens)
		kernel_open(LOCAL, REMOTE);
	if (row->status != NULL)
		process_ask(&one, MAP_STATUS, row->status);
	process_hang_up(&one);
	WAIT_FOR(base, shop.stamps + shop.backs == 1);
	world_settle();
	assert_int_equal(shop.stamps, row->stamps);
	assert_int_equal(shop.backs, row->backs);
	lane = world_lane("two");
	snprintf(counts, sizeof(counts), "%u %u %u %u", (unsigned)lane->delivered,
	    (unsigned)lane->deferred, (unsigned)lane->bounced, (unsigned)lane->denied);
	assert_string_equal(counts, row->counts);
	world_end();
}

static const struct free_row {
	const char *label, *domain, *service;
} free_rows[] = {
	{ "no limit at all", "a.free.test", "mxp-free-1" },
	{ "of a site", "a.site.test", "mxp-default-1" },
	{ "not known before", "slow.two.test", "mxp-unknown-1" },
};

static void
finds_the_group(void **state)
{
	const struct free_row *row = *state;
	struct process one = { 0 };
	char text[256];

	world_begin("");
	snprintf(text, sizeof(text), "%s. 300 IN MX 10 mx.%s.", row->domain, row->domain);
	process_ask_as(&one, row->service, MAP_DNS, text);
	world_settle();
	fake_mx_answer();
	WAIT_FOR(base, !one.held);
	assert_string_equal(one.reply.text, "");
	process_connect(&one, row->domain);
	process_ask(&one, MAP_STATUS, DELIVERED);
	process_hang_up(&one);
	world_end();
}

static void
without_mx_is_denied_with_words(void)
{
	struct process one = { 0 };

	assert_string_equal(process_ask(&one, MAP_DNS, "fail.test. 300 IN MX 10 mx.a.test."),
	    "mxpace: fail.test: MX look-up: failed SERVFAIL");
	assert_int_equal(one.reply.answer, ANSWER_TEMP);
	assert_string_equal(process_ask(&one, MAP_STATUS, "4.3.0 defer"),
	    "4.7.1 mxpace: fail.test: MX look-up: failed SERVFAIL");
	assert_int_equal(one.reply.answer, ANSWER_OK);
	process_hang_up(&one);
}

/* -- deliveries without records ---------------------------------------------------------------- */

/* smtp_host_lookup = native, address literals: `connect` is all there is. */
static void
another_next_hop_is_another_delivery(void)
{
	struct process one = { 0 };

	process_connect(&one, HOP);
	assert_int_equal(lane_open(world_lane("two")), 1);
	process_ask(&one, MAP_STATUS, DELIVERED);
	process_connect(&one, "a.wide.test");
	WAIT_FOR(base, world_lane("two")->bare == 0); /* at the next look at the kernel */
	assert_int_equal(world_lane("wide")->bare, 1);
	process_ask(&one, MAP_STATUS, DELIVERED);
	assert_int_equal(world_lane("two")->delivered, 1);
	assert_int_equal(world_lane("wide")->delivered, 1);
	process_hang_up(&one);
}

static void
one_denied_is_not_denied_for_ever(void)
{
	struct process one = { 0 };

	shop.others = 2;
	assert_string_equal(process_ask(&one, MAP_CONNECT, HOP), "held");
	WAIT_FOR(base, !one.held);
	assert_int_equal(one.reply.answer, ANSWER_TEMP);
	assert_string_not_equal(process_ask(&one, MAP_CONNECT, HOP), ""); /* its next host */
	process_ask(&one, MAP_STATUS, "4.7.5 TLS configuration problem");
	shop.others = 0;
	process_connect(&one, HOP);
	process_hang_up(&one);
}

static void
an_address_literal_has_its_group(void)
{
	struct process one = { 0 };

	process_connect(&one, "[192.0.2.7]:25");
	process_ask(&one, MAP_STATUS, DELIVERED);
	assert_int_equal(world_lane("free")->delivered, 1);
	process_hang_up(&one);
}

/* -- holds ------------------------------------------------------------------------------------- */

static void
is_held_until_there_is_a_slot(void)
{
	struct process one = { 0 };

	shop.others = 2;
	assert_string_equal(process_ask(&one, MAP_CONNECT, HOP), "held");
	WAIT_FOR(base, shop.refusals > 1);
	assert_true(one.held);
	assert_int_equal(world_lane("two")->slot_waiters, 1);
	shop.others = 1;
	WAIT_FOR(base, !one.held);
	assert_int_equal(one.reply.answer, ANSWER_NOTFOUND);
	process_hang_up(&one);
}

static void
is_denied_when_its_time_is_up(void)
{
	struct process one = { 0 };

	shop.messages = 1; /* it is short before a message is; the slot came at once */
	process_dns(&one, HOP);
	process_ask(&one, MAP_STATUS, REFUSED);
	shop.messages = 0;
	assert_string_equal(process_ask(&one, MAP_DNS, HOP ". 300 IN MX 10 mx." HOP "."), "held");
	assert_int_equal(world_lane("two")->message_waiters + world_lane("two")->slot_waiters, 1);
	WAIT_FOR(base, !one.held);
	assert_int_equal(one.reply.answer, ANSWER_TEMP);
	assert_non_null(strstr(one.reply.text, "mxpace: group two: limit 4/10s reached"));
	assert_int_equal(lane_open(world_lane("two")), 0);
	assert_non_null(
	    strstr(process_ask(&one, MAP_STATUS, "4.3.0 host not found"), "4.7.1 mxpace"));
	process_hang_up(&one);
}

/* Hours: it comes again later, or by another sending IP; and neither do those who wait for its slot
 * wait on. */
static void
is_denied_at_once_when_room_is_far(void)
{
	struct process processes[4] = { 0 };
	struct lane *lane = world_lane("two"); /* 2 connections */

	shop.messages = 0;
	shop.wait_ms = 86400 * INT64_C(1000);
	for (size_t i = 0; i < COUNT(processes); i++)
		process_ask(&processes[i], MAP_DNS, HOP ". 300 IN MX 10 mx." HOP ".");
	for (size_t i = 0; i < COUNT(processes); i++) {
		WAIT_FOR(base, !processes[i].held);
		assert_int_equal(processes[i].reply.answer, ANSWER_TEMP);
		assert_true(span_starts(span_of(processes[i].reply.text),
		    span_of(
			"mxpace: group two: limit 4/10s reached, next message in 1d; waited ")));
		assert_non_null(
		    strstr(process_ask(&processes[i], MAP_STATUS, "4.3.0 host not found"),
			"4.7.1 mxpace"));
	}
	assert_int_equal(lane_open(lane), 0);
	assert_int_equal(lane->denied, 4);
	assert_int_equal(process_ask(&processes[0], MAP_DNS, HOP ". 300 IN MX 10 mx." HOP ".")[0],
	    'm');
	process_ask(&processes[0], MAP_STATUS, "4.3.0 host not found");
	world_skip(MESSAGE_QUESTION_AGAIN_MS + 1); /* Redis is asked again */
	shop.messages = -1;
	process_dns(&processes[0], HOP);
	process_ask(&processes[0], MAP_STATUS, DELIVERED);
	for (size_t i = 0; i < COUNT(processes); i++)
		process_hang_up(&processes[i]);
}

/* Slot and message share one time: Postfix would not wait for both. */
static void
both_holds_share_one_time(void)
{
	struct process one = { 0 };
	int64_t began_ms;

	shop.others = 2;
	shop.messages = 0;
	began_ms = clock_monotonic_ms();
	assert_string_equal(process_ask(&one, MAP_CONNECT, HOP), "held");
	WAIT_FOR(base, shop.refusals > 0);
	world_skip(900);
	shop.others = 0;
	WAIT_FOR(base, !one.held);
	assert_int_equal(one.reply.answer, ANSWER_TEMP);
	assert_in_range(clock_monotonic_ms() - began_ms, 990, 1600);
	process_hang_up(&one);
}

#define A_RECORD "mx." HOP ". 300 IN A " REMOTE

/* The time of one look-up is up: of all timers, only a hold's are set so far ahead. */
static void
look_up_ends(struct process *process)
{
	struct timers timers = { .count = 0 };
	struct timeval due, now, far = { 50, 0 };

	world_settle();
	event_base_gettimeofday_cached(base, &now);
	evutil_timeradd(&now, &far, &far);
	world_skip(60000);
	event_base_foreach_event(base, collect_timer, &timers);
	for (size_t i = 0; i < timers.count; i++)
		if (event_pending(timers.events[i], EV_TIMEOUT, &due) &&
		    evutil_timercmp(&due, &far, >))
			event_active(timers.events[i], EV_TIMEOUT, 0);
	WAIT_FOR(base, !process->held);
}

/* The first who wait are sent on to `connect`. */
static void
send_ahead(struct process *process, const char *domain)
{
	char record[256];

	snprintf(record, sizeof(record), "%s. 300 IN MX 10 mx.%s.", domain, domain);
	process_ask(process, MAP_DNS, record);
	WAIT_FOR(base, !process->held);
}

static void
waits_on_at_its_next_look_up(void)
{
	struct process ahead = { 0 }, one = { 0 }, other = { 0 };

	shop.others = 2;
	send_ahead(&ahead, HOP);
	assert_string_equal(process_ask(&one, MAP_DNS, HOP ". 300 IN MX 10 mx." HOP "."), "held");
	look_up_ends(&one);
	assert_int_equal(one.reply.answer, ANSWER_NOTFOUND);
	assert_string_equal(process_ask(&one, MAP_DNS, A_RECORD), "held");
	look_up_ends(&one);
	assert_int_equal(one.reply.answer, ANSWER_NOTFOUND);
	assert_string_equal(process_ask(&other, MAP_DNS, HOP ". 300 IN MX 10 mx." HOP "."), "held");
	assert_string_equal(process_ask(&one, MAP_CONNECT, HOP), "held");
	assert_int_equal(world_lane("two")->slot_waiters, 2);
	shop.others = 1; /* for one, and that is the one who came first */
	WAIT_FOR(base, !one.held);
	assert_int_equal(one.reply.answer, ANSWER_NOTFOUND);
	assert_true(other.held);
	assert_int_equal(shop.taken, 2); /* one is his who was sent ahead */
	process_ask(&one, MAP_STATUS, DELIVERED);
	process_hang_up(&one);
	process_hang_up(&other);
	process_hang_up(&ahead);
}

static void
waits_on_for_a_message(void)
{
	struct process one = { 0 };

	shop.messages = 0;
	assert_string_equal(process_ask(&one, MAP_DNS, HOP ". 300 IN MX 10 mx." HOP "."), "held");
	WAIT_FOR(base, world_lane("two")->message_waiters == 1);
	look_up_ends(&one);
	assert_int_equal(one.reply.answer, ANSWER_NOTFOUND);
	assert_string_equal(process_ask(&one, MAP_CONNECT, HOP), "held");
	assert_int_equal(world_lane("two")->message_waiters, 1);
	shop.messages = 1;
	WAIT_FOR(base, !one.held);
	assert_int_equal(one.reply.answer, ANSWER_NOTFOUND);
	assert_int_equal(lane_open(world_lane("two")), 1);
	process_ask(&one, MAP_STATUS, DELIVERED);
	process_hang_up(&one);
}

static void
takes_what_came_between_two_look_ups(void)
{
	struct process ahead = { 0 }, one = { 0 };

	shop.others = 2;
	send_ahead(&ahead, HOP);
	assert_string_equal(process_ask(&one, MAP_DNS, HOP ". 300 IN MX 10 mx." HOP "."), "held");
	look_up_ends(&one);
	shop.others = 0;
	WAIT_FOR(base, shop.taken == 2);
	world_settle();
	assert_string_equal(process_ask(&one, MAP_DNS, A_RECORD), "");
	assert_string_equal(process_ask(&one, MAP_CONNECT, HOP), "");
	process_ask(&one, MAP_STATUS, DELIVERED);
	process_hang_up(&one);
	process_hang_up(&ahead);
}

static void
is_denied_where_no_look_up_follows(void)
{
	struct process ahead = { 0 }, one = { 0 };

	shop.others = 2;
	send_ahead(&ahead, HOP);
	assert_string_equal(process_ask(&one, MAP_DNS, HOP ". 300 IN MX 10 mx." HOP "."), "held");
	look_up_ends(&one);
	assert_string_equal(process_ask(&one, MAP_CONNECT, HOP), "held");
	look_up_ends(&one);
	assert_int_equal(one.reply.answer, ANSWER_TEMP);
	assert_non_null(strstr(one.reply.text, "waited 2m"));
	process_ask(&one, MAP_STATUS, "4.7.5 TLS configuration problem");
	process_hang_up(&one);
	process_hang_up(&ahead);
}

/* What others share is not held up for longer than one look-up. */
static void
waits_once_in_what_others_share(void)
{
	struct process ahead = { 0 }, one = { 0 };

	shop.others = 1;
	send_ahead(&ahead, "a.small.test");
	assert_string_equal(process_ask_as(&one, "mxp-default-1", MAP_DNS,
				"a.small.test. 300 IN MX 10 mx.a.small.test."),
	    "held");
	WAIT_FOR(base, shop.refusals > 0);
	look_up_ends(&one);
	assert_int_equal(one.reply.answer, ANSWER_TEMP);
	process_ask(&one, MAP_STATUS, "4.3.0 host not found");
	process_hang_up(&one);
	process_hang_up(&ahead);
}

/* The cache is for who waits for the same next hop. */
static void
caches_what_another_waits_for(void)
{
	struct process one = { 0 }, ahead = { 0 }, other = { 0 };

	process_dns(&one, HOP);
	assert_int_equal(one.reply.answer, ANSWER_NOTFOUND);
	assert_string_equal(process_ask(&one, MAP_CACHE, HOP), "");
	process_connect(&one, HOP);
	kernel_open(LOCAL, REMOTE);
	shop.others = 2;
	send_ahead(&ahead, "b.two.test");
	assert_string_equal(process_ask(&other, MAP_DNS, HOP ". 300 IN MX 10 mx." HOP "."), "held");
	assert_string_equal(process_ask(&one, MAP_CACHE, HOP), "waited for");
	assert_int_equal(one.reply.answer, ANSWER_OK);
	assert_string_equal(process_ask(&ahead, MAP_CACHE, "b.two.test"), "");
	process_hang_up(&other); /* and nobody else does */
	assert_string_equal(process_ask(&one, MAP_CACHE, HOP), "");
	process_ask(&one, MAP_STATUS, DELIVERED);
	process_hang_up(&ahead);
	process_hang_up(&one);
}

/* A reload may end enforcing while a look-up is held. */
static void
one_held_is_answered_after_enforcing_has_ended(void)
{
	struct process one = { 0 };

	shop.others = 2;
	assert_string_equal(process_ask(&one, MAP_CONNECT, HOP), "held");
	WAIT_FOR(base, shop.refusals > 0);
	world_reload("enforce = \"observe\";", world_rules);
	WAIT_FOR(base, !one.held);
	assert_int_equal(one.reply.answer, ANSWER_NOTFOUND);
	process_hang_up(&one);
}

static void
a_slot_is_asked_for_with_the_stamp_of_then(void)
{
	struct process one = { 0 };
	int64_t stamp;

	process_dns(&one, HOP);
	process_connect(&one, HOP);
	process_ask(&one, MAP_CONNECT, HOP); /* the next host: waits with its message */
	WAIT_FOR(base, !one.held);
	shop.others = 2;
	assert_string_equal(process_ask(&one, MAP_CONNECT, HOP), "held");
	WAIT_FOR(base, shop.refusals > 0);
	stamp = shop.stamp;
	assert_true(stamp > 0);
	world_skip(6000); /* more than half of 10s */
	WAIT_FOR(base, shop.stamps == 1);
	world_settle();
	shop.refusals = 0;
	WAIT_FOR(base, shop.refusals > 0);
	assert_in_range(shop.stamp - stamp, 6000, 7000);
	process_hang_up(&one);
}

static void
asks_on_from_within_an_answer(void)
{
	struct process one = { .next_map = MAP_CONNECT, .next_key = HOP };

	assert_string_equal(process_ask(&one, MAP_DNS, HOP ". 300 IN MX 10 mx." HOP "."), "held");
	WAIT_FOR(base, one.answers == 1);
	assert_false(one.held);
	assert_int_equal(lane_open(world_lane("two")), 1);
	process_hang_up(&one);
}

/* -- hanging up -------------------------------------------------------------------------------- */

static const struct gone_row {
	const char *label, *key;
	enum sockmap_map map;
	int64_t others, messages;
	bool answers_held, within; /* Redis holds its answers back; hangs up within an answer */
} gone_rows[] = {
	{ "while its group is looked up", "slow.two.test. 300 IN MX 10 mx.a.two.test.", MAP_DNS, 0,
	    -1, false, false },
	{ "while a slot is asked for", HOP ". 300 IN MX 10 mx." HOP ".", MAP_DNS, 0, -1, true,
	    false },
	{ "while it waits for a slot", HOP ". 300 IN MX 10 mx." HOP ".", MAP_DNS, 9, 0, false,
	    false },
	{ "while it waits at connect", HOP, MAP_CONNECT, 9, -1, false, false },
	{ "while it waits for a message", HOP ". 300 IN MX 10 mx." HOP ".", MAP_DNS, 0, 0, false,
	    false },
	{ "within the answer", HOP, MAP_CONNECT, 0, -1, false, true },
};

static void
lets_go_of_one_who_hangs_up(void **state)
{
	const struct gone_row *row = *state;
	struct process one = { .hangs_up = row->within };

	world_begin("");
	shop.others = row->others;
	shop.messages = row->messages;
	redis.holding = row->answers_held;
	assert_string_equal(process_ask(&one, row->map, row->key), "held");
	if (row->within)
		WAIT_FOR(base, one.answers == 1);
	world_settle();
	process_hang_up(&one);
	fake_release(&redis);
	world_settle();
	fake_mx_answer();
	world_end();
}

/* What Redis granted to one who has gone is not kept. */
static void
gives_back_what_came_too_late(void)
{
	struct process one = { 0 };

	shop.messages = 0;
	process_ask(&one, MAP_DNS, HOP ". 300 IN MX 10 mx." HOP ".");
	WAIT_FOR(base, *world_lane("two")->message_words != '\0');
	shop.messages = 1;
	redis.holding = true;
	WAIT_FOR(base, shop.taken == 1);
	process_hang_up(&one);
	fake_release(&redis);
	WAIT_FOR(base, shop.backs == 1);
	assert_int_equal(shop.told, 0);
}

/* -- observing --------------------------------------------------------------------------------- */

static void
observing_answers_at_once(void)
{
	struct process one = { 0 };

	world_reload("enforce = \"observe\";", world_rules);
	shop.others = 9;
	assert_string_equal(process_ask(&one, MAP_DNS, HOP ". 300 IN MX 10 mx." HOP "."), "");
	assert_string_equal(process_ask(&one, MAP_CONNECT, HOP), "");
	assert_string_equal(process_ask(&one, MAP_STATUS, DELIVERED), "");
	/* It waits for nothing any more. */
	assert_int_equal(lane_waiting(world_lane("two")), 0);
	shop.others = 0;
	world_settle();
	assert_int_equal(lane_open(world_lane("two")), 0);
	assert_int_equal(shop.taken, 0);
	process_hang_up(&one);
}

static void
observing_does_not_look_up_what_has_ended(void)
{
	struct process one = { 0 };

	world_reload("enforce = \"observe\";", world_rules);
	assert_string_equal(
	    process_ask(&one, MAP_DNS, "slow.two.test. 300 IN MX 10 mx.slow.two.test."), "");
	process_ask(&one, MAP_STATUS, DELIVERED);
	fake_mx_answer();
	world_settle();
	assert_int_equal(lane_open(world_lane("two")), 0);
	process_hang_up(&one);
}

/* -- to another process ------------------------------------------------------------------------ */

/* A restart, as far as a delivery is concerned: `from` has gone, `to` goes on with it. */
static void
hand_over(struct process *from, struct process *to)
{
	struct str out = { 0 };
	struct unpack in;

	WAIT_FOR(base, delivery_park(from->delivery));
	from->held = false;
	delivery_pack(from->delivery, &out);
	process_hang_up(from);
	world_settle();
	to->delivery = delivery_new(engine.egress, on_process_answered, to);
	in = unpack_make(span_make(out.data, out.len));
	delivery_unpack(to->delivery, &in);
	assert_false(in.failed);
	assert_int_equal(in.at, out.len);
	slots_adopted(engine.egress->slots, false);
	str_free(&out);
}

static void
goes_on_with_its_connection(void)
{
	struct process one = { 0 }, two = { 0 };
	struct lane *lane;

	process_dns(&one, HOP);
	process_connect(&one, HOP);
	hand_over(&one, &two);
	lane = world_lane("two");
	assert_int_equal(shop.stamps + shop.backs, 0);
	assert_int_equal(lane_open(lane), 1);
	assert_int_equal(lane->under_way, 1);
	kernel_open(LOCAL, REMOTE);
	WAIT_FOR(base, lane->sockets == 1);
	assert_int_equal(lane->bare, 0); /* it is its own */
	assert_string_equal(process_ask(&two, MAP_STATUS, DELIVERED), "");
	WAIT_FOR(base, shop.stamps == 1); /* its message, at its end */
	assert_int_equal(shop.taken, 1);
	assert_int_equal(shop.backs, 0);
	assert_int_equal(lane->delivered, 1);
	assert_int_equal(lane->under_way, 0);
	process_hang_up(&two);
}

static void
goes_on_before_its_connection(void)
{
	struct process one = { 0 }, two = { 0 };

	process_dns(&one, HOP);
	hand_over(&one, &two);
	assert_string_equal(process_ask(&two, MAP_DNS, "mx." HOP ". 300 IN A " REMOTE), "");
	process_connect(&two, HOP);
	assert_int_equal(shop.taken, 1); /* no other one */
	assert_string_equal(process_ask(&two, MAP_STATUS, REFUSED), "");
	WAIT_FOR(base, shop.backs == 1);
	process_hang_up(&two);
}

static void
waits_on_in_another_process(void)
{
	struct process one = { 0 }, two = { 0 }, late = { 0 };
	unsigned refusals;

	shop.others = 2;
	assert_string_equal(process_ask(&one, MAP_CONNECT, HOP), "held");
	WAIT_FOR(base, shop.refusals > 1);
	hand_over(&one, &two);
	assert_int_equal(world_lane("two")->slot_waiters, 0);
	assert_string_equal(process_ask(&late, MAP_CONNECT, HOP), "held");
	assert_string_equal(process_ask(&two, MAP_CONNECT, HOP), "held"); /* the same again */
	refusals = shop.refusals;
	WAIT_FOR(base, shop.refusals > refusals + 2); /* none is under way for the late one */
	shop.others = 1;
	WAIT_FOR(base, !two.held); /* it came first */
	assert_true(late.held);
	assert_int_equal(two.reply.answer, ANSWER_NOTFOUND);
	process_hang_up(&two);
	process_hang_up(&late);
}

static void
stays_denied_in_another_process(void)
{
	struct process one = { 0 }, two = { 0 };

	assert_non_null(strstr(process_ask(&one, MAP_DNS, "fail.test. 300 IN MX 10 mx.a.test."),
	    "MX look-up: failed"));
	hand_over(&one, &two);
	assert_string_equal(process_ask(&two, MAP_STATUS, "4.3.0 defer"),
	    "4.7.1 mxpace: fail.test: MX look-up: failed SERVFAIL");
	process_hang_up(&two);
}

static const struct test_row {
	const char *label;
	void (*test)(void);
	const char *conf;
} test_rows[] = {
	{ "goes through", goes_through, "" },
	{ "without mx is denied with words", without_mx_is_denied_with_words, "" },
	{ "another next hop is another delivery", another_next_hop_is_another_delivery, "" },
	{ "one denied is not denied for ever", one_denied_is_not_denied_for_ever,
	    "hold = \"200ms\";" },
	{ "an address literal has its group", an_address_literal_has_its_group, "" },
	{ "is held until there is a slot", is_held_until_there_is_a_slot, "" },
	{ "is denied when its time is up", is_denied_when_its_time_is_up, "hold = \"200ms\";" },
	{ "is denied at once when room is far", is_denied_at_once_when_room_is_far, "" },
	{ "both holds share one time", both_holds_share_one_time, "hold = \"1s\";" },
	{ "waits on at its next look-up", waits_on_at_its_next_look_up, "hold = \"150s\";" },
	{ "waits on for a message", waits_on_for_a_message, "hold = \"150s\";" },
	{ "takes what came between two look-ups", takes_what_came_between_two_look_ups,
	    "hold = \"150s\";" },
	{ "is denied where no look-up follows", is_denied_where_no_look_up_follows,
	    "hold = \"150s\";" },
	{ "waits once in what others share", waits_once_in_what_others_share, "hold = \"150s\";" },
	{ "caches what another waits for", caches_what_another_waits_for, "" },
	{ "one held is answered after enforcing has ended",
	    one_held_is_answered_after_enforcing_has_ended, "hold = \"1s\";" },
	{ "a slot is asked for with the stamp of then", a_slot_is_asked_for_with_the_stamp_of_then,
	    "" },
	{ "asks on from within an answer", asks_on_from_within_an_answer, "" },
	{ "gives back what came too late", gives_back_what_came_too_late, "" },
	{ "observing answers at once", observing_answers_at_once, "" },
	{ "observing does not look up what has ended", observing_does_not_look_up_what_has_ended,
	    "" },
	{ "goes on with its connection", goes_on_with_its_connection, "" },
	{ "goes on before its connection", goes_on_before_its_connection, "" },
	{ "waits on in another process", waits_on_in_another_process, "" },
	{ "stays denied in another process", stays_denied_in_another_process, "" },
};

static void
run_one(void **state)
{
	const struct test_row *row = *state;

	world_begin(row->conf);
	row->test();
	world_end();
}

int
main(void)
{
	struct check_list list = { 0 };

	CHECK_ROWS(&list, run_one, test_rows);
	CHECK_ROWS(&list, settles_its_message, end_rows);
	CHECK_ROWS(&list, finds_the_group, free_rows);
	CHECK_ROWS(&list, lets_go_of_one_who_hangs_up, gone_rows);
	return check_run(&list, "delivery");
}
