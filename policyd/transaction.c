#include "transaction.h"

#include <event2/event.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "clock.h"
#include "hash_index.h"
#include "mem.h"

enum { SWEEP_S = 5, INSTANCE_MAX = 128 };

struct grant {
	struct grant *next;
	struct group *group; /* a reference; NULL: none yet */
	bool slot;           /* has one open */
};

struct tally {
	struct tally *next;
	struct group *group; /* a reference, or NULL */
	int64_t recipients;
};

struct transaction {
	TAILQ_ENTRY(transaction) link;
	uint64_t hash; /* of the instance */
	struct transaction **owner;
	struct grant grant; /* the first; most messages need no other */
	struct tally tally; /* the first; most messages need no other */
	int64_t used_ms;
	size_t len;
	char instance[];
};

struct transactions {
	struct hash_index by_instance;
	TAILQ_HEAD(, transaction) by_use; /* longest unused first */
	struct event *sweep;
	size_t count;
};

static void
end_slots(struct transaction *transaction)
{
	for (struct grant *grant = &transaction->grant; grant != NULL; grant = grant->next) {
		if (grant->slot)
			group_close_slot(grant->group);
		grant->slot = false;
	}
}

static void
free_grants(struct transaction *transaction)
{
	struct grant *grant;

	group_release(&transaction->grant.group);
	while ((grant = transaction->grant.next) != NULL) {
		transaction->grant.next = grant->next;
		group_release(&grant->group);
		free(grant);
	}
}

static void
free_tallies(struct transaction *transaction)
{
	struct tally *tally;

	group_release(&transaction->tally.group);
	while ((tally = transaction->tally.next) != NULL) {
		transaction->tally.next = tally->next;
		group_release(&tally->group);
		free(tally);
	}
}

static void
discard(struct transactions *transactions, struct transaction *transaction)
{
	end_slots(transaction);
	free_grants(transaction);
	free_tallies(transaction);
	if (transaction->owner != NULL)
		*transaction->owner = NULL;
	TAILQ_REMOVE(&transactions->by_use, transaction, link);
	if (transaction->len > 0)
		hash_index_remove(&transactions->by_instance, transaction->hash, transaction);
	transactions->count--;
	free(transaction);
}

static void
on_sweep(evutil_socket_t fd, short what, void *arg)
{
	struct transactions *transactions = arg;
	int64_t before_ms = clock_monotonic_ms() - (int64_t)TRANSACTION_IDLE_S * 1000;
	struct transaction *oldest;

	(void)fd;
	(void)what;
	while (
	    (oldest = TAILQ_FIRST(&transactions->by_use)) != NULL && oldest->used_ms <= before_ms)
		discard(transactions, oldest);
}

struct transactions *
transactions_new(struct event_base *base)
{
	struct transactions *transactions = mem_alloc(sizeof(*transactions));
	struct timeval every = { SWEEP_S, 0 };

	TAILQ_INIT(&transactions->by_use);
	transactions->sweep = event_new(base, -1, EV_PERSIST, on_sweep, transactions);
	evtimer_add(transactions->sweep, &every);
	return transactions;
}

void
transactions_free(struct transactions **transactions)
{
	struct transactions *old = *transactions;

	*transactions = NULL;
	if (old == NULL)
		return;
	while (!TAILQ_EMPTY(&old->by_use))
		discard(old, TAILQ_FIRST(&old->by_use));
	hash_index_free(&old->by_instance);
	event_free(old->sweep);
	free(old);
}

size_t
transactions_count(const struct transactions *transactions)
{
	return transactions->count;
}

static struct span
bounded(struct span instance)
{
	return span_make(instance.ptr, instance.len > INSTANCE_MAX ? INSTANCE_MAX : instance.len);
}

static bool
is_named(const void *item, struct span instance)
{
	const struct transaction *transaction = item;

	return transaction->len > 0 &&
	       span_eq(span_make(transaction->instance, transaction->len), instance);
}

