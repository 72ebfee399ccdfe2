/*
 * address_table - pairs of an IP address and an MX group that takes mail there, until when: what
 * addresses.h keeps, in memory. Knows no clock and no file.
 */
#ifndef ADDRESS_TABLE_H
#define ADDRESS_TABLE_H

#include <sys/queue.h>

#include "mem.h"
#include "mx_rules.h"
#include "sockets.h"

#define uthash_malloc(size) mem_alloc(size)
#include <uthash.h>

struct address_host;

struct listing { /* a group lists an address */
	UT_hash_handle hh;
	TAILQ_ENTRY(listing) age;
	LIST_ENTRY(listing) link; /* in its host's */
	struct address_host *host;
	int64_t until_s;   /* Unix time */
	int64_t written_s; /* until when, in the file */
	int64_t told_s;    /* when the store was last told; 0: never */
	/* Both together are the key. */
	struct sockets_address address;
	char group[];
};
TAILQ_HEAD(listings, listing);
LIST_HEAD(host_listings, listing);

struct address_table {
	struct listing *by_key;
	struct address_host *hosts;
	struct listings by_age; /* learned longest ago first */
	struct listing
	    *next; /* where someone who goes through them stands; follows what is removed */
};

void address_table_init(struct address_table *table);
void address_table_clear(struct address_table *table);
size_t address_table_count(const struct address_table *table);

/* NULL: not in it. */
struct listing *address_table_find(const struct address_table *table,
    const struct sockets_address *address, const char *group);
/* The groups of an address; NULL: none. */
const struct host_listings *address_table_of(const struct address_table *table,
    const struct sockets_address *address);

/* A new pair, not in it before, as the newest; group: 1 to MX_GROUP_SIZE - 1 bytes. Of more than
 * `max` the oldest goes. */
struct listing *address_table_add(struct address_table *table,
    const struct sockets_address *address, const char *group, size_t max);
/* The newest from now on. */
void address_table_renew(struct address_table *table, struct listing *listing);
/* It is the caller's then, to be freed. */
void address_table_remove(struct address_table *table, struct listing *listing);

#endif
