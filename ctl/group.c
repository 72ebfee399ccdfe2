#include "verbs.h"

#include <string.h>

#include "held.h"
#include "nodes.h"
#include "show.h"
#include "use.h"

/* The fleet and its groups, for both commands. */
static int
read_groups(struct ctl *ctl, struct nodes *nodes, struct uses *uses, struct ctl_time *now,
    struct err *err)
{
	if (ctl_store_time(ctl, now, err) != 0 || nodes_read(ctl, nodes, err) != 0)
		return -1;
	return uses_list(ctl, nodes, 0, uses, err);
}

/* Below the list: what else keeps them from sending. */
static void
note_held(struct ctl *ctl, const struct use *use, const struct held *held)
{
	const struct store_backoff *backoff = &held->backoff;

	if (held->paused != NULL)
		out_note(ctl->out, "%s from %s: paused: %s", use->group, use->ip, held->paused);
	if (backoff->any)
		out_note(ctl->out, "%s from %s: backoff (%s): %s", use->group, use->ip,
		    backoff->action, *backoff->why != '\0' ? backoff->why : backoff->text);
}

enum ctl_exit
group_list(struct ctl *ctl)
{
	static const struct out_column columns[] = {
		{ "group", "GROUP", OUT_WRAP },
		{ "sending_ip", "SENDING IP", OUT_SAME },
		{ "used", "USED", OUT_RIGHT },
		{ "open", "OPEN", OUT_RIGHT },
		{ "next_s", "NEXT", OUT_LEFT },
		{ "messages", "MESSAGES", OUT_WRAP },
		{ "paused", NULL, OUT_LEFT },
		{ "backoff", NULL, OUT_LEFT },
	};
	struct nodes nodes;
	struct uses uses;
	struct held *held;
	struct ctl_time now;
	struct err err;

	if (read_groups(ctl, &nodes, &uses, &now, &err) != 0 ||
	    uses_read(ctl, &uses, &now, &err) != 0 || held_read(ctl, &uses, &held, &err) != 0) {
		ctl_complain(ctl, "%s", err.text);
		return CTL_AWAY;
	}
	out_table(ctl_out(ctl), "groups", NULL, columns, sizeof(columns) / sizeof(columns[0]));
	for (size_t i = 0; i < uses.count; i++) {
		const struct use *use = &uses.items[i];
		struct out_use open;

		out_cell(ctl->out, out_string(use->group));
		out_cell(ctl->out, out_string(use->ip));
		out_cell(ctl->out, out_time(use->used_s, now.s));
		out_cell(ctl->out, use_open(use, &open));
		out_cell(ctl->out, use_next(use));
		out_cell(ctl->out, out_uses(use->messages, use->count));
		out_cell(ctl->out,
		    held[i].paused != NULL ? out_string(held[i].paused) : out_none("-"));
		out_cell(ctl->out,
		    held[i].backoff.any ? out_string(held[i].backoff.action) : out_none("-"));
	}
	out_table_end(ctl->out, "No group was used within a week.");
	for (size_t i = 0; i < uses.count; i++)
		note_held(ctl, &uses.items[i], &held[i]);
	return CTL_DONE;
}

/* -- one group --------------------------------------------------------------------------------- */

static struct out_value
level_of_use(const struct use *use)
{
	return use->limits != NULL ? out_string(level_names[use->limits->level]) : out_none("-");
}

static void
show_limits(struct ctl *ctl, const struct uses *uses)
{
	static const struct out_column columns[] = {
		{ "sending_ip", "SENDING IP", OUT_LEFT },
		{ "level", "LEVEL", OUT_LEFT },
		{ "limit_on", "LIMIT ON", OUT_LEFT },
		{ "period", "IN", OUT_LEFT },
		{ "used", "USED", OUT_RIGHT },
		{ "limit", "OF", OUT_RIGHT },
		{ "next_s", "NEXT", OUT_LEFT },
	};

	out_table(ctl->out, "limits", "Limits", columns, sizeof(columns) / sizeof(columns[0]));
	for (size_t i = 0; i < uses->count; i++) {
		const struct use *use = &uses->items[i];

		out_cell(ctl->out, out_string(use->ip));
		out_cell(ctl->out, level_of_use(use));
		out_cell(ctl->out, out_string("connections"));
		out_cell(ctl->out, out_none("-"));
		out_cell(ctl->out, out_number(use->open));
		out_cell(ctl->out,
		    use_connections(use) > 0 ? out_number(use_connections(use)) : out_none("-"));
		out_cell(ctl->out, use_has_slot(use) ? out_wait(0) : out_none("no slot"));
		for (size_t k = 0; k < use->count; k++) {
			out_cell(ctl->out, out_string(use->ip));
			out_cell(ctl->out, level_of_use(use));
			out_cell(ctl->out, out_string("messages"));
			out_cell(ctl->out, out_string(use->messages[k].period));
			out_cell(ctl->out, out_number(use->messages[k].used));
			out_cell(ctl->out, out_number(use->messages[k].limit));
			out_cell(ctl->out, out_wait(use->wait_ms[k]));
		}
	}
	out_table_end(ctl->out, "None.");
}

