/*
 * record - an entry of the quarantine on one line of text, as CSV (RFC 4180) or a JSON object: every
 * field of its hash, times as dates (UTC). What `quarantine export` writes, `import` reads, and undo
 * keeps. Pure.
 *
 * In CSV the fields that not every entry has (errors:REASON, not:..., keep) share the column
 * `more`: "errors:mailbox_full=2 errors:unreachable=1", with % encoding.
 */
#ifndef RECORD_H
#define RECORD_H

#include "arena.h"
#include "err.h"
#include "quarantine.h"
#include "store_batch.h"

enum record_format { RECORD_CSV, RECORD_JSONL, RECORD_LIST };
extern const char *const record_formats[]; /* "csv" "jsonl" "list", NULL */

/* -- writing ----------------------------------------------------------------------------------- */

void record_header(struct str *out); /* of CSV, with its line's end */
/* fields: of the hash. With the line's end. */
void record_write(struct str *out, enum record_format format, const char *addr,
    const struct store_fields *fields);

/* -- reading ----------------------------------------------------------------------------------- */

enum { RECORD_FIELDS_MAX = 64 };

struct record {
	struct arena *arena;
	struct span address;                      /* as it stands there */
	struct span items[2 * RECORD_FIELDS_MAX]; /* names and values as Redis has them, in turn */
	size_t count;                             /* of items */
	struct quarantine_entry entry;            /* the same */
};

enum { RECORD_COLUMNS_MAX = 48 };

struct record_columns { /* of a CSV file, from its header */
	char separator; /* ',', or ';' where that is what the header has */
	size_t count;
	int fields[RECORD_COLUMNS_MAX];
};

/* Whether the first line of a file looks like such a header, or like an object. */
enum record_format record_guess(struct span line);
int record_read_header(struct record_columns *columns, struct span line, struct err *err);

/* -1 and words: what is wrong with the line. Spans are the arena's. columns: for CSV. */
int record_read(struct record *record, struct arena *arena, enum record_format format,
    const struct record_columns *columns, struct span line, struct err *err);

/* A field of it, or its value in place of the one it has. */
void record_set(struct record *record, const char *name, struct span value);
bool record_has(const struct record *record, const char *name);

#endif
