#include <hiredis/hiredis.h>

#include "arena.h"
#include "check.h"
#include "store.h"
#include "store_egress.h"
#include "store_reply.h"

/* A reply out of its wire form, fed byte by byte. */
static redisReply *
reply_of(struct span wire)
{
	redisReader *reader = redisReaderCreate();
	void *reply = NULL;

	for (size_t i = 0; i < wire.len; i++) {
		assert_null(reply);
		assert_int_equal(redisReaderFeed(reader, wire.ptr + i, 1), REDIS_OK);
		assert_int_equal(redisReaderGetReply(reader, &reply), REDIS_OK);
	}
	assert_non_null(reply);
	redisReaderFree(reader);
	return reply;
}

/* Every decoder's result at once; whole, so that whatever it writes lies within. */
union result {
	struct quarantine_entry entry;
	struct store_took took;
	struct store_counted counted;
	struct store_granted granted;
	struct store_backoff backoff;
	int64_t number;
	struct str text;
	struct store_fields fields;
	struct store_page page;
};

static const struct {
	const char *name;
	store_decode *decode;
} decoders[] = {
	{ "status", store_reply_status },
	{ "entry", store_reply_entry },
	{ "took", store_reply_took },
	{ "counted", store_reply_counted },
	{ "text", store_reply_text },
	{ "number", store_reply_number },
	{ "fields", store_reply_fields },
	{ "scan", store_reply_scan },
	{ "granted", store_reply_granted },
	{ "backoff", store_reply_backoff },
};

#define STATUS  0x01U
#define ENTRY   0x02U
#define TOOK    0x04U
#define COUNTED 0x08U
#define TEXT    0x10U
#define NUMBER  0x20U
#define FIELDS  0x40U
#define SCAN    0x80U
#define GRANTED 0x100U
#define BACKOFF 0x200U

#define WIRE(literal)                          \
	{                                      \
		(literal), sizeof(literal) - 1 \
	}

