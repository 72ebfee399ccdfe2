#include "metrics_lanes.h"

#include <string.h>

#include "egress.h"
#include "ledger.h"
#include "metrics_text.h"

/* -- the busiest ------------------------------------------------------------------------------- */

static bool
is_busier(const struct metrics_lane *a, const struct metrics_lane *b)
{
	int64_t of_a = a->open + a->waiting, of_b = b->open + b->waiting;

	return of_a != of_b ? of_a > of_b : a->messages > b->messages;
}

void
metrics_lanes_add(struct metrics_lanes *lanes, const struct metrics_lane *lane)
{
	size_t low = 0, high = lanes->count;
	unsigned char place;

	while (low < high) { /* behind its equals: who was first stays */
		size_t middle = (low + high) / 2;

		if (is_busier(lane, &lanes->lanes[lanes->order[middle]]))
			high = middle;
		else
			low = middle + 1;
	}
	lanes->left_out += lanes->count == METRICS_LANES;
	if (low == METRICS_LANES)
		return;
	if (lanes->count < METRICS_LANES) {
		place = (unsigned char)lanes->count++;
	} else {
		place = lanes->order[METRICS_LANES - 1];
	}
	memmove(&lanes->order[low + 1], &lanes->order[low], lanes->count - 1 - low);
	lanes->order[low] = place;
	lanes->lanes[place] = *lane;
}

/* -- gathering --------------------------------------------------------------------------------- */

static void
note_since(const struct waiters *waiters, int64_t *since_ms)
{
	const struct waiter *first = TAILQ_FIRST(waiters);

	if (first != NULL && (*since_ms == 0 || first->since_ms < *since_ms))
		*since_ms = first->since_ms;
}

static void
note_lane(void *arg, struct lane *lane)
{
	struct metrics_lanes *lanes = arg;

	note_since(&lane->for_slot, &lanes->since_ms);
	note_since(&lane->for_message, &lanes->since_ms);
	lanes->for_slot += lane->slot_waiters;
	lanes->for_message += lane->message_waiters;
	lanes->levels[lane->limits.level]++;
}

static void
add_lane(void *arg, struct lane *lane)
{
	struct metrics_lanes *lanes = arg;
	struct metrics_lane row = {
		.group = lane_name(lane),
		.ip = lane_ip(lane),
		.open = lane_open(lane),
		.waiting = lane_waiting(lane),
		.messages = lane->messages,
		.limits = &lane->limits,
		.ledger = &lane->ledger,
		.delivered = lane->delivered,
		.deferred = lane->deferred,
		.bounced = lane->bounced,
		.denied = lane->denied,
	};

	note_since(&lane->for_slot, &row.since_ms);
	note_since(&lane->for_message, &row.since_ms);
	note_lane(lanes, lane);
	metrics_lanes_add(lanes, &row);
}

static void
add_group(void *arg, const struct group *group)
{
	struct metrics_lane row = {
		.group = group_name(group),
		.ip = group_ip(group),
		.open = group_open(group),
		.messages = group_messages(group),
	};

	metrics_lanes_add(arg, &row);
}

void
metrics_lanes_gather(const struct engine *engine, struct metrics_lanes *lanes)
{
	if (engine->settings->enforce != ENFORCE_ADMISSION) {
		lanes_each(engine->egress->lanes, add_lane, lanes);
		return;
	}
	lanes_each(engine->egress->lanes, note_lane, lanes); /* of before a reload */
	groups_each(engine->groups, add_group, lanes);
	for (size_t i = 0; i < lanes->count; i++) {
		struct metrics_lane *lane = &lanes->lanes[i];
		const struct mx_rule *rule = mx_rules_of_group(engine->rules, lane->group);

		if (rule != NULL)
			lane->limits =
			    paces_limits(engine->paces, engine->rules, rule, lane->group, lane->ip);
	}
}

/* -- text -------------------------------------------------------------------------------------- */

static double
seconds_since(int64_t since_ms, int64_t now_ms)
{
	return since_ms == 0 || since_ms > now_ms ? 0 : (double)(now_ms - since_ms) / 1000;
}

struct line { /* one lane's part of a family */
	const char *name, *labels;
	const struct metrics_lane *lane;
	int64_t now_ms;
	struct str *out;
};

static void
add_slots(const struct line *line)
{
	metrics_number(line->out, line->name, line->labels, line->lane->open);
}

static void
add_slots_limit(const struct line *line)
{
	if (line->lane->limits != NULL && line->lane->limits->connections > 0)
		metrics_number(line->out, line->name, line->labels,
		    line->lane->limits->connections);
}

static void
add_waiting(const struct line *line)
{
	metrics_number(line->out, line->name, line->labels, line->lane->waiting);
}

static void
add_oldest(const struct line *line)
{
	metrics_value(line->out, line->name, line->labels,
	    seconds_since(line->lane->since_ms, line->now_ms));
}

static void
add_messages(const struct line *line)
{
	metrics_number(line->out, line->name, line->labels, (int64_t)line->lane->messages);
}

