#include "addresses.h"

#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "address_file.h"
#include "clock.h"
#include "keys.h"
#include "log.h"
#include "store_batch.h"

enum {
	REFRESH_S = ADDRESSES_KEEP_S / 2, /* what is newer by less is neither written nor told */
	PAUSE_MS = 5,
	FORGOTTEN_MAX = 1000,
	FORGOTTEN_AT_ONCE = 8, /* in one batch, beside a tell's own commands */
};

struct addresses {
	struct address_table table;
	struct listings forgotten; /* expired; the store is yet to be told */
	size_t forgotten_count;
	char *path;
	struct address_file file; /* being written */
	bool changed;             /* since what the file has, or is to have */
	bool warned;
	struct event *save, *go_on;
};

/* -- asking ------------------------------------------------------------------------------------ */

void
addresses_groups(const struct addresses *addresses, const struct sockets_address *address,
    void (*found)(void *arg, const char *group), void *arg)
{
	const struct host_listings *listings = address_table_of(&addresses->table, address);
	const struct listing *listing;
	int64_t now_s = clock_wall_s();

	if (listings == NULL)
		return;
	LIST_FOREACH(listing, listings, link)
	if (listing->until_s > now_s)
		found(arg, listing->group);
}

bool
addresses_has(const struct addresses *addresses, const struct sockets_address *address,
    const char *group)
{
	const struct listing *listing = address_table_find(&addresses->table, address, group);

	return listing != NULL && listing->until_s > clock_wall_s();
}

size_t
addresses_count(const struct addresses *addresses)
{
	return address_table_count(&addresses->table);
}

/* -- the file ---------------------------------------------------------------------------------- */

static void
save_later(struct addresses *addresses)
{
	struct timeval wait = { ADDRESSES_SAVE_S, 0 };

	addresses->changed = true;
	if (addresses->file.fd < 0 && !evtimer_pending(addresses->save, NULL))
		evtimer_add(addresses->save, &wait);
}

static void
on_failure(struct addresses *addresses, const struct err *err)
{
	if (!addresses->warned)
		log_warning("%s; after a restart, connections that were open before count only "
			    "once their hosts are looked up again (state_dir)",
		    err->text);
	addresses->warned = true;
	save_later(addresses);
}

static void
forget(void *arg, struct listing *listing)
{
	struct addresses *addresses = arg;

	if (addresses->forgotten_count == FORGOTTEN_MAX) {
		free(listing);
		return;
	}
	TAILQ_INSERT_TAIL(&addresses->forgotten, listing, age);
	addresses->forgotten_count++;
}

static bool
begin_writing(struct addresses *addresses)
{
	struct err err;

	addresses->changed = false;
	if (address_file_begin(&addresses->file, addresses->path, &addresses->table, &err) == 0)
		return true;
	on_failure(addresses, &err);
	return false;
}

/* False: no more is to be done, for good or ill. */
static bool
write_some(struct addresses *addresses)
{
	struct err err;
	int rc = address_file_go_on(&addresses->file, addresses->path, &addresses->table,
	    clock_wall_s(), forget, addresses, &err);

	if (rc < 0)
		on_failure(addresses, &err);
	else if (rc == 0 && addresses->changed)
		save_later(addresses);
	return rc > 0;
}

static void
on_go_on(evutil_socket_t fd, short what, void *arg)
{
	struct addresses *addresses = arg;
	struct timeval pause = { 0, PAUSE_MS * 1000 };

	(void)fd;
	(void)what;
	if (addresses->file.fd >= 0 && write_some(addresses))
		evtimer_add(addresses->go_on, &pause);
}

static void
on_save(evutil_socket_t fd, short what, void *arg)
{
	struct addresses *addresses = arg;

	if (addresses->file.fd < 0 && addresses->changed && begin_writing(addresses))
		on_go_on(fd, what, addresses);
}

/* -- learning ---------------------------------------------------------------------------------- */

