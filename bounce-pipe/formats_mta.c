/* Notices of mail servers that people run: Postfix, the Messaging Server, mailing-list managers. */
#include <string.h>

#include "delivery_status.h"
#include "formats.h"
#include "header.h"
#include "listing.h"
#include "notice.h"

/* Its name is a setting, and its words a template; the frame of a recipient is neither. */
static bool
is_postfix(const struct format_input *in)
{
	static const char *const words[] = { "this is the postfix ",
		"this is the mail system at host", " program at host ",
		"to inform you that the message returned below could not be delivered",
		"inform you that your message could not", "(expanded from <", NULL };

	return formats_has(in, words);
}

/* "<final> (expanded from <as the sender knows it>): host … said: …" */
static void
add_postfix(struct span address, struct span behind, const char *action, struct report *report)
{
	long end = span_starts(behind, SPAN("(expanded from")) ? span_find(behind, SPAN("):")) : -1;
	struct span rest = behind, sender;
	struct report_recipient *added;

	if (end < 0 || !notice_address(&rest, &sender) || sender.ptr > behind.ptr + end) {
		formats_add(report, address, behind, action);
		return;
	}
	added = formats_add(report, sender, span_from(behind, (size_t)end + 2), action);
	if (added != NULL)
		added->final_address = report_address(report->arena, address);
}

/* A line "<a@b.example>: …"; further ones of it are indented, and may have addresses, too. */
static bool
is_postfix_entry(struct span line, struct span *address, struct span *behind)
{
	struct span next;

	if (line.len == 0 || line.ptr[0] != '<' || !notice_line_address(line, address, behind))
		return false;
	next = span_from(line, (size_t)(address->ptr + address->len - line.ptr));
	return span_starts(next, SPAN(">:")) || span_starts(next, SPAN("> (expanded from"));
}

static void
read_postfix(const struct format_input *in, struct report *report)
{
	const char *action = formats_action(in);
	struct span rest = in->text, line, address = { NULL, 0 }, next, behind, said = { "", 0 };

	for (;;) {
		bool more = span_line(&rest, &line);
		bool begins = more && is_postfix_entry(line, &next, &behind);

		if (address.ptr != NULL && (!more || begins || span_trim(line).len == 0)) {
			if (span_trim(said).len > 0)
				add_postfix(address, said, action, report);
			address.ptr = NULL;
		}
		if (!more)
			return;
		if (begins) {
			address = next;
			said = behind;
		} else if (address.ptr != NULL) {
			said.len = (size_t)(line.ptr + line.len - said.ptr);
		}
	}
}

/* PMDF, and what Sun, iPlanet and Oracle made of it. */
static bool
is_messaging_server(const struct format_input *in)
{
	static const char *const words[] = {
		"message cannot be delivered to the following recipient", "undeliverable for",
		"recipient address:", NULL
	};

	return span_ifind(in->text, SPAN("recipient address:")) >= 0 && formats_has(in, words);
}

/* The fields of a recipient, as they stand; a value may go on, indented, on the next line. */
struct fields {
	struct span recipient, original, reason, diagnostic, remote;
};

static bool
take_field(struct span line, struct span name, struct span *value)
{
	line = span_trim(line);
	if (!span_istarts(line, name))
		return false;
	*value = span_trim(span_from(line, name.len));
	return true;
}

static void
add_fields(const struct format_input *in, const struct fields *fields, const char *action,
    struct report *report)
{
	struct span rest = fields->original.len > 0 ? fields->original : fields->recipient;
	struct span said = fields->diagnostic, address;
	struct report_recipient *added;

	if (!notice_address(&rest, &address))
		return;
	if (said.len == 0)
		said = fields->reason;
	else if (fields->reason.len > 0 && !formats_has_reply(said))
		said = span_of(arena_printf(in->arena, "%.*s: %.*s", (int)fields->reason.len,
		    fields->reason.ptr, (int)said.len, said.ptr));
	if (span_istarts(said, SPAN("smtp;")))
		said = span_trim(span_from(said, 5));
	added = formats_add(report, address, said, action);
	if (added == NULL)
		return;
	if (fields->remote.len > 0 && *added->remote_mta == '\0')
		added->remote_mta = report_host(report->arena, fields->remote);
	if (fields->original.len > 0)
		added->final_address = report_address(report->arena, fields->recipient);
}

