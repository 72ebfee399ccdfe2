#include "verbs.h"

#include <inttypes.h>
#include <string.h>

#include "keys.h"
#include "store.h"
#include "store_limits.h"
#include "warmup_line.h"
#include "warmups_read.h"

/* `warmup show`: all of them, or one: its groups, or its history. */

enum { DAY_MS = 86400 * 1000, AT_ONCE = 16, HISTORY_MOST = 1000 };

static enum ctl_exit
list(struct ctl *ctl)
{
	static const struct out_column columns[] = { { "ip", "SENDING IP", OUT_LEFT },
		{ "state", "STATE", OUT_LEFT }, { "plan", "PLAN", OUT_LEFT },
		{ "started", "STARTED", OUT_LEFT }, { "groups_done", "DONE", OUT_RIGHT },
		{ "groups_left", "GROUPS LEFT", OUT_RIGHT },
		{ "days_left", "DAYS LEFT", OUT_RIGHT } };
	struct conf_strings names;
	int64_t today, now_s;

	if (warmup_today(ctl, &today, &now_s) != 0 || warmups_read_names(ctl, &names) != 0)
		return CTL_AWAY;
	out_table(ctl_out(ctl), "warmups", NULL, columns, sizeof(columns) / sizeof(columns[0]));
	for (size_t i = 0; i < names.count; i++) {
		struct warmup warmup;
		size_t done, left;

		if (warmup_read_ip(ctl, names.items[i], &warmup) != 0)
			continue;
		warmup_count(&warmup, today, &done, &left);
		out_cell(ctl->out, out_string(names.items[i]));
		out_cell(ctl->out, out_string(warmup_run_names[warmup.run]));
		out_cell(ctl->out, out_string(warmup.plan.name));
		out_cell(ctl->out, out_time(warmup.started_s, now_s));
		out_cell(ctl->out, out_number((int64_t)done));
		out_cell(ctl->out, out_number((int64_t)left));
		out_cell(ctl->out, out_number(warmup_forecast(&warmup, today)));
	}
	out_table_end(ctl->out, "No sending IP is being warmed up: mxctl warmup start IP begins.");
	return CTL_DONE;
}

/* -- one ----------------------------------------------------------------------------------------- */

static void
show_head(struct ctl *ctl, const char *ip, const struct warmup *warmup, int64_t today,
    int64_t now_s)
{
	const struct warmup_plan *plan = settings_warmup_plan(ctl->settings, warmup->plan.name);
	int64_t days = warmup_forecast(warmup, today);
	struct str stages = { 0 };

	out_put(ctl_out(ctl), "ip", "Sending IP", out_string(ip));
	out_put(ctl->out, "state", "State", out_string(warmup_run_names[warmup->run]));
	out_put(ctl->out, "plan", "Plan", out_string(warmup->plan.name));
	out_put(ctl->out, "stages", "Stages", out_string(warmup->stages_text));
	out_put(ctl->out, "started", "Started", out_time(warmup->started_s, now_s));
	out_put(ctl->out, "by", "By", out_string(warmup->by));
	if (warmup->changed_s > 0)
		out_put(ctl->out, "changed", "Changed", out_time(warmup->changed_s, now_s));
	out_put(ctl->out, "days_left", "Days left",
	    days > 0 ? out_count(days, "day that counts", "days that count") : out_none("-"));
	if (plan != NULL) {
		warmup_stages_format(plan, &stages);
		if (strcmp(str_text(&stages), warmup->stages_text) != 0)
			out_note(ctl->out,
			    "The configuration now has another plan %s; mxctl warmup start %s "
			    "--plan %s would take it.",
			    plan->name, ip, plan->name);
	} else {
		out_note(ctl->out,
		    "The configuration no longer has plan %s; the warm-up goes on by it.",
		    warmup->plan.name);
	}
	str_free(&stages);
}

