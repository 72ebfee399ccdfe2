/*
 * header - fields of a message header (RFC 5322), decoded (RFC 2047, RFC 2231), read leniently.
 *
 * Names are compared without case; a line that is no field goes on with the field above it, which
 * somebody folded without the blank, and is passed over where there is none. Decoded values are one
 * line of UTF-8 without control characters, at most HEADER_VALUE_MAX bytes.
 */
#ifndef HEADER_H
#define HEADER_H

#include <stdbool.h>
#include <stddef.h>

#include "arena.h"
#include "span.h"

enum {
	HEADER_MAX = 256 * 1024, /* bytes of one header that are looked at */
	HEADER_VALUE_MAX = 8 * 1024,
};

/* Cuts a message in two: lines that look like a header (a mailbox's "From " line before them is
 * left out), and what follows the empty line. Without a single field all of it is body. */
void header_split(struct span message, struct span *header, struct span *body);

/* One field after the other: raw name, raw value with its folding. */
bool header_next(struct span *rest, struct span *name, struct span *value);

/* The raw value of the first field of this name; ptr is NULL when there is none. */
struct span header_raw(struct span header, const char *name);
/* The same, decoded; NULL when there is none. */
const char *header_field(struct arena *arena, struct span header, const char *name);
/* A raw value, decoded. */
const char *header_decode(struct arena *arena, struct span value);

/* A parameter of a decoded value, its pieces joined and decoded; NULL when there is none. */
const char *header_parameter(struct arena *arena, const char *value, const char *name);

#endif
