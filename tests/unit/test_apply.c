/* apply: what needs no Redis. tests/lua/test_apply.c has the rest. */
#include "apply.h"
#include "check.h"

#define HEADER                                                                                              \
	"Received: by mta (Postfix) id 4F2A61C0; Sun, 22 Nov 2026 04:00:00 +0000\nDate: Sun, 22 Nov 2026\n" \
	"From: MAILER-DAEMON@mta.test\nMessage-Id: <1@mta.test>\n"
#define BODY "\nuser unknown\n"

static const struct id_row {
	const char *label;
	const char *header, *body;
	bool same; /* as HEADER BODY */
} id_rows[] = {
	{ "itself", HEADER, BODY, true },
	{ "another trace", "Received: from elsewhere\n" HEADER, BODY, true },
	{ "another trace, and what the way adds",
	    "Return-Path: <>\nX-Spam: no\nDelivered-To: bounce@b.test\n" HEADER, BODY, true },
	{ "lines ending in CRLF", "Date: Sun, 22 Nov 2026\r\nMessage-Id: <1@mta.test>\r\n",
	    "\r\nuser unknown\r\n", true },
	{ "another message id", "Date: Sun, 22 Nov 2026\nMessage-Id: <2@mta.test>\n", BODY, false },
	{ "another date", "Date: Sun, 23 Nov 2026\nMessage-Id: <1@mta.test>\n", BODY, false },
	{ "neither", "", BODY, false },
	{ "another body", HEADER, "\nUser unknown\n", false },
	{ "no body", HEADER, "", false },
};

static void
names(void **state)
{
	const struct id_row *row = *state;
	char want[APPLY_ID_SIZE], got[APPLY_ID_SIZE];
	struct str message = { 0 };

	apply_id(SPAN(HEADER BODY), SPAN(HEADER), want);
	assert_int_equal(strspn(want, "0123456789abcdef"), APPLY_ID_SIZE - 1);
	str_adds(&message, row->header);
	str_adds(&message, row->body);
	apply_id(span_make(str_text(&message), message.len),
	    span_make(str_text(&message), strlen(row->header)), got);
	if (row->same)
		assert_string_equal(got, want);
	else
		assert_string_not_equal(got, want);
	str_free(&message);
}

static void
names_an_empty_message(void **state)
{
	char id[APPLY_ID_SIZE];

	(void)state;
	apply_id(SPAN(""), SPAN(""), id);
	assert_int_equal(strlen(id), APPLY_ID_SIZE - 1);
}

static const struct needs_row {
	const char *label;
	enum report_kind kind;
	size_t count;
	bool needs;
} needs_rows[] = {
	{ "an NDR", REPORT_NDR, 1, true },
	{ "an NDR for nobody", REPORT_NDR, 0, false },
	{ "a complaint", REPORT_FEEDBACK, 1, true },
	{ "a complaint of nobody", REPORT_FEEDBACK, 0, true },
	{ "a delay notice", REPORT_DELAY, 1, false },
	{ "a success", REPORT_SUCCESS, 1, false },
	{ "an auto-reply", REPORT_AUTO_REPLY, 1, false },
	{ "ordinary mail", REPORT_NONE, 0, false },
};

static void
needs_the_store(void **state)
{
	const struct needs_row *row = *state;
	const struct report report = { .kind = row->kind, .count = row->count };

	assert_int_equal(apply_needs_store(&report), row->needs);
}

int
main(void)
{
	struct check_list list = { 0 };

	CHECK_ROWS(&list, names, id_rows);
	CHECK(&list, names_an_empty_message);
	CHECK_ROWS(&list, needs_the_store, needs_rows);
	return check_run(&list, "apply");
}
