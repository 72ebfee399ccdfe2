/* budget: who may send a message, and what becomes of it. */
#include "egress_world.h"

struct asker {
	struct message message;
	unsigned answers;
	enum budget_answer answer;
	int64_t patience_ms; /* 0: an hour */
	bool cancels;        /* from within the answer */
};

static struct asker askers[24];
static struct lane *lane;

static void
on_answer(void *arg, enum budget_answer answer)
{
	struct asker *asker = arg;

	asker->answers++;
	asker->answer = answer;
	if (asker->cancels)
		budgets_cancel(engine.egress->budgets, &asker->message);
}

static void
ask(struct asker *asker)
{
	budgets_ask(engine.egress->budgets, &asker->message, lane,
	    asker->patience_ms > 0 ? asker->patience_ms : 3600000, on_answer, asker);
	assert_int_equal(asker->answers, 0); /* never within the call */
}

static void
ask_all(void)
{
	for (size_t i = 0; i < COUNT(askers); i++)
		ask(&askers[i]);
}

static unsigned
answered(void)
{
	unsigned n = 0;

	for (size_t i = 0; i < COUNT(askers); i++)
		n += askers[i].answers;
	return n;
}

static void
end(struct asker *asker, bool sent)
{
	static const struct message_ended one = { .delivered = 1 };

	messages_end(engine.egress->messages, &asker->message, sent, &one);
}

/* -- taking ------------------------------------------------------------------------------------ */

static void
first_come_first_served(void)
{
	shop.messages = 3;
	ask_all();
	WAIT_FOR(base, *lane->message_words != '\0');
	assert_int_equal(shop.taken, 3);
	for (size_t i = 0; i < COUNT(askers); i++)
		assert_int_equal(askers[i].answers, i < 3);
	assert_int_equal(lane->message_waiters, COUNT(askers) - 3);
	assert_string_equal(lane->message_words, "limit 4/10s reached, next message in 1s");
	shop.messages = 100;
	WAIT_FOR(base, answered() == COUNT(askers));
	assert_int_equal(lane->message_waiters, 0);
	assert_int_equal(lane->messages, COUNT(askers));
	assert_int_equal(lane->ledger.sent, COUNT(askers));
}

static void
asks_for_few_at_once(void)
{
	redis.holding = true;
	ask_all();
	assert_int_equal(lane->message_asking, BUDGET_ASK_AT_ONCE);
	fake_release(&redis);
	WAIT_FOR(base, answered() == COUNT(askers));
}

static void
waits_while_paused(void)
{
	shop.paused = true;
	ask(&askers[0]);
	WAIT_FOR(base, *lane->message_words != '\0');
	assert_string_equal(lane->message_words, "paused: night");
	shop.paused = false;
	WAIT_FOR(base, askers[0].answers == 1);
}

/* The route look-up passes over it (route_decide.h). */
static void
knows_that_it_is_suspended_for_long(void)
{
	shop.suspended_ms = (LANE_FAR_S + 60) * 1000;
	ask(&askers[0]);
	WAIT_FOR(base, *lane->message_words != '\0');
	assert_string_equal(lane->message_words, "suspended by backoff for 11m: spam");
	assert_true(lane_suspended_ms(lane, clock_monotonic_ms()) > 0);
	shop.suspended_ms = 0;
	WAIT_FOR(base, askers[0].answers == 1);
	assert_int_equal(lane_suspended_ms(lane, clock_monotonic_ms()), 0);
}

/* The limits changed while it was asked about: what the old ones said of room is forgotten. */
static void
asks_again_when_the_limits_changed(void)
{
	shop.messages = 0;
	redis.holding = true;
	ask(&askers[0]);
	WAIT_FOR(base, fake_has(&redis, ":conn:"));
	world_reload("level = \"boost\";", world_rules);
	shop.messages = 5;
	fake_release(&redis);
	WAIT_FOR(base, askers[0].answers == 1);
	assert_string_equal(lane->message_words, "");
	assert_int_equal(lane->short_ms, 0);
}

/* A reload reaches those who wait already. */
static void
follows_a_reload(void)
{
	int64_t before = lane->limits.limits[0].count;

	shop.messages = 0;
	ask(&askers[0]);
	WAIT_FOR(base, *lane->message_words != '\0');
	world_reload("level = \"boost\";", world_rules);
	assert_true(lane->limits.limits[0].count > before);
	assert_int_equal(lane->full_until_ms, 0);
	shop.messages = 5;
	WAIT_FOR(base, askers[0].answers == 1);
}

