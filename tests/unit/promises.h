/*
 * promises - what report.h promises of the report on any message, however broken or hostile. Shared
 * by the unit tests and the fuzz targets.
 */
#ifndef PROMISES_H
#define PROMISES_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "charset.h"
#include "report.h"

enum {
	PROMISED_ADDRESS = 600,
	PROMISED_NAME = 200,
	PROMISED_HOST = 255,
	PROMISED_DATE = 400,
	PROMISED_ACTION = 20,
	PROMISED_STATUS = 9,
};

/* Valid UTF-8, one line without control characters, at most max bytes. */
static inline bool
promises_line(const char *line, size_t max)
{
	size_t len = strlen(line);

	if (len > max || !charset_is_utf8(span_make(line, len)))
		return false;
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)line[i] < ' ' || line[i] == 0x7f)
			return false;
	return true;
}

static inline const char *
promises_broken_of_recipient(const struct report_recipient *recipient)
{
	if (!promises_line(recipient->address, PROMISED_ADDRESS))
		return "address";
	if (!promises_line(recipient->final_address, PROMISED_ADDRESS))
		return "final address";
	if (!promises_line(recipient->diagnostic, REPORT_DIAGNOSTIC_MAX))
		return "diagnostic";
	if (!promises_line(recipient->remote_mta, PROMISED_HOST))
		return "remote MTA";
	if (!promises_line(recipient->last_attempt, PROMISED_DATE))
		return "last attempt";
	if (!promises_line(recipient->action, PROMISED_ACTION))
		return "action";
	if (!promises_line(recipient->status, PROMISED_STATUS))
		return "status";
	if (recipient->reply_code != 0 &&
	    (recipient->reply_code < 200 || recipient->reply_code > 599))
		return "reply code";
	return NULL;
}

/* The first promise that does not hold, NULL if all do. */
static inline const char *
promises_broken(const struct report *report)
{
	const struct {
		const char *name, *line;
		size_t max;
	} lines[] = {
		{ "message id", report->message_id, PROMISED_NAME },
		{ "campaign", report->campaign, PROMISED_NAME },
		{ "list", report->list, PROMISED_NAME },
		{ "account", report->account, PROMISED_NAME },
		{ "reporting MTA", report->reporting_mta, PROMISED_HOST },
		{ "arrival", report->arrival, PROMISED_DATE },
		{ "feedback type", report->feedback.type, PROMISED_DATE },
		{ "user agent", report->feedback.user_agent, PROMISED_DATE },
		{ "source IP", report->feedback.source_ip, PROMISED_DATE },
	};
	const char *broken = NULL;

	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		if (!promises_line(lines[i].line, lines[i].max))
			return lines[i].name;
	if (report->count > REPORT_RECIPIENTS_MAX)
		return "number of recipients";
	if (report->kind == REPORT_NONE && report->count > 0)
		return "no report, and recipients";
	if ((report->kind == REPORT_NONE) != (*report->format == '\0'))
		return "format";
	for (size_t i = 0; i < report->count && broken == NULL; i++)
		broken = promises_broken_of_recipient(&report->recipients[i]);
	return broken;
}

/* What reading a message of so many bytes may take beside it, at most: a copy for its line ends, and
 * the texts of limited size that are looked at. */
static inline size_t
promises_memory(size_t size)
{
	return 2 * size + 6 * 1024 * 1024;
}

#endif
