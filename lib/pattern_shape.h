/*
 * pattern_shape - what a regular expression repeats, and a text that leads there: "^550 (a+ )+x"
 * repeats "a" behind "550 ", and "a " behind "550 ". For pattern_cost.
 *
 * A sketch of PCRE2's language, good enough to make texts from: what it does not know it takes for
 * letters or for nothing.
 */
#ifndef PATTERN_SHAPE_H
#define PATTERN_SHAPE_H

#include <stddef.h>

#include "str.h"

enum { PATTERN_REPEATS_MAX = 64 };

struct pattern_repeat {
	struct str before, unit; /* texts that the parts of the expression match, as a rule */
};

struct pattern_shape {
	struct pattern_repeat repeats[PATTERN_REPEATS_MAX];
	size_t count;
};

/* All that may come eight times or more, one entry for each of its alternatives. */
void pattern_shape_of(const char *expression, struct pattern_shape *shape);
void pattern_shape_clear(struct pattern_shape *shape);

#endif
