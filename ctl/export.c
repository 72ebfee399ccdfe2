#include "verbs.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "interrupt.h"
#include "record_file.h"
#include "walk.h"

/* `quarantine export`: every entry with all its fields, to be read by people, other programs or
 * `quarantine import`. */

struct task {
	struct ctl *ctl;
	FILE *file;
	enum record_format format;
	struct str lines; /* of some rows */
	int64_t count;
};

/* What is over has nothing to tell, unless others have fields in its hash. */
static bool
is_worth_it(const struct task *task, const struct walk_row *row)
{
	if (row->entry.status != QUARANTINE_NONE)
		return true;
	for (size_t i = 0; i < row->fields.count && task->format != RECORD_LIST; i += 2)
		if (span_starts(row->fields.items[i], SPAN("not:")))
			return true;
	return false;
}

static enum ctl_exit
write_rows(void *arg, const struct walk_row *rows, size_t count)
{
	struct task *task = arg;

	str_empty(&task->lines);
	for (size_t i = 0; i < count; i++) {
		if (!is_worth_it(task, &rows[i]))
			continue;
		record_write(&task->lines, task->format, rows[i].addr, &rows[i].fields);
		task->count++;
	}
	if (fwrite(str_text(&task->lines), 1, task->lines.len, task->file) == task->lines.len)
		return CTL_DONE;
	ctl_complain(task->ctl, "the entries could not be written: %s", strerror(errno));
	return CTL_USAGE;
}

/* Addresses are nobody else's business. */
static FILE *
open_file(struct ctl *ctl, const char *name)
{
	int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	FILE *file = fd >= 0 ? fdopen(fd, "w") : NULL;

	if (file == NULL)
		ctl_complain(ctl, "%s: %s", name, strerror(errno));
	return file;
}

static enum ctl_exit
run(struct task *task, struct filter *filter, int64_t now_s)
{
	struct progress progress;
	struct walk walk = { .ctl = task->ctl,
		.filter = filter,
		.progress = &progress,
		.now_s = now_s,
		.each = write_rows,
		.arg = task };
	enum ctl_exit rc;
	int64_t size = 0;

	store_put_index_size(&task->ctl->batch, &size);
	if (ctl_store_must(task->ctl) != CTL_DONE)
		return CTL_AWAY;
	progress_start(&progress, task->ctl, "entries", size);
	if (task->format == RECORD_CSV) {
		record_header(&task->lines);
		fputs(str_text(&task->lines), task->file);
	}
	interrupt_catch();
	rc = walk_run(&walk);
	interrupt_release();
	if (rc == CTL_NO)
		ctl_complain(task->ctl,
		    "stopped after %" PRId64 " entries: the export is not complete", task->count);
	return rc == CTL_USAGE ? CTL_NO : rc;
}

static void
tell(const struct task *task, const char *name, enum ctl_exit rc)
{
	struct out *out = ctl_out(task->ctl);

	out_note(out, "%" PRId64 " entries written to %s", task->count, name);
	out_put(out, "exported", NULL, out_number(task->count));
	out_put(out, "file", NULL, out_string(name));
	out_put(out, "complete", NULL, out_bool(rc == CTL_DONE));
}

enum ctl_exit
quarantine_export(struct ctl *ctl)
{
	const char *name = record_file_name(ctl);
	struct task task = { .ctl = ctl };
	struct filter filter = { 0 };
	struct ctl_time now;
	enum ctl_exit rc;
	struct err err;
	int format;

	if (record_file_format(ctl, name, &format) != CTL_DONE)
		return CTL_USAGE;
	task.format = format < 0 ? RECORD_CSV : (enum record_format)format;
	ctl_store_be_patient(ctl);
	if (ctl_store_time(ctl, &now, &err) != 0) {
		ctl_complain(ctl, "%s", err.text);
		return CTL_AWAY;
	}
	rc = filter_read(&filter, ctl, now.s,
	    task.format == RECORD_LIST ? 1U << QUARANTINE_QUARANTINED : ~0U);
	if (rc == CTL_DONE) {
		task.file = name != NULL ? open_file(ctl, name) : ctl->stream;
		rc = task.file != NULL ? run(&task, &filter, now.s) : CTL_NO;
	}
	if (name != NULL && task.file != NULL) {
		if (fclose(task.file) != 0 && rc == CTL_DONE) {
			ctl_complain(ctl, "%s: %s", name, strerror(errno));
			rc = CTL_NO;
		}
		tell(&task, name, rc);
	}
	str_free(&task.lines);
	filter_clear(&filter);
	return rc;
}
