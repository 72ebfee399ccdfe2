/*
 * seen - which texts came before: a set of their 64-bit hashes, 11 to 22 bytes a text. Two of a
 * million texts are taken for the same by chance once in 37 million lists.
 */
#ifndef SEEN_H
#define SEEN_H

#include <stdint.h>

#include "span.h"

struct seen {            /* { 0 } is an empty set */
	uint64_t *slots; /* 0: empty; a power of two of them */
	size_t size, count;
};

/* Adds a text. True: it was there. */
bool seen_before(struct seen *seen, struct span text);
void seen_free(struct seen *seen);

#endif
