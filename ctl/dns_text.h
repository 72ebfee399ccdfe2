/*
 * dns_text - the TXT strings, PTR names or addresses of a DNS answer (RFC 1035). Pure; trusts nothing.
 */
#ifndef DNS_TEXT_H
#define DNS_TEXT_H

#include "arena.h"

enum dns_text_type { DNS_A = 1, DNS_PTR = 12, DNS_TXT = 16, DNS_AAAA = 28 };

struct dns_texts {
	unsigned rcode;
	/* The arena's. TXT: the strings of a record joined; PTR: "mta1.example.com"; else
	 * "198.51.100.7". */
	const char **items;
	size_t count;
};

/* Records of another type are passed over. -1: no whole answer. */
int dns_text_parse(struct arena *arena, struct span message, enum dns_text_type type,
    struct dns_texts *out);

#endif
