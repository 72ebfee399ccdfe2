/*
 * logins - who logs in with mail of a sender's account, as this node sees it: the account of queued
 * mail, of which the sender alone is known.
 */
#ifndef LOGINS_H
#define LOGINS_H

#include "sender_identity.h"
#include "store_async.h"

enum { LOGINS_MAX = 100000 }; /* then it begins anew */

struct logins;

struct logins *logins_new(void);
void logins_free(struct logins **logins);

/* A message was taken. Redis is told now and then, and at once of another one. */
void logins_note(struct logins *logins, const struct sender_identity *identity,
    struct store_async *store);
/* The account that logged in with mail of this sender's account, if it was always the same; else
 * by_sender itself. */
const char *logins_account(const struct logins *logins, const char *by_sender);

#endif
