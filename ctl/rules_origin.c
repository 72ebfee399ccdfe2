#include "rules_origin.h"

#include <string.h>

#include "bounce_rules.h"
#include "pattern.h"
#include "show.h"

/* -- a rule of either kind --------------------------------------------------------------------- */

struct origin {
	const char *name;
	const void *rule;
	const struct conf_key *keys;
	size_t key_count;
	const struct conf_place *places;
	bool local;             /* all of it is the operator's */
	const char *local_file; /* whose places are the operator's */
	const char *custom;     /* the value of the custom key that it has */
};

static const struct out_column columns[] = {
	{ "rule", "RULE", OUT_SAME },
	{ "key", "KEY", OUT_LEFT },
	{ "value", "VALUE", OUT_WRAP },
	{ "from", "FROM", OUT_LEFT },
	{ "file", NULL, OUT_LEFT },
	{ "line", NULL, OUT_LEFT },
	{ NULL, "PLACE", OUT_LEFT },
};

static void
begin(struct ctl *ctl)
{
	out_table(ctl_out(ctl), "keys", NULL, columns, sizeof(columns) / sizeof(columns[0]));
}

static const char *
layer_of(struct ctl *ctl, const struct origin *origin, const struct conf_place *place)
{
	if (place->file == NULL)
		return "default";
	if (origin->local || strcmp(place->file, origin->local_file) == 0)
		return "local";
	return *ctl->settings->rules_version != '\0' ? "update" : "shipped";
}

static void
put_key(struct ctl *ctl, const struct origin *origin, size_t i)
{
	const struct conf_place *place = &origin->places[i];
	struct str value = { 0 };

	conf_format(&origin->keys[i], origin->rule, &value);
	if (origin->keys[i].type == CONF_CUSTOM)
		str_adds(&value, origin->custom);
	out_cell(ctl->out, out_string(origin->name));
	out_cell(ctl->out, out_string(origin->keys[i].name));
	out_cell(ctl->out, out_string(arena_dup(&ctl->arena, span_of(str_text(&value)))));
	out_cell(ctl->out, out_string(layer_of(ctl, origin, place)));
	out_cell(ctl->out, place->file != NULL ? out_string(place->file) : out_none("-"));
	out_cell(ctl->out, place->file != NULL ? out_number(place->line) : out_none("-"));
	out_cell(ctl->out,
	    place->file != NULL ? show_place(ctl, place->file, place->line) : out_none("-"));
	str_free(&value);
}

/* all: those at their default too. */
static void
put_keys(struct ctl *ctl, const struct origin *origin, bool all)
{
	for (size_t i = 0; i < origin->key_count; i++)
		if (origin->places[i].file != NULL || (all && origin->keys[i].type != CONF_CUSTOM))
			put_key(ctl, origin, i);
}

/* -- MX rules ---------------------------------------------------------------------------------- */

static void
put_mx_rule(struct ctl *ctl, const struct mx_rule *rule, bool all)
{
	struct origin origin = {
		.name = rule->name,
		.rule = rule,
		.places = rule->places,
		.local = rule->local,
		.local_file = ctl->settings->mx_rules_local,
		.custom = arena_printf(&ctl->arena, "%zu in all", rule->backoff_count),
	};

	origin.keys = mx_rules_keys(&origin.key_count);
	put_keys(ctl, &origin, all);
}

enum ctl_exit
rules_show_origin(struct ctl *ctl)
{
	const char *name = ctl->operand_count > 0 ? ctl->operands[0] : NULL;
	const struct mx_rule *only =
	    name != NULL ? mx_rules_named(ctl->rules, span_of(name)) : NULL;

	if (name != NULL && only == NULL) {
		rules_complain_unknown(ctl, name);
		return CTL_NO;
	}
	begin(ctl);
	for (size_t i = 0; i < ctl->rules->count; i++)
		if (only == NULL || only == &ctl->rules->rules[i])
			put_mx_rule(ctl, &ctl->rules->rules[i], only != NULL);
	out_table_end(ctl->out, "No rules.");
	if (only == NULL)
		rules_show_off(ctl);
	return CTL_DONE;
}

/* -- what is switched off ---------------------------------------------------------------------- */

static void
show_off(struct ctl *ctl, const struct rule_off *off, size_t count)
{
	static const struct out_column off_columns[] = {
		{ "rule", "RULE", OUT_LEFT },
		{ "place", "SWITCHED OFF BY", OUT_LEFT },
	};

	if (count == 0 && !ctl->json)
		return;
	out_table(ctl->out, "off", NULL, off_columns, sizeof(off_columns) / sizeof(off_columns[0]));
	for (size_t i = 0; i < count; i++) {
		out_cell(ctl->out, out_string(off[i].name));
		out_cell(ctl->out, show_place(ctl, off[i].place.file, off[i].place.line));
	}
	out_table_end(ctl->out, NULL);
}

