/*
 * slots - who may open a connection: the queue for a slot, and who gets the next one.
 *
 * A lane's open connections are its sockets, as the kernel lists them, and the grants whose socket
 * is not seen yet (kernel_view.h). A grant belongs to one delivery on one MX host: it lives from the
 * answer to `connect` until its process says `status`, begins the next delivery or hangs up, or for
 * GRANT_BARE_MS without a socket. While it lives it counts as one, however many sockets follow one
 * another (the host's further addresses, the plaintext retry after a failed handshake).
 *
 * A delivery asks for its slot at its first `dns` look-up, before it looks into Postfix' connection
 * cache, and is let pass without one when a connection of the same next hop has just become idle
 * (offers.h): it will reuse that. (Held at `connect` it could not any more: the cache would keep the
 * connection until it expires, and the slot with it.) Who passed and finds none asks again at
 * `connect`, and waits there.
 *
 * So that a slot is used at once when it comes, and not after the rest of a delivery's look-ups, a
 * few deliveries are sent ahead: with their message, to wait at `connect`; but not while messages are
 * short, as theirs wait with them.
 *
 * The kernel is looked at every SLOTS_WAIT_MS while somebody waits, every SLOTS_IDLE_MS while
 * connections are open, and not at all otherwise; and never for more than a SLOTS_LOOK_SHARE of the
 * time. An old look shows too much rather than too little: who asks is not kept waiting for one.
 */
#ifndef SLOTS_H
#define SLOTS_H

#include "egress.h"
#include "grant.h"

enum {
	SLOTS_WAIT_MS = 5,
	SLOTS_IDLE_MS = 25,
	SLOTS_LOOK_SHARE = 10, /* a tenth */
	SLOTS_AHEAD = 3,       /* at most so many per lane, and no more than half its limit */
	SLOTS_AHEAD_PAUSE_MS = 10000, /* since messages were short */
};

struct slots *slots_new(struct egress *egress);
void slots_free(struct slots **slots);

/* Asks for a slot; `done` comes later, never within this call. The caller has set local, next_hop
 * and message_ms. since_ms: how long its delivery waits already counts. */
void slots_ask(struct slots *slots, struct grant *grant, struct lane *lane, int64_t since_ms,
    slot_done *done, void *arg);
/* A delivery to that next hop has ended with its connection in order: it may be idle now. */
void slots_offer(struct slots *slots, struct lane *lane, const char *next_hop);
/* Another delivery waits for a connection to that next hop. */
bool slots_are_wanted(const struct lane *lane, const char *next_hop);
/* It waits no more, or its connection is not its own any more. talked: the provider was reached
 * (for the socket's sake, see kernel_view.h). */
void slots_end(struct slots *slots, struct grant *grant, bool talked);
/* Of another process before us: live, or let pass to reuse a connection. The caller has set what a
 * grant at that moment has. */
void slots_adopt(struct slots *slots, struct grant *grant, struct lane *lane, bool passed);
/* All have been adopted: one look at the kernel shows what else is open. sees: what slots_see() was in
 * the process before. */
void slots_adopted(struct slots *slots, bool sees);
/* Looks at the kernel now if the grant may have a socket and has not been seen with one yet. */
void slots_look_for(struct slots *slots, struct grant *grant);

/* The kernel has shown us connections of our Postfix; it never did, and should have. */
bool slots_see(const struct slots *slots);
bool slots_are_blind(const struct slots *slots);
int64_t slots_sockets(const struct slots *slots); /* open, all lanes */
/* Limits are others: who waits is looked at anew, from the event loop. */
void slots_wake(struct slots *slots);
/* For a connection without a limit too. */
void slots_rebind(struct slots *slots);

#endif
