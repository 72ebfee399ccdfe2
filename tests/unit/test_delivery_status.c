#include "check.h"
#include "delivery_status.h"
#include "outcome.h"

static const struct status_row {
	const char *label, *text, *want; /* address status code action kind, each recipient */
} status_rows[] = {
	{ "one",
	    "Reporting-MTA: dns; a.test\n\nFinal-Recipient: rfc822; u@d.test\nAction: "
	    "failed\nStatus: "
	    "5.1.1\n",
	    "u@d.test 5.1.1 0 failed; ndr" },
	{ "no empty line before the recipient",
	    "Reporting-MTA: dns; a.test\nFinal-Recipient: rfc822; u@d.test\n"
	    "Action: failed\nStatus: 5.1.1\n",
	    "u@d.test 5.1.1 0 failed; ndr" },
	{ "groups run together",
	    "Final-Recipient: rfc822; a@d.test\nAction: failed\nStatus: 5.1.1\n"
	    "Final-Recipient: rfc822; b@d.test\nAction: failed\nStatus: 5.2.2\n",
	    "a@d.test 5.1.1 0 failed; b@d.test 5.2.2 0 failed; ndr" },
	{ "original first, run together",
	    "Original-Recipient: rfc822; a@o.test\nFinal-Recipient: rfc822; "
	    "a@d.test\nStatus: 5.1.1\nOriginal-Recipient: rfc822; b@o.test\n"
	    "Final-Recipient: rfc822; b@d.test\nStatus: 5.2.2\n",
	    "a@o.test 5.1.1 0 failed; b@o.test 5.2.2 0 failed; ndr" },
	{ "original last",
	    "Final-Recipient: rfc822; a@d.test\nOriginal-Recipient: rfc822;A@o.test\nStatus: "
	    "5.1.1\n\nFinal-Recipient: rfc822; b@d.test\nOriginal-Recipient: rfc822;b@o.test\n",
	    "a@o.test 5.1.1 0 failed; b@o.test  0 ; ndr" },
	{ "an empty line within a group",
	    "Final-Recipient: rfc822; a@d.test\n\nAction: failed\nStatus: 5.1.1\n",
	    "a@d.test 5.1.1 0 failed; ndr" },
	{ "no address type", "Final-Recipient: <u@d.test>\nStatus: 5.1.1\n",
	    "u@d.test 5.1.1 0 failed; ndr" },
	{ "misspelt type", "Final-Recipient: rfc/822;u@d.test\nStatus: 5.1.1\n",
	    "u@d.test 5.1.1 0 failed; ndr" },
	{ "empty original",
	    "Original-Recipient: rfc822;\nFinal-Recipient: rfc822;u@d.test\nStatus: 5.1.1\n",
	    "u@d.test 5.1.1 0 failed; ndr" },
	{ "xtext", "Original-Recipient: rfc822;u+2Bt+3Dx@d.test\nStatus: 5.1.1\n",
	    "u+t=x@d.test 5.1.1 0 failed; ndr" },
	{ "a tag that is no xtext", "Final-Recipient: rfc822;u+ab@d.test\nStatus: 5.1.1\n",
	    "u+ab@d.test 5.1.1 0 failed; ndr" },
	{ "utf-8 address", "Final-Recipient: utf-8;j\\x{F6}rg@d.test\nStatus: 5.1.1\n",
	    "jörg@d.test 5.1.1 0 failed; ndr" },
	{ "utf-8 escape that is none",
	    "Final-Recipient: utf-8;a\\x{}b\\x{110000}@d.test\nStatus: 5.1.1\n",
	    "a\\x{}b\\x{110000}@d.test 5.1.1 0 failed; ndr" },
	{ "X.400", "Final-Recipient: X400; /C=de/S=user\nStatus: 5.1.1\n",
	    "/C=de/S=user 5.1.1 0 failed; ndr" },
	{ "action with a comment",
	    "Final-Recipient: rfc822;u@d.test\nAction: failed (bounced)\nStatus: 5.1.1\n",
	    "u@d.test 5.1.1 0 failed; ndr" },
	{ "failure", "Final-Recipient: rfc822;u@d.test\nAction: Failure\n",
	    "u@d.test  0 failed; ndr" },
	{ "expired", "Final-Recipient: rfc822;u@d.test\nAction: expired\nStatus: 4.4.7\n",
	    "u@d.test 4.4.7 0 failed; ndr" },
	{ "no action, 4", "Final-Recipient: rfc822;u@d.test\nStatus: 4.4.7\n",
	    "u@d.test 4.4.7 0 ; ndr" },
	{ "no action, 4 and another attempt",
	    "Final-Recipient: rfc822;u@d.test\nStatus: 4.4.7\n"
	    "Will-Retry-Until: tomorrow\n",
	    "u@d.test 4.4.7 0 delayed; delay" },
	{ "no action, 2", "Final-Recipient: rfc822;u@d.test\nStatus: 2.0.0\n",
	    "u@d.test 2.0.0 0 delivered; success" },
	{ "delayed", "Final-Recipient: rfc822;u@d.test\nAction: delayed\nStatus: 4.4.1\n",
	    "u@d.test 4.4.1 0 delayed; delay" },
	{ "one delayed, one relayed",
	    "Final-Recipient: rfc822;a@d.test\nAction: relayed\n\nFinal-Recipient: "
	    "rfc822;b@d.test\nAction: delayed\n",
	    "a@d.test  0 relayed; b@d.test  0 delayed; delay" },
	{ "one failed, one relayed",
	    "Final-Recipient: rfc822;a@d.test\nAction: relayed\n\nFinal-Recipient: "
	    "rfc822;b@d.test\nAction: failed\n",
	    "a@d.test  0 relayed; b@d.test  0 failed; ndr" },
	{ "expanded", "Final-Recipient: rfc822;u@d.test\nAction: expanded\n",
	    "u@d.test  0 expanded; success" },
	{ "the diagnostic's status is better",
	    "Final-Recipient: rfc822;u@d.test\nStatus: 5.0.0\n"
	    "Diagnostic-Code: smtp; 550 no (#5.7.1)\n",
	    "u@d.test 5.7.1 550 failed; ndr" },
	{ "4.0.0 beside 554",
	    "Final-Recipient: rfc822;u@d.test\nAction: failed\nStatus: 4.0.0\n"
	    "Diagnostic-Code: smtp;554 no\n",
	    "u@d.test 4.0.0 554 failed; ndr" },
	{ "the status of the server's reply",
	    "Final-Recipient: rfc822;u@d.test\nStatus: 5.1.1\n"
	    "Diagnostic-Code: smtp; 550 no (#5.7.1)\n",
	    "u@d.test 5.7.1 550 failed; ndr" },
	{ "status with words only",
	    "Final-Recipient: rfc822;u@d.test\nStatus: 5.1.1 (550 no such user here)\n",
	    "u@d.test 5.1.1 550 failed; ndr" },
	{ "one twice",
	    "Final-Recipient: rfc822;u@d.test\nStatus: 5.1.1\n\n"
	    "Final-Recipient: rfc822;U@d.test\nStatus: 5.2.2\n",
	    "u@d.test 5.1.1 0 failed; ndr" },
	{ "fields before the recipient",
	    "Action: failed\nStatus: 5.1.1\nOriginal-recipient: rfc822;a@d.test\n"
	    "Final-recipient: rfc822;a@d.test\n\n"
	    "Action: delayed\nStatus: 4.2.2\nOriginal-recipient: rfc822;b@d.test\n"
	    "Final-recipient: rfc822;b@d.test\n",
	    "a@d.test 5.1.1 0 failed; b@d.test 4.2.2 0 delayed; ndr" },
	{ "fields before the recipient, run together",
	    "Action: failed\nStatus: 5.1.1\nFinal-Recipient: rfc822;a@d.test\n"
	    "Diagnostic-Code: smtp; 550 no\nAction: failed\nStatus: 5.2.2\n"
	    "Final-Recipient: rfc822;b@d.test\nDiagnostic-Code: smtp; 552 full\n",
	    "a@d.test 5.1.1 550 failed; b@d.test 5.2.2 552 failed; ndr" },
	{ "a field twice", "Final-Recipient: rfc822;u@d.test\nStatus: 5.1.1\nStatus: 5.0.0\n",
	    "u@d.test 5.1.1 0 failed; ndr" },
	{ "different fates",
	    "Final-Recipient: rfc822;a@d.test\nAction: failed\nStatus: 5.1.1\n\n"
	    "Final-Recipient: rfc822;b@d.test\nAction: delivered\nStatus: 2.1.5\n"
	    "Diagnostic-Code: smtp; 250 2.1.5 Ok\n\n"
	    "Final-Recipient: rfc822;c@d.test\nAction: delayed\nStatus: 4.4.1\n",
	    "a@d.test 5.1.1 0 failed; b@d.test 2.1.5 250 delivered; c@d.test 4.4.1 0 delayed; "
	    "ndr" },
	{ "all delivered",
	    "Final-Recipient: rfc822;a@d.test\nAction: delivered\nStatus: 2.1.5\n"
	    "Diagnostic-Code: smtp; 250 2.1.5 Ok\n\n"
	    "Final-Recipient: rfc822;b@d.test\nAction: deliverable\nStatus: 2.0.0\n"
	    "Diagnostic-Code: smtp; 252 2.0.0 may be\n",
	    "a@d.test 2.1.5 250 delivered; b@d.test 2.0.0 252 delivered; success" },
	{ "a pipe", "Final-Recipient: rfc822; |/usr/bin/filter -x\nStatus: 5.3.0\n",
	    "|/usr/bin/filter -x 5.3.0 0 failed; ndr" },
	{ "a file and the address behind it",
	    "Final-Recipient: rfc822; /var/mail/u\nX-Actual-Recipient: rfc822; u@d.test\n"
	    "Status: 5.3.0\n",
	    "u@d.test 5.3.0 0 failed; ndr" },
	{ "X.400 beside what the sender knows",
	    "Original-Recipient: rfc822;u@o.test\nFinal-Recipient: X400;/C=de/S=u\nStatus: 5.1.1\n",
	    "u@o.test 5.1.1 0 failed; ndr" },
	{ "an original that is no address",
	    "Original-Recipient: rfc822;u\nFinal-Recipient: rfc822;u@d.test\nStatus: 5.1.1\n",
	    "u@d.test 5.1.1 0 failed; ndr" },
	{ "type in capitals, no blank", "FINAL-RECIPIENT:RFC822;u@d.test\nSTATUS:5.1.1\n",
	    "u@d.test 5.1.1 0 failed; ndr" },
	{ "undeliverable",
	    "Final-Recipient: rfc822;u@d.test\nAction: undeliverable\nStatus: 5.1.1\n",
	    "u@d.test 5.1.1 0 failed; ndr" },
	{ "no action, no status", "Final-Recipient: rfc822;u@d.test\n", "u@d.test  0 ; ndr" },
	{ "a status with its reply", "Final-Recipient: rfc822;u@d.test\nStatus: 550 5.1.1\n",
	    "u@d.test 5.1.1 0 failed; ndr" },
	{ "a reply of several lines",
	    "Final-Recipient: rfc822;u@d.test\nStatus: 5.0.0\n"
	    "Diagnostic-Code: smtp; 550-5.7.1 see\n 550-5.7.1 http://d.test/\n 550 5.7.1 no\n",
	    "u@d.test 5.7.1 550 failed; ndr" },
	{ "a reply of several lines that is not folded",
	    "Final-Recipient: rfc822;u@d.test\nStatus: 5.0.0\n"
	    "Diagnostic-Code: smtp;\n550-5.7.1 see http://d.test/\n550 5.7.1 no\n"
	    "Remote-MTA: dns; mx.d.test\n",
	    "u@d.test 5.7.1 550 failed; ndr" },
	{ "no type before the reply",
	    "Final-Recipient: rfc822;u@d.test\nDiagnostic-Code: 550 5.1.1 no\nAction: failed\n",
	    "u@d.test 5.1.1 550 failed; ndr" },
	{ "Exchange's own field for the reply",
	    "Final-Recipient: rfc822;u@d.test\nAction: failed\nStatus: 5.0.0\n"
	    "X-Supplementary-Info: <mx.d.test #5.1.1 smtp;550 5.1.1 no>\n",
	    "u@d.test 5.1.1 550 failed; ndr" },
	{ "sent twice, the second time with a reason",
	    "Final-Recipient: rfc822;u@d.test\nAction: failed\nStatus: 5.1.1\n\n"
	    "Final-Recipient: rfc822;u@d.test\nAction: failed\nStatus: 5.1.1\n"
	    "Diagnostic-Code: smtp; 550 no\n",
	    "u@d.test 5.1.1 550 failed; ndr" },
	{ "no recipient", "Reporting-MTA: dns; a.test\nArrival-Date: today\n", "none" },
	{ "nothing", "", "none" },
};

