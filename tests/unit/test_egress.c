/* egress: who decides while Redis goes and comes. */
#include "egress_world.h"

static const struct mode_row {
	const char *label, *conf;
	enum egress_mode mode; /* while Redis is away */
} mode_rows[] = {
	{ "the default", "", EGRESS_LOCAL },
	{ "local", "on_store_failure = \"local\";", EGRESS_LOCAL },
	{ "permit", "on_store_failure = \"permit\";", EGRESS_PERMIT },
	{ "defer", "on_store_failure = \"defer\";", EGRESS_DEFER },
};

static void
has_its_mode(void **state)
{
	const struct mode_row *row = *state;

	world_begin(row->conf);
	assert_int_equal(egress_mode(engine.egress), EGRESS_FLEET);
	egress_on_store(engine.egress, false);
	assert_int_equal(egress_mode(engine.egress), row->mode);
	egress_on_store(engine.egress, true);
	assert_int_equal(egress_mode(engine.egress), row->mode); /* until all have told it */
	world_skip(EGRESS_SETTLE_S * 1000);
	WAIT_FOR(base, egress_mode(engine.egress) == EGRESS_FLEET);
	world_end();
}

static const struct failing_row {
	const char *label, *conf;
	unsigned answered; /* of three at a limit of two */
} failing_rows[] = {
	{ "local", "hold = \"200ms\";", 2 },
	{ "permit", "hold = \"200ms\"; on_store_failure = \"permit\";", 3 },
	{ "defer", "hold = \"200ms\"; on_store_failure = \"defer\";", 0 },
};

static void
decides_while_redis_is_away(void **state)
{
	const struct failing_row *row = *state;
	struct process processes[3] = { 0 };
	unsigned answered = 0;

	world_begin(row->conf);
	fake_stop(&redis);
	WAIT_FOR(base, egress_mode(engine.egress) != EGRESS_FLEET);
	for (size_t i = 0; i < 3; i++)
		process_ask(&processes[i], MAP_CONNECT, HOP);
	for (size_t i = 0; i < 3; i++) {
		WAIT_FOR(base, !processes[i].held);
		answered += processes[i].reply.answer == ANSWER_NOTFOUND;
	}
	assert_int_equal(answered, row->answered);
	for (size_t i = 0; i < 3; i++)
		process_hang_up(&processes[i]);
	world_end();
}

/* Those that wait when Redis goes are decided without it. */
static void
decides_what_was_held_before(void **state)
{
	struct process one = { 0 };

	(void)state;
	world_begin("");
	redis.holding = true;
	assert_string_equal(process_ask(&one, MAP_CONNECT, HOP), "held");
	world_settle();
	fake_stop(&redis);
	redis.holding = false;
	WAIT_FOR(base, !one.held);
	assert_int_equal(one.reply.answer, ANSWER_NOTFOUND);
	process_hang_up(&one);
	world_end();
}

/* A Redis it is moved to by a reload knows of nothing. */
static void
tells_another_redis(void **state)
{
	struct process one = { 0 };
	char text[256];
	struct err err;

	(void)state;
	world_begin("");
	process_dns(&one, HOP);
	process_connect(&one, HOP);
	other_redis.answer = shop_answer;
	snprintf(text, sizeof(text),
	    "state_dir = \"/nowhere\"; enforce = \"egress\"; hold = \"1s\";");
	assert_int_equal(engine_swap(&engine, engine_settings(&other_redis, text),
			     engine_rules_of(world_rules), &err),
	    0);
	WAIT_FOR(base, fake_has(&other_redis, "HSET mxpace:{g:two}:conn:192.0.2.1 mta1 1 until"));
	WAIT_FOR(base, fake_has(&other_redis, "mxpace:{g:two}:told:192.0.2.1"));
	process_hang_up(&one);
	world_end();
}

static void
ends_with_everything_under_way(void **state)
{
	struct process one = { 0 }, two = { 0 }, three = { 0 };

	(void)state;
	world_begin("");
	process_dns(&one, HOP);
	process_connect(&one, HOP);
	kernel_open(LOCAL, REMOTE);
	process_ask(&one, MAP_STATUS, DELIVERED); /* an offer, a grant that ends at the next look */
	process_dns(&one, HOP);
	world_skip(6000);
	redis.holding = true;
	world_settle(); /* a message stamped anew */
	process_ask(&two, MAP_CONNECT, HOP);
	process_ask(&three, MAP_DNS, "slow.two.test. 300 IN MX 10 mx.slow.two.test.");
	process_hang_up(&one);
	process_hang_up(&two);
	process_hang_up(&three);
	engine_take_down();
}

int
main(void)
{
	struct check_list list = { 0 };

	CHECK_ROWS(&list, has_its_mode, mode_rows);
	CHECK_ROWS(&list, decides_while_redis_is_away, failing_rows);
	CHECK(&list, decides_what_was_held_before);
	CHECK(&list, tells_another_redis);
	CHECK(&list, ends_with_everything_under_way);
	return check_run(&list, "egress");
}
