#include "verbs.h"

#include <inttypes.h>
#include <string.h>

#include "keys.h"
#include "nodes.h"
#include "operator.h"
#include "store.h"
#include "warmups_read.h"

/* `warmup start`, `pause`, `resume`, `skip`, `stop`: an operator's orders. */

enum { DAY_S = 86400, KEEP_S = 180 * DAY_S, FIELDS_MAX = 8, HISTORY_MAX = 8 };

struct order {
	struct ctl *ctl;
	const char *ip, *by;
	int64_t today, now_s;
	struct warmup warmup;

	const char *what; /* in history and events */
	struct store_warmup_set set;
	struct store_event_field fields[FIELDS_MAX], history[HISTORY_MAX];
};

static const char *
number(struct ctl *ctl, int64_t n)
{
	return arena_printf(&ctl->arena, "%" PRId64, n);
}

static enum ctl_exit
begin(struct ctl *ctl, struct order *order)
{
	*order = (struct order){ .ctl = ctl, .ip = ctl->operands[0], .by = operator_name(ctl) };
	if (warmup_today(ctl, &order->today, &order->now_s) != 0)
		return CTL_AWAY;
	return warmup_read_ip(ctl, order->ip, &order->warmup) == 0 ? CTL_DONE : CTL_AWAY;
}

static void
change(struct order *order, const char *name, const char *value)
{
	order->fields[order->set.field_count++] = (struct store_event_field){ name, value };
}

static void
tell(struct order *order, const char *name, const char *value)
{
	order->history[order->set.history_count++] = (struct store_event_field){ name, value };
}

/* What is changed and told, if the warm-up still is in one of these states. */
static void
prepare(struct order *order, const char *what, const char *states)
{
	order->what = what;
	order->set.ip = order->ip;
	order->set.states = states;
	order->set.field = order->set.before = "";
	order->set.fields = order->fields;
	order->set.history = order->history;
	tell(order, "what", what);
	tell(order, "ip", order->ip);
}

/* Writes it, its event, and has all nodes read it. CTL_NO: it is another one by now. */
static enum ctl_exit
run(struct order *order, bool listed)
{
	struct ctl *ctl = order->ctl;
	int64_t changed = 0;

	tell(order, "by", order->by);
	if (listed) /* first, so that a warm-up is never there unseen */
		store_put_warmups_set(&ctl->batch, order->ip, order->warmup.plan.name);
	store_put_warmup_set(&ctl->batch, &order->set, &changed);
	if (ctl_store_must(ctl) != CTL_DONE)
		return CTL_AWAY;
	if (changed == 0) {
		ctl_complain(ctl, "the warm-up of %s was changed at this moment: try again",
		    order->ip);
		return CTL_NO;
	}
	if (!listed)
		store_put_warmups_set(&ctl->batch, order->ip, NULL);
	store_put_event(&ctl->batch, "warmup", order->history, order->set.history_count);
	store_put_warmup_changed(&ctl->batch);
	return ctl_store_must(ctl);
}

static void
show(const struct order *order, const char *done)
{
	struct ctl *ctl = order->ctl;
	int64_t days = warmup_forecast(&order->warmup, order->today);

	out_put(ctl_out(ctl), "ip", "Sending IP", out_string(order->ip));
	out_put(ctl->out, "what", "Warm-up", out_string(done));
	out_put(ctl->out, "plan", "Plan", out_string(order->warmup.plan.name));
	out_put(ctl->out, "stages", "Stages", out_number((int64_t)order->warmup.plan.stage_count));
	if (days > 0)
		out_put(ctl->out, "days_left", "Days left", out_count(days, "day", "days"));
}

/* One that runs or is paused; otherwise says so. */
static bool
is_there(const struct order *order)
{
	if (order->warmup.run == WARMUP_RUNNING || order->warmup.run == WARMUP_PAUSED)
		return true;
	ctl_complain(order->ctl,
	    "%s is not being warmed up; `mxctl warmup start %s` begins, `mxctl warmup show` lists",
	    order->ip, order->ip);
	return false;
}

/* -- start --------------------------------------------------------------------------------------- */

static bool
is_sending_ip(struct ctl *ctl, const char *ip)
{
	struct conf_strings ips;
	struct nodes nodes;
	struct err err;

	if (nodes_read(ctl, &nodes, &err) != 0) {
		ctl_complain(ctl, "%s", err.text);
		return false;
	}
	ips = nodes_sending_ips(ctl, &nodes);
	for (size_t i = 0; i < ips.count; i++)
		if (strcmp(ips.items[i], ip) == 0)
			return true;
	ctl_complain(ctl, "%s is the name of none of sending_ips (%s)", ip, ctl->settings->file);
	return false;
}

