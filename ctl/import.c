#include "verbs.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "clock.h"
#include "duration.h"
#include "import_entry.h"
#include "import_source.h"
#include "interrupt.h"
#include "operator.h"
#include "progress.h"
#include "record_file.h"

/* `quarantine import`: entries from a file, thirty at a time, each by one script. Their index follows
 * with the next thirty. A line that was done does nothing when it is done again. */

enum {
	AT_ONCE = STORE_BATCH_MAX - 2, /* and the index of those before */
	KEEP_EVERY = 20000,            /* lines, after which the position is written */
	SHOWN_MISTAKES = 1000,
};

struct task {
	struct ctl *ctl;
	struct import_source source;
	enum record_format format;
	struct record_columns columns;
	struct import_defaults defaults;
	enum store_import_mode mode;
	bool dry_run;
	int64_t now_s;

	struct arena arena; /* of what is pending */
	struct record *record;
	char addrs[AT_ONCE][ADDR_SIZE];
	struct store_imported results[AT_ONCE];
	size_t count;
	char before[AT_ONCE][ADDR_SIZE]; /* those whose index is not written yet */
	struct store_index_row index[AT_ONCE];
	size_t index_count;

	int64_t outcomes[STORE_OVER + 1];
	int64_t good, mistakes, kept_line;
};

/* -- writing ----------------------------------------------------------------------------------- */

static enum ctl_exit
flush(struct task *task)
{
	store_put_index_set(&task->ctl->batch, task->index, task->index_count);
	if (task->ctl->batch.count > 0 && ctl_store_must(task->ctl) != CTL_DONE)
		return CTL_AWAY;
	task->index_count = 0;
	for (size_t i = 0; i < task->count; i++) {
		memcpy(task->before[i], task->addrs[i], ADDR_SIZE);
		task->index[i] =
		    (struct store_index_row){ task->before[i], task->results[i].expiry_s };
		task->outcomes[task->results[i].outcome]++;
	}
	task->index_count = task->count;
	task->count = 0;
	arena_clear(&task->arena);
	return CTL_DONE;
}

/* All that was read is in Redis, and the position says so. */
static enum ctl_exit
settle(struct task *task)
{
	struct err err;

	for (int i = 0; i < 2; i++)
		if (flush(task) != CTL_DONE)
			return CTL_AWAY;
	task->kept_line = task->source.line;
	if (task->dry_run ||
	    import_source_keep(&task->source, task->source.line, task->source.offset, &err) == 0)
		return CTL_DONE;
	ctl_complain(task->ctl, "%s", err.text);
	return CTL_NO;
}

static void
complain(struct task *task, const char *words)
{
	struct str text = { 0 };

	if (task->mistakes++ >= SHOWN_MISTAKES)
		return;
	out_clean(&text, span_of(words));
	fprintf(task->ctl->errors, "%s:%" PRId64 ": %s\n",
	    task->source.name != NULL ? task->source.name : "stdin", task->source.line,
	    str_text(&text));
	str_free(&text);
}

static enum ctl_exit
add_line(struct task *task, struct span line)
{
	struct store_import import;
	struct err err;

	if (span_trim(line).len == 0 || (task->format == RECORD_LIST && line.ptr[0] == '#'))
		return CTL_DONE;
	if (record_read(task->record, &task->arena, task->format, &task->columns, line, &err) !=
		0 ||
	    import_entry(task->record, task->ctl->settings, &task->defaults, task->now_s,
		task->mode, task->addrs[task->count], &import, &err) != 0) {
		complain(task, err.text);
		return CTL_DONE;
	}
	task->good++;
	if (task->dry_run) {
		arena_clear(&task->arena);
		return CTL_DONE;
	}
	store_put_import(&task->ctl->batch, &import, &task->results[task->count]);
	return ++task->count == AT_ONCE ? flush(task) : CTL_DONE;
}

