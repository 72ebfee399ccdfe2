#include "minisign.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

enum {
	ALGORITHM = 2,
	SIGNATURE = 64,
	HASH = 64,
	CHECKSUM = 32,
	PUBLIC_BYTES = ALGORITHM + MINISIGN_ID + MINISIGN_PUBLIC,
	SECRET_KDF = ALGORITHM,        /* where it begins */
	SECRET_CHECK = SECRET_KDF + 2, /* "B2" */
	SECRET_ID = SECRET_CHECK + 2 + 48,
	SECRET_KEY = SECRET_ID + MINISIGN_ID,
	SECRET_BYTES = SECRET_KEY + MINISIGN_SECRET + CHECKSUM,
	SIGNATURE_BYTES = ALGORITHM + MINISIGN_ID + SIGNATURE,
	LONGEST = 256, /* of what is in base64 here */
};

static const struct span untrusted = { "untrusted comment: ", 19 };
static const struct span trusted = { "trusted comment: ", 17 };

static int
refuse(struct err *err, const char *words)
{
	err_set(err, "%s", words);
	return -1;
}

/* -- base64 ------------------------------------------------------------------------------------ */

/* Exactly so many bytes. */
static int
decode(struct span text, unsigned char *out, size_t size)
{
	size_t len;

	if (sodium_base642bin(out, size, text.ptr, text.len, NULL, &len, NULL,
		sodium_base64_VARIANT_ORIGINAL) != 0)
		return -1;
	return len == size ? 0 : -1;
}

static void
encode(const unsigned char *bytes, size_t size, struct str *out)
{
	char text[sodium_base64_ENCODED_LEN(LONGEST, sodium_base64_VARIANT_ORIGINAL)];

	sodium_bin2base64(text, sizeof(text), bytes, size, sodium_base64_VARIANT_ORIGINAL);
	str_adds(out, text);
	str_addc(out, '\n');
	sodium_memzero(text, sizeof(text));
}

/* The next line, without what it must begin with. */
static bool
take_line(struct span *rest, struct span prefix, struct span *line)
{
	if (!span_line(rest, line) || !span_starts(*line, prefix))
		return false;
	*line = span_from(*line, prefix.len);
	return true;
}

void
minisign_id_format(const unsigned char id[MINISIGN_ID], char out[MINISIGN_ID_TEXT])
{
	for (size_t i = 0; i < MINISIGN_ID; i++)
		snprintf(out + 2 * i, 3, "%02X", id[MINISIGN_ID - 1 - i]);
}

/* -- keys -------------------------------------------------------------------------------------- */

int
minisign_public_parse(struct span text, struct minisign_public *key, struct err *err)
{
	unsigned char bytes[PUBLIC_BYTES];
	struct span rest = text, line;

	if (span_starts(text, untrusted) && !span_line(&rest, &line))
		rest = SPAN("");
	if (!span_line(&rest, &line) || decode(span_trim(line), bytes, sizeof(bytes)) != 0 ||
	    memcmp(bytes, "Ed", ALGORITHM) != 0 || span_trim(rest).len > 0)
		return refuse(err, "is no public key of minisign (\"RW...\")");
	memcpy(key->id, bytes + ALGORITHM, MINISIGN_ID);
	memcpy(key->key, bytes + ALGORITHM + MINISIGN_ID, MINISIGN_PUBLIC);
	return 0;
}

void
minisign_public_line(const struct minisign_public *key, struct str *out)
{
	unsigned char bytes[PUBLIC_BYTES] = "Ed";

	memcpy(bytes + ALGORITHM, key->id, MINISIGN_ID);
	memcpy(bytes + ALGORITHM + MINISIGN_ID, key->key, MINISIGN_PUBLIC);
	encode(bytes, sizeof(bytes), out);
}

void
minisign_public_format(const struct minisign_public *key, struct str *out)
{
	char id[MINISIGN_ID_TEXT];

	minisign_id_format(key->id, id);
	str_addf(out, "%sminisign public key %s\n", untrusted.ptr, id);
	minisign_public_line(key, out);
}

