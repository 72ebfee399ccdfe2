/* backoff.lua: what hits lead to, how it recovers, what takes and grants are told of it. */
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "mx_rules.h"
#include "redis.h"
#include "ring.h"
#include "store_egress.h"
#include "tests/unit/check.h"

static struct redis redis;

#define KEY  "mxpace:{g:google}:backoff:198.51.100.7"
#define HITS "mxpace:{g:google}:hits:198.51.100.7"
#define TEXT "421-4.7.28 unusual rate of mail"

enum { MINUTE = 60000, HALF_HOUR = 1800000 };

static void
at(int64_t ms)
{
	redis_set_ms(&redis, NOON_MS + ms);
}

static void
fresh(void)
{
	redis_fresh(&redis);
	at(0);
}

static struct backoff_rule
rule_of(const char *after, enum backoff_action action)
{
	return (struct backoff_rule){
		.after = limit_of(after),
		.action = (int)action,
		.factor = 0.5,
		.for_ms = HALF_HOUR,
	};
}

static struct store_backoff
hit_of(const struct backoff_rule *rule, size_t number, int64_t per_hour, int64_t connections)
{
	struct store_hit hit = { .group = "google",
		.ip = "198.51.100.7",
		.node = "mta1",
		.rule = rule,
		.number = number,
		.per_hour = per_hour,
		.connections = connections,
		.text = TEXT };
	struct store_batch batch = { 0 };
	struct store_backoff backoff;

	memset(&backoff, 0xff, sizeof(backoff));
	store_put_hit(&batch, &hit, &backoff);
	redis_run(&redis, &batch);
	return backoff;
}

static struct store_backoff
hit(enum backoff_action action, int64_t per_hour, int64_t connections)
{
	struct backoff_rule rule = rule_of("1/1h", action);

	return hit_of(&rule, 0, per_hour, connections);
}

static struct store_backoff
look(void)
{
	struct store_batch batch = { 0 };
	struct store_backoff backoff;

	store_put_backoff_read(&batch, "google", "198.51.100.7", &backoff);
	redis_run(&redis, &batch);
	return backoff;
}

/* So many messages were accepted just now. */
static void
accept(int messages)
{
	struct store_settled settled = { .group = "google",
		.ip = "198.51.100.7",
		.node = "mta1",
		.delivered = 1 };
	struct store_batch batch = { 0 };

	for (int i = 0; i < messages; i++) {
		store_put_settle(&batch, &settled, NULL);
		redis_run(&redis, &batch);
	}
}

static struct store_took
take(bool commit)
{
	struct limit limit = limit_of("100000/1h");
	struct store_take t = { .group = "google",
		.ip = "198.51.100.7",
		.node = "mta1",
		.limits = &limit,
		.limit_count = 1,
		.commit = commit };
	struct store_batch batch = { 0 };
	struct store_took took;

	store_put_take(&batch, &t, &took);
	redis_run(&redis, &batch);
	return took;
}

static struct store_granted
grant(int64_t open, int64_t connections)
{
	struct store_grant g = { .group = "google",
		.ip = "198.51.100.7",
		.node = "mta1",
		.open = open,
		.connections = connections };
	struct store_batch batch = { 0 };
	struct store_granted granted;

	store_put_grant(&batch, &g, &granted);
	redis_run(&redis, &batch);
	return granted;
}

/* -- hits -------------------------------------------------------------------------------------- */

static void
enough_hits_within_the_time(void **state)
{
	struct backoff_rule rule = rule_of("3/10s", BACKOFF_REDUCE);
	struct store_backoff b;

	(void)state;
	fresh();
	b = hit_of(&rule, 0, 1000, 0);
	assert_false(b.any);
	assert_false(b.changed);
	assert_int_equal(b.hits, 1);
	at(5000);
	assert_int_equal(hit_of(&rule, 0, 1000, 0).hits, 2);
	at(10500); /* the first one counts no more */
	b = hit_of(&rule, 0, 1000, 0);
	assert_int_equal(b.hits, 2);
	assert_false(b.any);
	at(11000);
	b = hit_of(&rule, 0, 1000, 0);
	assert_int_equal(b.hits, 3);
	assert_true(b.any && b.changed);
	assert_string_equal(b.action, "reduce");
	assert_string_equal(b.text, TEXT);
	assert_string_equal(b.by, "mta1");
	assert_string_equal(b.why, "");
	assert_int_equal(b.per_hour, 500);
	assert_int_equal(b.hold_ms, HALF_HOUR);
	assert_int_equal(redis_number(&redis, "EXISTS " HITS), 0); /* cleared */
	assert_int_equal(hit_of(&rule, 0, 1000, 0).hits, 1);
}

