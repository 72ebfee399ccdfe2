#include "report.h"

#include <stdio.h>
#include <string.h>

#include "addr.h"
#include "charset.h"
#include "json.h"

enum { ADDRESS_MAX = 400, HOST_MAX = 255, IDENTIFIER_MAX = 200 };

static const char *const kind_names[] = {
	[REPORT_NONE] = "none",
	[REPORT_NDR] = "ndr",
	[REPORT_DELAY] = "delay",
	[REPORT_SUCCESS] = "success",
	[REPORT_AUTO_REPLY] = "auto_reply",
	[REPORT_FEEDBACK] = "feedback",
};

void
report_init(struct report *report, struct arena *arena)
{
	*report = (struct report){
		.arena = arena,
		.format = "",
		.message_id = "",
		.campaign = "",
		.list = "",
		.account = "",
		.reporting_mta = "",
		.arrival = "",
		.feedback = { .type = "", .user_agent = "", .source_ip = "" },
	};
}

bool
report_attempt(struct report *report)
{
	return report->count < REPORT_RECIPIENTS_MAX && report->attempts++ < REPORT_ATTEMPTS_MAX;
}

struct report_recipient *
report_add(struct report *report)
{
	struct report_recipient *added;

	if (!report_attempt(report))
		return NULL;
	if (report->count == report->room) {
		size_t room = report->room == 0 ? 4 : report->room * 2;
		struct report_recipient *all = arena_alloc(report->arena, room * sizeof(*all));

		if (report->count > 0)
			memcpy(all, report->recipients, report->count * sizeof(*all));
		report->recipients = all;
		report->room = room;
	}
	added = &report->recipients[report->count++];
	*added = (struct report_recipient){
		.address = "",
		.final_address = "",
		.status = "",
		.diagnostic = "",
		.remote_mta = "",
		.action = "",
		.last_attempt = "",
		.rule = "",
	};
	return added;
}

const char *
report_line(struct arena *arena, struct span text, size_t max)
{
	/* Blanks that come to nothing do not count, but are not looked at for ever. */
	struct span utf8 = charset_to_utf8(arena, charset_cut(text, max * 16), "");
	char *line = arena_alloc(arena, (utf8.len < max + 4 ? utf8.len : max + 4) + 1);
	size_t to = 0;

	for (size_t i = 0; i < utf8.len && to < max + 4; i++) {
		unsigned char c = (unsigned char)utf8.ptr[i];

		if (c > ' ' && c != 0x7f)
			line[to++] = (char)c;
		else if (to > 0 && line[to - 1] != ' ')
			line[to++] = ' ';
	}
	to = charset_cut(span_make(line, to), max).len;
	while (to > 0 && line[to - 1] == ' ')
		to--;
	line[to] = '\0';
	return line;
}

/* What stands between the last '<' and its '>', else all of it. */
static struct span
in_brackets(struct span text)
{
	size_t open = text.len, close;

	while (open > 0 && text.ptr[open - 1] != '<')
		open--;
	if (open == 0)
		return text;
	for (close = open; close < text.len && text.ptr[close] != '>'; close++)
		;
	return span_make(text.ptr + open, close - open);
}

/* Behind an address or name type, "rfc822;". */
static struct span
without_type(struct span text)
{
	size_t i = 0;

	while (i < text.len && text.ptr[i] != ';' && text.ptr[i] != '@' && text.ptr[i] != '<' &&
	       text.ptr[i] != '"')
		i++;
	return span_trim(i < text.len && text.ptr[i] == ';' ? span_from(text, i + 1) : text);
}

static struct span
without_comment(struct span text)
{
	for (size_t i = 1; i < text.len; i++)
		if (text.ptr[i] == '(' && (text.ptr[i - 1] == ' ' || text.ptr[i - 1] == '\t'))
			return span_trim(span_make(text.ptr, i));
	return text;
}

static bool
has_at(struct span text)
{
	return text.len > 0 && memchr(text.ptr, '@', text.len) != NULL;
}

/* "mailto:u@e.org", "<rfc822;u@e.org>": the type in other clothes. */
static struct span
without_scheme(struct span address)
{
	static const struct span schemes[] = { SPAN("mailto:"), SPAN("smtp:"), SPAN("rfc822:") };

	for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++)
		if (span_istarts(address, schemes[i]))
			return span_from(address, schemes[i].len);
	return without_type(address);
}

/* A source route (RFC 5321, appendix C) goes before the address. */
static struct span
without_route(struct span address)
{
	const char *colon;

	if (address.len == 0 || address.ptr[0] != '@' ||
	    (colon = memchr(address.ptr, ':', address.len)) == NULL)
		return address;
	return span_from(address, (size_t)(colon - address.ptr) + 1);
}

