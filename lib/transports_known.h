/*
 * transports_known - the transports that Postfix on this host has been set up with, as `mxctl postfix
 * setup` has recorded them: STATE_DIR/postfix-setup/DIRECTORY/transports, a name a line. Mail for one
 * that is not there would be deferred by Postfix, so a class without goes by another's meanwhile.
 *
 * With several Postfix instances those that each of them has.
 */
#ifndef TRANSPORTS_KNOWN_H
#define TRANSPORTS_KNOWN_H

#include "str.h"
#include "transports.h"

#define TRANSPORTS_FOLDER "postfix-setup" /* below state_dir */
#define TRANSPORTS_FILE   "transports"

struct transports_known {
	struct str names; /* each between newlines; empty: nothing is known */
};

/* Looks again. True: it is another one now. */
bool transports_known_read(struct transports_known *known, const char *state_dir);
void transports_known_clear(struct transports_known *known);

bool transports_known_has(const struct transports_known *known, const struct transport_class *class,
    size_t ip_number);

/* The class by whose transport mail of a rule (NULL: MX not known) leaves from a sending IP: the rule's
 * own; if Postfix has none, the last rule's, unless that puts more messages on a connection than the rule
 * allows, then "unknown". The rule's own too where nothing is known (or known is NULL), and where Postfix
 * has none of these. */
void transports_choose(const struct transports_known *known, const struct mx_rules *rules,
    const struct mx_rule *rule, size_t ip_number, struct transport_class *class);
/* Whether mail of a rule can leave from there, as far as is known. */
bool transports_known_serves(const struct transports_known *known, const struct mx_rules *rules,
    const struct mx_rule *rule, size_t ip_number);

#endif
