/*
 * grant - the right of one delivery to a connection to one MX host, and its place in the queue for
 * it. slots.h gives and ends grants, kernel_view.h finds out which sockets belong to them.
 */
#ifndef GRANT_H
#define GRANT_H

#include "addresses.h"
#include "lane.h"

enum { GRANT_BARE_MS = 60000 };

enum slot_answer { SLOT_GRANTED, SLOT_PASSED };
typedef void slot_done(void *arg, enum slot_answer answer);

struct grant {                   /* part of a delivery; { 0 } is idle */
	TAILQ_ENTRY(grant) link; /* of the live ones, oldest first */
	struct waiter waiter;
	struct lane *lane; /* a reference while it waits or lives */
	const char
	    *next_hop; /* at `dns`: an idle connection to it will do; NULL: it must be a new one */
	bool live;
	bool passed;  /* to reuse an idle connection */
	bool ahead;   /* sent ahead to wait at `connect`, or waiting there */
	bool matched; /* a socket was seen */
	bool talked;  /* ended: with its provider reached */
	bool ended;   /* its delivery has gone on; the next look tells whether a socket is left */
	unsigned sockets;
	int64_t granted_ms;
	int64_t bare_ms; /* live: since when without a socket, or its process without a new word */
	const int64_t *message_ms; /* the delivery's message's stamp, as it is now; NULL: none */
	int64_t stamp_ms;          /* granted: the message's new stamp; 0: as it was, or none */
	struct sockets_address local[2]; /* of the sending IP; family 0: any */
	bool connecting;                 /* its process may open a connection: from `connect` on */
	const struct sockets_address
	    *addresses; /* of the delivery's MX hosts, set with `connecting`;
	                                            none: all that are known of the group */
	size_t address_count;
	slot_done *done;
	void *arg;
};

TAILQ_HEAD(grants, grant);

/* Whether that socket may be its: remote address, local address. */
bool grant_fits(const struct grant *grant, const struct sockets_entry *entry,
    const struct addresses *addresses);
/* The one a new socket belongs to: the oldest without one; else the oldest of all it fits (further
 * addresses, a second try); NULL: none. */
struct grant *grants_find(const struct grants *live, const struct sockets_entry *entry,
    const struct addresses *addresses);

#endif
