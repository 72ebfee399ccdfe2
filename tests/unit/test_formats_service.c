#include "check.h"
#include "ndr.h"

#define DAEMON "From: MAILER-DAEMON@mail.test\nTo: bounces@l.test\nSubject: failure notice\n\n"
#define GOOGLE                                                                               \
	"From: Mail Delivery Subsystem <mailer-daemon@googlemail.com>\nTo: bounces@l.test\n" \
	"Subject: Delivery Status Notification\nContent-Type: text/plain; charset=UTF-8\n"
#define GROUPS GOOGLE "X-Failed-Recipients: cats@g.test\n\n"
#define UTF8   "From: postmaster@mail.test\nContent-Type: text/plain; charset=UTF-8\n\n"
#define SNS    "From: AWS Notifications <no-reply@sns.test>\nSubject: AWS Notification Message\n\n"

static const struct row {
	const char *label, *message, *format;
	const char *want; /* kind, then address code status remote (diagnostic) for each */
} rows[] = {
	{ "Gmail",
	    GOOGLE "\nDelivery to the following recipient failed permanently:\n\n     a@d.test\n\n"
		   "Technical details of permanent failure: \nGoogle tried to deliver your "
		   "message, but it was rejected by the server for the recipient domain d.test by "
		   "mx.d.test. [192.0.2.1].\n\nThe error that the other server returned was:\n550 "
		   "5.1.1 gone\n\n----- Original message -----\n\nTo: x@y.test\n",
	    "gmail",
	    "ndr a@d.test 550 5.1.1 mx.d.test (Technical details of permanent failure: Google "
	    "tried to deliver your message, but it was rejected by the server for the recipient "
	    "domain d.test by mx.d.test. [192.0.2.1]. The error that the other server returned "
	    "was: 550 5.1.1 gone)" },
	{ "Gmail, several",
	    GOOGLE "\nDelivery to the following recipients failed permanently:\n\n     * a@d.test\n"
		   "     * b@d.test\n\nTechnical details of permanent failure:\nDNS Error: Domain "
		   "name not found\n",
	    "gmail",
	    "ndr a@d.test 0   (Technical details of permanent failure: DNS Error: Domain name not "
	    "found); b@d.test 0   (Technical details of permanent failure: DNS Error: Domain name "
	    "not found)" },
	{ "Gmail, delay",
	    GOOGLE "\nTHIS IS A WARNING MESSAGE ONLY.\n\nDelivery to the following recipient has "
		   "been delayed:\n\n     a@d.test\n\nMessage will be retried for 2 more day(s)\n\n"
		   "Technical details of temporary failure: \nNo connection.\n[(0) mx.d.test. "
		   "[192.0.2.1]:25: socket error]\n",
	    "gmail",
	    "delay a@d.test 0  mx.d.test (Message will be retried for 2 more day(s) Technical "
	    "details of temporary failure: No connection. [(0) mx.d.test. [192.0.2.1]:25: socket "
	    "error])" },
	{ "Gmail, new",
	    GOOGLE "X-Failed-Recipients: a@d.test\n\n** Address not found **\n\nYour message "
		   "wasn't delivered to a@d.test.\n\nThe response was:\n\n550 5.1.1 not here\n",
	    "gmail", "ndr a@d.test 550 5.1.1  (550 5.1.1 not here)" },
	{ "Gmail, new, another language, no header",
	    GOOGLE "\nDein Postfach bounces@l.test. Nicht zugestellt an a@d.test: unbekannt\n",
	    "gmail",
	    "ndr a@d.test 0   (Dein Postfach bounces@l.test. Nicht zugestellt an a@d.test: "
	    "unbekannt)" },
	{ "Gmail, new, remote server",
	    GOOGLE "\n** Address not found **\n\nYour message wasn't delivered to a@d.test.\n\nThe "
		   "response from the remote server was:\n\n550 5.1.1 not here\n",
	    "gmail", "ndr a@d.test 550 5.1.1  (550 5.1.1 not here)" },
	{ "Gmail, old, with its state",
	    GOOGLE
	    "\nDelivery to the following recipient failed permanently:\n\n     a@d.test\n\n"
	    "Technical details of permanent failure:\nPERM_FAILURE: SMTP Error (state 9): 550 "
	    "5.7.1 blocked\n",
	    "gmail",
	    "ndr a@d.test 550 5.7.1  (Technical details of permanent failure: PERM_FAILURE: SMTP "
	    "Error (state 9): 550 5.7.1 blocked)" },
	{ "Gmail, new, delay",
	    GOOGLE "X-Failed-Recipients: a@d.test\n\n** Delivery incomplete **\n\nGmail will retry "
		   "for 46 more hours.\n\nThe response was:\n\nNo answer. [mx.d.test 192.0.2.1: "
		   "timed out]\n",
	    "gmail", "delay a@d.test 0  mx.d.test (No answer. [mx.d.test 192.0.2.1: timed out])" },
	{ "Google Groups",
	    GROUPS "Hello bounces@l.test,\n\nThe group (cats) may not exist.\n\nMore: "
		   "https://groups.google.com/support/.\n\nGoogle Groups\n",
	    "googlegroups",
	    "ndr cats@g.test 0   (Hello bounces@l.test, The group (cats) may not exist. More: "
	    "https://groups.google.com/support/. Google Groups "
	    "https://groups.google.com/support/.)" },
	{ "Google Groups of a company",
	    GROUPS
	    "Bonjour,\n\nle groupe.\n\nhttps://support.google.com/a/g.test/bin/topic.py?topic=1\n",
	    "googlegroups",
	    "ndr cats@g.test 0   (Bonjour, le groupe. "
	    "https://support.google.com/a/g.test/bin/topic.py?topic=1 "
	    "https://support.google.com/a/g.test/bin/topic.py?topic=1)" },
	{ "SES, bounce",
	    SNS
	    "{\"notificationType\":\"Bounce\",\"bounce\":{\"bounceType\":\"Permanent\","
	    "\"reportingMTA\":\"dns; out.test\",\"bouncedRecipients\":[{\"emailAddress\":"
	    "\"a@d.test\",\"status\":\"5.1.1\",\"action\":\"failed\",\"diagnosticCode\":\"smtp; "
	    "550 5.1.1 no\"},{\"emailAddress\":\"b@d.test\"}],\"bounceSubType\":\"General\","
	    "\"remoteMtaIp\":\"192.0.2.1\"},\"mail\":{\"messageId\":\"1\"}}\n\n--\nStop: here\n",
	    "ses",
	    "ndr a@d.test 550 5.1.1 192.0.2.1 (550 5.1.1 no); b@d.test 0  192.0.2.1 (Permanent "
	    "General)" },
	{ "SES, in the envelope of SNS, broken by Sendmail",
	    SNS
	    "{\n  \"Type\" : \"Notification\",\n  \"Message\" : \"{\\\"eventType\\\":\\\"Bou!\n "
	    "nce\\\",\\\"bounce\\\":{\\\"bounceSubType\\\":\\\"MailboxFull\\\",\\\"bounceType"
	    "\\\":\\\"Transient\\\",\\\"bouncedRecipients\\\":[{\\\"emailAddress\\\":"
	    "\\\"a@d.test\\\",\\\"status\\\":\\\"5.2.2\\\"}]}}\"\n}\n",
	    "ses", "ndr a@d.test 0 5.2.2  (Transient MailboxFull)" },
	{ "SES, delivery",
	    SNS "{\"notificationType\":\"Delivery\",\"delivery\":{\"recipients\":[\"a@d.test\"],"
		"\"smtpResponse\":\"250 ok\",\"remoteMtaIp\":\"192.0.2.1\"}}",
	    "ses", "success a@d.test 250  192.0.2.1 (250 ok)" },
	{ "SES, delay",
	    SNS "{\"eventType\":\"DeliveryDelay\",\"deliveryDelay\":{\"delayType\":\"MailboxFull\","
		"\"delayedRecipients\":[{\"emailAddress\":\"a@d.test\",\"status\":\"4.2.2\","
		"\"diagnosticCode\":\"smtp; 452 4.2.2 full\"}]}}",
	    "ses", "delay a@d.test 452 4.2.2  (452 4.2.2 full)" },
	{ "SES, opened", SNS "{\"eventType\":\"Open\",\"open\":{}}", "", "none" },
	{ "JSON of somebody else", SNS "{\"notificationType\":\"Bounce\",\"bounce\":[]}", "",
	    "none" },
	{ "WorkMail",
	    DAEMON
	    "An error occurred while trying to deliver the mail to the following "
	    "recipients:\na@d.test\n\nTechnical report:\n\nReporting-MTA: dns; "
	    "out.test\n\nAction: failed\nFinal-Recipient: rfc822; a@d.test\nDiagnostic-Code: "
	    "smtp; 550 5.1.1 there is no such mailbox\nStatus: 5.1.1\n",
	    "rfc3464", "ndr a@d.test 550 5.1.1  (550 5.1.1 there is no such mailbox)" },
	{ "GMX",
	    DAEMON
	    "This message was created automatically by mail delivery software.\n\nThe "
	    "following address failed:\n\n\"a@d.test\":\nSMTP error from remote server "
	    "after RCPT command:\nhost: mx.d.test\n5.1.1 no\n\"b@d.test\":\nReason: delivery "
	    "retry timeout exceeded\n\n--- The header of the original message is following. "
	    "---\n\nTo: c@d.test\n",
	    "united-internet",
	    "ndr a@d.test 0 5.1.1 mx.d.test (SMTP error from remote server after RCPT command: "
	    "host: mx.d.test 5.1.1 no); b@d.test 0   (Reason: delivery retry timeout exceeded)" },
	{ "1&1, its own address, indented",
	    DAEMON "The following address failed:\n\n    bounces@l.test:\n        SMTP error from "
		   "remote server for TEXT command, host: mx.d.test (192.0.2.1) reason: 550 5.7.1 "
		   "no\n",
	    "united-internet",
	    "ndr bounces@l.test 550 5.7.1 mx.d.test (SMTP error from remote server for TEXT "
	    "command, host: mx.d.test (192.0.2.1) reason: 550 5.7.1 no)" },
	{ "1&1, too large",
	    "From: mailer-daemon@kundenserver.de\n\nDiese Nachricht wurde automatisch erstellt.\n\n"
	    "<a@d.test>\n\nMail size limit exceeded\n",
	    "united-internet", "ndr a@d.test 0   (Mail size limit exceeded)" },
	{ "IONOS",
	    "From: x@ionos.test\nSubject: Mail delivery failed\n\nThe following recipients are not reachable:\n\n'a@d.test'\n550 "
	    "5.1.1 no\n",
	    "ionos", "ndr a@d.test 550 5.1.1  (550 5.1.1 no)" },
	{ "Yahoo",
	    DAEMON
	    "Sorry, we were unable to deliver your message to the following address.\n\n"
	    "<a@d.test>:\nRemote host said:\n550 5.1.1 no\n[RCPT_TO]\n\n<b@d.test>:\nNo mx\n\n--- "
	    "Below this line is a copy of the message.\n\nx\n",
	    "blocks",
	    "ndr a@d.test 550 5.1.1  (Remote host said: 550 5.1.1 no [RCPT_TO]); b@d.test 0   (No "
	    "mx)" },
	{ "Seznam",
	    DAEMON "Hi. This is the deliver program at mail.test.\n\n<a@d.test>: 550 5.1.1 no\n",
	    "blocks", "ndr a@d.test 550 5.1.1  (550 5.1.1 no)" },
	{ "Zoho",
	    DAEMON "This is a permanent error. \n\na@d.test Invalid Address, ERROR_CODE :550, "
		   "ERROR_CODE :5.1.1 <a@d.test>... \nno\n\n\nReceived:from x\n",
	    "zoho",
	    "ndr a@d.test 550 5.1.1  (Invalid Address, ERROR_CODE :550, ERROR_CODE :5.1.1 "
	    "<a@d.test>... no)" },
	{ "Zoho, two", DAEMON "a@d.test, ERROR CODE :550 - no\nb@d.test, ERROR CODE :552 - full\n",
	    "zoho",
	    "ndr a@d.test 550   (ERROR CODE :550 - no); b@d.test 552   (ERROR CODE :552 - full)" },
	{ "Zoho, codes before the address",
	    DAEMON "a@d.test\nERROR_CODE :550, 5.1.1 <a@d.test>: no\n", "zoho",
	    "ndr a@d.test 550 5.1.1  (ERROR_CODE :550, 5.1.1 <a@d.test>: no)" },
	{ "Zoho, in brackets",
	    DAEMON
	    "[Status: Error, Address: <a@d.test>, ResponseCode 421, , Host not reachable.]\n",
	    "zoho", "ndr a@d.test 421   (ResponseCode 421, , Host not reachable.])" },
	{ "AOL",
	    "From: MAILER-DAEMON@AOL.com\nTo: bounces@l.test\n\nYour mail to the following "
	    "recipients could not be delivered because they are not accepting mail from "
	    "list@l.test:\n\tscreenname\n\tAnother1\n\n  Best wishes, yours\n",
	    "aol",
	    "ndr screenname@aol.com 0   (they are not accepting mail from list@l.test); "
	    "another1@aol.com 0   (they are not accepting mail from list@l.test)" },
	{ "InterMail, rejected elsewhere",
	    DAEMON "This Message was undeliverable due to the following reason:\n\nEach of the "
		   "following recipients was rejected by a remote mail server.\n\n    Recipient: "
		   "<a@d.test>\n    Reason:    550 5.1.1 no\n\n    Recipient: <b@d.test>\n    "
		   "Reason:    552 5.2.2 full\n\nPlease reply to Postmaster@mail.test\n",
	    "intermail",
	    "ndr a@d.test 550 5.1.1  (550 5.1.1 no); b@d.test 552 5.2.2  (552 5.2.2 "
	    "full)" },
	{ "InterMail, over quota",
	    DAEMON "This Message was undeliverable due to the following reason:\n\nThe user(s) "
		   "account is temporarily over quota.\n\n<a@d.test>\n\nPlease reply to "
		   "Postmaster@mail.test\n",
	    "intermail",
	    "ndr a@d.test 0   (The user(s) account is temporarily over quota. <a@d.test>)" },
	{ "Prodigy",
	    DAEMON "Unable to deliver mail.\n\nUser's mailbox is full: <a@d.test>\nSorry.\n",
	    "prodigy", "ndr a@d.test 0   (User's mailbox is full: <a@d.test> Sorry.)" },
	{ "QQ",
	    UTF8 "很抱歉您发送的邮件被退回\n无法发送到 a@d.test\n退信原因 "
		 "收件人邮件地址（a@d.test）不存在\nhost mx.d.test[192.0.2.1] said: 550 "
		 "no\n\n解决方案\n",
	    "qq",
	    "ndr a@d.test 550  mx.d.test (收件人邮件地址（a@d.test）不存在 host "
	    "mx.d.test[192.0.2.1] said: 550 no)" },
	{ "NetEase",
	    UTF8 "抱歉\n收件人：a@d.test\n退信原因：收件人帐号不存在\n(550 User not found)\n建议\n",
	    "netease", "ndr a@d.test 550   (收件人帐号不存在 (550 User not found))" },
	{ "NetEase, the recipient again in the reason",
	    UTF8 "收件人 a@d.test\n退信原因：\n收件人地址（a@d.test）不存在\n550 no\n", "netease",
	    "ndr a@d.test 550   (收件人地址（a@d.test）不存在 550 no)" },
	{ "NetEase, from a person",
	    "From: x@y.test\nContent-Type: text/plain; "
	    "charset=UTF-8\n\n收件人：a@d.test\n退信原因：x\n",
	    "", "none" },
	{ "Sina",
	    "From: mailer-daemon@sina.com\nTo: l@l.test\nContent-Type: text/plain; "
	    "charset=UTF-8\n\n很抱歉\n<a@d.test>: 用户不存在\n",
	    "sina", "ndr a@d.test 0   (用户不存在)" },
	{ "Naver", UTF8 "메일 발송 실패\n받는사람 : a@d.test\n실패 사유 : 550 5.1.1 no\n", "naver",
	    "ndr a@d.test 550 5.1.1  (550 5.1.1 no)" },
	{ "KDDI",
	    "Return-Path: <>\nFrom: no-reply@mail.test\n\nYour mail sent on: Thu, 29 Apr 2010 23:45:22 +0900\n     "
	    "Could not be delivered to: <a@d.test>\n     As their mailbox is full.\n",
	    "kddi", "ndr a@d.test 0   (As their mailbox is full.)" },
	{ "KDDI, attempted",
	    "Return-Path: <>\nFrom: no-reply@mail.test\n\nYour mail attempted to be delivered on: Thu\n     Could "
	    "not be delivered to: <a@d.test>\n     Due to the following SMTP relay error\n     550 "
	    "5.7.1 no\n",
	    "kddi",
	    "ndr a@d.test 550 5.7.1  (Due to the following SMTP relay error 550 5.7.1 no)" },
	{ "BIGLOBE",
	    "From: postmaster@mail.test\n\n   ----- The following addresses had delivery problems "
	    "-----\na@d.test\nb@d.test\n\n   ----- Non-delivered information -----\nThe number of "
	    "messages exceeded the limit.\n",
	    "biglobe",
	    "ndr a@d.test 0   (The number of messages exceeded the limit.); b@d.test 0   (The "
	    "number of messages exceeded the limit.)" },
	{ "au, in ISO-2022-JP",
	    "From: Postmaster@mail.test\nContent-Type: text/plain; charset=iso-2022-jp\n\n"
	    "\033$BAw?.$G$-$^$;$s$G$7$?\033(B\n\nThe user(s) account is temporarily "
	    "limited.\n\n\n<a@d.test>: 550 no\n",
	    "ezweb",
	    "ndr a@d.test 550   (The user(s) account is temporarily limited. <a@d.test>: 550 no)" },
	{ "au, Japanese only",
	    "From: Postmaster@mail.test\nContent-Type: text/plain; charset=iso-2022-jp\n\n"
	    "\033$BAw?.$G$-$^$;$s$G$7$?\033(B\n\n<a@d.test>: 550 no\n",
	    "japan", "ndr a@d.test 550   (送信できませんでした <a@d.test>: 550 no)" },
	{ "Japan, whom to ask above the recipient",
	    UTF8 "送信できませんでした\n<help@d.test>へご連絡ください。\n<a@d.test>: 550 no\n",
	    "japan",
	    "ndr a@d.test 550   (送信できませんでした <help@d.test>へご連絡ください。 <a@d.test>: 550 "
	    "no)" },
	{ "Verizon, picture message",
	    "From:Admin <x@m01.vzwpix.com>\n\nMessage could not be delivered to mobile.\nError: No "
	    "valid recipients for this MM\n\n\nOriginal Message:\nFrom: l@l.test\nTo: "
	    "1@vzwpix.test\n",
	    "verizon", "ndr 1@vzwpix.test 0   (No valid recipients for this MM)" },
	{ "Verizon, text message",
	    "From: post_master@vtext.com\n\nError: Invalid user address\n\nError message "
	    "below:\nnone\n\nMessage details:\n  MAIL FROM: l@l.test\n  RCPT TO: a@vtext.test\n",
	    "verizon", "ndr a@vtext.test 0   (Invalid user address Error message below: none)" },
};

