/*
 * minisign - Ed25519 signatures in the files of minisign(1), made and verified. Pure but for the
 * random bytes of a new key; the only module that includes <sodium.h>.
 *
 *   public key   "untrusted comment: ...", then base64 of "Ed", key id (8), Ed25519 key (32)
 *   secret key   "untrusted comment: ...", then base64 of "Ed", no KDF (2 zeros), "B2", salt and KDF
 *                limits (48), key id (8), Ed25519 secret key (64), checksum (32)
 *   signature    "untrusted comment: ...", then base64 of "ED", key id (8), signature (64) of the
 *                BLAKE2b-512 of the text; "trusted comment: ...", then base64 of the signature (64) of
 *                the first signature and the trusted comment
 *
 * Texts that were signed without hashing ("Ed", `minisign -l`) are refused, and so are secret keys
 * with a password: nobody is there to type it. Source: jedisct1.github.io/minisign, 0.11.
 */
#ifndef MINISIGN_H
#define MINISIGN_H

#include "err.h"
#include "str.h"

enum { MINISIGN_ID = 8, MINISIGN_PUBLIC = 32, MINISIGN_SECRET = 64, MINISIGN_COMMENT_MAX = 1024 };

struct minisign_public {
	unsigned char id[MINISIGN_ID];
	unsigned char key[MINISIGN_PUBLIC];
};

struct minisign_secret {
	unsigned char id[MINISIGN_ID];
	unsigned char key[MINISIGN_SECRET];
};

enum { MINISIGN_ID_TEXT = 17 };
/* As minisign(1) shows a key's id: "68BDBDE8221EE3E8". */
void minisign_id_format(const unsigned char id[MINISIGN_ID], char out[MINISIGN_ID_TEXT]);

/* A public key: "RW..." alone, or the text of its file. -1 and words. */
int minisign_public_parse(struct span text, struct minisign_public *key, struct err *err);
/* The line "RW..." with its newline. */
void minisign_public_line(const struct minisign_public *key, struct str *out);
/* The text of its file. */
void minisign_public_format(const struct minisign_public *key, struct str *out);

/* The text of a secret key's file; the caller wipes what it read, and the key. */
int minisign_secret_parse(struct span text, struct minisign_secret *key, struct err *err);
void minisign_secret_format(const struct minisign_secret *key, struct str *out);
void minisign_secret_wipe(struct minisign_secret *key);
/* The public half. */
void minisign_public_of(const struct minisign_secret *secret, struct minisign_public *key);
/* -1: the library has no random bytes. */
int minisign_make(struct minisign_secret *key, struct err *err);

/* Adds the text of a signature's file. comment: one line, at most MINISIGN_COMMENT_MAX bytes. */
int minisign_sign(const struct minisign_secret *key, struct span text, const char *comment,
    struct str *out, struct err *err);

/* Whether one of the keys made `signature` (a file's text) of `text`, and of the trusted comment,
 * which is added to `comment`. -1 and words. */
int minisign_verify(const struct minisign_public *keys, size_t count, struct span text,
    struct span signature, struct str *comment, struct err *err);

enum { MINISIGN_SHA256_TEXT = 65 };
/* SHA-256 in hexadecimal, as sha256sum(1): for people who compare files. */
void minisign_sha256(struct span text, char out[MINISIGN_SHA256_TEXT]);

#endif