static void
show_group(struct ctl *ctl, const struct warmup *warmup, const struct warmup_group *group,
    const char *name, const struct out_use *use)
{
	const struct warmup_stage *stage = warmup_stage_of(warmup, name);
	const char *days = "-";

	if (stage != NULL)
		days = arena_printf(&ctl->arena, "%" PRId64 " of %" PRId64, group->state.good,
		    stage->days);
	out_cell(ctl->out, out_string(name));
	out_cell(ctl->out, stage != NULL ? out_number((int64_t)group->state.stage)
					 : out_none(group->state.done ? "done" : "-"));
	out_cell(ctl->out, out_bool(group->state.done));
	out_cell(ctl->out, out_string(days));
	out_cell(ctl->out, stage != NULL ? out_use(use) : out_none("-"));
	out_cell(ctl->out, stage != NULL ? out_string(level_names[stage->level]) : out_none("-"));
	out_cell(ctl->out, out_number(warmup_days_left(&warmup->plan, &group->state)));
}

/* Up to AT_ONCE groups: the use of their caps, and their rows. */
static int
show_some(struct ctl *ctl, const char *ip, const struct warmup *warmup, size_t first, size_t count,
    int64_t now_ms)
{
	struct store_fields rings[AT_ONCE];
	const char *names[AT_ONCE];
	struct limit limit;

	limit_set(&limit, 1, DAY_MS);
	for (size_t i = 0; i < count; i++) {
		struct str name = { 0 };

		keys_decode(&name, span_of(warmup->groups[first + i].name));
		names[i] = arena_dup(&ctl->arena, span_of(str_text(&name)));
		str_free(&name);
		rings[i] = (struct store_fields){ .arena = &ctl->arena };
		store_put_ring(&ctl->batch, names[i], ip, &limit, &rings[i]);
	}
	if (ctl_store_must(ctl) != CTL_DONE)
		return -1;
	for (size_t i = 0; i < count; i++) {
		const struct warmup_stage *stage = warmup_stage_of(warmup, names[i]);
		struct out_use use = { store_ring_used(&rings[i], &limit, now_ms),
			stage != NULL ? stage->cap : 0, "1d" };

		show_group(ctl, warmup, &warmup->groups[first + i], names[i], &use);
	}
	return 0;
}

static enum ctl_exit
show_groups(struct ctl *ctl, const char *ip, const struct warmup *warmup, int64_t now_s)
{
	static const struct out_column columns[] = { { "group", "GROUP", OUT_LEFT },
		{ "stage", "STAGE", OUT_RIGHT }, { "done", NULL, OUT_LEFT },
		{ "days", "DAYS", OUT_LEFT }, { "sent", "SENT", OUT_LEFT },
		{ "level", "LEVEL", OUT_LEFT }, { "days_left", "DAYS LEFT", OUT_RIGHT } };
	enum ctl_exit rc = CTL_DONE;

	out_table(ctl->out, "groups", "Groups", columns, sizeof(columns) / sizeof(columns[0]));
	for (size_t i = 0; i < warmup->group_count && rc == CTL_DONE; i += AT_ONCE) {
		size_t left = warmup->group_count - i;

		if (show_some(ctl, ip, warmup, i, left < AT_ONCE ? left : AT_ONCE, now_s * 1000) !=
		    0)
			rc = CTL_AWAY;
	}
	out_table_end(ctl->out, "None has had enough mail yet.");
	if (warmup->run == WARMUP_RUNNING || warmup->run == WARMUP_PAUSED)
		out_note(ctl->out,
		    "Any other group: stage %zu, %" PRId64 " messages in 24 hours, level %s.",
		    warmup->stage, warmup->plan.stages[warmup->stage - 1].cap,
		    level_names[warmup->plan.stages[warmup->stage - 1].level]);
	return rc;
}

/* -- its history --------------------------------------------------------------------------------- */

