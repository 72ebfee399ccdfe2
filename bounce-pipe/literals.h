/*
 * literals - texts of which one at least must occur where a pattern matches.
 *
 * Derived from the pattern's text, without PCRE2, so that a pattern whose literals do not occur
 * need not be run. When in doubt nothing is derived: a construct that is not known for certain
 * makes a pattern one without literals. Both literals and the text they are looked for in are
 * folded (letters.h), as patterns ignore case.
 */
#ifndef LITERALS_H
#define LITERALS_H

#include <stdbool.h>

#include "arena.h"
#include "span.h"

enum { LITERALS_MIN = 3 }; /* bytes of the shortest */

struct literals {
	struct span *items; /* folded, in the arena */
	size_t count, room;
};

/* False: none; such a pattern has to be run on every text. */
bool literals_of(struct arena *arena, const char *pattern, struct literals *literals);

#endif
