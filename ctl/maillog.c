#include "maillog.h"

#include "date.h"

enum { ID_MIN = 5, ID_MAX = 32 };

/* What stands between `before` and the next `after`; ptr NULL: it is not there. */
static struct span
between(struct span line, struct span before, struct span after)
{
	long at = span_find(line, before);
	struct span rest;
	long end;

	if (at < 0)
		return (struct span){ NULL, 0 };
	rest = span_from(line, (size_t)at + before.len);
	end = span_find(rest, after);
	return end < 0 ? (struct span){ NULL, 0 } : span_make(rest.ptr, (size_t)end);
}

/* "mx.example.org[192.0.2.1]:25"; none for a socket, a pipe or this host itself. */
static bool
is_remote(struct span relay)
{
	struct span address = between(relay, SPAN("["), SPAN("]"));

	if (address.ptr == NULL || span_find(address, SPAN("/")) >= 0)
		return false;
	return !span_starts(address, SPAN("127.")) && !span_eq(address, SPAN("::1")) &&
	       !span_istarts(address, SPAN("::ffff:127."));
}

/* -- what programs say of a message, behind its queue ID ---------------------------------------- */

static enum maillog_kind
read_smtp(struct span said, struct span *text)
{
	/* The first of each: what the other host said stands behind them. */
	if (!span_starts(said, SPAN("to=<")) ||
	    !span_eq(between(said, SPAN(", status="), SPAN(" (")), SPAN("sent")) ||
	    !span_starts(between(said, SPAN(", dsn="), SPAN(", ")), SPAN("2.")) ||
	    !is_remote(between(said, SPAN(", relay="), SPAN(", "))))
		return MAILLOG_OTHER;
	*text = between(said, SPAN("to=<"), SPAN(">, "));
	return text->len > 0 ? MAILLOG_DELIVERED : MAILLOG_OTHER;
}

static enum maillog_kind
read_qmgr(struct span said, struct span *text)
{
	if (span_eq(said, SPAN("removed")))
		return MAILLOG_REMOVED;
	if (!span_starts(said, SPAN("from=<")))
		return MAILLOG_OTHER;
	*text = between(said, SPAN("from=<"), SPAN(">, size="));
	return text->ptr != NULL ? MAILLOG_SENDER : MAILLOG_OTHER;
}

static enum maillog_kind
read_smtpd(struct span said, struct span *text)
{
	static const struct span before = { ", sasl_username=", sizeof(", sasl_username=") - 1 };
	long at = span_find(said, before), end;

	if (!span_starts(said, SPAN("client=")))
		return MAILLOG_OTHER;
	if (at < 0)
		return MAILLOG_CLIENT;
	*text = span_from(said, (size_t)at + before.len);
	end = span_find(*text, SPAN(", "));
	if (end >= 0)
		text->len = (size_t)end;
	return MAILLOG_CLIENT;
}

static const struct program {
	const char *name;
	enum maillog_kind (*read)(struct span said, struct span *text);
} programs[] = {
	{ "smtp", read_smtp },
	{ "qmgr", read_qmgr },
	{ "smtpd", read_smtpd },
};

/* -- a line ------------------------------------------------------------------------------------- */

/* "mta1 postfix/submission/smtpd[123]" -> smtpd; NULL: another one. */
static const struct program *
find_program(struct span head)
{
	size_t name, end = head.len;

	while (end > 0 && head.ptr[end - 1] != '[')
		end--;
	if (end == 0)
		return NULL;
	for (name = --end; name > 0 && head.ptr[name - 1] != '/' && head.ptr[name - 1] != ' ';)
		name--;
	for (size_t i = 0; name > 0 && i < sizeof(programs) / sizeof(programs[0]); i++)
		if (head.ptr[name - 1] == '/' &&
		    span_eq(span_make(head.ptr + name, end - name), span_of(programs[i].name)))
			return &programs[i];
	return NULL;
}

static bool
is_id(struct span text)
{
	for (size_t i = 0; i < text.len; i++)
		if (!((text.ptr[i] >= '0' && text.ptr[i] <= '9') ||
			((text.ptr[i] | 0x20) >= 'a' && (text.ptr[i] | 0x20) <= 'z')))
			return false;
	return text.len >= ID_MIN && text.len <= ID_MAX;
}

static void
read_head(struct span line, int64_t now_s, struct maillog_line *out)
{
	struct span rest;
	long blank;

	out->at_s = date_parse_log(line, now_s, &rest);
	blank = span_find(rest, SPAN(" "));
	if (out->at_s >= 0 && blank > 0)
		out->host = span_make(rest.ptr, (size_t)blank);
}

enum maillog_kind
maillog_read(struct span line, int64_t now_s, struct maillog_line *out)
{
	const struct program *program = NULL;
	long end = span_find(line, SPAN("]: "));
	enum maillog_kind kind;
	struct span said;

	*out = (struct maillog_line){ .at_s = -1, .host = SPAN(""), .text = SPAN("") };
	if (end > 0)
		program = find_program(span_make(line.ptr, (size_t)end));
	if (program == NULL)
		return MAILLOG_OTHER;
	said = span_trim(span_from(line, (size_t)end + 3));
	end = span_find(said, SPAN(": "));
	if (end < 0)
		return MAILLOG_OTHER;
	out->id = span_make(said.ptr, (size_t)end);
	kind = program->read(span_from(said, (size_t)end + 2), &out->text);
	if (kind == MAILLOG_OTHER || (kind != MAILLOG_DELIVERED && !is_id(out->id)))
		return MAILLOG_OTHER;
	read_head(line, now_s, out);
	return kind;
}
