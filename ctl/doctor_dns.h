/*
 * doctor_dns - what DNS says of this host and of its return-path domains, asked for at once.
 */
#ifndef DOCTOR_DNS_H
#define DOCTOR_DNS_H

#include "dns_ask.h"
#include "dns_text.h"
#include "mxwire.h"

enum { DOCTOR_DOMAINS_MAX = 4, DOCTOR_IPS_MAX = 16 };

struct doctor_domain {
	const char *name;
	struct dns_question mx, txt;
	const char *host;            /* the best MX host; NULL: none */
	struct dns_question address; /* its own */
};

struct doctor_ip {
	const char *name; /* "198.51.100.7" */
	int type;         /* of its address: 1 A, 28 AAAA */
	struct dns_question ptr;
	const char *host; /* what it is called; NULL: nothing */
	struct dns_question address;
};

struct doctor_dns {
	const char *probe_name;
	struct dns_question probe; /* MX */
	bool answers;
	struct doctor_domain domains[DOCTOR_DOMAINS_MAX];
	size_t domain_count;
	struct doctor_ip ips[DOCTOR_IPS_MAX];
	size_t ip_count;
};

struct doctor;

/* By DNS_FIRST_MS and DNS_SECOND_MS. */
enum { DNS_FIRST_MS = 1200, DNS_SECOND_MS = 600 };
void doctor_dns_ask(struct doctor *doctor);
void doctor_dns_clear(struct doctor_dns *dns);

/* An answer to an MX question; NULL: none. The run's arena. */
const struct mxwire_answer *doctor_dns_mx(struct doctor *doctor,
    const struct dns_question *question);
/* An answer to one of A, AAAA, PTR or TXT. -1: none. */
int doctor_dns_texts(struct doctor *doctor, const struct dns_question *question,
    struct dns_texts *texts);

#endif
