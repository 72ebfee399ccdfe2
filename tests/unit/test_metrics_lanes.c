/* metrics_lanes: the busiest are told of, whatever number there is; the rest is counted. */
#include "egress_world.h"

#include "metrics_lanes.h"
#include "metrics_text.h"

enum { MANY = 10000 };

static unsigned
lines_of(const char *text, const char *begin)
{
	unsigned n = 0;

	for (const char *at = text; at != NULL; at = strchr(at, '\n')) {
		at += *at == '\n';
		n += *at != '\0' && *at != '#' && strncmp(at, begin, strlen(begin)) == 0;
	}
	return n;
}

/* 10 000 groups, each with all the limits that there can be. */
static void
is_bounded(void **state)
{
	static char names[MANY][32];
	static struct metrics_lanes lanes;
	struct ledger ledger = { 0 };
	struct mx_limits limits = { .connections = 5 };
	struct str out = { 0 };
	int64_t took_us;

	(void)state;
	for (int i = 1; i <= MX_LIMITS_MAX; i++)
		limit_set(&limits.limits[limits.limit_count++], 10, i * 60000);
	ledger_follow(&ledger, limits.limits, limits.limit_count);
	lanes = (struct metrics_lanes){ 0 };
	took_us = clock_monotonic_us();
	for (int i = 0; i < MANY; i++) {
		/* In no order; 9973 is a prime. */
		int64_t open = (int64_t)i * 7919 % 9973;

		snprintf(names[i], sizeof(names[i]), "default/mx%d.test", i);
		metrics_lanes_add(&lanes, &(struct metrics_lane){ names[i], "all", open, 1, 1,
					      (uint64_t)i, &limits, &ledger, 1, 2, 3, 4 });
	}
	metrics_lanes_format(&lanes, 1001, &out);
	took_us = clock_monotonic_us() - took_us;
	print_message("# %d lanes: %zu bytes in %lld us\n", MANY, out.len, (long long)took_us);
	assert_int_equal(lanes.count, METRICS_LANES);
	assert_int_equal(lanes.left_out, MANY - METRICS_LANES);
	assert_int_equal(lines_of(str_text(&out), "mxpace_lane_slots{"), METRICS_LANES);
	assert_int_equal(lines_of(str_text(&out), "mxpace_lane_"),
	    METRICS_LANES * METRICS_LANE_SERIES);
	assert_in_range(lines_of(str_text(&out), ""), METRICS_LANES * METRICS_LANE_SERIES,
	    METRICS_LANES * METRICS_LANE_SERIES + METRICS_LANES_MORE);
	for (size_t i = 0; i < lanes.count; i++)
		assert_true(lanes.lanes[lanes.order[i]].open >= 9973 - METRICS_LANES - 1);
	assert_non_null(strstr(str_text(&out), "mxpace_lanes_left_out 9900\n"));
	str_free(&out);
	ledger_clear(&ledger);
}

static const struct order_row {
	const char *label;
	struct metrics_lane lanes[3]; /* the busiest first */
} order_rows[] = {
	{ "by connections", { { .group = "a", .open = 3 }, { .group = "b", .open = 2 },
				{ .group = "c", .open = 1 } } },
	{ "who waits counts as much", { { .group = "a", .open = 1, .waiting = 9 },
					  { .group = "b", .open = 5 }, { .group = "c" } } },
	{ "then by messages",
	    { { .group = "a", .open = 1, .messages = 7 }, { .group = "b", .messages = 9 },
		{ .group = "c", .messages = 8 } } },
};

static void
orders(void **state)
{
	static const size_t orders[][3] = { { 0, 1, 2 }, { 0, 2, 1 }, { 1, 0, 2 }, { 1, 2, 0 },
		{ 2, 0, 1 }, { 2, 1, 0 } };
	const struct order_row *row = *state;

	for (size_t i = 0; i < COUNT(orders); i++) {
		static struct metrics_lanes lanes;

		lanes = (struct metrics_lanes){ 0 };
		for (size_t j = 0; j < 3; j++)
			metrics_lanes_add(&lanes, &row->lanes[orders[i][j]]);
		for (size_t j = 0; j < 3; j++)
			assert_string_equal(lanes.lanes[lanes.order[j]].group, row->lanes[j].group);
	}
}

