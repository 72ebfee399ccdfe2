/*
 * letters - one form for letters that PCRE2 holds for the same when it ignores case.
 */
#ifndef LETTERS_H
#define LETTERS_H

#include <stdbool.h>
#include <stddef.h>

#include "span.h"

/* The text folded, as far as letters_are_certain() of the result; the rest stays as it is. `out` has
 * room for text.len bytes. Returns its length. */
size_t letters_fold(struct span text, char *out);

/* Whether every form that PCRE2 takes for the same as this folded character is folded to it: ASCII,
 * Latin-1's and Cyrillic's small letters, and scripts without case. */
bool letters_are_certain(struct span character);

#endif