/* Which decoders accept a reply; all others refuse it with words. */
static const struct form_row {
	const char *label;
	struct span wire;
	unsigned accepted;
} form_rows[] = {
	{ "status", WIRE("+OK\r\n"), STATUS },
	{ "error", WIRE("-ERR no\r\n"), 0 },
	{ "empty error", WIRE("-\r\n"), 0 },
	{ "integer", WIRE(":7\r\n"), STATUS | NUMBER | TOOK },
	{ "negative integer", WIRE(":-7\r\n"), STATUS | NUMBER },
	{ "string", WIRE("$1\r\na\r\n"), STATUS | TEXT },
	{ "empty string", WIRE("$0\r\n\r\n"), STATUS | TEXT },
	{ "string with NUL and newline", WIRE("$3\r\n\0\r\n\r\n"), STATUS | TEXT },
	{ "nil", WIRE("$-1\r\n"), STATUS | TEXT },
	{ "nil array", WIRE("*-1\r\n"), STATUS | TEXT },
	{ "empty array", WIRE("*0\r\n"), STATUS | ENTRY | FIELDS },
	{ "array of one nil", WIRE("*1\r\n$-1\r\n"), STATUS | ENTRY | FIELDS },
	{ "array of an array", WIRE("*1\r\n*1\r\n:1\r\n"), STATUS | ENTRY | FIELDS },
	{ "array with an error within", WIRE("*2\r\n-ERR\r\n:1\r\n"), STATUS | ENTRY | FIELDS },
	{ "odd hash", WIRE("*3\r\n$6\r\nstatus\r\n$4\r\nnone\r\n$1\r\na\r\n"),
	    STATUS | ENTRY | FIELDS },
	{ "granted, not counted", WIRE("*2\r\n:0\r\n:5\r\n"), STATUS | ENTRY | FIELDS },
	{ "granted and counted, strings", WIRE("*3\r\n$1\r\n0\r\n$1\r\n5\r\n$1\r\n5\r\n"),
	    STATUS | ENTRY | TOOK | FIELDS },
	{ "granted without a time", WIRE("*1\r\n:0\r\n"), STATUS | ENTRY | FIELDS },
	{ "granted and counted", WIRE("*3\r\n:0\r\n:5\r\n:5\r\n"), STATUS | ENTRY | TOOK | FIELDS },
	{ "granted and counted as nothing", WIRE("*3\r\n:0\r\n:5\r\n:-1\r\n"),
	    STATUS | ENTRY | FIELDS },
	{ "granted and more", WIRE("*4\r\n:0\r\n:5\r\n:5\r\n:5\r\n"), STATUS | ENTRY | FIELDS },
	{ "no slot", WIRE("*3\r\n:1\r\n:5\r\n:4\r\n"), STATUS | ENTRY | TOOK | FIELDS },
	{ "no slot of how many", WIRE("*2\r\n:1\r\n:5\r\n"), STATUS | ENTRY | FIELDS },
	{ "no room", WIRE("*4\r\n:2\r\n:1\r\n:9\r\n:8\r\n"), STATUS | ENTRY | TOOK | FIELDS },
	{ "no room in limit 0", WIRE("*4\r\n:2\r\n:0\r\n:9\r\n:8\r\n"), STATUS | ENTRY | FIELDS },
	{ "no room in a negative limit", WIRE("*4\r\n:2\r\n:-1\r\n:9\r\n:8\r\n"),
	    STATUS | ENTRY | FIELDS },
	{ "no room cut short", WIRE("*3\r\n:2\r\n:1\r\n:9\r\n"), STATUS | ENTRY | FIELDS },
	{ "unknown outcome", WIRE("*2\r\n:3\r\n:5\r\n"), STATUS | ENTRY | FIELDS },
	{ "negative outcome", WIRE("*2\r\n:-1\r\n:5\r\n"), STATUS | ENTRY | FIELDS },
	{ "outcome of 2^32", WIRE("*2\r\n:4294967296\r\n:5\r\n"), STATUS | ENTRY | FIELDS },
	{ "nil outcome", WIRE("*2\r\n$-1\r\n:5\r\n"), STATUS | ENTRY | FIELDS },
	{ "counted", WIRE("*4\r\n$7\r\ncounted\r\n:1\r\n$8\r\ncounting\r\n:5\r\n"),
	    STATUS | ENTRY | COUNTED | FIELDS },
	{ "counted without its status", WIRE("*3\r\n$7\r\ncounted\r\n:1\r\n:5\r\n"),
	    STATUS | ENTRY | FIELDS },
	{ "counted something else", WIRE("*4\r\n$7\r\ncounter\r\n:1\r\n$8\r\ncounting\r\n:5\r\n"),
	    STATUS | ENTRY | FIELDS },
	{ "last page", WIRE("*2\r\n$1\r\n0\r\n*0\r\n"), STATUS | ENTRY | FIELDS | SCAN },
	{ "page with the largest cursor",
	    WIRE("*2\r\n$20\r\n18446744073709551615\r\n*1\r\n$1\r\na\r\n"),
	    STATUS | ENTRY | FIELDS | SCAN },
	{ "cursor with leading zeros", WIRE("*2\r\n$24\r\n000000000000000000000001\r\n*0\r\n"),
	    STATUS | ENTRY | FIELDS },
	{ "cursor that is no number", WIRE("*2\r\n$2\r\n1x\r\n*0\r\n"), STATUS | ENTRY | FIELDS },
	{ "cursor with a NUL", WIRE("*2\r\n$2\r\n\0001\r\n*0\r\n"), STATUS | ENTRY | FIELDS },
	{ "cursor that is an array", WIRE("*2\r\n*0\r\n*0\r\n"), STATUS | ENTRY | FIELDS },
	{ "empty cursor", WIRE("*2\r\n$0\r\n\r\n*0\r\n"), STATUS | ENTRY | FIELDS },
	{ "page that is no list", WIRE("*2\r\n$1\r\n0\r\n:5\r\n"), STATUS | ENTRY | FIELDS },
	{ "no slot, no number", WIRE("*3\r\n:1\r\n$1\r\nx\r\n:5\r\n"), STATUS | ENTRY | FIELDS },
	{ "held", WIRE("*5\r\n:3\r\n:2\r\n:5\r\n:6\r\n$1\r\na\r\n"),
	    STATUS | ENTRY | TOOK | GRANTED | FIELDS },
	{ "held without words", WIRE("*4\r\n:3\r\n:0\r\n:0\r\n:0\r\n"), STATUS | ENTRY | FIELDS },
	{ "held by something else", WIRE("*5\r\n:3\r\n:3\r\n:5\r\n:6\r\n$1\r\na\r\n"),
	    STATUS | ENTRY | FIELDS },
	{ "held, a negative time", WIRE("*5\r\n:3\r\n:1\r\n:-5\r\n:6\r\n$1\r\na\r\n"),
	    STATUS | ENTRY | FIELDS },
	{ "a slot", WIRE("*5\r\n:0\r\n:5\r\n:0\r\n:0\r\n:3\r\n"),
	    STATUS | ENTRY | GRANTED | FIELDS },
	{ "no slot in turn", WIRE("*5\r\n:1\r\n:5\r\n:0\r\n:3\r\n:1\r\n"),
	    STATUS | ENTRY | GRANTED | FIELDS },
	{ "no slot in no turn", WIRE("*5\r\n:1\r\n:5\r\n:0\r\n:3\r\n$-1\r\n"),
	    STATUS | ENTRY | FIELDS },
	{ "backoff",
	    WIRE("*9\r\n:1\r\n$6\r\nreduce\r\n:5\r\n:0\r\n:7\r\n:2\r\n$1\r\na\r\n$0\r\n\r\n"
		 "$0\r\n\r\n"),
	    STATUS | ENTRY | BACKOFF | FIELDS },
	{ "backoff without hits",
	    WIRE("*9\r\n:1\r\n$6\r\nreduce\r\n:5\r\n:0\r\n:7\r\n:-2\r\n$1\r\na\r\n$0\r\n\r\n"
		 "$0\r\n\r\n"),
	    STATUS | ENTRY | FIELDS },
	{ "no room, no numbers", WIRE("*4\r\n:2\r\n:1\r\n*0\r\n$-1\r\n"), STATUS | ENTRY | FIELDS },
	{ "counted, no number", WIRE("*4\r\n$7\r\ncounted\r\n$-1\r\n$8\r\ncounting\r\n:5\r\n"),
	    STATUS | ENTRY | FIELDS },
	{ "counted, negative expiry",
	    WIRE("*4\r\n$7\r\ncounted\r\n:1\r\n$8\r\ncounting\r\n:-5\r\n"),
	    STATUS | ENTRY | FIELDS },
};

