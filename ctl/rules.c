#include "verbs.h"

#include <string.h>

#include "pattern.h"
#include "rules_origin.h"
#include "rules_level.h"
#include "rules_status.h"
#include "show.h"

static struct out_value
number_or_none(int64_t number, const char *words)
{
	return number > 0 ? out_number(number) : out_none(words);
}

static void
show_row(struct ctl *ctl, const struct mx_rule *rule, const struct rules_share *share)
{
	const char *slash = strrchr(rule->file, '/');
	struct out *out = ctl->out;

	out_cell(out, out_string(rule->name));
	out_cell(out, out_string(mx_scope_names[rule->scope]));
	out_cell(out, out_string(mx_per_names[rule->per]));
	out_cell(out, out_string(level_names[share->limits->level]));
	out_cell(out, number_or_none(share->limits->connections, "-"));
	out_cell(out, number_or_none(share->limits->messages_per_connection, "-"));
	out_cell(out, rules_level_limits(ctl, share->limits));
	out_cell(out, out_number((int64_t)share->count));
	out_cell(out, number_or_none(share->together.connections, "-"));
	out_cell(out, rules_level_limits(ctl, &share->together));
	out_cell(out, out_list(rule->mx.items, rule->mx.count));
	out_cell(out, out_string(rule->file));
	out_cell(out, out_string(slash != NULL ? slash + 1 : rule->file));
	out_cell(out, out_number(rule->line));
}

/* A row for each share of the sending IPs that a rule comes to the same for. */
static void
show_all(struct ctl *ctl, const struct rules_level *levels)
{
	static const struct out_column columns[] = {
		{ "rule", "RULE", OUT_LEFT },
		{ "scope", "SCOPE", OUT_LEFT },
		{ "per", "PER", OUT_LEFT },
		{ "level", "LEVEL", OUT_LEFT },
		{ "connections", "CONN", OUT_RIGHT },
		{ "messages_per_connection", "EACH", OUT_RIGHT },
		{ "limits", "MESSAGES", OUT_WRAP },
		{ "sending_ips", "IPS", OUT_SAME },
		{ "fleet_connections", "FLEET", OUT_RIGHT },
		{ "fleet_limits", "FLEET MESSAGES", OUT_WRAP },
		{ "mx", NULL, OUT_LEFT },
		{ "file", NULL, OUT_LEFT },
		{ NULL, "FILE", OUT_SAME },
		{ "line", "LINE", OUT_RIGHT },
	};

	rules_status_place(ctl);
	out_table(ctl->out, "rules", NULL, columns, sizeof(columns) / sizeof(columns[0]));
	for (size_t i = 0; i < ctl->rules->count; i++) {
		const struct mx_rule *rule = &ctl->rules->rules[i];
		const struct rules_share *shares;
		size_t count;

		shares = rules_level_shares(ctl, levels, rule, &count);
		for (size_t k = 0; k < count; k++)
			show_row(ctl, rule, &shares[k]);
	}
	out_table_end(ctl->out, "No rules.");
	rules_level_note(ctl, levels);
	rules_show_off(ctl);
}

static void
show_backoff(struct ctl *ctl, const struct mx_rule *rule)
{
	static const struct out_column columns[] = {
		{ "match", "REPLY MATCHES", OUT_WRAP },
		{ "after", "AFTER", OUT_LEFT },
		{ "action", "ACTION", OUT_LEFT },
		{ "for", "FOR", OUT_LEFT },
	};

	if (rule->backoff_count == 0)
		return;
	out_table(ctl->out, "backoff", "Backoff (enforce = \"egress\")", columns,
	    sizeof(columns) / sizeof(columns[0]));
	for (size_t i = 0; i < rule->backoff_count; i++) {
		const struct backoff_rule *backoff = &rule->backoff[i];
		char text[LIMIT_TEXT_SIZE], duration[DURATION_SIZE];

		out_cell(ctl->out, out_string(pattern_text(backoff->match)));
		out_cell(ctl->out, out_string(limit_format(&backoff->after, text)));
		out_cell(ctl->out, out_string(backoff_action_names[backoff->action]));
		out_cell(ctl->out, out_string(duration_format(backoff->for_ms, duration)));
	}
	out_table_end(ctl->out, NULL);
}

static void
show_one(struct ctl *ctl, const struct mx_rule *rule, const struct rules_level *levels)
{
	size_t count;
	const struct mx_limits *limits = rules_level_shares(ctl, levels, rule, &count)->limits;
	struct out *out = ctl_out(ctl);

	out_put(out, "rule", "Rule", out_string(rule->name));
	out_put(out, "place", "Stands in", show_place(ctl, rule->file, rule->line));
	out_put(out, "origin", "Figures from", out_string(rule->origin));
	out_put(out, "mx", "MX hosts", out_list(rule->mx.items, rule->mx.count));
	out_put(out, "scope", "Scope", out_string(mx_scope_names[rule->scope]));
	out_put(out, NULL, "",
	    out_string(rule->scope == MX_SCOPE_PROVIDER
			   ? "all its domains are one group"
			   : "each set of MX hosts is a group of its own"));
	out_put(out, "per", "Limits per", out_string(mx_per_names[rule->per]));
	out_put(out, NULL, "",
	    out_string(rule->per == MX_PER_IP ? "each sending IP may use them, over the whole fleet"
					      : "all sending IPs together may use them"));
	out_put(out, "level", count == 1 ? "Level" : NULL, out_string(level_names[limits->level]));
	out_put(out, "connections", "Connections", number_or_none(limits->connections, "no limit"));
	out_put(out, "messages_per_connection", "Messages on each",
	    number_or_none(limits->messages_per_connection, "no limit"));
	out_put(out, "messages_per_hour", NULL,
	    number_or_none(limits->messages_per_hour, "no limit"));
	out_put(out, "burst", NULL, out_bool(rule->burst));
	out_put(out, "limits", "Messages",
	    limits->limit_count > 0 ? rules_level_limits(ctl, limits) : out_none("no limit"));
	rules_level_show(ctl, levels, rule);
	show_backoff(ctl, rule);
}

enum ctl_exit
rules_show(struct ctl *ctl)
{
	struct rules_level levels;
	const struct mx_rule *rule;

	if (ctl->options[CTL_OPTION_BOUNCE] != NULL)
		return rules_show_bounce(ctl);
	if (ctl->options[CTL_OPTION_ORIGIN] != NULL)
		return rules_show_origin(ctl);
	if (rules_level_read(ctl, &levels) != CTL_DONE)
		return CTL_USAGE;
	if (ctl->operand_count == 0) {
		show_all(ctl, &levels);
		return CTL_DONE;
	}
	rule = mx_rules_named(ctl->rules, span_of(ctl->operands[0]));
	if (rule == NULL) {
		rules_complain_unknown(ctl, ctl->operands[0]);
		return CTL_NO;
	}
	show_one(ctl, rule, &levels);
	return CTL_DONE;
}
