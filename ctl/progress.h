/*
 * progress - how far something long is, on a terminal: a line that is written over, five times a
 * second. Elsewhere nothing.
 */
#ifndef PROGRESS_H
#define PROGRESS_H

#include "ctl.h"

struct progress {
	FILE *stream; /* NULL: shows nothing */
	const char *what;
	size_t width;
	int64_t total; /* in the unit of `done`; 0: not known */
	int64_t started_ms, shown_ms;
	bool shown;
};

/* what: "addresses", what is counted. With two writers on one terminal it stays silent. */
void progress_start(struct progress *progress, const struct ctl *ctl, const char *what,
    int64_t total);
/* done of total; count: of what it names, mostly the same. */
void progress_show(struct progress *progress, int64_t done, int64_t count);
/* Takes the line off, so that others can write: the next progress_show() draws it again. */
void progress_clear(struct progress *progress);

/* The line's words: "[#####-----]  50 %  1234 addresses, 12s left". Pure. */
void progress_line(struct str *out, const struct progress *progress, int64_t done, int64_t count,
    int64_t elapsed_ms);

#endif