/* Each rule has hits of its own, and none outlives its time. */
static void
hits_of_each_rule(void **state)
{
	struct backoff_rule a = rule_of("2/1h", BACKOFF_REDUCE),
			    b = rule_of("2/1m", BACKOFF_SUSPEND);

	(void)state;
	fresh();
	assert_int_equal(hit_of(&a, 0, 1000, 0).hits, 1);
	assert_int_equal(hit_of(&b, 1, 1000, 0).hits, 1);
	assert_true(redis_number(&redis, "PTTL " HITS) >= 3600000);
	at(61000);
	assert_false(hit_of(&b, 1, 1000, 0).any);
	at(62000);
	assert_string_equal(hit_of(&b, 1, 1000, 0).action, "suspend");
	assert_int_equal(hit_of(&a, 0, 1000, 0).hits, 2);
	at(5 * 3600000);
	assert_int_equal(redis_number(&redis, "EXISTS " HITS), 0);
}

/* -- reduce ------------------------------------------------------------------------------------ */

static const struct reduce_row {
	const char *label;
	int64_t per_hour, min;
	double factor;
	int accepted; /* in the last seconds */
	int64_t want; /* messages an hour; 0: nothing comes of it */
} reduce_rows[] = {
	{ "of the limit", 1000, 0, 0.5, 0, 500 },
	{ "of what was accepted, where that is less", 100000, 0, 0.5, 10, 19800 },
	{ "of the limit, where that is less", 1000, 0, 0.5, 10, 500 },
	{ "not below a hundredth of the limit", 100000, 0, 0.001, 0, 1000 },
	{ "not below min", 1000, 800, 0.5, 0, 800 },
	{ "min above the limit", 1000, 5000, 0.5, 0, 0 },
	{ "no limit, nothing accepted", 0, 0, 0.5, 0, 1800 },
	{ "no limit", 0, 0, 0.5, 10, 19800 }, /* 0.5 x 1.1 x 10 in the first second */
	{ "at least one", 10, 0, 0.01, 0, 1 },
	{ "a factor of one half of little", 3, 0, 0.5, 0, 1 },
};

static void
reduces(void **state)
{
	const struct reduce_row *row = *state;
	struct backoff_rule rule = rule_of("1/1h", BACKOFF_REDUCE);
	struct store_backoff b;

	fresh();
	accept(row->accepted);
	rule.factor = row->factor;
	rule.min = row->min;
	b = hit_of(&rule, 0, row->per_hour, 0);
	assert_int_equal(b.any, row->want > 0);
	assert_int_equal(b.changed, row->want > 0);
	assert_int_equal(b.per_hour, row->want);
	assert_int_equal(redis_number(&redis, "EXISTS " KEY), row->want > 0);
}

/* The larger of what 10 s and what 60 s say. */
static void
the_pace_it_had(void **state)
{
	(void)state;
	fresh();
	accept(60);
	at(50000); /* 60 in the 50 s since mail flows, none in 10 s */
	assert_int_equal(hit(BACKOFF_REDUCE, 0, 0).per_hour, 2376);
	fresh();
	accept(60);
	at(50000);
	accept(20); /* 80 in 50 s, 20 in 10 s = 7200 */
	assert_int_equal(hit(BACKOFF_REDUCE, 0, 0).per_hour, 3960);
	fresh();
	accept(60);
	at(60000); /* too long ago */
	assert_int_equal(hit(BACKOFF_REDUCE, 0, 0).per_hour, 1800);
}

