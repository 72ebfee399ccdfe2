#include "address_table.h"

#include <stdlib.h>
#include <string.h>

struct address_host {
	UT_hash_handle hh;
	struct host_listings listings;
	struct sockets_address address;
};

void
address_table_init(struct address_table *table)
{
	memset(table, 0, sizeof(*table));
	TAILQ_INIT(&table->by_age);
}

void
address_table_clear(struct address_table *table)
{
	struct listing *listing;

	while ((listing = TAILQ_FIRST(&table->by_age)) != NULL) {
		address_table_remove(table, listing);
		free(listing);
	}
}

size_t
address_table_count(const struct address_table *table)
{
	return HASH_COUNT(table->by_key);
}

static struct address_host *
find_host(const struct address_table *table, const struct sockets_address *address)
{
	struct address_host *host;

	HASH_FIND(hh, table->hosts, address, sizeof(*address), host);
	return host;
}

const struct host_listings *
address_table_of(const struct address_table *table, const struct sockets_address *address)
{
	const struct address_host *host = find_host(table, address);

	return host != NULL ? &host->listings : NULL;
}

struct listing *
address_table_find(const struct address_table *table, const struct sockets_address *address,
    const char *group)
{
	struct listing *listing;
	char key[sizeof(*address) + MX_GROUP_SIZE];
	size_t len = strlen(group);

	if (len >= MX_GROUP_SIZE)
		return NULL;
	memcpy(key, address, sizeof(*address));
	memcpy(key + sizeof(*address), group, len);
	HASH_FIND(hh, table->by_key, key, sizeof(*address) + len, listing);
	return listing;
}

static struct address_host *
get_host(struct address_table *table, const struct sockets_address *address)
{
	struct address_host *host = find_host(table, address);

	if (host != NULL)
		return host;
	host = mem_alloc(sizeof(*host));
	host->address = *address;
	HASH_ADD(hh, table->hosts, address, sizeof(host->address), host);
	return host;
}

struct listing *
address_table_add(struct address_table *table, const struct sockets_address *address,
    const char *group, size_t max)
{
	size_t len = strlen(group);
	struct listing *listing = mem_alloc(sizeof(*listing) + len + 1), *oldest;

	if (HASH_COUNT(table->by_key) >= max) {
		oldest = TAILQ_FIRST(&table->by_age);
		address_table_remove(table, oldest);
		free(oldest);
	}
	listing->host = get_host(table, address);
	listing->address = *address;
	memcpy(listing->group, group, len + 1);
	HASH_ADD(hh, table->by_key, address, sizeof(listing->address) + len, listing);
	TAILQ_INSERT_TAIL(&table->by_age, listing, age);
	LIST_INSERT_HEAD(&listing->host->listings, listing, link);
	return listing;
}

/* Takes it off the queue. */
static void
leave_queue(struct address_table *table, struct listing *listing)
{
	if (table->next == listing)
		table->next = TAILQ_NEXT(listing, age);
	TAILQ_REMOVE(&table->by_age, listing, age);
}

void
address_table_renew(struct address_table *table, struct listing *listing)
{
	leave_queue(table, listing);
	TAILQ_INSERT_TAIL(&table->by_age, listing, age);
}

void
address_table_remove(struct address_table *table, struct listing *listing)
{
	struct address_host *host = listing->host;

	leave_queue(table, listing);
	HASH_DEL(table->by_key, listing);
	LIST_REMOVE(listing, link);
	if (!LIST_EMPTY(&host->listings))
		return;
	HASH_DEL(table->hosts, host);
	free(host);
}
