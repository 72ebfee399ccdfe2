/*
 * verp_sign - the signature in a return path: proof that we sent mail, for ten characters. Pure.
 *
 *   SIG = stamp (2) digest (8), base32 of RFC 4648 in lower case (a-z 2-7; capitals count the same)
 *   stamp   the day it was made, Unix time / 86400, modulo 1024: 10 bits
 *   digest  BLAKE2b (RFC 7693), 5 bytes, keyed with the key's 32 bytes, of the text
 *           "rDAY:ADDRESS"  for a recipient, or
 *           "sDAY:ADDRESS"  for a sender alone;
 *           DAY is the whole day in decimal, ADDRESS in the form of addr_normalise()
 *
 * As DAY is in the digest a stamp that comes round again after 1024 days proves nothing. 40 bits
 * cannot be guessed by sending messages: 2^39 of them for one address, with two keys.
 */
#ifndef VERP_SIGN_H
#define VERP_SIGN_H

#include <stdint.h>

#include "err.h"
#include "span.h"

enum {
	VERP_KEY_BYTES = 32,
	VERP_KEYS_MAX = 4,
	VERP_SIGNATURE_LEN = 10,
	VERP_SIGNATURE_SIZE = VERP_SIGNATURE_LEN + 1,
	VERP_STAMPS = 1024, /* days that stamps tell apart */
};

enum verp_of { VERP_OF_RECIPIENT, VERP_OF_SENDER };

struct verp_keys {
	size_t count; /* the first signs, all verify */
	unsigned char keys[VERP_KEYS_MAX][VERP_KEY_BYTES];
};

/* address: in the normal form. -1 and words: no key, or the hash cannot be had. */
int verp_sign(const struct verp_keys *keys, enum verp_of of, const char *address, int64_t now_s,
    char out[VERP_SIGNATURE_SIZE], struct err *err);

enum verp_proof {
	VERP_UNSIGNED, /* there is no signature */
	VERP_WRONG,    /* none of ours, or of another address */
	VERP_EXPIRED,
	VERP_VALID,
};

struct verp_checked {
	enum verp_proof proof;
	int64_t day; /* when it was made, unless wrong: Unix time / 86400 */
	size_t key;  /* which one made it, unless wrong */
};

/* "unsigned", "wrong", "expired", "valid" */
const char *verp_proof_name(enum verp_proof proof);

/* Whether this has the form of a signature, nothing more: so has "newsletter". */
bool verp_is_signature(struct span text);

/* signature "": VERP_UNSIGNED. Valid for valid_days after the day it was made, and a day before it:
 * clocks differ. Takes as long for a digest that is nearly right. Without the hash all is wrong. */
struct verp_checked verp_check(const struct verp_keys *keys, enum verp_of of, const char *address,
    const char *signature, int64_t now_s, int64_t valid_days);

/* What stands in a key's file: 64 hexadecimal digits, with blanks around. -1: something else. */
int verp_key_parse(struct span text, unsigned char key[VERP_KEY_BYTES]);

#endif
