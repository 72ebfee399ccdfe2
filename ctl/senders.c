#include "senders.h"

#include <fnmatch.h>
#include <string.h>

#include "keys.h"
#include "store_sender.h"

enum { HOURS = 24, DAYS = 14, LISTED_MAX = 1000 };

/* -- reading ------------------------------------------------------------------------------------ */

static void
add_group(struct arena *arena, struct sender_stats *sum, const struct sender_group *group)
{
	struct sender_group *more;

	for (size_t i = 0; i < sum->group_count; i++)
		if (strcmp(sum->groups[i].name, group->name) == 0) {
			sum->groups[i].sent += group->sent;
			sum->groups[i].hard += group->hard;
			sum->groups[i].soft += group->soft;
			for (size_t r = 0; r < REASON_COUNT; r++)
				sum->groups[i].by_reason[r] += group->by_reason[r];
			return;
		}
	more = arena_alloc(arena, (sum->group_count + 1) * sizeof(*more));
	if (sum->group_count > 0)
		memcpy(more, sum->groups, sum->group_count * sizeof(*more));
	more[sum->group_count++] = *group;
	sum->groups = more;
}

static void
add_stats(struct arena *arena, struct sender_stats *sum, const struct sender_stats *stats)
{
	for (size_t i = 0; i < SENDER_COUNTS; i++)
		sum->counts[i] += stats->counts[i];
	for (size_t i = 0; i < REASON_COUNT; i++)
		sum->by_reason[i] += stats->by_reason[i];
	for (size_t i = 0; i < stats->group_count; i++)
		add_group(arena, sum, &stats->groups[i]);
}

enum ctl_exit
senders_read(struct ctl *ctl, enum sender_kind kind, int64_t now_s, struct ctl_sender *sender)
{
	struct store_sender_stats hours[HOURS];
	char period[SENDER_PERIOD_SIZE];

	for (size_t i = 0; i < HOURS; i++) {
		hours[i].arena = &ctl->arena;
		store_put_sender_stats(&ctl->batch, kind, sender->name,
		    sender_hour(now_s - (int64_t)i * 3600, period), &hours[i]);
	}
	if (kind == SENDER_ACCOUNT)
		store_put_sender_status(&ctl->batch, sender->name, &sender->status);
	if (ctl_store_must(ctl) != CTL_DONE)
		return CTL_AWAY;
	for (size_t i = 0; i < HOURS; i++)
		add_stats(&ctl->arena, &sender->stats, &hours[i].stats);
	return CTL_DONE;
}

/* -- list --------------------------------------------------------------------------------------- */

static const char *
rate(struct ctl *ctl, int64_t part, int64_t sent)
{
	char buf[SENDER_RATE_SIZE];

	return sent > 0 ? arena_printf(&ctl->arena, "%s", sender_rate(part, sent, buf)) : "-";
}

/* Only somebody who tells of deliveries makes them known: nobody knows of none. */
static struct out_value
delivered(const struct sender_stats *stats)
{
	int64_t count = stats->counts[SENDER_DELIVERED];

	return count > 0 ? out_number(count) : out_none("not known");
}

static struct out_value
delivered_rate(struct ctl *ctl, const struct sender_stats *stats)
{
	int64_t count = stats->counts[SENDER_DELIVERED], sent = stats->counts[SENDER_SENT];

	return count > 0 && sent > 0 ? out_string(rate(ctl, count, sent)) : out_none("-");
}

static const char *
state_of(const struct sender_status *status)
{
	return status->exempt ? "exempt" : sender_state_name(status->state);
}

static void
show_row(struct ctl *ctl, enum sender_kind kind, const struct ctl_sender *sender)
{
	const int64_t *counts = sender->stats.counts;
	int64_t sent = counts[SENDER_SENT];

	out_cell(ctl->out, out_string(sender->name));
	if (kind == SENDER_ACCOUNT) {
		out_cell(ctl->out, out_string(state_of(&sender->status)));
		out_cell(ctl->out, sender->status.since_s > 0 ? out_time(sender->status.since_s, 0)
							      : out_none("-"));
	}
	out_cell(ctl->out, out_number(sent));
	out_cell(ctl->out,
	    counts[SENDER_DELIVERED] > 0 ? out_number(counts[SENDER_DELIVERED]) : out_none("-"));
	out_cell(ctl->out, delivered_rate(ctl, &sender->stats));
	out_cell(ctl->out, out_number(counts[SENDER_HARD]));
	out_cell(ctl->out, out_string(rate(ctl, counts[SENDER_HARD], sent)));
	out_cell(ctl->out, out_number(counts[SENDER_SOFT]));
	out_cell(ctl->out, out_number(counts[SENDER_REFUSED]));
	out_cell(ctl->out, out_number(counts[SENDER_COMPLAINT]));
	out_cell(ctl->out, out_string(rate(ctl, counts[SENDER_COMPLAINT], sent)));
	out_cell(ctl->out, out_time(sender->used_s, 0));
}

