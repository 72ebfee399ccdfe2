#include "verbs.h"

#include <inttypes.h>
#include <string.h>

#include "duration.h"
#include "held.h"
#include "operator.h"

enum { COUNT_MAX = 1000000000 };

/* -- list -------------------------------------------------------------------------------------- */

/* Adds the groups that are a whole rule and were not used within a week: an operator may have set
 * something for them. */
static struct uses
with_unused(struct ctl *ctl, const struct nodes *nodes, const struct uses *used)
{
	size_t ips = nodes_sending_ips(ctl, nodes).count + 1;
	struct uses all = { arena_alloc(&ctl->arena,
				(used->count + ctl->rules->count * ips + 1) * sizeof(struct use)),
		used->count };

	if (used->count > 0)
		memcpy(all.items, used->items, used->count * sizeof(*used->items));
	for (size_t r = 0; r < ctl->rules->count; r++) {
		const struct mx_rule *rule = &ctl->rules->rules[r];
		bool known = rule->scope != MX_SCOPE_PROVIDER;
		struct uses more;

		for (size_t i = 0; i < used->count && !known; i++)
			known = strcmp(used->items[i].group, rule->name) == 0;
		if (known)
			continue;
		more = uses_of_group(ctl, nodes, rule->name, rule);
		memcpy(all.items + all.count, more.items, more.count * sizeof(*more.items));
		all.count += more.count;
	}
	return all;
}

enum ctl_exit
backoff_list(struct ctl *ctl)
{
	struct nodes nodes;
	struct uses used, all;
	struct held *held;
	struct err err;

	if (nodes_read(ctl, &nodes, &err) != 0 || uses_list(ctl, &nodes, 0, &used, &err) != 0)
		goto away;
	all = with_unused(ctl, &nodes, &used);
	if (held_read(ctl, &all, &held, &err) != 0)
		goto away;
	held_show(ctl, NULL, &all, held);
	return CTL_DONE;
away:
	ctl_complain(ctl, "%s", err.text);
	return CTL_AWAY;
}

/* -- set and clear ----------------------------------------------------------------------------- */

/* The rows that an order is about: the group's, or the one of --ip. */
static enum ctl_exit
find_rows(struct ctl *ctl, struct uses *uses)
{
	const char *group = ctl->operands[0], *ip = ctl->options[CTL_OPTION_IP];
	const struct mx_rule *rule = held_rule(ctl, group);
	struct str names = { 0 };
	struct nodes nodes;
	struct err err;
	size_t kept = 0;

	if (rule == NULL)
		return CTL_NO;
	if (nodes_read(ctl, &nodes, &err) != 0) {
		ctl_complain(ctl, "%s", err.text);
		return CTL_AWAY;
	}
	*uses = uses_of_group(ctl, &nodes, group, rule);
	for (size_t i = 0; i < uses->count; i++) {
		str_addf(&names, " %s", uses->items[i].ip);
		if (ip == NULL || strcmp(uses->items[i].ip, ip) == 0)
			uses->items[kept++] = uses->items[i];
	}
	if (kept == 0)
		ctl_complain(ctl, "group %s is not counted by \"%s\" but by%s", group, ip,
		    str_text(&names));
	uses->count = kept;
	str_free(&names);
	return kept > 0 ? CTL_DONE : CTL_USAGE;
}

/* A number from 1; 0: not given; -1 and a complaint: it is none. */
static int64_t
number_option(struct ctl *ctl, enum ctl_option option, const char *name)
{
	const char *text = ctl->options[option];
	unsigned long long number;

	if (text == NULL)
		return 0;
	if (span_number(span_of(text), &number) && number >= 1 && number <= COUNT_MAX)
		return (int64_t)number;
	ctl_complain(ctl, "%s: \"%s\" is no number from 1 to %d", name, text, COUNT_MAX);
	return -1;
}

static enum ctl_exit
read_order(struct ctl *ctl, struct store_order *order)
{
	const char *time = ctl->options[CTL_OPTION_FOR];

	*order = (struct store_order){
		.suspend = ctl->options[CTL_OPTION_SUSPEND] != NULL,
		.per_hour = number_option(ctl, CTL_OPTION_RATE, "--rate"),
		.connections = number_option(ctl, CTL_OPTION_CONNECTIONS, "--connections"),
		.for_ms = time != NULL ? duration_parse(span_of(time)) : 0,
		.why = operator_words(ctl, ctl->options[CTL_OPTION_WHY], ""),
		.by = operator_name(ctl),
	};
	if (order->per_hour < 0 || order->connections < 0)
		return CTL_USAGE;
	if (order->suspend ? order->per_hour + order->connections > 0
			   : order->per_hour + order->connections == 0) {
		ctl_complain(ctl, "either --suspend, or --rate, --connections or both");
		return CTL_USAGE;
	}
	if (time == NULL || order->for_ms < 1000) {
		ctl_complain(ctl, "--for: %s%s%s such as \"30m\" or \"12h\"",
		    time != NULL ? "\"" : "say a time", time != NULL ? time : "",
		    time != NULL ? "\" is no time" : "");
		return CTL_USAGE;
	}
	return CTL_DONE;
}

