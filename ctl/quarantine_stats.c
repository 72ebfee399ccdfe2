#include "verbs.h"

#include <inttypes.h>

#include "addr.h"
#include "interrupt.h"
#include "tally.h"
#include "walk.h"

/* `quarantine stats`: how many entries there are, by status, reason, domain. */

enum { TOP_DOMAINS = 20 };

struct stats {
	int64_t by_status[QUARANTINE_RELEASED + 1];
	int64_t by_reason[REASON_COUNT]; /* of those in quarantine */
	int64_t total;
	struct tally domains; /* likewise */
};

static enum ctl_exit
count_rows(void *arg, const struct walk_row *rows, size_t count)
{
	struct stats *stats = arg;

	for (size_t i = 0; i < count; i++) {
		const struct quarantine_entry *entry = &rows[i].entry;

		stats->total++;
		stats->by_status[entry->status]++;
		if (entry->status != QUARANTINE_QUARANTINED)
			continue;
		stats->by_reason[entry->reason]++;
		tally_add(&stats->domains, addr_domain(rows[i].addr));
	}
	return CTL_DONE;
}

static void
show_counts(struct ctl *ctl, const struct stats *stats)
{
	static const char *const labels[] = {
		[QUARANTINE_COUNTING] = "Counting",
		[QUARANTINE_QUARANTINED] = "Quarantined",
		[QUARANTINE_HELD] = "Held",
		[QUARANTINE_RELEASED] = "Released",
	};

	out_put(ctl_out(ctl), "entries", "Entries", out_number(stats->total));
	out_open(ctl->out, "status", NULL);
	for (int i = QUARANTINE_COUNTING; i <= QUARANTINE_RELEASED; i++)
		out_put(ctl->out, quarantine_status_name((enum quarantine_status)i), labels[i],
		    out_number(stats->by_status[i]));
	out_close(ctl->out);
}

static void
show_tables(struct ctl *ctl, const struct stats *stats)
{
	static const struct out_column reasons[] = {
		{ "reason", "REASON", OUT_LEFT },
		{ "count", "QUARANTINED", OUT_RIGHT },
	};
	static const struct out_column domains[] = {
		{ "domain", "DOMAIN", OUT_LEFT },
		{ "count", "QUARANTINED", OUT_RIGHT },
	};
	struct tally_name top[TOP_DOMAINS];
	size_t count = tally_top(&stats->domains, top, TOP_DOMAINS);

	out_table(ctl->out, "reasons", "Reasons", reasons, 2);
	for (size_t i = 0; i < REASON_COUNT; i++) {
		if (stats->by_reason[i] == 0)
			continue;
		out_cell(ctl->out, out_string(reason_names[i]));
		out_cell(ctl->out, out_number(stats->by_reason[i]));
	}
	out_table_end(ctl->out, "None.");
	out_table(ctl->out, "domains", "Domains", domains, 2);
	for (size_t i = 0; i < count; i++) {
		out_cell(ctl->out, out_string(top[i].name));
		out_cell(ctl->out, out_number(top[i].count));
	}
	out_table_end(ctl->out, "None.");
}

enum ctl_exit
quarantine_stats(struct ctl *ctl)
{
	struct stats *stats = arena_alloc(&ctl->arena, sizeof(*stats));
	struct filter filter = { 0 };
	struct progress progress;
	struct ctl_time now;
	struct err err;
	struct walk walk = { .ctl = ctl,
		.filter = &filter,
		.progress = &progress,
		.each = count_rows,
		.arg = stats };
	enum ctl_exit rc;
	int64_t size = 0;

	ctl_store_be_patient(ctl);
	store_put_index_size(&ctl->batch, &size);
	if (ctl_store_must(ctl) != CTL_DONE)
		return CTL_AWAY;
	if (ctl_store_time(ctl, &now, &err) != 0) {
		ctl_complain(ctl, "%s", err.text);
		return CTL_AWAY;
	}
	rc = filter_read(&filter, ctl, now.s, ~0U & ~(1U << QUARANTINE_NONE));
	if (rc == CTL_DONE) {
		walk.now_s = now.s;
		progress_start(&progress, ctl, "entries", size);
		interrupt_catch();
		rc = walk_run(&walk);
		interrupt_release();
		show_counts(ctl, stats);
		show_tables(ctl, stats);
		out_put(ctl->out, "complete", NULL, out_bool(rc == CTL_DONE));
		if (rc == CTL_NO)
			out_note(ctl->out, "Stopped after %" PRId64 " of %" PRId64 " entries.",
			    walk.seen, size);
	}
	tally_free(&stats->domains);
	filter_clear(&filter);
	return rc;
}
