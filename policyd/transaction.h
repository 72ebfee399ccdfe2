/*
 * transaction - SMTP transactions under way, by Postfix's `instance`: which groups each has its
 * message counted in, and the slots it holds.
 *
 * All requests about one message carry the same instance, so a message with many recipients of one
 * group is counted once and holds one slot. Its slots end with its END-OF-MESSAGE, when its policy
 * connection brings another instance or closes, or TRANSACTION_IDLE_S after its last request; that
 * it was counted is remembered until END-OF-MESSAGE or for TRANSACTION_IDLE_S. Postfix asks one thing at a time about one
 * instance; two requests of one instance at the very same time would both be counted.
 */
#ifndef TRANSACTION_H
#define TRANSACTION_H

#include "group.h"
#include "pack.h"
#include "span.h"

enum { TRANSACTION_IDLE_S = 300, TRANSACTIONS_MAX = 200000 };

struct transactions;
struct transaction;

struct transactions *transactions_new(struct event_base *base);
void transactions_free(struct transactions **transactions);
size_t transactions_count(const struct transactions *transactions);

/* The transaction of that instance, made if it is new, owned by *owner from now on: the transaction
 * *owner pointed to before, if another, gives its slots up; *owner becomes NULL by itself when the
 * transaction goes. With an empty instance each opening makes another one. */
struct transaction *transactions_open(struct transactions *transactions, struct span instance,
    struct transaction **owner);
/* The same in two steps, so that a question can go to Redis between them: making a new one touches
 * much memory that nobody has looked at for long. NULL: it is new. */
struct transaction *transactions_find(const struct transactions *transactions, struct span instance,
    struct transaction *const *owner);
struct transaction *transactions_take(struct transactions *transactions, struct transaction *found,
    struct span instance, struct transaction **owner);
/* The owner's connection brings this instance: the slots of another one it had end. */
void transactions_leave(struct transactions *transactions, struct span instance,
    struct transaction **owner);
/* END-OF-MESSAGE of that instance: its slots end, and nothing more is asked about it. */
void transactions_end_message(struct transactions *transactions, struct span instance);
/* The owner goes: the slots of its transaction end. */
void transactions_disown(struct transactions *transactions, struct transaction **owner);

bool transaction_has(const struct transaction *transaction, const struct group *group);
/* A further recipient of the message was let pass. group: NULL not known. */
void transaction_recipient(struct transaction *transaction, struct group *group);
/* At END-OF-MESSAGE: the recipients of that instance by group, at most `max` (1 and more); how many.
 * The last one also has those of all groups beyond, and then no name. Names are good until
 * transactions_end_message(). */
struct transaction_recipients {
	const char *group; /* NULL: not known */
	int64_t recipients;
};
size_t transactions_recipients(struct transactions *transactions, struct span instance,
    struct transaction_recipients *list, size_t max);
const char *transaction_instance(const struct transaction *transaction);
/* All of them but those without an instance, for another process, and taken over there: slots are
 * open again, owners come by transactions_open. */
void transactions_pack(const struct transactions *transactions, struct str *out);
void transactions_unpack(struct transactions *transactions, struct groups *groups,
    struct unpack *in);
/* After all owners have come: slots of those whose connection has gone meanwhile end. all: of the
 * others too, they are not counted by transactions any more. */
void transactions_unpacked(struct transactions *transactions, bool all);
/* The message is counted in the group. slot: one was opened for it; it ends with the others. */
void transaction_grant(struct transaction *transaction, struct group *group, bool slot);

#endif
