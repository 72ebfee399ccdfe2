#include "verbs.h"

#include <stdlib.h>
#include <string.h>

#include "followers.h"
#include "in_force.h"
#include "level_show.h"
#include "nodes.h"
#include "operator.h"
#include "store_level.h"

/* `mxctl level`: shows the levels that hold, or sets one for the whole fleet. */

struct order {
	enum pace_scope scope;
	const char *name; /* of the pool, IP or rule; "" for all */
	const char *word; /* the level as asked for; NULL: only shows */
	enum level level; /* LEVEL_NONE: "default" */
};

/* -- what is asked for ------------------------------------------------------------------------- */

static bool
is_level(const char *word)
{
	return strcmp(word, "default") == 0 || level_of(span_of(word)) != LEVEL_NONE;
}

/* IP LEVEL, LEVEL, IP or nothing; with --pool or --rule LEVEL or nothing. */
static int
read_order(struct ctl *ctl, struct order *order)
{
	const char *pool = ctl->options[CTL_OPTION_POOL], *rule = ctl->options[CTL_OPTION_RULE];
	size_t count = ctl->operand_count;

	*order = (struct order){ .scope = PACE_ALL, .name = "" };
	if (pool != NULL && rule != NULL) {
		ctl_complain(ctl, "--pool and --rule exclude one another");
		return -1;
	}
	if (pool != NULL || rule != NULL) {
		order->scope = pool != NULL ? PACE_POOL : PACE_RULE;
		order->name = pool != NULL ? pool : rule;
	} else if (count == 2 || (count == 1 && !is_level(ctl->operands[0]))) {
		order->scope = PACE_IP;
		order->name = ctl->operands[0];
	}
	if (count == 2 && order->scope != PACE_IP) {
		ctl_complain(ctl, "a sending IP goes neither with --pool nor with --rule");
		return -1;
	}
	if (count == 2 || (count == 1 && order->scope != PACE_IP))
		order->word = ctl->operands[count - 1];
	if (order->word != NULL && !is_level(order->word)) {
		ctl_complain(ctl,
		    "\"%s\" is no level: slow, normal, fast, very_fast, boost or default",
		    order->word);
		return -1;
	}
	order->level = order->word != NULL ? level_of(span_of(order->word)) : LEVEL_NONE;
	return 0;
}

static bool
has_ip(const struct conf_strings *ips, const char *name)
{
	for (size_t i = 0; i < ips->count; i++)
		if (strcmp(ips->items[i], name) == 0)
			return true;
	return false;
}

static bool
has_pool(const struct settings *settings, const char *name)
{
	for (size_t i = 0; i < settings->pool_count; i++)
		if (strcmp(settings->pools[i].name, name) == 0)
			return true;
	return false;
}

/* There is such a thing, or a level that was set for it when there was. */
static bool
is_known(struct ctl *ctl, const struct order *order, const struct conf_strings *ips)
{
	switch (order->scope) {
	case PACE_ALL:
	case PACE_SCOPES:
		return true;
	case PACE_IP:
		if (has_ip(ips, order->name))
			return true;
		ctl_complain(ctl,
		    order->word != NULL
			? "%s is no sending IP of this fleet: mxctl level"
			: "%s is neither a level (slow, normal, fast, very_fast, boost, default) "
			  "nor a sending IP of this fleet: mxctl level",
		    order->name);
		break;
	case PACE_POOL:
		if (has_pool(ctl->settings, order->name))
			return true;
		ctl_complain(ctl, "no pool %s: pools in %s", order->name, ctl->file);
		break;
	case PACE_RULE:
		if (mx_rules_named(ctl->rules, span_of(order->name)) != NULL)
			return true;
		ctl_complain(ctl, "no rule %s: mxctl rules show", order->name);
		break;
	}
	return order->word != NULL && order->level == LEVEL_NONE &&
	       pace_set_of(in_force_sets(ctl), order->scope, order->name) != NULL;
}

static bool
is_allowed(struct ctl *ctl, const struct order *order)
{
	if (order->level == LEVEL_CUSTOM) {
		ctl_complain(ctl,
		    "custom cannot be set here: `level = \"custom\"` in %s takes the rules exactly "
		    "as written, and turns their updates off",
		    ctl->file);
		return false;
	}
	if (order->scope == PACE_ALL && order->level != LEVEL_NONE &&
	    ctl->settings->level == LEVEL_CUSTOM) {
		ctl_complain(ctl,
		    "%s says `level = \"custom\"`: the rules hold exactly as written; an IP, a "
		    "pool or a rule can have a level of its own",
		    ctl->file);
		return false;
	}
	return true;
}

/* -- setting it -------------------------------------------------------------------------------- */

static const char *
title_of(struct ctl *ctl, const struct order *order)
{
	return order->scope == PACE_ALL ? "all"
					: arena_printf(&ctl->arena, "%s %s",
					      pace_scope_names[order->scope], order->name);
}

static enum ctl_exit
set_level(struct ctl *ctl, const struct order *order)
{
	struct store_level_set set;
	struct nodes nodes;
	enum ctl_exit rc;
	size_t follow = 0;
	struct err err;

	store_put_level(&ctl->batch, order->scope, order->name, order->level, operator_name(ctl),
	    &set);
	rc = ctl_store_must(ctl);
	if (rc != CTL_DONE)
		return rc;
	if (followers_wait(ctl, &nodes, &follow, &err) != 0) {
		ctl_complain(ctl, "the level is set, but: %s", err.text);
		return CTL_AWAY;
	}
	ctl_out(ctl);
	out_put(ctl->out, "of", "Level of", out_string(title_of(ctl, order)));
	out_put(ctl->out, "changed", NULL, out_bool(set.changed));
	out_put(ctl->out, "before", "Before",
	    out_string(*set.before != '\0' ? set.before : "default"));
	out_put(ctl->out, "set", "Now",
	    out_string(order->level == LEVEL_NONE ? "default" : level_names[order->level]));
	followers_show(ctl, &nodes, follow);
	level_show_set_up(ctl);
	return CTL_DONE;
}

enum ctl_exit
level(struct ctl *ctl)
{
	struct conf_strings ips;
	struct nodes nodes;
	struct order order;
	struct err err;

	if (read_order(ctl, &order) != 0)
		return CTL_USAGE;
	if (!is_allowed(ctl, &order))
		return CTL_NO;
	if (nodes_read(ctl, &nodes, &err) != 0) {
		ctl_complain(ctl, "%s", err.text);
		return CTL_AWAY;
	}
	ips = nodes_sending_ips(ctl, &nodes);
	if (!is_known(ctl, &order, &ips))
		return CTL_NO;
	return order.word != NULL ? set_level(ctl, &order)
				  : level_show(ctl, &ips, order.scope, order.name);
}
