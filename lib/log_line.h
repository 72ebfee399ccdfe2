/*
 * log_line - an event as one line of fields: "defer: reason=message_limit recipient=<u@d.test>
 * wait=12s: words". Pure.
 *
 * A value can only be read in one way, whoever wrote it: one of visible ASCII stands as it is unless
 * it ends with a colon, an address in angle brackets, anything else in double quotes. In brackets and
 * quotes a byte that would end them, a backslash, control bytes, and bytes that are no UTF-8 are
 * written \xNN; UTF-8 stays. After the last field may come ": " and words for people, to the end of
 * the line.
 *
 * Names of fields mean the same in every line: group, ip (the sending IP's name), rule (of
 * mx-rules), domain, recipient, sender, account, queue_id, instance, client, limit, wait (until it
 * is worth trying again), waited (so long it was held).
 */
#ifndef LOG_LINE_H
#define LOG_LINE_H

#include <stddef.h>

#include "str.h"

enum log_field_kind {
	LOG_SAME = 0,    /* lines that agree in these tell of the same event again (log_repeat.h) */
	LOG_DETAIL = 1,  /* may be another each time */
	LOG_ADDRESS = 2, /* in angle brackets; a bit that goes with either */
};

struct log_field {
	const char *name;
	const char *value; /* NULL: the field is left out */
	unsigned kind;     /* enum log_field_kind */
};

/* "event: name=value name=value"; without `details` only what is the same in each such line. */
void log_line_format(struct str *out, const char *event, const struct log_field *fields,
    size_t count, bool details);
/* " name=value name=value", all of them. */
void log_line_fields(struct str *out, const struct log_field *fields, size_t count);
/* A value as it stands behind "name=". */
void log_line_value(struct str *out, struct span value, unsigned kind);

#endif