static void
add_period(const struct line *line, size_t i, int64_t value)
{
	struct str labels = { 0 };

	str_adds(&labels, line->labels);
	metrics_label(&labels, "period", line->lane->limits->limits[i].period);
	metrics_number(line->out, line->name, str_text(&labels), value);
	str_free(&labels);
}

static void
add_messages_limit(const struct line *line)
{
	const struct mx_limits *limits = line->lane->limits;

	for (size_t i = 0; limits != NULL && i < limits->limit_count; i++)
		add_period(line, i, limits->limits[i].count);
}

/* A ledger goes back an hour, and no longer. */
static void
add_messages_used(const struct line *line)
{
	const struct metrics_lane *lane = line->lane;

	for (size_t i = 0; lane->ledger != NULL && i < lane->limits->limit_count; i++)
		if (lane->limits->limits[i].period_ms <= LEDGER_LONGEST_S * INT64_C(1000))
			add_period(line, i, ledger_used(lane->ledger, i, line->now_ms));
}

static void
add_recipients(const struct line *line)
{
	const struct metrics_lane *lane = line->lane;
	const struct {
		const char *result;
		uint64_t count;
	} results[] = {
		{ "delivered", lane->delivered },
		{ "deferred", lane->deferred },
		{ "bounced", lane->bounced },
		{ "put_off", lane->denied },
	};

	for (size_t i = 0; lane->ledger != NULL && i < sizeof(results) / sizeof(results[0]); i++) {
		struct str labels = { 0 };

		str_adds(&labels, line->labels);
		metrics_label(&labels, "result", results[i].result);
		metrics_number(line->out, line->name, str_text(&labels), (int64_t)results[i].count);
		str_free(&labels);
	}
}

static const struct {
	struct metrics_family family;
	void (*add)(const struct line *line);
} families[] = {
	{ { "mxpace_lane_slots", "gauge",
	      "Connections of this node that count for an MX group and sending IP." },
	    add_slots },
	{ { "mxpace_lane_slots_limit", "gauge", "How many all nodes together may have." },
	    add_slots_limit },
	{ { "mxpace_lane_waiting", "gauge", "Deliveries that wait for it on this node." },
	    add_waiting },
	{ { "mxpace_lane_oldest_wait_seconds", "gauge", "How long the oldest of them waits." },
	    add_oldest },
	{ { "mxpace_lane_messages_total", "counter", "Messages of this node." }, add_messages },
	{ { "mxpace_lane_messages_used", "gauge",
	      "Messages of this node in the last period of a limit." },
	    add_messages_used },
	{ { "mxpace_lane_messages_limit", "gauge",
	      "How many all nodes together may send in that period." },
	    add_messages_limit },
	{ { "mxpace_lane_recipients_total", "counter",
	      "Recipients whose delivery ended, by result." },
	    add_recipients },
};

static void
format_levels(const struct metrics_lanes *lanes, struct str *out)
{
	static const struct metrics_family family = { "mxpace_lanes_at_level", "gauge",
		"MX groups and sending IPs with deliveries of late, by level." };

	metrics_head(out, &family);
	for (int i = LEVEL_SLOW; i < LEVELS; i++) {
		struct str labels = { 0 };

		metrics_label(&labels, "level", level_names[i]);
		metrics_number(out, family.name, str_text(&labels), lanes->levels[i]);
		str_free(&labels);
	}
}

static void
format_all(const struct metrics_lanes *lanes, int64_t now_ms, struct str *out)
{
	static const struct metrics_family waiting = { "mxpace_deliveries_waiting", "gauge",
		"Deliveries that wait, by what they wait for." };
	static const struct metrics_family oldest = { "mxpace_oldest_wait_seconds", "gauge",
		"How long the oldest of them waits; 0: none does." };
	static const struct metrics_family left_out = { "mxpace_lanes_left_out", "gauge",
		"MX groups and sending IPs without figures of their own here: less busy ones." };

	metrics_head(out, &waiting);
	metrics_number(out, waiting.name, "for=\"slot\"", lanes->for_slot);
	metrics_number(out, waiting.name, "for=\"message\"", lanes->for_message);
	metrics_head(out, &oldest);
	metrics_value(out, oldest.name, "", seconds_since(lanes->since_ms, now_ms));
	metrics_head(out, &left_out);
	metrics_number(out, left_out.name, "", (int64_t)lanes->left_out);
}

void
metrics_lanes_format(const struct metrics_lanes *lanes, int64_t now_ms, struct str *out)
{
	struct str labels[METRICS_LANES] = { 0 };

	format_levels(lanes, out);
	format_all(lanes, now_ms, out);
	for (size_t i = 0; i < lanes->count; i++) {
		metrics_label(&labels[i], "group", lanes->lanes[i].group);
		metrics_label(&labels[i], "ip", lanes->lanes[i].ip);
	}
	for (size_t f = 0; f < sizeof(families) / sizeof(families[0]); f++) {
		metrics_head(out, &families[f].family);
		for (size_t i = 0; i < lanes->count; i++) {
			size_t place = lanes->order[i];

			families[f].add(&(struct line){ families[f].family.name,
			    str_text(&labels[place]), &lanes->lanes[place], now_ms, out });
		}
	}
	for (size_t i = 0; i < lanes->count; i++)
		str_free(&labels[i]);
}
