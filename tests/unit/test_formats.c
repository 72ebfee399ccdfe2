#include "ndr_summary.h"
#include "notice.h"

#define DAEMON  "From: MAILER-DAEMON@mail.test\nTo: bounces@l.test\nSubject: failure notice\n\n"
#define POSTFIX DAEMON "This is the Postfix program at host mail.test.\n\n"
#define QMAIL   DAEMON "Hi. This is the qmail-send program at mail.test.\n\n"
#define EXIM                                                                                     \
	DAEMON "This message was created automatically by mail delivery software.\n\nA message " \
	       "that you "                                                                       \
	       "sent could not be delivered. The following address(es) failed:\n\n"

static const struct row {
	const char *label, *message, *format;
	const char *want; /* kind, then address code status remote for each recipient */
} rows[] = {
	{ "Postfix",
	    POSTFIX
	    "<a@d.test>: host mx.d.test[192.0.2.1] said: 550 5.1.1 no (in reply\n    to RCPT TO "
	    "command)\n",
	    "postfix", "ndr a@d.test 550 5.1.1 mx.d.test" },
	{ "Postfix, two",
	    POSTFIX "<a@d.test>: unknown user: \"a\"\n\n<b@d.test>: connect to mx.d.test"
		    "[192.0.2.1]: Connection refused\n",
	    "postfix", "ndr a@d.test 0  ; b@d.test 0  mx.d.test" },
	{ "Postfix, expanded", POSTFIX "<x@e.test> (expanded from <a@d.test>): 550 no\n", "postfix",
	    "ndr a@d.test 550  " },
	{ "Postfix, delay",
	    POSTFIX "THIS IS A WARNING ONLY.  YOU DO NOT NEED TO RESEND YOUR MESSAGE.\n\n"
		    "<a@d.test>: 450 later\n",
	    "postfix", "delay a@d.test 450  " },
	{ "Postfix, stops at the message",
	    POSTFIX "<a@d.test>: 550 no\n\nReturn-Path: <n@l.test>\n\n<b@d.test>: "
		    "550 no\n",
	    "postfix", "ndr a@d.test 550  " },
	{ "qmail",
	    QMAIL "<a@d.test>:\n192.0.2.1 does not like recipient.\nRemote host said: 550 "
		  "no\nGiving up on "
		  "192.0.2.1.\n",
	    "qmail", "ndr a@d.test 550  192.0.2.1" },
	{ "qmail, two",
	    QMAIL
	    "<a@d.test>:\nno mailbox here by that name. (#5.1.1)\n\n<b@d.test>:\nSorry. (#4.4.1)\n"
	    "\n--- Below this line is a copy of the message.\n\n<c@d.test>:\nno\n",
	    "qmail", "ndr a@d.test 0 5.1.1 ; b@d.test 0 4.4.1 " },
	{ "Exim",
	    EXIM "  a@d.test\n    SMTP error from remote mail server after RCPT TO:<a@d.test>:\n   "
		 " host "
		 "mx.d.test [192.0.2.1]: 550 no\n",
	    "exim", "ndr a@d.test 550  mx.d.test" },
	{ "Exim, two",
	    EXIM
	    "  a@d.test\n    mailbox is full\n  b@d.test\n    (generated from list@e.test)\n    "
	    "unknown\n",
	    "exim", "ndr a@d.test 0  ; list@e.test 0  " },
	{ "Exim, header only",
	    "From: a\nX-Failed-Recipients: a@d.test,\n b@d.test\n\nNot delivered.\n", "exim",
	    "ndr a@d.test 0  ; b@d.test 0  " },
	{ "plain, address and reply", DAEMON "<a@d.test>: said: 550 5.2.2 full\n", "plain",
	    "ndr a@d.test 550 5.2.2 " },
	{ "plain, reply on the next line", DAEMON "a@d.test\n  gateway said: 550 no\n", "plain",
	    "ndr a@d.test 550  " },
	{ "plain, dialogue",
	    DAEMON ">>> RCPT To:<a@d.test>\n<<< 550 <a@d.test>, no\n550 <b@d.test>... no\n",
	    "plain", "ndr a@d.test 550  ; b@d.test 550  " },
	{ "plain, one address in a sentence",
	    DAEMON "Your message to a@d.test was refused: 550 no\n", "plain",
	    "ndr a@d.test 550  " },
	{ "plain, which of two?", DAEMON "One of a@d.test and b@d.test was refused: 550 no\n", "",
	    "none" },
	{ "plain, another system's report as text below",
	    DAEMON "Your mail could not be delivered. Please contact help@d.test\n\n"
		   "----------\nFrom MAILER-DAEMON  Tue Mar 11 09:14:03 2025\nReturn-Path: <>\n"
		   "From: MAILER-DAEMON@d.test\nSubject: Undelivered\nContent-Type: "
		   "multipart/report; boundary=b\n\n--b\nContent-Type: "
		   "message/delivery-status\n\nReporting-MTA: dns; d.test\n\nFinal-Recipient: "
		   "rfc822; a@d.test\nAction: failed\nStatus: 5.1.1\n\n--b--\n",
	    "plain", "ndr a@d.test 0 5.1.1 " },
	{ "plain, whom to ask is not which of two",
	    DAEMON "The mail for a@d.test was refused: 550 no\nPlease contact help@d.test\n",
	    "plain", "ndr a@d.test 550  " },
	{ "plain, the end of an address of our own is another one", DAEMON "s@l.test: 550 no\n",
	    "plain", "ndr s@l.test 550  " },
	{ "plain, our own address", DAEMON "bounces@l.test: 550 no\n", "", "none" },
	{ "plain, postmaster", DAEMON "postmaster@d.test: 550 no\n", "", "none" },
	{ "plain, no reply but words", DAEMON "<a@d.test>: this person left us\n", "plain",
	    "ndr a@d.test 0  " },
	{ "plain, delay", DAEMON "<a@d.test>: 450 later; your message has been delayed\n", "plain",
	    "delay a@d.test 450  " },
	{ "from a person", "From: a@d.test\nSubject: failure notice\n\n<b@d.test>: 550 5.1.1 no\n",
	    "", "none" },
	{ "another subject",
	    "From: MAILER-DAEMON@d.test\nSubject: hello\n\n<b@d.test>: 550 5.1.1 no\n", "",
	    "none" },
	{ "HTML",
	    "From: MAILER-DAEMON@d.test\nSubject: failure\nContent-Type: "
	    "text/html\n\n<html><style>x@y.test "
	    "550</style><p>&lt;a@d.test&gt;:<br>550 5.1.1 no</p></html>",
	    NULL, "ndr a@d.test 550 5.1.1 " },
	{ "auto-reply", "From: A <a@d.test>\nSubject: Re: Out of office\n\nI am away\n",
	    "auto_reply", "auto_reply a@d.test 0  " },
	{ "auto-reply by header",
	    "From: a@d.test\nSubject: hi\nAuto-Submitted: auto-replied (vacation)\n\nx\n",
	    "auto_reply", "auto_reply a@d.test 0  " },
	{ "automatic, but no reply",
	    "From: a@d.test\nSubject: hi\nAuto-Submitted: auto-generated\n\nx\n", "", "none" },
	{ "a list's mail about absence",
	    "From: a@d.test\nSubject: Out of office\nList-Unsubscribe: <x>\n\nx\n", "", "none" },
};

