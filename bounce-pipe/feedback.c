#include "feedback.h"

#include <string.h>
#include <strings.h>

#include "header.h"

enum { FIELD_MAX = 400 };

bool
feedback_is(const struct mime_part *part)
{
	return mime_is(part, "message/feedback-report");
}

static void
add_recipient(struct report *report, struct span value)
{
	const char *address = report_address(report->arena, value);
	struct report_recipient *recipient;

	for (size_t i = 0; i < report->count; i++)
		if (strcmp(report->recipients[i].address, address) == 0)
			return;
	if (strchr(address, '@') != NULL && (recipient = report_add(report)) != NULL)
		recipient->address = address;
}

void
feedback_read(struct span text, struct report *report)
{
	const struct {
		const char *name;
		const char **into;
	} fields[] = {
		{ "Feedback-Type", &report->feedback.type },
		{ "User-Agent", &report->feedback.user_agent },
		{ "Source-IP", &report->feedback.source_ip },
		{ "Arrival-Date", &report->arrival },
		{ "Received-Date", &report->arrival },
		{ "Reporting-MTA", &report->reporting_mta },
	};
	struct span name, value;

	report->kind = REPORT_FEEDBACK;
	while (header_next(&text, &name, &value)) {
		for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
			if (span_ieq(name, span_of(fields[i].name)) && **fields[i].into == '\0')
				*fields[i].into = report_line(report->arena, value, FIELD_MAX);
		if (span_ieq(name, SPAN("Original-Rcpt-To")))
			add_recipient(report, value);
	}
	if (*report->reporting_mta != '\0')
		report->reporting_mta = report_host(report->arena, span_of(report->reporting_mta));
}

bool
feedback_is_complaint(const struct report *report)
{
	static const char *const others[] = { "auth-failure", "not-spam", "dmarc", "dkim" };

	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (strcasecmp(report->feedback.type, others[i]) == 0)
			return false;
	return report->kind == REPORT_FEEDBACK;
}