/* By the factor at most once a minute; in between, from 10 s on, down to what is accepted. */
static void
again_and_again(void **state)
{
	struct store_backoff b;

	(void)state;
	fresh();
	assert_int_equal(hit(BACKOFF_REDUCE, 10000, 20).per_hour, 5000);
	at(9999);
	accept(5);
	b = hit(BACKOFF_REDUCE, 10000, 20);
	assert_int_equal(b.per_hour, 5000);
	assert_false(b.changed);
	at(10000);
	b = hit(BACKOFF_REDUCE, 10000, 20); /* 5 in 10 s: 0.9 x 1800 */
	assert_int_equal(b.per_hour, 1620);
	assert_int_equal(b.connections, 3); /* 20 x 1620 / 10000 */
	assert_true(b.changed);
	assert_int_equal(b.hold_ms, HALF_HOUR); /* from this change on */
	at(25000); /* nothing was accepted since: no reason to go to the floor yet */
	b = hit(BACKOFF_REDUCE, 10000, 20);
	assert_int_equal(b.per_hour, 1620);
	assert_false(b.changed);
	at(69999);
	assert_int_equal(hit(BACKOFF_REDUCE, 10000, 20).per_hour, 1620);
	at(70000);
	b = hit(BACKOFF_REDUCE, 10000, 20);
	assert_int_equal(b.per_hour, 810);
	for (int64_t ms = 130000; ms < 130000 + 10 * MINUTE; ms += MINUTE) {
		at(ms);
		b = hit(BACKOFF_REDUCE, 10000, 20);
	}
	assert_int_equal(b.per_hour, 100); /* a hundredth */
	assert_int_equal(b.connections, 1);
	assert_false(b.changed);
	assert_int_equal(b.hold_ms, HALF_HOUR); /* renewed all the same */
}

/* What grows is what is reduced from next time, and the end of recovery stays the same. */
static void
reduced_while_it_recovers(void **state)
{
	(void)state;
	fresh();
	assert_int_equal(hit(BACKOFF_REDUCE, 8000, 0).per_hour, 4000);
	at(MINUTE);
	assert_int_equal(hit(BACKOFF_REDUCE, 8000, 0).per_hour, 2000);
	at(2 * MINUTE);
	assert_int_equal(hit(BACKOFF_REDUCE, 8000, 0).per_hour, 1000);
	at(2 * MINUTE + HALF_HOUR + MINUTE);
	assert_int_equal(look().per_hour, 2000);
	assert_int_equal(hit(BACKOFF_REDUCE, 8000, 0).per_hour, 1000);
	at(2 * MINUTE + HALF_HOUR + MINUTE + HALF_HOUR + 3 * MINUTE - 1);
	assert_in_range(look().per_hour, 7990, 8000);
	at(2 * MINUTE + HALF_HOUR + MINUTE + HALF_HOUR + 3 * MINUTE);
	assert_false(look().any);
}

/* -- recovery ---------------------------------------------------------------------------------- */

static const struct recovery_row {
	const char *label;
	enum backoff_action action;
	int64_t after_ms; /* the hit */
	const char *in_force;
	int64_t per_hour, connections, hold_ms;
} recovery_rows[] = {
	{ "reduced", BACKOFF_REDUCE, 0, "reduce", 500, 10, HALF_HOUR },
	{ "reduced, till recovery", BACKOFF_REDUCE, HALF_HOUR, "reduce", 500, 10, 0 },
	{ "reduced, half a minute on", BACKOFF_REDUCE, HALF_HOUR + 30000, "reduce", 707, 14, 0 },
	{ "reduced, just before the end", BACKOFF_REDUCE, HALF_HOUR + 59999, "reduce", 999, 19, 0 },
	{ "reduced, over", BACKOFF_REDUCE, HALF_HOUR + MINUTE, "", 0, 0, 0 },
	{ "one connection", BACKOFF_ONE_CONNECTION, 0, "one_connection", 0, 1, HALF_HOUR },
	{ "one connection, a minute on", BACKOFF_ONE_CONNECTION, HALF_HOUR + MINUTE,
	    "one_connection", 0, 2, 0 },
	{ "one connection, four minutes on", BACKOFF_ONE_CONNECTION, HALF_HOUR + 4 * MINUTE,
	    "one_connection", 0, 16, 0 },
	{ "one connection, over", BACKOFF_ONE_CONNECTION, HALF_HOUR + 5 * MINUTE, "", 0, 0, 0 },
	{ "suspended", BACKOFF_SUSPEND, 0, "suspend", 100, 2, HALF_HOUR },
	{ "suspended, to the last", BACKOFF_SUSPEND, HALF_HOUR - 1, "suspend", 100, 2, 1 },
	{ "suspended, then a tenth", BACKOFF_SUSPEND, HALF_HOUR, "reduce", 100, 2, 0 },
	{ "suspended, then a fifth", BACKOFF_SUSPEND, HALF_HOUR + MINUTE, "reduce", 200, 4, 0 },
	{ "suspended, over", BACKOFF_SUSPEND, HALF_HOUR + 4 * MINUTE, "", 0, 0, 0 },
};

