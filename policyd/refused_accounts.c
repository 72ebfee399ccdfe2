#include "refused_accounts.h"

#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "clock.h"
#include "keys.h"
#include "mem.h"
#include "store_sender.h"

enum { AT_ONCE = 24 }; /* accounts read in one go */

struct refused {
	UT_hash_handle hh;
	struct sender_status status;
	char name[];
};

struct refused_accounts {
	struct store_async *store;
	struct refused *table;
	struct str version;
	bool known; /* the table is what the version stands for */

	/* A reading under way. */
	struct store_call *reading;
	struct arena arena;
	struct store_fields list; /* encoded names and since when in turn */
	size_t next;
	struct refused *fresh;
	struct sender_status statuses[AT_ONCE];
};

/* -- the table --------------------------------------------------------------------------------- */

static void
refuse(struct refused **table, const char *name, const struct sender_status *status)
{
	struct refused *refused;
	size_t len = strlen(name);

	HASH_FIND(hh, *table, name, len, refused);
	if (refused == NULL) {
		refused = mem_alloc(sizeof(*refused) + len + 1);
		memcpy(refused->name, name, len + 1);
		HASH_ADD_KEYPTR(hh, *table, refused->name, len, refused);
	}
	refused->status = *status;
}

static void
free_table(struct refused **table)
{
	struct refused *refused, *next;

	HASH_ITER (hh, *table, refused, next) {
		HASH_DEL(*table, refused);
		free(refused);
	}
}

void
refused_accounts_add(struct refused_accounts *accounts, const char *name,
    const struct sender_status *status)
{
	refuse(&accounts->table, name, status);
}

const struct sender_status *
refused_accounts_find(const struct refused_accounts *accounts, const char *name)
{
	struct refused *refused = NULL;

	if (accounts->table != NULL)
		HASH_FIND(hh, accounts->table, name, strlen(name), refused);
	return refused != NULL ? &refused->status : NULL;
}

size_t
refused_accounts_count(const struct refused_accounts *accounts)
{
	return HASH_COUNT(accounts->table);
}

/* -- reading it -------------------------------------------------------------------------------- */

static void read_statuses(struct refused_accounts *accounts);

static void
end_reading(struct refused_accounts *accounts, bool done)
{
	if (done) {
		free_table(&accounts->table);
		accounts->table = accounts->fresh;
		accounts->fresh = NULL;
	} else {
		accounts->known = false; /* again with the next version heard */
	}
	free_table(&accounts->fresh);
	arena_clear(&accounts->arena);
}

static const char *
listed_name(struct refused_accounts *accounts, size_t i, struct str *name)
{
	str_empty(name);
	return keys_decode(name, accounts->list.items[i]) == 0 ? str_text(name) : "";
}

static void
on_statuses(void *arg, enum store_outcome outcome, const struct err *err)
{
	struct refused_accounts *accounts = arg;
	int64_t now_s = clock_wall_s();
	struct store_batch *batch;
	struct str name = { 0 };

	(void)err;
	accounts->reading = NULL;
	if (outcome != STORE_DONE) {
		end_reading(accounts, false);
		return;
	}
	batch = store_async_batch(accounts->store);
	for (size_t i = 0; i < AT_ONCE && accounts->next < accounts->list.count; i++) {
		const char *account = listed_name(accounts, accounts->next, &name);

		accounts->next += 2;
		if (sender_is_refused(&accounts->statuses[i], now_s))
			refuse(&accounts->fresh, account, &accounts->statuses[i]);
		else
			store_put_suspended_gone(batch, account);
	}
	str_free(&name);
	if (batch->count > 0)
		store_async_send(accounts->store);
	read_statuses(accounts);
}

static void
read_statuses(struct refused_accounts *accounts)
{
	struct store_batch *batch;
	struct str name = { 0 };

	if (accounts->next >= accounts->list.count) {
		end_reading(accounts, true);
		return;
	}
	batch = store_async_batch(accounts->store);
	for (size_t i = 0; i < AT_ONCE && accounts->next + 2 * i < accounts->list.count; i++)
		store_put_sender_status(batch, listed_name(accounts, accounts->next + 2 * i, &name),
		    &accounts->statuses[i]);
	str_free(&name);
	accounts->reading = store_async_run(accounts->store, on_statuses, accounts, NULL);
	if (accounts->reading == NULL)
		end_reading(accounts, false);
}

static void
on_list(void *arg, enum store_outcome outcome, const struct err *err)
{
	struct refused_accounts *accounts = arg;

	(void)err;
	accounts->reading = NULL;
	if (outcome != STORE_DONE)
		end_reading(accounts, false);
	else
		read_statuses(accounts);
}

static void
read_list(struct refused_accounts *accounts)
{
	accounts->next = 0;
	accounts->list = (struct store_fields){ .arena = &accounts->arena };
	store_put_suspended(store_async_batch(accounts->store), &accounts->list);
	accounts->reading = store_async_run(accounts->store, on_list, accounts, NULL);
	if (accounts->reading == NULL)
		end_reading(accounts, false);
}

void
refused_accounts_hear(struct refused_accounts *accounts, const char *version)
{
	if ((accounts->known && strcmp(version, str_text(&accounts->version)) == 0) ||
	    accounts->reading != NULL)
		return;
	str_empty(&accounts->version);
	str_adds(&accounts->version, version);
	accounts->known = true;
	read_list(accounts);
}

/* -- the whole --------------------------------------------------------------------------------- */

struct refused_accounts *
refused_accounts_new(struct store_async *store)
{
	struct refused_accounts *accounts = mem_alloc(sizeof(*accounts));

	accounts->store = store;
	arena_init(&accounts->arena);
	return accounts;
}

static void
cancel(struct refused_accounts *accounts)
{
	if (accounts->reading == NULL)
		return;
	store_async_cancel(&accounts->reading);
	end_reading(accounts, false);
}

void
refused_accounts_rebind(struct refused_accounts *accounts, struct store_async *store)
{
	cancel(accounts);
	accounts->known = false;
	accounts->store = store;
}

void
refused_accounts_free(struct refused_accounts **accounts)
{
	struct refused_accounts *old = *accounts;

	*accounts = NULL;
	if (old == NULL)
		return;
	cancel(old);
	free_table(&old->table);
	str_free(&old->version);
	arena_clear(&old->arena);
	free(old);
}
