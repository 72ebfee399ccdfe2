/*
 * kernel_view - which connections are open, and whose they are: live grants, matched with the
 * sockets the kernel lists. Looks when it is told to; slots.h says when, and gives the grants.
 *
 * A new socket belongs to the oldest grant without one that its addresses fit (remote: of the
 * delivery's MX hosts; local: of the sending IP), and to that grant's lane for life. A look costs the
 * kernel a walk over all its connections (0.2 ms and more), so a grant that ends before a look has
 * seen its socket counts until the next one. If that finds none, and an older grant was given a
 * socket since, that one is the ended one's, and the older without again. A socket that fits no grant
 * counts extra in every lane that lists its address: connections of before a restart, and those whose
 * process did not ask.
 *
 * A process in another network namespace has no sockets here: after KERNEL_VIEW_BLIND deliveries
 * that talked to a provider while no socket was ever seen we say so once, and a grant counts until
 * KERNEL_VIEW_CACHE_MS after its status.
 */
#ifndef KERNEL_VIEW_H
#define KERNEL_VIEW_H

#include "egress.h"
#include "grant.h"

enum {
	KERNEL_VIEW_START_MS = 2000, /* sockets of the process before us are yet to be found */
	KERNEL_VIEW_BLIND = 5,
	KERNEL_VIEW_CACHE_MS = 3000,
};

struct kernel_view;

struct kernel_view *kernel_view_new(struct egress *egress);
void kernel_view_free(struct kernel_view **view);

/* Sockets that have come and gone. */
void kernel_view_look(struct kernel_view *view);
/* The grant lives from now on, or is its owner's no more. talked: its delivery reached the provider. */
void kernel_view_begin(struct kernel_view *view, struct grant *grant);
void kernel_view_end(struct kernel_view *view, struct grant *grant, bool talked);
/* A live grant that has been without a socket for GRANT_BARE_MS; NULL: none. */
struct grant *kernel_view_stale(const struct kernel_view *view, int64_t now_ms);

/* What is open may be incomplete yet: nobody is to be granted anything. */
bool kernel_view_is_starting(const struct kernel_view *view);
/* The process before us told all it knew: nothing is yet to be found. sees: it has seen sockets, so
 * short connections alone make us blind no more. */
void kernel_view_skip_start(struct kernel_view *view, bool sees);
/* A socket of a grant was seen, by us or the process before. */
bool kernel_view_sees(const struct kernel_view *view);
/* There is something whose end only a look can tell. */
bool kernel_view_is_busy(const struct kernel_view *view);
bool kernel_view_is_blind(const struct kernel_view *view);
int64_t kernel_view_sockets(const struct kernel_view *view); /* open, all lanes */

/* Tells the fleet what the lane has open. Nothing while starting: what Redis has of the process
 * before us stands until we know better. */
void kernel_view_publish(const struct kernel_view *view, struct lane *lane);
void kernel_view_log(const struct lane *lane, const char *what); /* for debugging */

#endif
