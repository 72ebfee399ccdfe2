#include "undo.h"
#include "verbs.h"

#include <inttypes.h>

#include "import_entry.h"
#include "interrupt.h"
#include "operator.h"
#include "progress.h"
#include "record.h"

/* `quarantine redo`: puts back what an undo took away. An address that got an error or a delivery
 * since stays as it is. Done twice it does nothing more. */

struct task {
	struct ctl *ctl;
	const char *id;
	int64_t now_s, at_s; /* at_s: of the undo */
	struct record *record;
	int64_t seen;
	int64_t outcomes[STORE_OVER + 1];
};

/* Some lines of a chunk; *rest goes on behind them. CTL_NO: they are none of ours. */
static enum ctl_exit
put_back(struct task *task, struct span *rest)
{
	enum { AT_ONCE = STORE_BATCH_MAX };
	static char addrs[AT_ONCE][ADDR_SIZE];
	struct store_imported results[AT_ONCE];
	struct store_index_row index[AT_ONCE];
	struct store_batch *batch = &task->ctl->batch;
	const struct import_defaults none = { .by = "", .text = "" };
	enum ctl_exit rc = CTL_DONE;
	struct arena arena;
	struct span line;
	size_t count = 0;
	struct err err;

	arena_init(&arena);
	while (count < AT_ONCE && rc == CTL_DONE && span_line(rest, &line)) {
		struct store_import import;

		if (record_read(task->record, &arena, RECORD_JSONL, NULL, line, &err) != 0 ||
		    import_entry(task->record, task->ctl->settings, &none, task->now_s,
			STORE_IMPORT_REDO, addrs[count], &import, &err) != 0) {
			ctl_complain(task->ctl, "undo %s: %s", task->id, err.text);
			rc = CTL_NO;
			break;
		}
		import.undo = task->id;
		store_put_import(batch, &import, &results[count]);
		count++;
	}
	if (count > 0 && ctl_store_must(task->ctl) != CTL_DONE)
		rc = CTL_AWAY;
	for (size_t i = 0; i < count && rc != CTL_AWAY; i++) {
		task->outcomes[results[i].outcome]++;
		index[i] = (struct store_index_row){ addrs[i], results[i].expiry_s };
	}
	if (rc != CTL_AWAY)
		store_put_index_set(batch, index, count);
	if (batch->count > 0 && ctl_store_must(task->ctl) != CTL_DONE)
		rc = CTL_AWAY;
	task->seen += (int64_t)count;
	arena_clear(&arena);
	return rc;
}

static enum ctl_exit
put_back_all(struct task *task, struct progress *progress)
{
	struct str text = { 0 };
	enum ctl_exit rc = CTL_DONE;

	for (int64_t number = 0; rc == CTL_DONE; number++) {
		struct span rest;

		store_put_undo_chunk_read(&task->ctl->batch, task->id, number, &text);
		rc = ctl_store_must(task->ctl);
		rest = span_make(str_text(&text), text.len);
		if (rc != CTL_DONE || rest.len == 0)
			break;
		while (rc == CTL_DONE && rest.len > 0) {
			rc = put_back(task, &rest);
			if (rc == CTL_DONE && interrupt_seen())
				rc = CTL_NO;
			progress_show(progress, task->seen, task->seen);
		}
	}
	str_free(&text);
	return rc;
}

/* The record and the event of it. */
static enum ctl_exit
keep(struct task *task, bool complete)
{
	const char *by = operator_name(task->ctl);
	char count[24];
	const struct store_event_field record[] = {
		{ "state", complete ? "redone" : "partly redone" },
		{ "redone", count },
		{ "redone_by", by },
	};
	const struct store_event_field event[] = {
		{ "id", task->id },
		{ "count", count },
		{ "by", by },
	};

	snprintf(count, sizeof(count), "%" PRId64,
	    task->outcomes[STORE_WRITTEN] + task->outcomes[STORE_UNCHANGED]);
	store_put_undo_record(&task->ctl->batch, task->id, record, 3, task->at_s);
	store_put_event(&task->ctl->batch, "redo", event, 3);
	return ctl_store_must(task->ctl);
}

static void
tell(struct task *task, bool complete)
{
	struct out *out = ctl_out(task->ctl);
	const int64_t *n = task->outcomes;

	out_note(out,
	    "%" PRId64 " entries are there again, %" PRId64
	    " changed since the undo and were left alone, %" PRId64 " are over",
	    n[STORE_WRITTEN] + n[STORE_UNCHANGED], n[STORE_KEPT], n[STORE_OVER]);
	if (!complete)
		out_note(out, "Stopped; go on with the same command.");
	out_put(out, "id", NULL, out_string(task->id));
	out_put(out, "count", NULL, out_number(n[STORE_WRITTEN] + n[STORE_UNCHANGED]));
	out_put(out, "kept", NULL, out_number(n[STORE_KEPT]));
	out_put(out, "over", NULL, out_number(n[STORE_OVER]));
	out_put(out, "complete", NULL, out_bool(complete));
}

enum ctl_exit
quarantine_redo(struct ctl *ctl)
{
	struct task task = { .ctl = ctl, .id = ctl->operands[0] };
	struct store_fields record = { .arena = &ctl->arena };
	struct progress progress;
	unsigned long long total = 0, at = 0;
	struct ctl_time now;
	enum ctl_exit rc;
	struct err err;

	ctl_store_be_patient(ctl);
	if (undo_is_id(task.id))
		store_put_undo_read(&ctl->batch, task.id, &record);
	if (ctl_store_time(ctl, &now, &err) != 0) {
		ctl_complain(ctl, "%s", err.text);
		return CTL_AWAY;
	}
	if (record.count == 0) {
		ctl_complain(ctl, "no undo \"%s\"; `mxctl quarantine undo --show` lists them",
		    task.id);
		return CTL_NO;
	}
	task.now_s = now.s;
	task.record = arena_alloc(&ctl->arena, sizeof(*task.record));
	span_number(span_of(undo_field(&record, "count")), &total);
	span_number(span_of(undo_field(&record, "at")), &at);
	task.at_s = (int64_t)at;
	progress_start(&progress, ctl, "entries", (int64_t)total);
	interrupt_catch();
	rc = put_back_all(&task, &progress);
	interrupt_release();
	progress_clear(&progress);
	if (rc != CTL_AWAY && keep(&task, rc == CTL_DONE) != CTL_DONE)
		rc = CTL_AWAY;
	tell(&task, rc == CTL_DONE);
	return rc;
}