static const struct warmup_plan *
plan_asked_for(struct ctl *ctl)
{
	const char *name = ctl->options[CTL_OPTION_PLAN];
	const struct warmup_plan *plan = settings_warmup_plan(ctl->settings, name);

	if (plan == NULL)
		ctl_complain(ctl, "--plan: warmup_plans of %s has no \"%s\"", ctl->settings->file,
		    name);
	return plan;
}

/* The plan's stages as Redis keeps them. */
static void
set_plan(struct order *order, const struct warmup_plan *plan)
{
	struct str stages = { 0 };

	warmup_stages_format(plan, &stages);
	change(order, "plan", plan->name);
	change(order, "stages", arena_dup(&order->ctl->arena, span_of(str_text(&stages))));
	tell(order, "plan", plan->name);
	tell(order, "why", arena_printf(&order->ctl->arena, "plan %s", plan->name));
	order->warmup.plan = *plan;
	str_free(&stages);
}

/* Another plan for a warm-up under way: each group stays in the stage of its number. */
static enum ctl_exit
change_plan(struct order *order, const struct warmup_plan *plan)
{
	enum ctl_exit rc;

	if (order->ctl->options[CTL_OPTION_PLAN] == NULL) {
		ctl_complain(order->ctl,
		    "%s is being warmed up already, by plan %s; --plan gives it another one",
		    order->ip, order->warmup.plan.name);
		return CTL_NO;
	}
	prepare(order, "plan", "|running|paused|");
	set_plan(order, plan);
	rc = run(order, true);
	if (rc == CTL_DONE)
		show(order, "goes on by another plan");
	return rc;
}

enum ctl_exit
warmup_start(struct ctl *ctl)
{
	const struct warmup_plan *plan = plan_asked_for(ctl);
	struct order order;
	enum ctl_exit rc;

	if (plan == NULL)
		return CTL_USAGE;
	if ((rc = begin(ctl, &order)) != CTL_DONE)
		return rc;
	if (order.warmup.run == WARMUP_RUNNING || order.warmup.run == WARMUP_PAUSED)
		return change_plan(&order, plan);
	if (!is_sending_ip(ctl, order.ip))
		return CTL_NO;
	prepare(&order, "start", "||done|stopped|");
	order.set.fresh = true;
	set_plan(&order, plan);
	change(&order, "state", "running");
	change(&order, "stage", "1");
	change(&order, "began", number(ctl, warmup_date(order.today)));
	change(&order, "started", number(ctl, order.now_s));
	change(&order, "by", order.by);
	order.warmup.run = WARMUP_RUNNING;
	order.warmup.stage = 1;
	order.warmup.group_count = 0;
	rc = run(&order, true);
	if (rc == CTL_DONE)
		show(&order, "begins");
	return rc;
}

/* -- pause, resume, stop ------------------------------------------------------------------------- */

enum ctl_exit
warmup_pause(struct ctl *ctl)
{
	struct order order;
	enum ctl_exit rc = begin(ctl, &order);

	if (rc != CTL_DONE || !is_there(&order))
		return rc != CTL_DONE ? rc : CTL_NO;
	prepare(&order, "pause", "|running|paused|");
	change(&order, "state", "paused");
	change(&order, "changed", number(ctl, order.now_s));
	rc = run(&order, true);
	order.warmup.run = WARMUP_PAUSED;
	if (rc == CTL_DONE)
		show(&order, "is paused: caps hold, days do not count");
	return rc;
}

enum ctl_exit
warmup_resume(struct ctl *ctl)
{
	struct order order;
	enum ctl_exit rc = begin(ctl, &order);

	if (rc != CTL_DONE || !is_there(&order))
		return rc != CTL_DONE ? rc : CTL_NO;
	if (order.warmup.run != WARMUP_PAUSED) {
		ctl_complain(ctl, "the warm-up of %s is not paused", order.ip);
		return CTL_NO;
	}
	prepare(&order, "resume", "|paused|");
	change(&order, "state", "running");
	change(&order, "changed", number(ctl, order.now_s));
	/* The days of the pause are not judged. */
	change(&order, "judged", number(ctl, warmup_date(order.today - 1)));
	rc = run(&order, true);
	order.warmup.run = WARMUP_RUNNING;
	if (rc == CTL_DONE)
		show(&order, "goes on");
	return rc;
}

