#include "held.h"

#include <string.h>

const struct mx_rule *
held_rule(struct ctl *ctl, const char *group)
{
	const struct mx_rule *rule = mx_rules_of_group(ctl->rules, group);

	if (rule != NULL && (rule->scope == MX_SCOPE_PROVIDER || strcmp(rule->name, group) != 0))
		return rule;
	if (rule != NULL)
		ctl_complain(ctl, "%s is a rule whose groups are called %s/HOST: mxctl group list",
		    group, group);
	else
		ctl_complain(ctl, "no rule has a group %s: mxctl group list, mxctl rules show",
		    group);
	return NULL;
}

enum { AT_ONCE = STORE_BATCH_MAX / 2 };

static int
read_some(struct ctl *ctl, const struct use *uses, size_t count, struct held *held, struct err *err)
{
	struct str paused[AT_ONCE] = { 0 };
	int rc;

	for (size_t i = 0; i < count; i++) {
		store_put_backoff_read(&ctl->batch, uses[i].group, uses[i].ip, &held[i].backoff);
		store_put_pause_read(&ctl->batch, uses[i].group, &paused[i]);
	}
	rc = ctl_store_run(ctl, err);
	for (size_t i = 0; i < count; i++) {
		held[i].paused = paused[i].len > 0
				     ? arena_dup(&ctl->arena, span_of(str_text(&paused[i])))
				     : NULL;
		str_free(&paused[i]);
	}
	return rc;
}

int
held_read(struct ctl *ctl, const struct uses *uses, struct held **held, struct err *err)
{
	*held = arena_alloc(&ctl->arena, (uses->count + 1) * sizeof(**held));
	for (size_t i = 0; i < uses->count; i += AT_ONCE) {
		size_t rest = uses->count - i;

		if (read_some(ctl, uses->items + i, rest < AT_ONCE ? rest : AT_ONCE, *held + i,
			err) != 0)
			return -1;
	}
	return 0;
}

static struct out_value
number_or_none(int64_t number)
{
	return number > 0 ? out_number(number) : out_none("-");
}

void
held_show(struct ctl *ctl, const char *title, const struct uses *uses, const struct held *held)
{
	static const struct out_column columns[] = {
		{ "group", "GROUP", OUT_WRAP },
		{ "sending_ip", "SENDING IP", OUT_SAME },
		{ "action", "ACTION", OUT_LEFT },
		{ "per_hour", "AN HOUR", OUT_RIGHT },
		{ "connections", "CONNECTIONS", OUT_RIGHT },
		{ "recovers_s", "RECOVERS", OUT_LEFT },
		{ "by", "BY", OUT_LEFT },
		{ "why", NULL, OUT_LEFT },
		{ "text", NULL, OUT_LEFT },
		{ NULL, "WHY", OUT_WRAP },
	};

	out_table(ctl_out(ctl), "backoff", title, columns, sizeof(columns) / sizeof(columns[0]));
	for (size_t i = 0; i < uses->count; i++) {
		const struct store_backoff *backoff = &held[i].backoff;
		bool suspended = strcmp(backoff->action, "suspend") == 0;

		if (!backoff->any)
			continue;
		out_cell(ctl->out, out_string(uses->items[i].group));
		out_cell(ctl->out, out_string(uses->items[i].ip));
		out_cell(ctl->out, out_string(backoff->action));
		out_cell(ctl->out, suspended ? out_number(0) : number_or_none(backoff->per_hour));
		out_cell(ctl->out, number_or_none(backoff->connections));
		out_cell(ctl->out, out_wait(backoff->hold_ms));
		out_cell(ctl->out, out_string(backoff->by));
		out_cell(ctl->out, out_string(backoff->why));
		out_cell(ctl->out, out_string(backoff->text));
		out_cell(ctl->out,
		    out_string(*backoff->why != '\0' ? backoff->why : backoff->text));
	}
	out_table_end(ctl->out, "None.");
}
