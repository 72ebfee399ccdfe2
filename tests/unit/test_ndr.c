#include <dirent.h>

#include "bounce_rules.h"
#include "check.h"
#include "classify.h"
#include "ndr.h"

static struct bounce_rules *rules;

static void
load_rules(void **state)
{
	struct conf_errors errors = { 0 };

	(void)state;
	rules = bounce_rules_load("conf/bounce-rules.conf", NULL, &errors);
	if (rules == NULL)
		fail_msg("%s", str_text(&errors.lines));
	conf_errors_free(&errors);
}

static void
free_rules(void **state)
{
	(void)state;
	bounce_rules_free(&rules);
}

static void
read_all(const char *path, struct str *out)
{
	FILE *file = fopen(path, "rb");
	char buf[4096];
	size_t n;

	if (file == NULL)
		fail_msg("%s cannot be read", path);
	while ((n = fread(buf, 1, sizeof(buf), file)) > 0)
		str_add(out, buf, n);
	fclose(file);
}

/* The line of --dry-run --json. Samples named so stand in a VERP return path. */
static void
report_of(struct span message, bool verp, struct str *out)
{
	static const char *const headers[] = { "X-Campaign", "List-Id", "X-Account" };
	struct conf_strings campaign = { (const char **)(uintptr_t)&headers[0], 1 };
	struct conf_strings list = { (const char **)(uintptr_t)&headers[1], 1 };
	struct conf_strings account = { (const char **)(uintptr_t)&headers[2], 1 };
	struct ndr_options options = { verp ? "verp@example.org" : "", &campaign, &list, &account };
	char *copy = malloc(message.len + 1); /* so that ASan sees a byte read beyond */
	struct report report;
	struct arena arena;

	if (message.len > 0)
		memcpy(copy, message.ptr, message.len);
	arena_init(&arena);
	ndr_read(&arena, span_make(copy, message.len), &options, &report);
	if (rules != NULL)
		classify_report(rules, &report);
	report_json(&report, out);
	arena_clear(&arena);
	free(copy);
}

static void
understands(void **state)
{
	const char *name = *state;
	struct str message = { 0 }, want = { 0 }, got = { 0 };
	char path[512];

	snprintf(path, sizeof(path), "tests/messages/%s.eml", name);
	read_all(path, &message);
	snprintf(path, sizeof(path), "tests/messages/%s.json", name);
	read_all(path, &want);
	report_of(span_make(str_text(&message), message.len), strstr(name, "verp") != NULL, &got);
	str_addc(&got, '\n');
	assert_string_equal(str_text(&got), str_text(&want));
	str_free(&message);
	str_free(&want);
	str_free(&got);
}

#define HEAD                                                                                \
	"From: Mail System <mailer-daemon@a.test>\nTo: news@s.test\nSubject: Undelivered\n" \
	"MIME-Version: 1.0\n"
#define REPORT HEAD "Content-Type: multipart/report; report-type=delivery-status; boundary=b\n\n"
#define FIELDS                                                                              \
	"Reporting-MTA: dns; a.test\n\nFinal-Recipient: rfc822; u@d.test\nAction: failed\n" \
	"Status: 5.1.1\nDiagnostic-Code: smtp; 550 5.1.1 No such user\n"
#define RETURNED                                                                           \
	"--b\nContent-Type: message/rfc822\n\nMessage-ID: <1@s.test>\nFrom: news@s.test\n" \
	"To: u@d.test\nSubject: Hello\n\nHi\n--b--\n"
#define IS_UNKNOWN "u@d.test  5.1.1 550 failed  550 5.1.1 No such user"

/* What each says, in one line a recipient: address, final address, status, code, action, remote
 * host, diagnostic. */