int
minisign_secret_parse(struct span text, struct minisign_secret *key, struct err *err)
{
	static const unsigned char no_kdf[2];
	unsigned char bytes[SECRET_BYTES], public[MINISIGN_PUBLIC], secret[MINISIGN_SECRET];
	struct span rest = text, line;
	int rc = -1;

	if (!take_line(&rest, untrusted, &line) || !span_line(&rest, &line) ||
	    decode(span_trim(line), bytes, sizeof(bytes)) != 0 ||
	    memcmp(bytes, "Ed", ALGORITHM) != 0 || memcmp(bytes + SECRET_CHECK, "B2", 2) != 0) {
		refuse(err, "is no secret key of minisign; `mxctl rules key FILE` makes one");
	} else if (memcmp(bytes + SECRET_KDF, no_kdf, sizeof(no_kdf)) != 0) {
		refuse(err, "is protected by a password, which nobody types here; `mxctl rules key "
			    "FILE` or `minisign -G -W` makes one without");
	} else {
		memcpy(key->id, bytes + SECRET_ID, MINISIGN_ID);
		memcpy(key->key, bytes + SECRET_KEY, MINISIGN_SECRET);
		/* The first half is the seed, the second the public key: they must belong together. */
		crypto_sign_seed_keypair(public, secret, key->key);
		rc = sodium_memcmp(secret, key->key, sizeof(secret)) == 0
			 ? 0
			 : refuse(err, "is no secret key of minisign: its halves differ");
	}
	sodium_memzero(bytes, sizeof(bytes));
	sodium_memzero(secret, sizeof(secret));
	return rc;
}

void
minisign_secret_format(const struct minisign_secret *key, struct str *out)
{
	unsigned char bytes[SECRET_BYTES] = "Ed";

	memcpy(bytes + SECRET_CHECK, "B2", 2);
	memcpy(bytes + SECRET_ID, key->id, MINISIGN_ID);
	memcpy(bytes + SECRET_KEY, key->key, MINISIGN_SECRET);
	str_addf(out, "%sminisign encrypted secret key\n", untrusted.ptr); /* its words for any */
	encode(bytes, sizeof(bytes), out);
	sodium_memzero(bytes, sizeof(bytes));
}

void
minisign_secret_wipe(struct minisign_secret *key)
{
	sodium_memzero(key, sizeof(*key));
}

void
minisign_public_of(const struct minisign_secret *secret, struct minisign_public *key)
{
	memcpy(key->id, secret->id, MINISIGN_ID);
	memcpy(key->key, secret->key + MINISIGN_SECRET - MINISIGN_PUBLIC, MINISIGN_PUBLIC);
}

int
minisign_make(struct minisign_secret *key, struct err *err)
{
	unsigned char public[MINISIGN_PUBLIC];

	if (sodium_init() < 0)
		return refuse(err, "libsodium cannot be used");
	randombytes_buf(key->id, sizeof(key->id));
	crypto_sign_keypair(public, key->key);
	return 0;
}

/* -- signing ----------------------------------------------------------------------------------- */

/* What the second signature is of. */
static void
join(const unsigned char signature[SIGNATURE], struct span comment, struct str *out)
{
	str_add(out, signature, SIGNATURE);
	str_add_span(out, comment);
}

int
minisign_sign(const struct minisign_secret *key, struct span text, const char *comment,
    struct str *out, struct err *err)
{
	unsigned char hash[HASH], bytes[SIGNATURE_BYTES] = "ED", whole[SIGNATURE];
	unsigned char *signature = bytes + ALGORITHM + MINISIGN_ID;
	struct str joined = { 0 };

