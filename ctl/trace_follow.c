#include "trace_follow.h"

#include <poll.h>

#include "clock.h"
#include "json.h"
#include "store_trace.h"

enum { AT_ONCE = 500, AGAIN_MS = 1000 };

static struct span
field(const struct store_event *line, const char *name)
{
	for (size_t i = 0; i + 1 < line->field_count; i += 2)
		if (span_eq(line->fields[i], span_of(name)))
			return line->fields[i + 1];
	return SPAN("");
}

/* "10:15:03.250  mta1  pattern=... step=..." */
static void
add_text(struct str *out, const struct store_event *line, const char *date)
{
	str_addf(out, "%.8s.%03d  ", date + 11, (int)(store_event_ms(span_of(line->id)) % 1000));
	out_clean(out, field(line, "node"));
	str_adds(out, "  ");
	out_clean(out, field(line, "line"));
	str_addc(out, '\n');
}

static void
add_json(struct str *out, const struct store_event *line, const char *date)
{
	static const char *const names[] = { "node", "pattern", "line" };

	str_addc(out, '{');
	json_key_string(out, "id", line->id);
	json_key_string(out, "time", date);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct str clean = { 0 };

		out_clean(&clean, field(line, names[i]));
		json_key_string(out, names[i], str_text(&clean));
		str_free(&clean);
	}
	str_adds(out, "}\n");
}

static void
show(struct trace_follow *follow, const struct store_events *lines)
{
	char date[CLOCK_DATE_SIZE];

	for (size_t i = 0; i < lines->count; i++) {
		const struct store_event *line = &lines->items[i];
		struct str out = { 0 };

		snprintf(follow->after, sizeof(follow->after), "%s", line->id);
		if (follow->pattern != NULL &&
		    !span_eq(field(line, "pattern"), span_of(follow->pattern)))
			continue;
		clock_format(store_event_ms(span_of(line->id)) / 1000, date);
		if (follow->ctl->json)
			add_json(&out, line, date);
		else
			add_text(&out, line, date);
		fwrite(out.data, 1, out.len, follow->ctl->stream);
		str_free(&out);
	}
	fflush(follow->ctl->stream);
}

static bool
is_over(const struct trace_follow *follow)
{
	return (follow->until_ms > 0 && clock_monotonic_ms() >= follow->until_ms) ||
	       ferror(follow->ctl->stream);
}

static int
read_some(struct trace_follow *follow, struct err *err)
{
	struct ctl *ctl = follow->ctl;
	struct store_events lines;
	struct arena arena;
	int rc;

	arena_init(&arena);
	lines = (struct store_events){ .arena = &arena };
	/* The connection waits no longer than that for an answer. */
	store_put_trace_lines_read(&ctl->batch, follow->after, AT_ONCE,
	    ctl->settings->store_timeout_ms / 2, &lines);
	rc = ctl_store_run(ctl, err);
	if (rc == 0)
		show(follow, &lines);
	arena_clear(&arena);
	return rc;
}

/* Says so once; false: it did not come back before the end. */
static bool
wait_for_store(struct trace_follow *follow, struct err *err)
{
	struct ctl *ctl = follow->ctl;

	ctl_complain(ctl, "%s; waiting for it", err->text);
	do {
		poll(NULL, 0, AGAIN_MS);
		store_sync_close(&ctl->store);
		store_batch_empty(&ctl->batch);
		if (is_over(follow))
			return false;
	} while (ctl_store_open(ctl, err) != 0);
	return true;
}

enum ctl_exit
trace_follow(struct trace_follow *follow)
{
	struct err err;

	do {
		if (read_some(follow, &err) != 0 && !wait_for_store(follow, &err))
			return CTL_AWAY;
	} while (!is_over(follow));
	return CTL_DONE;
}