static void
put_forgotten(struct addresses *addresses, struct store_batch *batch, struct str *key)
{
	for (int i = 0; i < FORGOTTEN_AT_ONCE && addresses->forgotten_count > 0; i++) {
		struct listing *listing = TAILQ_FIRST(&addresses->forgotten);
		char text[SOCKETS_ADDRESS_SIZE];

		TAILQ_REMOVE(&addresses->forgotten, listing, age);
		addresses->forgotten_count--;
		if (address_table_find(&addresses->table, &listing->address, listing->group) ==
		    NULL) {
			str_empty(key);
			keys_group_addresses(key, listing->group);
			STORE_PUT(batch, NULL, NULL, "HDEL", str_text(key),
			    sockets_address_format(&listing->address, text));
		}
		free(listing);
	}
}

static void
tell(struct addresses *addresses, const struct listing *listing, struct store_async *store)
{
	struct store_batch *batch = store_async_batch(store);
	struct str key = { 0 };
	char text[SOCKETS_ADDRESS_SIZE], until[24], ttl[16];

	keys_group_addresses(&key, listing->group);
	snprintf(until, sizeof(until), "%lld", (long long)listing->until_s);
	snprintf(ttl, sizeof(ttl), "%d", ADDRESSES_TTL_MAX_S);
	STORE_PUT(batch, NULL, NULL, "HSET", str_text(&key),
	    sockets_address_format(&listing->address, text), until);
	STORE_PUT(batch, NULL, NULL, "EXPIRE", str_text(&key), ttl);
	put_forgotten(addresses, batch, &key);
	store_async_send(store);
	str_free(&key);
}

void
addresses_learn(struct addresses *addresses, const struct sockets_address *address,
    const char *group, int64_t ttl_s, struct store_async *store)
{
	int64_t now_s = clock_wall_s();
	struct listing *listing = address_table_find(&addresses->table, address, group);

	if (group[0] == '\0' || strlen(group) >= MX_GROUP_SIZE)
		return;
	if (listing == NULL)
		listing = address_table_add(&addresses->table, address, group, ADDRESSES_MAX);
	if (ttl_s < ADDRESSES_KEEP_S)
		ttl_s = ADDRESSES_KEEP_S;
	if (ttl_s > ADDRESSES_TTL_MAX_S)
		ttl_s = ADDRESSES_TTL_MAX_S;
	if (now_s + ttl_s > listing->until_s)
		listing->until_s = now_s + ttl_s;
	if (listing->until_s - listing->written_s >= REFRESH_S) {
		address_table_renew(&addresses->table, listing);
		save_later(addresses);
	}
	if (store != NULL && now_s - listing->told_s >= REFRESH_S && store_async_works(store)) {
		tell(addresses, listing, store);
		listing->told_s = now_s;
	}
}

/* -- the whole --------------------------------------------------------------------------------- */

struct addresses *
addresses_new(struct event_base *base, const char *state_dir)
{
	struct addresses *addresses = mem_alloc(sizeof(*addresses));
	struct str path = { 0 };
	struct err err;

	str_addf(&path, "%s/addresses", state_dir);
	addresses->path = path.data;
	address_table_init(&addresses->table);
	TAILQ_INIT(&addresses->forgotten);
	addresses->file.fd = -1;
	addresses->save = evtimer_new(base, on_save, addresses);
	addresses->go_on = evtimer_new(base, on_go_on, addresses);
	if (address_file_read(addresses->path, &addresses->table, clock_wall_s(),
		ADDRESSES_TTL_MAX_S, ADDRESSES_MAX, &err) != 0)
		log_warning("%s", err.text);
	return addresses;
}

/* What is being written, and what has changed meanwhile. */
static void
write_all(struct addresses *addresses)
{
	while (addresses->file.fd >= 0 && write_some(addresses))
		;
	if (addresses->changed && begin_writing(addresses))
		while (write_some(addresses))
			;
}

void
addresses_free(struct addresses **addresses)
{
	struct addresses *old = *addresses;
	struct listing *listing;

	*addresses = NULL;
	if (old == NULL)
		return;
	write_all(old);
	event_free(old->save);
	event_free(old->go_on);
	address_table_clear(&old->table);
	while ((listing = TAILQ_FIRST(&old->forgotten)) != NULL) {
		TAILQ_REMOVE(&old->forgotten, listing, age);
		free(listing);
	}
	free(old->path);
	free(old);
}
