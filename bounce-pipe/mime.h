/*
 * mime - the parts of a message (RFC 2045, 2046) that nobody promised to be well-formed.
 *
 * mime_parse() makes a tree of parts whose spans point into the message, or, if it has a CR in it,
 * into a copy that has LF for every line end (CRLF, LF and CR give the same results). Nothing else
 * is copied until somebody asks for a part's bytes or text, and then once. Broken mail gives
 * the best tree there is: a boundary that is not announced or does not occur is guessed from the
 * body, a part whose end is missing reaches to the end of its parent. Returned messages
 * (message/rfc822 and its like) are leaves; who wants to look inside parses their bytes.
 */
#ifndef MIME_H
#define MIME_H

#include <stdbool.h>
#include <stddef.h>

#include "arena.h"
#include "span.h"

enum {
	MIME_DEPTH_MAX = 8,          /* of multiparts in multiparts; deeper ones are leaves */
	MIME_PARTS_MAX = 256,        /* of a message; what follows is not looked at */
	MIME_HEADER_MAX = 32 * 1024, /* bytes of a part's header that are looked at */
	MIME_TEXT_MAX = 512 * 1024,  /* bytes of one decoded part */
	/* of all of them together, before and behind their charset; what is beyond reads as empty */
	MIME_DECODED_MAX = 4 * 1024 * 1024,
};

enum mime_encoding { MIME_IDENTITY, MIME_BASE64, MIME_QUOTED_PRINTABLE };

struct mime_part {
	struct mime_part *parent;
	struct mime_part *child; /* the first; NULL for a leaf */
	struct mime_part *next;  /* sibling */
	unsigned depth;          /* 0 for the root */
	struct span header;      /* its raw lines */
	struct span body;        /* raw, not decoded */
	const char *type; /* "text/plain", lower case; what RFC 2046 says where there is none */
	const char *content_type; /* the field, decoded; "" */
	const char *charset;      /* as announced, "" for none */
	enum mime_encoding encoding;
	struct mime_decoded *decoded; /* what has been asked for already */
};

/* Never fails: an empty message is an empty text/plain part. */
struct mime_part *mime_parse(struct arena *arena, struct span message);

/* All of the message, as the spans of its parts see it; from its header on. */
struct span mime_message(const struct mime_part *root);

/* The part after `part` in the order of the message, NULL at the end. Start with the root. */
const struct mime_part *mime_next(const struct mime_part *part);

bool mime_is(const struct mime_part *part, const char *type); /* "text/plain" */
bool mime_is_multipart(const struct mime_part *part);
/* A message in a message, or the header of one: message/rfc822, text/rfc822-headers, … */
bool mime_is_message(const struct mime_part *part);

/* The body without its transfer encoding, at most MIME_TEXT_MAX bytes; not copied if it has none.
 */
struct span mime_bytes(struct arena *arena, const struct mime_part *part);
/* The same in UTF-8; HTML as it is. */
struct span mime_text(struct arena *arena, const struct mime_part *part);

#endif
