#include "verbs.h"

#include "interrupt.h"
#include "walk.h"

/* `quarantine list`. */

struct list {
	struct ctl *ctl;
	int64_t limit, shown;
};

static void
show_row(struct ctl *ctl, const struct walk_row *row)
{
	const struct quarantine_entry *entry = &row->entry;
	int64_t expiry_s = entry->status == QUARANTINE_QUARANTINED ? entry->release_s
								   : quarantine_entry_expiry(entry);
	struct out_value none = out_none("-");

	out_cell(ctl->out, out_string(quarantine_status_name(entry->status)));
	out_cell(ctl->out, out_string(bounce_type_name(entry->type)));
	out_cell(ctl->out, entry->first_s > 0 ? out_time(entry->first_s, 0) : none);
	out_cell(ctl->out, entry->since_s > 0 ? out_time(entry->since_s, 0) : none);
	out_cell(ctl->out, entry->last_s > 0 ? out_time(entry->last_s, 0) : none);
	out_cell(ctl->out, expiry_s > 0 ? out_time(expiry_s, 0) : out_none("removed"));
	out_cell(ctl->out, out_number(entry->errors));
	out_cell(ctl->out, out_string(reason_name(entry->reason)));
	out_cell(ctl->out, out_string(entry->code));
	out_cell(ctl->out, out_string(entry->text));
	out_cell(ctl->out, out_string(entry->by));
	out_cell(ctl->out, out_string(row->addr));
}

/* CTL_NO: there are enough. */
static enum ctl_exit
show_rows(void *arg, const struct walk_row *rows, size_t count)
{
	struct list *list = arg;

	for (size_t i = 0; i < count; i++) {
		if (list->shown == list->limit)
			return CTL_NO;
		show_row(list->ctl, &rows[i]);
		list->shown++;
	}
	return CTL_DONE;
}

static int
read_limit(struct ctl *ctl, int64_t *limit)
{
	const char *text = ctl->options[CTL_OPTION_LIMIT];
	unsigned long long number;

	*limit = INT64_MAX;
	if (text == NULL)
		return 0;
	if (!span_number(span_of(text), &number) || number == 0 || number > INT64_MAX) {
		ctl_complain(ctl, "--limit: \"%s\" is no number over 0", text);
		return -1;
	}
	*limit = (int64_t)number;
	return 0;
}

static enum ctl_exit
run(struct ctl *ctl, struct filter *filter, struct list *list, int64_t now_s)
{
	bool dates = (filter->statuses & ~(1U << QUARANTINE_QUARANTINED)) != 0;
	bool several = (filter->statuses & (filter->statuses - 1)) != 0;
	const struct out_column columns[] = {
		{ "status", several ? "STATUS" : NULL, OUT_LEFT },
		{ "type", NULL, OUT_LEFT },
		{ "first", NULL, OUT_LEFT },
		{ "since", dates ? NULL : "SINCE", OUT_LEFT },
		{ "last", dates ? "LAST ERROR" : NULL, OUT_LEFT },
		{ "expires", "UNTIL", OUT_LEFT },
		{ "errors", "ERRORS", OUT_RIGHT },
		{ "reason", "REASON", OUT_LEFT },
		{ "code", NULL, OUT_LEFT },
		{ "text", NULL, OUT_LEFT },
		{ "by", NULL, OUT_LEFT },
		{ "address", "ADDRESS", OUT_LEFT },
	};
	struct walk walk = { .ctl = ctl,
		.filter = filter,
		.now_s = now_s,
		.each = show_rows,
		.arg = list };
	enum ctl_exit rc;

	out_table(ctl_out(ctl), "quarantine", NULL, columns, sizeof(columns) / sizeof(columns[0]));
	interrupt_catch();
	rc = walk_run(&walk);
	out_table_end(ctl->out, "None.");
	out_put(ctl->out, "complete", NULL, out_bool(rc == CTL_DONE));
	if (rc == CTL_NO && !interrupt_seen())
		rc = CTL_DONE;
	interrupt_release();
	if (filter->too_hard > 0)
		ctl_complain(ctl, "--text gave up on %lld diagnostics: too much work to match",
		    (long long)filter->too_hard);
	return rc;
}

enum ctl_exit
quarantine_list(struct ctl *ctl)
{
	bool counting = ctl->options[CTL_OPTION_COUNTING] != NULL;
	struct list list = { .ctl = ctl };
	struct filter filter = { 0 };
	struct ctl_time now;
	struct err err;
	enum ctl_exit rc;

	if (counting && ctl->options[CTL_OPTION_STATUS] != NULL) {
		ctl_complain(ctl, "--counting is --status counting");
		return CTL_USAGE;
	}
	ctl_store_be_patient(ctl);
	if (ctl_store_time(ctl, &now, &err) != 0) {
		ctl_complain(ctl, "%s", err.text);
		return CTL_AWAY;
	}
	rc = filter_read(&filter, ctl, now.s,
	    1U << (counting ? QUARANTINE_COUNTING : QUARANTINE_QUARANTINED));
	if (rc == CTL_DONE && read_limit(ctl, &list.limit) != 0)
		rc = CTL_USAGE;
	if (rc == CTL_DONE) {
		store_put_index_prune(&ctl->batch, now.s);
		rc = ctl_store_must(ctl);
	}
	if (rc == CTL_DONE)
		rc = run(ctl, &filter, &list, now.s);
	filter_clear(&filter);
	return rc;
}
