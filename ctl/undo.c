#include "undo.h"
#include "verbs.h"

#include <inttypes.h>
#include <string.h>

#include "addr.h"
#include "interrupt.h"
#include "operator.h"
#include "record.h"
#include "show.h"
#include "tally.h"
#include "walk.h"

/* `quarantine undo`: takes back what mxbounce decided. First the entries of a chunk are written to
 * the record, then each is taken away unless it changed meanwhile; so at every moment what is gone is
 * in the record, and what is in the record but not gone does not bear the undo's name. */

enum { CHUNK = 16 * STORE_BATCH_MAX, SAMPLES = 10, TOP_DOMAINS = 10 };

struct pending {
	const char *addr; /* the chunk's */
	struct span status, reason, last, since;
	enum reason why;
};

struct task {
	struct ctl *ctl;
	const char *filters, *by;
	char id[UNDO_ID_SIZE];
	bool dry_run;
	int64_t now_s, quiet_s;

	struct arena arena; /* of the chunk */
	struct pending pending[CHUNK];
	size_t count;
	struct str lines;
	int64_t chunks;

	int64_t done, changed;
	int64_t by_reason[REASON_COUNT];
	struct tally domains;
	struct {
		const char *addr, *words;
	} samples[SAMPLES];
	size_t sample_count;
};

/* -- the record --------------------------------------------------------------------------------- */

static void
put_record(struct task *task, const char *state)
{
	char at[24], count[24], chunks[24];
	const struct store_event_field fields[] = {
		{ "at", at },
		{ "by", task->by },
		{ "filters", task->filters },
		{ "state", state },
		{ "count", count },
		{ "chunks", chunks },
	};

	snprintf(at, sizeof(at), "%" PRId64, task->now_s);
	snprintf(count, sizeof(count), "%" PRId64, task->done);
	snprintf(chunks, sizeof(chunks), "%" PRId64, task->chunks);
	store_put_undo_record(&task->ctl->batch, task->id, fields,
	    sizeof(fields) / sizeof(fields[0]), task->now_s);
}

static void
put_event(struct task *task)
{
	char count[24];
	const struct store_event_field fields[] = {
		{ "id", task->id },
		{ "count", count },
		{ "filters", task->filters },
		{ "by", task->by },
	};

	snprintf(count, sizeof(count), "%" PRId64, task->done);
	store_put_event(&task->ctl->batch, "undo", fields, sizeof(fields) / sizeof(fields[0]));
}

/* -- a chunk ------------------------------------------------------------------------------------ */

static void
count_one(struct task *task, const char *addr, enum reason reason)
{
	task->done++;
	task->by_reason[reason]++;
	tally_add(&task->domains, addr_domain(addr));
}

/* As many as a batch holds with the index of them. */
static enum ctl_exit
take_away(struct task *task, const struct pending *pending, size_t count)
{
	struct store_undone undone[STORE_BATCH_MAX];
	struct store_index_row index[STORE_BATCH_MAX];
	struct store_batch *batch = &task->ctl->batch;
	size_t gone = 0;

	for (size_t i = 0; i < count; i++) {
		const struct store_undo undo = {
			.addr = pending[i].addr,
			.id = task->id,
			.quiet_s = task->quiet_s,
			.status = pending[i].status,
			.reason = pending[i].reason,
			.last = pending[i].last,
			.since = pending[i].since,
		};

		store_put_undo(batch, &undo, &undone[i]);
	}
	if (ctl_store_must(task->ctl) != CTL_DONE)
		return CTL_AWAY;
	for (size_t i = 0; i < count; i++) {
		if (undone[i].done == 0) {
			task->changed++;
			continue;
		}
		count_one(task, pending[i].addr, pending[i].why);
		index[gone++] = (struct store_index_row){ pending[i].addr,
			undone[i].expiry_s > 0 ? undone[i].expiry_s : -1 };
	}
	store_put_index_set(batch, index, gone);
	return batch->count > 0 ? ctl_store_must(task->ctl) : CTL_DONE;
}

