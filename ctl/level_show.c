#include "level_show.h"

#include <stdlib.h>
#include <string.h>

#include "in_force.h"
#include "postfix_plan.h"
#include "postfix_state.h"

/* -- what holds -------------------------------------------------------------------------------- */

static const char *
from_words(struct ctl *ctl, const struct pace *pace)
{
	if (pace->source == PACE_SET)
		return pace->scope == PACE_ALL ? "set for all"
					       : arena_printf(&ctl->arena, "set for %s %s",
						     pace_scope_names[pace->scope], pace->name);
	if (pace->source == PACE_IN_RULE)
		return "the rule's level";
	return pace->scope == PACE_ALL
		   ? "level of the configuration"
		   : arena_printf(&ctl->arena, "level of %s %s in the configuration",
			 pace_scope_names[pace->scope], pace->name);
}

static void
put_row(struct ctl *ctl, enum pace_scope of, const char *name, const struct pace *pace)
{
	const struct pace_set *set = pace->set;
	struct out *out = ctl->out;

	out_cell(out, out_string(pace_scope_names[of]));
	out_cell(out, *name != '\0' ? out_string(name) : out_none("-"));
	out_cell(out, out_string(level_names[pace->level]));
	out_cell(out, out_string(pace_source_names[pace->source]));
	out_cell(out, out_string(from_words(ctl, pace)));
	out_cell(out, set != NULL && set->since_s > 0 ? out_time(set->since_s, 0) : out_none("-"));
	out_cell(out, set != NULL && *set->by != '\0' ? out_string(set->by) : out_none("-"));
}

static bool
is_asked(enum pace_scope asked, const char *asked_name, enum pace_scope of, const char *name)
{
	return asked == PACE_ALL || (asked == of && strcmp(asked_name, name) == 0);
}

/* Rules without a level of their own send as the IPs do: only where one was asked for. */
static void
put_rules(struct ctl *ctl, enum pace_scope scope, const char *name)
{
	for (size_t i = 0; i < ctl->rules->count; i++) {
		const struct mx_rule *rule = &ctl->rules->rules[i];
		struct pace pace;

		pace_of(ctl->settings, in_force_sets(ctl), rule, NULL, &pace);
		if (is_asked(scope, name, PACE_RULE, rule->name) &&
		    (scope == PACE_RULE || pace.scope == PACE_RULE))
			put_row(ctl, PACE_RULE, rule->name, &pace);
	}
}

/* What was set for something that is there no more. */
static bool
is_left_over(const struct ctl *ctl, const struct conf_strings *ips, const struct pace_set *set)
{
	switch (set->scope) {
	case PACE_POOL:
		for (size_t i = 0; i < ctl->settings->pool_count; i++)
			if (strcmp(ctl->settings->pools[i].name, set->name) == 0)
				return false;
		return true;
	case PACE_IP:
		for (size_t i = 0; i < ips->count; i++)
			if (strcmp(ips->items[i], set->name) == 0)
				return false;
		return true;
	case PACE_RULE:
		return mx_rules_named(ctl->rules, span_of(set->name)) == NULL;
	case PACE_ALL:
		return ctl->settings->level == LEVEL_CUSTOM;
	case PACE_SCOPES:
		break;
	}
	return false;
}

static void
note_left_over(struct ctl *ctl, const struct conf_strings *ips)
{
	const struct pace_sets *sets = in_force_sets(ctl);

	for (size_t i = 0; i < sets->count; i++)
		if (is_left_over(ctl, ips, &sets->items[i]))
			out_note(ctl->out, "%s %s is set to %s, which changes nothing.",
			    pace_scope_names[sets->items[i].scope], sets->items[i].name,
			    level_names[sets->items[i].level]);
}

enum ctl_exit
level_show(struct ctl *ctl, const struct conf_strings *ips, enum pace_scope scope, const char *name)
{
	static const struct out_column columns[] = {
		{ "of", "OF", OUT_LEFT },
		{ "name", "NAME", OUT_LEFT },
		{ "level", "LEVEL", OUT_LEFT },
		{ "source", NULL, OUT_LEFT },
		{ "from", "FROM", OUT_WRAP },
		{ "since", "SINCE", OUT_LEFT },
		{ "by", "BY", OUT_LEFT },
	};
	const struct pace_sets *sets = in_force_sets(ctl);
	struct pace pace;

	out_table(ctl_out(ctl), "levels", NULL, columns, sizeof(columns) / sizeof(columns[0]));
	if (scope == PACE_ALL) {
		pace_of(ctl->settings, sets, NULL, NULL, &pace);
		put_row(ctl, PACE_ALL, "", &pace);
	}
	for (size_t i = 0; i < ctl->settings->pool_count; i++) {
		const struct pool *pool = &ctl->settings->pools[i];

		if (!is_asked(scope, name, PACE_POOL, pool->name))
			continue;
		pace_of_pool(ctl->settings, sets, pool, &pace);
		put_row(ctl, PACE_POOL, pool->name, &pace);
	}
	for (size_t i = 0; i < ips->count; i++) {
		if (!is_asked(scope, name, PACE_IP, ips->items[i]))
			continue;
		pace_of(ctl->settings, sets, NULL, ips->items[i], &pace);
		put_row(ctl, PACE_IP, ips->items[i], &pace);
	}
	put_rules(ctl, scope, name);
	out_table_end(ctl->out, NULL);
	note_left_over(ctl, ips);
	return CTL_DONE;
}