static void
summarise(struct span text, struct str *got)
{
	struct report report;
	struct arena arena;

	arena_init(&arena);
	report_init(&report, &arena);
	delivery_status_read(text, &report);
	for (size_t i = 0; i < report.count; i++) {
		const struct report_recipient *recipient = &report.recipients[i];

		str_addf(got, "%s %s %u %s; ", recipient->address, recipient->status,
		    recipient->reply_code, recipient->action);
	}
	str_adds(got, report_kind_name(outcome_kind(&report)));
	arena_clear(&arena);
}

static void
to_crlf(const char *text, struct str *out)
{
	for (; *text != '\0'; text++) {
		if (*text == '\n')
			str_addc(out, '\r');
		str_addc(out, *text);
	}
}

static void
reads(void **state)
{
	const struct status_row *row = *state;
	struct str lf = { 0 }, crlf = { 0 }, text = { 0 };
	size_t len = strlen(row->text);

	summarise(span_of(row->text), &lf);
	assert_string_equal(str_text(&lf), row->want);
	to_crlf(row->text, &text);
	summarise(span_of(str_text(&text)), &crlf);
	assert_string_equal(str_text(&crlf), row->want);
	for (size_t cut = 0; cut < len; cut++) {
		char *copy = malloc(cut + 1); /* ASan sees a byte beyond */

		memcpy(copy, row->text, cut);
		str_empty(&lf);
		summarise(span_make(copy, cut), &lf);
		free(copy);
	}
	str_free(&lf);
	str_free(&crlf);
	str_free(&text);
}