static void
reads(void **state)
{
	const struct row *row = *state;

	ndr_summary_is(row->message, row->format, row->want);
}

/* Filters in front of a mail server. */
#define GATEWAY \
	"Return-Path: <>\nFrom: postmaster@gw.test\nTo: news@l.test\nSubject: Mail delivery\n"

static const struct row gateways[] = {
	{ "MailMarshal",
	    GATEWAY "Content-Type: multipart/mixed; boundary=\"==_MAILMARSHAL_1\"\n\n"
		    "--==_MAILMARSHAL_1\n\nYour message:\n  From: news@l.test\n  Subject: x\n\n"
		    "Could not be delivered because of\n\n550 5.1.1 No such user\n\nThe following "
		    "recipients were affected:\n  a@d.test\n  b@d.test\n\nAdditional "
		    "Information\n--==_MAILMARSHAL_1--\n",
	    "mailmarshal", "ndr a@d.test 550 5.1.1 ; b@d.test 550 5.1.1 " },
	{ "MessageLabs",
	    GATEWAY "\nThis is the mail delivery agent at gw.test.\nI was unable to deliver your "
		    "message to the following addresses.\n\na@d.test\n\nReason: 550 5.7.1 not "
		    "welcome\n\nThe message subject was: x\n",
	    NULL, "ndr a@d.test 550 5.7.1 " },
	{ "Mimecast",
	    GATEWAY "\nAn email you addressed to email address :\n-- a@d.test\n\ncould not be "
		    "delivered. The problem appears to be :\n-- Recipient unknown\n\nAdditional "
		    "information follows :\n-- 550 5.1.1 no\n\nThis condition occurred after 1 "
		    "attempt(s)\n",
	    "mimecast", "ndr a@d.test 550 5.1.1 " },
	{ "Barracuda",
	    GATEWAY "\nYour message to: a@d.test\nwas blocked by our Spam Firewall. It has NOT "
		    "BEEN DELIVERED.\n",
	    "barracuda", "ndr a@d.test 0  " },
	{ "MailFoundry",
	    GATEWAY "\nUnable to deliver message to: <a@d.test>\nDelivery failed for the following "
		    "reason:\nServer mx.d.test[192.0.2.1] failed with: 550 <a@d.test> unknown\n\n"
		    "This has been a permanent failure.\n",
	    "mailfoundry", "ndr a@d.test 550  mx.d.test" },
	{ "SurfControl",
	    GATEWAY "X-SEF-Processed: 5\n\nYour message could not be sent.\nA transcript of the "
		    "attempts to send the message follows.\nAddressed To: a@d.test\n\nMon 1 "
		    "Jan\nFailed to send to identified host,\na@d.test: [192.0.2.1], 550 no such "
		    "user\n--- Message non-deliverable.\n",
	    "surfcontrol", "ndr a@d.test 550  192.0.2.1" },
	{ "InterScan, dialogue",
	    "From: imss@gw.test\nTo: news@l.test\nSubject: Mail could not be "
	    "delivered\n\nSent <<< RCPT TO:<a@d.test>\nReceived >>> 550 5.1.1 unknown\n",
	    "interscanmss", "ndr a@d.test 550 5.1.1 " },
	{ "InterScan, in anybody's name",
	    "From: gw@gw.test\nTo: news@l.test\nSubject: Mail could not be "
	    "delivered\nContent-Type: multipart/mixed; "
	    "boundary=\"---InterScan_NT_MIME_Boundary\"\n\n-----InterScan_NT_MIME_Boundary\n\n"
	    "Unable to deliver message to <a@d.test>.\n-----InterScan_NT_MIME_Boundary--\n",
	    "interscanmss", "ndr a@d.test 0  " },
	{ "McAfee",
	    GATEWAY
	    "X-NAI-Header: Modified\n\n   --- The following addresses had delivery problems "
	    "---\n\n<a@d.test>   (5.1.1 no such user)\n",
	    "mcafee", "ndr a@d.test 0 5.1.1 " },
	{ "MX Logic",
	    GATEWAY "X-MX-Bounce: x\n\nThe following address failed:\n\n  <a@d.test>: 550 5.2.2 "
		    "full\n\nIncluded is a copy of the message header:\n",
	    "mxlogic", "ndr a@d.test 550 5.2.2 " },
	{ "ESA",
	    GATEWAY "\nThe following message to <a@d.test> was undeliverable.\nThe reason for the "
		    "problem:\n5.1.0 - Unknown address error 550-'no such user'\n",
	    "ironport", "ndr a@d.test 550 5.1.0 " },
	{ "amavis",
	    GATEWAY "\nThe message WAS NOT relayed to:\n<a@d.test>:\n   550 5.7.0 content "
		    "rejected\n",
	    "amavis", "ndr a@d.test 550 5.7.0 " },
	{ "mail that passed one",
	    "From: joe@d.test\nX-NAI-Header: Modified\nSubject: Plans\n\nThe mail could not be "
	    "delivered to b@d.test last week.\n",
	    "", "none" },
};