static void
tries_again_after_an_error(void)
{
	shop.errors = true;
	ask(&askers[0]);
	WAIT_FOR(base, *lane->message_words != '\0');
	assert_non_null(strstr(lane->message_words, "store: "));
	shop.errors = false;
	WAIT_FOR(base, askers[0].answers == 1);
}

static void
gives_back_what_nobody_waits_for(void)
{
	redis.holding = true;
	ask(&askers[0]);
	WAIT_FOR(base, shop.taken == 1);
	budgets_cancel(engine.egress->budgets, &askers[0].message);
	fake_release(&redis);
	WAIT_FOR(base, shop.backs == 1);
	assert_int_equal(lane->ledger.sent, 0);
}

/* The answer's own call gives it back: the ledger says so too. */
static void
may_be_given_back_within_the_answer(void)
{
	askers[0].cancels = true;
	ask(&askers[0]);
	WAIT_FOR(base, shop.backs == 1);
	assert_int_equal(shop.told, 0);
	assert_int_equal(lane->ledger.sent, 0);
	assert_int_equal(ledger_used(&lane->ledger, 0, clock_monotonic_ms()), 0);
}

/* Who has less patience than there is to wait is told so, and waits no more; the others do. */
static void
turns_away_who_would_wait_too_long(void)
{
	shop.messages = 1;
	shop.wait_ms = (LANE_FAR_S + 60) * INT64_C(1000);
	for (int i = 0; i < 4; i++)
		askers[i].patience_ms = i % 2 ? 60000 : 2 * shop.wait_ms;
	for (int i = 0; i < 4; i++)
		ask(&askers[i]);
	WAIT_FOR(base, answered() == 3);
	world_settle();
	assert_int_equal(askers[0].answer, BUDGET_TAKEN);
	assert_int_equal(askers[1].answer, BUDGET_FAR);
	assert_int_equal(askers[2].answers, 0);
	assert_int_equal(askers[3].answer, BUDGET_FAR);
	assert_int_equal(lane->message_waiters, 1);
	assert_int_equal(lane->under_way, 1);
	assert_string_equal(lane->message_words, "limit 4/10s reached, next message in 11m");
	shop.messages = 1; /* what another node gave back */
	WAIT_FOR(base, askers[2].answers == 1);
	assert_int_equal(askers[2].answer, BUDGET_TAKEN);
	end(&askers[0], true);
	end(&askers[2], true);
	assert_int_equal(lane->under_way, 0);
}

/* Deferred mail may come again only after that. */
static void
keeps_who_waits_a_moment_too_long(void)
{
	shop.messages = 0;
	shop.wait_ms = (LANE_FAR_S - 60) * INT64_C(1000);
	askers[0].patience_ms = 60000;
	ask(&askers[0]);
	WAIT_FOR(base, *lane->message_words != '\0');
	world_settle();
	assert_int_equal(lane->message_waiters, 1);
}

static void
on_told(void *arg, enum budget_answer answer)
{
	on_answer(arg, answer);
	for (size_t i = 0; i < COUNT(askers); i++)
		budgets_cancel(engine.egress->budgets, &askers[i].message);
}

static void
may_cancel_others_when_told(void)
{
	shop.messages = 0;
	shop.wait_ms = 2 * LANE_FAR_S * INT64_C(1000);
	for (int i = 0; i < 4; i++)
		budgets_ask(engine.egress->budgets, &askers[i].message, lane, 1000, on_told,
		    &askers[i]);
	WAIT_FOR(base, answered() > 0);
	world_settle();
	assert_int_equal(answered(), 1);
	assert_int_equal(lane->message_waiters, 0);
}

/* -- what becomes of it ------------------------------------------------------------------------ */

static void
is_stamped_or_given_back(void)
{
	ask(&askers[0]);
	ask(&askers[1]);
	WAIT_FOR(base, answered() == 2);
	world_skip(3000);
	end(&askers[0], true);
	end(&askers[1], false);
	end(&askers[1], true); /* it has ended already */
	WAIT_FOR(base, shop.stamps == 1 && shop.backs == 1);
	assert_int_equal(ledger_used(&lane->ledger, 0, clock_monotonic_ms()), 1);
	world_skip(8000); /* 11 s after the take, 8 s after its end */
	assert_int_equal(ledger_used(&lane->ledger, 0, clock_monotonic_ms()), 1);
	assert_int_equal(lane->ledger.sent, 1);
}

