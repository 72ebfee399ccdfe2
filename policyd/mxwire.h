/*
 * mxwire - a DNS answer about a mail domain, from bytes to a value. Pure; trusts nothing.
 *
 * RFC 1035 messages, as a resolver answers MX, A and AAAA queries. Own code because c-ares' MX
 * parser drops TTLs. What the answer means for mail is decided in mx.c.
 */
#ifndef MXWIRE_H
#define MXWIRE_H

#include <stdint.h>

#include "mx_set.h"

enum mxwire_type { MXWIRE_A = 1, MXWIRE_MX = 15, MXWIRE_AAAA = 28 };

enum { MXWIRE_NOERROR = 0, MXWIRE_NXDOMAIN = 3 }; /* RCODE (RFC 1035, 4.1.1) */

enum {
	MXWIRE_HOSTS_MAX = MX_SET_MAX * 4, /* further hosts of an answer are not read */
	MXWIRE_CHAIN_MAX = 16,             /* CNAMEs followed; more are a loop or a joke */
};

/* Not to be copied: hosts point into names. */
struct mxwire_answer {
	unsigned rcode;
	/* The rest is set for NOERROR and NXDOMAIN only. */
	char domain[DOMAIN_SIZE]; /* the question, normal form */
	enum mxwire_type type;
	/* Records of that type for the domain or what its CNAMEs lead to; 0 with NXDOMAIN. */
	size_t records;
	/* Seconds for which this may be kept: the least TTL of the records and CNAMEs; without
	 * records, of the CNAMEs and the negative answer (RFC 2308, 5). 0 if the answer says none.
	 */
	uint32_t ttl_s;
	bool null_mx; /* the one record is "0 ." (RFC 7505) */
	/* MX only: hosts whose names are names. "." is none, also beside others. */
	size_t count;
	struct mx_host hosts[MXWIRE_HOSTS_MAX];
	char names[MXWIRE_HOSTS_MAX][DOMAIN_SIZE];
};

/* -1 and words: no response to a query of these types. Records of other names, types and classes
 * are passed over; lengths of all answer records must be right, also of those. */
int mxwire_parse(struct span message, struct mxwire_answer *answer, struct err *err);

const char *mxwire_rcode_name(unsigned rcode); /* "SERVFAIL"; "unknown RCODE" */

#endif