static enum ctl_exit
flush(struct task *task)
{
	struct store_batch *batch = &task->ctl->batch;
	enum ctl_exit rc = CTL_DONE;

	if (task->count > 0 && !task->dry_run) {
		store_put_undo_chunk(batch, task->id, task->chunks++,
		    span_make(task->lines.data, task->lines.len));
		put_record(task, "running");
		rc = ctl_store_must(task->ctl);
		for (size_t at = 0; at < task->count && rc == CTL_DONE; at += STORE_BATCH_MAX) {
			size_t left = task->count - at;

			rc = take_away(task, &task->pending[at],
			    left < STORE_BATCH_MAX ? left : STORE_BATCH_MAX);
		}
	}
	task->count = 0;
	str_empty(&task->lines);
	arena_clear(&task->arena);
	return rc;
}

static struct span
kept(struct task *task, const struct walk_row *row, const char *field)
{
	struct span value = walk_field(row, field);

	return span_make(arena_dup(&task->arena, value), value.len);
}

static void
add_sample(struct task *task, const struct walk_row *row)
{
	struct ctl *ctl = task->ctl;

	if (task->sample_count == SAMPLES)
		return;
	task->samples[task->sample_count].addr = arena_dup(&ctl->arena, span_of(row->addr));
	task->samples[task->sample_count++].words = show_entry_words(ctl, &row->entry);
}

static enum ctl_exit
add_rows(void *arg, const struct walk_row *rows, size_t count)
{
	struct task *task = arg;
	enum ctl_exit rc = CTL_DONE;

	for (size_t i = 0; i < count && rc == CTL_DONE; i++) {
		const struct walk_row *row = &rows[i];

		add_sample(task, row);
		if (task->dry_run) {
			count_one(task, row->addr, row->entry.reason);
			continue;
		}
		record_write(&task->lines, RECORD_JSONL, row->addr, &row->fields);
		task->pending[task->count++] = (struct pending){
			.addr = arena_dup(&task->arena, span_of(row->addr)),
			.status = kept(task, row, "status"),
			.reason = kept(task, row, "reason"),
			.last = kept(task, row, "last"),
			.since = kept(task, row, "since"),
			.why = row->entry.reason,
		};
		if (task->count == CHUNK)
			rc = flush(task);
	}
	return rc;
}

/* -- what is told ------------------------------------------------------------------------------- */

static void
show_counts(struct task *task)
{
	static const struct out_column reasons[] = {
		{ "reason", "REASON", OUT_LEFT },
		{ "count", "ADDRESSES", OUT_RIGHT },
	};
	static const struct out_column domains[] = {
		{ "domain", "DOMAIN", OUT_LEFT },
		{ "count", "ADDRESSES", OUT_RIGHT },
	};
	struct out *out = task->ctl->out;
	struct tally_name top[TOP_DOMAINS];
	size_t count = tally_top(&task->domains, top, TOP_DOMAINS);

	out_table(out, "reasons", "Reasons", reasons, 2);
	for (size_t i = 0; i < REASON_COUNT; i++) {
		if (task->by_reason[i] == 0)
			continue;
		out_cell(out, out_string(reason_names[i]));
		out_cell(out, out_number(task->by_reason[i]));
	}
	out_table_end(out, "None.");
	out_table(out, "domains", "Domains", domains, 2);
	for (size_t i = 0; i < count; i++) {
		out_cell(out, out_string(top[i].name));
		out_cell(out, out_number(top[i].count));
	}
	out_table_end(out, "None.");
}

static void
show_samples(struct task *task)
{
	static const struct out_column samples[] = {
		{ "address", "ADDRESS", OUT_LEFT },
		{ "entry", "WHAT IT IS", OUT_WRAP },
	};
	struct out *out = task->ctl->out;

	out_table(out, "samples", "Some of them", samples, 2);
	for (size_t i = 0; i < task->sample_count; i++) {
		out_cell(out, out_string(task->samples[i].addr));
		out_cell(out, out_string(task->samples[i].words));
	}
	out_table_end(out, "None.");
}

