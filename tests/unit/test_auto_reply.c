#include "ndr_summary.h"

static const struct row {
	const char *label, *message, *want;
} rows[] = {
	{ "RFC 3834", "From: a@d.test\nSubject: hi\nAuto-Submitted: auto-replied (vacation)\n\nx\n",
	    "auto_reply a@d.test 0  " },
	{ "X-Autoreply", "From: a@d.test\nSubject: Re: x\nX-Autoreply: yes\n\nx\n",
	    "auto_reply a@d.test 0  " },
	{ "X-Autorespond", "From: a@d.test\nSubject: x\nX-Autorespond: News\n\nx\n",
	    "auto_reply a@d.test 0  " },
	{ "X-Auto-Response-Suppress and a subject",
	    "From: a@d.test\nSubject: Urlaub\nX-Auto-Response-Suppress: All\n\nBin im Urlaub.\n",
	    "auto_reply a@d.test 0  " },
	{ "Precedence", "From: a@d.test\nSubject: x\nPrecedence: auto_reply\n\nx\n",
	    "auto_reply a@d.test 0  " },
	{ "FirstClass", "From: a@d.test\nSubject: x\nX-FC-MachineGenerated: true\n\nx\n",
	    "auto_reply a@d.test 0  " },
	{ "no reply", "From: a@d.test\nSubject: hi\nX-Autoreply: no\n\nx\n", "none" },
	{ "English", "From: a@d.test\nSubject: Automatic reply: News\n\nx\n",
	    "auto_reply a@d.test 0  " },
	{ "English, an answer", "From: a@d.test\nSubject: Re: Out of office\n\nx\n",
	    "auto_reply a@d.test 0  " },
	{ "in brackets", "From: a@d.test\nSubject: [Auto-Reply] News\n\nx\n",
	    "auto_reply a@d.test 0  " },
	{ "German", "From: a@d.test\nSubject: Abwesenheitsnotiz: News\n\nx\n",
	    "auto_reply a@d.test 0  " },
	{ "French", "From: a@d.test\nSubject: =?utf-8?q?R=C3=A9ponse_automatique_:_News?=\n\nx\n",
	    "auto_reply a@d.test 0  " },
	{ "Latvian, behind other words",
	    "From: a@d.test\nSubject: Arpus biroja automatiska atbilde: News\n\nx\n",
	    "auto_reply a@d.test 0  " },
	{ "Russian",
	    "From: a@d.test\nSubject: "
	    "=?utf-8?b?0JDQstGC0L7QvNCw0YLQuNGH0LXRgdC60LjQuSDQvtGC0LLQtdGC?=\n\nx\n",
	    "auto_reply a@d.test 0  " },
	{ "Japanese", "From: a@d.test\nSubject: =?utf-8?b?6Ieq5YuV6L+U5L+h?=: x\n\nx\n",
	    "auto_reply a@d.test 0  " },
	{ "Chinese", "From: a@d.test\nSubject: =?utf-8?b?6Ieq5Yqo5Zue5aSN?=: x\n\nx\n",
	    "auto_reply a@d.test 0  " },
	{ "Korean", "From: a@d.test\nSubject: =?utf-8?b?67aA7J6s7KSR?=\n\nx\n",
	    "auto_reply a@d.test 0  " },
	{ "a text about absence that can't be answered",
	    "Return-Path: <>\nFrom: a@d.test\nSubject: Re: News\n\nI am away until Monday, out of "
	    "the office.\n",
	    "auto_reply a@d.test 0  " },
	{ "a ticket's receipt",
	    "From: help@d.test\nSubject: [Ticket #12] News\nAuto-Submitted: "
	    "auto-generated\nIn-Reply-To: <1@l.test>\n\nWe have received your mail.\n",
	    "auto_reply help@d.test 0  " },
	{ "a challenge",
	    "From: a@d.test\nX-Delivery-Agent: TMDA/1.0\nSubject: Please confirm your "
	    "message\n\nx\n",
	    "auto_reply a@d.test 0  " },
	/* not */
	{ "written by a program, but no answer",
	    "From: a@d.test\nSubject: hi\nAuto-Submitted: auto-generated\n\nx\n", "none" },
	{ "a list's mail about absence",
	    "From: a@d.test\nSubject: Out of office\nList-Unsubscribe: <x>\n\nx\n", "none" },
	{ "an offer", "From: a@d.test\nSubject: Vacation in Spain\n\nCheap!\n", "none" },
	{ "a person about absence",
	    "From: a@d.test\nSubject: Lunch\n\nI am out of the office on Monday.\n", "none" },
	{ "a person about automatic replies",
	    "From: a@d.test\nSubject: How to set up an automatic reply\n\nAsk me.\n", "none" },
	{ "a delivery status",
	    "From: a@d.test\nSubject: Automatic reply\nAuto-Submitted: auto-replied\nContent-Type: "
	    "multipart/report; boundary=b\n\n--b\nContent-Type: message/delivery-status\n\n"
	    "Reporting-MTA: dns; d.test\n\nFinal-Recipient: rfc822; b@d.test\nAction: failed\n"
	    "Status: 5.1.1\n\n--b--\n",
	    "ndr b@d.test 0 5.1.1 " },
	{ "an answer that came back",
	    "Return-Path: <>\nFrom: MAILER-DAEMON@d.test\nTo: n@l.test\nSubject: Undeliverable: "
	    "Automatic reply: News\n\nb@d.test: 550 5.1.1 unknown\n",
	    "ndr b@d.test 550 5.1.1 " },
	{ "a notice marked as an answer",
	    "Return-Path: <>\nFrom: no-reply@d.test\nTo: n@l.test\nSubject: Undeliverable: "
	    "News\nAuto-Submitted: auto-replied\n\nYour message to b@d.test was not delivered: 550 "
	    "5.1.1 unknown\n",
	    "ndr b@d.test 550 5.1.1 " },
};

static void
reads(void **state)
{
	const struct row *row = *state;

	ndr_summary_is(row->message, NULL, row->want);
}

static const struct id_row {
	const char *label, *message, *want;
} id_rows[] = {
	{ "In-Reply-To", "In-Reply-To: Mail of <1@l.test>\nReferences: <0@l.test>\n", "1@l.test" },
	{ "References", "References: <1@l.test> <2@l.test>\n", "1@l.test" },
	{ "none", "", "" },
};

static void
knows_what_it_answers(void **state)
{
	const struct id_row *row = *state;
	struct ndr_options options = { .verp_recipient = "v@d.test" };
	struct report report;
	struct arena arena;
	char message[200];

	arena_init(&arena);
	snprintf(message, sizeof(message), "From: a@d.test\nAuto-Submitted: auto-replied\n%s\nx\n",
	    row->message);
	ndr_read(&arena, span_of(message), &options, &report);
	assert_int_equal(report.kind, REPORT_AUTO_REPLY);
	assert_string_equal(report.message_id, row->want);
	assert_int_equal(report.count, 1);
	assert_string_equal(report.recipients[0].address, "v@d.test");
	arena_clear(&arena);
}

int
main(void)
{
	struct check_list list = { 0 };

	CHECK_ROWS(&list, reads, rows);
	CHECK_ROWS(&list, knows_what_it_answers, id_rows);
	return check_run(&list, "auto_reply");
}
