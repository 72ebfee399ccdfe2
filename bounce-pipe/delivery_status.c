#include "delivery_status.h"

#include <stddef.h>
#include <string.h>

#include "dsn.h"
#include "header.h"
#include "outcome.h"
#include "xtext.h"

enum {
	FIELD_MAX = 400,
	STATUS_TEXT_MIN = 16,     /* of a Status field with words in it */
	BEGIN_MAX = 4096,         /* of a text part in which a recipient must be named */
	EMBEDDED_MAX = 64 * 1024, /* of a text in which fields are looked for */
	BEGINS_MAX = 8            /* lines of it that may be their first */
};

struct field;

/* The fields of one recipient as they stand. */
struct group {
	struct span original, final, actual;
	struct span action, status, diagnostic, supplement, remote, last_attempt, retry_until;
	const struct field *first; /* that the group began with */
	bool closed;               /* an empty line came after its recipient */
};

struct field {
	const char *name;
	size_t offset;
};

#define FIELD(name, member)                          \
	{                                            \
		name, offsetof(struct group, member) \
	}

static const struct field fields[] = {
	FIELD("Original-Recipient", original),
	FIELD("Final-Recipient", final),
	FIELD("X-Actual-Recipient", actual),
	FIELD("Action", action),
	FIELD("Status", status),
	FIELD("Diagnostic-Code", diagnostic),
	FIELD("X-Supplementary-Info", supplement), /* Exchange's Diagnostic-Code */
	FIELD("Remote-MTA", remote),
	FIELD("Last-Attempt-Date", last_attempt),
	FIELD("Will-Retry-Until", retry_until),
};

/* A field with which reports begin. */
static bool
begins_report(struct span text)
{
	static const struct span names[] = { SPAN("Reporting-MTA:"), SPAN("Final-Recipient:"),
		SPAN("Original-Recipient:"), SPAN("Original-Envelope-Id:"), SPAN("Arrival-Date:"),
		SPAN("Received-From-MTA:"), SPAN("Action:") };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (span_istarts(text, names[i]))
			return true;
	return false;
}

/* A receipt (RFC 8098) names a recipient too. */
static bool
names_recipient(struct span text)
{
	if (text.len > BEGIN_MAX)
		text.len = BEGIN_MAX;
	return (span_ifind(text, SPAN("Final-Recipient:")) >= 0 ||
		   span_ifind(text, SPAN("Original-Recipient:")) >= 0) &&
	       span_ifind(text, SPAN("\nDisposition:")) < 0;
}

bool
delivery_status_begins(struct span text)
{
	while (text.len > 0 && (unsigned char)text.ptr[0] <= ' ')
		text = span_from(text, 1);
	return begins_report(text) && names_recipient(text);
}

bool
delivery_status_is(const struct mime_part *part)
{
	if (mime_is(part, "message/delivery-status") ||
	    mime_is(part, "message/global-delivery-status") ||
	    mime_is(part, "text/delivery-status"))
		return true;
	if (part->child != NULL || mime_is_message(part) || part->depth == 0)
		return false;
	return delivery_status_begins(part->body);
}

/* Behind the groups, the header of the message that came back. */
static bool
ends_fields(struct span line)
{
	static const struct span names[] = { SPAN("Return-Path:"), SPAN("Received: "),
		SPAN("From: "), SPAN("Message-ID:"), SPAN("Subject:"), SPAN("MIME-Version:"),
		SPAN("Content-Type:") };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (span_istarts(line, names[i]))
			return true;
	return false;
}

struct span
delivery_status_in(struct span text)
{
	struct span rest, line;
	const char *start = NULL;
	size_t begins = 0;

	if (text.len > EMBEDDED_MAX)
		text.len = EMBEDDED_MAX;
	rest = text;
	while (span_line(&rest, &line)) {
		if (start == NULL && begins < BEGINS_MAX && begins_report(line) && ++begins > 0 &&
		    names_recipient(span_from(text, (size_t)(line.ptr - text.ptr))))
			start = line.ptr;
		if (start != NULL && ends_fields(line))
			return span_make(start, (size_t)(line.ptr - start));
	}
	return start == NULL ? span_make(text.ptr, 0)
			     : span_make(start, (size_t)(text.ptr + text.len - start));
}

/* "smtp; 550 no" without its type. */
static struct span
without_type(struct span text)
{
	size_t i = 0;

	text = span_trim(text);
	while (i < text.len && i < 20 &&
	       ((text.ptr[i] >= 'a' && text.ptr[i] <= 'z') ||
		   (text.ptr[i] >= 'A' && text.ptr[i] <= 'Z') || text.ptr[i] == '-' ||
		   (i > 0 && text.ptr[i] >= '0' && text.ptr[i] <= '9')))
		i++;
	while (i > 0 && i < text.len && text.ptr[i] == ' ')
		i++;
	return i > 0 && i < text.len && text.ptr[i] == ';' ? span_trim(span_from(text, i + 1))
							   : text;
}

static const char *
address(struct arena *arena, struct span text)
{
	if (text.ptr == NULL || span_ieq(text, SPAN("rfc822"))) /* a type and nothing else */
		return "";
	return report_address(arena, xtext_decode(arena, text));
}

/* A status class says as much as an action, but for 4, with which one also gives up. */
static const char *
action_of(const struct group *group, struct dsn_status status)
{
	const char *action = outcome_action(group->action);

	if (*action != '\0')
		return action;
	if (status.class == 2)
		return "delivered";
	if (status.class == 5)
		return "failed";
	return group->retry_until.ptr != NULL ? "delayed" : "";
}

/* A recipient that stands there twice, with the same fate, is one; what it said the first time
 * counts, and what only the second time said. */
