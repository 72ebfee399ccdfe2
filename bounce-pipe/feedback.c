#include "feedback.h"

#include <string.h>
#include <strings.h>

#include "header.h"
#include "notice.h"

enum {
	FIELD_MAX = 400,
	BEGIN_MAX = 600, /* bytes in which a complaint says that it is one */
};

/* The fields that name who complained: RFC 5965, RFC 6650, and Hotmail's. */
static const struct span recipient_fields[] = { SPAN("Original-Rcpt-To"),
	SPAN("Original-Recipient"), SPAN("Removal-Recipient"), SPAN("Final-Recipient"),
	SPAN("X-HmXmrOriginalRecipient"), SPAN("X-MSFBL-Original-Recipient") };

bool
feedback_is(const struct mime_part *part)
{
	struct span body = span_trim(part->body);
	bool text = mime_is(part, "text/plain") || mime_is(part, "text/feedback-report");

	if (mime_is(part, "message/feedback-report"))
		return true;
	if (part->parent == NULL || !text)
		return false;
	return span_istarts(body, SPAN("Feedback-Type:")) ||
	       (span_ifind(span_of(part->parent->content_type), SPAN("feedback-report")) >= 0 &&
		   span_istarts(body, SPAN("User-Agent:")) &&
		   span_ifind(body, SPAN("\nFeedback-Type:")) >= 0);
}

static bool
is_recipient_field(struct span name)
{
	for (size_t i = 0; i < sizeof(recipient_fields) / sizeof(recipient_fields[0]); i++)
		if (span_ieq(name, recipient_fields[i]))
			return true;
	return false;
}

/* "redacted", "redacted@redacted": not who, only that nobody says it (RFC 6590). A local part that
 * is a hash stays: the application may know what hashes to it. */
static bool
is_redacted(struct span value)
{
	static const char *const words[] = { "redacted", "undisclosed", "anonymous", "****", NULL };
	long at = span_find(value, SPAN("@"));

	return notice_has(at > 0 ? span_make(value.ptr, (size_t)at) : value, words) ||
	       span_ifind(value, SPAN("@redacted")) >= 0;
}

static void
add_recipient(struct report *report, struct span value)
{
	const char *address = report_address(report->arena, value);
	struct report_recipient *recipient;

	if (!report_attempt(report))
		return;
	if (is_redacted(span_of(address)))
		report->feedback.redacted = true;
	for (size_t i = 0; i < report->count; i++)
		if (strcmp(report->recipients[i].address, address) == 0)
			return;
	if (strchr(address, '@') != NULL && !is_redacted(span_of(address)) &&
	    (recipient = report_add(report)) != NULL)
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
		{ "Source", &report->feedback.source_ip },
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
		if (is_recipient_field(name))
			add_recipient(report, value);
	}
	if (*report->reporting_mta != '\0')
		report->reporting_mta = report_host(report->arena, span_of(report->reporting_mta));
}

/* The message the complaint is about: a part, or the text behind the words about it. */
static struct span
complained_header(const struct format_input *in)
{
	struct span header, body;

	for (const struct mime_part *part = in->root; part != NULL; part = mime_next(part))
		if (mime_is_message(part)) {
			header_split(mime_bytes(in->arena, part), &header, &body);
			return header;
		}
	return span_make("", 0);
}

/* The address of the server that sent it, in what announces the message: "from IP 192.0.2.1",
 * "[192.0.2.1]". */
static const char *
source_in(struct arena *arena, struct span text)
{
	static const char digits[] = "0123456789abcdefABCDEF.:";
	static const struct span words[] = { SPAN(" IP address "), SPAN(" from IP "), SPAN(" IP "),
		SPAN("message from "), SPAN("[") };

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		long at = span_ifind(text, words[i]);
		struct span rest;
		size_t len = 0;

		if (at < 0)
			continue;
		rest = span_from(text, (size_t)at + words[i].len);
		while (len < rest.len && rest.ptr[len] != '\0' &&
		       strchr(digits, rest.ptr[len]) != NULL)
			len++;
		while (len > 0 && (rest.ptr[len - 1] == '.' || rest.ptr[len - 1] == ':'))
			len--;
		rest.len = len;
		if (len >= 7 && (span_find(rest, SPAN(".")) > 0 || span_find(rest, SPAN(":")) > 0))
			return report_line(arena, rest, FIELD_MAX);
	}
	return "";
}

/* Who complains and what about, before there was a format for it. */
static const struct older {
	const char *from;    /* a part of the From field; "": anybody */
	const char *subject; /* and of the subject */
	const char *text;    /* or of how the text begins */
	const char *agent;
} olders[] = {
	{ "staff@hotmail.", "complaint about message", "", "Hotmail JMRP" },
	{ "staff@outlook.", "complaint about message", "", "Hotmail JMRP" },
	{ "scomp@aol.", "client tos notification", "", "AOL SComp" },
	{ "scomp@aol.", "email feedback report", "", "AOL SComp" },
	{ "", "", "this is an email abuse report for an email message", "" },
	{ "", "", "is an email abuse report for an email message", "" },
	{ "", "", "email abuse report for an email message received from ip", "" },
	{ "feedback@", "yahoo abuse report", "", "Yahoo!-Mail-Feedback" },
	{ "fbl", "abuse report", "", "" },
	{ "feedbackloop", "abuse report", "", "" },
	{ "abuse@", "email feedback report for ip", "", "" },
};

static const struct older *
older_form(const struct format_input *in)
{
	struct span begin = in->text;

	if (begin.len > BEGIN_MAX)
		begin.len = BEGIN_MAX;
	for (size_t i = 0; i < sizeof(olders) / sizeof(olders[0]); i++) {
		const struct older *form = &olders[i];

		if (*form->text != '\0' && span_ifind(begin, span_of(form->text)) >= 0)
			return form;
		if (*form->subject != '\0' &&
		    span_ifind(span_of(in->from), span_of(form->from)) >= 0 &&
		    span_ifind(span_of(in->subject), span_of(form->subject)) >= 0)
			return form;
	}
	return NULL;
}

bool
feedback_read_older(const struct format_input *in, struct report *report)
{
	static const char jmrp[] = "X-HmXmrOriginalRecipient";
	struct span header = complained_header(in), recipient;
	const struct older *form = older_form(in);

	recipient = header_raw(header, jmrp);
	if (recipient.ptr == NULL)
		recipient = header_raw(in->root->header, jmrp);
	/* Words alone do not make a complaint: the message must be there. */
	if (recipient.ptr == NULL && (form == NULL || header.len == 0))
		return false;
	report->kind = REPORT_FEEDBACK;
	report->format = "feedback";
	report->feedback.type = "abuse";
	report->feedback.user_agent = form != NULL ? form->agent : "Hotmail JMRP";
	report->feedback.source_ip = source_in(in->arena, span_of(in->subject));
	if (*report->feedback.source_ip == '\0')
		report->feedback.source_ip = source_in(in->arena, in->text);
	if (recipient.ptr != NULL)
		add_recipient(report, recipient);
	return true;
}

bool
feedback_is_complaint(const struct report *report)
{
	static const char *const others[] = { "auth-failure", "not-spam", "not_spam", "notspam",
		"dmarc", "dkim" };

	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (strcasecmp(report->feedback.type, others[i]) == 0)
			return false;
	return report->kind == REPORT_FEEDBACK;
}
