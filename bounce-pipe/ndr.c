#include "ndr.h"

#include <string.h>

#include "auto_reply.h"
#include "delivery_status.h"
#include "dsn.h"
#include "feedback.h"
#include "formats.h"
#include "header.h"
#include "mime.h"
#include "notice.h"
#include "returned.h"

enum {
	OWN_MAX = 1000,      /* bytes of an address field that are looked at */
	HOST_MAX = 8 * 1024, /* of a text in which the remote host is looked for */
};

static const char *
decoded(struct arena *arena, struct span header, const char *name)
{
	const char *value = header_field(arena, header, name);

	return value != NULL ? value : "";
}

/* The first part that fits, outside of messages in the message. */
static const struct mime_part *
find_part(const struct mime_part *root, bool (*fits)(const struct mime_part *))
{
	for (const struct mime_part *part = root; part != NULL; part = mime_next(part))
		if (fits(part))
			return part;
	return NULL;
}

static bool
read_feedback(const struct format_input *in, struct report *report)
{
	const struct mime_part *part = find_part(in->root, feedback_is);

	if (part == NULL)
		return false;
	feedback_read(mime_text(in->arena, part), report);
	report->format = "rfc5965";
	for (size_t i = 0; i < report->count; i++)
		report->recipients[i].diagnostic =
		    report_line(in->arena, in->text, REPORT_DIAGNOSTIC_MAX);
	return true;
}

/* Systems that put the reply into the text only, or say more there. */
static void
complete_from_notice(const struct format_input *in, struct report_recipient *recipient, bool alone)
{
	struct span about;

	if (recipient->reply_code != 0 || strlen(recipient->diagnostic) > 20)
		return;
	about = notice_about(in->text, recipient->address);
	if (about.len == 0 && *recipient->final_address != '\0')
		about = notice_about(in->text, recipient->final_address);
	if (alone)
		about = formats_said(in, span_of(recipient->address));
	if (about.len == 0)
		return;
	recipient->diagnostic = report_line(in->arena, about, REPORT_DIAGNOSTIC_MAX);
	delivery_status_complete(in->arena, recipient, about);
}

static bool
read_delivery_status(const struct format_input *in, struct report *report)
{
	for (const struct mime_part *part = in->root; part != NULL; part = mime_next(part))
		if (delivery_status_is(part))
			delivery_status_read(mime_text(in->arena, part), report);
	if (report->count == 0)
		return false;
	for (size_t i = 0; i < report->count; i++) {
		struct report_recipient *recipient = &report->recipients[i];

		if (*recipient->address == '\0')
			recipient->address = in->verp_recipient;
		complete_from_notice(in, recipient, report->count == 1);
	}
	report->kind = delivery_status_kind(report);
	report->format = "rfc3464";
	return true;
}

/* With one recipient only, whatever host the text names is its. */
static void
complete_host(const struct format_input *in, struct report *report)
{
	struct report_recipient *recipient = report->recipients;

	if (report->count == 1 && *recipient->remote_mta == '\0')
		recipient->remote_mta = delivery_status_host(in->arena,
		    span_make(in->text.ptr, in->text.len < HOST_MAX ? in->text.len : HOST_MAX));
}

static void
find_returned(
    const struct format_input *in, const struct ndr_options *options, struct report *report)
{
	const struct mime_part *part = find_part(in->root, mime_is_message);
	struct span header, body;

	if (part != NULL) {
		header_split(mime_bytes(in->arena, part), &header, &body);
	} else {
		struct span text = mime_bytes(in->arena, in->root);

		header = returned_header(span_from(text, notice_returned(text)));
	}
	returned_read(header, options, report);
}

void
ndr_read(struct arena *arena, struct span message, const struct ndr_options *options,
    struct report *report)
{
	struct format_input in = {
		.arena = arena,
		.root = mime_parse(arena, message),
		.verp_recipient = options->verp_recipient != NULL ? options->verp_recipient : "",
	};

	report_init(report, arena);
	report->header = in.root->header;
	in.subject = decoded(arena, in.root->header, "Subject");
	in.from = decoded(arena, in.root->header, "From");
	in.own = arena_printf(arena, "%.*s %.*s %s", OWN_MAX, decoded(arena, in.root->header, "To"),
	    OWN_MAX, decoded(arena, in.root->header, "Reply-To"), in.from);
	in.text = notice_text(arena, in.root);
	if (read_feedback(&in, report) || read_delivery_status(&in, report) ||
	    formats_read(&in, report)) {
		complete_host(&in, report);
		find_returned(&in, options, report);
	} else if (auto_reply_is(&in)) {
		auto_reply_read(&in, report);
	} else if (formats_read_plain(&in, report)) {
		complete_host(&in, report);
		find_returned(&in, options, report);
	}
}