static enum ctl_exit
show_rows(struct ctl *ctl, enum sender_kind kind, const struct store_fields *names, int64_t now_s)
{
	const char *match = ctl->options[CTL_OPTION_MATCH];
	struct str name = { 0 };
	enum ctl_exit rc = CTL_DONE;

	for (size_t i = 0; i + 1 < names->count && rc == CTL_DONE; i += 2) {
		struct ctl_sender sender = { 0 };
		unsigned long long used = 0;

		str_empty(&name);
		if (keys_decode(&name, names->items[i]) != 0 ||
		    (match != NULL && fnmatch(match, str_text(&name), 0) != 0))
			continue;
		span_number(names->items[i + 1], &used);
		sender.name = str_text(&name);
		sender.used_s = (int64_t)used;
		rc = senders_read(ctl, kind, now_s, &sender);
		if (rc == CTL_DONE)
			show_row(ctl, kind, &sender);
	}
	str_free(&name);
	return rc;
}

enum ctl_exit
senders_list(struct ctl *ctl, enum sender_kind kind)
{
	const struct out_column all[] = {
		{ "name", "NAME", OUT_LEFT },
		{ "state", "STATE", OUT_LEFT },
		{ "since", NULL, OUT_LEFT },
		{ "sent", "SENT 24h", OUT_RIGHT },
		{ "delivered", "DELIVERED", OUT_RIGHT },
		{ "delivered_rate", NULL, OUT_RIGHT },
		{ "hard", "HARD", OUT_RIGHT },
		{ "hard_rate", "RATE", OUT_RIGHT },
		{ "soft", "SOFT", OUT_RIGHT },
		{ "refused", "REFUSED", OUT_RIGHT },
		{ "complaints", "COMPLAINTS", OUT_RIGHT },
		{ "complaint_rate", NULL, OUT_RIGHT },
		{ "last", NULL, OUT_LEFT },
	};
	enum { COLUMNS = sizeof(all) / sizeof(all[0]) };
	struct out_column columns[COLUMNS];
	struct store_fields names = { .arena = &ctl->arena };
	size_t count = 0;
	struct ctl_time now;
	struct err err;
	enum ctl_exit rc;

	if (ctl_store_time(ctl, &now, &err) != 0) {
		ctl_complain(ctl, "%s", err.text);
		return CTL_AWAY;
	}
	store_put_sender_names(&ctl->batch, kind, LISTED_MAX, &names);
	if (ctl_store_must(ctl) != CTL_DONE)
		return CTL_AWAY;
	for (size_t i = 0; i < COLUMNS; i++)
		if (kind == SENDER_ACCOUNT || (i != 1 && i != 2))
			columns[count++] = all[i];
	out_table(ctl_out(ctl),
	    kind == SENDER_ACCOUNT ? "accounts"
	    : kind == SENDER_LIST  ? "lists"
				   : "campaigns",
	    NULL, columns, count);
	rc = show_rows(ctl, kind, &names, now.s);
	out_table_end(ctl->out, "None.");
	return rc;
}

/* -- show --------------------------------------------------------------------------------------- */

static void
show_figures(struct ctl *ctl, const struct ctl_sender *sender)
{
	const int64_t *counts = sender->stats.counts;
	int64_t sent = counts[SENDER_SENT];

	out_open(ctl->out, "last_24h", "In the last 24 hours");
	out_put(ctl->out, "sent", "Sent", out_number(sent));
	out_put(ctl->out, "delivered", "Delivered", delivered(&sender->stats));
	out_put(ctl->out, "delivered_rate", counts[SENDER_DELIVERED] > 0 ? "" : NULL,
	    delivered_rate(ctl, &sender->stats));
	out_put(ctl->out, "hard", "Hard bounces", out_number(counts[SENDER_HARD]));
	out_put(ctl->out, "hard_rate", "", out_string(rate(ctl, counts[SENDER_HARD], sent)));
	out_put(ctl->out, "soft", "Soft bounces", out_number(counts[SENDER_SOFT]));
	out_put(ctl->out, "refused", "Refused", out_number(counts[SENDER_REFUSED]));
	out_put(ctl->out, "complaints", "Complaints", out_number(counts[SENDER_COMPLAINT]));
	out_put(ctl->out, "complaint_rate", "",
	    out_string(rate(ctl, counts[SENDER_COMPLAINT], sent)));
	out_close(ctl->out);
}

