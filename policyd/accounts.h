/*
 * accounts - whose mail passes this node: what each account, campaign and list sent, on its way to
 * Redis (sent_counts.h), and the accounts of the whole fleet that nothing is taken from, in memory
 * (refused_accounts.h).
 *
 * Neither costs a decision anything: every ACCOUNTS_TICK_MS what was counted goes to Redis
 * (lua/sender.lua), together with one small read, whether the accounts that are refused are still
 * the same. If they are not, they are read anew. While Redis is away what was known stays, and
 * counts gather.
 */
#ifndef ACCOUNTS_H
#define ACCOUNTS_H

#include "sender_identity.h"
#include "store_async.h"
#include "transaction.h"

enum { ACCOUNTS_TICK_MS = 400 };

struct accounts;

struct accounts *accounts_new(struct event_base *base, struct store_async *store,
    struct settings *settings);
void accounts_free(struct accounts **accounts);
/* After a reload. */
void accounts_rebind(struct accounts *accounts, struct store_async *store,
    struct settings *settings);

/* Whether accounts_refused() can say anything but NULL. */
bool accounts_refuse_any(const struct accounts *accounts);
/* Why nothing is taken from the account now; NULL: it is. Good within the caller's event. */
const struct sender_status *accounts_refused(const struct accounts *accounts, const char *account);

/* The account of queued mail, of which the sender alone is known (logins.h). */
const char *accounts_of_sender(const struct accounts *accounts, const char *by_sender);

/* A message was taken: its recipients by group. */
void accounts_count(struct accounts *accounts, const struct sender_identity *identity,
    const struct transaction_recipients *sent, size_t count);

/* What was counted goes to Redis now, at the end of the program. */
void accounts_flush(struct accounts *accounts);

struct accounts_figures {
	size_t refused;   /* accounts */
	size_t waiting;   /* counts on their way */
	uint64_t dropped; /* messages not counted, as there were too many senders */
};
struct accounts_figures accounts_figures(const struct accounts *accounts);

#endif
