/* Amazon SES: events as JSON, mailed by SNS, with its envelope around them or without
 * (https://docs.aws.amazon.com/ses/latest/dg/notification-contents.html). */
#include <string.h>

#include "formats.h"
#include "json_value.h"
#include "outcome.h"

enum { FIELD_MAX = 400 };

static const struct event {
	const char *type, *object, *recipients;
	const char *action; /* RFC 3464 */
} events[] = {
	{ "Bounce", "bounce", "bouncedRecipients", "failed" },
	{ "Complaint", "complaint", "complainedRecipients", "" },
	{ "DeliveryDelay", "deliveryDelay", "delayedRecipients", "delayed" },
	{ "Delivery", "delivery", "recipients", "delivered" },
};

/* Sendmail breaks lines of more than 990 bytes with "!", a line break and a blank. */
static struct span
unbroken(struct arena *arena, struct span text)
{
	char *out, *end;

	if (span_find(text, SPAN("!\n ")) < 0 && span_find(text, SPAN("!\r\n ")) < 0)
		return text;
	out = end = arena_alloc(arena, text.len + 1);
	for (size_t i = 0; i < text.len;) {
		struct span rest = span_from(text, i);

		if (span_starts(rest, SPAN("!\n ")))
			i += 3;
		else if (span_starts(rest, SPAN("!\r\n ")))
			i += 4;
		else
			*end++ = text.ptr[i++];
	}
	return span_make(out, (size_t)(end - out));
}

static struct span
find_object(const struct format_input *in)
{
	for (const struct mime_part *part = in->root; part != NULL; part = mime_next(part)) {
		struct span text;

		if (part->child != NULL ||
		    (!mime_is(part, "text/plain") && !mime_is(part, "application/json")))
			continue;
		text = span_trim(mime_text(in->arena, part));
		if (text.len > 0 && text.ptr[0] == '{')
			return json_value(unbroken(in->arena, text));
	}
	return span_make("", 0);
}

/* The event itself: SNS puts it as a string into an object of its own. */
static struct span
find_event(const struct format_input *in)
{
	struct span object = find_object(in);
	struct span message = json_member(object, "Message");

	if (message.len > 0)
		return json_value(span_of(json_text(in->arena, message)));
	return object;
}

static bool
is_event(const struct format_input *in)
{
	/* Cheaper than reading it: the words are in every event, escaped or not. */
	static const char *const words[] = { "notificationType", "eventType", NULL };
	struct span begin = span_trim(in->text);

	return (begin.len == 0 || begin.ptr[0] == '{') &&
	       (formats_has(in, words) || mime_is(in->root, "application/json"));
}

/* A member as a report's strings are: one line, bounded. */
static const char *
line_of(struct arena *arena, struct span object, const char *name)
{
	return report_line(arena, span_of(json_member_text(arena, object, name)), FIELD_MAX);
}

static struct span
without_type(const char *code)
{
	struct span text = span_of(code);

	return span_trim(span_istarts(text, SPAN("smtp;")) ? span_from(text, 5) : text);
}

/* What an event says of all its recipients. */
struct shared {
	struct span said;
	const char *remote_mta;
};

/* Where no server said anything, the kind of event is all there is: "Permanent NoEmail". */
static struct shared
read_shared(struct arena *arena, struct span object)
{
	struct shared shared = { .said = span_of(json_member_text(arena, object, "smtpResponse")) };

	if (shared.said.len == 0)
		shared.said = span_trim(span_of(
		    arena_printf(arena, "%s %s%s", json_member_text(arena, object, "bounceType"),
			json_member_text(arena, object, "bounceSubType"),
			json_member_text(arena, object, "delayType"))));
	shared.remote_mta =
	    report_host(arena, span_of(json_member_text(arena, object, "remoteMtaIp")));
	return shared;
}

static void
add_recipient(struct report *report, const char *action, const struct shared *shared,
    struct span value)
{
	struct arena *arena = report->arena;
	bool is_object = value.len > 0 && value.ptr[0] == '{';
	const char *address =
	    is_object ? json_member_text(arena, value, "emailAddress") : json_text(arena, value);
	struct span said = without_type(json_member_text(arena, value, "diagnosticCode"));
	struct report_recipient *recipient;

	if (said.len == 0)
		said = shared->said;
	if (strchr(address, '@') == NULL)
		return;
	recipient = formats_add(report, span_of(address), said, action);
	if (recipient == NULL)
		return;
	if (is_object)
		recipient->status = json_member_text(arena, value, "status");
	outcome_complete(arena, recipient, said);
	if (*recipient->remote_mta == '\0')
		recipient->remote_mta = shared->remote_mta;
}

static void
read_mail(struct report *report, struct span mail)
{
	struct arena *arena = report->arena;
	struct span id =
	    span_of(json_member_text(arena, json_member(mail, "commonHeaders"), "messageId"));

	if (id.len == 0)
		id = span_of(json_member_text(arena, mail, "messageId"));
	if (id.len > 2 && id.ptr[0] == '<' && id.ptr[id.len - 1] == '>')
		id = span_make(id.ptr + 1, id.len - 2);
	report->message_id = report_line(arena, id, REPORT_DIAGNOSTIC_MAX);
}

static void
read_complaint(struct report *report, struct span object, struct span mail)
{
	struct arena *arena = report->arena;

	report->kind = REPORT_FEEDBACK;
	report->feedback.type = line_of(arena, object, "complaintFeedbackType");
	if (*report->feedback.type == '\0')
		report->feedback.type = "abuse";
	report->feedback.user_agent = line_of(arena, object, "userAgent");
	report->feedback.source_ip = line_of(arena, mail, "sourceIp");
}

static void
read_event(const struct format_input *in, struct report *report)
{
	struct arena *arena = in->arena;
	struct span found = find_event(in), mail = json_member(found, "mail");
	const char *type = json_member_text(arena, found, "notificationType");

	if (*type == '\0')
		type = json_member_text(arena, found, "eventType");
	for (size_t i = 0; i < sizeof(events) / sizeof(events[0]); i++) {
		struct span object = json_member(found, events[i].object), rest, value;
		struct shared shared;

		if (strcmp(type, events[i].type) != 0)
			continue;
		shared = read_shared(arena, object);
		rest = json_elements(json_member(object, events[i].recipients));
		while (json_element(&rest, &value) && report->count < REPORT_RECIPIENTS_MAX)
			add_recipient(report, events[i].action, &shared, value);
		if (report->count == 0)
			return;
		if (*events[i].action == '\0')
			read_complaint(report, object, mail);
		read_mail(report, mail);
		report->reporting_mta =
		    report_host(arena, span_of(json_member_text(arena, object, "reportingMTA")));
		report->arrival = line_of(arena, mail, "timestamp");
	}
}

const struct format formats_ses[] = {
	{ "ses", is_event, read_event },
	{ NULL, NULL, NULL },
};