static void
show_groups(struct ctl *ctl, const struct sender_stats *stats)
{
	static const struct out_column columns[] = {
		{ "group", "GROUP", OUT_LEFT },
		{ "sent", "SENT 24h", OUT_RIGHT },
		{ "hard", "HARD", OUT_RIGHT },
		{ "soft", "SOFT", OUT_RIGHT },
	};

	out_table(ctl->out, "groups", "By MX group", columns, sizeof(columns) / sizeof(columns[0]));
	for (size_t i = 0; i < stats->group_count; i++) {
		out_cell(ctl->out, out_string(stats->groups[i].name));
		out_cell(ctl->out, out_number(stats->groups[i].sent));
		out_cell(ctl->out, out_number(stats->groups[i].hard));
		out_cell(ctl->out, out_number(stats->groups[i].soft));
	}
	out_table_end(ctl->out, "None known.");
}

static void
show_reasons(struct ctl *ctl, const struct sender_stats *stats)
{
	static const struct out_column columns[] = {
		{ "reason", "REASON", OUT_LEFT },
		{ "count", "COUNT 24h", OUT_RIGHT },
	};

	out_table(ctl->out, "reasons", "Why it came back", columns,
	    sizeof(columns) / sizeof(columns[0]));
	for (size_t i = 0; i < REASON_COUNT; i++) {
		if (stats->by_reason[i] == 0)
			continue;
		out_cell(ctl->out, out_string(reason_name((enum reason)i)));
		out_cell(ctl->out, out_number(stats->by_reason[i]));
	}
	out_table_end(ctl->out, "Nothing did.");
}

static enum ctl_exit
show_days(struct ctl *ctl, enum sender_kind kind, int64_t now_s, const char *name)
{
	static const struct out_column columns[] = {
		{ "day", "DAY", OUT_LEFT },
		{ "sent", "SENT", OUT_RIGHT },
		{ "delivered", "DELIVERED", OUT_RIGHT },
		{ "hard", "HARD", OUT_RIGHT },
		{ "hard_rate", "RATE", OUT_RIGHT },
		{ "soft", "SOFT", OUT_RIGHT },
		{ "refused", "REFUSED", OUT_RIGHT },
		{ "complaints", "COMPLAINTS", OUT_RIGHT },
	};
	struct store_sender_stats days[DAYS];
	char period[DAYS][SENDER_PERIOD_SIZE];

	for (size_t i = 0; i < DAYS; i++) {
		days[i].arena = &ctl->arena;
		store_put_sender_stats(&ctl->batch, kind, name,
		    sender_day(now_s - (int64_t)i * 86400, period[i]), &days[i]);
	}
	if (ctl_store_must(ctl) != CTL_DONE)
		return CTL_AWAY;
	out_table(ctl->out, "days", "By day (UTC)", columns, sizeof(columns) / sizeof(columns[0]));
	for (size_t i = 0; i < DAYS; i++) {
		const int64_t *counts = days[i].stats.counts;

		out_cell(ctl->out, out_string(arena_printf(&ctl->arena, "%.4s-%.2s-%.2s", period[i],
				       period[i] + 4, period[i] + 6)));
		out_cell(ctl->out, out_number(counts[SENDER_SENT]));
		out_cell(ctl->out, counts[SENDER_DELIVERED] > 0
				       ? out_number(counts[SENDER_DELIVERED])
				       : out_none("-"));
		out_cell(ctl->out, out_number(counts[SENDER_HARD]));
		out_cell(ctl->out, out_string(rate(ctl, counts[SENDER_HARD], counts[SENDER_SENT])));
		out_cell(ctl->out, out_number(counts[SENDER_SOFT]));
		out_cell(ctl->out, out_number(counts[SENDER_REFUSED]));
		out_cell(ctl->out, out_number(counts[SENDER_COMPLAINT]));
	}
	out_table_end(ctl->out, NULL);
	return CTL_DONE;
}

enum ctl_exit
senders_show(struct ctl *ctl, enum sender_kind kind, int64_t now_s, const struct ctl_sender *sender)
{
	show_figures(ctl, sender);
	show_reasons(ctl, &sender->stats);
	show_groups(ctl, &sender->stats);
	return show_days(ctl, kind, now_s, sender->name);
}