/* What one node's field of a connections hash says: "3 until 1793427293". */
static int64_t
open_of_node(const struct store_fields *connections, size_t i, int64_t now_s)
{
	struct store_fields one = { .count = 2, .items = connections->items + i };

	return store_open_total(&one, now_s);
}

static int
show_connections(struct ctl *ctl, const struct uses *uses, const struct ctl_time *now,
    struct err *err)
{
	static const struct out_column columns[] = {
		{ "sending_ip", "SENDING IP", OUT_LEFT },
		{ "open", "OPEN", OUT_RIGHT },
		{ "node", "NODE", OUT_LEFT },
	};
	struct store_fields connections = { .arena = &ctl->arena };
	int rc = 0;

	out_table(ctl->out, "connections", "Open connections", columns,
	    sizeof(columns) / sizeof(columns[0]));
	for (size_t i = 0; i < uses->count && rc == 0; i++) {
		connections.count = 0;
		store_put_connections(&ctl->batch, uses->items[i].group, uses->items[i].ip,
		    &connections);
		rc = ctl_store_run(ctl, err);
		for (size_t k = 0; k + 1 < connections.count; k += 2) {
			int64_t open = open_of_node(&connections, k, now->s);

			if (open == 0)
				continue;
			out_cell(ctl->out, out_string(uses->items[i].ip));
			out_cell(ctl->out, out_number(open));
			out_cell(ctl->out, out_string(connections.items[k].ptr));
		}
	}
	out_table_end(ctl->out, "None.");
	return rc;
}

static void
show_rule(struct ctl *ctl, const struct use *use)
{
	const struct mx_rule *rule = use->rule;

	if (rule == NULL) {
		out_put(ctl->out, "rule", "Rule", out_none("gone from the rules"));
		return;
	}
	out_put(ctl->out, "rule", "Rule", out_string(rule->name));
	out_put(ctl->out, "rule_place", "", show_place(ctl, rule->file, rule->line));
	out_put(ctl->out, "scope", "Scope", out_string(mx_scope_names[rule->scope]));
	out_put(ctl->out, "per", "Limits per", out_string(mx_per_names[rule->per]));
}

/* Leaves the rows of that group; it is among those used within a week, or may be any day. */
static bool
find_group(struct ctl *ctl, const char *name, const struct nodes *nodes, struct uses *uses)
{
	const struct mx_rule *rule = mx_rules_of_group(ctl->rules, name);
	size_t kept = 0;

	for (size_t i = 0; i < uses->count; i++)
		if (strcmp(uses->items[i].group, name) == 0)
			uses->items[kept++] = uses->items[i];
	uses->count = kept;
	if (kept > 0)
		return true;
	if (rule != NULL && rule->scope == MX_SCOPE_PROVIDER && strcmp(rule->name, name) == 0) {
		*uses = uses_of_group(ctl, nodes, name, rule);
		return true;
	}
	if (rule != NULL && strcmp(rule->name, name) == 0)
		ctl_complain(ctl, "%s is a rule whose groups are called %s/HOST: mxctl group list",
		    name, name);
	else
		ctl_complain(ctl, "no group %s was used within a week: mxctl group list", name);
	return false;
}

enum ctl_exit
group_show(struct ctl *ctl)
{
	const char *name = ctl->operands[0];
	struct nodes nodes;
	struct uses uses;
	struct held *held;
	struct ctl_time now;
	struct err err;

	if (read_groups(ctl, &nodes, &uses, &now, &err) != 0)
		goto away;
	if (!find_group(ctl, name, &nodes, &uses))
		return CTL_NO;
	if (uses_read(ctl, &uses, &now, &err) != 0 || held_read(ctl, &uses, &held, &err) != 0)
		goto away;
	out_put(ctl_out(ctl), "group", "Group", out_string(name));
	show_rule(ctl, &uses.items[0]);
	out_put(ctl->out, "last_used", "Last used",
	    uses.items[0].used_s > 0 ? out_time(uses.items[0].used_s, now.s)
				     : out_none("not within a week"));
	out_put(ctl->out, "paused", held[0].paused != NULL ? "Paused" : NULL,
	    held[0].paused != NULL ? out_string(held[0].paused) : out_none("-"));
	show_limits(ctl, &uses);
	held_show(ctl, "Backoff", &uses, held);
	if (show_connections(ctl, &uses, &now, &err) == 0)
		return CTL_DONE;
away:
	ctl_complain(ctl, "%s", err.text);
	return CTL_AWAY;
}