static void
recovers(void **state)
{
	const struct recovery_row *row = *state;
	struct store_backoff b;

	fresh();
	assert_true(hit(row->action, 1000, 20).changed);
	at(row->after_ms);
	b = look();
	assert_string_equal(b.action, row->in_force);
	assert_int_equal(b.any, *row->in_force != '\0');
	assert_int_equal(b.per_hour, row->per_hour);
	assert_int_equal(b.connections, row->connections);
	assert_int_equal(b.hold_ms, row->hold_ms);
	if (b.any)
		assert_string_equal(b.text, TEXT);
	/* Who takes finds the same, and takes away what is over. */
	assert_int_equal(take(true).outcome,
	    strcmp(row->in_force, "suspend") == 0 ? STORE_HELD : STORE_TAKEN);
	assert_int_equal(redis_number(&redis, "EXISTS " KEY), b.any);
	at(row->after_ms + HALF_HOUR + 10 * MINUTE); /* and if nobody comes, it ends by itself */
	assert_int_equal(redis_number(&redis, "EXISTS " KEY), 0);
}

/* The sterner of two, for messages and connections each. */
static void
several_at_once(void **state)
{
	struct store_backoff b;

	(void)state;
	fresh();
	(void)hit(BACKOFF_ONE_CONNECTION, 1000, 20);
	b = hit(BACKOFF_REDUCE, 1000, 20);
	assert_true(b.changed);
	assert_string_equal(b.action, "reduce");
	assert_int_equal(b.per_hour, 500);
	assert_int_equal(b.connections, 1);
	b = hit(BACKOFF_SUSPEND, 1000, 20);
	assert_string_equal(b.action, "suspend");
	assert_int_equal(b.per_hour, 100);
	assert_int_equal(b.connections, 1);
	at(10 * MINUTE);
	b = hit(BACKOFF_SUSPEND, 1000, 20); /* once more: longer */
	assert_false(b.changed);
	assert_int_equal(b.hold_ms, HALF_HOUR);
	b = hit(BACKOFF_ONE_CONNECTION, 1000, 20);
	assert_false(b.changed);
	assert_string_equal(b.action, "suspend");
	at(40 * MINUTE);
	assert_string_equal(look().action, "reduce");
	at(41 * MINUTE + 100);
	assert_int_equal(look().connections, 2);
	at(45 * MINUTE);
	assert_false(look().any);
}

/* -- what it does to takes and grants ---------------------------------------------------------- */

static void
suspended_takes_and_grants(void **state)
{
	struct store_took took;
	struct store_granted granted;

	(void)state;
	fresh();
	(void)hit(BACKOFF_SUSPEND, 1000, 20);
	at(1000);
	took = take(true);
	assert_int_equal(took.outcome, STORE_HELD);
	assert_int_equal(took.held.by, STORE_HOLD_SUSPENDED);
	assert_int_equal(took.held.wait_ms, HALF_HOUR - 1000);
	assert_string_equal(took.held.why, TEXT);
	granted = grant(3, 20);
	assert_int_equal(granted.outcome, STORE_HELD);
	assert_int_equal(granted.held.by, STORE_HOLD_SUSPENDED);
	assert_int_equal(granted.held.wait_ms, HALF_HOUR - 1000);
	assert_true(redis_is(&redis, "2 until 1795348816",
	    "HGET mxpace:{g:google}:conn:198.51.100.7 mta1"));
	assert_int_equal(redis_number(&redis, "EXISTS mxpace:{g:google}:sent:198.51.100.7:1h"), 0);
}

/* A message at a time, evenly, at the rate that is told. */
static void
an_even_rate(void **state)
{
	int64_t last = -1, least = INT64_MAX, taken = 0;

	(void)state;
	fresh();
	(void)hit(BACKOFF_REDUCE, 7200, 0); /* 3600 an hour */
	for (int64_t ms = 0; ms < 60000; ms += 7) {
		struct store_took took;

		at(ms);
		took = take(true);
		if (took.outcome == STORE_TAKEN) {
			if (last >= 0 && ms - last < least)
				least = ms - last;
			last = ms;
			taken++;
			continue;
		}
		assert_int_equal(took.outcome, STORE_HELD);
		assert_int_equal(took.held.by, STORE_HOLD_RATE);
		assert_int_equal(took.held.per_hour, 3600);
		assert_in_range(took.held.wait_ms, 1, 1000);
		assert_int_equal(take(false).outcome, STORE_HELD);
	}
	assert_int_equal(taken, 60);
	assert_in_range(least, 990, 1000);
}

