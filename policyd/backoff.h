/*
 * backoff - what providers complain of: status look-ups matched against the backoff rules of their
 * MX rule. What follows is the fleet's (lua/backoff.lua); greylisting is no complaint.
 */
#ifndef BACKOFF_H
#define BACKOFF_H

#include "egress.h"
#include "sockmap.h"

/* A status (the key of its look-up) of a delivery to that lane that was not denied by us. True: it
 * is an `as_soft` of the rule, and reply says how Postfix shall read it. */
bool backoff_hear(struct egress *egress, struct lane *lane, struct span status,
    struct sockmap_reply *reply);

/* At the end of the egress: what is on its way to Redis is told nobody. */
void backoff_free(struct egress *egress);

/* "4.7.0 450 4.2.0 ... Greylisted": the site wants the same message again later, nothing else. */
bool backoff_is_greylisting(struct span status);

#endif
