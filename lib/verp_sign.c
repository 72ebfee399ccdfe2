#include "verp_sign.h"

#include <inttypes.h>
#include <string.h>

#include "blake2b.h"
#include "str.h"

enum { DAY_S = 86400, STAMP_LEN = 2, DIGEST_BYTES = 5, AHEAD_DAYS = 1 };

static const char alphabet[] = "abcdefghijklmnopqrstuvwxyz234567";

/* -- characters -------------------------------------------------------------------------------- */

/* -1: no character of base32. */
static int
value_of(char c)
{
	if (c >= 'a' && c <= 'z')
		return c - 'a';
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	return c >= '2' && c <= '7' ? c - '2' + 26 : -1;
}

static void
format(int64_t day, const unsigned char digest[DIGEST_BYTES], char out[VERP_SIGNATURE_SIZE])
{
	uint64_t bits = (uint64_t)day % VERP_STAMPS;

	for (size_t i = 0; i < DIGEST_BYTES; i++)
		bits = bits << 8 | digest[i];
	for (size_t i = VERP_SIGNATURE_LEN; i-- > 0; bits >>= 5)
		out[i] = alphabet[bits & 31];
	out[VERP_SIGNATURE_LEN] = '\0';
}

bool
verp_is_signature(struct span text)
{
	for (size_t i = 0; i < text.len; i++)
		if (value_of(text.ptr[i]) < 0)
			return false;
	return text.len == VERP_SIGNATURE_LEN;
}

/* -- making ------------------------------------------------------------------------------------ */

static int
sign(const unsigned char key[VERP_KEY_BYTES], enum verp_of of, const char *address, int64_t day,
    char out[VERP_SIGNATURE_SIZE])
{
	unsigned char digest[DIGEST_BYTES];
	struct str text = { 0 };
	int rc;

	str_addf(&text, "%c%" PRId64 ":%s", of == VERP_OF_RECIPIENT ? 'r' : 's', day, address);
	rc = blake2b(digest, sizeof(digest), span_make(text.data, text.len),
	    span_make((const char *)key, VERP_KEY_BYTES));
	str_free(&text);
	if (rc == 0)
		format(day, digest, out);
	return rc;
}

int
verp_sign(const struct verp_keys *keys, enum verp_of of, const char *address, int64_t now_s,
    char out[VERP_SIGNATURE_SIZE], struct err *err)
{
	out[0] = '\0';
	if (keys->count == 0) {
		err_set(err, "return_path_keys names no key");
		return -1;
	}
	if (sign(keys->keys[0], of, address, now_s / DAY_S, out) == 0)
		return 0;
	err_set(err, "libsodium.so.23, which has BLAKE2b, cannot be loaded");
	return -1;
}

/* -- checking ---------------------------------------------------------------------------------- */

const char *
verp_proof_name(enum verp_proof proof)
{
	static const char *const names[] = {
		[VERP_UNSIGNED] = "unsigned",
		[VERP_WRONG] = "wrong",
		[VERP_EXPIRED] = "expired",
		[VERP_VALID] = "valid",
	};

	return names[proof];
}

/* The latest day with this stamp that is not beyond tomorrow. */
static int64_t
day_of(const char *signature, int64_t today)
{
	int64_t stamp = value_of(signature[0]) * 32 + value_of(signature[1]);
	int64_t latest = today + AHEAD_DAYS;

	return latest - ((latest - stamp) % VERP_STAMPS + VERP_STAMPS) % VERP_STAMPS;
}

/* In the same time wherever they differ. */
static bool
is_same(const char *a, const char *b)
{
	unsigned difference = 0;

	for (size_t i = 0; i < VERP_SIGNATURE_LEN; i++)
		difference |= (unsigned)(value_of(a[i]) ^ value_of(b[i]));
	return difference == 0;
}

struct verp_checked
verp_check(const struct verp_keys *keys, enum verp_of of, const char *address,
    const char *signature, int64_t now_s, int64_t valid_days)
{
	struct verp_checked checked = { .proof = VERP_WRONG };
	int64_t today = now_s / DAY_S;
	char ours[VERP_SIGNATURE_SIZE];

	if (*signature == '\0')
		return (struct verp_checked){ .proof = VERP_UNSIGNED };
	if (!verp_is_signature(span_of(signature)))
		return checked;
	checked.day = day_of(signature, today);
	for (size_t i = 0; i < keys->count; i++) {
		if (sign(keys->keys[i], of, address, checked.day, ours) != 0 ||
		    !is_same(ours, signature))
			continue;
		checked.key = i;
		checked.proof = today - checked.day <= valid_days ? VERP_VALID : VERP_EXPIRED;
	}
	return checked;
}

/* -- keys -------------------------------------------------------------------------------------- */

static int
hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

int
verp_key_parse(struct span text, unsigned char key[VERP_KEY_BYTES])
{
	text = span_trim(text);
	if (text.len != 2 * VERP_KEY_BYTES)
		return -1;
	for (size_t i = 0; i < VERP_KEY_BYTES; i++) {
		int high = hex_value(text.ptr[2 * i]), low = hex_value(text.ptr[2 * i + 1]);

		if (high < 0 || low < 0)
			return -1;
		key[i] = (unsigned char)(high * 16 + low);
	}
	return 0;
}