/* -- reading ----------------------------------------------------------------------------------- */

/* What the first line says; one that is an entry itself is taken as such. */
static enum ctl_exit
begin(struct task *task, int format)
{
	enum import_read read;
	struct span line;
	struct err err;

	read = import_source_read(&task->source, &line);
	if (read != IMPORT_READ_LINE && read != IMPORT_READ_END) {
		complain(task, "no line of an export");
		return CTL_NO;
	}
	if (read == IMPORT_READ_END)
		line = SPAN("");
	task->format = format >= 0 ? (enum record_format)format : record_guess(line);
	if (task->format == RECORD_CSV && record_read_header(&task->columns, line, &err) != 0) {
		complain(task, err.text);
		return CTL_NO;
	}
	if (task->ctl->options[CTL_OPTION_RESUME] != NULL) {
		if (import_source_resume(&task->source, &err) == 0)
			return CTL_DONE;
		ctl_complain(task->ctl, "%s", err.text);
		return CTL_NO;
	}
	return task->format == RECORD_CSV ? CTL_DONE : add_line(task, line);
}

static enum ctl_exit
read_lines(struct task *task, struct progress *progress)
{
	enum ctl_exit rc = CTL_DONE;
	struct span line;

	while (rc == CTL_DONE && !interrupt_seen()) {
		enum import_read read = import_source_read(&task->source, &line);

		if (read == IMPORT_READ_END)
			break;
		if (read == IMPORT_READ_FAILED && errno == EINTR)
			break;
		if (read == IMPORT_READ_FAILED) {
			complain(task, strerror(errno));
			return CTL_NO;
		}
		if (read == IMPORT_READ_TOO_LONG)
			complain(task, "too long");
		else
			rc = add_line(task, line);
		if (rc == CTL_DONE && task->source.line - task->kept_line >= KEEP_EVERY)
			rc = settle(task);
		progress_show(progress, task->source.offset, task->good);
	}
	return rc;
}

/* -- the end ------------------------------------------------------------------------------------ */

static void
tell(struct task *task, enum ctl_exit rc, bool interrupted)
{
	struct out *out = ctl_out(task->ctl);
	const int64_t *n = task->outcomes;

	if (task->mistakes > SHOWN_MISTAKES)
		fprintf(task->ctl->errors, "... and %" PRId64 " more\n",
		    task->mistakes - SHOWN_MISTAKES);
	if (task->dry_run)
		out_note(out,
		    "%" PRId64 " entries, %" PRId64 " lines with mistakes; nothing was written",
		    task->good, task->mistakes);
	else
		out_note(out,
		    "%" PRId64 " written, %" PRId64 " were there, %" PRId64
		    " kept as they were, %" PRId64 " over, %" PRId64 " lines with mistakes",
		    n[STORE_WRITTEN], n[STORE_UNCHANGED], n[STORE_KEPT], n[STORE_OVER],
		    task->mistakes);
	if (!task->dry_run && (interrupted || rc == CTL_AWAY)) {
		if (task->source.name != NULL && task->source.size > 0)
			out_note(out,
			    "Stopped behind line %" PRId64
			    "; go on with: mxctl quarantine import --resume %s",
			    task->kept_line, task->source.name);
		else
			out_note(out, "Stopped; import all of it again: what was done stays.");
	}
	out_put(out, "entries", NULL, out_number(task->good));
	out_put(out, "written", NULL, out_number(n[STORE_WRITTEN]));
	out_put(out, "same", NULL, out_number(n[STORE_UNCHANGED]));
	out_put(out, "kept", NULL, out_number(n[STORE_KEPT]));
	out_put(out, "over", NULL, out_number(n[STORE_OVER]));
	out_put(out, "mistakes", NULL, out_number(task->mistakes));
	out_put(out, "complete", NULL, out_bool(rc == CTL_DONE && !interrupted));
}

