#include "formats.h"

#include <string.h>

#include "dsn.h"
#include "evidence.h"
#include "header.h"
#include "notice.h"
#include "notice_words.h"
#include "outcome.h"

enum {
	SAID_MIN = 25,         /* bytes of a reason; less is the rest of a sentence */
	DELAY_MAX = 16 * 1024, /* bytes in which a notice says that it still tries */
};

/* Services first: many of them run a common server and say more than it does. */
static const struct format *const groups[] = {
	formats_google, formats_service, formats_gateway, formats_mobile, formats_exchange,
	formats_groupware, formats_systems, formats_exim, formats_qmail, formats_sendmail,
	formats_mta, formats_transcript,
	formats_japan, /* last of them: words of theirs are in localised notices of the others */
};

struct report_recipient *
formats_add(struct report *report, struct span address, struct span diagnostic, const char *action)
{
	const char *normal;
	struct report_recipient *recipient;

	if (!report_attempt(report))
		return NULL;
	normal = report_address(report->arena, address);
	for (size_t i = 0; i < report->count; i++) /* named twice, in two languages */
		if (strcmp(report->recipients[i].address, normal) == 0)
			return NULL;
	recipient = report_add(report);
	if (recipient == NULL)
		return NULL;
	recipient->address = normal;
	recipient->diagnostic = report_line(report->arena, diagnostic, REPORT_DIAGNOSTIC_MAX);
	recipient->action = action;
	outcome_complete(report->arena, recipient, diagnostic);
	return recipient;
}

static bool
read_by(const struct format *format, const struct format_input *in, struct report *report)
{
	format->read(in, report);
	if (report->count == 0)
		return false;
	if (*report->format == '\0') /* a reader of many systems names the one it was */
		report->format = format->name;
	if (report->kind == REPORT_NONE) /* a complaint has said so */
		report->kind = outcome_kind(report);
	return true;
}

static bool
read_group(const struct format *format, const struct format_input *in, struct report *report)
{
	for (; format->name != NULL; format++)
		if (format->matches(in) && read_by(format, in, report))
			return true;
	return false;
}

bool
formats_read(const struct format_input *in, struct report *report)
{
	struct evidence evidence;

	if (read_group(formats_ses, in, report)) /* programs write it to programs */
		return true;
	if (evidence_is_ordinary(in)) /* people quote notices when they ask about them */
		return false;
	for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]); i++)
		if (read_group(groups[i], in, report))
			return true;
	evidence_read(in, &evidence); /* "The following recipients" are words of anybody's */
	return evidence_is_notice(&evidence) && read_group(formats_listing, in, report);
}

bool
formats_has(const struct format_input *in, const char *const *words)
{
	return notice_has_by(&in->pairs, in->text, words);
}

long
formats_find(const struct format_input *in, const char *words)
{
	return notice_may_have(&in->pairs, words) ? span_ifind(in->text, span_of(words)) : -1;
}

bool
formats_is_daemon(const struct format_input *in)
{
	return notice_has(span_of(in->from), notice_words_daemon);
}

const char *
formats_action(const struct format_input *in)
{
	static const char *const subjects[] = { "delay", "verzöger", "retard", "retras", "ritard",
		"atrasad", "vertraag", "opóźni", "задерж", "遅延", "延迟", "延遲", "지연", NULL };
	struct span text = in->text;

	if (text.len > DELAY_MAX)
		text.len = DELAY_MAX;
	if (notice_has_by(&in->pairs, text, notice_words_delay) ||
	    notice_has(span_of(in->subject), notice_words_delay) ||
	    notice_has(span_of(in->subject), subjects))
		return "delayed";
	return "failed";
}

/* An address of a role that answers for everybody: it stands in notices as whom to ask. */
bool
formats_is_role(struct span address)
{
	return span_istarts(address, SPAN("postmaster@")) ||
	       span_istarts(address, SPAN("mailer-daemon@"));
}

/* An address of the message's own header, or of a role that answers for everybody. */
bool
formats_is_own(const struct format_input *in, struct span address)
{
	struct span rest = span_of(in->own), found;

	if (formats_is_role(address))
		return true;
	while (notice_address(&rest, &found))
		if (span_ieq(found, address))
			return true;
	return false;
}

bool
formats_is_for_questions(struct span text, struct span address)
{
	enum { BEHIND = 30 }; /* bytes behind an address that say whose it is */
	static const char *const words[] = { "contact", "assistance", "連絡", "問い合わせ",
		"問合せ", NULL };
	const char *start = address.ptr, *end = address.ptr + address.len;
	size_t left = (size_t)(text.ptr + text.len - end);

	while (start > text.ptr && start[-1] != '\n')
		start--;
	end += left < BEHIND ? left : BEHIND;
	return notice_has(span_make(start, (size_t)(end - start)), words);
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
