/*
 * prefilter_form - how a prefilter's bytes are laid out. For prefilter and prefilter_build alone.
 *
 * A pattern has key literals, of which one at least must occur, and, where that does not say all, a
 * condition on literals in words of 16 bits: a literal's number, or, for "any of" and "all of", the
 * number of words that follow and belong to it.
 */
#ifndef PREFILTER_FORM_H
#define PREFILTER_FORM_H

#include <stdint.h>

enum {
	PREFILTER_BUCKET_BITS = 13,
	PREFILTER_BUCKETS = 1 << PREFILTER_BUCKET_BITS,
	PREFILTER_LITERALS_MAX = 1 << 14,
	PREFILTER_ANY = 1 << 14,
	PREFILTER_ALL = 2 << 14,
	PREFILTER_VALUE = (1 << 14) - 1,
};

struct prefilter_literal {
	uint32_t text;  /* where it begins */
	uint32_t users; /* where the patterns begin whose key it is; up to the next one's */
	uint16_t len;
	uint16_t key; /* its three bytes that the table is asked for begin so far inside of it */
};

static inline unsigned
prefilter_bucket(const char *three)
{
	const unsigned char *c = (const unsigned char *)three;

	return ((uint32_t)c[0] << 16 | (uint32_t)c[1] << 8 | c[2]) * UINT32_C(2654435761) >>
	       (32 - PREFILTER_BUCKET_BITS);
}

#endif