static const struct report_row {
	const char *label, *message, *want;
} report_rows[] = {
	{ "as RFC 3464 has it",
	    REPORT
	    "--b\n\nIt failed.\n--b\nContent-Type: message/delivery-status\n\n" FIELDS RETURNED,
	    "ndr 1@s.test a.test\n" IS_UNKNOWN },
	{ "RFC 6533's part",
	    REPORT "--b\n\nIt failed.\n--b\nContent-Type: message/global-delivery-status\n"
		   "Content-Transfer-Encoding: 8bit\n\nFinal-Recipient: utf-8; jörg@d.test\n"
		   "Action: failed\nStatus: 5.1.1\n" RETURNED,
	    "ndr 1@s.test \njörg@d.test  5.1.1 0 failed  It failed." },
	{ "a part in base64",
	    REPORT
	    "--b\n\nIt failed.\n--b\nContent-Type: message/delivery-status\n"
	    "Content-Transfer-Encoding: base64\n\n"
	    "RmluYWwtUmVjaXBpZW50OiByZmM4MjI7IHVAZC50ZXN0CkFjdGlvbjogZmFpbGVkClN0YXR1czog\n"
	    "NS4xLjEKRGlhZ25vc3RpYy1Db2RlOiBzbXRwOyA1NTAgNS4xLjEgTm8gc3VjaCB1c2VyCg==\n" RETURNED,
	    "ndr 1@s.test \n" IS_UNKNOWN },
	{ "a part typed as text, in multipart/mixed",
	    HEAD "Content-Type: multipart/mixed; boundary=b\n\n--b\n\nIt failed.\n"
		 "--b\nContent-Type: text/plain\n\n" FIELDS RETURNED,
	    "ndr 1@s.test a.test\n" IS_UNKNOWN },
	{ "a part typed as text, in base64",
	    HEAD
	    "Content-Type: multipart/mixed; boundary=b\n\n--b\n\nIt failed.\n"
	    "--b\nContent-Type: text/plain\nContent-Transfer-Encoding: base64\n\n"
	    "RmluYWwtUmVjaXBpZW50OiByZmM4MjI7IHVAZC50ZXN0CkFjdGlvbjogZmFpbGVkClN0YXR1czog\n"
	    "NS4xLjEKRGlhZ25vc3RpYy1Db2RlOiBzbXRwOyA1NTAgNS4xLjEgTm8gc3VjaCB1c2VyCg==\n" RETURNED,
	    "ndr 1@s.test \n" IS_UNKNOWN },
	{ "a part without a type", REPORT "--b\n\nIt failed.\n--b\n\n" FIELDS RETURNED,
	    "ndr 1@s.test a.test\n" IS_UNKNOWN },
	{ "no boundary occurs",
	    REPORT "Your message could not be delivered.\n\n" FIELDS
		   "\nReceived: by s.test; now\nMessage-ID: <1@s.test>\nTo: u@d.test\n\nHi\n",
	    "ndr 1@s.test a.test\n" IS_UNKNOWN },
	{ "all in one text",
	    HEAD
	    "\nYour message could not be delivered.\n\n" FIELDS
	    "\nReceived: from s.test by a.test; now\nMessage-ID: <1@s.test>\nTo: u@d.test\n\nHi\n",
	    "ndr 1@s.test a.test\n" IS_UNKNOWN },
	{ "somebody quotes one",
	    "From: Ann <ann@x.test>\nTo: bob@s.test\nSubject: Re: my mail\nIn-Reply-To: <9@s.test>\n\n"
	    "Bob, this came back, what shall I do?\n\n" FIELDS "\nAnn\n",
	    "none  " },
	{ "an older one in the message that came back",
	    REPORT "--b\n\nIt failed.\n--b\nContent-Type: message/delivery-status\n\n" FIELDS
		   "--b\nContent-Type: message/rfc822\n\nMessage-ID: <1@s.test>\n"
		   "Content-Type: multipart/report; boundary=c\n\n--c\n"
		   "Content-Type: message/delivery-status\n\nFinal-Recipient: rfc822; old@o.test\n"
		   "Action: failed\nStatus: 5.2.2\n--c--\n--b--\n",
	    "ndr 1@s.test a.test\n" IS_UNKNOWN },
	{ "the reason stands in the text only",
	    REPORT
	    "--b\n\n<u@d.test>: host mx.d.test[192.0.2.1] said: 552 5.2.2 Mailbox full\n--b\n"
	    "Content-Type: message/delivery-status\n\nFinal-Recipient: rfc822; u@d.test\n"
	    "Action: failed\nStatus: 5.0.0\nDiagnostic-Code: X-Unix; 77\n" RETURNED,
	    "ndr 1@s.test \nu@d.test  5.2.2 552 failed mx.d.test host mx.d.test[192.0.2.1] said: 552 "
	    "5.2.2 Mailbox full" },
	{ "the code stands in the text only",
	    REPORT "--b\n\n<u@d.test>: 550 5.1.1 No such user\n--b\n"
		   "Content-Type: message/delivery-status\n\nFinal-Recipient: rfc822; u@d.test\n"
		   "Action: failed\nStatus: 5.0.0\nDiagnostic-Code: smtp; No such user\n" RETURNED,
	    "ndr 1@s.test \nu@d.test  5.1.1 550 failed  No such user" },
	{ "a code of the other class is another's",
	    REPORT
	    "--b\n\n<u@d.test>: 550 5.1.1 No such user\n--b\n"
	    "Content-Type: message/delivery-status\n\nFinal-Recipient: rfc822; u@d.test\n"
	    "Action: failed\nStatus: 4.4.1\nDiagnostic-Code: smtp; Connection timed out\n" RETURNED,
	    "ndr 1@s.test \nu@d.test  4.4.1 0 failed  Connection timed out" },
	{ "each recipient's own reason in the text",
	    REPORT
	    "--b\n\n<a@d.test>: 550 5.1.1 No such user\n\n<b@d.test>: 552 5.2.2 Mailbox full\n"
	    "--b\nContent-Type: message/delivery-status\n\nFinal-Recipient: rfc822; a@d.test\n"
	    "Action: failed\nStatus: 5.0.0\n\nFinal-Recipient: rfc822; b@d.test\nAction: failed\n"
	    "Status: 5.0.0\n" RETURNED,
	    "ndr 1@s.test \na@d.test  5.1.1 550 failed  550 5.1.1 No such user\n"
	    "b@d.test  5.2.2 552 failed  552 5.2.2 Mailbox full" },
	{ "the host stands in the text only",
	    REPORT "--b\n\n   ----- Transcript of session follows -----\n"
		   "... while talking to mx.d.test.:\n<<< 550 5.1.1 No such user\n--b\n"
		   "Content-Type: message/delivery-status\n\n" FIELDS RETURNED,
	    "ndr 1@s.test a.test\nu@d.test  5.1.1 550 failed mx.d.test 550 5.1.1 No such user" },
	{ "each recipient's own host in the text",
	    REPORT
	    "--b\n\n<a@d.test>: host mx1.d.test[192.0.2.1] said: 550 5.1.1 No such user\n\n"
	    "<b@d.test>: connect to mx2.d.test[192.0.2.2]:25: Connection refused\n--b\n"
	    "Content-Type: message/delivery-status\n\nFinal-Recipient: rfc822; a@d.test\n"
	    "Action: failed\nStatus: 5.1.1\nDiagnostic-Code: smtp; 550 5.1.1 No such user\n\n"
	    "Final-Recipient: rfc822; b@d.test\nAction: failed\nStatus: 4.4.1\n"
	    "Diagnostic-Code: X-Postfix; Connection refused\n" RETURNED,
	    "ndr 1@s.test \na@d.test  5.1.1 550 failed mx1.d.test 550 5.1.1 No such user\n"
	    "b@d.test  4.4.1 0 failed mx2.d.test Connection refused" },
	{ "all recipients of a success",
	    REPORT "--b\n\nDelivered.\n--b\nContent-Type: message/delivery-status\n\n"
		   "Reporting-MTA: dns; a.test\n\nFinal-Recipient: rfc822; a@d.test\n"
		   "Action: delivered\nStatus: 2.1.5\nDiagnostic-Code: smtp; 250 2.1.5 Ok\n\n"
		   "Final-Recipient: rfc822; b@d.test\nAction: relayed\nStatus: 2.0.0\n" RETURNED,
	    "success 1@s.test a.test\na@d.test  2.1.5 250 delivered  250 2.1.5 Ok\n"
	    "b@d.test  2.0.0 0 relayed  " },
	{ "no action, the text says that it is still tried",
	    REPORT "--b\n\nYour message has not yet been delivered. It will be retried.\n--b\n"
		   "Content-Type: message/delivery-status\n\nFinal-Recipient: rfc822; u@d.test\n"
		   "Status: 4.4.1\nDiagnostic-Code: smtp; Connection timed out\n" RETURNED,
	    "delay 1@s.test \nu@d.test  4.4.1 0 delayed  Connection timed out" },
	{ "a local user; the text has the address",
	    REPORT "--b\n\nThe mailbox of <u@d.test> is full.\n--b\n"
		   "Content-Type: message/delivery-status\n\nFinal-Recipient: local; u\n"
		   "Action: failed\nStatus: 5.2.2\nDiagnostic-Code: smtp; Mailbox full\n" RETURNED,
	    "ndr 1@s.test \nu@d.test u 5.2.2 0 failed  Mailbox full" },
	{ "a pipe; the header has the address",
	    "X-Failed-Recipients: u@d.test\n" REPORT
	    "--b\n\nIt failed.\n--b\nContent-Type: message/delivery-status\n\n"
	    "Final-Recipient: rfc822; |/usr/bin/filter\nAction: failed\nStatus: 5.3.0\n"
	    "Diagnostic-Code: x-unix; Command died\n" RETURNED,
	    "ndr 1@s.test \nu@d.test |/usr/bin/filter 5.3.0 0 failed  Command died" },
	{ "nothing comes back but what it answers",
	    "In-Reply-To: <2@s.test>\n" REPORT
	    "--b\n\nIt failed.\n--b\nContent-Type: message/delivery-status\n\n" FIELDS "--b--\n",
	    "ndr 2@s.test a.test\n" IS_UNKNOWN },
};

