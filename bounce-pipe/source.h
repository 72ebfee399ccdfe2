/*
 * source - a text file that something was made from, and whether it still says the same.
 */
#ifndef SOURCE_H
#define SOURCE_H

#include <stdbool.h>
#include <stdint.h>

#include "pack.h"

struct source {
	const char *path;
	int64_t inode, size, mtime_ns, ctime_ns; /* as stat(2) says */
	uint64_t hash;                           /* of the text */
	bool includes;                           /* has an @include: says more than its own text */
};

/* Reads the file; path is kept. -1: it cannot be read. */
int source_read(struct source *source, const char *path);
/* The same of one that need not exist, or "" for none: that it is not there is what it says then. */
int source_read_any(struct source *source, const char *path);
bool source_is_absent(const struct source *source);
/* Its text alone. */
int source_text(const char *path, struct str *text);

enum source_state {
	SOURCE_SAME,
	SOURCE_SAME_TEXT, /* but stat(2) tells another file, or another time */
	SOURCE_OTHER,     /* or gone, or there now */
};

enum source_state source_compare(const struct source *source);

void source_pack(const struct source *source, struct str *out);
void source_unpack(struct source *source, struct unpack *in);

#endif
