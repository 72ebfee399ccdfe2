#include "formats.h"

#include <string.h>

#include "delivery_status.h"
#include "dsn.h"
#include "header.h"
#include "notice.h"

enum { SAID_MIN = 25 }; /* bytes of a reason; less is the rest of a sentence */

/* Services first: many of them run a common server and say more than it does. */
static const struct format *const groups[] = {
	formats_service,
	formats_gateway,
	formats_mobile,
	formats_groupware,
	formats_mta,
};

void
formats_add(struct report *report, struct span address, struct span diagnostic, const char *action)
{
	const char *normal;
	struct report_recipient *recipient;

	if (report->count >= REPORT_RECIPIENTS_MAX)
		return;
	normal = report_address(report->arena, address);
	for (size_t i = 0; i < report->count; i++) /* named twice, in two languages */
		if (strcmp(report->recipients[i].address, normal) == 0)
			return;
	recipient = report_add(report);
	if (recipient == NULL)
		return;
	recipient->address = normal;
	recipient->diagnostic = report_line(report->arena, diagnostic, REPORT_DIAGNOSTIC_MAX);
	recipient->action = action;
	delivery_status_complete(report->arena, recipient, diagnostic);
}

static bool
read_by(const struct format *format, const struct format_input *in, struct report *report)
{
	format->read(in, report);
	if (report->count == 0)
		return false;
	report->format = format->name;
	report->kind = delivery_status_kind(report);
	return true;
}

bool
formats_read(const struct format_input *in, struct report *report)
{
	for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]); i++)
		for (const struct format *format = groups[i]; format->name != NULL; format++)
			if (format->matches(in) && read_by(format, in, report))
				return true;
	return false;
}

bool
formats_is_daemon(const struct format_input *in)
{
	static const char *const senders[] = { "mailer-daemon", "mailer_daemon", "postmaster",
		"mail delivery", "maildelivery", "mail-daemon", "mdaemon@", "mail system",
		"mailsystem", "mail administrator", "system administrator", "<>", NULL };

	return notice_has(span_of(in->from), senders);
}

const char *
formats_action(const struct format_input *in)
{
	static const char *const words[] = { "this is a warning message only",
		"this is a warning only", "this is only a warning", "advisory-only",
		"not yet been delivered", "has been delayed", "is delayed", "delivery is delayed",
		"you do not need to resend", "do not resend", "no need to resend",
		"will be retried", "will retry", "will keep trying", "will continue to try",
		"wird weiter versucht", "still being retried", "will try again for", NULL };
	static const char *const subjects[] = { "delay", "warning: could not send",
		"not yet delivered", "verzöger", NULL };

	if (notice_has(in->text, words) || notice_has(span_of(in->subject), subjects))
		return "delayed";
	return "failed";
}

/* An address of the message's own header, or of a role that answers for everybody. */
bool
formats_is_own(const struct format_input *in, struct span address)
{
	return span_istarts(address, SPAN("postmaster@")) ||
	       span_istarts(address, SPAN("mailer-daemon@")) ||
	       span_ifind(span_of(in->own), address) >= 0;
}

bool
formats_has_reply(struct span text)
{
	struct dsn found = dsn_find(text);

	return found.code >= 400 || found.status.class >= 4;
}

struct span
formats_said(const struct format_input *in, struct span address)
{
	const char *normal = report_address(in->arena, address);
	struct span about = notice_about(in->text, normal), rest = in->text;
	long at;

	if (about.len < SAID_MIN &&
	    !formats_has_reply(about)) /* the reason stands before the address */
		about = notice_paragraph(in->text, normal);
	if (formats_has_reply(about) || !formats_has_reply(in->text))
		return about;
	at = span_ifind(rest, span_of(normal));
	if (at < 0)
		return span_trim(rest);
	rest = span_from(rest, (size_t)at + strlen(normal));
	return span_trim(formats_has_reply(rest) ? rest : in->text);
}
