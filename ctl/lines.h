/*
 * lines - standard input line by line, for pipes that stay open: what was read can be worked on
 * before the next line is waited for. A line over LINES_MAX bytes is left out.
 */
#ifndef LINES_H
#define LINES_H

#include <stdio.h>

#include "span.h"

enum { LINES_MAX = 64 * 1024 };

struct lines {
	FILE *in;
	size_t start, len; /* what is in buffer and not yet taken */
	bool skips;        /* the rest of a line that is too long */
	bool ended;
	char buffer[LINES_MAX];
};

void lines_init(struct lines *lines, FILE *in);

/* The next line, without its end; good until the next call. False: there is none without reading
 * more (lines_wait()), or none at all. */
bool lines_next(struct lines *lines, struct span *line);
/* Reads more, for as long as it takes. False: that was all. */
bool lines_wait(struct lines *lines);

#endif
