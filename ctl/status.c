#include "verbs.h"

#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "duration.h"
#include "guards.h"
#include "level_show.h"
#include "nodes.h"
#include "postfix_check.h"
#include "rules_status.h"
#include "traffic.h"
#include "watch.h"

enum { IN_USE_S = 3600, GROUPS_SHOWN = 20, TRAFFIC_SHOWN = 40, CLOCK_OFF_S = 5 };

struct fleet { /* what the store said */
	struct nodes nodes;
	struct uses uses;
	struct traffics traffics;
	struct ctl_time now;
	int64_t round_trip_ms;
	int64_t quarantine;
};

static int
read_fleet(struct ctl *ctl, struct fleet *fleet, struct err *err)
{
	int64_t began_ms;

	if (ctl_store_open(ctl, err) != 0)
		return -1;
	began_ms = clock_monotonic_ms();
	if (ctl_store_time(ctl, &fleet->now, err) != 0)
		return -1;
	fleet->round_trip_ms = clock_monotonic_ms() - began_ms;
	store_put_index_prune(&ctl->batch, fleet->now.s);
	store_put_index_size(&ctl->batch, &fleet->quarantine);
	if (ctl_store_run(ctl, err) != 0 || nodes_read(ctl, &fleet->nodes, err) != 0 ||
	    uses_list(ctl, &fleet->nodes, fleet->now.s - IN_USE_S, &fleet->uses, err) != 0 ||
	    uses_read(ctl, &fleet->uses, &fleet->now, err) != 0)
		return -1;
	return traffic_list(ctl, &fleet->nodes, &fleet->now, &fleet->traffics, err);
}

static void
show_store(struct ctl *ctl, const struct fleet *fleet, const struct err *away)
{
	int64_t ahead_s = clock_wall_s() - fleet->now.s;
	char off[DURATION_SIZE];

	out_open(ctl->out, "store", NULL);
	out_put(ctl->out, "address", "Store", out_string(ctl->settings->redis.text));
	out_put(ctl->out, "reachable", NULL, out_bool(away == NULL));
	if (away != NULL) {
		out_put(ctl->out, NULL, "", out_none("AWAY"));
		out_put(ctl->out, "words", "", out_string(away->text));
	} else {
		out_put(ctl->out, NULL, "",
		    out_string(arena_printf(&ctl->arena, "answers within %lld ms",
			(long long)fleet->round_trip_ms + 1)));
		out_put(ctl->out, "round_trip_ms", NULL, out_number(fleet->round_trip_ms));
		out_put(ctl->out, "time", NULL, out_time(fleet->now.s, 0));
	}
	if (away == NULL && (ahead_s > CLOCK_OFF_S || ahead_s < -CLOCK_OFF_S))
		out_note(ctl->out, "  The clock of this host is %s %s that of Redis.",
		    duration_format_wait((ahead_s < 0 ? -ahead_s : ahead_s) * 1000, off),
		    ahead_s > 0 ? "ahead of" : "behind");
	out_close(ctl->out);
}

static void
show_files(struct ctl *ctl)
{
	const struct settings *settings = ctl->settings;

	out_put(ctl->out, "version", "Version", out_string(MXPACE_VERSION));
	out_put(ctl->out, "configuration", "Configuration", out_string(settings->file));
	out_put(ctl->out, "enforce", "Enforce", out_string(enforce_names[settings->enforce]));
	level_show_status(ctl);
	rules_status_show(ctl);
}

static const struct out_column node_columns[] = {
	{ "node", "NODE", OUT_WRAP },
	{ "alive", NULL, OUT_LEFT },
	{ "heard", "HEARD", OUT_RIGHT },
	{ "sending_ip", "SENDING IP", OUT_LEFT },
	{ "open", "OPEN", OUT_RIGHT },
	{ "clients", "CLIENTS", OUT_RIGHT },
	{ "rules", "RULES", OUT_RIGHT },
	{ "rules_file", NULL, OUT_LEFT },
	{ "started", NULL, OUT_LEFT },
	{ NULL, "UP", OUT_RIGHT },
	{ "version", "VERSION", OUT_SAME },
	{ "enforce", "ENFORCE", OUT_SAME },
	{ "kernel_view", NULL, OUT_LEFT },
};
enum { NODE_COLUMNS = sizeof(node_columns) / sizeof(node_columns[0]) };

