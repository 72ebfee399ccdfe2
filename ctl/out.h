/*
 * out - what mxctl says, in the form that was asked for: one document of named values and tables,
 * written as it is made, so that a table of a million rows takes no memory.
 *
 * Foreign bytes come out as UTF-8 on one line: control characters (terminal escapes among them) and
 * what reorders text are shown as '?', in every form. Another form is a row of `forms` in out.c and
 * a file like out_text.c; commands do not know which one they write.
 */
#ifndef OUT_H
#define OUT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "str.h"

enum out_format { OUT_TEXT, OUT_JSON };

struct out;

/* width: of the terminal, for text. */
struct out *out_new(enum out_format format, FILE *stream, size_t width);
/* Ends the document. -1: not all of it could be written. */
int out_end(struct out **out);

/* -- values ------------------------------------------------------------------------------------ */

struct out_use { /* so much of a limit */
	int64_t used;
	int64_t limit;      /* 0: there is none */
	const char *period; /* "1h"; NULL: at this time */
};

enum out_kind {
	OUT_KIND_NONE,
	OUT_KIND_STRING,
	OUT_KIND_EXACT,
	OUT_KIND_NUMBER,
	OUT_KIND_BOOL,
	OUT_KIND_TIME,
	OUT_KIND_WAIT,
	OUT_KIND_USE,
	OUT_KIND_USES,
	OUT_KIND_LIST,
};

/* Made by the functions below; what it points to must live until it was put. */
struct out_value {
	enum out_kind kind;
	int64_t number;
	int64_t now_s;
	const char *text;
	const struct out_use *uses;
	const char *const *items;
	size_t count;
};

/* JSON: null; words for people: "-", "until removed" */
struct out_value out_none(const char *words);
struct out_value out_string(const char *text); /* "" is shown as "-" to people */
struct out_value out_exact(const char *text);  /* a string that people may copy: never wrapped */
struct out_value out_number(int64_t number);
/* "1 rule", "61 rules"; JSON: 61 */
struct out_value out_count(int64_t number, const char *one, const char *many);
struct out_value out_bool(bool yes);
/* Unix time; with now_s (0: not) people also read how long ago or ahead, in a table only that. */
struct out_value out_time(int64_t unix_s, int64_t now_s);
/* From now on: 0 is "now"; JSON: seconds, rounded up. */
struct out_value out_wait(int64_t ms);
struct out_value out_use(const struct out_use *use);
struct out_value out_uses(const struct out_use *uses, size_t count);
/* "40/40 10s" instead of "40/40 in 10s", where room is scarce. */
struct out_value out_uses_short(const struct out_use *uses, size_t count);
struct out_value out_list(const char *const *items, size_t count);

/* -- a document -------------------------------------------------------------------------------- */

/* A part: an object named key; for people its values below a title (NULL: none). */
void out_open(struct out *out, const char *key, const char *title);
void out_close(struct out *out);

/* A value: named key (NULL: for people only); for people behind a label of at most OUT_LABEL_MAX
 * characters (NULL: not for them). */
enum { OUT_LABEL_MAX = 16 };
void out_put(struct out *out, const char *key, const char *label, struct out_value value);

/* A line for people only. */
void out_note(struct out *out, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

enum { OUT_COLUMNS_MAX = 16 };

enum out_layout {
	OUT_LEFT,
	OUT_RIGHT,
	OUT_WRAP, /* goes on in the next line where the row is wider than the terminal */
	OUT_SAME, /* left out for people where all rows agree */
};

struct out_column {
	const char *key;   /* NULL: for people only; not the first one */
	const char *title; /* NULL: not for people */
	enum out_layout layout;
};

/* A list of objects named key. columns must live until the table ends; only one at a time. Column
 * widths are those that the first OUT_SETTLE_ROWS rows need. */
enum { OUT_SETTLE_ROWS = 500 };
void out_table(struct out *out, const char *key, const char *title,
    const struct out_column *columns, size_t count);
/* The next cell; a row ends with its last column. */
void out_cell(struct out *out, struct out_value value);
/* if_empty: words for people in place of a table without rows. */
void out_table_end(struct out *out, const char *if_empty);

/* Text as people may see it: one line of UTF-8 without control characters. */
void out_clean(struct str *str, struct span text);

#endif
