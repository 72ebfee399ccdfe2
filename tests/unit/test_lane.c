/* lane: one per group and sending IP, as long as anything refers to it. */
#include "egress_world.h"

static const struct pace_row {
	const char *label, *rule;
	double delivery_ms, per_minute;
	unsigned nodes;
	int64_t cap; /* of a warm-up */
} pace_rows[] = {
	{ "limit", "limits = \"30/1m\";", 0, 30, 1, 0 },
	{ "the lowest limit", "limits = [ \"30/1m\", \"600/1h\" ];", 0, 10, 1, 0 },
	{ "connections, not known how long", "connections = 2;", 0, 120, 1, 0 },
	{ "connections", "connections = 2;", 4000, 30, 1, 0 },
	{ "connections below the limit", "connections = 1; limits = \"60/1m\";", 2000, 30, 1, 0 },
	{ "limit below connections", "connections = 9; limits = \"60/1m\";", 2000, 60, 1, 0 },
	{ "shared by nodes", "limits = \"30/1m\";", 0, 10, 3, 0 },
	{ "nothing limits it", "", 0, -1, 3, 0 },
	{ "a cap is no pace", "connections = 2;", 4000, 30, 1, 20 },
	{ "nothing but a cap", "", 0, -1, 1, 20 },
	{ "a limit beside a cap", "limits = \"30/1m\";", 0, 30, 1, 20 },
};

static void
knows_its_pace(void **state)
{
	const struct pace_row *row = *state;
	struct lane *lane;
	char rules[256];

	world_begin("");
	snprintf(rules, sizeof(rules), "mx_rules = ( { name = \"one\"; mx = \"*\"; %s } );\n",
	    row->rule);
	world_reload("", rules);
	lane = world_lane("one");
	mx_limits_at(lane->rule, LEVEL_NORMAL, engine.settings->levels, row->cap, &lane->limits);
	lane->delivery_ms = row->delivery_ms;
	assert_int_equal(lane_per_minute(lane, row->nodes) * 1000, row->per_minute * 1000);
	world_end();
}

enum { DAY_S = 86400 };

static const struct far_row {
	const char *label;
	int64_t cap;
	size_t limit; /* that has no room: 0 is 4/10s, 1 the cap */
	int64_t wait_s, patience_s, later_ms;
	bool is_far;
	int64_t spent_s;
} far_rows[] = {
	{ "soon", 0, 0, 10, 60, 0, false, 0 },
	{ "not soon, but deferred mail is no sooner", 0, 0, 600, 60, 0, false, 0 },
	{ "far", 0, 0, 660, 60, 0, true, 60 },
	{ "far, and looked at now and then", 0, 0, 3600, 60, 0, true, 300 },
	{ "one who has time", 0, 0, 3600, 3700, 0, false, 300 },
	{ "a cap", 9, 1, 100, 60, 0, true, 100 },
	{ "a cap, for hours", 9, 1, DAY_S, 60, 0, true, 300 },
	{ "a cap's room comes in time", 9, 1, 50, 60, 0, false, 50 },
	{ "not the cap", 9, 0, 100, 60, 0, false, 0 },
	{ "it may have come by now", 9, 1, DAY_S, 60, 2000, false, 298 },
	{ "it is looked at again", 9, 1, DAY_S, 60, 301000, false, 0 },
};

static void
knows_how_far_room_is(void **state)
{
	const struct far_row *row = *state;
	const struct limit *limit;
	struct lane *lane;
	int64_t spent_ms;

	world_begin("");
	lane = world_lane("two");
	mx_limits_at(lane->rule, LEVEL_NORMAL, engine.settings->levels, row->cap, &lane->limits);
	lane->full_until_ms = clock_monotonic_ms() + 1000;
	lane_note_full(lane, row->limit, row->wait_s * 1000);
	world_skip(row->later_ms);
	assert_int_equal(lane_is_far(lane, row->patience_s * 1000, clock_monotonic_ms()),
	    row->is_far);
	spent_ms = lane_spent_ms(lane, clock_monotonic_ms(), &limit);
	assert_in_range(spent_ms, row->spent_s > 0 ? row->spent_s * 1000 - 900 : 0,
	    row->spent_s * 1000);
	assert_ptr_equal(limit, row->spent_s > 0 ? &lane->limits.limits[row->limit] : NULL);
	lane_note_room(lane);
	assert_int_equal(lane_spent_ms(lane, clock_monotonic_ms(), &limit), 0);
	world_end();
}