static const struct address_row {
	const char *label, *text, *want; /* all of them */
} address_rows[] = {
	{ "several", "a@b.test, <c@d.test> and (e@f.test).", "a@b.test c@d.test e@f.test " },
	{ "quoted", "<\"a b\"@c.test>", "\"a b\"@c.test " },
	{ "signs", "x: a+b=c.d'e@f-g.test;", "a+b=c.d'e@f-g.test " },
	{ "no address", "a @ b, @c, d@, @@", "" },
	{ "two at signs", "a@b@c.test", "a@b " },
	{ "no blanks around it", "宛先a@b.testへの「c@d.test」、e@f.test。",
	    "a@b.test c@d.test e@f.test " },
	{ "a script of its own", "用户@例え.test", "用户@例え.test " },
	{ "Arabic comma, quotation marks", "a@b.test، «c@d.test»", "a@b.test c@d.test " },
	{ "UTF-8", "jörg@bücher.test", "jörg@bücher.test " },
	{ "end of a sentence", "mail a@b.test.", "a@b.test " },
};

static void
finds_addresses(void **state)
{
	const struct address_row *row = *state;
	struct span rest = span_of(row->text), address;
	struct str got = { 0 };

	while (notice_address(&rest, &address)) {
		str_add_span(&got, address);
		str_addc(&got, ' ');
	}
	assert_string_equal(str_text(&got), row->want);
	str_free(&got);
}

