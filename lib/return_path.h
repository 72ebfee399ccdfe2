/*
 * return_path - the envelope senders that bounces come back to, taken apart and put together. Pure.
 *
 *   news@bounces.test                            plain
 *   news+ann=example.org@bounces.test            names the recipient (VERP, postconf(5):
 *                                                verp_delimiter_filter)
 *   news+ann=example.org+SIG@bounces.test        and proves that we sent her something
 *   news+SIG@bounces.test                        proves the same without naming her: where the local
 *                                                part would else be over RETURN_PATH_LOCAL_MAX bytes
 *   news-SIG@bounces.test                        proves that we sent something with this sender,
 *   news-SIG+ann=example.org@bounces.test        also as Postfix's XVERP makes it of that
 *
 * SIG: verp_sign.h. delimiters: two characters, Postfix's default_verp_delimiters; in place of the
 * "-" before a sender's signature stands "+" if the first of them is "-".
 */
#ifndef RETURN_PATH_H
#define RETURN_PATH_H

#include "addr.h"
#include "verp_sign.h"

enum { RETURN_PATH_LOCAL_MAX = 64 }; /* RFC 5321, 4.5.3.1.1 */

/* In the normal form, "" where there is none. What looks like a signature may be a part of a name
 * ("my-newsletter@..."): then `whole` is the sender. */
struct return_path {
	char sender[ADDR_SIZE];    /* without extension and signatures */
	char whole[ADDR_SIZE];     /* the same with what looks like a sender's signature */
	char extension[ADDR_SIZE]; /* from the first delimiter on: "+ann=example.org+SIG", "+tag" */
	char recipient[ADDR_SIZE]; /* that it names */
	char recipient_signature[VERP_SIGNATURE_SIZE];
	char sender_signature[VERP_SIGNATURE_SIZE];
};

/* -1: no address, the null one, or one without a domain; then all of it is "". */
int return_path_parse(struct span address, const char *delimiters, struct return_path *path);

/* How it is signed; with both, the recipient's signature is the one that tells more. */
struct return_path_checked {
	struct verp_checked recipient, sender;
};

/* recipient: whose signature it should have, in the normal form; "" the one that it names. */
struct return_path_checked return_path_check(const struct return_path *path, const char *recipient,
    const struct verp_keys *keys, int64_t now_s, int64_t valid_days);

/* The return path of a message to one recipient. -1 and words: `sender` is no plain address with a
 * domain, `recipient` none, or there is no key. */
int return_path_sign(const struct verp_keys *keys, const char *delimiters, struct span sender,
    struct span recipient, int64_t now_s, char out[ADDR_SIZE], struct err *err);

/* The same for a sender, whoever the recipients are; its extension stays. -1 too if the sender ends
 * in the mark that stands before a signature. */
int return_path_sign_sender(const struct verp_keys *keys, const char *delimiters,
    const struct return_path *path, int64_t now_s, char out[ADDR_SIZE], struct err *err);

#endif
