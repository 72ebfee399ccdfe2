#include "formats.h"

#include <string.h>

#include "delivery_status.h"
#include "dsn.h"
#include "header.h"
#include "notice.h"

enum { SAID_MIN = 25 }; /* bytes of a reason; less is the rest of a sentence */

const struct format formats[] = {
	{ "postfix", formats_is_postfix, formats_read_postfix },
	{ "qmail", formats_is_qmail, formats_read_qmail },
	{ "exim", formats_is_exim, formats_read_exim },
	{ NULL, NULL, NULL },
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

static bool
looks_returned(const struct format_input *in)
{
	static const char *const subjects[] = { "undeliver", "not deliver", "non-deliver",
		"nondeliver", "deliver", "failure", "failed", "returned mail", "returned to sender",
		"mail error", "error sending", "bounce", "rejected", "unzustellbar",
		"nicht zustell", "unable to", "could not", "non remis", "non distribu",
		"no entregad", "devuelt", "devolvid", "mancat", "onbestelbaar", "niet bezorg",
		"niedostarcz", "zwrot", NULL };
	struct span path = header_raw(in->root->header, "Return-Path");
	bool sender = formats_is_daemon(in) || span_eq(path, SPAN("<>"));

	return sender && notice_has(span_of(in->subject), subjects);
}

/* An address of the message's own header, or of a role that answers for everybody. */
static bool
is_own(const struct format_input *in, struct span address)
{
	return span_istarts(address, SPAN("postmaster@")) ||
	       span_istarts(address, SPAN("mailer-daemon@")) ||
	       span_ifind(span_of(in->own), address) >= 0;
}

static bool
has_reply(struct span text)
{
	struct dsn found = dsn_find(text);

	return found.code >= 400 || found.status.class >= 4;
}

static bool
has_words(struct span said)
{
	return span_trim(said).len >= 8;
}

struct span
formats_said(const struct format_input *in, struct span address)
{
	const char *normal = report_address(in->arena, address);
	struct span about = notice_about(in->text, normal), rest = in->text;
	long at;

	if (about.len < SAID_MIN && !has_reply(about)) /* the reason stands before the address */
		about = notice_paragraph(in->text, normal);
	if (has_reply(about) || !has_reply(in->text))
		return about;
	at = span_ifind(rest, span_of(normal));
	if (at < 0)
		return span_trim(rest);
	rest = span_from(rest, (size_t)at + strlen(normal));
	return span_trim(has_reply(rest) ? rest : in->text);
}

/* Recipients that begin a line and have a reply (or, if none needs to, words) behind them, before
 * the next one. */
static void
read_lines(const struct format_input *in, bool (*fits)(struct span said), struct report *report)
{
	struct span rest = in->text, line, behind, next_behind;
	struct span address = { NULL, 0 }, next;
	const char *action = formats_action(in);

	while (rest.len > 0) {
		bool found = span_line(&rest, &line) &&
			     notice_line_address(line, &next, &next_behind) && !is_own(in, next);

		if (!found && rest.len > 0)
			continue;
		if (address.ptr != NULL) {
			const char *end = found ? line.ptr : in->text.ptr + in->text.len;
			struct span said = span_make(behind.ptr, (size_t)(end - behind.ptr));

			if (fits(said))
				formats_add(report, address, said, action);
		}
		if (found) {
			address = next;
			behind = next_behind;
			if (rest.len == 0 && fits(behind))
				formats_add(report, address, behind, action);
		}
	}
}

/* Lines of an SMTP dialogue, or of what a server made of it: "550 <someone@example.org>... no". */
static void
read_replies(const struct format_input *in, struct report *report)
{
	struct span rest = in->text, line, address;

	while (span_line(&rest, &line)) {
		struct span said = span_trim(line);

		if (span_starts(said, SPAN("<<< ")))
			said = span_from(said, 4);
		line = said;
		if (said.len > 4 && dsn_parse_code(span_make(said.ptr, 3)) >= 400 &&
		    (said.ptr[3] == ' ' || said.ptr[3] == '-') && notice_address(&line, &address) &&
		    !is_own(in, address))
			formats_add(report, address, said, formats_action(in));
	}
}

/* The one address that the text names; if there are several, nobody can tell which one it means. */
static struct span
only_address(const struct format_input *in)
{
	struct span rest = in->text, address, only = { NULL, 0 };

	while (notice_address(&rest, &address)) {
		if (is_own(in, address))
			continue;
		if (only.ptr != NULL && !span_ieq(only, address))
			return span_make(NULL, 0);
		only = address;
	}
	return only;
}

bool
formats_read_plain(const struct format_input *in, struct report *report)
{
	struct span address;

	if (!looks_returned(in))
		return false;
	read_lines(in, has_reply, report);
	if (report->count == 0)
		read_replies(in, report);
	if (report->count == 0 && !has_reply(in->text))
		read_lines(in, has_words, report);
	if (report->count == 0 && *in->verp_recipient != '\0')
		formats_add(report, span_of(in->verp_recipient), span_trim(in->text),
		    formats_action(in));
	if (report->count == 0 && (address = only_address(in)).ptr != NULL)
		formats_add(report, address, formats_said(in, address), formats_action(in));
	if (report->count == 0)
		return false;
	report->format = "plain";
	report->kind = delivery_status_kind(report);
	return true;
}