void
rules_show_off(struct ctl *ctl)
{
	show_off(ctl, ctl->rules->off, ctl->rules->off_count);
}

void
rules_complain_unknown(struct ctl *ctl, const char *name)
{
	for (size_t i = 0; i < ctl->rules->off_count; i++)
		if (strcmp(ctl->rules->off[i].name, name) == 0) {
			ctl_complain(ctl, "the rule %s is switched off by %s:%u", name,
			    ctl->rules->off[i].place.file, ctl->rules->off[i].place.line);
			return;
		}
	ctl_complain(ctl, "no rule %s: mxctl rules show", name);
}

/* -- bounce rules ------------------------------------------------------------------------------ */

static void
list_bounce_rules(struct ctl *ctl, const struct bounce_rules *rules)
{
	static const struct out_column list[] = {
		{ "rule", "RULE", OUT_LEFT },
		{ "list", "LIST", OUT_LEFT },
		{ "type", "TYPE", OUT_LEFT },
		{ "reason", "REASON", OUT_LEFT },
		{ "file", "FILE", OUT_LEFT },
		{ "line", "LINE", OUT_RIGHT },
	};

	out_table(ctl_out(ctl), "rules", NULL, list, sizeof(list) / sizeof(list[0]));
	for (size_t i = 0; i < bounce_rules_count(rules); i++) {
		const struct bounce_rule *rule = bounce_rules_at(rules, i);

		out_cell(ctl->out, out_string(rule->name));
		out_cell(ctl->out, out_string(bounce_rules_list_name(rule->list)));
		out_cell(ctl->out, out_string(bounce_type_name((enum bounce_type)rule->type)));
		out_cell(ctl->out, out_string(reason_name((enum reason)rule->reason)));
		out_cell(ctl->out, out_string(rule->file));
		out_cell(ctl->out, out_number(rule->line));
	}
	out_table_end(ctl->out, "No rules.");
}

static void
put_bounce_rule(struct ctl *ctl, const struct bounce_rule *rule, bool all)
{
	struct origin origin = {
		.name = rule->name,
		.rule = rule,
		.places = rule->places,
		.local = rule->local,
		.local_file = ctl->settings->bounce_rules_local,
		.custom = rule->pattern != NULL
			      ? arena_printf(&ctl->arena, "\"%s\"", pattern_text(rule->pattern))
			      : "",
	};

	origin.keys = bounce_rules_keys(&origin.key_count);
	put_keys(ctl, &origin, all);
}

static const struct bounce_rule *
find_bounce_rule(const struct bounce_rules *rules, const char *name)
{
	for (size_t i = 0; i < bounce_rules_count(rules); i++)
		if (strcmp(bounce_rules_at(rules, i)->name, name) == 0)
			return bounce_rules_at(rules, i);
	return NULL;
}

static enum ctl_exit
show_bounce_rule(struct ctl *ctl, const struct bounce_rules *rules, const char *name)
{
	const struct bounce_rule *rule = find_bounce_rule(rules, name);

	if (rule == NULL) {
		ctl_complain(ctl, "no bounce rule %s: mxctl rules show --bounce", name);
		return CTL_NO;
	}
	begin(ctl);
	put_bounce_rule(ctl, rule, true);
	out_table_end(ctl->out, "");
	return CTL_DONE;
}

static void
show_bounce_rules(struct ctl *ctl, const struct bounce_rules *rules)
{
	size_t count;
	const struct rule_off *off = bounce_rules_off(rules, &count);

	if (ctl->options[CTL_OPTION_ORIGIN] == NULL) {
		list_bounce_rules(ctl, rules);
	} else {
		begin(ctl);
		for (size_t i = 0; i < bounce_rules_count(rules); i++)
			put_bounce_rule(ctl, bounce_rules_at(rules, i), false);
		out_table_end(ctl->out, "No rules.");
	}
	show_off(ctl, off, count);
}

enum ctl_exit
rules_show_bounce(struct ctl *ctl)
{
	const char *name = ctl->operand_count > 0 ? ctl->operands[0] : NULL;
	struct conf_errors errors = { 0 };
	struct bounce_rules *rules = bounce_rules_load(ctl->settings->bounce_rules,
	    ctl->settings->bounce_rules_local, &errors);
	enum ctl_exit rc = CTL_DONE;

	ctl_complain_mistakes(ctl, &errors);
	conf_errors_free(&errors);
	if (rules == NULL)
		return CTL_NO;
	if (name != NULL)
		rc = show_bounce_rule(ctl, rules, name);
	else
		show_bounce_rules(ctl, rules);
	bounce_rules_free(&rules);
	return rc;
}
