/*
 * ndr_summary - what ndr_read() made of a message, in one line for tables of rows:
 * "kind address code status remote; address …".
 */
#ifndef NDR_SUMMARY_H
#define NDR_SUMMARY_H

#include "check.h"
#include "ndr.h"
#include "str.h"

static inline void
ndr_summary_is(const char *message, const char *format, const char *want)
{
	struct ndr_options options = { .verp_recipient = "" };
	struct str got = { 0 };
	struct report report;
	struct arena arena;

	arena_init(&arena);
	ndr_read(&arena, span_of(message), &options, &report);
	str_adds(&got, report_kind_name(report.kind));
	for (size_t i = 0; i < report.count; i++)
		str_addf(&got, "%s%s %u %s %s", i > 0 ? "; " : " ", report.recipients[i].address,
		    report.recipients[i].reply_code, report.recipients[i].status,
		    report.recipients[i].remote_mta);
	assert_string_equal(str_text(&got), want);
	if (format != NULL)
		assert_string_equal(report.format, format);
	arena_clear(&arena);
	str_free(&got);
}

#endif
