#include "verbs.h"

#include "clock.h"
#include "duration.h"
#include "followers.h"
#include "operator.h"
#include "store_trace.h"
#include "trace_follow.h"

/* `mxctl trace`: has all mxpolicyd tell step by step what they do about an address. */

enum { FOR_S = 600, LONGEST_S = 86400 };

struct order {
	struct trace_pattern pattern;
	bool named;      /* pattern is there */
	int64_t seconds; /* 0: --off */
	bool lists, follows;
};

static int
read_order(struct ctl *ctl, struct order *order)
{
	const char *length = ctl->options[CTL_OPTION_FOR];
	bool off = ctl->options[CTL_OPTION_OFF] != NULL;
	struct err err;

	*order = (struct order){
		.named = ctl->operand_count > 0,
		.seconds = off ? 0 : FOR_S,
		.follows = ctl->options[CTL_OPTION_FOLLOW] != NULL,
	};
	order->lists =
	    ctl->options[CTL_OPTION_LIST] != NULL || (!order->named && !off && !order->follows);
	if (order->named &&
	    trace_pattern_parse(span_of(ctl->operands[0]), &order->pattern, &err) != 0) {
		ctl_complain(ctl, "\"%s\": %s; it is an address, a domain, or group:NAME",
		    ctl->operands[0], err.text);
		return -1;
	}
	if (off + order->lists + order->follows > 1 || (order->lists && order->named) ||
	    (length != NULL && (off || order->lists))) {
		ctl_complain(ctl, "--off, --list and --follow exclude one another; --list takes no "
				  "address, --list and --off take no --for");
		return -1;
	}
	if (length == NULL)
		return 0;
	order->seconds = duration_parse(span_of(length)) / 1000;
	if (order->seconds >= 1 && order->seconds <= LONGEST_S)
		return 0;
	ctl_complain(ctl, "--for is a time such as \"10m\", at most \"24h\"");
	return -1;
}

/* -- what there is ----------------------------------------------------------------------------- */

static enum ctl_exit
show_all(struct ctl *ctl)
{
	static const struct out_column columns[] = {
		{ "pattern", "Traced", OUT_LEFT },
		{ "until", "Until", OUT_LEFT },
		{ "by", "By", OUT_WRAP },
	};
	struct store_fields fields = { .arena = &ctl->arena };
	struct ctl_time now;
	struct err err;

	store_put_traces(&ctl->batch, &fields);
	if (ctl_store_must(ctl) != CTL_DONE)
		return CTL_AWAY;
	if (ctl_store_time(ctl, &now, &err) != 0) {
		ctl_complain(ctl, "%s", err.text);
		return CTL_AWAY;
	}
	out_table(ctl_out(ctl), "traces", NULL, columns, sizeof(columns) / sizeof(columns[0]));
	for (size_t i = 0; i + 1 < fields.count; i += 2) {
		struct store_trace trace;
		struct str text = { 0 };

		if (!store_trace_read(fields.items[i], fields.items[i + 1], &trace) ||
		    trace.until_s <= now.s)
			continue;
		trace_pattern_format(&trace.pattern, &text);
		out_cell(ctl->out,
		    out_exact(arena_dup(&ctl->arena, span_make(text.data, text.len))));
		out_cell(ctl->out, out_time(trace.until_s, now.s));
		out_cell(ctl->out, out_string(arena_dup(&ctl->arena, trace.by)));
		str_free(&text);
	}
	out_table_end(ctl->out, "Nothing is traced.");
	return CTL_DONE;
}

/* -- on and off -------------------------------------------------------------------------------- */

static enum ctl_exit
set(struct ctl *ctl, const struct order *order, struct store_trace_set *set)
{
	enum ctl_exit rc;

	store_put_trace(&ctl->batch, order->named ? &order->pattern : NULL, order->seconds,
	    operator_name(ctl), set);
	rc = ctl_store_must(ctl);
	if (rc != CTL_DONE)
		return rc;
	if (set->outcome == STORE_TRACE_MANY) {
		ctl_complain(ctl, "%d are traced already: mxctl trace --list, --off",
		    STORE_TRACES_MAX);
		return CTL_NO;
	}
	if (set->outcome == STORE_TRACE_NONE) {
		if (order->named)
			ctl_complain(ctl, "%s is not traced: mxctl trace --list", ctl->operands[0]);
		else
			ctl_complain(ctl, "nothing is traced");
		return CTL_NO;
	}
	return CTL_DONE;
}

static void
show_set(struct ctl *ctl, const struct order *order, const struct store_trace_set *set)
{
	struct str text = { 0 };
	struct nodes nodes;
	size_t follow;
	struct err err;
	bool asked = followers_wait(ctl, &nodes, &follow, &err) == 0;

	if (order->named)
		trace_pattern_format(&order->pattern, &text);
	out_put(ctl_out(ctl), "pattern", "Trace",
	    out_string(order->named ? str_text(&text) : "all"));
	out_put(ctl->out, "on", NULL, out_bool(order->seconds > 0));
	if (order->seconds > 0)
		out_put(ctl->out, "until", "Until", out_time(set->until_s, clock_wall_s()));
	if (asked)
		followers_show(ctl, &nodes, follow);
	if (order->seconds > 0) {
		out_note(ctl->out,
		    "The log of each mxpolicyd has its lines \"trace: ...\"; here they come with: "
		    "mxctl trace --follow");
	} else {
		out_note(ctl->out, "Not traced any more.");
	}
	str_free(&text);
}

/* Those that it makes are shown from before it began. */
static enum ctl_exit
follow(struct ctl *ctl, const struct order *order)
{
	struct trace_follow follow = { .ctl = ctl };
	struct store_trace_set was_set;
	struct str text = { 0 };
	struct ctl_time now;
	enum ctl_exit rc;
	struct err err;

	if (ctl_store_time(ctl, &now, &err) != 0) {
		ctl_complain(ctl, "%s", err.text);
		return CTL_AWAY;
	}
	rc = order->named ? set(ctl, order, &was_set) : CTL_DONE;
	if (rc != CTL_DONE)
		return rc;
	if (order->named)
		trace_pattern_format(&order->pattern, &text);
	follow.pattern = order->named ? str_text(&text) : NULL;
	store_event_id(now.s, follow.after);
	if (order->named || ctl->options[CTL_OPTION_FOR] != NULL)
		follow.until_ms = clock_monotonic_ms() + order->seconds * 1000;
	rc = trace_follow(&follow);
	str_free(&text);
	return rc;
}

enum ctl_exit
trace(struct ctl *ctl)
{
	struct store_trace_set was_set;
	struct order order;
	enum ctl_exit rc;

	if (read_order(ctl, &order) != 0)
		return CTL_USAGE;
	if (order.lists)
		return show_all(ctl);
	if (order.follows)
		return follow(ctl, &order);
	rc = set(ctl, &order, &was_set);
	if (rc == CTL_DONE)
		show_set(ctl, &order, &was_set);
	return rc;
}
