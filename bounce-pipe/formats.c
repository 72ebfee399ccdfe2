#include "formats.h"

#include <string.h>

#include "delivery_status.h"
#include "dsn.h"
#include "header.h"
#include "notice.h"

const struct format formats[] = {
	{ "postfix", formats_is_postfix, formats_read_postfix },
	{ "qmail", formats_is_qmail, formats_read_qmail },
	{ "exim", formats_is_exim, formats_read_exim },
	{ NULL, NULL, NULL },
};

void
formats_add(struct report *report, struct span address, struct span diagnostic, const char *action)
{
	struct report_recipient *recipient = report_add(report);

	if (recipient == NULL)
		return;
	recipient->address = report_address(report->arena, address);
	recipient->diagnostic = report_line(report->arena, diagnostic, REPORT_DIAGNOSTIC_MAX);
	recipient->action = *action != '\0' ? action : "failed";
	delivery_status_complete(report->arena, recipient);
}

bool
formats_read(const struct format_input *in, struct report *report)
{
	for (const struct format *format = formats; format->name != NULL; format++) {
		if (!format->matches(in))
			continue;
		format->read(in, report);
		if (report->count > 0) {
			report->format = format->name;
			report->kind = delivery_status_kind(report);
			return true;
		}
	}
	return false;
}

static bool
looks_returned(const struct format_input *in)
{
	static const char *const senders[] = { "mailer-daemon", "mailer_daemon", "postmaster",
		"mail delivery", "maildelivery", "mail-daemon", "mdaemon@", "mail system",
		"mailsystem", "mail administrator", "<>", NULL };
	static const char *const subjects[] = { "undeliver", "not deliver", "non-deliver",
		"nondeliver", "deliver", "failure", "failed", "returned mail", "returned to sender",
		"mail error", "bounce", "rejected", "unzustellbar", "nicht zustell", "unable to",
		"could not", "non remis", "non distribu", "no entregad", "devuelt", "devolvid",
		"mancat", "onbestelbaar", "niet bezorg", "niedostarcz", "zwrot", NULL };
	struct span path = header_raw(in->root->header, "Return-Path");
	bool sender = notice_has(span_of(in->from), senders) || span_eq(path, SPAN("<>"));

	return sender && notice_has(span_of(in->subject), subjects);
}

/* An address of the message's own header, or of a role that answers for everybody. */
static bool
is_own(const struct format_input *in, struct span address)
{
	static const char *const fields[] = { "To", "From", "Reply-To", NULL };

	if (span_istarts(address, SPAN("postmaster@")) ||
	    span_istarts(address, SPAN("mailer-daemon@")))
		return true;
	for (size_t i = 0; fields[i] != NULL; i++)
		if (span_ifind(header_raw(in->root->header, fields[i]), address) >= 0)
			return true;
	return false;
}

static bool
has_reply(struct span text)
{
	struct dsn found = dsn_find(text);

	return found.code >= 400 || found.status.class >= 4;
}

static bool
is_listed(const struct report *report, struct span address)
{
	const char *normal = report_address(report->arena, address);

	for (size_t i = 0; i < report->count; i++)
		if (strcmp(report->recipients[i].address, normal) == 0)
			return true;
	return false;
}

/* Recipients that begin a line and have a reply behind them, before the next one. */
static void
read_lines(const struct format_input *in, struct report *report)
{
	struct span rest = in->text, line, behind, next_behind;
	struct span address = { NULL, 0 }, next;

	while (rest.len > 0) {
		bool found = span_line(&rest, &line) &&
		    notice_line_address(line, &next, &next_behind) && !is_own(in, next);

		if (!found && rest.len > 0)
			continue;
		if (address.ptr != NULL) {
			const char *end = found ? line.ptr : in->text.ptr + in->text.len;
			struct span said = span_make(behind.ptr, (size_t)(end - behind.ptr));

			if (has_reply(said) && !is_listed(report, address))
				formats_add(report, address, said, "");
		}
		if (found) {
			address = next;
			behind = next_behind;
			if (rest.len == 0 && has_reply(behind) && !is_listed(report, address))
				formats_add(report, address, behind, "");
		}
	}
}

bool
formats_read_plain(const struct format_input *in, struct report *report)
{
	struct span rest = in->text, address;

	if (!looks_returned(in) || !has_reply(in->text))
		return false;
	read_lines(in, report);
	if (report->count == 0 && *in->verp_recipient != '\0')
		formats_add(report, span_of(in->verp_recipient), span_trim(in->text), "");
	while (report->count == 0 && notice_address(&rest, &address))
		if (!is_own(in, address))
			formats_add(report, address, span_trim(in->text), "");
	if (report->count == 0)
		return false;
	report->format = "plain";
	report->kind = REPORT_NDR;
	return true;
}