static void
waits_exactly(void **state)
{
	struct store_took took;

	(void)state;
	fresh();
	(void)hit(BACKOFF_REDUCE, 240, 0); /* 120 an hour: one in 30 s */
	assert_int_equal(take(false).outcome, STORE_TAKEN);
	assert_int_equal(take(false).outcome, STORE_TAKEN); /* only looked */
	assert_int_equal(take(true).outcome, STORE_TAKEN);
	at(10000);
	took = take(true);
	assert_int_equal(took.held.wait_ms, 20000);
	assert_int_equal(took.held.per_hour, 120);
	at(29999);
	assert_int_equal(take(true).outcome, STORE_HELD);
	at(30000);
	assert_int_equal(take(true).outcome, STORE_TAKEN);
	at(90000); /* no burst of what was not used */
	assert_int_equal(take(true).outcome, STORE_TAKEN);
	assert_int_equal(take(true).outcome, STORE_HELD);
}

/* One message an hour that becomes two, four, ... in minutes is not waited for an hour. */
static void
a_slow_rate_that_grows(void **state)
{
	struct store_took took;
	int64_t ms = HALF_HOUR;
	int rounds = 0;

	(void)state;
	fresh();
	(void)hit(BACKOFF_SUSPEND, 10, 0); /* then one an hour */
	at(ms);
	assert_int_equal(take(true).outcome, STORE_TAKEN);
	while ((took = take(true)).outcome == STORE_HELD && rounds++ < 20) {
		ms += took.held.wait_ms;
		at(ms);
	}
	assert_int_equal(took.outcome, STORE_TAKEN);
	assert_in_range(ms - HALF_HOUR, 3 * MINUTE, 5 * MINUTE); /* over: 10 an hour */
}

/* Slots of admission's takes and of grants. */
static void
fewer_connections(void **state)
{
	struct store_take t = { .group = "google",
		.ip = "198.51.100.7",
		.node = "mta1",
		.open = 2,
		.connections = 20,
		.commit = true };
	struct store_batch batch = { 0 };
	struct store_took took;
	struct store_granted g;

	(void)state;
	fresh();
	(void)hit(BACKOFF_ONE_CONNECTION, 0, 20);
	store_put_take(&batch, &t, &took);
	redis_run(&redis, &batch);
	assert_int_equal(took.outcome, STORE_NO_SLOT);
	assert_int_equal(took.open, 2);
	assert_int_equal(took.allowed, 1);
	g = grant(2, 20);
	assert_int_equal(g.outcome, STORE_NO_SLOT);
	assert_int_equal(g.allowed, 1);
	assert_int_equal(grant(2, 0).allowed, 1); /* a rule without a limit */
	assert_int_equal(grant(1, 0).outcome, STORE_TAKEN);
	t.connections = 0; /* only messages: none of its business */
	store_put_take(&batch, &t, &took);
	redis_run(&redis, &batch);
	assert_int_equal(took.outcome, STORE_TAKEN);
	at(HALF_HOUR + MINUTE);
	assert_int_equal(grant(2, 20).outcome, STORE_TAKEN);
	assert_int_equal(grant(3, 20).outcome, STORE_NO_SLOT);
}

static void
paused_takes(void **state)
{
	struct store_batch batch = { 0 };
	struct store_took took;
	struct str why = { 0 };

	(void)state;
	fresh();
	(void)hit(BACKOFF_SUSPEND, 10, 0);
	store_put_pause(&batch, "google", "");
	store_put_pause_read(&batch, "google", &why);
	redis_run(&redis, &batch);
	assert_string_equal(str_text(&why), "-");
	took = take(true);
	assert_int_equal(took.outcome, STORE_HELD);
	assert_int_equal(took.held.by, STORE_HOLD_PAUSED); /* before all else */
	assert_int_equal(took.held.wait_ms, 0);
	store_put_pause(&batch, "google", "over the weekend");
	store_put_pause_read(&batch, "google", &why);
	redis_run(&redis, &batch);
	assert_string_equal(str_text(&why), "over the weekend");
	assert_string_equal(take(false).held.why, "over the weekend");
	at(400 * INT64_C(86400000)); /* until somebody ends it */
	assert_int_equal(take(false).held.by, STORE_HOLD_PAUSED);
	str_free(&why);
}

