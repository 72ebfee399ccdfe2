/*
 * blake2b - BLAKE2b (RFC 7693), plain and keyed, of whole texts.
 *
 * It is crypto_generichash of libsodium, loaded when first asked for: hardly any run of a program
 * needs a hash, and mxbounce starts once a message.
 */
#ifndef BLAKE2B_H
#define BLAKE2B_H

#include "span.h"

enum { BLAKE2B_MAX = 64 }; /* bytes of a digest, or of a key */

/* size bytes (1 to BLAKE2B_MAX) of digest into out. key: empty for the plain hash, at most
 * BLAKE2B_MAX bytes. -1: the library is not there. */
int blake2b(unsigned char *out, size_t size, struct span text, struct span key);

#endif
