#include "traffic.h"

#include <inttypes.h>
#include <string.h>

static const struct out_column columns[] = {
	{ "group", "GROUP", OUT_WRAP },
	{ "sending_ip", "SENDING IP", OUT_SAME },
	{ "open", "OPEN", OUT_RIGHT },
	{ "waiting", "WAIT", OUT_RIGHT },
	{ "queued", "QUEUED", OUT_RIGHT },
	{ "messages", "SENT", OUT_WRAP },
	{ "per_hour", NULL, OUT_LEFT },
	{ "drain_s", "DRAIN", OUT_LEFT },
	{ NULL, "HELD BACK", OUT_WRAP },
	{ "paused", NULL, OUT_LEFT },
	{ "backoff", NULL, OUT_LEFT },
	{ "backoff_per_hour", NULL, OUT_LEFT },
	{ "backoff_connections", NULL, OUT_LEFT },
	{ "backoff_for_s", NULL, OUT_LEFT },
	{ "backoff_why", NULL, OUT_LEFT },
	{ "backoff_by", NULL, OUT_LEFT },
};
enum { COLUMNS = sizeof(columns) / sizeof(columns[0]) };

struct out_value
traffic_open(const struct traffic *traffic, struct out_use *open)
{
	*open = (struct out_use){ traffic->use->open, traffic_connections(traffic), NULL };
	return out_use(open);
}

struct out_value
traffic_drain(const struct traffic *traffic)
{
	int64_t ms = traffic_drain_ms(traffic);

	return ms >= 0 ? out_wait(ms) : out_none("-");
}

static const char *
backoff_why(const struct store_backoff *backoff)
{
	return *backoff->why != '\0' ? backoff->why : backoff->text;
}

/* -- in a few characters ----------------------------------------------------------------------- */

static const char *
backoff_word(struct ctl *ctl, const struct store_backoff *backoff)
{
	if (traffic_is_suspended(backoff))
		return "suspended";
	return backoff->per_hour > 0 ? arena_printf(&ctl->arena, "%" PRId64 "/h", backoff->per_hour)
				     : "backoff";
}

static struct out_value
held_back(struct ctl *ctl, const struct traffic *traffic)
{
	const char *word = traffic->backoff.any ? backoff_word(ctl, &traffic->backoff) : NULL;

	if (!traffic->is_paused)
		return word != NULL ? out_string(word) : out_none("-");
	return out_string(word != NULL ? arena_printf(&ctl->arena, "paused, %s", word) : "paused");
}

/* -- in words ---------------------------------------------------------------------------------- */

static const char *
connections_words(struct ctl *ctl, int64_t count)
{
	return arena_printf(&ctl->arena, "%" PRId64 " connection%s", count, count == 1 ? "" : "s");
}

static const char *
allowed_words(struct ctl *ctl, const struct store_backoff *backoff)
{
	const char *rate;

	if (backoff->per_hour == 0)
		return connections_words(ctl, backoff->connections);
	rate = arena_printf(&ctl->arena, "%" PRId64 " messages an hour", backoff->per_hour);
	return backoff->connections == 0 ? rate
					 : arena_printf(&ctl->arena, "%s over %s", rate,
					       connections_words(ctl, backoff->connections));
}

const char *
traffic_backoff_words(struct ctl *ctl, const struct store_backoff *backoff)
{
	const char *why = backoff_why(backoff);
	const char *what;
	char wait[DURATION_SIZE];

	if (!backoff->any)
		return NULL;
	duration_format_wait(backoff->hold_ms, wait);
	if (traffic_is_suspended(backoff))
		what = arena_printf(&ctl->arena, "suspended for another %s", wait);
	else if (backoff->hold_ms > 0)
		what = arena_printf(&ctl->arena, "at most %s for another %s",
		    allowed_words(ctl, backoff), wait);
	else
		what = arena_printf(&ctl->arena, "at most %s, doubling every minute",
		    allowed_words(ctl, backoff));
	return arena_printf(&ctl->arena, "%s (by %s)%s%s", what, backoff->by,
	    *why != '\0' ? ": " : "", why);
}

/* Whether the row above already told why its group is paused. */
static bool
is_told(const struct traffics *traffics, size_t at)
{
	const char *group = traffics->items[at].use->group;

	for (size_t i = 0; i < at; i++)
		if (traffics->items[i].is_paused &&
		    strcmp(traffics->items[i].use->group, group) == 0)
			return true;
	return false;
}

static void
tell_held(struct ctl *ctl, const struct traffics *traffics, size_t most)
{
	const char *label = "Held back";

	for (size_t i = 0; i < most; i++) {
		const struct traffic *traffic = &traffics->items[i];
		const struct use *use = traffic->use;
		bool together = use->rule != NULL && use->rule->per == MX_PER_GROUP;

		if (traffic->is_paused && !is_told(traffics, i)) {
			out_put(ctl->out, NULL, label,
			    out_string(arena_printf(&ctl->arena, "%s: paused: %s", use->group,
				traffic->paused)));
			label = "";
		}
		if (traffic->backoff.any) {
			out_put(ctl->out, NULL, label,
			    out_string(arena_printf(&ctl->arena, "%s%s%s: %s", use->group,
				together ? "" : " from ", together ? "" : use->ip,
				traffic_backoff_words(ctl, &traffic->backoff))));
			label = "";
		}
	}
}

/* -- the table --------------------------------------------------------------------------------- */

static void
show_backoff(struct out *out, const struct store_backoff *backoff)
{
	if (!backoff->any) {
		for (size_t i = 0; i < 6; i++)
			out_cell(out, out_none("-"));
		return;
	}
	out_cell(out, out_string(backoff->action));
	out_cell(out, backoff->per_hour > 0 ? out_number(backoff->per_hour) : out_none("no limit"));
	out_cell(out,
	    backoff->connections > 0 ? out_number(backoff->connections) : out_none("no limit"));
	out_cell(out, out_wait(backoff->hold_ms));
	out_cell(out, out_string(backoff_why(backoff)));
	out_cell(out, out_string(backoff->by));
}

static void
show_row(struct ctl *ctl, const struct traffic *traffic)
{
	double per_minute = traffic_per_minute(traffic);
	struct out *out = ctl->out;
	struct out_use open;

	out_cell(out, out_string(traffic->use->group));
	out_cell(out, out_string(traffic->use->ip));
	out_cell(out, traffic_open(traffic, &open));
	out_cell(out, out_number(traffic->queue.waiting));
	out_cell(out, out_number(traffic->queue.queued));
	out_cell(out, out_uses_short(traffic->use->messages, traffic->use->count));
	out_cell(out,
	    per_minute > 0 ? out_number((int64_t)(per_minute * 60 + 0.5)) : out_none("-"));
	out_cell(out, traffic_drain(traffic));
	out_cell(out, held_back(ctl, traffic));
	out_cell(out, traffic->is_paused ? out_string(traffic->paused) : out_none("-"));
	show_backoff(out, &traffic->backoff);
}

void
traffic_show(struct ctl *ctl, const struct traffics *traffics, size_t most)
{
	size_t count = ctl->json || traffics->count < most ? traffics->count : most;

	out_table(ctl_out(ctl), "traffic", "Open, waiting, queued or held back", columns, COLUMNS);
	for (size_t i = 0; i < count; i++)
		show_row(ctl, &traffics->items[i]);
	out_table_end(ctl->out, "Nothing.");
	if (count < traffics->count)
		out_note(ctl->out, "  and %zu more: mxctl --json status shows all",
		    traffics->count - count);
	tell_held(ctl, traffics, count);
}