static bool
join_repeated(struct report *report)
{
	const struct report_recipient *last = &report->recipients[report->count - 1];

	for (struct report_recipient *other = report->recipients; other < last; other++) {
		if (strcmp(other->address, last->address) != 0 ||
		    strcmp(other->final_address, last->final_address) != 0 ||
		    strcmp(other->action, last->action) != 0)
			continue;
		if (*other->diagnostic == '\0') {
			other->diagnostic = last->diagnostic;
			other->reply_code = last->reply_code;
			if (*other->status == '\0')
				other->status = last->status;
		}
		if (*other->remote_mta == '\0') {
			other->remote_mta = last->remote_mta;
			other->remote_rooted = last->remote_rooted;
		}
		return true;
	}
	return false;
}

static void
set_addresses(const struct group *group, struct arena *arena, struct report_recipient *recipient)
{
	const char *original = address(arena, group->original);
	const char *final = address(arena, group->final);

	if (strchr(final, '@') == NULL && group->actual.ptr != NULL)
		final = address(arena, group->actual);
	recipient->address = strchr(original, '@') != NULL || *final == '\0' ? original : final;
	if (strcmp(recipient->address, final) != 0)
		recipient->final_address = final;
}

static void
add_recipient(const struct group *group, struct report *report)
{
	struct report_recipient *recipient = report_add(report);
	struct arena *arena = report->arena;
	struct span said =
	    without_type(group->diagnostic.len > 0 ? group->diagnostic : group->supplement);
	struct dsn_status status;
	char buf[DSN_STATUS_SIZE];

	if (recipient == NULL)
		return;
	set_addresses(group, arena, recipient);
	if (dsn_parse_status(group->status, &status) != 0)
		status = dsn_find(group->status).status; /* "550 5.1.1" */
	recipient->status = arena_dup(arena, span_of(dsn_format_status(status, buf)));
	recipient->action = action_of(group, status);
	if (group->remote.ptr != NULL) {
		recipient->remote_mta = report_host(arena, group->remote);
		recipient->remote_rooted = report_host_is_rooted(group->remote);
	}
	recipient->last_attempt = report_line(arena, group->last_attempt, FIELD_MAX);
	/* A comment behind the status may be all there is: "5.1.1 (User unknown)". */
	if (said.len == 0 && group->status.len > STATUS_TEXT_MIN)
		said = group->status;
	recipient->diagnostic = report_line(arena, said, REPORT_DIAGNOSTIC_MAX);
	outcome_complete(arena, recipient, said);
	if (join_repeated(report))
		report->count--;
}

static struct span *
member(struct group *group, const struct field *field)
{
	return (struct span *)(void *)((char *)group + field->offset);
}

static bool
has_recipient(const struct group *group)
{
	return group->original.ptr != NULL || group->final.ptr != NULL;
}

/* Whether this field opens the next recipient's group: one that the group has already, behind an
 * empty line or as its first; all groups of a report are in the same order. */
static bool
is_next_group(struct group *group, const struct field *field)
{
	const struct span *value = member(group, field);

	if (!has_recipient(group))
		return false;
	if (value == &group->final)
		return group->final.ptr != NULL ||
		       (group->original.ptr != NULL && group->closed && group->status.ptr != NULL);
	if (value == &group->original)
		return group->original.ptr != NULL || (group->final.ptr != NULL && group->closed);
	return value->ptr != NULL && (group->closed || field == group->first);
}

static void
message_field(struct report *report, struct span name, struct span value)
{
	if (span_ieq(name, SPAN("Reporting-MTA")) && *report->reporting_mta == '\0')
		report->reporting_mta = report_host(report->arena, value);
	if (span_ieq(name, SPAN("Arrival-Date")) && *report->arrival == '\0')
		report->arrival = report_line(report->arena, value, FIELD_MAX);
	if ((span_ieq(name, SPAN("X-Original-Message-ID")) ||
		span_ieq(name, SPAN("Original-Message-ID"))) &&
	    *report->message_id == '\0')
		report->message_id = report_identifier(report->arena, value);
}

/* Without lines that nobody folded: only a reply goes on with them. */
static struct span
folded(struct span value)
{
	for (size_t i = 0; i + 1 < value.len; i++)
		if (value.ptr[i] == '\n' && value.ptr[i + 1] != ' ' && value.ptr[i + 1] != '\t')
			return span_trim(span_make(value.ptr, i));
	return value;
}

static void
read_field(struct report *report, struct group *group, struct span name, struct span value)
{
	message_field(report, name, folded(value));
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		struct span *into = member(group, &fields[i]);

		if (!span_ieq(name, span_of(fields[i].name)))
			continue;
		if (is_next_group(group, &fields[i])) {
			add_recipient(group, report);
			*group = (struct group){ .closed = false };
		}
		if (group->first == NULL)
			group->first = &fields[i];
		if (into->ptr == NULL)
			*into = into == &group->diagnostic ? value : folded(value);
	}
}

/* The lines up to the next empty one. */
static bool
next_block(struct span *rest, struct span *block)
{
	struct span line;

	*block = span_make(rest->ptr, 0);
	while (span_line(rest, &line)) {
		if (span_trim(line).len == 0)
			return true;
		block->len = (size_t)(line.ptr + line.len - block->ptr);
	}
	return block->len > 0;
}

void
delivery_status_read(struct span text, struct report *report)
{
	struct group group = { .closed = false };
	struct span block, name, value;

	while (next_block(&text, &block)) {
		while (header_next(&block, &name, &value))
			read_field(report, &group, name, value);
		group.closed = has_recipient(&group);
	}
	if (has_recipient(&group) || (report->count == 0 && group.action.ptr != NULL))
		add_recipient(&group, report);
}
