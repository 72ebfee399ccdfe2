#include "explain_delivery.h"

#include <string.h>

#include "intake.h"
#include "route.h"

/* -- gathering --------------------------------------------------------------------------------- */

static void
read_transports(struct ctl *ctl, struct explain_delivery *delivery)
{
	struct transports_known known = { 0 };

	transports_known_read(&known, ctl->settings->state_dir);
	if (known.names.len > 0) {
		delivery->known.names.data = arena_dup(&ctl->arena, span_of(known.names.data));
		delivery->known.names.len = known.names.len;
	}
	transports_known_clear(&known);
	delivery->facts.transports = &delivery->known;
}

void
explain_delivery_begin(struct ctl *ctl, const struct decide_facts *facts, const char *sender,
    const char *node_name, struct explain_delivery *delivery)
{
	const struct settings *settings = ctl->settings;
	size_t count = 0;

	delivery->has_sender = sender != NULL;
	delivery->facts = (struct route_facts){
		.settings = settings,
		.rules = ctl->rules,
		.recipient = facts->recipient,
		.recipient_error = facts->recipient_error,
		.null_sender = facts->null_sender,
		.mx_known = facts->mx_known,
		.mx_state = facts->mx_state,
		.mx_words = facts->mx_words,
		.rule = facts->rule,
		.group = facts->group,
		.entry = facts->entry,
		.lanes_known = FACT_KNOWN,
		.pool = sender != NULL ? sending_pool(settings, sender) : NULL,
	};
	read_transports(ctl, delivery);
	if (facts->rule == NULL)
		return;
	transports_class(ctl->rules, facts->rule, &delivery->class);
	delivery->lanes =
	    arena_alloc(&ctl->arena, sending_count(settings) * sizeof(*delivery->lanes));
	for (size_t i = 1; i <= sending_count(settings); i++) {
		struct delivery_lane *lane = &delivery->lanes[count];

		if (!sending_get(settings, node_name, i, &lane->sending) ||
		    !sending_pool_has(delivery->facts.pool, lane->sending.name))
			continue;
		count++;
	}
	delivery->facts.lane_count = count;
}

static int
read_lane(struct ctl *ctl, const struct route_facts *facts, const struct ctl_time *now,
    struct delivery_lane *lane, struct err *err)
{
	struct use *use = &lane->use;
	struct store_take take;
	struct store_fields queue = { .arena = &ctl->arena };

	/* Only now: what is set in Redis counts. */
	*use = use_of(ctl, facts->group, decide_ip(facts->rule, lane->sending.name), facts->rule);
	take = (struct store_take){
		.group = use->group,
		.ip = use->ip,
		.node = ctl->settings->node,
		.limits = use->limits->limits,
		.limit_count = use->limits->limit_count,
	};
	store_put_take(&ctl->batch, &take, &lane->took);
	store_put_queue_read(&ctl->batch, use->group, use->ip, &queue);
	if (ctl_store_run(ctl, err) != 0)
		return -1;
	for (size_t i = 0; i + 1 < queue.count; i += 2) {
		struct store_fields one = { .count = 2, .items = queue.items + i };

		if (span_eq(queue.items[i], span_of(ctl->settings->node)))
			lane->own = store_queue_total(&one, now->s);
	}
	return traffic_read(ctl, &lane->use, now, &lane->traffic, err);
}

int
explain_delivery_read(struct ctl *ctl, const struct ctl_time *now,
    struct explain_delivery *delivery, struct err *err)
{
	for (size_t i = 0; i < delivery->facts.lane_count; i++)
		if (read_lane(ctl, &delivery->facts, now, &delivery->lanes[i], err) != 0)
			return -1;
	delivery->is_read = true;
	return 0;
}

/* -- deciding ---------------------------------------------------------------------------------- */

/* How long nothing is let into the queue, and by which limit, as lane_spent_ms() has it. */
static int64_t
spent_ms(const struct delivery_lane *lane, const struct limit **limit)
{
	const struct mx_limits *limits = lane->use.limits;
	const struct store_took *took = &lane->took;
	int64_t wait_ms = took->wait_ms;

	*limit = NULL;
	if (limits == NULL || took->outcome != STORE_NO_ROOM || took->limit >= limits->limit_count)
		return 0;
	if (!mx_limits_is_cap(limits, took->limit))
		wait_ms -= ROUTE_HORIZON_S * INT64_C(1000);
	if (wait_ms <= 0)
		return 0;
	*limit = &limits->limits[took->limit];
	return wait_ms;
}

