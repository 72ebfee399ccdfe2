/*
 * formats - readers for systems that return mail without a delivery status part: a row each.
 *
 * A row has a name, a test and a reader. The first whose test says yes and whose reader finds a
 * recipient wins; so put the special ones first and "plain" stays last. Pure.
 */
#ifndef FORMATS_H
#define FORMATS_H

#include <stdbool.h>

#include "arena.h"
#include "mime.h"
#include "report.h"
#include "span.h"

struct format_input {
	struct arena *arena;
	const struct mime_part *root;
	const char *subject; /* decoded, "" */
	const char *from; /* decoded, "" */
	struct span text; /* the first text part, decoded, without the message that came back */
};

struct format {
	const char *name;
	bool (*matches)(const struct format_input *in);
	/* Adds recipients, sets kind. */
	void (*read)(const struct format_input *in, struct report *report);
};

/* True: a row understood it; report has kind, format and recipients. */
bool formats_read(const struct format_input *in, struct report *report);

/* Where the message that came back begins in a plain text, as an offset; text.len: nowhere. */
size_t formats_returned(struct span text);

/* Row by row, NULL at the end; for documents and tests. */
const char *formats_name(size_t i);

#endif
