/* fleet: read when it is wanted, at times, and never waited for. */
#include "fake_clock.h"

#include "test_engine.h"

#include "fleet.h"
#include "metrics_fleet.h"

static const char *
answer(struct fake_redis *at, const char *line)
{
	(void)at;
	if (strncmp(line, "ZCARD mxpace:quarantine", 23) == 0)
		return ":7\r\n";
	if (strncmp(line, "ZCOUNT ", 7) == 0)
		return ":4\r\n";
	if (strncmp(line, "ZCARD ", 6) == 0)
		return ":2\r\n";
	if (strncmp(line, "XPENDING ", 9) == 0)
		return "-NOGROUP No such key\r\n";
	if (strncmp(line, "HGETALL mxpace:bounced", 22) == 0)
		return "*4\r\n$12\r\nrefused same\r\n$2\r\n11\r\n$5\r\nx \"y\"\r\n$1\r\n1\r\n";
	return NULL;
}

static const char *
refuse(struct fake_redis *at, const char *line)
{
	(void)at;
	return strncmp(line, "ZCOUNT ", 7) == 0 ? "-WRONGTYPE of key\r\n" : answer(at, line);
}

static void
set_up(void)
{
	skipped_ms = 0;
	engine_set_up("");
	redis.answer = answer;
}

static unsigned
readings(void)
{
	return fake_count(&redis, "ZCOUNT ");
}

static void
turn_all(void)
{
	for (int i = 0; i < 10; i++)
		turn(base);
}

static void
is_not_read_unless_wanted(void **state)
{
	(void)state;
	set_up();
	skipped_ms += FLEET_EVERY_S * 2000;
	fire_timers(base);
	turn_all();
	assert_int_equal(readings(), 0);
	assert_null(fleet_figures(engine.fleet));
	assert_int_equal(fleet_age_s(engine.fleet), -1);
	engine_take_down();
}

static void
is_read_while_wanted(void **state)
{
	const struct store_fleet *figures;

	(void)state;
	set_up();
	fleet_watch(engine.fleet);
	assert_null(fleet_figures(engine.fleet)); /* not waited for */
	WAIT_FOR(base, fleet_figures(engine.fleet) != NULL);
	figures = fleet_figures(engine.fleet);
	assert_int_equal(figures->entries, 7);
	assert_int_equal(figures->forever, 4);
	assert_int_equal(figures->bounced[REASON_REFUSED][STORE_BOUNCED_SAME], 11);
	for (int i = 0; i < 50; i++) /* however often somebody asks */
		fleet_watch(engine.fleet);
	turn_all();
	assert_int_equal(readings(), 1);
	skipped_ms += FLEET_EVERY_S * 1000;
	fire_timers(base);
	WAIT_FOR(base, readings() == 2);
	WAIT_FOR(base, fleet_age_s(engine.fleet) == 0);
	skipped_ms += FLEET_WATCHED_S * 1000 + 1;
	fire_timers(base); /* nobody has asked for long: the last timer */
	turn_all();
	fire_timers(base);
	turn_all();
	assert_int_equal(readings(), 2);
	engine_take_down();
}

static void
is_not_told_when_it_is_old(void **state)
{
	(void)state;
	set_up();
	fleet_watch(engine.fleet);
	WAIT_FOR(base, fleet_figures(engine.fleet) != NULL);
	skipped_ms += FLEET_STALE_S * 1000;
	assert_non_null(fleet_figures(engine.fleet));
	skipped_ms += 1000;
	assert_null(fleet_figures(engine.fleet));
	assert_int_equal(fleet_age_s(engine.fleet), FLEET_STALE_S + 1);
	engine_take_down();
}

static void
survives_errors(void **state)
{
	(void)state;
	set_up();
	redis.answer = refuse;
	fleet_watch(engine.fleet);
	WAIT_FOR(base, readings() == 1);
	turn_all();
	assert_null(fleet_figures(engine.fleet));
	redis.answer = answer;
	skipped_ms += FLEET_EVERY_S * 1000;
	fire_timers(base);
	WAIT_FOR(base, fleet_figures(engine.fleet) != NULL);
	engine_take_down();
}

/* Freed with a reading under way. */
static void
ends_at_any_time(void **state)
{
	(void)state;
	set_up();
	redis.holding = true;
	fleet_watch(engine.fleet);
	turn_all();
	engine_take_down();
}

static void
is_told_to_prometheus(void **state)
{
	struct store_fleet figures = { .forever = 4, .entries = 7, .stopped = 1, .guards = 2 };
	struct str out = { 0 };

	(void)state;
	figures.bounced[REASON_USER_UNKNOWN][STORE_BOUNCED_QUARANTINED] = 3;
	metrics_fleet_format(&figures, 5, &out);
	static const char *const lines[] = {
		"\nmxpace_fleet_age_seconds 5\n",
		"\nmxpace_fleet_accounts_stopped 1\n",
		"\nmxpace_fleet_quarantine_addresses{ends=\"by_removal\"} 4\n",
		"\nmxpace_fleet_quarantine_addresses{ends=\"by_itself\"} 3\n",
		"\nmxpace_fleet_guards{state=\"held\"} 2\n",
		"\nmxpace_fleet_guards{state=\"quiet\"} 0\n",
		"\nmxpace_fleet_bounces_total{reason=\"user_unknown\",outcome=\"quarantined\"} 3\n",
	};
	for (size_t i = 0; i < COUNT(lines); i++)
		if (strstr(str_text(&out), lines[i]) == NULL)
			fail_msg("no line %sin\n%s", lines[i] + 1, str_text(&out));
	str_empty(&out);
	metrics_fleet_format(NULL, -1, &out);
	assert_non_null(strstr(str_text(&out), "\nmxpace_fleet_age_seconds -1\n"));
	assert_null(strstr(str_text(&out), "quarantine"));
	str_free(&out);
}

int
main(void)
{
	struct check_list list = { 0 };

	CHECK(&list, is_not_read_unless_wanted);
	CHECK(&list, is_read_while_wanted);
	CHECK(&list, is_not_told_when_it_is_old);
	CHECK(&list, survives_errors);
	CHECK(&list, ends_at_any_time);
	CHECK(&list, is_told_to_prometheus);
	return check_run(&list, "fleet");
}
