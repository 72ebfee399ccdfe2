/*
 * dns_ask - several questions of any type to DNS at once, waited for until one deadline.
 */
#ifndef DNS_ASK_H
#define DNS_ASK_H

#include "resolver.h"
#include "str.h"

struct dns_question {
	const char *name;
	int type; /* RFC 1035: 1 A, 12 PTR, 15 MX, 16 TXT, 28 AAAA */
	/* Filled in; the caller frees message. */
	enum resolver_outcome outcome;
	struct str message; /* with ANSWER */
	char words[96];     /* otherwise why */
};

/* servers as mx.h has them. What has no answer by then is a TIMEOUT; what cannot even be asked has
 * FAILED. */
void dns_ask(const struct conf_strings *servers, int64_t deadline_ms,
    struct dns_question *questions, size_t count);

#endif
