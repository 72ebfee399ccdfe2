/* Any message: the report keeps the promises of report.h, CRLF, LF and CR give the same one, its
 * memory is bounded, and no forged Received field makes it a notice of our own Postfix. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../unit/promises.h"
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
check_report(const struct report *report, size_t size)
{
	const char *broken = promises_broken(report);

	if (broken != NULL)
		fprintf(stderr, "broken: %s\n", broken);
	require(broken == NULL);
	require(arena_size(report->arena) <= promises_memory(size));
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
		check_report(&report, message.len);
		check_forged(&report);
		fuzz_accepted += report.kind != REPORT_NONE;
	}
	report_json(&report, out);
	arena_clear(&arena);
}

/* The message with this for each line end; its own CRs are left out. */
static void
with_line_ends(const uint8_t *data, size_t size, const char *end, struct str *out)
{
	for (size_t i = 0; i < size; i++) {
		if (data[i] == '\n')
			str_adds(out, end);
		else if (data[i] != '\r')
			str_addc(out, (char)data[i]);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const ends[] = { "\n", "\r\n", "\r", "\r\r\n" };
	struct str message = { 0 }, first = { 0 }, other = { 0 };

	json_of(span_make((const char *)data, size), &first, true);
	str_empty(&first);
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		struct str *json = i == 0 ? &first : &other;

		str_empty(&message);
		str_empty(&other);
		with_line_ends(data, size, ends[i], &message);
		json_of(span_make(str_text(&message), message.len), json, false);
		require(strcmp(str_text(&first), str_text(json)) == 0);
	}
	str_free(&message);
	str_free(&first);
	str_free(&other);
	return 0;
}
