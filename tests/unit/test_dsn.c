#include "check.h"
#include "dsn.h"

static const struct find_row {
	const char *label, *text;
	unsigned code;
	const char *status;
} find_rows[] = {
	{ "a reply", "550 5.1.1 no such user", 550, "5.1.1" },
	{ "first of two lines", "550-5.7.26 a\n550 5.7.27 b", 550, "5.7.26" },
	{ "no status", "552 mailbox full", 552, "" },
	{ "code alone", "421", 421, "" },
	{ "code at the end of a line", "550\r\n no", 550, "" },
	{ "Postfix",
	    "host mx.example.org[192.0.2.55] said: 550 5.1.1 <a@b.test>: no (in reply to RCPT TO "
	    "command)",
	    550, "5.1.1" },
	{ "Exim",
	    "SMTP error from remote mail server after RCPT TO:<a@b.test>: host mx [192.0.2.1]: 451 "
	    "4.7.1 later",
	    451, "4.7.1" },
	{ "qmail", "192.0.2.1 does not like recipient.\nRemote host said: 550 no\nGiving up", 550,
	    "" },
	{ "qmail's own", "Sorry, no mailbox here by that name. (#5.1.1)", 0, "5.1.1" },
	{ "status in brackets far behind the code", "554 delivery error: refused (#5.7.1)", 554,
	    "5.7.1" },
	{ "status with a sign", "550 #5.1.0 Address rejected.", 550, "5.1.0" },
	{ "no blank before the status", "550-5.1.1 a", 550, "5.1.1" },
	{ "Yahoo's status", "421 4.16.55 [TS01] deferred", 421, "4.16.55" },
	{ "three digits", "550 5.7.606 banned", 550, "5.7.606" },
	{ "dialogue", ">>> RCPT To:<a@b.test>\n<<< 550 unknown", 550, "" },
	{ "code behind a reply of an earlier hop", "421 x\nhost mx said: 550 5.2.2 full", 550,
	    "5.2.2" },
	{ "named code", "[SMTP Error Code 550]", 550, "" },
	{ "a sentence ends behind the status", "It failed with 5.2.2.", 0, "5.2.2" },
	{ "better status than the first one", "5.0.0 (#5.7.1)", 0, "5.7.1" },
	{ "an expiry that quotes the last reply",
	    "554 4.4.7 Message expired: unable to deliver in 840 minutes.<421 4.4.2 timed out>",
	    421, "4.4.2" },
	{ "an expiry that quotes it in words", "554 5.4.7 expired (last transfail: 451 4.3.0 busy)",
	    451, "4.3.0" },
	{ "an expiry that quotes none", "550 4.4.7 expired after 3 days", 550, "4.4.7" },
	{ "an expiry in two lines", "554-5.4.7 expired\n554 5.4.7 sorry", 554, "5.4.7" },
	{ "Cisco's", "5.1.0 - Unknown address error 550-'5.1.1 no such user'", 550, "5.1.1" },
	{ "Cisco's without a status", "5.3.0 - Other mail system problem 554-'no'", 554, "5.3.0" },
	{ "Exchange's quotes", "Remote Server returned '550 no such user'", 550, "" },
	{ "an IP address is no status", "refused by 5.1.1.25", 0, "" },
	{ "an IP address is no code", "550.1.1.2 is down", 0, "" },
	{ "a version is no status", "Exim 4.94.2 says no", 0, "" },
	{ "a number is no code", "waited 450 seconds for 500 hosts", 0, "" },
	{ "part of a word", "x550 5.1.1x", 0, "" },
	{ "part of a longer number", "5500 a", 0, "" },
	{ "an address is no code", "550@example.org is full", 0, "" },
	{ "2yz is no failure", "250 2.0.0 Ok", 0, "" },
	{ "empty", "", 0, "" },
};

static void
finds(void **state)
{
	const struct find_row *row = *state;
	struct dsn dsn = dsn_find(span_of(row->text));
	char buf[DSN_STATUS_SIZE];

	assert_int_equal(dsn.code, row->code);
	assert_string_equal(dsn_format_status(dsn.status, buf), row->status);
}