static enum ctl_exit
record_event(struct task *task)
{
	char count[24];
	const struct store_event_field fields[] = {
		{ "count", count },
		{ "by", operator_name(task->ctl) },
	};

	snprintf(count, sizeof(count), "%" PRId64, task->outcomes[STORE_WRITTEN]);
	if (task->dry_run || task->outcomes[STORE_WRITTEN] == 0)
		return CTL_DONE;
	store_put_event(&task->ctl->batch, "import", fields, 2);
	return ctl_store_must(task->ctl);
}

static enum ctl_exit
run(struct task *task, int format)
{
	struct progress progress;
	bool interrupted;
	enum ctl_exit rc;

	progress_start(&progress, task->ctl, "entries", task->source.size);
	interrupt_catch();
	rc = begin(task, format);
	if (rc == CTL_DONE)
		rc = settle(task);
	if (rc == CTL_DONE) {
		rc = read_lines(task, &progress);
	} else if (rc != CTL_AWAY) {
		interrupt_release();
		return rc;
	}
	interrupted = interrupt_seen();
	if (rc == CTL_DONE)
		rc = settle(task);
	interrupt_release();
	progress_clear(&progress);
	if (rc == CTL_DONE)
		rc = record_event(task);
	if (rc == CTL_DONE && !interrupted && !task->dry_run)
		import_source_forget(&task->source);
	tell(task, rc, interrupted);
	return rc == CTL_DONE && (interrupted || task->mistakes > 0) ? CTL_NO : rc;
}

static enum ctl_exit
read_options(struct task *task)
{
	struct ctl *ctl = task->ctl;
	const char *reason = ctl->options[CTL_OPTION_REASON];
	const char *release = ctl->options[CTL_OPTION_RELEASE];

	task->dry_run = ctl->options[CTL_OPTION_DRY_RUN] != NULL;
	task->mode =
	    ctl->options[CTL_OPTION_FORCE] != NULL ? STORE_IMPORT_FORCE : STORE_IMPORT_NEWER;
	task->defaults = (struct import_defaults){
		.reason = REASON_USER_UNKNOWN,
		.release_ms = -1,
		.by = operator_name(ctl),
		.text = operator_words(ctl, ctl->options[CTL_OPTION_TEXT], "imported"),
	};
	if (reason != NULL && reason_parse(span_of(reason), &task->defaults.reason) != 0) {
		ctl_complain(ctl, "no reason \"%s\"", reason);
		return CTL_USAGE;
	}
	if (release != NULL && strcmp(release, "never") == 0)
		task->defaults.release_ms = 0;
	else if (release != NULL &&
		 (task->defaults.release_ms = duration_parse(span_of(release))) < 1000) {
		ctl_complain(ctl, "--release: \"%s\" is neither a time such as \"30d\" nor never",
		    release);
		return CTL_USAGE;
	}
	return CTL_DONE;
}

enum ctl_exit
quarantine_import(struct ctl *ctl)
{
	struct task *task = arena_alloc(&ctl->arena, sizeof(*task));
	const char *name = record_file_name(ctl);
	struct ctl_time now;
	enum ctl_exit rc;
	struct err err;
	int format;

	task->ctl = ctl;
	task->record = arena_alloc(&ctl->arena, sizeof(*task->record));
	if (read_options(task) != CTL_DONE || record_file_format(ctl, name, &format) != CTL_DONE)
		return CTL_USAGE;
	ctl_store_be_patient(ctl);
	if (ctl_store_time(ctl, &now, &err) != 0) {
		ctl_complain(ctl, "%s", err.text);
		return CTL_AWAY;
	}
	task->now_s = now.s;
	if (import_source_open(&task->source, name, ctl->in, &err) != 0) {
		ctl_complain(ctl, "%s", err.text);
		return CTL_NO;
	}
	arena_init(&task->arena);
	rc = run(task, format);
	arena_clear(&task->arena);
	import_source_close(&task->source);
	return rc;
}