static struct transaction *
find(const struct transactions *transactions, struct span instance)
{
	if (instance.len == 0)
		return NULL;
	return hash_index_find(&transactions->by_instance, hash_index_hash(instance), is_named,
	    instance);
}

static struct transaction *
add(struct transactions *transactions, struct span instance)
{
	struct transaction *transaction;

	if (transactions->count >= TRANSACTIONS_MAX)
		discard(transactions, TAILQ_FIRST(&transactions->by_use));
	/* Not mem_alloc: calloc passes over what was freed a moment ago. */
	transaction = mem_resize(NULL, sizeof(*transaction) + instance.len + 1);
	*transaction = (struct transaction){ .len = instance.len };
	memcpy(transaction->instance, instance.len > 0 ? instance.ptr : "", instance.len);
	transaction->instance[instance.len] = '\0';
	if (instance.len > 0) {
		transaction->hash = hash_index_hash(instance);
		hash_index_add(&transactions->by_instance, transaction->hash, transaction);
	}
	TAILQ_INSERT_TAIL(&transactions->by_use, transaction, link);
	transactions->count++;
	return transaction;
}

struct transaction *
transactions_find(const struct transactions *transactions, struct span instance,
    struct transaction *const *owner)
{
	instance = bounded(instance);
	if (*owner != NULL && is_named(*owner, instance))
		return *owner; /* the usual case: no look-up */
	return find(transactions, instance);
}

struct transaction *
transactions_open(struct transactions *transactions, struct span instance,
    struct transaction **owner)
{
	return transactions_take(transactions, transactions_find(transactions, instance, owner),
	    instance, owner);
}

struct transaction *
transactions_take(struct transactions *transactions, struct transaction *transaction,
    struct span instance, struct transaction **owner)
{
	if (*owner != NULL && *owner != transaction)
		transactions_disown(transactions, owner);
	if (transaction == NULL)
		transaction = add(transactions, bounded(instance));
	if (transaction->owner != NULL && transaction->owner != owner)
		*transaction->owner = NULL;
	transaction->owner = owner;
	*owner = transaction;
	transaction->used_ms = clock_monotonic_ms();
	TAILQ_REMOVE(&transactions->by_use, transaction, link);
	TAILQ_INSERT_TAIL(&transactions->by_use, transaction, link);
	return transaction;
}

void
transactions_leave(struct transactions *transactions, struct span instance,
    struct transaction **owner)
{
	if (*owner != NULL && !is_named(*owner, bounded(instance)))
		transactions_disown(transactions, owner);
}

void
transactions_end_message(struct transactions *transactions, struct span instance)
{
	struct transaction *transaction = find(transactions, bounded(instance));

	if (transaction != NULL)
		discard(transactions, transaction);
}

void
transactions_disown(struct transactions *transactions, struct transaction **owner)
{
	struct transaction *transaction = *owner;

	*owner = NULL;
	if (transaction == NULL)
		return;
	transaction->owner = NULL;
	end_slots(transaction);
	if (transaction->len == 0) /* nobody can name it again */
		discard(transactions, transaction);
}

bool
transaction_has(const struct transaction *transaction, const struct group *group)
{
	for (const struct grant *grant = &transaction->grant; grant != NULL; grant = grant->next)
		if (grant->group != NULL && grant->group == group)
			return true;
	return false;
}

void
transaction_grant(struct transaction *transaction, struct group *group, bool slot)
{
	struct grant *grant = &transaction->grant;

	if (grant->group != NULL) {
		grant = mem_alloc(sizeof(*grant));
		grant->next = transaction->grant.next;
		transaction->grant.next = grant;
	}
	grant->group = group_hold(group);
	grant->slot = slot;
}

/* That of the group, or an unused one; NULL: there is neither. */
static struct tally *
tally_of(struct transaction *transaction, const struct group *group)
{
	struct tally *tally = &transaction->tally;

	while (tally != NULL && tally->recipients > 0 && tally->group != group)
		tally = tally->next;
	return tally;
}

