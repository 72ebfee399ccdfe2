/*
 * dns_record - a resource record as Postfix gives it to smtp_dns_reply_filter (dns_strrecord.c):
 * "gmail.com. 300 IN MX 5 gmail-smtp-in.l.google.com." Pure.
 */
#ifndef DNS_RECORD_H
#define DNS_RECORD_H

#include <stdbool.h>
#include <stdint.h>

#include "domain.h"
#include "span.h"

enum dns_record_type { DNS_RECORD_MX, DNS_RECORD_ADDRESS, DNS_RECORD_OTHER };

struct dns_record {
	enum dns_record_type type;
	char owner[DOMAIN_SIZE]; /* normal form */
	int64_t ttl_s;
	unsigned preference;       /* MX */
	char target[DOMAIN_SIZE];  /* MX: normal form; "." of a null MX is "" */
	int family;                /* ADDRESS: AF_INET or AF_INET6 */
	unsigned char address[16]; /* its first 4 bytes, or all */
};

/* False: not a record that could be read. OTHER: readable, of no interest (CNAME, TLSA...). What is
 * not of the record's type is 0 or "". */
bool dns_record_parse(struct span text, struct dns_record *record);

#endif
