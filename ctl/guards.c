#include "guards.h"

#include <stdlib.h>
#include <string.h>

#include "keys.h"

/* "GROUP REASON" -> "SINCE" or "SINCE quiet". False: written by somebody else. */
static bool
parse(struct ctl *ctl, struct span field, struct span value, struct guard_row *row)
{
	long blank = span_find(field, SPAN(" ")), quiet = span_find(value, SPAN(" quiet"));
	struct span since = quiet >= 0 ? span_make(value.ptr, (size_t)quiet) : value;
	struct str group = { 0 };
	unsigned long long since_s;
	bool good;

	*row = (struct guard_row){ .quiet = quiet >= 0 };
	good = blank > 0 && keys_decode(&group, span_make(field.ptr, (size_t)blank)) == 0 &&
	       reason_parse(span_from(field, (size_t)blank + 1), &row->reason) == 0 &&
	       span_number(since, &since_s) && since_s < INT64_MAX;
	if (good) {
		row->group = arena_dup(&ctl->arena, span_of(str_text(&group)));
		row->since_s = (int64_t)since_s;
	}
	str_free(&group);
	return good;
}

static int
by_since(const void *a, const void *b)
{
	int64_t x = ((const struct guard_row *)a)->since_s,
		y = ((const struct guard_row *)b)->since_s;

	return x == y ? 0 : x > y ? -1 : 1;
}

int
guards_read(struct ctl *ctl, struct guards *guards, struct err *err)
{
	struct store_fields fields = { .arena = &ctl->arena };
	struct ctl_time now;

	*guards = (struct guards){ 0 };
	store_put_guards(&ctl->batch, &fields);
	if (ctl_store_run(ctl, err) != 0 || ctl_store_time(ctl, &now, err) != 0)
		return -1;
	guards->now_s = now.s;
	guards->items = arena_alloc(&ctl->arena, (fields.count / 2 + 1) * sizeof(*guards->items));
	for (size_t i = 0; i + 1 < fields.count; i += 2) {
		struct guard_row *row = &guards->items[guards->count];

		if (!parse(ctl, fields.items[i], fields.items[i + 1], row))
			continue;
		store_put_guard_read(&ctl->batch, row->group, row->reason, &row->guard);
		if (ctl_store_run(ctl, err) != 0)
			return -1;
		guards->count++;
	}
	if (guards->count > 0)
		qsort(guards->items, guards->count, sizeof(*guards->items), by_since);
	return 0;
}

void
guards_show(struct ctl *ctl, const struct guards *guards)
{
	static const struct out_column columns[] = {
		{ "group", "GROUP", OUT_LEFT },
		{ "reason", "REASON", OUT_LEFT },
		{ "state", "STATE", OUT_LEFT },
		{ "since", "SINCE", OUT_LEFT },
		{ "held", "HELD", OUT_RIGHT },
		{ "just_before", "BEFORE", OUT_RIGHT },
		{ "rate", "WHEN IT TRIPPED", OUT_WRAP },
		{ "text", "TEXT", OUT_WRAP },
	};

	out_table(ctl_out(ctl), "guards", "Outage guards", columns,
	    sizeof(columns) / sizeof(columns[0]));
	for (size_t i = 0; i < guards->count; i++) {
		const struct guard_row *row = &guards->items[i];

		out_cell(ctl->out, out_string(row->group));
		out_cell(ctl->out, out_string(reason_name(row->reason)));
		out_cell(ctl->out, out_string(row->quiet ? "quiet" : "holds"));
		out_cell(ctl->out, out_time(row->since_s, guards->now_s));
		out_cell(ctl->out, out_number(row->guard.held));
		out_cell(ctl->out, out_number(row->guard.lately));
		out_cell(ctl->out, out_string(row->guard.rate));
		out_cell(ctl->out, out_string(row->guard.text));
	}
	out_table_end(ctl->out, "None.");
}