void
transaction_recipient(struct transaction *transaction, struct group *group)
{
	struct tally *tally = tally_of(transaction, group);

	if (tally == NULL) {
		tally = mem_alloc(sizeof(*tally));
		tally->next = transaction->tally.next;
		transaction->tally.next = tally;
	}
	if (tally->recipients++ == 0)
		tally->group = group != NULL ? group_hold(group) : NULL;
}

size_t
transactions_recipients(struct transactions *transactions, struct span instance,
    struct transaction_recipients *list, size_t max)
{
	const struct transaction *transaction = find(transactions, bounded(instance));
	const struct tally *tally = transaction != NULL ? &transaction->tally : NULL;
	size_t count = 0;

	for (; tally != NULL && tally->recipients > 0; tally = tally->next) {
		if (count == max) {
			list[max - 1].group = NULL;
			list[max - 1].recipients += tally->recipients;
			continue;
		}
		list[count].group = tally->group != NULL ? group_name(tally->group) : NULL;
		list[count++].recipients = tally->recipients;
	}
	return count;
}

/* -- to another process ------------------------------------------------------------------------ */

const char *
transaction_instance(const struct transaction *transaction)
{
	return transaction->instance; /* allocated with a NUL behind it */
}

static void
pack_group(const struct group *group, struct str *out)
{
	pack_text(out, group != NULL ? group_name(group) : "");
	pack_text(out, group != NULL ? group_ip(group) : "");
}

static void
pack_one(const struct transaction *transaction, struct str *out)
{
	pack_text(out, transaction->instance);
	pack_number(out, transaction->used_ms);
	for (const struct grant *grant = &transaction->grant; grant != NULL; grant = grant->next) {
		if (grant->group == NULL)
			continue;
		pack_number(out, 1);
		pack_group(grant->group, out);
		pack_number(out, grant->slot);
	}
	pack_number(out, 0);
	for (const struct tally *tally = &transaction->tally; tally != NULL; tally = tally->next) {
		if (tally->recipients == 0)
			continue;
		pack_number(out, tally->recipients);
		pack_group(tally->group, out);
	}
	pack_number(out, 0);
}

void
transactions_pack(const struct transactions *transactions, struct str *out)
{
	const struct transaction *transaction;

	pack_number(out, (int64_t)transactions->by_instance.count);
	TAILQ_FOREACH (transaction, &transactions->by_use, link)
		if (transaction->len > 0)
			pack_one(transaction, out);
}

/* A reference, or NULL. */
static struct group *
unpack_group(struct groups *groups, struct unpack *in)
{
	const char *name = unpack_text(in), *ip = unpack_text(in);

	return *name != '\0' ? groups_get(groups, name, ip) : NULL;
}

static void
unpack_one(struct transactions *transactions, struct groups *groups, struct unpack *in)
{
	struct transaction *transaction = add(transactions, bounded(span_of(unpack_text(in))));
	struct group *group;
	int64_t recipients;
	bool slot;

	transaction->used_ms = unpack_past_ms(in, clock_monotonic_ms());
	while (unpack_number(in) != 0) {
		group = unpack_group(groups, in);
		slot = unpack_number(in) != 0;
		if (group == NULL)
			continue;
		if (slot) {
			group_open_slot(group);
			group_touch(group);
		}
		transaction_grant(transaction, group, slot);
		group_release(&group);
	}
	while ((recipients = unpack_number(in)) > 0 && recipients <= INT32_MAX) {
		group = unpack_group(groups, in);
		transaction_recipient(transaction, group);
		tally_of(transaction, group)->recipients = recipients;
		group_release(&group);
	}
}

void
transactions_unpack(struct transactions *transactions, struct groups *groups, struct unpack *in)
{
	size_t count = unpack_count(in);

	for (size_t i = 0; i < count && !in->failed; i++)
		unpack_one(transactions, groups, in);
}

void
transactions_unpacked(struct transactions *transactions, bool all)
{
	struct transaction *transaction;

	TAILQ_FOREACH (transaction, &transactions->by_use, link)
		if (all || transaction->owner == NULL)
			end_slots(transaction);
}