static void
reads(void **state)
{
	const struct row *row = *state;
	struct ndr_options options = { .verp_recipient = "" };
	struct str got = { 0 };
	struct report report;
	struct arena arena;

	arena_init(&arena);
	ndr_read(&arena, span_of(row->message), &options, &report);
	str_adds(&got, report_kind_name(report.kind));
	for (size_t i = 0; i < report.count; i++)
		str_addf(&got, "%s%s %u %s %s (%s)", i > 0 ? "; " : " ",
		    report.recipients[i].address, report.recipients[i].reply_code,
		    report.recipients[i].status, report.recipients[i].remote_mta,
		    report.recipients[i].diagnostic);
	assert_string_equal(report.format, row->format);
	assert_string_equal(str_text(&got), row->want);
	arena_clear(&arena);
	str_free(&got);
}

/* A complaint's words are the whole event; what counts is who, and that it is one. */
static void
reads_a_complaint(void **state)
{
	static const char message[] =
	    SNS "{\"notificationType\":\"Complaint\",\"complaint\":{\"complainedRecipients\":[{"
		"\"emailAddress\":\"a@d.test\"}],\"complaintFeedbackType\":\"fraud\",\"userAgent\":"
		"\"x\"},\"mail\":{\"sourceIp\":\"192.0.2.9\",\"commonHeaders\":{\"messageId\":"
		"\"<1@l.test>\"}}}";
	struct ndr_options options = { .verp_recipient = "" };
	struct report report;
	struct arena arena;

	(void)state;
	arena_init(&arena);
	ndr_read(&arena, SPAN(message), &options, &report);
	assert_int_equal(report.kind, REPORT_FEEDBACK);
	assert_int_equal(report.count, 1);
	assert_string_equal(report.recipients[0].address, "a@d.test");
	assert_string_equal(report.feedback.type, "fraud");
	assert_string_equal(report.feedback.user_agent, "x");
	assert_string_equal(report.feedback.source_ip, "192.0.2.9");
	assert_string_equal(report.message_id, "1@l.test");
	arena_clear(&arena);
}

/* The reason stands above two recipients, who share it. */
static void
shares_a_reason(void **state)
{
	static const char message[] = DAEMON
	    "Your message was not delivered within 3 days and 0 hours.\nHost mx.d.test is not "
	    "responding.\n\nThe following recipients did not receive this message:\n\n "
	    "<a@d.test>\n <b@d.test>\n\nPlease reply to Postmaster@mail.test\n";
	struct ndr_options options = { .verp_recipient = "" };
	struct report report;
	struct arena arena;

	(void)state;
	arena_init(&arena);
	ndr_read(&arena, SPAN(message), &options, &report);
	assert_int_equal(report.kind, REPORT_NDR);
	assert_int_equal(report.count, 2);
	assert_string_equal(report.recipients[0].address, "a@d.test");
	assert_string_equal(report.recipients[1].address, "b@d.test");
	for (size_t i = 0; i < 2; i++)
		assert_non_null(strstr(report.recipients[i].diagnostic, "not responding"));
	arena_clear(&arena);
}

int
main(void)
{
	struct check_list list = { 0 };

	CHECK_ROWS(&list, reads, rows);
	CHECK(&list, reads_a_complaint);
	CHECK(&list, shares_a_reason);
	return check_run(&list, "formats_service");
}
