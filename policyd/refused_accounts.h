/*
 * refused_accounts - the accounts of the whole fleet that nothing is taken from, in memory.
 *
 * Redis has their list, and a version of it that changes with it. Who hears of another version reads
 * the list anew; until then, and while Redis is away, what was known stays.
 */
#ifndef REFUSED_ACCOUNTS_H
#define REFUSED_ACCOUNTS_H

#include "sender.h"
#include "store_async.h"

struct refused_accounts;

struct refused_accounts *refused_accounts_new(struct store_async *store);
void refused_accounts_free(struct refused_accounts **accounts);
/* Another store. What is known stays until that has told its own. */
void refused_accounts_rebind(struct refused_accounts *accounts, struct store_async *store);

/* NULL: it is not refused. Good within the caller's event. It may be over by now (sender_is_refused()). */
const struct sender_status *refused_accounts_find(const struct refused_accounts *accounts,
    const char *name);
size_t refused_accounts_count(const struct refused_accounts *accounts);

/* One more, before the list is read again. */
void refused_accounts_add(struct refused_accounts *accounts, const char *name,
    const struct sender_status *status);
/* The list's version of now: reads it, if it is another one. */
void refused_accounts_hear(struct refused_accounts *accounts, const char *version);

#endif