static void
a_long_delivery_is_stamped_meanwhile(void)
{
	int64_t before_ms;

	ask(&askers[0]);
	WAIT_FOR(base, answered() == 1);
	before_ms = askers[0].message.stamp_ms;
	world_skip(6000);
	WAIT_FOR(base, askers[0].message.stamp_ms - before_ms >= 6000);
	assert_int_equal(shop.stamps, 1);
}

static const struct renewal_row {
	const char *label;
	bool sent;
	unsigned stamps, backs;
} renewal_rows[] = {
	{ "sent", true, 2, 0 },
	{ "not sent", false, 1, 1 },
};

/* Its end waits for the stamp that is under way. */
static void
ends_while_it_is_stamped(void **state)
{
	const struct renewal_row *row = *state;

	world_begin("");
	memset(askers, 0, sizeof(askers));
	lane = world_lane("two");
	ask(&askers[0]);
	WAIT_FOR(base, answered() == 1);
	redis.holding = true;
	world_skip(6000);
	WAIT_FOR(base, askers[0].message.renewal != NULL);
	end(&askers[0], row->sent);
	world_settle();
	fake_release(&redis);
	WAIT_FOR(base, shop.stamps == row->stamps && shop.backs == row->backs);
	world_end();
}

/* -- without Redis ----------------------------------------------------------------------------- */

static void
decides_locally(void)
{
	fake_stop(&redis);
	WAIT_FOR(base, egress_mode(engine.egress) == EGRESS_LOCAL);
	ask_all();
	WAIT_FOR(base, answered() == 4);
	world_settle();
	assert_int_equal(answered(), 4); /* a node alone has all of 4/10s */
	assert_string_equal(lane->message_words,
	    "this node's part of limit 4/10s reached while Redis is away");
	assert_true(lane->unrestored);
	world_skip(11000);
	WAIT_FOR(base, answered() == 8);
}

static void
is_not_counted_as_sent_to_nobody(void)
{
	ask(&askers[0]);
	WAIT_FOR(base, answered() == 1);
	fake_stop(&redis);
	WAIT_FOR(base, egress_mode(engine.egress) == EGRESS_LOCAL);
	end(&askers[0], false);
	assert_int_equal(ledger_used(&lane->ledger, 0, clock_monotonic_ms()), 0);
}

static const struct test_row {
	const char *label;
	void (*test)(void);
} test_rows[] = {
	{ "first come, first served", first_come_first_served },
	{ "asks for few at once", asks_for_few_at_once },
	{ "waits while paused", waits_while_paused },
	{ "knows that it is suspended for long", knows_that_it_is_suspended_for_long },
	{ "turns away who would wait too long", turns_away_who_would_wait_too_long },
	{ "keeps who waits a moment too long", keeps_who_waits_a_moment_too_long },
	{ "one who is told may cancel others", may_cancel_others_when_told },
	{ "asks again when the limits changed", asks_again_when_the_limits_changed },
	{ "follows a reload", follows_a_reload },
	{ "tries again after an error", tries_again_after_an_error },
	{ "gives back what nobody waits for", gives_back_what_nobody_waits_for },
	{ "may be given back within the answer", may_be_given_back_within_the_answer },
	{ "is stamped or given back", is_stamped_or_given_back },
	{ "a long delivery is stamped meanwhile", a_long_delivery_is_stamped_meanwhile },
	{ "decides locally", decides_locally },
	{ "is not counted as sent to nobody", is_not_counted_as_sent_to_nobody },
};

static void
run_one(void **state)
{
	const struct test_row *row = *state;

	memset(askers, 0, sizeof(askers));
	world_begin("");
	lane = world_lane("two");
	row->test();
	for (size_t i = 0; i < COUNT(askers); i++)
		budgets_cancel(engine.egress->budgets, &askers[i].message);
	world_end();
}

int
main(void)
{
	struct check_list list = { 0 };

	CHECK_ROWS(&list, run_one, test_rows);
	CHECK_ROWS(&list, ends_while_it_is_stamped, renewal_rows);
	return check_run(&list, "budget");
}
