/*
 * transports - the Postfix transports of enforce = "egress": one per (class, sending IP).
 *
 * A class is a rule, named after it; but rules of scope "site" whose messages_per_connection is that
 * of the last rule share its class, named after the last rule ("default" in the shipped rules). A
 * provider does not share: what waits for it would take the processes of others, and what may not
 * wait is deferred and comes back late (two thirds of a limit were used so, all of it with a
 * transport of its own). The class "unknown" takes domains whose MX set is not known yet
 * and reuses no connection. Sending IPs are numbered from 1 in the order of the configuration, those
 * of other nodes included, so that a name is the same on every node; without any there is one.
 *
 * mxpolicyd answers with these names and mxctl writes them to master.cf.
 */
#ifndef TRANSPORTS_H
#define TRANSPORTS_H

#include "mx_rules.h"

#define TRANSPORTS_PREFIX  "mxp-"
#define TRANSPORTS_UNKNOWN "unknown"
enum { TRANSPORT_NAME_SIZE = 5 + MX_RULE_NAME_MAX + 24 };

struct transport_class {
	const char *name;                /* the rules', or TRANSPORTS_UNKNOWN */
	int64_t messages_per_connection; /* 0: no limit */
	bool shared; /* by several rules or sites: no group may hold all its processes */
};

/* The class of a rule of these rules; rule NULL: the class "unknown". */
void transports_class(const struct mx_rules *rules, const struct mx_rule *rule,
    struct transport_class *class);
/* All classes, "unknown" last: the at-th; false beyond the last. */
bool transports_at(const struct mx_rules *rules, size_t at, struct transport_class *class);

/* "mxp-google-1" */
void transports_name(const struct transport_class *class, size_t ip_number,
    char out[TRANSPORT_NAME_SIZE]);
/* Which sending IP's (from 1) a service of such a name is; 0: not one of ours. class, if not NULL:
 * the class's name, part of `service`. */
size_t transports_parse(struct span service, struct span *class);

#endif