void
level_show_status(struct ctl *ctl)
{
	const struct pace_sets *sets = in_force_sets(ctl);
	int64_t own = 0;
	struct pace pace;

	for (size_t i = 0; i < ctl->settings->sending_ip_count; i++)
		own += ctl->settings->sending_ips[i].level != LEVEL_NONE &&
		       pace_set_of(sets, PACE_IP, ctl->settings->sending_ips[i].name) == NULL;
	for (size_t i = 0; i < ctl->settings->pool_count; i++)
		own += ctl->settings->pools[i].level != LEVEL_NONE &&
		       pace_set_of(sets, PACE_POOL, ctl->settings->pools[i].name) == NULL;
	for (size_t i = 0; i < sets->count; i++)
		own += sets->items[i].scope != PACE_ALL;
	pace_of(ctl->settings, sets, NULL, NULL, &pace);
	out_open(ctl->out, "level", NULL);
	out_put(ctl->out, "all", NULL, out_string(level_names[pace.level]));
	out_put(ctl->out, "source", NULL, out_string(pace_source_names[pace.source]));
	out_put(ctl->out, "exceptions", NULL, out_number(own));
	out_put(ctl->out, NULL, "Level",
	    out_string(own == 0 ? level_names[pace.level]
				: arena_printf(&ctl->arena, "%s; %lld others: mxctl level",
				      level_names[pace.level], (long long)own)));
	out_close(ctl->out);
}

/* -- what Postfix was told --------------------------------------------------------------------- */

/* The figure of one transport in the master.cf that set-up left; -1: it is not there. */
static int64_t
reuse_limit(const char *master, const char *transport)
{
	static const char option[] = "smtp_connection_reuse_count_limit=";
	size_t len = strlen(transport);
	const char *at = master, *end, *value;

	while ((at = strstr(at, transport)) != NULL &&
	       ((at != master && at[-1] != '\n') || (at[len] != ' ' && at[len] != '\t')))
		at++;
	if (at == NULL)
		return -1;
	/* Up to the next line that does not go on. */
	for (end = strchr(at, '\n'); end != NULL && (end[1] == ' ' || end[1] == '\t');)
		end = strchr(end + 1, '\n');
	value = strstr(at, option);
	if (value == NULL || (end != NULL && value > end))
		return 0; /* one message on each: set-up turns the cache off */
	return strtoll(value + sizeof(option) - 1, NULL, 10);
}

static bool
differs(struct ctl *ctl, const struct transport_class *class, size_t number, const char *ip,
    const char *master)
{
	int64_t want =
	    postfix_plan_messages(ctl->settings, ctl->rules, in_force_sets(ctl), class, ip);
	char name[TRANSPORT_NAME_SIZE];
	int64_t has;

	transports_name(class, number, name);
	has = reuse_limit(master, name);
	return has >= 0 && has != (want > 0 ? want - 1 : 0);
}

static size_t
count_different(struct ctl *ctl, const char *master)
{
	const struct settings *settings = ctl->settings;
	struct transport_class class;
	size_t count = 0;

	for (size_t at = 0; transports_at(ctl->rules, at, &class); at++) {
		if (settings->sending_ip_count == 0)
			count += differs(ctl, &class, 1, NULL, master);
		for (size_t i = 0; i < settings->sending_ip_count; i++)
			count += differs(ctl, &class, i + 1, settings->sending_ips[i].name, master);
	}
	return count;
}

void
level_show_set_up(struct ctl *ctl)
{
	struct postfix_words directories = { 0 };
	struct err err;

	ctl->levels_read = false; /* as it is now */
	ctl->levels = (struct pace_sets){ 0 };
	postfix_state_list(&ctl->arena, ctl->settings->state_dir, &directories);
	for (size_t i = 0; i < directories.count; i++) {
		struct postfix_state state = { 0 };
		size_t count = 0;

		if (postfix_state_read(&ctl->arena, ctl->settings->state_dir, directories.items[i],
			&state, &err) == 0 &&
		    state.is_there)
			count = count_different(ctl, str_text(&state.ours.text[POSTFIX_MASTER]));
		postfix_state_free(&state);
		if (count > 0)
			out_note(ctl->out,
			    "How many messages go over one connection stands in %s: %zu "
			    "transport%s there follow%s with the next `mxctl postfix setup -c %s "
			    "--reload`.",
			    directories.items[i], count, count == 1 ? "" : "s",
			    count == 1 ? "s" : "", directories.items[i]);
	}
}
