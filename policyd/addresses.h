/*
 * addresses - which MX groups an IP address takes mail for: learned from the records Postfix looks
 * up, kept for their TTL and at least ADDRESSES_KEEP_S, and over restarts in state_dir/addresses,
 * so that the connections of a process that was already there are counted at once.
 */
#ifndef ADDRESSES_H
#define ADDRESSES_H

#include "sockets.h"
#include "store_async.h"

enum { ADDRESSES_KEEP_S = 3600, ADDRESSES_MAX = 500000, ADDRESSES_SAVE_S = 30 };
enum { ADDRESSES_TTL_MAX_S = 86400 }; /* longer ones are cut to it */

struct addresses;

/* Reads the file, if it is there; mistakes in it cost the line only. It is written back (to another
 * name, then renamed) at most every ADDRESSES_SAVE_S, a part in each turn of the event loop, and
 * when freed, at once, if anything changed. That it cannot be written is logged once. */
struct addresses *addresses_new(struct event_base *base, const char *state_dir);
void addresses_free(struct addresses **addresses); /* before its event_base */

/* The group takes mail at that address, for ttl_s from now. store: told too, once per
 * ADDRESSES_KEEP_S / 2 (for nodes that have lost their file, and people), with its scratch batch;
 * NULL: nobody. Of more than ADDRESSES_MAX, the one learned longest ago makes room. */
void addresses_learn(struct addresses *addresses, const struct sockets_address *address,
    const char *group, int64_t ttl_s, struct store_async *store);
/* Calls with each group that lists the address. found() must not learn. */
void addresses_groups(const struct addresses *addresses, const struct sockets_address *address,
    void (*found)(void *arg, const char *group), void *arg);
bool addresses_has(const struct addresses *addresses, const struct sockets_address *address,
    const char *group);
/* Pairs of address and group; those that have expired are among them until the next writing. */
size_t addresses_count(const struct addresses *addresses);

#endif