/* -- by hand ----------------------------------------------------------------------------------- */

static struct store_order
order_of(void)
{
	return (struct store_order){ .group = "google",
		.ip = "198.51.100.7",
		.for_ms = HALF_HOUR,
		.why = "they asked us",
		.by = "operator ann",
		.rule_per_hour = 1000,
		.rule_connections = 20 };
}

static struct store_backoff
set(const struct store_order *order)
{
	struct store_batch batch = { 0 };
	struct store_backoff backoff;

	store_put_backoff_set(&batch, order, &backoff);
	redis_run(&redis, &batch);
	return backoff;
}

static void
by_hand(void **state)
{
	struct store_order order = order_of();
	struct store_backoff b;

	(void)state;
	fresh();
	(void)hit(BACKOFF_ONE_CONNECTION, 1000, 20);
	order.per_hour = 250;
	b = set(&order); /* in place of it */
	assert_true(b.changed);
	assert_string_equal(b.action, "reduce");
	assert_int_equal(b.per_hour, 250);
	assert_int_equal(b.connections, 0);
	assert_string_equal(b.by, "operator ann");
	assert_string_equal(b.why, "they asked us");
	assert_string_equal(b.text, "");
	assert_int_equal(b.hold_ms, HALF_HOUR);
	(void)take(true);
	assert_string_equal(take(true).held.why, "they asked us");
	at(HALF_HOUR + MINUTE);
	assert_int_equal(look().per_hour, 500);
	order = order_of();
	order.connections = 5;
	b = set(&order);
	assert_string_equal(b.action, "connections");
	assert_int_equal(b.per_hour, 0);
	assert_int_equal(b.connections, 5);
	order = order_of();
	order.suspend = true;
	b = set(&order);
	assert_string_equal(b.action, "suspend");
	assert_int_equal(b.per_hour, 100);
	/* A hit that would suspend for as long leaves the longer one. */
	at(HALF_HOUR + MINUTE + 1000);
	b = hit(BACKOFF_SUSPEND, 1000, 20);
	assert_int_equal(b.hold_ms, HALF_HOUR);
	assert_string_equal(b.text, TEXT);
}

static void
by_hand_without_limits(void **state)
{
	struct store_order order = order_of();

	(void)state;
	fresh();
	order.rule_per_hour = order.rule_connections = 0;
	order.per_hour = 60;
	order.connections = 2;
	(void)set(&order);
	at(HALF_HOUR + 3 * MINUTE);
	assert_int_equal(look().per_hour, 480);
	assert_int_equal(look().connections, 16);
	at(HALF_HOUR + 4 * MINUTE);
	assert_false(look().any);
}

static void
cleared(void **state)
{
	struct backoff_rule rule = rule_of("2/1h", BACKOFF_SUSPEND);
	struct store_batch batch = { 0 };
	int64_t count = -1;

	(void)state;
	fresh();
	(void)hit(BACKOFF_SUSPEND, 1000, 20);
	(void)hit_of(&rule, 1, 1000, 20);
	store_put_backoff_clear(&batch, "google", "198.51.100.7", &count);
	redis_run(&redis, &batch);
	assert_int_equal(count, 2);
	assert_false(look().any);
	assert_int_equal(take(true).outcome, STORE_TAKEN);
	assert_int_equal(hit_of(&rule, 1, 1000, 20).hits, 1);
	store_put_backoff_clear(&batch, "google", "198.51.100.7", NULL);
	redis_run(&redis, &batch);
}

/* -- odd ones ---------------------------------------------------------------------------------- */

/* A clock far ahead must not suspend for a year what it saw in a second. */
static void
written_by_a_clock_far_ahead(void **state)
{
	(void)state;
	fresh();
	at(400 * INT64_C(86400000));
	(void)hit(BACKOFF_SUSPEND, 1000, 20);
	at(0);
	freeReplyObject(redis_do(&redis, "PERSIST " KEY));
	assert_int_equal(take(true).outcome, STORE_TAKEN);
	assert_int_equal(redis_number(&redis, "EXISTS " KEY), 0);
	fresh();
	(void)hit(BACKOFF_REDUCE, 1000, 20);
	at(-1000); /* a little */
	assert_int_equal(look().per_hour, 500);
}