static void
read_messaging_server(const struct format_input *in, struct report *report)
{
	const char *action = formats_action(in);
	struct span rest = in->text, line, *last = NULL, value;
	struct fields fields = { .recipient = { NULL, 0 } };

	while (span_line(&rest, &line)) {
		struct span *into = NULL;

		if (take_field(line, SPAN("Recipient address:"), &value)) {
			add_fields(in, &fields, action, report);
			fields = (struct fields){ .recipient = { NULL, 0 } };
			into = &fields.recipient;
		} else if (take_field(line, SPAN("Original address:"), &value)) {
			into = &fields.original;
		} else if (take_field(line, SPAN("Reason:"), &value)) {
			into = &fields.reason;
		} else if (take_field(line, SPAN("Diagnostic code:"), &value)) {
			into = &fields.diagnostic;
		} else if (take_field(line, SPAN("Remote system:"), &value)) {
			into = &fields.remote;
		} else if (last != NULL && last->len > 0 && span_trim(line).len > 0 &&
			   span_find(line, SPAN(": ")) < 0) {
			last->len = (size_t)(line.ptr + line.len - last->ptr);
			continue;
		}
		if (into != NULL)
			*into = value;
		last = into;
	}
	add_fields(in, &fields, action, report);
}

/* fml, a mailing-list manager, says of which list it did not take a message. Posts that it passes on
 * keep their own Message-ID. */
static bool
is_fml(const struct format_input *in)
{
	return span_find(header_raw(in->root->header, "Message-Id"), SPAN(".FML")) >= 0;
}

static void
read_fml(const struct format_input *in, struct report *report)
{
	static const char *const words[] = { "not a member", "are not member", "NOT MEMBER",
		"member only", "reject", "Duplicated Message-ID", "Loop ", "Security Alert", "Spam",
		"too big", "cannot post", NULL };
	struct span rest = in->text, line, address;

	if (!notice_has(span_of(in->subject), words) && !formats_has(in, words))
		return;
	while (span_line(&rest, &line)) {
		struct span said = line;
		long at = span_find(line, SPAN("<"));

		if (at < 0)
			continue;
		line = span_from(line, (size_t)at);
		if (notice_line_address(line, &address, &line) && !formats_is_own(in, address)) {
			formats_add(report, address, said, "failed");
			return;
		}
	}
}

static bool
is_list_manager(const struct format_input *in)
{
	static const char *const words[] = { "not allowed to post to this mailing list",
		"has been rejected by the list moderator", "message rejected by filter rule match",
		"mailing-list was rejected", "posting to this list has been rejected",
		"only members may post", "not authorized to send mail to the", NULL };

	return formats_has(in, words);
}

/* It writes as list-owner@ and the like of the list that it did not let a message on. */
static void
read_list_manager(const struct format_input *in, struct report *report)
{
	static const struct span roles[] = { SPAN("-owner@"), SPAN("-bounces@"), SPAN("-admin@"),
		SPAN("-request@") };
	struct span rest = span_of(in->from), from;

	if (!notice_address(&rest, &from))
		return;
	for (size_t i = 0; i < sizeof(roles) / sizeof(roles[0]); i++) {
		long at = span_ifind(from, roles[i]);
		const char *domain;

		if (at <= 0)
			continue;
		domain = from.ptr + at + roles[i].len;
		formats_add(report,
		    span_of(arena_printf(in->arena, "%.*s@%.*s", (int)at, from.ptr,
			(int)(from.ptr + from.len - domain), domain)),
		    listing_said(in->text), "failed");
		return;
	}
}

/* Another system in between took over the notice and wrapped it up: it has the recipients inside,
 * and none outside. Only a notice of a mail system itself, right inside, is read. */
static const struct mime_part *
wrapped_message(const struct format_input *in)
{
	for (const struct mime_part *part = in->root; part != NULL; part = mime_next(part))
		if (mime_is(part, "message/rfc822"))
			return part;
	return NULL;
}

static bool
is_wrapped(const struct format_input *in)
{
	static const char *const words[] = { "delivery errors -----", "had permanent fatal errors",
		NULL };

	return formats_is_daemon(in) && formats_has(in, words) && wrapped_message(in) != NULL;
}

static void
read_wrapped(const struct format_input *in, struct report *report)
{
	struct span bytes = mime_bytes(in->arena, wrapped_message(in));
	const struct mime_part *root = mime_parse(in->arena, bytes);
	const char *type = header_field(in->arena, root->header, "Content-Type");
	static const char *const kinds[] = { "delivery-status", NULL };

	if (type == NULL || !notice_has(span_of(type), kinds))
		return;
	for (const struct mime_part *part = root; part != NULL; part = mime_next(part))
		if (delivery_status_is(part))
			delivery_status_read(mime_text(in->arena, part), report);
}

const struct format formats_mta[] = {
	{ "messagingserver", is_messaging_server, read_messaging_server },
	{ "postfix", is_postfix, read_postfix },
	{ "fml", is_fml, read_fml },
	{ "list-manager", is_list_manager, read_list_manager },
	{ "wrapped", is_wrapped, read_wrapped },
	{ NULL, NULL, NULL },
};
