/* backoff: what of the providers' replies is a complaint, and what follows. */
#include "egress_world.h"

#include "backoff_end.h"
#include "log.h"

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

/* What is told goes to `told`, nowhere else. */
static FILE *told;
static int saved;

static void
listen_to_log(void)
{
	told = tmpfile();
	assert_non_null(told);
	saved = dup(STDERR_FILENO);
	assert_true(saved >= 0 && dup2(fileno(told), STDERR_FILENO) >= 0);
}

static unsigned
count_told(const char *line)
{
	unsigned count = 0;
	char text[400];

	rewind(told);
	while (fgets(text, sizeof(text), told) != NULL)
		count += strstr(text, line) != NULL;
	return count;
}

static void
listen_no_more(void)
{
	assert_true(dup2(saved, STDERR_FILENO) >= 0);
	close(saved);
	fclose(told);
}

static void
tells_of_the_end_once(void **state)
{
	static const char line[] = "backoff ended: group=two ip=192.0.2.1 after=";

	(void)state;
	world_begin("");
	log_set_level(LOG_LEVEL_INFO);
	listen_to_log();
	complain();
	fake_release(&redis);
	WAIT_FOR(base, engine.egress->figures.backoffs == 1);
	assert_false(fake_has(&redis, " read "));
	for (unsigned i = 1; i <= 2; i++) {
		world_skip(BACKOFF_END_LATE_MS);
		WAIT_FOR(base, fake_count(&redis, " read ") == i);
		world_settle();
	}
	assert_int_equal(count_told(line), 0);
	assert_non_null(engine.egress->backoff_ends);
	shop.recovered = true;
	world_skip(BACKOFF_END_LATE_MS);
	WAIT_FOR(base, engine.egress->backoff_ends == NULL);
	assert_int_equal(count_told(line), 1);
	listen_no_more();
	log_set_level(LOG_LEVEL_ERROR);
	world_end();
}

static void
ends_while_one_looks(void **state)
{
	(void)state;
	world_begin("");
	complain();
	fake_release(&redis);
	WAIT_FOR(base, engine.egress->figures.backoffs == 1);
	redis.holding = true;
	world_skip(BACKOFF_END_LATE_MS);
	WAIT_FOR(base, fake_has(&redis, " read "));
	engine_take_down();
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
	CHECK(&list, tells_of_the_end_once);
	CHECK(&list, ends_while_one_looks);
	CHECK(&list, ends_with_one_under_way);
	CHECK(&list, forgets_what_redis_does_not_take);
	return check_run(&list, "backoff");
}
