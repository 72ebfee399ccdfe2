/* log_line: values that can only be read in one way. */
#include "check.h"
#include "log_line.h"

static const struct value_row {
	const char *label, *in;
	size_t len; /* 0: strlen() */
	unsigned kind;
	const char *out;
} value_rows[] = {
	{ "a word", "message_limit", 0, LOG_SAME, "message_limit" },
	{ "nothing", "", 0, LOG_SAME, "\"\"" },
	{ "a limit", "1000/1h", 0, LOG_SAME, "1000/1h" },
	{ "words", "5 connections", 0, LOG_SAME, "\"5 connections\"" },
	{ "a quote", "say \"no\"", 0, LOG_SAME, "\"say \\x22no\\x22\"" },
	{ "a backslash", "a\\x22", 0, LOG_SAME, "\"a\\x5cx22\"" },
	{ "control bytes", "a\nmxpolicyd: error: forged\r\x1b[31m\x7f", 0, LOG_SAME,
	    "\"a\\x0amxpolicyd: error: forged\\x0d\\x1b[31m\\x7f\"" },
	{ "a NUL", "a\0b", 3, LOG_SAME, "\"a\\x00b\"" },
	{ "UTF-8", "j\xc3\xb6rg", 0, LOG_SAME, "\"j\xc3\xb6rg\"" },
	{ "bytes that are no UTF-8", "j\xf6rg \xc3", 0, LOG_SAME, "\"j\\xf6rg \\xc3\"" },
	{ "what looks like the end of the fields", "bob:", 0, LOG_SAME, "\"bob:\"" },
	{ "a colon within", "mta:d.test", 0, LOG_SAME, "mta:d.test" },
	{ "what looks like an address", "<a>", 0, LOG_SAME, "\"<a>\"" },
	{ "an address", "u@d.test", 0, LOG_ADDRESS, "<u@d.test>" },
	{ "the null sender", "", 0, LOG_ADDRESS, "<>" },
	{ "a quoted local part", "\"a b\"@d.test", 0, LOG_ADDRESS, "<\"a b\"@d.test>" },
	{ "one that forges fields", "a@b> type=hard <", 0, LOG_ADDRESS, "<a@b\\x3e type=hard <>" },
	{ "one that forges lines", "a@b\nx", 0, LOG_ADDRESS | LOG_DETAIL, "<a@b\\x0ax>" },
};

static void
values(void **state)
{
	const struct value_row *row = *state;
	struct str out = { 0 };

	log_line_value(&out, span_make(row->in, row->len != 0 ? row->len : strlen(row->in)),
	    row->kind);
	assert_string_equal(str_text(&out), row->out);
	str_free(&out);
}

static const struct log_field fields[] = {
	{ "reason", "message_limit", LOG_SAME },
	{ "recipient", "u@d.test", LOG_ADDRESS },
	{ "queue_id", NULL, LOG_DETAIL },
	{ "wait", "12s", LOG_DETAIL },
	{ "client", "192.0.2.1", LOG_DETAIL },
	{ "group", "google", LOG_SAME },
};

static const struct line_row {
	const char *label;
	size_t count;
	bool details;
	const char *out;
} line_rows[] = {
	{ "whole", 6, true,
	    "defer: reason=message_limit recipient=<u@d.test> wait=12s client=192.0.2.1 group=google" },
	{ "what is the same in each", 6, false,
	    "defer: reason=message_limit recipient=<u@d.test> group=google" },
	{ "no field", 0, true, "defer" },
};

static void
lines(void **state)
{
	const struct line_row *row = *state;
	struct str out = { 0 };

	log_line_format(&out, "defer", fields, row->count, row->details);
	assert_string_equal(str_text(&out), row->out);
	str_free(&out);
}

int
main(void)
{
	struct check_list list = { 0 };

	CHECK_ROWS(&list, values, value_rows);
	CHECK_ROWS(&list, lines, line_rows);
	return check_run(&list, "log_line");
}
