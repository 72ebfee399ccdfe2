#include "plain.h"

#include <string.h>

#include "delivery_status.h"
#include "dsn.h"
#include "evidence.h"
#include "header.h"
#include "notice.h"
#include "notice_words.h"
#include "outcome.h"
#include "returned.h"

enum {
	LABEL_MAX = 200, /* bytes before an address on its line */
	LINES_MAX = 2000,
	REASON_MAX = 2000,
	FIELD_RECIPIENTS_MAX = 100,
};

static bool
has_words(struct span said)
{
	return span_trim(said).len >= 8;
}

/* What a pass over the text may take: the sender's own addresses are in most notices without having
 * failed, and sometimes they have. */
struct pass {
	bool (*fits)(struct span said);
	bool own;
};

static bool
may_take(const struct format_input *in, const struct pass *pass, struct span address)
{
	return pass->own ? !formats_is_role(address) : !formats_is_own(in, address);
}

/* Recipients that begin a line and have a reply (or, if none needs to, words) behind them, before
 * the next one. */
static void
read_lines(const struct format_input *in, const struct pass *pass, struct report *report)
{
	struct span rest = in->text, line, behind = { "", 0 }, next_behind;
	struct span address = { NULL, 0 }, next;
	const char *action = formats_action(in);

	while (rest.len > 0) {
		bool found = span_line(&rest, &line) &&
			     notice_line_address(line, &next, &next_behind) &&
			     may_take(in, pass, next);

		if (!found && rest.len > 0)
			continue;
		if (address.ptr != NULL) {
			const char *end = found ? line.ptr : in->text.ptr + in->text.len;
			struct span said = span_make(behind.ptr, (size_t)(end - behind.ptr));

			if (pass->fits(said))
				formats_add(report, address, said, action);
		}
		if (found) {
			address = next;
			behind = next_behind;
			if (rest.len == 0 && pass->fits(behind))
				formats_add(report, address, behind, action);
		}
	}
}

/* Lines of an SMTP dialogue, or of what a server made of it: "550 <someone@example.org>... no". */
static void
read_replies(const struct format_input *in, struct report *report)
{
	struct span rest = in->text, line, address;
	const char *action = formats_action(in);

	while (span_line(&rest, &line)) {
		struct span said = span_trim(line);

		if (span_starts(said, SPAN("<<< ")))
			said = span_from(said, 4);
		line = said;
		if (said.len > 4 && dsn_parse_code(span_make(said.ptr, 3)) >= 400 &&
		    (said.ptr[3] == ' ' || said.ptr[3] == '-') && notice_address(&line, &address) &&
		    !formats_is_own(in, address))
			formats_add(report, address, said, action);
	}
}

/* The paragraph of the text that tells why, whoever it is about: the first with a reply of a
 * server, else the first that says that something failed and what follows it. */
static struct span
reason(const struct format_input *in)
{
	struct span rest = in->text, line;
	const char *start = NULL;

	for (unsigned i = 0; i < LINES_MAX && span_line(&rest, &line); i++)
		if (formats_has_reply(line)) {
			start = line.ptr;
			break;
		} else if (start == NULL && notice_has(line, notice_words_failure)) {
			start = line.ptr;
		}
	if (start == NULL)
		start = in->text.ptr;
	rest = span_from(in->text, (size_t)(start - in->text.ptr));
	return span_trim(span_make(rest.ptr, rest.len < REASON_MAX ? rest.len : REASON_MAX));
}

static void
add_with_reason(const struct format_input *in, struct span address, struct report *report)
{
	struct span said = formats_said(in, address);

	formats_add(report, address, has_words(said) ? said : reason(in), formats_action(in));
}

/* Up to the line that names the next address. */
static struct span
until_address(struct span said)
{
	struct span rest = said, line, here, address;

	while (span_line(&rest, &line)) {
		here = line;
		if (line.ptr != said.ptr && notice_address(&here, &address))
			return span_trim(span_make(said.ptr, (size_t)(line.ptr - said.ptr)));
	}
	return said;
}

/* What stands behind this occurrence of an address, else what the text says of all. */
static struct span
said_behind(const struct format_input *in, struct span address, struct span otherwise)
{
	struct span rest = span_from(in->text, (size_t)(address.ptr - in->text.ptr)), said;

	rest.len = rest.len < REASON_MAX ? rest.len : REASON_MAX;
	said = until_address(notice_about(rest, arena_dup(in->arena, address)));
	return formats_has_reply(said) || !formats_has_reply(otherwise) ? said : otherwise;
}

static bool
is_label(struct span words)
{
	return words.len < LABEL_MAX && (notice_has(words, notice_words_recipient) ||
					    notice_has(words, notice_words_failure));
}

/* "Recipient: a@example.org", "Your message to a@example.org …", and lists of bare addresses below
 * such words. */
static void
read_labels(const struct format_input *in, struct report *report)
{
	struct span rest = in->text, line, address, behind, why = reason(in);
	const char *action = formats_action(in);
	bool listing = false;

	for (unsigned i = 0; i < LINES_MAX && span_line(&rest, &line); i++) {
		struct span here = line;
		bool named;

		if (span_trim(line).len == 0)
			continue;
		if (!notice_address(&here, &address)) {
			listing = is_label(line);
			continue;
		}
		named = is_label(span_make(line.ptr, (size_t)(address.ptr - line.ptr))) ||
			(listing && notice_line_address(line, &address, &behind));
		if (named && !formats_is_own(in, address) &&
		    !formats_is_for_questions(in->text, address)) {
			struct span said = said_behind(in, address, why);

			formats_add(report, address, has_words(said) ? said : why, action);
		}
	}
}