static void
groups_and_ips_apart(void **state)
{
	struct store_batch batch = { 0 };
	struct store_backoff other;
	redisReply *keys;

	(void)state;
	fresh();
	(void)hit(BACKOFF_SUSPEND, 1000, 20);
	store_put_backoff_read(&batch, "google", "all", &other);
	redis_run(&redis, &batch);
	assert_false(other.any);
	store_put_backoff_read(&batch, "google/x", "198.51.100.7", &other);
	redis_run(&redis, &batch);
	assert_false(other.any);
	keys = redis_do(&redis, "KEYS *");
	for (size_t i = 0; i < keys->elements; i++) {
		assert_int_equal(strncmp(keys->element[i]->str, "mxpace:{g:google}:", 18), 0);
		assert_true(redis_number(&redis, "PTTL %s", keys->element[i]->str) > 0);
	}
	freeReplyObject(keys);
}

/* Looking writes nothing, also where it is over. */
static void
looking_changes_nothing(void **state)
{
	char *before, *after;

	(void)state;
	fresh();
	(void)hit(BACKOFF_REDUCE, 1000, 20);
	freeReplyObject(redis_do(&redis, "PERSIST " KEY));
	at(3 * HALF_HOUR);
	before = redis_dump(&redis);
	assert_false(look().any);
	assert_int_equal(take(false).outcome, STORE_TAKEN);
	after = redis_dump(&redis);
	assert_string_equal(after, before);
	free(before);
	free(after);
	(void)grant(1, 20);
	assert_int_equal(redis_number(&redis, "EXISTS " KEY), 0);
}

/* Nodes that bring the same replies at once reduce by the factor once, and none is lost. */
static void
racing_nodes(void **state)
{
	enum { NODES = 8, EACH = 25 };
	pid_t pids[NODES];

	(void)state;
	redis_fresh(&redis);
	freeReplyObject(redis_do(&redis, "SCRIPT FLUSH"));
	for (int i = 0; i < NODES; i++) {
		pids[i] = fork();
		assert_true(pids[i] >= 0);
		if (pids[i] == 0) {
			struct backoff_rule rule = rule_of("200/1h", BACKOFF_REDUCE);
			struct store_hit h = { "google", "198.51.100.7", "mta1", &rule, 0, 1000, 0,
				TEXT };
			struct err err;
			struct store_sync *store = store_sync_open(&redis.address, 10000, &err);

			for (int k = 0; store != NULL && k < EACH; k++) {
				struct store_batch batch = { 0 };
				struct store_backoff b;

				store_put_hit(&batch, &h, &b);
				if (store_sync_run(store, &batch, &err) != STORE_DONE)
					_exit(1);
				store_batch_free(&batch);
			}
			_exit(store == NULL);
		}
	}
	for (int i = 0; i < NODES; i++) {
		int status;

		assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
		assert_int_equal(status, 0);
	}
	assert_int_equal(look().per_hour, 500); /* by the two hundredth */
	assert_int_equal(redis_number(&redis, "EXISTS " HITS), 0);
}

int
main(void)
{
	struct check_list list = { 0 };
	int rc;

	CHECK(&list, enough_hits_within_the_time);
	CHECK(&list, hits_of_each_rule);
	CHECK_ROWS(&list, reduces, reduce_rows);
	CHECK(&list, the_pace_it_had);
	CHECK(&list, again_and_again);
	CHECK(&list, reduced_while_it_recovers);
	CHECK_ROWS(&list, recovers, recovery_rows);
	CHECK(&list, several_at_once);
	CHECK(&list, suspended_takes_and_grants);
	CHECK(&list, an_even_rate);
	CHECK(&list, waits_exactly);
	CHECK(&list, a_slow_rate_that_grows);
	CHECK(&list, fewer_connections);
	CHECK(&list, paused_takes);
	CHECK(&list, by_hand);
	CHECK(&list, by_hand_without_limits);
	CHECK(&list, cleared);
	CHECK(&list, written_by_a_clock_far_ahead);
	CHECK(&list, groups_and_ips_apart);
	CHECK(&list, looking_changes_nothing);
	CHECK(&list, racing_nodes);
	redis_start(&redis, NULL);
	rc = check_run(&list, "backoff");
	redis_stop(&redis);
	return rc;
}
