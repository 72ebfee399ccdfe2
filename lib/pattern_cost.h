/*
 * pattern_cost - whether a regular expression can blow up: hold the processor for long on a text made
 * to hurt it, and then give up.
 *
 * It is measured, not guessed: from the expression and its samples texts are made that repeat what the
 * expression repeats and end in what it does not expect, and PCRE2 counts its steps. The texts are
 * short, so that what grows with the square of their length passes (such a pattern gives up on some
 * text of 1000 bytes in milliseconds, and nothing else happens), and what grows faster is found.
 * Texts nobody thought of are not found; what is found is so.
 */
#ifndef PATTERN_COST_H
#define PATTERN_COST_H

#include "conf.h"

enum {
	PATTERN_COST_TEXT = 128,     /* bytes */
	PATTERN_COST_STEPS = 100000, /* of PCRE2; pattern_match gives up after 200000 */
};

/* False: none of the texts takes more than PATTERN_COST_STEPS, or it is no expression. True: `text`
 * says which does, for people: "550 " and 250 times "a". samples may be NULL. */
bool pattern_cost_is_high(const char *expression, const struct conf_strings *samples,
    struct str *text);

/* A format for mistakes, with that text. */
#define PATTERN_COST_WORDS                                                                          \
	"the pattern can blow up: it takes too long on a text such as %s; bound what repeats in a " \
	"repetition"

#endif
