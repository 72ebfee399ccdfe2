/*
 * slots - who may open a connection: the kernel's view, grants, and the queue for a slot.
 *
 * A lane's open connections are its sockets, as the kernel lists them, and the grants whose socket
 * is not seen yet. A grant belongs to one delivery on one MX host: it lives from the answer to
 * `connect` until its process says `status`, begins the next delivery or hangs up, or for
 * GRANT_BARE_MS without a socket. While it lives it counts as one, however many sockets follow one
 * another (the host's further addresses, the plaintext retry after a failed handshake).
 *
 * A new socket belongs to the oldest grant without one that its addresses fit (remote: of the
 * delivery's MX hosts; local: of the sending IP), and to that grant's lane for life. As smtp(8)
 * waits for our answer to `status` with its socket open, a look at the kernel just then finds the
 * socket of even the shortest delivery. If that socket had been taken for another grant's, the other
 * is without one again. A socket that fits no grant counts extra in every lane that lists its
 * address: connections of before a restart, and those whose process did not ask.
 *
 * A delivery asks for its slot at its first `dns` look-up, before it looks into Postfix' connection
 * cache, and is let pass without one when a connection of the same next hop has just become idle: it
 * will reuse that. (Held at `connect` it could not any more: the cache would keep the connection
 * until it expires, and the slot with it.) Idle are the lane's established sockets that no delivery
 * under way has; one is offered SLOTS_OFFER_MS after a `status`, when a connection that is not kept
 * has said QUIT. Who passed and finds none asks again at `connect`, and waits there.
 *
 * So that a slot is used at once when it comes, and not after the rest of a delivery's look-ups, a
 * few deliveries are sent ahead: with their message, to wait at `connect`; but not while messages are
 * short, as theirs wait with them.
 *
 * The kernel is looked at when somebody asks, every SLOTS_WAIT_MS while somebody waits, every
 * SLOTS_IDLE_MS while connections are open, and not at all otherwise. A process in another network
 * namespace has no sockets here: after SLOTS_BLIND deliveries that talked to a provider while no
 * socket was ever seen we say so once, and a grant counts until SLOTS_CACHE_MS after its status.
 */
#ifndef SLOTS_H
#define SLOTS_H

#include "egress.h"
#include "hold.h"

enum {
	GRANT_BARE_MS = 60000,
	SLOTS_WAIT_MS = 5,
	SLOTS_IDLE_MS = 25,
	SLOTS_ASK_MS = 10,     /* between attempts of a lane that waits for another node's slot */
	SLOTS_START_MS = 2000, /* no grants: those of the process before us get their sockets */
	SLOTS_AHEAD = 3,       /* at most so many per lane, and no more than half its limit */
	SLOTS_AHEAD_PAUSE_MS = 10000, /* since messages were short */
	SLOTS_OFFER_MS = 8,
	SLOTS_OFFERED_MS =
	    900, /* Postfix keeps an idle connection for 1 s (set-up), 2 s (default) */
	SLOTS_BLIND = 5,
	SLOTS_CACHE_MS = 3000,
};

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
	unsigned sockets;
	int64_t granted_ms;
	int64_t stamp_ms; /* of the delivery's message: stamped anew when granted; 0: none */
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

struct slots *slots_new(struct egress *egress);
void slots_free(struct slots **slots);

/* Asks for a slot; `done` comes later, never within this call. The caller has set local, next_hop
 * and stamp_ms. since_ms: how long its delivery waits already counts. */
void slots_ask(struct slots *slots, struct grant *grant, struct lane *lane, int64_t since_ms,
    slot_done *done, void *arg);
/* A delivery to that next hop has ended with its connection in order: it may be idle now. */
void slots_offer(struct slots *slots, struct lane *lane, const char *next_hop);
/* It waits no more, or its connection is not its own any more. talked: the provider was reached
 * (for the socket's sake, see above). */
void slots_end(struct slots *slots, struct grant *grant, bool talked);
/* Looks at the kernel now if the grant has not been seen with a socket yet. */
void slots_look_for(struct slots *slots, struct grant *grant);

bool slots_are_blind(const struct slots *slots);
int64_t slots_sockets(const struct slots *slots); /* open, all lanes */
/* For a connection without a limit too. */
void slots_rebind(struct slots *slots);

#endif