static const struct about_row {
	const char *label, *text, *want;
} about_rows[] = {
	{ "behind it", "x\n<a@b.test>: no\nyes\n\nz", "no\nyes" },
	{ "below it", "a@b.test\n\nno such user\n\nz", "no such user" },
	{ "up to the next address", "a@b.test: no such user\nc@d.test: x", "no such user" },
	{ "another case", "A@B.test: no such user", "no such user" },
	{ "not there", "c@d.test: x", "" },
};

static void
tells_about(void **state)
{
	const struct about_row *row = *state;
	struct span about = notice_about(span_of(row->text), "a@b.test");
	char *text = strndup(about.ptr, about.len);

	assert_string_equal(text, row->want);
	free(text);
}

static void
finds_the_returned_message(void **state)
{
	static const char text[] =
	    "Sorry.\n\n--- Below this line is a copy of the message.\n\nSubject: x\n";

	(void)state;
	assert_int_equal(notice_returned(span_of(text)), 8);
	assert_int_equal(notice_returned(SPAN("a\nReceived: from x by y\n")), 2);
	assert_int_equal(notice_returned(SPAN("a\nb\n")), 4);
	assert_int_equal(notice_returned(SPAN("")), 0);
}

int
main(void)
{
	struct check_list list = { 0 };

	CHECK_ROWS(&list, reads, rows);
	CHECK_ROWS(&list, reads, gateways);
	CHECK_ROWS(&list, finds_addresses, address_rows);
	CHECK_ROWS(&list, tells_about, about_rows);
	CHECK(&list, finds_the_returned_message);
	return check_run(&list, "formats");
}
