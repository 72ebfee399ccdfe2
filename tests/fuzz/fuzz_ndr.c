/* Any message: the report keeps the promises of report.h, CRLF and LF give the same one, and no
 * forged Received field makes it a notice of our own Postfix. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "charset.h"
#include "ndr.h"
#include "trust.h"

unsigned long fuzz_accepted; /* messages that were understood */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
require(bool holds)
{
	if (!holds)
		abort();
}

static void
check_line(const char *line, size_t max)
{
	size_t len = strlen(line);

	require(len <= max && charset_is_utf8(span_make(line, len)));
	for (size_t i = 0; i < len; i++)
		require((unsigned char)line[i] >= ' ' && line[i] != 0x7f);
}

static void
check_recipient(const struct report_recipient *recipient)
{
	check_line(recipient->address, 600);
	check_line(recipient->final_address, 600);
	check_line(recipient->diagnostic, REPORT_DIAGNOSTIC_MAX);
	check_line(recipient->remote_mta, 255);
	check_line(recipient->last_attempt, 400);
	check_line(recipient->action, 20);
	require(strlen(recipient->status) <= 9);
	require(recipient->reply_code == 0 ||
		(recipient->reply_code >= 400 && recipient->reply_code < 600));
}

static void
check_report(const struct report *report)
{
	require(report->count <= REPORT_RECIPIENTS_MAX);
	require(report->kind != REPORT_NONE || report->count == 0);
	require((report->kind == REPORT_NONE) == (*report->format == '\0'));
	check_line(report->message_id, 200);
	check_line(report->campaign, 200);
	check_line(report->list, 200);
	check_line(report->account, 200);
	check_line(report->reporting_mta, 255);
	check_line(report->arrival, 400);
	for (size_t i = 0; i < report->count; i++)
		check_recipient(&report->recipients[i]);
}

static void
check_forged(const struct report *report)
{
	static const char outside[] = "Received: from a.test by b.test; Sun\n";
	char *header = malloc(sizeof(outside) + report->header.len);
	struct trust_facts facts = { .envelope_sender = "", .verp_recipient = "" };
	const char *why;

	memcpy(header, outside, sizeof(outside) - 1);
	if (report->header.len > 0)
		memcpy(header + sizeof(outside) - 1, report->header.ptr, report->header.len);
	facts.header = span_make(header, sizeof(outside) - 1 + report->header.len);
	require(trust_judge(&facts, "a@b.test", &why) == TRUST_NONE);
	free(header);
}

static void
json_of(struct span message, struct str *out, bool check)
{
	static const char *const names[] = { "X-Campaign", "List-Id", "Feedback-ID" };
	struct conf_strings headers = { (const char **)(uintptr_t)names, 3 };
	struct ndr_options options = { "", &headers, &headers, &headers };
	struct report report;
	struct arena arena;

	arena_init(&arena);
	ndr_read(&arena, message, &options, &report);
	if (check) {
		check_report(&report);
		check_forged(&report);
		fuzz_accepted += report.kind != REPORT_NONE;
	}
	report_json(&report, out);
	arena_clear(&arena);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str lf = { 0 }, crlf = { 0 }, of_lf = { 0 }, of_crlf = { 0 };

	for (size_t i = 0; i < size; i++) {
		if (data[i] == '\r')
			continue;
		if (data[i] == '\n')
			str_addc(&crlf, '\r');
		str_addc(&lf, (char)data[i]);
		str_addc(&crlf, (char)data[i]);
	}
	json_of(span_make((const char *)data, size), &of_lf, true);
	str_empty(&of_lf);
	/* Where a limit of bytes cuts, it cuts elsewhere. */
	if (size < 4096) {
		json_of(span_make(str_text(&lf), lf.len), &of_lf, false);
		json_of(span_make(str_text(&crlf), crlf.len), &of_crlf, false);
		require(strcmp(str_text(&of_lf), str_text(&of_crlf)) == 0);
	}
	str_free(&lf);
	str_free(&crlf);
	str_free(&of_lf);
	str_free(&of_crlf);
	return 0;
}