/* The one address that a text names; if there are several, nobody can tell which one it means. Whom
 * to ask is no second one, and counts only if asked for. */
static struct span
only_address(const struct format_input *in, struct span text, bool to_ask)
{
	struct span rest = text, address, only = { NULL, 0 };

	while (notice_address(&rest, &address)) {
		if (formats_is_own(in, address) ||
		    (!to_ask && formats_is_for_questions(text, address)))
			continue;
		if (only.ptr != NULL && !span_ieq(only, address))
			return span_make(NULL, 0);
		only = address;
	}
	return only;
}

/* The message that came back, as a part of its own. */
static struct span
returned_part(const struct format_input *in)
{
	for (const struct mime_part *part = in->root; part != NULL; part = mime_next(part))
		if (mime_is_message(part))
			return mime_bytes(in->arena, part);
	return span_make("", 0);
}

/* The same as text below the notice, with a line of a mailbox file before it or not. */
static struct span
returned_text(const struct format_input *in)
{
	struct span text = mime_bytes(in->arena, in->root), line;

	text = span_from(text, notice_returned(text));
	for (struct span rest = text; span_line(&rest, &line); text = rest)
		if (span_trim(line).len > 0 && line.ptr[0] != '-' &&
		    !span_starts(line, SPAN("From ")))
			break;
	return text;
}

/* A gateway's own words around the report of another system: that report is what came back. */
static void
read_inner(const struct format_input *in, struct span message, struct report *report)
{
	const struct mime_part *part = mime_parse(in->arena, message);

	for (; part != NULL && report->count == 0; part = mime_next(part))
		if (delivery_status_is(part))
			delivery_status_read(mime_text(in->arena, part), report);
}

/* "for <recipient>", which the last server wrote into its Received field, or To. A list's mail has
 * the list in its To. */
static struct span
sent_to(const struct format_input *in, struct span message)
{
	static const char *const lists[] = { "List-Id", "List-Post", "List-Unsubscribe",
		"X-BeenThere", "Mailing-List", NULL };
	struct span header, body, received, address;
	long at;

	header_split(message, &header, &body);
	received = header_raw(header, "Received");
	at = span_ifind(received, SPAN("for <"));
	if (at >= 0) {
		received = span_from(received, (size_t)at);
		if (notice_address(&received, &address) && !formats_is_own(in, address))
			return address;
	}
	for (size_t i = 0; lists[i] != NULL; i++)
		if (header_raw(header, lists[i]).ptr != NULL)
			return span_make(NULL, 0);
	address = span_of(returned_recipient(in->arena, header));
	if (address.len == 0 || formats_is_own(in, address))
		return span_make(NULL, 0);
	return address;
}

/* X-Failed-Recipients: exactly that. */
static void
read_failed_field(const struct format_input *in, struct report *report)
{
	struct span failed = header_raw(in->root->header, "X-Failed-Recipients"), address;

	while (report->count < FIELD_RECIPIENTS_MAX && notice_address(&failed, &address))
		add_with_reason(in, address, report);
}

/* Recipients that the notice names, the surest way first. */
static void
read_named(const struct format_input *in, struct report *report)
{
	static const struct pass with_reply = { formats_has_reply, false };
	static const struct pass with_words = { has_words, false };
	struct span address;

	read_failed_field(in, report);
	if (report->count == 0)
		read_lines(in, &with_reply, report);
	if (report->count == 0)
		read_replies(in, report);
	if (report->count == 0 && !formats_has_reply(in->text))
		read_lines(in, &with_words, report);
	if (report->count == 0 && *in->verp_recipient != '\0')
		formats_add(report, span_of(in->verp_recipient), reason(in), formats_action(in));
	if (report->count == 0 && (address = only_address(in, in->text, false)).ptr != NULL)
		add_with_reason(in, address, report);
	if (report->count == 0)
		read_labels(in, report);
	if (report->count == 0 &&
	    (address = only_address(in, span_of(in->subject), true)).ptr != NULL)
		formats_add(report, address, reason(in), formats_action(in));
}

/* What else tells who it was for, when the notice does not. */
static void
read_unnamed(const struct format_input *in, const struct evidence *evidence, struct report *report)
{
	static const struct pass own = { formats_has_reply, true };
	struct span message = returned_part(in), address;

	read_inner(in, message, report);
	if (report->count == 0 && message.len == 0)
		read_inner(in, returned_text(in), report);
	if (report->count == 0 && (address = sent_to(in, message)).ptr != NULL)
		formats_add(report, address, reason(in), formats_action(in));
	if (report->count == 0 && (address = only_address(in, in->text, true)).ptr != NULL)
		add_with_reason(in, address, report);
	if (report->count == 0 && evidence->phrase) /* somebody wrote to himself */
		read_lines(in, &own, report);
}

bool
plain_read(const struct format_input *in, struct report *report)
{
	struct evidence evidence;

	evidence_read(in, &evidence);
	if (!evidence_is_notice(&evidence))
		return false;
	read_named(in, report);
	if (report->count == 0)
		read_unnamed(in, &evidence, report);
	if (report->count == 0 && !evidence_is_clear(&evidence))
		return false;
	report->format = "plain";
	report->kind = report->count > 0                            ? outcome_kind(report)
		       : strcmp(formats_action(in), "delayed") == 0 ? REPORT_DELAY
								    : REPORT_NDR;
	return true;
}
