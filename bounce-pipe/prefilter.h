/*
 * prefilter - which of many patterns may match a text, by one look at the text.
 *
 * The patterns' literals (literals.h) stand in a table by three of their bytes in a row; each three
 * bytes of a text lead to the literals that may be there. A pattern without which literals it needs
 * cannot match; one that needs none always may. Each pattern is found by its rarest literals, and
 * only then are its others asked for. Lies in one piece of bytes, so that it can be used from a file
 * as it is.
 */
#ifndef PREFILTER_H
#define PREFILTER_H

#include <stdbool.h>
#include <stdint.h>

#include "pack.h"
#include "str.h"

enum { PREFILTER_MAX = 4096 /* patterns; beyond, each may match */ };

struct prefilter_set { /* of patterns, by number */
	uint64_t bits[PREFILTER_MAX / 64];
};

/* patterns: NULL matches everything. */
void prefilter_build(const char *const *patterns, size_t count, struct str *out);

struct prefilter_literal;

struct prefilter { /* prefilter_form.h */
	size_t patterns, count, text_len, users_count, words_count;
	const uint64_t *always;  /* patterns that have no literals */
	const uint16_t *buckets; /* where each begins among the literals */
	const struct prefilter_literal *literals;
	const char *text;      /* of all literals */
	const uint16_t *users; /* patterns, by their key literals */
	const uint32_t *starts;
	const uint16_t *words; /* conditions */
};

/* False: these are not bytes that prefilter_build wrote. Aligned as pack_bytes does. */
bool prefilter_open(struct span bytes, struct prefilter *prefilter);

/* The patterns that may match. */
void prefilter_ask(const struct prefilter *prefilter, struct span text, struct prefilter_set *set);

static inline bool
prefilter_has(const struct prefilter_set *set, size_t i)
{
	return i >= PREFILTER_MAX || (set->bits[i / 64] >> i % 64 & 1) != 0;
}

#endif
