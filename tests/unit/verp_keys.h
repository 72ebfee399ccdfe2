/* Keys for tests of signatures: bytes 0 to 31, and 32 to 63. */
#ifndef TESTS_VERP_KEYS_H
#define TESTS_VERP_KEYS_H

#include "verp_sign.h"

#define SIGNED_DAY INT64_C(20779) /* 22 November 2026 */
#define SIGNED_S   (SIGNED_DAY * 86400 + 36000)

static inline void
fill_keys(struct verp_keys *keys, size_t count, unsigned char from)
{
	keys->count = count;
	for (size_t i = 0; i < count; i++)
		for (size_t k = 0; k < VERP_KEY_BYTES; k++)
			keys->keys[i][k] = (unsigned char)(from + i * VERP_KEY_BYTES + k);
}

#endif