static const struct suspended_row {
	const char *label;
	int64_t wait_s, later_ms, suspended_s;
} suspended_rows[] = {
	{ "for a moment", 60, 0, 0 },
	{ "not longer than deferred mail waits", 600, 0, 0 },
	{ "for long", 660, 0, 60 },
	{ "for long, and looked at now and then", 3600, 0, 300 },
	{ "the end comes near", 660, 59000, 1 },
	{ "it is looked at again", 3600, 301000, 0 },
};

static void
knows_how_long_it_is_suspended(void **state)
{
	const struct suspended_row *row = *state;
	struct lane *lane;

	world_begin("");
	lane = world_lane("two");
	lane_note_suspended(lane, row->wait_s * 1000);
	world_skip(row->later_ms);
	assert_in_range(lane_suspended_ms(lane, clock_monotonic_ms()),
	    row->suspended_s > 0 ? row->suspended_s * 1000 - 900 : 0, row->suspended_s * 1000);
	lane_note_room(lane);
	assert_int_equal(lane_suspended_ms(lane, clock_monotonic_ms()), 0);
	lane_note_suspended(lane, row->wait_s * 1000);
	lane_note_suspended(lane, 0);
	assert_int_equal(lane_suspended_ms(lane, clock_monotonic_ms()), 0);
	world_end();
}

static void
is_the_same_for_the_same(void **state)
{
	(void)state;
	world_begin("");
	assert_ptr_equal(world_lane("two"), world_lane("two"));
	assert_ptr_not_equal(world_lane("two"), world_lane("wide"));
	assert_string_equal(lane_name(world_lane("two")), "two");
	assert_string_equal(lane_ip(world_lane("two")), "192.0.2.1");
	world_end();
}

static void
goes_when_it_is_idle_and_empty(void **state)
{
	struct lane *lane;

	(void)state;
	world_begin("");
	lane = world_lane("two");
	ledger_add(&lane->ledger, clock_monotonic_ms());
	lane_hold(lane);
	world_skip(LANE_IDLE_S * 1000 + 1);
	lanes_sweep(engine.egress->lanes);
	assert_int_equal(lanes_count(engine.egress->lanes), 1); /* somebody refers to it */
	lane_release(&lane);
	lanes_sweep(engine.egress->lanes);
	assert_int_equal(lanes_count(engine.egress->lanes), 1); /* just now used */
	world_skip(LANE_IDLE_S * 1000 + 1);
	lanes_sweep(engine.egress->lanes);
	assert_int_equal(lanes_count(engine.egress->lanes), 0);
	world_end();
}

/* What of each limit was used when Redis went away stays with that limit. */
static void
stays_frozen_over_a_reload(void **state)
{
	struct lane *lane;

	(void)state;
	world_begin("");
	world_reload("",
	    "mx_rules = ( { name = \"one\"; mx = \"*\"; limits = [ \"50/10s\", \"90/1h\" ]; } );\n");
	lane = world_lane("one");
	for (int i = 0; i < 7; i++)
		ledger_add(&lane->ledger, clock_monotonic_ms());
	world_skip(20000);
	ledger_add(&lane->ledger, clock_monotonic_ms());
	lane_freeze(lane);
	assert_int_equal(lane->frozen_used[0], 1);
	assert_int_equal(lane->frozen_used[1], 8);
	world_reload("", "mx_rules = ( { name = \"one\"; mx = \"*\"; limits = \"90/1h\"; } );\n");
	assert_ptr_equal(world_lane("one"), lane);
	assert_int_equal(lane->frozen_used[0], 8);
	world_end();
}

int
main(void)
{
	struct check_list list = { 0 };

	CHECK_ROWS(&list, knows_its_pace, pace_rows);
	CHECK_ROWS(&list, knows_how_far_room_is, far_rows);
	CHECK_ROWS(&list, knows_how_long_it_is_suspended, suspended_rows);
	CHECK(&list, is_the_same_for_the_same);
	CHECK(&list, goes_when_it_is_idle_and_empty);
	CHECK(&list, stays_frozen_over_a_reload);
	return check_run(&list, "lane");
}