const char *
report_address(struct arena *arena, struct span text)
{
	char normal[ADDR_SIZE];
	struct span address;
	const char *line;

	text = without_type(span_trim(text));
	line = report_line(arena, text, ADDRESS_MAX);
	text = span_of(line);
	address = in_brackets(text);
	if (!has_at(address) && has_at(text))
		address = text;
	address = without_scheme(without_route(span_trim(without_comment(address))));
	while (address.len > 0 && strchr(",;", address.ptr[address.len - 1]) != NULL)
		address.len--;
	while (address.len > 1 && (address.ptr[0] == '\'' || address.ptr[0] == '"') &&
	       address.ptr[address.len - 1] == address.ptr[0])
		address = span_make(address.ptr + 1, address.len - 2);
	if (has_at(address) && addr_normalise(address, normal, NULL) == 0)
		return arena_dup(arena, span_of(normal));
	/* "<user>", of a system that knows no domain but its own */
	if (!has_at(text) && text.len > 2 && text.ptr[0] == '<' && text.ptr[text.len - 1] == '>')
		return arena_dup(arena, address);
	return line;
}

/* The name or address in it, without type, brackets and comment. */
static struct span
host_name(struct span text)
{
	size_t len = 0;

	text = without_type(span_trim(text));
	while (text.len > 0 && (text.ptr[0] == '[' || text.ptr[0] == '(' || text.ptr[0] == '<' ||
				   text.ptr[0] == '"'))
		text = span_from(text, 1);
	while (len < text.len && len < HOST_MAX && text.ptr[len] > ' ' && text.ptr[len] < 0x7f &&
	       strchr("[]()<>,;\"", text.ptr[len]) == NULL)
		len++;
	return span_make(text.ptr, len);
}

const char *
report_host(struct arena *arena, struct span text)
{
	struct span name = host_name(text);
	char *host;

	while (name.len > 0 && (name.ptr[name.len - 1] == '.' || name.ptr[name.len - 1] == ':'))
		name.len--;
	host = arena_dup(arena, name);
	for (char *p = host; *p != '\0'; p++)
		if (*p >= 'A' && *p <= 'Z')
			*p += 32;
	return host;
}

bool
report_host_is_rooted(struct span text)
{
	struct span name = host_name(text);

	return name.len > 1 && name.ptr[name.len - 1] == '.' && name.ptr[name.len - 2] > '9';
}

const char *
report_identifier(struct arena *arena, struct span text)
{
	return report_line(arena, in_brackets(text), IDENTIFIER_MAX);
}

const char *
report_kind_name(enum report_kind kind)
{
	return kind_names[kind];
}

static void
recipient_json(const struct report_recipient *recipient, struct str *out)
{
	char code[8] = "", host[HOST_MAX + 2];

	if (recipient->reply_code != 0)
		snprintf(code, sizeof(code), "%u", recipient->reply_code % 1000);
	json_next(out);
	str_addc(out, '{');
	json_key_string(out, "address", recipient->address);
	json_key_string(out, "type", bounce_type_name(recipient->type));
	json_key_string(out, "reason", reason_name(recipient->reason));
	json_key_string(out, "reply_code", code);
	json_key_string(out, "status", recipient->status);
	json_key_string(out, "diagnostic", recipient->diagnostic);
	snprintf(host, sizeof(host), "%s%s", recipient->remote_mta,
	    recipient->remote_rooted ? "." : "");
	json_key_string(out, "remote_mta", host);
	json_key_string(out, "action", recipient->action);
	json_key_string(out, "rule", recipient->rule);
	json_key_string(out, "final_address", recipient->final_address);
	json_key_string(out, "last_attempt", recipient->last_attempt);
	str_addc(out, '}');
}

static void
feedback_json(const struct report_feedback *feedback, struct str *out)
{
	json_key(out, "feedback");
	str_addc(out, '{');
	json_key_string(out, "type", feedback->type);
	json_key_string(out, "user_agent", feedback->user_agent);
	json_key_string(out, "source_ip", feedback->source_ip);
	json_key_bool(out, "redacted", feedback->redacted);
	str_addc(out, '}');
}

void
report_json(const struct report *report, struct str *out)
{
	str_addc(out, '{');
	json_key_string(out, "kind", report_kind_name(report->kind));
	json_key(out, "recipients");
	str_addc(out, '[');
	for (size_t i = 0; i < report->count; i++)
		recipient_json(&report->recipients[i], out);
	str_addc(out, ']');
	json_key_string(out, "message_id", report->message_id);
	json_key_string(out, "campaign", report->campaign);
	json_key_string(out, "list", report->list);
	json_key_string(out, "account", report->account);
	json_key_string(out, "reporting_mta", report->reporting_mta);
	json_key_string(out, "arrival", report->arrival);
	json_key_string(out, "format", report->format);
	if (report->kind == REPORT_FEEDBACK)
		feedback_json(&report->feedback, out);
	str_addc(out, '}');
}
