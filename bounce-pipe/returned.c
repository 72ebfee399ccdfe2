#include "returned.h"

#include <string.h>
#include <strings.h>

#include "header.h"
#include "notice.h"

enum { NAME_MAX_BYTES = 200 };

/* Feedback-ID is "campaign:account:kind:sender", as Gmail's and Orange's feedback loops have it. */
static const char *
feedback_id(struct arena *arena, const char *value, unsigned piece)
{
	size_t len;

	if (strchr(value, ':') == NULL)
		return piece == 0 ? report_line(arena, span_of(value), NAME_MAX_BYTES) : "";
	for (; piece > 0 && *value != '\0'; piece--) {
		value += strcspn(value, ":");
		value += *value == ':';
	}
	len = strcspn(value, ":");
	return report_line(arena, span_make(value, len), NAME_MAX_BYTES);
}

static const char *
first_of(struct arena *arena, struct span header, const struct conf_strings *names, unsigned piece)
{
	if (names == NULL)
		return "";
	for (size_t i = 0; i < names->count; i++) {
		const char *value = header_field(arena, header, names->items[i]);
		const char *found;

		if (value == NULL)
			continue;
		found = strcasecmp(names->items[i], "Feedback-ID") == 0
			    ? feedback_id(arena, value, piece)
			    : report_identifier(arena, span_of(value));
		if (*found != '\0')
			return found;
	}
	return "";
}

void
returned_read(struct span header, const struct ndr_options *options, struct report *report)
{
	struct arena *arena = report->arena;
	const char *id = header_field(arena, header, "Message-ID");

	if (*report->message_id == '\0' && id != NULL)
		report->message_id = report_identifier(arena, span_of(id));
	if (*report->campaign == '\0')
		report->campaign = first_of(arena, header, options->campaign_headers, 0);
	if (*report->list == '\0')
		report->list = first_of(arena, header, options->list_headers, 0);
	if (*report->account == '\0')
		report->account = first_of(arena, header, options->account_headers, 1);
}

const char *
returned_recipient(struct arena *arena, struct span header)
{
	const char *to = header_field(arena, header, "To");
	struct span rest = span_of(to), address, another;

	if (!notice_address(&rest, &address) || notice_address(&rest, &another))
		return "";
	return report_address(arena, address);
}

struct span
returned_header(struct span text)
{
	struct span rest = text, line, name, value, header, body;
	bool first = true;

	/* Behind the line that announces it, and what else stands before the first field. */
	while (rest.len > 0) {
		struct span here = rest;
		struct span one;

		if (!span_line(&rest, &line))
			break;
		one = span_make(here.ptr, (size_t)(rest.ptr - here.ptr));
		if (!first && header_next(&one, &name, &value)) {
			header_split(here, &header, &body);
			return header;
		}
		first = first && span_trim(line).len == 0;
	}
	return span_make(text.ptr, 0);
}
