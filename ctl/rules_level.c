#include "rules_level.h"

#include "in_force.h"
#include "nodes.h"

enum ctl_exit
rules_level_read(struct ctl *ctl, struct rules_level *levels)
{
	const char *word = ctl->options[CTL_OPTION_LEVEL];
	struct nodes nodes = { 0 };
	struct err err;

	*levels = (struct rules_level){ .level = LEVEL_NONE };
	if (word != NULL && (levels->level = level_of(span_of(word))) == LEVEL_NONE) {
		ctl_complain(ctl,
		    "\"%s\" is no level: slow, normal, fast, very_fast, boost or custom", word);
		return CTL_USAGE;
	}
	/* Without Redis as the configuration has it. */
	if (ctl->store == NULL && ctl_store_open(ctl, &err) == 0 &&
	    nodes_read(ctl, &nodes, &err) != 0)
		nodes = (struct nodes){ 0 };
	levels->ips = nodes_sending_ips(ctl, &nodes);
	return CTL_DONE;
}

/* -- shares ------------------------------------------------------------------------------------ */

static const struct mx_limits *
limits_of(struct ctl *ctl, const struct rules_level *levels, const struct mx_rule *rule,
    const char *ip)
{
	struct mx_limits *limits;

	if (levels->level == LEVEL_NONE)
		return in_force(ctl, rule, rule->name, ip);
	limits = arena_alloc(&ctl->arena, sizeof(*limits));
	mx_limits_at(rule, levels->level, ctl->settings->levels, 0, limits);
	return limits;
}

/* One and the same rule: level and cap say all. */
static bool
is_same(const struct mx_limits *a, const struct mx_limits *b)
{
	return a->level == b->level && a->day_cap == b->day_cap;
}

static void
multiply(const struct mx_limits *one, size_t count, struct mx_limits *together)
{
	*together = *one;
	together->connections *= (int64_t)count;
	together->messages_per_hour *= (int64_t)count;
	together->day_cap *= (int64_t)count;
	for (size_t i = 0; i < together->limit_count; i++)
		together->limits[i].count *= (int64_t)count;
}

const struct rules_share *
rules_level_shares(struct ctl *ctl, const struct rules_level *levels, const struct mx_rule *rule,
    size_t *count)
{
	static const char *const all[] = { "all" };
	bool apart = rule->per == MX_PER_IP;
	const char *const *names = apart ? levels->ips.items : all;
	size_t name_count = apart ? levels->ips.count : 1;
	struct rules_share *shares = arena_alloc(&ctl->arena, name_count * sizeof(*shares));

	*count = 0;
	for (size_t i = 0; i < name_count; i++) {
		const struct mx_limits *limits = limits_of(ctl, levels, rule, names[i]);
		size_t k = 0;

		while (k < *count && !is_same(shares[k].limits, limits))
			k++;
		if (k == *count)
			shares[(*count)++] = (struct rules_share){ .limits = limits,
				.names = arena_alloc(&ctl->arena, name_count * sizeof(*names)) };
		shares[k].names[shares[k].count++] = names[i];
	}
	for (size_t k = 0; k < *count; k++)
		multiply(shares[k].limits, shares[k].count, &shares[k].together);
	return shares;
}

/* -- showing ----------------------------------------------------------------------------------- */

struct out_value
rules_level_limits(struct ctl *ctl, const struct mx_limits *limits)
{
	const char **items = arena_alloc(&ctl->arena, (limits->limit_count + 1) * sizeof(*items));
	char text[LIMIT_TEXT_SIZE];

	for (size_t i = 0; i < limits->limit_count; i++)
		items[i] = arena_dup(&ctl->arena, span_of(limit_format(&limits->limits[i], text)));
	return out_list(items, limits->limit_count);
}

static struct out_value
number_or_none(int64_t number)
{
	return number > 0 ? out_number(number) : out_none("no limit");
}

void
rules_level_show(struct ctl *ctl, const struct rules_level *levels, const struct mx_rule *rule)
{
	static const struct out_column columns[] = {
		{ "level", "LEVEL", OUT_LEFT },
		{ "sending_ips", "SENDING IPS", OUT_WRAP },
		{ "connections", "CONN", OUT_RIGHT },
		{ "messages_per_connection", "EACH", OUT_RIGHT },
		{ "limits", "MESSAGES", OUT_WRAP },
		{ "fleet_connections", "FLEET CONN", OUT_RIGHT },
		{ "fleet_limits", "FLEET MESSAGES", OUT_WRAP },
	};
	const struct rules_share *shares;
	size_t count;

	shares = rules_level_shares(ctl, levels, rule, &count);
	out_table(ctl->out, "at_level",
	    rule->per == MX_PER_IP ? "Each sending IP, and all of them together"
				   : "All sending IPs together",
	    columns, sizeof(columns) / sizeof(columns[0]));
	for (size_t i = 0; i < count; i++) {
		const struct rules_share *share = &shares[i];

		out_cell(ctl->out, out_string(level_names[share->limits->level]));
		out_cell(ctl->out, out_list(share->names, share->count));
		out_cell(ctl->out, number_or_none(share->limits->connections));
		out_cell(ctl->out, number_or_none(share->limits->messages_per_connection));
		out_cell(ctl->out, rules_level_limits(ctl, share->limits));
		out_cell(ctl->out, number_or_none(share->together.connections));
		out_cell(ctl->out, rules_level_limits(ctl, &share->together));
	}
	out_table_end(ctl->out, NULL);
}

void
rules_level_note(struct ctl *ctl, const struct rules_level *levels)
{
	out_note(ctl->out,
	    "CONN, EACH and MESSAGES hold for each sending IP (PER ip), or for all together (PER "
	    "group); FLEET is what those in IPS may use together. The fleet has %zu sending IP%s.",
	    levels->ips.count, levels->ips.count == 1 ? "" : "s");
	if (levels->level == LEVEL_NONE && !ctl->levels_known)
		out_note(ctl->out,
		    "Redis does not answer: levels as configured, without those set there.");
}