static void
tell(struct task *task, const struct filter *filter, bool complete)
{
	struct out *out = ctl_out(task->ctl);

	if (task->dry_run)
		out_note(out, "%" PRId64 " entries would be undone; nothing was changed.",
		    task->done);
	else if (task->chunks == 0)
		out_note(out, "Nothing to undo.");
	else
		out_note(out, "%" PRId64 " entries undone%s. Back again: mxctl quarantine redo %s",
		    task->done, complete ? "" : " before it stopped; undo again for the rest",
		    task->id);
	if (task->changed > 0)
		out_note(out, "%" PRId64 " entries changed meanwhile and were left alone.",
		    task->changed);
	if (filter->too_hard > 0)
		out_note(out, "--text gave up on %" PRId64 " diagnostics: too much work to match.",
		    filter->too_hard);
	out_put(out, "id", NULL, task->chunks > 0 ? out_string(task->id) : out_none("-"));
	out_put(out, "count", NULL, out_number(task->done));
	out_put(out, "changed", NULL, out_number(task->changed));
	show_counts(task);
	if (task->dry_run)
		show_samples(task);
	out_put(out, "complete", NULL, out_bool(complete));
}

/* -- the command -------------------------------------------------------------------------------- */

static enum ctl_exit
run(struct task *task, struct filter *filter)
{
	struct progress progress;
	struct walk walk = { .ctl = task->ctl,
		.filter = filter,
		.progress = &progress,
		.now_s = task->now_s,
		.each = add_rows,
		.arg = task };
	enum ctl_exit rc;
	int64_t size = 0;

	store_put_index_size(&task->ctl->batch, &size);
	if (ctl_store_must(task->ctl) != CTL_DONE)
		return CTL_AWAY;
	progress_start(&progress, task->ctl, "entries", size);
	interrupt_catch();
	rc = walk_run(&walk);
	if (rc != CTL_AWAY && flush(task) != CTL_DONE)
		rc = CTL_AWAY;
	interrupt_release();
	progress_clear(&progress);
	if (rc != CTL_AWAY && task->chunks > 0) {
		put_record(task, rc == CTL_DONE ? "done" : "stopped");
		put_event(task);
		if (ctl_store_must(task->ctl) != CTL_DONE)
			rc = CTL_AWAY;
	}
	tell(task, filter, rc == CTL_DONE);
	return rc == CTL_DONE && task->done == 0 ? CTL_NO : rc;
}

enum ctl_exit
quarantine_undo(struct ctl *ctl)
{
	struct task *task = arena_alloc(&ctl->arena, sizeof(*task));
	struct filter filter = { 0 };
	struct ctl_time now;
	enum ctl_exit rc;
	struct err err;

	if (ctl->options[CTL_OPTION_SHOW] != NULL)
		return undo_show(ctl);
	ctl_store_be_patient(ctl);
	if (ctl_store_time(ctl, &now, &err) != 0) {
		ctl_complain(ctl, "%s", err.text);
		return CTL_AWAY;
	}
	*task = (struct task){
		.ctl = ctl,
		.filters = filter_words(ctl),
		.by = operator_name(ctl),
		.dry_run = ctl->options[CTL_OPTION_DRY_RUN] != NULL,
		.now_s = now.s,
		.quiet_s = ctl->settings->quarantine.quiet_ms / 1000,
	};
	arena_init(&task->arena);
	undo_id(now.s, task->id);
	rc = filter_read(&filter, ctl, now.s, 1U << QUARANTINE_QUARANTINED);
	if (rc == CTL_DONE && !filter.given) {
		ctl_complain(ctl,
		    "which? At least one of --group, --domain, --reason, --text, ...; "
		    "--dry-run shows what they take");
		rc = CTL_USAGE;
	}
	if (rc == CTL_DONE && (filter.statuses & 1U << QUARANTINE_RELEASED) != 0 &&
	    filter.statuses == 1U << QUARANTINE_RELEASED) {
		ctl_complain(ctl, "what is released is mailed: there is nothing to undo");
		rc = CTL_USAGE;
	}
	filter.statuses &= ~(1U << QUARANTINE_RELEASED);
	if (rc == CTL_DONE)
		rc = run(task, &filter);
	tally_free(&task->domains);
	str_free(&task->lines);
	arena_clear(&task->arena);
	filter_clear(&filter);
	return rc;
}