/* Likewise, as lane_suspended_ms() has it. */
static int64_t
suspended_ms(const struct store_took *took)
{
	int64_t wait_ms = took->held.wait_ms - ROUTE_HORIZON_S * INT64_C(1000);

	return took->outcome == STORE_HELD && took->held.by == STORE_HOLD_SUSPENDED && wait_ms > 0
		   ? wait_ms
		   : 0;
}

/* As if no other group were behind. */
static struct route_lane
choice_of(const struct explain_delivery *delivery, const struct delivery_lane *lane)
{
	struct intake_facts facts = {
		.inside = lane->own.queued,
		.per_minute = lane->own.per_minute,
		.horizon_s = ROUTE_HORIZON_S,
		.behind_inside = lane->own.queued,
		.behind_groups = 1,
		.behind_max = delivery->facts.settings->active_queue_limit / 4,
	};

	const struct limit *spent;
	int64_t wait_ms = spent_ms(lane, &spent);

	return (struct route_lane){
		.spent_ms = wait_ms,
		.spent = spent,
		.suspended_ms = suspended_ms(&lane->took),
		.number = lane->sending.number,
		.limits = lane->use.limits,
		.inside = facts.inside,
		.allowed = intake_allowed(&facts),
		.per_minute = facts.per_minute,
	};
}

void
explain_delivery_decide(struct ctl *ctl, struct explain_delivery *delivery,
    enum decide_known entry_known)
{
	struct route_facts *facts = &delivery->facts;
	struct route_lane *choices =
	    arena_alloc(&ctl->arena, (facts->lane_count + 1) * sizeof(*choices));

	for (size_t i = 0; i < facts->lane_count; i++)
		choices[i] = choice_of(delivery, &delivery->lanes[i]);
	facts->lanes = choices;
	facts->store_known = entry_known == FACT_UNKNOWN ? FACT_FAILED : entry_known;
	route_decide(facts, &delivery->decision);
}

static bool
has_slot(const struct delivery_lane *lane)
{
	int64_t allowed = traffic_connections(&lane->traffic);

	return !lane->traffic.is_paused && !traffic_is_suspended(&lane->traffic.backoff) &&
	       (allowed == 0 || lane->use.open < allowed);
}

bool
explain_delivery_goes(const struct explain_delivery *delivery)
{
	const struct route_decision *decision = &delivery->decision;
	const struct delivery_lane *lane;

	if (decision->verdict != ROUTE_SEND)
		return decision->verdict == ROUTE_LEAVE;
	lane = &delivery->lanes[decision->lane - delivery->facts.lanes];
	return !delivery->is_read || (lane->took.outcome == STORE_TAKEN && has_slot(lane));
}

/* -- showing ----------------------------------------------------------------------------------- */

/* Why a message would have to wait; NULL: it would not. */
static const char *
wait_words(struct ctl *ctl, const struct delivery_lane *lane)
{
	const struct store_took *took = &lane->took;
	char text[LIMIT_TEXT_SIZE];

	switch (took->outcome) {
	case STORE_TAKEN:
		return has_slot(lane) ? NULL
				      : arena_printf(&ctl->arena, "%lld of %lld connections in use",
					    (long long)lane->use.open,
					    (long long)traffic_connections(&lane->traffic));
	case STORE_NO_SLOT: /* not asked for */
		break;
	case STORE_NO_ROOM:
		return arena_printf(&ctl->arena, "limit %s reached",
		    limit_format(&lane->use.limits->limits[took->limit], text));
	case STORE_HELD:
		return took->held.by == STORE_HOLD_PAUSED
			   ? arena_printf(&ctl->arena, "paused: %s", took->held.why)
			   : traffic_backoff_words(ctl, &lane->traffic.backoff);
	}
	return NULL;
}

static struct out_value
next_message(const struct store_took *took)
{
	if (took->outcome == STORE_HELD)
		return took->held.by == STORE_HOLD_PAUSED ? out_none("paused")
							  : out_wait(took->held.wait_ms);
	return out_wait(took->outcome == STORE_NO_ROOM ? took->wait_ms : 0);
}

