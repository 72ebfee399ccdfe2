/*
 * markup - HTML and SVG written into a str, escaped by construction: text and values of attributes
 * pass through here and can open nothing. The result is well-formed XML. Names of elements and
 * attributes are ours, never foreign.
 */
#ifndef MARKUP_H
#define MARKUP_H

#include <stdbool.h>

#include "str.h"

enum { MARKUP_DEPTH = 32 };

struct markup { /* { .out = str } */
	struct str *out;
	const char *open[MARKUP_DEPTH];
	size_t depth;
	bool in_tag; /* attributes may follow */
};

void markup_open(struct markup *markup, const char *tag);
/* The same with a class. */
void markup_open_class(struct markup *markup, const char *tag, const char *class);
void markup_close(struct markup *markup); /* the one opened last */
/* An attribute of it, before anything else is in it. */
void markup_attr(struct markup *markup, const char *name, const char *value);
void markup_attrf(struct markup *markup, const char *name, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* Foreign text: cleaned by out_clean(), cut behind so many characters, escaped. */
void markup_text(struct markup *markup, const char *text);
void markup_text_cut(struct markup *markup, const char *text, size_t most);
void markup_textf(struct markup *markup, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
/* A whole element with text in it; class NULL: none. */
void markup_element(struct markup *markup, const char *tag, const char *class, const char *text);

/* As it is: the document type and style sheet, which are ours. No "<" or "&" in it but for markup. */
void markup_raw(struct markup *markup, const char *ours);

/* At most so many characters of cleaned text, "..." (one character) where it was cut. */
void markup_cut(struct str *out, const char *text, size_t most);

#endif