enum ctl_exit
warmup_stop(struct ctl *ctl)
{
	struct order order = { .ctl = ctl, .ip = ctl->operands[0], .by = operator_name(ctl) };
	struct store_fields fields = { .arena = &ctl->arena };
	enum ctl_exit rc;

	if (warmup_today(ctl, &order.today, &order.now_s) != 0)
		return CTL_AWAY;
	store_put_warmup_read(&ctl->batch, order.ip, &fields);
	if ((rc = ctl_store_must(ctl)) != CTL_DONE)
		return rc;
	/* One that cannot be read can be stopped too. */
	if (warmup_read(&ctl->arena, fields.items, fields.count, &order.warmup) &&
	    !is_there(&order))
		return CTL_NO;
	prepare(&order, "stop", "");
	order.set.ttl_s = KEEP_S;
	change(&order, "state", "stopped");
	change(&order, "changed", number(ctl, order.now_s));
	tell(&order, "plan", order.warmup.plan.name);
	rc = run(&order, false);
	order.warmup.run = WARMUP_STOPPED;
	if (rc == CTL_DONE)
		show(&order, "is stopped: no cap holds any more");
	return rc;
}

/* -- skip ---------------------------------------------------------------------------------------- */

/* The group's fields, if they still are as they were read. encoded: its name in them. */
static enum ctl_exit
skip_group(struct order *order, const char *name, const char *encoded,
    const struct warmup_group *group)
{
	struct ctl *ctl = order->ctl;
	struct warmup_state state = { .stage = order->warmup.stage, .since = order->today };
	struct warmup_judgement judgement;
	char text[WARMUP_STATE_SIZE];

	if (group != NULL)
		state = group->state;
	warmup_skip(&order->warmup.plan, order->today, &state, &judgement);
	order->set = (struct store_warmup_set){ 0 };
	prepare(order, "skip", "|running|paused|");
	order->set.field = arena_printf(&ctl->arena, "g:%s", encoded);
	order->set.before = group != NULL ? group->state_text : "";
	change(order, order->set.field, warmup_state_format(&state, text));
	tell(order, "group", name);
	tell(order, "from", number(ctl, (int64_t)judgement.from));
	tell(order, "stage", number(ctl, (int64_t)state.stage));
	tell(order, "why", state.done ? "skipped, done" : "skipped");
	return run(order, true);
}

/* Those that have no fields: their next stage is a matter of the IP. */
static enum ctl_exit
skip_others(struct order *order)
{
	struct ctl *ctl = order->ctl;
	size_t stage = order->warmup.stage + 1;

	if (stage > order->warmup.plan.stage_count)
		return CTL_DONE;
	order->set = (struct store_warmup_set){ 0 };
	prepare(order, "skip", "|running|paused|");
	change(order, "stage", number(ctl, (int64_t)stage));
	tell(order, "from", number(ctl, (int64_t)order->warmup.stage));
	tell(order, "stage", number(ctl, (int64_t)stage));
	tell(order, "why", "skipped, for groups without a state");
	return run(order, true);
}

static enum ctl_exit
skip_all(struct order *order)
{
	enum ctl_exit rc = CTL_DONE;

	for (size_t i = 0; i < order->warmup.group_count && rc == CTL_DONE; i++) {
		const struct warmup_group *group = &order->warmup.groups[i];
		struct str name = { 0 };

		if (group->state.done)
			continue;
		keys_decode(&name, span_of(group->name));
		rc = skip_group(order, arena_dup(&order->ctl->arena, span_of(str_text(&name))),
		    group->name, group);
		str_free(&name);
	}
	return rc == CTL_DONE ? skip_others(order) : rc;
}

enum ctl_exit
warmup_skip_stage(struct ctl *ctl)
{
	const char *name = ctl->options[CTL_OPTION_GROUP];
	const struct warmup_group *group;
	struct str encoded = { 0 };
	struct order order;
	enum ctl_exit rc = begin(ctl, &order);

	if (rc != CTL_DONE || !is_there(&order))
		return rc != CTL_DONE ? rc : CTL_NO;
	group = name != NULL ? warmup_group_of(&order.warmup, name) : NULL;
	if (group != NULL && group->state.done) {
		ctl_complain(ctl, "group %s is through the plan already", name);
		return CTL_NO;
	}
	if (name != NULL) {
		keys_encode(&encoded, span_of(name));
		rc = skip_group(&order, name, arena_dup(&ctl->arena, span_of(str_text(&encoded))),
		    group);
		str_free(&encoded);
	} else {
		rc = skip_all(&order);
	}
	if (rc != CTL_DONE || warmup_read_ip(ctl, order.ip, &order.warmup) != 0)
		return rc != CTL_DONE ? rc : CTL_AWAY;
	show(&order, name != NULL ? "the group is at its next stage" : "is at its next stage");
	return CTL_DONE;
}
