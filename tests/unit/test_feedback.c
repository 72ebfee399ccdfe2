#include "feedback.h"
#include "check.h"
#include "ndr.h"
#include "str.h"

#define ARF                                                                                \
	"From: fbl@p.test\nTo: abuse@l.test\nSubject: FW: News\nContent-Type: "            \
	"multipart/report; report-type=feedback-report; boundary=b\n\n--b\nContent-Type: " \
	"text/plain\n\nThis is an email abuse report.\n\n--b\n"
#define PART "Content-Type: message/feedback-report\n\n"
#define MESSAGE                                                                     \
	"\n--b\nContent-Type: message/rfc822\n\nFrom: news@l.test\nTo: to@p.test\n" \
	"Message-ID: <1@l.test>\nSubject: News\n\nx\n--b--\n"
#define PLAIN(words)                                                                           \
	"Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/plain\n\n" words \
	"\n" MESSAGE

static const struct row {
	const char *label, *message;
	const char *want; /* kind type agent ip message-id, then the recipients */
} rows[] = {
	{ "RFC 5965",
	    ARF PART "Feedback-Type: abuse\nUser-Agent: P/1\nVersion: 1\nSource-IP: "
		     "192.0.2.1\nOriginal-Rcpt-To: <a@p.test>\n" MESSAGE,
	    "feedback abuse P/1 192.0.2.1 1@l.test a@p.test" },
	{ "several recipients",
	    ARF PART "Feedback-Type: fraud\nUser-Agent: P/1\nOriginal-Rcpt-To: a@p.test\n"
		     "Original-Rcpt-To: b@p.test\nOriginal-Rcpt-To: A@p.test\n" MESSAGE,
	    "feedback fraud P/1  1@l.test a@p.test b@p.test" },
	{ "nobody named, To is", ARF PART "Feedback-Type: abuse\nUser-Agent: P/1\n" MESSAGE,
	    "feedback abuse P/1  1@l.test to@p.test" },
	{ "redacted",
	    ARF PART "Feedback-Type: abuse\nUser-Agent: P/1\nOriginal-Rcpt-To: "
		     "redacted@p.test\nRemoval-Recipient: a@p.test\n" MESSAGE,
	    "feedback abuse P/1  1@l.test a@p.test" },
	{ "opt-out",
	    ARF PART "Feedback-Type: opt-out\nUser-Agent: P/1\nRemoval-Recipient: "
		     "a@p.test\n" MESSAGE,
	    "feedback opt-out P/1  1@l.test a@p.test" },
	{ "not-spam",
	    ARF PART
	    "Feedback-Type: not-spam\nUser-Agent: P/1\nOriginal-Rcpt-To: a@p.test\n" MESSAGE,
	    "feedback not-spam P/1  1@l.test a@p.test" },
	{ "auth-failure",
	    ARF PART
	    "Feedback-Type: auth-failure\nUser-Agent: P/1\nSource-IP: 2001:db8::1\n" MESSAGE,
	    "feedback auth-failure P/1 2001:db8::1 1@l.test to@p.test" },
	{ "fields in text/plain",
	    ARF
	    "Content-Type: text/plain\n\nFeedback-Type: abuse\nUser-Agent: P/1\nOriginal-Rcpt-To: "
	    "a@p.test\n" MESSAGE,
	    "feedback abuse P/1  1@l.test a@p.test" },
	{ "other fields before them",
	    ARF PART "Content-Type: text/plain\nMIME-Version: 1.0\nFeedback-Type: abuse\n"
		     "Source-Ip: 192.0.2.1\nOriginal-Rcpt-To: a@p.test\n" MESSAGE,
	    "feedback abuse  192.0.2.1 1@l.test a@p.test" },
	{ "Hotmail",
	    "From: staff@hotmail.com\nSubject: complaint about message from "
	    "192.0.2.1\nContent-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: "
	    "message/rfc822\n\nX-HmXmrOriginalRecipient: <a@p.test>\nFrom: news@l.test\n"
	    "Message-ID: <1@l.test>\n\nx\n--b--\n",
	    "feedback abuse Hotmail JMRP 192.0.2.1 1@l.test a@p.test" },
	{ "AOL, old",
	    "From: scomp@aol.net\nSubject: Client TOS Notification\n" PLAIN("Your message "
									    "was reported."),
	    "feedback abuse AOL SComp  1@l.test to@p.test" },
	{ "plain words",
	    "From: x@p.test\nSubject: x\n" PLAIN(
		"This is an email abuse report for an email message received from IP 192.0.2.1 on x"),
	    "feedback abuse  192.0.2.1 1@l.test to@p.test" },
	{ "words of a person",
	    "From: joe@p.test\nSubject: x\n\nThis is an email abuse report for an email message I "
	    "got.\n",
	    "none    " },
	{ "a person's complaint",
	    "From: joe@p.test\nSubject: Abuse report\n" PLAIN("Stop sending me this."),
	    "none    " },
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
	str_addf(&got, "%s %s %s %s %s", report_kind_name(report.kind), report.feedback.type,
	    report.feedback.user_agent, report.feedback.source_ip, report.message_id);
	for (size_t i = 0; i < report.count; i++)
		str_addf(&got, " %s", report.recipients[i].address);
	assert_string_equal(str_text(&got), row->want);
	arena_clear(&arena);
	str_free(&got);
}

static void
tells_complaints(void **state)
{
	static const struct {
		const char *type;
		bool complaint;
	} types[] = { { "abuse", true }, { "fraud", true }, { "opt-out", true }, { "", true },
		{ "not-spam", false }, { "Auth-Failure", false }, { "dmarc", false } };

	(void)state;
	for (size_t i = 0; i < COUNT(types); i++) {
		struct report report = { .kind = REPORT_FEEDBACK, .feedback.type = types[i].type };

		assert_int_equal(feedback_is_complaint(&report), types[i].complaint);
	}
	assert_false(feedback_is_complaint(&(struct report){ .feedback.type = "abuse" }));
}

int
main(void)
{
	struct check_list list = { 0 };

	CHECK_ROWS(&list, reads, rows);
	CHECK(&list, tells_complaints);
	return check_run(&list, "feedback");
}