static void
gathers_lanes(void **state)
{
	static struct metrics_lanes lanes;
	struct str out = { 0 };
	struct waiter waiter = { .waits = true };
	struct lane *lane;

	(void)state;
	world_begin("");
	lane = world_lane("two");
	for (int i = 0; i < 3; i++)
		ledger_add(&lane->ledger, clock_monotonic_ms());
	lane->messages = 3;
	lane->bounced = 2;
	waiter.since_ms = clock_monotonic_ms();
	TAILQ_INSERT_TAIL(&lane->for_slot, &waiter, link);
	lane->slot_waiters = 1;
	lanes = (struct metrics_lanes){ 0 };
	metrics_lanes_gather(&engine, &lanes);
	assert_int_equal(lanes.count, 1);
	metrics_lanes_format(&lanes, waiter.since_ms + 1500, &out);
	TAILQ_REMOVE(&lane->for_slot, &waiter, link);
	lane->slot_waiters = 0;
#define TWO "{group=\"two\",ip=\"192.0.2.1\""
	static const char *const lines[] = {
		"\nmxpace_deliveries_waiting{for=\"slot\"} 1\n",
		"\nmxpace_deliveries_waiting{for=\"message\"} 0\n",
		"\nmxpace_oldest_wait_seconds 1.5\n",
		"\nmxpace_lanes_left_out 0\n",
		"\nmxpace_lanes_at_level{level=\"normal\"} 1\n",
		"\nmxpace_lane_slots" TWO "} 0\n",
		"\nmxpace_lane_slots_limit" TWO "} 2\n",
		"\nmxpace_lane_waiting" TWO "} 1\n",
		"\nmxpace_lane_oldest_wait_seconds" TWO "} 1.5\n",
		"\nmxpace_lane_messages_total" TWO "} 3\n",
		"\nmxpace_lane_messages_used" TWO ",period=\"10s\"} 3\n",
		"\nmxpace_lane_messages_limit" TWO ",period=\"10s\"} 4\n",
		"\nmxpace_lane_recipients_total" TWO ",result=\"bounced\"} 2\n",
	};
	for (size_t i = 0; i < COUNT(lines); i++)
		if (strstr(str_text(&out), lines[i]) == NULL)
			fail_msg("no line %sin\n%s", lines[i] + 1, str_text(&out));
	str_free(&out);
	world_end();
}

/* In admission there are no lanes: the groups are told of, with the limits of their rule now. */
static void
gathers_groups(void **state)
{
	static struct metrics_lanes lanes;
	struct group *group;
	struct str out = { 0 };

	(void)state;
	engine_set_up("enforce = \"admission\";");
	group = groups_get(engine.groups, "google", "192.0.2.1");
	group_open_slot(group);
	group_count_message(group);
	lanes = (struct metrics_lanes){ 0 };
	metrics_lanes_gather(&engine, &lanes);
	metrics_lanes_format(&lanes, 1, &out);
#define GOOGLE "{group=\"google\",ip=\"192.0.2.1\""
	assert_non_null(strstr(str_text(&out), "mxpace_lane_slots" GOOGLE "} 1\n"));
	assert_non_null(strstr(str_text(&out), "mxpace_lane_slots_limit" GOOGLE "} 5\n"));
	assert_non_null(strstr(str_text(&out), "mxpace_lane_messages_total" GOOGLE "} 1\n"));
	assert_non_null(
	    strstr(str_text(&out), "mxpace_lane_messages_limit" GOOGLE ",period=\"1h\"} 1000\n"));
	assert_null(strstr(str_text(&out), "mxpace_lane_recipients_total{"));
	str_free(&out);
	group_close_slot(group);
	group_release(&group);
	engine_take_down();
}

int
main(void)
{
	struct check_list list = { 0 };

	CHECK(&list, is_bounded);
	CHECK_ROWS(&list, orders, order_rows);
	CHECK(&list, gathers_lanes);
	CHECK(&list, gathers_groups);
	return check_run(&list, "metrics_lanes");
}