static void
summarise(struct span message, struct str *out)
{
	struct ndr_options options = { .verp_recipient = "" };
	struct report report;
	struct arena arena;

	arena_init(&arena);
	ndr_read(&arena, message, &options, &report);
	str_addf(out, "%s %s %s", report_kind_name(report.kind), report.message_id,
	    report.reporting_mta);
	for (size_t i = 0; i < report.count; i++) {
		const struct report_recipient *recipient = &report.recipients[i];

		str_addf(out, "\n%s %s %s %u %s %s %s", recipient->address,
		    recipient->final_address, recipient->status, recipient->reply_code,
		    recipient->action, recipient->remote_mta, recipient->diagnostic);
	}
	arena_clear(&arena);
}

static void
to_line_ends(struct span message, struct str *lf, struct str *crlf)
{
	for (size_t i = 0; i < message.len; i++) {
		if (message.ptr[i] == '\r')
			continue;
		if (message.ptr[i] == '\n')
			str_addc(crlf, '\r');
		str_addc(lf, message.ptr[i]);
		str_addc(crlf, message.ptr[i]);
	}
}

static void
reads(void **state)
{
	const struct report_row *row = *state;
	struct str lf = { 0 }, crlf = { 0 }, of_lf = { 0 }, of_crlf = { 0 };

	to_line_ends(span_of(row->message), &lf, &crlf);
	summarise(span_make(lf.data, lf.len), &of_lf);
	summarise(span_make(crlf.data, crlf.len), &of_crlf);
	assert_string_equal(str_text(&of_lf), row->want);
	assert_string_equal(str_text(&of_crlf), row->want);
	str_free(&lf);
	str_free(&crlf);
	str_free(&of_lf);
	str_free(&of_crlf);
}