static void
show_lanes(struct ctl *ctl, const struct explain_delivery *delivery)
{
	static const struct out_column columns[] = {
		{ "sending_ip", "SENDING IP", OUT_LEFT },
		{ "transport", "TRANSPORT", OUT_WRAP },
		{ "counted_by", NULL, OUT_LEFT },
		{ "level", "LEVEL", OUT_SAME },
		{ "open", "OPEN", OUT_RIGHT },
		{ "slot_free", "SLOT", OUT_LEFT },
		{ "waiting", "WAIT", OUT_RIGHT },
		{ "queued", "QUEUED", OUT_RIGHT },
		{ "messages", "SENT", OUT_WRAP },
		{ "next_s", "NEXT", OUT_LEFT },
		{ "why", NULL, OUT_LEFT },
	};
	struct out *out = ctl->out;

	out_table(out, "sending_ips", NULL, columns, sizeof(columns) / sizeof(columns[0]));
	for (size_t i = 0; delivery->is_read && i < delivery->facts.lane_count; i++) {
		const struct delivery_lane *lane = &delivery->lanes[i];
		const char *why = wait_words(ctl, lane);
		char transport[TRANSPORT_NAME_SIZE];
		struct transport_class class;
		struct out_use open;

		transports_choose(&delivery->known, ctl->rules, delivery->facts.rule,
		    lane->sending.number, &class);
		transports_name(&class, lane->sending.number, transport);
		out_cell(out, out_string(lane->sending.name));
		out_cell(out, out_string(transport));
		out_cell(out, out_string(lane->use.ip));
		out_cell(out, out_string(level_names[lane->use.limits->level]));
		out_cell(out, traffic_open(&lane->traffic, &open));
		out_cell(out, out_bool(has_slot(lane)));
		out_cell(out, out_number(lane->traffic.queue.waiting));
		out_cell(out, out_number(lane->traffic.queue.queued));
		out_cell(out, out_uses(lane->use.messages, lane->use.count));
		out_cell(out, next_message(&lane->took));
		out_cell(out, why != NULL ? out_string(why) : out_none("-"));
	}
	out_table_end(out, delivery->is_read ? "  No sending IP of this node may send it."
					     : "  Without Redis nothing is known of it.");
}

static void
show_waits(struct ctl *ctl, const struct explain_delivery *delivery)
{
	const char *label = "Has to wait";

	for (size_t i = 0; delivery->is_read && i < delivery->facts.lane_count; i++) {
		const char *why = wait_words(ctl, &delivery->lanes[i]);

		if (why == NULL)
			continue;
		out_put(ctl->out, NULL, label,
		    out_string(
			arena_printf(&ctl->arena, "%s: %s", delivery->lanes[i].sending.name, why)));
		label = "";
	}
}

static void
show_pool(struct ctl *ctl, const struct explain_delivery *delivery)
{
	const struct pool *pool = delivery->facts.pool;
	bool any = delivery->facts.settings->pool_count > 0;

	if (pool != NULL)
		out_put(ctl->out, "pool", "Pool", out_string(pool->name));
	else if (delivery->has_sender)
		out_put(ctl->out, "pool", any ? "Pool" : NULL, out_none("none: any sending IP"));
	else
		out_put(ctl->out, "pool", any ? "Pool" : NULL,
		    out_none("by the sender (--sender)"));
}

static void
show_class(struct ctl *ctl, const struct explain_delivery *delivery)
{
	const struct transport_class *class = &delivery->class;

	out_put(ctl->out, "class", "Transport class", out_string(class->name));
	out_put(ctl->out, "messages_per_connection", NULL,
	    class->messages_per_connection > 0 ? out_number(class->messages_per_connection)
					       : out_none("no limit"));
	show_pool(ctl, delivery);
	show_lanes(ctl, delivery);
	show_waits(ctl, delivery);
}

void
explain_delivery_show(struct ctl *ctl, const struct explain_delivery *delivery)
{
	const struct route_decision *decision = &delivery->decision;
	const char *verdict = route_verdict_name(decision->verdict);
	const char *reason = route_reason_name(decision->reason);

	out_open(ctl->out, "delivery", "When it is delivered");
	out_put(ctl->out, "verdict", NULL, out_string(verdict));
	out_put(ctl->out, "reason", NULL, out_string(reason));
	out_put(ctl->out, NULL, "Verdict",
	    out_string(arena_printf(&ctl->arena, "%s (%s)", verdict, reason)));
	out_put(ctl->out, "answer", "qmgr is told",
	    out_exact(decision->reply.answer == ANSWER_OK
			  ? arena_printf(&ctl->arena, "OK %s", decision->reply.text)
			  : "NOTFOUND"));
	if (ctl->settings->enforce == ENFORCE_OBSERVE && decision->verdict != ROUTE_LEAVE)
		out_put(ctl->out, NULL, "",
		    out_string("observe only logs this: in fact it is told NOTFOUND"));
	if (delivery->facts.rule != NULL)
		show_class(ctl, delivery);
	out_close(ctl->out);
}
