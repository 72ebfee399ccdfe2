#include "route_lanes.h"

#include <stdlib.h>

#include "clock.h"
#include "mem.h"

static void
add_if_behind(void *arg, struct lane *lane)
{
	struct route_totals *totals = arg;

	if (!intake_is_behind(&lane->intake, lane_waiting(lane), totals->summed_ms))
		return;
	totals->behind++;
	totals->behind_inside += intake_inside(&lane->intake, totals->summed_ms);
}

/* Over all lanes, but not with each look-up. */
static void
sum_up(const struct egress *egress, int64_t now_ms)
{
	struct route_totals *totals = egress->totals;

	if (totals->summed_ms != 0 && now_ms - totals->summed_ms < ROUTE_TOTALS_MS)
		return;
	totals->summed_ms = now_ms;
	totals->behind = totals->behind_inside = 0;
	lanes_each(egress->lanes, add_if_behind, totals);
}

/* Further deliveries would soon be denied, as it holds nearly all it may of a transport it shares. */
static bool
fills_shared(const struct egress *egress, const struct lane *lane)
{
	int64_t most = lane_shared_most(egress->engine->settings->transport_processes);

	return 4 * lane->shared_waiters >= 3 * most;
}

/* No more at once than a warm-up's cap leaves, as far as this node knows: the others would be denied
 * there, and go by a warm IP only later. Its ledger goes back an hour and knows of no other node's
 * messages; so once the cap was reached, one to try, and then as many again as found room. Those
 * inside whose message is taken are counted already. */
static int64_t
left_of_cap(const struct lane *lane, int64_t allowed, int64_t now_ms)
{
	const struct mx_limits *limits = &lane->limits;

	for (size_t i = 0; limits->day_cap > 0 && i < limits->limit_count; i++) {
		int64_t left = limits->limits[i].count - ledger_used(&lane->ledger, i, now_ms);

		if (!mx_limits_is_cap(limits, i))
			continue;
		if (lane->proven >= 0 && left > lane->proven + 1)
			left = lane->proven + 1;
		left = (left > 0 ? left : 0) + lane->under_way;
		if (left < allowed)
			allowed = left;
	}
	return allowed;
}

/* The lane's figures, and what it may have inside as things stand. */
static void
describe_lane(const struct egress *egress, struct lane *lane, int64_t now_ms,
    struct route_lane *out)
{
	const struct route_totals *totals = egress->totals;
	int64_t inside = intake_inside(&lane->intake, now_ms);
	bool counted = intake_is_behind(&lane->intake, lane_waiting(lane), now_ms);
	struct intake_facts facts = {
		.inside = inside,
		.per_minute = lane_per_minute(lane, egress->fleet.nodes),
		.horizon_s = ROUTE_HORIZON_S,
		.behind_inside = totals->behind_inside + (counted ? 0 : inside),
		.behind_groups = totals->behind + !counted,
		.behind_max = egress->engine->settings->active_queue_limit / 4,
	};

	out->inside = inside;
	out->limits = &lane->limits;
	out->allowed = intake_allowed(&facts);
	if (fills_shared(egress, lane) && out->allowed > inside)
		out->allowed = inside;
	out->per_minute = facts.per_minute;
	out->allowed = left_of_cap(lane, out->allowed, now_ms);
	out->spent_ms = lane_spent_ms(lane, now_ms, &out->spent);
	out->suspended_ms = lane_suspended_ms(lane, now_ms);
	out->dead_ms = site_wait_ms(&lane->site, now_ms);
	out->dead_words = lane->site.words;
}

static void
make_room(struct route_lanes *lanes, size_t count)
{
	if (count <= lanes->room)
		return;
	lanes->choices = mem_resize(lanes->choices, count * sizeof(*lanes->choices));
	lanes->lanes = mem_resize(lanes->lanes, count * sizeof(struct lane *));
	lanes->room = count;
}

static void
add_choice(struct route_lanes *lanes, struct egress *egress, const struct sending *sending,
    const struct route_facts *facts, int64_t now_ms)
{
	struct route_lane *choice = &lanes->choices[lanes->count];
	struct lane *lane = NULL;

	*choice = (struct route_lane){
		.number = sending->number,
		.allowed = 1, /* as long as the MX set is not known, any will do */
		.per_minute = -1,
	};
	if (facts->rule != NULL) {
		lane = lanes_get(egress->lanes, facts->rules, facts->rule, facts->group,
		    decide_ip(facts->rule, sending->name));
		describe_lane(egress, lane, now_ms, choice);
	}
	lanes->lanes[lanes->count++] = lane;
}

void
route_lanes_gather(struct route_lanes *lanes, struct egress *egress, const char *sender,
    struct route_facts *facts)
{
	const struct settings *settings = facts->settings;
	int64_t now_ms = clock_monotonic_ms();
	struct sending sending;

	sum_up(egress, now_ms);
	make_room(lanes, sending_count(settings));
	facts->pool = sending_pool(settings, sender);
	/* Those that Postfix cannot send from yet only where there is no other. */
	for (int all = 0; all <= 1 && lanes->count == 0; all++)
		for (size_t i = 1; i <= sending_count(settings); i++)
			if (sending_get(settings, egress->engine->ip, i, &sending) &&
			    sending_pool_has(facts->pool, sending.name) &&
			    (all || transports_known_serves(facts->transports, facts->rules,
					facts->rule, i)))
				add_choice(lanes, egress, &sending, facts, now_ms);
	facts->lanes_known = FACT_KNOWN;
	facts->lanes = lanes->choices;
	facts->lane_count = lanes->count;
	facts->turn = egress->totals->turn;
}

static void
enter(struct egress *egress, struct lane *lane, int64_t now_ms)
{
	egress->totals->turn++;
	site_admits(&lane->site, now_ms);
	intake_enter(&lane->intake, now_ms);
	if (intake_is_behind(&lane->intake, lane_waiting(lane), now_ms))
		egress->totals->behind_inside++;
}

static void
refuse(struct egress *egress, struct lane *lane, int64_t now_ms)
{
	struct route_totals *totals = egress->totals;

	if (!intake_is_behind(&lane->intake, lane_waiting(lane), now_ms)) {
		totals->behind++;
		totals->behind_inside += intake_inside(&lane->intake, now_ms);
	}
	intake_refuse(&lane->intake, now_ms);
}

void
route_lanes_settle(struct route_lanes *lanes, struct egress *egress,
    const struct route_decision *decision, bool enforced)
{
	int64_t now_ms = clock_monotonic_ms();

	for (size_t i = 0; i < lanes->count; i++) {
		struct lane *lane = lanes->lanes[i];
		/* Sending IPs may share one (per = "group"). */
		bool again = i > 0 && lane == lanes->lanes[i - 1];

		if (lane == NULL || !enforced)
			continue;
		if (decision->lane == &lanes->choices[i])
			enter(egress, lane, now_ms);
		else if (decision->reason == ROUTE_QUEUE_FULL && !again)
			refuse(egress, lane, now_ms);
	}
	for (size_t i = 0; i < lanes->count; i++)
		lane_release(&lanes->lanes[i]);
	lanes->count = 0;
}

void
route_lanes_clear(struct route_lanes *lanes)
{
	free(lanes->choices);
	free(lanes->lanes);
	*lanes = (struct route_lanes){ 0 };
}
