#include "delivery_status.h"

#include <stddef.h>
#include <string.h>

#include "dsn.h"
#include "header.h"

enum { FIELD_MAX = 400, STATUS_TEXT_MIN = 16 };

/* The fields of one recipient as they stand. */
struct group {
	struct span original, final, actual;
	struct span action, status, diagnostic, remote, last_attempt, retry_until;
	bool closed; /* an empty line came after its recipient */
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
	FIELD("Remote-MTA", remote),
	FIELD("Last-Attempt-Date", last_attempt),
	FIELD("Will-Retry-Until", retry_until),
};

bool
delivery_status_is(const struct mime_part *part)
{
	struct span begin = part->body;

	if (mime_is(part, "message/delivery-status") ||
	    mime_is(part, "message/global-delivery-status") ||
	    mime_is(part, "text/delivery-status"))
		return true;
	if (part->child != NULL || mime_is_message(part) || part->depth == 0)
		return false;
	while (begin.len > 0 && (unsigned char)begin.ptr[0] <= ' ')
		begin = span_from(begin, 1);
	return span_istarts(begin, SPAN("Reporting-MTA:")) ||
	       span_istarts(begin, SPAN("Final-Recipient:"));
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

/* RFC 3461 has '+' and '=' as "+2B" and "+3D"; RFC 6533 has "\x{FC}" for U+00FC. */
static struct span
unescaped(struct arena *arena, struct span text)
{
	char *out = arena_alloc(arena, text.len + 1);
	size_t len = 0;

	for (size_t i = 0; i < text.len; i++) {
		struct span rest = span_from(text, i);
		unsigned code = 0;
		size_t k = 3;

		if (span_starts(rest, SPAN("+2B")) || span_starts(rest, SPAN("+3D"))) {
			out[len++] = rest.ptr[1] == '2' ? '+' : '=';
			i += 2;
			continue;
		}
		if (!span_starts(rest, SPAN("\\x{"))) {
			out[len++] = text.ptr[i];
			continue;
		}
		for (; k < rest.len && k < 9 &&
		       strchr("0123456789abcdefABCDEF", rest.ptr[k]) != NULL && rest.ptr[k] != '\0';
		     k++)
			code = code << 4 |
			       (unsigned)(rest.ptr[k] <= '9' ? rest.ptr[k] - '0'
							     : (rest.ptr[k] | 32) - 'a' + 10);
		/* Each takes more bytes escaped than as UTF-8. */
		if (k == 3 || k >= rest.len || rest.ptr[k] != '}' || code > 0x10ffff ||
		    code < 0x20) {
			out[len++] = text.ptr[i];
			continue;
		}
		if (code < 0x80) {
			out[len++] = (char)code;
		} else if (code < 0x800) {
			out[len++] = (char)(0xc0 | code >> 6);
			out[len++] = (char)(0x80 | (code & 0x3f));
		} else {
			if (code >= 0x10000) {
				out[len++] = (char)(0xf0 | code >> 18);
				out[len++] = (char)(0x80 | (code >> 12 & 0x3f));
			} else {
				out[len++] = (char)(0xe0 | code >> 12);
			}
			out[len++] = (char)(0x80 | (code >> 6 & 0x3f));
			out[len++] = (char)(0x80 | (code & 0x3f));
		}
		i += k;
	}
	return span_make(out, len);
}

static const char *
address(struct arena *arena, struct span text)
{
	if (text.ptr == NULL)
		return "";
	if (span_find(text, SPAN("+")) >= 0 || span_find(text, SPAN("\\x{")) >= 0)
		text = unescaped(arena, text);
	return report_address(arena, text);
}

static const char *
action_word(struct span text)
{
	static const struct {
		struct span begins;
		const char *action;
	} words[] = {
		{ SPAN("fail"), "failed" },
		{ SPAN("error"), "failed" },
		{ SPAN("expired"), "failed" },
		{ SPAN("reject"), "failed" },
		{ SPAN("bounced"), "failed" },
		{ SPAN("delay"), "delayed" },
		{ SPAN("undeliver"), "failed" },
		{ SPAN("deliver"), "delivered" },
		{ SPAN("relay"), "relayed" },
		{ SPAN("expan"), "expanded" },
	};

	text = span_trim(text);
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (span_istarts(text, words[i].begins))
			return words[i].action;
	return NULL;
}

/* Action is often missing; a status class says as much, and "4" without a word of another attempt
 * is an attempt that was given up. */
static const char *
action_of(const struct group *group, struct dsn_status status)
{
	const char *word = group->action.ptr != NULL ? action_word(group->action) : NULL;

	if (word != NULL)
		return word;
	if (status.class == 2)
		return "delivered";
	return status.class == 4 && group->retry_until.ptr != NULL ? "delayed" : "failed";
}

/* The last recipient says nothing that one before it did not. */
static bool
is_repeated(const struct report *report)
{
	const struct report_recipient *last = &report->recipients[report->count - 1];

	for (const struct report_recipient *other = report->recipients; other < last; other++)
		if (strcmp(other->address, last->address) == 0 &&
		    strcmp(other->final_address, last->final_address) == 0 &&
		    strcmp(other->action, last->action) == 0)
			return true;
	return false;
}

static void
add_recipient(const struct group *group, struct report *report)
{
	struct report_recipient *recipient = report_add(report);
	struct arena *arena = report->arena;
	struct span said = without_type(group->diagnostic);
	const char *original, *final;
	struct dsn_status status;
	char buf[DSN_STATUS_SIZE];

	if (recipient == NULL)
		return;
	original = address(arena, group->original);
	final = address(arena, group->final);
	if (strchr(final, '@') == NULL && group->actual.ptr != NULL)
		final = address(arena, group->actual);
	recipient->address = strchr(original, '@') != NULL || *final == '\0' ? original : final;
	if (strcmp(recipient->address, final) != 0)
		recipient->final_address = final;
	dsn_parse_status(span_trim(group->status), &status);
	recipient->status = arena_dup(arena, span_of(dsn_format_status(status, buf)));
	recipient->action = action_of(group, status);
	recipient->diagnostic = report_line(arena, said, REPORT_DIAGNOSTIC_MAX);
	if (group->remote.ptr != NULL)
		recipient->remote_mta = report_host(arena, group->remote);
	recipient->last_attempt = report_line(arena, group->last_attempt, FIELD_MAX);
	/* A comment behind the status may be all there is: "5.1.1 (User unknown)". */
	if (said.len == 0 && group->status.len > STATUS_TEXT_MIN) {
		said = group->status;
		recipient->diagnostic = report_line(arena, said, REPORT_DIAGNOSTIC_MAX);
	}
	delivery_status_complete(arena, recipient, said);
	if (is_repeated(report))
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

/* Whether this field opens the next recipient's group. */
static bool
is_next_group(const struct group *group, const struct span *value)
{
	if (value == &group->final)
		return group->final.ptr != NULL ||
		       (group->original.ptr != NULL && group->closed && group->status.ptr != NULL);
	if (value == &group->original)
		return group->original.ptr != NULL || (group->final.ptr != NULL && group->closed);
	return false;
}

static void
message_field(struct report *report, struct span name, struct span value)
{
	if (span_ieq(name, SPAN("Reporting-MTA")) && *report->reporting_mta == '\0')
		report->reporting_mta = report_host(report->arena, value);
	if (span_ieq(name, SPAN("Arrival-Date")) && *report->arrival == '\0')
		report->arrival = report_line(report->arena, value, FIELD_MAX);
}

static void
read_field(struct report *report, struct group *group, struct span name, struct span value)
{
	message_field(report, name, value);
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		struct span *into = member(group, &fields[i]);

		if (!span_ieq(name, span_of(fields[i].name)))
			continue;
		if (is_next_group(group, into)) {
			add_recipient(group, report);
			*group = (struct group){ .closed = false };
		}
		if (into->ptr == NULL)
			*into = value;
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

static bool
is_host(const char *host)
{
	return strchr(host, '.') != NULL || strchr(host, ':') != NULL;
}

/* "192.0.2.1 does not like recipient", "mx.example.org [192.0.2.1] did not like our RCPT TO" */
static const char *
host_before(struct arena *arena, struct span text)
{
	static const struct span words[] = { SPAN(" does not like recipient"),
		SPAN(" did not like our"), SPAN(" failed after I sent the message"),
		SPAN(" but sender was rejected"), SPAN(" but greeting failed"),
		SPAN(" but connection died") };

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		long at = span_ifind(text, words[i]);
		size_t start;
		const char *host;

		if (at < 0)
			continue;
		for (start = (size_t)at; start > 0 && text.ptr[start - 1] > ' '; start--)
			;
		if (start < text.len && text.ptr[start] == '[' && start > 1)
			for (start--; start > 0 && text.ptr[start - 1] > ' '; start--)
				;
		host = report_host(arena, span_from(text, start));
		if (is_host(host))
			return host;
	}
	return "";
}

/* "host mx.example.org[192.0.2.1] said: 550 …" and the like. */
const char *
delivery_status_host(struct arena *arena, struct span text)
{
	static const struct {
		struct span before;
		struct span behind; /* must follow within the text; "": nothing needs to */
	} forms[] = {
		{ SPAN("host "), SPAN("said:") },
		{ SPAN("host "), SPAN("refused to talk to me:") },
		{ SPAN("connect to "), SPAN(":") },
		{ SPAN("lost connection with "), SPAN("") },
		{ SPAN("conversation with "), SPAN("") },
		{ SPAN(": host "), SPAN("]: ") },
		{ SPAN("host "), SPAN("SMTP error") },
		{ SPAN("remote host "), SPAN("") },
		{ SPAN("while talking to "), SPAN("") },
		{ SPAN(" by "), SPAN("The error that the other server returned") },
	};

	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		struct span rest = text;
		long at;

		while ((at = span_ifind(rest, forms[i].before)) >= 0) {
			const char *host;

			rest = span_from(rest, (size_t)at + forms[i].before.len);
			if (forms[i].behind.len > 0 && span_ifind(rest, forms[i].behind) < 0)
				break;
			host = report_host(arena, rest);
			if (is_host(host))
				return host;
		}
	}
	return host_before(arena, text);
}

void
delivery_status_complete(struct arena *arena, struct report_recipient *recipient, struct span said)
{
	struct dsn found = dsn_find(said);
	struct dsn_status status;
	char buf[DSN_STATUS_SIZE];

	if (recipient->reply_code == 0)
		recipient->reply_code = found.code;
	dsn_parse_status(span_of(recipient->status), &status);
	if (found.status.class != 0 && !dsn_status_is_vague(found.status) &&
	    (status.class == 0 || dsn_status_is_vague(status)))
		status = found.status;
	recipient->status = arena_dup(arena, span_of(dsn_format_status(status, buf)));
	if (*recipient->remote_mta == '\0')
		recipient->remote_mta = delivery_status_host(arena, span_of(recipient->diagnostic));
}

enum report_kind
delivery_status_kind(const struct report *report)
{
	bool delayed = false;

	for (size_t i = 0; i < report->count; i++) {
		const char *action = report->recipients[i].action;

		if (*action == '\0' || strcmp(action, "failed") == 0)
			return REPORT_NDR;
		delayed = delayed || strcmp(action, "delayed") == 0;
	}
	return report->count == 0 ? REPORT_NONE : delayed ? REPORT_DELAY : REPORT_SUCCESS;
}