static void
reads_all_fields(void **state)
{
	struct report_recipient *recipient;
	struct report report;
	struct arena arena;

	(void)state;
	arena_init(&arena);
	report_init(&report, &arena);
	delivery_status_read(SPAN("Reporting-MTA: dns; A.test\n"
				  "Arrival-Date: Mon, 2 Nov 2026 10:00:00 +0100\n"
				  "X-Original-Message-ID: <1@s.test>\n\n"
				  "Original-Recipient: rfc822; u@o.test\n"
				  "Final-Recipient: rfc822; u@d.test\n"
				  "Action: failed\nStatus: 5.1.1\n"
				  "Remote-MTA: dns; MX.d.test. (192.0.2.1, the server)\n"
				  "Diagnostic-Code: smtp; 550 5.1.1 no\n such user\n"
				  "Last-Attempt-Date: Mon, 2 Nov 2026 10:00:09 +0100\n"),
	    &report);
	assert_string_equal(report.reporting_mta, "a.test");
	assert_string_equal(report.arrival, "Mon, 2 Nov 2026 10:00:00 +0100");
	assert_string_equal(report.message_id, "1@s.test");
	assert_int_equal(report.count, 1);
	recipient = report.recipients;
	assert_string_equal(recipient->address, "u@o.test");
	assert_string_equal(recipient->final_address, "u@d.test");
	assert_string_equal(recipient->remote_mta, "mx.d.test");
	assert_true(recipient->remote_rooted);
	assert_string_equal(recipient->diagnostic, "550 5.1.1 no such user");
	assert_string_equal(recipient->last_attempt, "Mon, 2 Nov 2026 10:00:09 +0100");
	arena_clear(&arena);
}