static int
run_decoder(size_t d, const redisReply *reply, struct err *err)
{
	struct arena arena;
	union result *result = calloc(1, sizeof(*result));
	int rc;

	arena_init(&arena);
	if (decoders[d].decode == store_reply_fields)
		result->fields.arena = &arena;
	if (decoders[d].decode == store_reply_scan)
		result->page.fields.arena = &arena;
	rc = decoders[d].decode(reply, result, err);
	if (decoders[d].decode == store_reply_text)
		str_free(&result->text);
	arena_clear(&arena);
	free(result);
	return rc;
}

static void
forms(void **state)
{
	const struct form_row *row = *state;
	redisReply *reply = reply_of(row->wire);

	for (size_t d = 0; d < COUNT(decoders); d++) {
		struct err err = { "" };
		int want = (row->accepted >> d & 1) != 0 ? 0 : -1;

		if (run_decoder(d, reply, &err) != want)
			fail_msg("%s: %d wanted", decoders[d].name, want);
		if (want != 0 && reply->type != REDIS_REPLY_ERROR)
			assert_string_not_equal(err.text, "");
		assert_int_equal(run_decoder(d, reply, NULL), want);
	}
	freeReplyObject(reply);
}

static void
no_reply(void **state)
{
	(void)state;
	for (size_t d = 0; d < COUNT(decoders); d++) {
		struct err err;

		assert_int_equal(run_decoder(d, NULL, &err), -1);
		assert_string_equal(err.text, "no reply");
	}
	assert_false(store_reply_is_noscript(NULL));
}

