/*
 * out_text - people's form of a document: labels and values behind two columns of indent, and
 * tables whose columns line up (out_columns.c).
 */
#ifndef OUT_TEXT_H
#define OUT_TEXT_H

#include "out_form.h"

enum { OUT_TEXT_INDENT = 2, OUT_TEXT_GAP = 2 };

/* A value in words; in a table they are shorter. */
void out_text_value(struct str *str, const struct out_value *value, bool in_table);

void out_text_end_line(struct out *out);
/* title NULL: none. */
void out_text_heading(struct out *out, const char *title);

/* Of struct out_form. */
void out_text_table(struct out *out, const char *key);
void out_text_cell(struct out *out, const struct out_value *value);
void out_text_row_end(struct out *out);
void out_text_table_end(struct out *out, const char *if_empty);

#endif