static void
show_lines(struct ctl *ctl, const struct warmup *warmup)
{
	static const struct out_column columns[] = { { "group", NULL, OUT_LEFT },
		{ "days", NULL, OUT_LEFT } };
	struct str lines = { 0 };
	struct span rest, line;

	if (ctl->json) {
		out_table(ctl->out, "lines", NULL, columns, 2);
		for (size_t i = 0; i < warmup->group_count; i++) {
			struct str name = { 0 };

			keys_decode(&name, span_of(warmup->groups[i].name));
			out_cell(ctl->out, out_string(str_text(&name)));
			out_cell(ctl->out, out_string(warmup->groups[i].line));
			str_free(&name);
		}
		out_table_end(ctl->out, NULL);
		return;
	}
	warmup_line_draw(warmup, &lines);
	rest = span_of(str_text(&lines));
	out_note(ctl->out, "%s", "");
	while (span_line(&rest, &line))
		out_note(ctl->out, "%.*s", (int)line.len, line.ptr);
	out_note(ctl->out, "%s",
	    lines.len > 0
		? "Stage of each day, and + it counted, ^ up, v down, ! held, - too little "
		  "mail, . no mail, ~ not judged, * done"
		: "No day of it has been judged yet.");
	str_free(&lines);
}

static struct out_value
field(struct ctl *ctl, const struct store_event *event, const char *name)
{
	for (size_t i = 0; i + 1 < event->field_count; i += 2)
		if (span_eq(event->fields[i], span_of(name)))
			return out_string(arena_dup(&ctl->arena, event->fields[i + 1]));
	return out_none("-");
}

static enum ctl_exit
show_history(struct ctl *ctl, const char *ip, const struct warmup *warmup, int64_t now_s)
{
	static const char *const names[] = { "what", "group", "day", "from", "stage", "why", "by" };
	static const struct out_column columns[] = { { "time", "TIME", OUT_LEFT },
		{ "what", "WHAT", OUT_LEFT }, { "group", "GROUP", OUT_LEFT },
		{ "day", NULL, OUT_LEFT }, { "from", "FROM", OUT_RIGHT },
		{ "stage", "STAGE", OUT_RIGHT }, { "why", "WHY", OUT_WRAP },
		{ "by", "BY", OUT_SAME } };
	struct store_events events = { .arena = &ctl->arena };

	(void)now_s;
	store_put_warmup_history(&ctl->batch, ip, HISTORY_MOST, &events);
	if (ctl_store_must(ctl) != CTL_DONE)
		return CTL_AWAY;
	show_lines(ctl, warmup);
	out_table(ctl->out, "history", "History", columns, sizeof(columns) / sizeof(columns[0]));
	for (size_t i = events.count; i-- > 0;) {
		int64_t ms = store_event_ms(span_of(events.items[i].id));

		out_cell(ctl->out, out_time(ms / 1000, 0));
		for (size_t k = 0; k < sizeof(names) / sizeof(names[0]); k++)
			out_cell(ctl->out, field(ctl, &events.items[i], names[k]));
	}
	out_table_end(ctl->out, "Nothing has happened yet.");
	return CTL_DONE;
}

enum ctl_exit
warmup_show(struct ctl *ctl)
{
	struct warmup warmup;
	int64_t today, now_s;
	const char *ip;

	if (ctl->operand_count == 0 && ctl->options[CTL_OPTION_HISTORY] != NULL) {
		ctl_complain(ctl, "--history: of which IP?");
		return CTL_USAGE;
	}
	if (ctl->operand_count == 0)
		return list(ctl);
	ip = ctl->operands[0];
	if (warmup_today(ctl, &today, &now_s) != 0 || warmup_read_ip(ctl, ip, &warmup) != 0)
		return CTL_AWAY;
	if (warmup.run == WARMUP_NONE) {
		ctl_complain(ctl, "%s is not being warmed up, and was not within half a year", ip);
		return CTL_NO;
	}
	show_head(ctl, ip, &warmup, today, now_s);
	return ctl->options[CTL_OPTION_HISTORY] != NULL ? show_history(ctl, ip, &warmup, now_s)
							: show_groups(ctl, ip, &warmup, now_s);
}
