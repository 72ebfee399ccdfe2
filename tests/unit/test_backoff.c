/* backoff: what of the providers' replies is a complaint, and what follows. */
#include "egress_world.h"

static const struct grey_row {
	const char *label, *status;
	bool grey;
} grey_rows[] = {
	{ "greylisting", "4.7.0 host a[1] said: 450 4.7.0 Greylisted, try again", true },
	{ "graylisting", "4.7.0 450 Gray-listed", true },
	{ "postgrey", "4.2.0 450 see http://postgrey.schweikert.ch/help/a.test", true },
	{ "a complaint", "4.7.28 421-4.7.28 unusual rate of mail", false },
	{ "nothing", "", false },
};

static void
knows_greylisting(void **state)
{
	const struct grey_row *row = *state;

	assert_int_equal(backoff_is_greylisting(span_of(row->status)), row->grey);
}

static const struct hear_row {
	const char *label, *status, *reply; /* reply NULL: none */
	unsigned hits;
} hear_rows[] = {
	{ "a complaint", "4.7.0 421 busy", NULL, 1 },
	{ "a complaint for good", "5.7.0 550 busy", NULL, 1 },
	{ "nothing that matches", "5.1.1 550 unknown", NULL, 0 },
	{ "taken, whatever the words", "2.0.0 250 busy", NULL, 0 },
	{ "greylisted", "4.7.0 450 busy, greylisted", NULL, 0 },
	{ "empty", "", NULL, 0 },
	{ "as soft", "5.7.1 550 dirty", "4.7.1 550 dirty", 0 },
	{ "soft already", "4.7.1 450 dirty", NULL, 0 },
	{ "both", "5.7.1 550 dirty and busy", "4.7.1 550 dirty and busy", 1 },
};

static void
hears(void **state)
{
	const struct hear_row *row = *state;
	struct sockmap_reply reply;

	world_begin("");
	assert_int_equal(
	    backoff_hear(engine.egress, world_lane("two"), span_of(row->status), &reply),
	    row->reply != NULL);
	if (row->reply != NULL) {
		assert_int_equal(reply.answer, ANSWER_OK);
		assert_string_equal(reply.text, row->reply);
	}
	world_settle();
	assert_int_equal(shop.hits, row->hits);
	assert_int_equal(engine.egress->figures.backoffs, row->hits);
	assert_int_equal(fake_count(&redis, "XADD"), row->hits);
	world_end();
}

static void
complain(void)
{
	struct sockmap_reply reply;

	redis.holding = true;
	assert_false(
	    backoff_hear(engine.egress, world_lane("two"), span_of("4.7.0 421 busy"), &reply));
	WAIT_FOR(base, shop.hits == 1);
}

/* The rules of its complaint are gone when the answer comes. */
static void
outlives_a_reload(void **state)
{
	(void)state;
	world_begin("");
	complain();
	world_reload("", world_rules);
	world_lane("two");
	fake_release(&redis);
	WAIT_FOR(base, engine.egress->figures.backoffs == 1);
	WAIT_FOR(base, fake_has(&redis, "pattern busy"));
	world_end();
}

static void
ends_with_one_under_way(void **state)
{
	(void)state;
	world_begin("");
	complain();
	engine_take_down();
}

static void
forgets_what_redis_does_not_take(void **state)
{
	struct sockmap_reply reply;

	(void)state;
	world_begin("");
	fake_stop(&redis);
	WAIT_FOR(base, egress_mode(engine.egress) == EGRESS_LOCAL);
	assert_false(
	    backoff_hear(engine.egress, world_lane("two"), span_of("4.7.0 421 busy"), &reply));
	world_end();
}

int
main(void)
{
	struct check_list list = { 0 };

	CHECK_ROWS(&list, knows_greylisting, grey_rows);
	CHECK_ROWS(&list, hears, hear_rows);
	CHECK(&list, outlives_a_reload);
	CHECK(&list, ends_with_one_under_way);
	CHECK(&list, forgets_what_redis_does_not_take);
	return check_run(&list, "backoff");
}