static void
an_error_is_told_as_it_is(void **state)
{
	redisReply *reply = reply_of(SPAN("-READONLY You can't write.\r\n"));
	struct store_command command = { 0, 0, SCRIPT_NONE, NULL, NULL };
	struct err err;

	(void)state;
	for (size_t d = 0; d < COUNT(decoders); d++) {
		assert_int_equal(run_decoder(d, reply, &err), -1);
		assert_string_equal(err.text, "READONLY You can't write.");
	}
	err.text[0] = '\0';
	assert_int_equal(store_reply_decode(&command, reply, &err), -1);
	assert_string_equal(err.text, "READONLY You can't write.");
	assert_false(store_reply_is_noscript(reply));
	freeReplyObject(reply);
	reply = reply_of(SPAN("*1\r\n:1\r\n"));
	assert_int_equal(store_reply_decode(&command, reply, &err), 0);
	freeReplyObject(reply);
}

static void
noscript(void **state)
{
	static const struct {
		struct span wire;
		bool want;
	} rows[] = {
		{ WIRE("-NOSCRIPT No matching script.\r\n"), true },
		{ WIRE("-ERR NOSCRIPT\r\n"), false },
		{ WIRE("-NOSCRIP\r\n"), false },
		{ WIRE("+NOSCRIPT\r\n"), false },
		{ WIRE("$8\r\nNOSCRIPT\r\n"), false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		redisReply *reply = reply_of(rows[i].wire);

		assert_int_equal(store_reply_is_noscript(reply), rows[i].want);
		freeReplyObject(reply);
	}
}

static void
took_values(void **state)
{
	redisReply *reply = reply_of(SPAN(":1763780000123\r\n"));
	struct store_took took;

	(void)state;
	memset(&took, 0xff, sizeof(took));
	assert_int_equal(store_reply_took(reply, &took, NULL), 0);
	freeReplyObject(reply);
	assert_int_equal(took.outcome, STORE_TAKEN);
	assert_true(took.now_ms == INT64_C(1763780000123));

	memset(&took, 0xff, sizeof(took));
	reply = reply_of(SPAN("*3\r\n:0\r\n:1763780000123\r\n:77\r\n"));
	assert_int_equal(store_reply_took(reply, &took, NULL), 0);
	freeReplyObject(reply);
	assert_true(took.now_ms == INT64_C(1763780000123));
	assert_int_equal(took.sent, 77);

	memset(&took, 0xff, sizeof(took));
	reply = reply_of(SPAN("*3\r\n:1\r\n:6\r\n:5\r\n"));
	assert_int_equal(store_reply_took(reply, &took, NULL), 0);
	freeReplyObject(reply);
	assert_int_equal(took.outcome, STORE_NO_SLOT);
	assert_int_equal(took.open, 6);
	assert_int_equal(took.allowed, 5);

	memset(&took, 0xff, sizeof(took));
	reply = reply_of(SPAN("*4\r\n:2\r\n:3\r\n:20\r\n:7500\r\n"));
	assert_int_equal(store_reply_took(reply, &took, NULL), 0);
	freeReplyObject(reply);
	assert_int_equal(took.outcome, STORE_NO_ROOM);
	assert_int_equal(took.limit, 2);
	assert_int_equal(took.used, 20);
	assert_int_equal(took.wait_ms, 7500);
}

/* Of take and grant alike; words of any length. */
static void
held_values(void **state)
{
	struct str wire = { 0 };
	struct store_took took;
	struct store_granted granted;
	redisReply *reply;

	(void)state;
	str_adds(&wire, "*5\r\n:3\r\n:2\r\n:30000\r\n:120\r\n$400\r\n");
	for (int i = 0; i < 400; i++)
		str_addc(&wire, 'w');
	str_adds(&wire, "\r\n");
	reply = reply_of(span_make(wire.data, wire.len));
	memset(&took, 0xff, sizeof(took));
	memset(&granted, 0xff, sizeof(granted));
	assert_int_equal(store_reply_took(reply, &took, NULL), 0);
	assert_int_equal(store_reply_granted(reply, &granted, NULL), 0);
	freeReplyObject(reply);
	str_free(&wire);
	assert_int_equal(took.outcome, STORE_HELD);
	assert_int_equal(granted.outcome, STORE_HELD);
	assert_int_equal(took.held.by, STORE_HOLD_RATE);
	assert_int_equal(took.held.wait_ms, 30000);
	assert_int_equal(took.held.per_hour, 120);
	assert_int_equal(strlen(took.held.why), sizeof(took.held.why) - 1);
	assert_memory_equal(&took.held, &granted.held, sizeof(took.held));
}

static void
granted_values(void **state)
{
	redisReply *reply = reply_of(SPAN("*5\r\n:0\r\n:1763780000123\r\n:4\r\n:3\r\n:9\r\n"));
	struct store_granted granted;

	(void)state;
	assert_int_equal(store_reply_granted(reply, &granted, NULL), 0);
	freeReplyObject(reply);
	assert_int_equal(granted.outcome, STORE_TAKEN);
	assert_true(granted.now_ms == INT64_C(1763780000123));
	assert_int_equal(granted.open, 4);
	assert_int_equal(granted.others, 3);
	assert_int_equal(granted.allowed, 9);
	assert_false(granted.in_turn);
	reply = reply_of(SPAN("*5\r\n:1\r\n:4\r\n:3\r\n:9\r\n:1\r\n"));
	assert_int_equal(store_reply_granted(reply, &granted, NULL), 0);
	freeReplyObject(reply);
	assert_int_equal(granted.outcome, STORE_NO_SLOT);
	assert_int_equal(granted.now_ms, 0);
	assert_int_equal(granted.open, 4);
	assert_int_equal(granted.others, 3);
	assert_int_equal(granted.allowed, 9);
	assert_true(granted.in_turn);
}

static void
backoff_values(void **state)
{
	redisReply *reply =
	    reply_of(SPAN("*9\r\n:1\r\n$14\r\none_connection\r\n:5\r\n:1\r\n:7\r\n:2\r\n"
			  "$3\r\n421\r\n$4\r\nmta1\r\n$3\r\nwhy\r\n"));
	struct store_backoff b;

	(void)state;
	memset(&b, 0xff, sizeof(b));
	assert_int_equal(store_reply_backoff(reply, &b, NULL), 0);
	freeReplyObject(reply);
	assert_true(b.any && b.changed);
	assert_string_equal(b.action, "one_connection");
	assert_int_equal(b.per_hour, 5);
	assert_int_equal(b.connections, 1);
	assert_int_equal(b.hold_ms, 7);
	assert_int_equal(b.hits, 2);
	assert_string_equal(b.text, "421");
	assert_string_equal(b.by, "mta1");
	assert_string_equal(b.why, "why");
	reply = reply_of(SPAN("*9\r\n:0\r\n$0\r\n\r\n:0\r\n:0\r\n:0\r\n:0\r\n$0\r\n\r\n$0\r\n\r\n"
			      "$0\r\n\r\n"));
	assert_int_equal(store_reply_backoff(reply, &b, NULL), 0);
	freeReplyObject(reply);
	assert_false(b.any || b.changed);
	assert_string_equal(b.text, "");
}

static const struct counted_row {
	const char *label;
	const char *wire;
	struct store_counted want;
} counted_rows[] = {
	{ "counted", "*4\r\n$7\r\ncounted\r\n:2\r\n$8\r\ncounting\r\n:1764\r\n",
	    { STORE_COUNTED, 2, QUARANTINE_COUNTING, 1764 } },
	{ "quarantined", "*4\r\n$11\r\nquarantined\r\n:3\r\n$11\r\nquarantined\r\n:0\r\n",
	    { STORE_QUARANTINED, 3, QUARANTINE_QUARANTINED, 0 } },
	{ "known", "*4\r\n$5\r\nknown\r\n:3\r\n$11\r\nquarantined\r\n:0\r\n",
	    { STORE_KNOWN, 3, QUARANTINE_QUARANTINED, 0 } },
	{ "again", "*4\r\n$5\r\nagain\r\n:1\r\n$0\r\n\r\n:0\r\n",
	    { STORE_AGAIN, 1, QUARANTINE_NONE, 0 } },
	{ "same", "*4\r\n$4\r\nsame\r\n:1\r\n$8\r\ncounting\r\n:9\r\n",
	    { STORE_SAME, 1, QUARANTINE_COUNTING, 9 } },
};

static void
counted_values(void **state)
{
	const struct counted_row *row = *state;
	redisReply *reply = reply_of(span_of(row->wire));
	struct store_counted counted;

	memset(&counted, 0xff, sizeof(counted));
	assert_int_equal(store_reply_counted(reply, &counted, NULL), 0);
	assert_int_equal(counted.outcome, row->want.outcome);
	assert_int_equal(counted.errors, row->want.errors);
	assert_int_equal(counted.status, row->want.status);
	assert_int_equal(counted.expiry_s, row->want.expiry_s);
	assert_string_equal(store_count_name(counted.outcome), row->label);
	freeReplyObject(reply);
}

static void
entry_values(void **state)
{
	redisReply *reply =
	    reply_of(SPAN("*8\r\n$6\r\nstatus\r\n$11\r\nquarantined\r\n$6\r\nerrors\r\n$1\r\n3\r\n"
			  "$4\r\nndrs\r\n$3\r\na b\r\n$4\r\ntext\r\n$-1\r\n"));
	struct quarantine_entry entry, *found = NULL;

	(void)state;
	memset(&entry, 0x7f, sizeof(entry));
	assert_int_equal(store_reply_entry(reply, &entry, NULL), 0);
	assert_int_equal(entry.status, QUARANTINE_QUARANTINED);
	assert_int_equal(entry.errors, 3);
	assert_string_equal(entry.text, "");
	assert_int_equal(entry.last_s, 0);
	assert_int_equal(store_reply_found(reply, &found, NULL), 0);
	assert_memory_equal(found, &entry, sizeof(entry));
	free(found);
	found = NULL;
	freeReplyObject(reply);
	reply = reply_of(SPAN("*0\r\n")); /* no such key: an entry all the same */
	assert_int_equal(store_reply_entry(reply, &entry, NULL), 0);
	assert_int_equal(entry.status, QUARANTINE_NONE);
	assert_int_equal(store_reply_found(reply, &found, NULL), 0); /* none */
	assert_null(found);
	freeReplyObject(reply);
}

static void
text_and_number_values(void **state)
{
	redisReply *reply = reply_of(SPAN("$3\r\na\0b\r\n"));
	struct str text = { 0 };
	int64_t number = 5;

	(void)state;
	str_adds(&text, "before");
	assert_int_equal(store_reply_text(reply, &text, NULL), 0);
	assert_int_equal(text.len, 3);
	assert_memory_equal(text.data, "a\0b", 4);
	assert_int_equal(store_reply_number(reply, &number, NULL), -1);
	assert_int_equal(number, 5);
	freeReplyObject(reply);
	reply = reply_of(SPAN("$-1\r\n"));
	assert_int_equal(store_reply_text(reply, &text, NULL), 0);
	assert_int_equal(text.len, 0);
	freeReplyObject(reply);
	reply = reply_of(SPAN(":-9223372036854775807\r\n"));
	assert_int_equal(store_reply_number(reply, &number, NULL), 0);
	assert_true(number == -INT64_MAX);
	freeReplyObject(reply);
	str_free(&text);
}

static void
fields_and_page_values(void **state)
{
	redisReply *reply = reply_of(
	    SPAN("*2\r\n$2\r\n17\r\n*4\r\n$1\r\na\r\n$3\r\n+in\r\n$2\r\n\0\n\r\n$0\r\n\r\n"));
	struct arena arena;
	struct store_page page = { .fields = { .arena = &arena } };

	(void)state;
	arena_init(&arena);
	assert_int_equal(store_reply_scan(reply, &page, NULL), 0);
	freeReplyObject(reply); /* what was read does not point into it */
	assert_string_equal(page.cursor, "17");
	assert_int_equal(page.fields.count, 4);
	assert_true(span_eq(page.fields.items[0], SPAN("a")));
	assert_true(span_eq(page.fields.items[1], SPAN("+in")));
	assert_true(span_eq(page.fields.items[2], SPAN("\0\n")));
	assert_int_equal(page.fields.items[3].len, 0);
	arena_clear(&arena);
}

int
main(void)
{
	struct check_list list = { 0 };

	CHECK_ROWS(&list, forms, form_rows);
	CHECK(&list, no_reply);
	CHECK(&list, an_error_is_told_as_it_is);
	CHECK(&list, noscript);
	CHECK(&list, took_values);
	CHECK(&list, held_values);
	CHECK(&list, granted_values);
	CHECK(&list, backoff_values);
	CHECK_ROWS(&list, counted_values, counted_rows);
	CHECK(&list, entry_values);
	CHECK(&list, text_and_number_values);
	CHECK(&list, fields_and_page_values);
	return check_run(&list, "store_reply");
}
