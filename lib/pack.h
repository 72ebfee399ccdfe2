/*
 * pack - values written one behind the other into bytes, and read back from there.
 *
 * For files that this host writes and reads itself: numbers are in the machine's own order. Texts
 * end in a NUL, so that they can be used where they lie. Reading never leaves the bytes it was
 * given: from the first value that does not fit, everything reads as 0 or "" and `failed` is set.
 */
#ifndef PACK_H
#define PACK_H

#include <stdbool.h>
#include <stdint.h>

#include "span.h"
#include "str.h"

enum { PACK_ALIGN = 8 };

void pack_number(struct str *out, int64_t number);
void pack_text(struct str *out, const char *text);
void pack_bytes(struct str *out, struct span bytes); /* begin at a multiple of PACK_ALIGN */

/* FNV-1a over the bytes, going on from `hash`: tells contents apart, not meant against forgery. */
#define PACK_HASH_START UINT64_C(0xcbf29ce484222325)
uint64_t pack_hash(uint64_t hash, struct span bytes);
/* Tells damage, eight bytes at a time. */
uint64_t pack_sum(struct span bytes);
/* Over a NULL-terminated list of names: written beside values that are indices into it. */
uint64_t pack_hash_names(const char *const *names);

struct unpack {
	const char *begin; /* aligned as pack_bytes wants it */
	size_t len, at;
	bool failed;
};

struct unpack unpack_make(struct span bytes);
int64_t unpack_number(struct unpack *in);
const char *unpack_text(struct unpack *in); /* lies in the bytes read */
struct span unpack_bytes(struct unpack *in);
/* A moment or a while of a monotonic clock, which shows now_ms: none below 0 or above that. */
int64_t unpack_past_ms(struct unpack *in, int64_t now_ms);
/* A number that counts things of which each takes at least one byte. */
size_t unpack_count(struct unpack *in);

#endif
