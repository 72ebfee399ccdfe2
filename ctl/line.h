/*
 * line - text fitted into lines of so many characters. Well-formed UTF-8; every character
 * counts as one column.
 */
#ifndef LINE_H
#define LINE_H

#include "str.h"

/* A blank where no line is broken; never part of a value, which out_clean() went over. */
#define LINE_NO_BREAK '\x01'

size_t line_width(struct span text);
/* Takes what fits into a line off *rest: up to the last blank, else a part of the first word. */
struct span line_take(struct span *rest, size_t width);
/* The narrowest that a text can be without words being broken. */
size_t line_longest_word(struct span text);

/* Such blanks come out as others. */
void line_add(struct str *str, struct span line);
void line_add_blanks(struct str *str, size_t count);

#endif
