#include "plain.h"

#include <string.h>

#include "delivery_status.h"
#include "dsn.h"
#include "header.h"
#include "notice.h"

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

static bool
has_words(struct span said)
{
	return span_trim(said).len >= 8;
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
			     notice_line_address(line, &next, &next_behind) &&
			     !formats_is_own(in, next);

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
		    !formats_is_own(in, address))
			formats_add(report, address, said, formats_action(in));
	}
}

/* The one address that the text names; if there are several, nobody can tell which one it means. */
static struct span
only_address(const struct format_input *in)
{
	struct span rest = in->text, address, only = { NULL, 0 };

	while (notice_address(&rest, &address)) {
		if (formats_is_own(in, address))
			continue;
		if (only.ptr != NULL && !span_ieq(only, address))
			return span_make(NULL, 0);
		only = address;
	}
	return only;
}

bool
plain_read(const struct format_input *in, struct report *report)
{
	struct span address;

	if (!looks_returned(in))
		return false;
	read_lines(in, formats_has_reply, report);
	if (report->count == 0)
		read_replies(in, report);
	if (report->count == 0 && !formats_has_reply(in->text))
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
