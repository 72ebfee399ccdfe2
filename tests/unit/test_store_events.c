/* store_events: IDs, and the command as it goes out. */
#include "check.h"

#include "store_events.h"

static const struct id_row {
	const char *label, *id;
	int64_t ms;
} id_rows[] = {
	{ "usual", "1763806500123-0", 1763806500123 },
	{ "large number", "1763806500123-18446744073709551615", 1763806500123 },
	{ "no number", "1763806500123-", -1 },
	{ "no dash", "1763806500123", -1 },
	{ "no time", "-1", -1 },
	{ "a day", "2026-11-22", -1 },
	{ "empty", "", -1 },
	{ "words", "a-b", -1 },
	{ "too large", "99999999999999999999-1", -1 },
};

static void
ids(void **state)
{
	const struct id_row *row = *state;

	assert_int_equal(store_event_ms(span_of(row->id)), row->ms);
}

static void
begins_just_before_a_time(void **state)
{
	char id[STORE_EVENT_ID_SIZE];

	(void)state;
	store_event_id(1763806500, id);
	assert_string_equal(id, "1763806499999-18446744073709551615");
	store_event_id(0, id);
	assert_string_equal(id, "0-18446744073709551615");
}

static const struct wire_row {
	const char *label;
	int64_t wait_ms;
	const char *wire;
} wire_rows[] = {
	{ "at once", 0,
	    "*6\r\n$5\r\nXREAD\r\n$5\r\nCOUNT\r\n$2\r\n10\r\n$7\r\nSTREAMS\r\n"
	    "$13\r\nmxpace:events\r\n$3\r\n1-0\r\n" },
	{ "waiting", 250,
	    "*8\r\n$5\r\nXREAD\r\n$5\r\nCOUNT\r\n$2\r\n10\r\n$5\r\nBLOCK\r\n$3\r\n250\r\n"
	    "$7\r\nSTREAMS\r\n$13\r\nmxpace:events\r\n$3\r\n1-0\r\n" },
};

static void
wire(void **state)
{
	const struct wire_row *row = *state;
	struct store_batch batch = { 0 };
	struct store_events events = { 0 };

	store_put_events_read(&batch, "1-0", 10, row->wait_ms, &events);
	assert_string_equal(str_text(&batch.wire), row->wire);
	store_batch_free(&batch);
}

int
main(void)
{
	struct check_list list = { 0 };

	CHECK_ROWS(&list, ids, id_rows);
	CHECK(&list, begins_just_before_a_time);
	CHECK_ROWS(&list, wire, wire_rows);
	return check_run(&list, "store_events");
}