static void
finds_within_its_span(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(find_rows); i++) {
		size_t len = strlen(find_rows[i].text);

		for (size_t cut = 0; cut <= len; cut++) {
			char *copy = malloc(cut + 1); /* ASan sees a byte beyond */

			memcpy(copy, find_rows[i].text, cut);
			dsn_find(span_make(copy, cut));
			free(copy);
		}
	}
}

static const struct parse_row {
	const char *label, *text, *want; /* want NULL: refused */
} parse_rows[] = {
	{ "plain", "5.1.1", "5.1.1" },
	{ "blanks", "  4.2.2 ", "4.2.2" },
	{ "comment", "5.0.0 (permanent failure)", "5.0.0" },
	{ "signs", "(#5.1.1)", "5.1.1" },
	{ "success", "2.1.5", "2.1.5" },
	{ "longest", "5.999.999", "5.999.999" },
	{ "four digits", "5.1.1000", NULL },
	{ "class 3", "3.1.1", NULL },
	{ "two numbers", "5.1", NULL },
	{ "words", "failed", NULL },
	{ "empty", "", NULL },
};

static void
parses(void **state)
{
	const struct parse_row *row = *state;
	struct dsn_status status;
	char buf[DSN_STATUS_SIZE];
	int rc = dsn_parse_status(span_of(row->text), &status);

	assert_int_equal(rc, row->want == NULL ? -1 : 0);
	assert_string_equal(dsn_format_status(status, buf), row->want == NULL ? "" : row->want);
}

static void
parses_codes(void **state)
{
	(void)state;
	assert_int_equal(dsn_parse_code(SPAN("550")), 550);
	assert_int_equal(dsn_parse_code(SPAN("200")), 200);
	assert_int_equal(dsn_parse_code(SPAN("199")), 0);
	assert_int_equal(dsn_parse_code(SPAN("600")), 0);
	assert_int_equal(dsn_parse_code(SPAN("55")), 0);
	assert_int_equal(dsn_parse_code(SPAN("5500")), 0);
	assert_int_equal(dsn_parse_code(SPAN("5x0")), 0);
}

static const struct word_row {
	const char *label;
	bool first, is;
} word_rows[] = {
	{ "550", true, true },
	{ "550", false, false },
	{ "5.1.1", true, true },
	{ "5.1.1", false, true },
	{ "#5.1.1", false, true },
	{ "550-5.1.1", true, true },
	{ "550-5.1.1", false, false },
	{ "550-x", true, false },
	{ "5.1", false, false },
	{ "5.1.1.1", false, false },
	{ "5.1.1.", false, false },
	{ "7.1.1", false, false },
	{ "(5.1.1)", false, false },
	{ "#", false, false },
	{ "", true, false },
};

static void
knows_its_words(void **state)
{
	const struct word_row *row = *state;

	assert_int_equal(dsn_is_word(span_of(row->label), row->first), row->is);
}

static const struct temporary_row {
	const char *label, *text;
	bool temporary;
} temporary_rows[] = {
	{ "450 4.1.1", "450 4.1.1 x", true },
	{ "550 5.1.1", "550 5.1.1 x", false },
	{ "450 alone", "450 x", true },
	{ "550 alone", "550 x", false },
	{ "4.2.2 alone", "4.2.2", true },
	{ "a mere 4.0.0 beside 554", "554 4.0.0 x", false },
	{ "4.4.7 beside 550", "550 4.4.7 expired", true },
	{ "450 beside 5.1.1", "450 5.1.1 x", true },
	{ "nothing", "x", false },
};

static void
tells_temporary(void **state)
{
	const struct temporary_row *row = *state;
	struct dsn dsn = dsn_find(span_of(row->text));

	assert_int_equal(dsn_is_temporary(&dsn), row->temporary);
}

int
main(void)
{
	struct check_list list = { 0 };

	CHECK_ROWS(&list, finds, find_rows);
	CHECK(&list, finds_within_its_span);
	CHECK_ROWS(&list, parses, parse_rows);
	CHECK(&list, parses_codes);
	CHECK_ROWS(&list, knows_its_words, word_rows);
	CHECK_ROWS(&list, tells_temporary, temporary_rows);
	return check_run(&list, "dsn");
}