static void
put_event(struct ctl *ctl, const char *type, const struct use *use,
    const struct store_backoff *backoff, const char *by)
{
	char per_hour[24], connections[24], hold_s[24];
	const struct store_event_field fields[] = {
		{ "group", use->group },
		{ "ip", use->ip },
		{ "action", backoff->any ? backoff->action : NULL },
		{ "per_hour", backoff->per_hour > 0 ? per_hour : NULL },
		{ "connections", backoff->connections > 0 ? connections : NULL },
		{ "for", hold_s },
		{ "why", *backoff->why != '\0' ? backoff->why : NULL },
		{ "by", by },
	};

	snprintf(per_hour, sizeof(per_hour), "%" PRId64, backoff->per_hour);
	snprintf(connections, sizeof(connections), "%" PRId64, backoff->connections);
	snprintf(hold_s, sizeof(hold_s), "%" PRId64, backoff->hold_ms / 1000);
	store_put_event(&ctl->batch, type, fields, sizeof(fields) / sizeof(fields[0]));
}

enum ctl_exit
backoff_set(struct ctl *ctl)
{
	struct store_order order;
	struct uses uses;
	struct held *held;
	enum ctl_exit rc = read_order(ctl, &order);

	if (rc == CTL_DONE)
		rc = find_rows(ctl, &uses);
	if (rc != CTL_DONE)
		return rc;
	held = arena_alloc(&ctl->arena, uses.count * sizeof(*held));
	for (size_t i = 0; i < uses.count && rc == CTL_DONE; i++) {
		const struct mx_limits *limits = uses.items[i].limits;

		order.group = uses.items[i].group;
		order.ip = uses.items[i].ip;
		order.rule_per_hour = limits != NULL ? mx_limits_per_hour(limits) : 0;
		order.rule_connections = limits != NULL ? limits->connections : 0;
		store_put_backoff_set(&ctl->batch, &order, &held[i].backoff);
		rc = ctl_store_must(ctl);
		if (rc == CTL_DONE) {
			put_event(ctl, "backoff", &uses.items[i], &held[i].backoff, order.by);
			rc = ctl_store_must(ctl);
		}
	}
	if (rc == CTL_DONE)
		held_show(ctl, NULL, &uses, held);
	return rc;
}

enum ctl_exit
backoff_clear(struct ctl *ctl)
{
	static const struct out_column columns[] = {
		{ "group", NULL, OUT_LEFT },
		{ "sending_ip", NULL, OUT_LEFT },
		{ "cleared", NULL, OUT_LEFT },
	};
	const char *by = operator_name(ctl);
	struct uses uses;
	bool any = false;
	enum ctl_exit rc = find_rows(ctl, &uses);

	if (rc != CTL_DONE)
		return rc;
	out_table(ctl_out(ctl), "cleared", NULL, columns, sizeof(columns) / sizeof(columns[0]));
	for (size_t i = 0; i < uses.count && rc == CTL_DONE; i++) {
		const struct use *use = &uses.items[i];
		struct store_backoff before;
		int64_t cleared = 0;

		store_put_backoff_read(&ctl->batch, use->group, use->ip, &before);
		store_put_backoff_clear(&ctl->batch, use->group, use->ip, &cleared);
		if ((rc = ctl_store_must(ctl)) != CTL_DONE)
			break;
		out_note(ctl->out, "%s from %s: %s", use->group, use->ip,
		    before.any ? "backoff cleared" : "no backoff in force");
		out_cell(ctl->out, out_string(use->group));
		out_cell(ctl->out, out_string(use->ip));
		out_cell(ctl->out, out_bool(before.any));
		any = any || before.any;
		if (before.any) {
			put_event(ctl, "backoff_cleared", use, &before, by);
			rc = ctl_store_must(ctl);
		}
	}
	out_table_end(ctl->out, NULL);
	return rc == CTL_DONE && !any ? CTL_NO : rc;
}
