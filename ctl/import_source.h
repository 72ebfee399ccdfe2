/*
 * import_source - the lines of a file to import, with their numbers, and a file beside it that says
 * how far the import came: FILE.position.
 */
#ifndef IMPORT_SOURCE_H
#define IMPORT_SOURCE_H

#include <stdint.h>
#include <stdio.h>

#include "err.h"
#include "span.h"
#include "str.h"

enum { IMPORT_LINE_MAX = 64 * 1024 };

struct import_source {
	const char *name; /* NULL: standard input */
	FILE *file;
	int64_t size; /* 0: not known */
	int64_t mtime_s;
	int64_t line;   /* the number of the last one read */
	int64_t offset; /* behind it */
	struct str text;
};

/* in: where there is no name. -1 and words. */
int import_source_open(struct import_source *source, const char *name, FILE *in, struct err *err);
void import_source_close(struct import_source *source);

enum import_read { IMPORT_READ_LINE, IMPORT_READ_TOO_LONG, IMPORT_READ_END, IMPORT_READ_FAILED };
/* The next line, without its end; good until the next call. A signal is a failure; errno says so. */
enum import_read import_source_read(struct import_source *source, struct span *line);

/* Keeps that all lines up to this one are done. */
int import_source_keep(const struct import_source *source, int64_t line, int64_t offset,
    struct err *err);
/* Goes to where an import of this very file stopped. -1 and words: it cannot. */
int import_source_resume(struct import_source *source, struct err *err);
void import_source_forget(const struct import_source *source);

#endif