	if (strlen(comment) > MINISIGN_COMMENT_MAX || strpbrk(comment, "\r\n") != NULL)
		return refuse(err, "the comment must be one line of at most 1024 bytes");
	if (sodium_init() < 0)
		return refuse(err, "libsodium cannot be used");
	crypto_generichash(hash, sizeof(hash), (const unsigned char *)text.ptr, text.len, NULL, 0);
	memcpy(bytes + ALGORITHM, key->id, MINISIGN_ID);
	crypto_sign_detached(signature, NULL, hash, sizeof(hash), key->key);
	join(signature, span_of(comment), &joined);
	crypto_sign_detached(whole, NULL, (const unsigned char *)joined.data, joined.len, key->key);
	str_addf(out, "%ssignature of mxpace\n", untrusted.ptr);
	encode(bytes, sizeof(bytes), out);
	str_addf(out, "%s%s\n", trusted.ptr, comment);
	encode(whole, sizeof(whole), out);
	str_free(&joined);
	return 0;
}

/* -- verifying --------------------------------------------------------------------------------- */

struct parsed {
	unsigned char bytes[SIGNATURE_BYTES];
	struct span comment;
	unsigned char whole[SIGNATURE];
};

static int
parse(struct span text, struct parsed *parsed, struct err *err)
{
	struct span line;

	if (!take_line(&text, untrusted, &line) || line.len > MINISIGN_COMMENT_MAX ||
	    !span_line(&text, &line) ||
	    decode(span_trim(line), parsed->bytes, SIGNATURE_BYTES) != 0 ||
	    !take_line(&text, trusted, &parsed->comment) ||
	    parsed->comment.len > MINISIGN_COMMENT_MAX || !span_line(&text, &line) ||
	    decode(span_trim(line), parsed->whole, SIGNATURE) != 0 || span_trim(text).len > 0)
		return refuse(err, "the signature is none of minisign, or is cut off");
	if (memcmp(parsed->bytes, "Ed", ALGORITHM) == 0)
		return refuse(err, "the signature is of minisign's old kind: sign without -l");
	if (memcmp(parsed->bytes, "ED", ALGORITHM) != 0)
		return refuse(err, "the signature is of a kind this mxctl does not know");
	return 0;
}

static const struct minisign_public *
key_of(const struct minisign_public *keys, size_t count, const unsigned char *id, struct err *err)
{
	char text[MINISIGN_ID_TEXT];

	for (size_t i = 0; i < count; i++)
		if (memcmp(keys[i].id, id, MINISIGN_ID) == 0)
			return &keys[i];
	minisign_id_format(id, text);
	err_set(err, "it is signed with key %s, which is none of those that are trusted", text);
	return NULL;
}

int
minisign_verify(const struct minisign_public *keys, size_t count, struct span text,
    struct span signature, struct str *comment, struct err *err)
{
	struct parsed parsed;
	const struct minisign_public *key;
	const unsigned char *first = parsed.bytes + ALGORITHM + MINISIGN_ID;
	unsigned char hash[HASH];
	struct str joined = { 0 };
	int rc;

	if (sodium_init() < 0)
		return refuse(err, "libsodium cannot be used");
	if (parse(signature, &parsed, err) != 0 ||
	    (key = key_of(keys, count, parsed.bytes + ALGORITHM, err)) == NULL)
		return -1;
	crypto_generichash(hash, sizeof(hash), (const unsigned char *)text.ptr, text.len, NULL, 0);
	if (crypto_sign_verify_detached(first, hash, sizeof(hash), key->key) != 0)
		return refuse(err, "the signature is wrong: this is not what was signed");
	join(first, parsed.comment, &joined);
	rc = crypto_sign_verify_detached(parsed.whole, (const unsigned char *)joined.data,
	    joined.len, key->key);
	str_free(&joined);
	if (rc != 0)
		return refuse(err, "the signature of the trusted comment is wrong");
	str_add_span(comment, parsed.comment);
	return 0;
}

void
minisign_sha256(struct span text, char out[MINISIGN_SHA256_TEXT])
{
	unsigned char digest[crypto_hash_sha256_BYTES];

	crypto_hash_sha256(digest, (const unsigned char *)text.ptr, text.len);
	sodium_bin2hex(out, MINISIGN_SHA256_TEXT, digest, sizeof(digest));
}