static void
show_node(struct out *out, const struct node *node, int64_t now_s)
{
	char up[DURATION_SIZE];

	out_cell(out, out_string(node->name));
	out_cell(out, out_bool(node->alive));
	out_cell(out, out_time(node->heard_s, now_s));
	if (!node->alive) {
		out_cell(out, out_none("silent"));
		for (size_t i = 4; i < NODE_COLUMNS; i++)
			out_cell(out, out_none("-"));
		return;
	}
	duration_format_wait((now_s - node->started_s) * 1000, up);
	out_cell(out, out_string(node->sending_ip));
	out_cell(out, out_number(node->open));
	out_cell(out, out_number(node->clients));
	out_cell(out, out_number(node->rules));
	out_cell(out, out_string(node->rules_file));
	out_cell(out, out_time(node->started_s, now_s));
	out_cell(out, out_string(up));
	out_cell(out, out_string(node->version));
	out_cell(out, out_string(node->enforce));
	out_cell(out, *node->kernel_view != '\0' ? out_string(node->kernel_view) : out_none("-"));
}

/* How many enforce what, for a fleet on its way from one to the next. */
static void
show_enforced(struct ctl *ctl, const struct nodes *nodes)
{
	struct str words = { 0 };

	out_open(ctl->out, "nodes_by_enforce", NULL);
	for (size_t i = 0; enforce_names[i] != NULL; i++) {
		int64_t count = 0;

		for (size_t k = 0; k < nodes->count; k++)
			count += strcmp(nodes->items[k].enforce, enforce_names[i]) == 0;
		out_put(ctl->out, enforce_names[i], NULL, out_number(count));
		if (count > 0)
			str_addf(&words, "%s%lld %s", words.len > 0 ? ", " : "", (long long)count,
			    enforce_names[i]);
	}
	if (nodes->count > nodes->alive)
		str_addf(&words, "%s%zu silent", words.len > 0 ? ", " : "",
		    nodes->count - nodes->alive);
	out_put(ctl->out, "silent", NULL, out_number((int64_t)(nodes->count - nodes->alive)));
	out_put(ctl->out, NULL, "Nodes", out_string(str_text(&words)));
	out_close(ctl->out);
	str_free(&words);
}

/* Where connections cannot be counted by what is really open. */
static void
show_blind(struct ctl *ctl, const struct nodes *nodes)
{
	struct str names = { 0 };

	for (size_t i = 0; i < nodes->count; i++)
		if (strcmp(nodes->items[i].kernel_view, "none") == 0)
			str_addf(&names, "%s%s", names.len > 0 ? ", " : "", nodes->items[i].name);
	if (names.len > 0)
		out_note(ctl->out,
		    "  Kernel view: none on %s: no connection of Postfix is seen there (another "
		    "network namespace?); they are counted by look-ups.",
		    str_text(&names));
	str_free(&names);
}

static void
show_nodes(struct ctl *ctl, const struct fleet *fleet)
{
	out_table(ctl->out, "nodes", "Nodes", node_columns, NODE_COLUMNS);
	for (size_t i = 0; i < fleet->nodes.count; i++)
		show_node(ctl->out, &fleet->nodes.items[i], fleet->now.s);
	out_table_end(ctl->out, "No mxpolicyd was heard of within a day.");
	show_blind(ctl, &fleet->nodes);
}

static int
by_fullness(const void *a, const void *b)
{
	int64_t x = use_fullness(a), y = use_fullness(b);

	return x == y ? 0 : x > y ? -1 : 1;
}

static void
show_groups(struct ctl *ctl, struct fleet *fleet)
{
	static const struct out_column columns[] = {
		{ "group", "GROUP", OUT_WRAP },
		{ "sending_ip", "SENDING IP", OUT_SAME },
		{ "open", "OPEN", OUT_RIGHT },
		{ "next_s", "NEXT", OUT_LEFT },
		{ "messages", "MESSAGES", OUT_WRAP },
	};
	struct uses *uses = &fleet->uses;
	struct out_use open;

	if (uses->count > 0)
		qsort(uses->items, uses->count, sizeof(*uses->items), by_fullness);
	out_table(ctl->out, "groups", "Groups used in the last hour, the fullest first", columns,
	    sizeof(columns) / sizeof(columns[0]));
	for (size_t i = 0; i < uses->count && i < GROUPS_SHOWN; i++) {
		const struct use *use = &uses->items[i];

		out_cell(ctl->out, out_string(use->group));
		out_cell(ctl->out, out_string(use->ip));
		out_cell(ctl->out, use_open(use, &open));
		out_cell(ctl->out, use_next(use));
		out_cell(ctl->out, out_uses(use->messages, use->count));
	}
	out_table_end(ctl->out, "None.");
	if (uses->count > GROUPS_SHOWN)
		out_note(ctl->out, "  and %zu more: mxctl group list", uses->count - GROUPS_SHOWN);
}

