#include "verbs.h"

#include <poll.h>
#include <string.h>

#include "clock.h"
#include "duration.h"
#include "json.h"
#include "moment.h"
#include "store_events.h"

enum { AT_ONCE = 500, WAIT_MS = 1000 };

struct reader {
	struct ctl *ctl;
	char after[STORE_EVENT_ID_SIZE]; /* the last one that was shown */
	bool follows;
	int64_t until_ms; /* monotonic; 0: for ever */
};

/* -- one event ---------------------------------------------------------------------------------- */

/* A value that tells itself apart from the next field. */
static void
add_value(struct str *out, struct span value)
{
	struct str clean = { 0 };

	out_clean(&clean, value);
	if (clean.len > 0 && strpbrk(str_text(&clean), " \"=") == NULL)
		str_adds(out, str_text(&clean));
	else
		json_string(out, span_make(str_text(&clean), clean.len));
	str_free(&clean);
}

/* "2026-11-22 10:15:03  quarantined  address=ann@example.org ..."; the type is the first field. */
static void
add_text(struct str *out, const struct store_event *event, const char *date)
{
	str_addf(out, "%.10s %.8s  ", date, date + 11);
	for (size_t i = 0; i + 1 < event->field_count; i += 2) {
		if (i > 0) {
			str_addc(out, ' ');
			out_clean(out, event->fields[i]);
			str_addc(out, '=');
		}
		add_value(out, event->fields[i + 1]);
		if (i == 0 && event->field_count > 2)
			str_addc(out, ' ');
	}
	str_addc(out, '\n');
}

static void
add_json(struct str *out, const struct store_event *event, const char *date)
{
	str_addc(out, '{');
	json_key_string(out, "id", event->id);
	json_key_string(out, "time", date);
	for (size_t i = 0; i + 1 < event->field_count; i += 2) {
		struct str clean = { 0 };

		json_next(out);
		json_string(out, event->fields[i]);
		str_addc(out, ':');
		out_clean(&clean, event->fields[i + 1]);
		json_string(out, span_make(str_text(&clean), clean.len));
		str_free(&clean);
	}
	str_adds(out, "}\n");
}

static void
show(struct reader *reader, const struct store_events *events)
{
	char date[CLOCK_DATE_SIZE];

	for (size_t i = 0; i < events->count; i++) {
		const struct store_event *event = &events->items[i];
		struct str out = { 0 };

		clock_format(store_event_ms(span_of(event->id)) / 1000, date);
		if (reader->ctl->json)
			add_json(&out, event, date);
		else
			add_text(&out, event, date);
		fwrite(out.data, 1, out.len, reader->ctl->stream);
		str_free(&out);
		snprintf(reader->after, sizeof(reader->after), "%s", event->id);
	}
	fflush(reader->ctl->stream);
}

/* -- the stream --------------------------------------------------------------------------------- */

static bool
is_over(const struct reader *reader)
{
	return (reader->until_ms > 0 && clock_monotonic_ms() >= reader->until_ms) ||
	       ferror(reader->ctl->stream);
}

/* How many there were; -1 and words. */
static long
read_some(struct reader *reader, struct err *err)
{
	struct ctl *ctl = reader->ctl;
	/* The connection waits no longer than that for an answer. */
	int64_t wait_ms = reader->follows ? ctl->settings->store_timeout_ms / 2 : 0;
	struct store_events events;
	struct arena arena;
	int rc;

	arena_init(&arena);
	events = (struct store_events){ .arena = &arena };
	store_put_events_read(&ctl->batch, reader->after, AT_ONCE, wait_ms, &events);
	rc = ctl_store_run(ctl, err);
	if (rc == 0)
		show(reader, &events);
	arena_clear(&arena);
	return rc == 0 ? (long)events.count : -1;
}

/* Says so once; false: it did not come back before the end. */
static bool
wait_for_store(struct reader *reader, struct err *err)
{
	struct ctl *ctl = reader->ctl;

	ctl_complain(ctl, "%s; waiting for it", err->text);
	do {
		poll(NULL, 0, WAIT_MS);
		store_sync_close(&ctl->store);
		store_batch_empty(&ctl->batch);
		if (is_over(reader))
			return false;
	} while (ctl_store_open(ctl, err) != 0);
	return true;
}

static enum ctl_exit
read_all(struct reader *reader)
{
	struct err err;
	long count;

	do {
		count = read_some(reader, &err);
		if (count < 0 && !reader->follows) {
			ctl_complain(reader->ctl, "%s", err.text);
			return CTL_AWAY;
		}
		if (count < 0 && !wait_for_store(reader, &err))
			return CTL_AWAY;
	} while (!is_over(reader) && (reader->follows || count > 0));
	return CTL_DONE;
}

/* Where it begins. "$" will not do: what comes between two readings would be lost. */
static int
find_start(struct reader *reader, int64_t now_s)
{
	struct ctl *ctl = reader->ctl;
	const char *since = ctl->options[CTL_OPTION_SINCE];
	int64_t at_s = reader->follows ? now_s : now_s - 86400;

	if (since != NULL && store_event_ms(span_of(since)) >= 0 &&
	    duration_parse(span_of(since)) < 0 && strlen(since) < sizeof(reader->after) &&
	    strchr(since, '-') == strrchr(since, '-')) {
		strcpy(reader->after, since);
		return 0;
	}
	if (since != NULL)
		at_s = moment_parse_ago(span_of(since), now_s);
	store_event_id(at_s, reader->after);
	if (at_s >= 0)
		return 0;
	ctl_complain(ctl,
	    "--since: \"%s\" is neither a time such as \"6h\" or 2026-11-22 nor an event's ID",
	    since);
	return -1;
}

enum ctl_exit
events(struct ctl *ctl)
{
	struct reader reader = { .ctl = ctl, .follows = ctl->options[CTL_OPTION_FOLLOW] != NULL };
	const char *length = ctl->options[CTL_OPTION_FOR];
	struct ctl_time now;
	struct err err;

	if (length != NULL) {
		int64_t ms = duration_parse(span_of(length));

		if (ms <= 0 || !reader.follows) {
			ctl_complain(ctl, "--for is a time such as \"90s\", with --follow");
			return CTL_USAGE;
		}
		reader.until_ms = clock_monotonic_ms() + ms;
	}
	if (ctl_store_time(ctl, &now, &err) != 0) {
		ctl_complain(ctl, "%s", err.text);
		return CTL_AWAY;
	}
	return find_start(&reader, now.s) == 0 ? read_all(&reader) : CTL_USAGE;
}
