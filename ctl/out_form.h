/*
 * out_form - what lies behind out.h: the state of a document, and what a form of it has to do.
 */
#ifndef OUT_FORM_H
#define OUT_FORM_H

#include "arena.h"
#include "out.h"

struct out_table { /* the one being written; people's form keeps its rows until they are settled */
	const struct out_column *columns;
	size_t count;
	size_t column; /* of the next cell */
	size_t rows;   /* finished */
	const char *title;
	size_t widths[OUT_COLUMNS_MAX];
	bool settled;
	struct arena arena; /* the cells */
	struct span *cells; /* those not written yet */
	size_t cell_count;
};

struct out {
	const struct out_form *form;
	FILE *stream;
	size_t width;
	struct str buf; /* not written yet */
	bool failed;
	size_t lines; /* of text so far */
	struct out_table table;
};

struct out_form {
	void (*begin)(struct out *out);
	void (*end)(struct out *out);
	void (*open)(struct out *out, const char *key, const char *title);
	void (*close)(struct out *out);
	void (*put)(struct out *out, const char *key, const char *label,
	    const struct out_value *value);
	void (*note)(struct out *out, const char *text);
	void (*table)(struct out *out, const char *key);
	void (*cell)(struct out *out, const struct out_value *value);
	void (*row_end)(struct out *out);
	void (*table_end)(struct out *out, const char *if_empty);
};

extern const struct out_form out_form_text;
extern const struct out_form out_form_json;

/* Writes most of what has gathered in buf; the last byte stays until the end, for json_next(). */
void out_flush(struct out *out);

#endif
