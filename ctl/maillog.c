#include "maillog.h"

#include "date.h"

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

/* "mta1 postfix/smtp[123]: 4F2: ", by smtp(8), whatever its syslog_name. */
static bool
is_smtp(struct span line)
{
	long to = span_find(line, SPAN(": to=<"));

	if (to < 0)
		return false;
	line.len = (size_t)to;
	return span_find(line, SPAN("/smtp[")) >= 0;
}

bool
maillog_read(struct span line, int64_t now_s, struct maillog_delivery *delivery)
{
	struct span rest;

	/* The first of each: what the other host said stands behind them. */
	if (!is_smtp(line) ||
	    !span_eq(between(line, SPAN(", status="), SPAN(" (")), SPAN("sent")) ||
	    !span_starts(between(line, SPAN(", dsn="), SPAN(", ")), SPAN("2.")) ||
	    !is_remote(between(line, SPAN(", relay="), SPAN(", "))))
		return false;
	delivery->recipient = between(line, SPAN(": to=<"), SPAN(">, "));
	delivery->at_s = date_parse_log(line, now_s, &rest);
	if (delivery->at_s < 0)
		delivery->at_s = now_s;
	return delivery->recipient.len > 0;
}
