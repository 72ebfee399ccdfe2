/*
 * mx_set - the hosts that take a domain's mail: names and preferences, as DNS answered.
 *
 * The text form, in Redis and for people: "5 gmail-smtp-in.l.google.com 10 alt1...". The pure
 * value; policyd/mx.h finds it.
 */
#ifndef MX_SET_H
#define MX_SET_H

#include "domain.h"
#include "str.h"

enum { MX_SET_MAX = 32 }; /* further hosts of an answer are left out, worst preference first */

struct mx_host {
	unsigned preference; /* RFC 5321, 5.1: lower is tried first; 0 for an implicit MX */
	const char *name;    /* normal form */
};

/* Hosts sorted by preference, then name, without repetitions. One block, freed by mx_set_free. */
struct mx_set {
	size_t count;
	struct mx_host hosts[];
};

/* A set of a copy of these hosts (any order); count may be over MX_SET_MAX. */
struct mx_set *mx_set_new(const struct mx_host *hosts, size_t count);
void mx_set_free(struct mx_set **set);
void mx_set_format(const struct mx_set *set, struct str *out);
/* NULL when the text is not a set. */
struct mx_set *mx_set_parse(struct span text);

/* The set's name among all sets: the first host, and for more than one also how many others and a
 * checksum of all names: "mx1.foo.test", "mx1.foo.test+2-1f3a09c2". */
enum { MX_SET_NAME_SIZE = DOMAIN_SIZE + 16 };
void mx_set_name(const struct mx_set *set, char out[MX_SET_NAME_SIZE]);

#endif
