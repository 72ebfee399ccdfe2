#include "undo.h"

#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

/* The records of undos: their names, and a list of them. */

void
undo_id(int64_t now_s, char id[UNDO_ID_SIZE])
{
	unsigned short number = 0;
	time_t at = (time_t)now_s;
	struct tm tm;
	size_t len;

	gmtime_r(&at, &tm);
	len = strftime(id, UNDO_ID_SIZE, "%Y%m%d-%H%M%S-", &tm);
	if (getrandom(&number, sizeof(number), 0) != sizeof(number))
		number = (unsigned short)clock();
	snprintf(id + len, UNDO_ID_SIZE - len, "%04x", number);
}

bool
undo_is_id(const char *text)
{
	return strlen(text) == UNDO_ID_SIZE - 1 &&
	       strspn(text, "0123456789abcdef-") == UNDO_ID_SIZE - 1;
}

const char *
undo_field(const struct store_fields *record, const char *name)
{
	for (size_t i = 0; i + 1 < record->count; i += 2)
		if (span_eq(record->items[i], span_of(name)))
			return arena_dup(record->arena, record->items[i + 1]);
	return "";
}

static int64_t
number_of(const struct store_fields *record, const char *name)
{
	unsigned long long number = 0;

	span_number(span_of(undo_field(record, name)), &number);
	return (int64_t)number;
}

static void
show_record(struct ctl *ctl, const char *id, const struct store_fields *record)
{
	struct out *out = ctl->out;
	const char *filters = undo_field(record, "filters");

	out_cell(out, out_exact(id));
	out_cell(out, out_time(number_of(record, "at"), 0));
	out_cell(out, out_string(undo_field(record, "by")));
	out_cell(out, out_string(undo_field(record, "state")));
	out_cell(out, out_number(number_of(record, "count")));
	out_cell(out, out_number(number_of(record, "redone")));
	out_cell(out, out_string(filters));
}

enum ctl_exit
undo_show(struct ctl *ctl)
{
	static const struct out_column columns[] = {
		{ "id", "ID", OUT_LEFT },
		{ "at", "WHEN", OUT_LEFT },
		{ "by", "BY", OUT_LEFT },
		{ "state", "STATE", OUT_LEFT },
		{ "count", "UNDONE", OUT_RIGHT },
		{ "redone", NULL, OUT_RIGHT },
		{ "filters", "WHICH", OUT_WRAP },
	};
	struct store_fields undos = { .arena = &ctl->arena };
	enum ctl_exit rc;

	store_put_undos(&ctl->batch, &undos);
	rc = ctl_store_must(ctl);
	if (rc != CTL_DONE)
		return rc;
	out_table(ctl_out(ctl), "undos", NULL, columns, sizeof(columns) / sizeof(columns[0]));
	for (size_t i = 0; i + 1 < undos.count && rc == CTL_DONE; i += 2) {
		const char *id = arena_dup(&ctl->arena, undos.items[i]);
		struct store_fields record = { .arena = &ctl->arena };

		store_put_undo_read(&ctl->batch, id, &record);
		rc = ctl_store_must(ctl);
		if (rc == CTL_DONE && record.count > 0)
			show_record(ctl, id, &record);
	}
	out_table_end(ctl->out, "None.");
	return rc;
}
