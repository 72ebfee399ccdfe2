/*
 * literals - texts that must occur where a pattern matches.
 *
 * Derived from the pattern's text, without PCRE2, so that a pattern whose literals do not occur
 * need not be run: "(bad|invalid) user" needs " user", and "bad" or "invalid". When in doubt
 * nothing is derived: a construct that is not known for certain makes a pattern one without
 * literals. Both literals and the text they are looked for in are folded (letters.h), as patterns
 * ignore case. The order in which they occur is not told.
 */
#ifndef LITERALS_H
#define LITERALS_H

#include "arena.h"
#include "span.h"

enum { LITERALS_MIN = 3 }; /* bytes of the shortest */

enum literals_kind {
	LITERALS_TEXT, /* `text` must occur */
	LITERALS_ANY,  /* one of `parts` at least must hold */
	LITERALS_ALL,  /* each of them */
};

struct literals {
	enum literals_kind kind;
	struct span text; /* folded */
	const struct literals **parts;
	size_t count, room;
};

/* In the arena. NULL: none; such a pattern has to be run on every text. */
const struct literals *literals_of(struct arena *arena, const char *pattern);

#endif
