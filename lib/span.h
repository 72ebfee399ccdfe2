/*
 * span - a run of bytes that somebody else owns. May hold NULs; never ends in one by promise.
 */
#ifndef SPAN_H
#define SPAN_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

struct span {
	const char *ptr;
	size_t len;
};

#define SPAN(literal) ((struct span){ (literal), sizeof(literal) - 1 })

struct span span_of(const char *string); /* NULL gives an empty span */

static inline struct span
span_make(const char *ptr, size_t len)
{
	return (struct span){ ptr, len };
}

/* The rest from offset on. */
static inline struct span
span_from(struct span s, size_t offset)
{
	if (offset > s.len)
		offset = s.len;
	return span_make(s.ptr + offset, s.len - offset);
}

static inline bool
span_eq(struct span a, struct span b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

bool span_ieq(struct span a, struct span b); /* ASCII case ignored */
bool span_starts(struct span s, struct span prefix);
bool span_istarts(struct span s, struct span prefix);
/* Offset of needle in s, or -1. */
long span_find(struct span s, struct span needle);
long span_ifind(struct span s, struct span needle);
/* Without blanks, tabs, CR and LF at both ends. */
struct span span_trim(struct span s);
/* Takes the next line off *rest, without its LF or CRLF. False when nothing is left. */
bool span_line(struct span *rest, struct span *line);
/* All digits, and the value fits: writes it and returns true. */
bool span_number(struct span s, unsigned long long *value);

#endif