/* The same with the other line ends, and no byte read beyond any start of it. */
static void
endures(void **state)
{
	const char *name = *state;
	struct str message = { 0 }, lf = { 0 }, crlf = { 0 }, of_lf = { 0 }, of_crlf = { 0 };
	char path[512];

	snprintf(path, sizeof(path), "tests/messages/%s.eml", name);
	read_all(path, &message);
	to_line_ends(span_make(str_text(&message), message.len), &lf, &crlf);
	report_of(span_make(str_text(&lf), lf.len), false, &of_lf);
	report_of(span_make(str_text(&crlf), crlf.len), false, &of_crlf);
	assert_string_equal(str_text(&of_lf), str_text(&of_crlf));
	for (size_t cut = 0; cut < message.len; cut += 7) {
		str_empty(&of_lf);
		report_of(span_make(message.data, cut), false, &of_lf);
	}
	str_free(&message);
	str_free(&lf);
	str_free(&crlf);
	str_free(&of_lf);
	str_free(&of_crlf);
}

/* A row for each sample, in the order of the folder's names. */
static size_t
add_samples(struct check_list *list, char **names)
{
	struct dirent **entries;
	int n = scandir("tests/messages", &entries, NULL, alphasort);
	size_t samples = 0;

	for (int i = 0; i < n; i++) {
		char *dot = strrchr(entries[i]->d_name, '.');

		if (dot != NULL && strcmp(dot, ".eml") == 0 && samples < 200) {
			*dot = '\0';
			names[samples] = strdup(entries[i]->d_name);
			check_add(list, "understands", names[samples], understands, names[samples]);
			check_add(list, "endures", names[samples], endures, names[samples]);
			samples++;
		}
		free(entries[i]);
	}
	if (n >= 0)
		free(entries);
	return samples;
}

static size_t samples;

static void
has_samples(void **state)
{
	(void)state;
	assert_in_range(samples, 20, 199);
}

int
main(void)
{
	struct check_list list = { 0 };
	char *names[200];
	int rc;

	CHECK(&list, load_rules);
	samples = add_samples(&list, names);
	CHECK(&list, has_samples);
	CHECK_ROWS(&list, reads, report_rows);
	CHECK(&list, free_rules);
	rc = check_run(&list, "ndr");
	for (size_t i = 0; i < samples; i++)
		free(names[i]);
	return rc;
}
