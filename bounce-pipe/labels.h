/*
 * labels - notices in which fixed words stand before the recipient and before the reason:
 *
 *     Could not be delivered to: <someone@example.org>
 *     As their mailbox is full.
 *
 * A row describes one system's words, in its own language. Pure. See formats.h for the rest.
 */
#ifndef LABELS_H
#define LABELS_H

#include "formats.h"

enum labels_flag {
	LABELS_ABOVE = 1,  /* the reason stands between the words and the address */
	LABELS_WITH = 2,   /* the same, and the words are part of it */
	LABELS_WHOLE = 4,  /* look behind the line that announces the message, too */
	LABELS_DAEMON = 8, /* words that people use as well: only from a mail system */
};

struct labels {
	const char *name;
	const char *from; /* in the From field; "": anybody */
	const char *sign; /* words that tell it from other notices; "": the two below do */
	const char *to;   /* words before a recipient or several */
	const char *why;  /* words before the reason; "": it stands behind the recipients */
	const char *end;  /* words behind the reason; "": an empty line */
	unsigned flags;
	unsigned near; /* bytes from `to` to an address; 0: LABELS_NEAR. Further, own addresses do
			  not count */
};

enum { LABELS_NEAR = 60 };

/* Some row's words are in it, NULL as a name at the end. */
bool labels_match(const struct labels *rows, const struct format_input *in);
/* By the first row that finds a recipient; the format is that row's name. */
void labels_read(const struct labels *rows, const struct format_input *in, struct report *report);

#endif