static const struct in_row {
	const char *label, *text, *want;
} in_rows[] = {
	{ "behind words",
	    "It failed.\n\nReporting-MTA: dns; a.test\n\nFinal-Recipient: rfc822; u@d.test\n",
	    "Reporting-MTA: dns; a.test\n\nFinal-Recipient: rfc822; u@d.test\n" },
	{ "before the message that came back",
	    "Action: failed\nFinal-Recipient: rfc822; u@d.test\n\nReceived: by a.test\nTo: x@d.test\n",
	    "Action: failed\nFinal-Recipient: rfc822; u@d.test\n\n" },
	{ "a receipt", "Final-Recipient: rfc822; u@d.test\nDisposition: manual-action; displayed\n",
	    "" },
	{ "no recipient", "Arrival-Date: today\n\nHello\n", "" },
	{ "quoted", "> Final-Recipient: rfc822; u@d.test\n", "" },
	{ "nothing", "", "" },
};

static void
finds_in_text(void **state)
{
	const struct in_row *row = *state;
	struct span found = delivery_status_in(span_of(row->text));

	assert_int_equal(found.len, strlen(row->want));
	assert_memory_equal(found.ptr, row->want, found.len);
}

static void
limits_recipients(void **state)
{
	struct str text = { 0 };
	struct report report;
	struct arena arena;

	(void)state;
	for (int i = 0; i < 2 * REPORT_RECIPIENTS_MAX; i++)
		str_addf(&text, "Final-Recipient: rfc822;u%d@d.test\n\n", i);
	arena_init(&arena);
	report_init(&report, &arena);
	delivery_status_read(span_make(text.data, text.len), &report);
	assert_int_equal(report.count, REPORT_RECIPIENTS_MAX);
	assert_string_equal(report.recipients[999].address, "u999@d.test");
	arena_clear(&arena);
	str_free(&text);
}

int
main(void)
{
	struct check_list list = { 0 };

	CHECK_ROWS(&list, reads, status_rows);
	CHECK(&list, reads_all_fields);
	CHECK_ROWS(&list, finds_in_text, in_rows);
	CHECK(&list, limits_recipients);
	return check_run(&list, "delivery_status");
}