/* What an operator should decide. */
static void
show_guards(struct ctl *ctl)
{
	struct guards guards;
	struct err err;

	if (guards_read(ctl, &guards, &err) != 0)
		return;
	if (guards.count > 0 || ctl->json)
		guards_show(ctl, &guards);
	if (guards.count > 0)
		out_note(ctl->out,
		    "  mxctl quarantine guard confirm | dismiss GROUP REASON decides.");
}

static enum ctl_exit
show_all(struct ctl *ctl)
{
	struct fleet fleet = { 0 };
	struct err err;
	bool away = read_fleet(ctl, &fleet, &err) != 0;

	ctl_out(ctl);
	show_files(ctl);
	show_store(ctl, &fleet, away ? &err : NULL);
	postfix_check_show(ctl);
	if (away)
		return CTL_AWAY;
	out_put(ctl->out, "quarantine", "Quarantine",
	    out_count(fleet.quarantine, "address, quarantined or counting",
		"addresses, quarantined or counting"));
	show_guards(ctl);
	show_enforced(ctl, &fleet.nodes);
	show_nodes(ctl, &fleet);
	show_groups(ctl, &fleet);
	traffic_show(ctl, &fleet.traffics, TRAFFIC_SHOWN);
	if (fleet.nodes.alive == 0)
		ctl_complain(ctl, "no mxpolicyd is alive");
	return fleet.nodes.alive > 0 ? CTL_DONE : CTL_AWAY;
}

/* -- watching ---------------------------------------------------------------------------------- */

static int
read_traffic(struct ctl *ctl, struct fleet *fleet, struct err *err)
{
	if ((ctl->store == NULL && ctl_store_open(ctl, err) != 0) ||
	    ctl_store_time(ctl, &fleet->now, err) != 0 || nodes_read(ctl, &fleet->nodes, err) != 0)
		return -1;
	return traffic_list(ctl, &fleet->nodes, &fleet->now, &fleet->traffics, err);
}

static enum ctl_exit
draw_traffic(struct ctl *ctl)
{
	struct fleet fleet = { 0 };
	char date[CLOCK_DATE_SIZE];
	struct err err;

	if (read_traffic(ctl, &fleet, &err) != 0) {
		store_sync_close(&ctl->store);
		out_note(ctl_out(ctl), "%s  %s", clock_format(clock_wall_s(), date), err.text);
		return CTL_AWAY;
	}
	out_note(ctl_out(ctl), "%s  nodes alive: %zu of %zu", clock_format(fleet.now.s, date),
	    fleet.nodes.alive, fleet.nodes.count);
	traffic_show(ctl, &fleet.traffics, TRAFFIC_SHOWN);
	return fleet.nodes.alive > 0 ? CTL_DONE : CTL_AWAY;
}

static enum ctl_exit
watch_traffic(struct ctl *ctl)
{
	const char *text = ctl->options[CTL_OPTION_FOR];
	int64_t for_ms = text != NULL ? duration_parse(span_of(text)) : 0;

	if (ctl->json) {
		ctl_complain(ctl, "--watch is for people; `mxctl --json status` says it once");
		return CTL_USAGE;
	}
	if (text != NULL && for_ms <= 0) {
		ctl_complain(ctl, "\"%s\" is no time such as 90s or 10m", text);
		return CTL_USAGE;
	}
	return watch(ctl, for_ms, draw_traffic);
}

enum ctl_exit
status(struct ctl *ctl)
{
	if (ctl->options[CTL_OPTION_WATCH] != NULL)
		return watch_traffic(ctl);
	if (ctl->options[CTL_OPTION_FOR] != NULL) {
		ctl_complain(ctl, "--for says how long to --watch");
		return CTL_USAGE;
	}
	return show_all(ctl);
}
