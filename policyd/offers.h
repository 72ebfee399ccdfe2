/*
 * offers - connections that have just become idle, by next hop: whoever waits for one of the same
 * next hop is let pass to reuse it.
 *
 * Idle are the lane's established sockets that no delivery under way has; one is offered OFFERS_MS
 * after a `status`, when a connection that is not kept has said QUIT.
 */
#ifndef OFFERS_H
#define OFFERS_H

#include "lane.h"

enum {
	OFFERS_MS = 8,
	OFFERS_KEEP_MS = 900, /* Postfix keeps an idle connection for 1 s (set-up), 2 s (default) */
};

struct offers;

/* True: somebody has taken it. */
typedef bool offers_take(void *arg, struct lane *lane, const char *next_hop);

struct offers *offers_new(offers_take *take, void *arg);
void offers_free(struct offers **offers);

/* A delivery to that next hop has ended with its connection in order: it may be idle now. Returns
 * when it is to be offered. */
int64_t offers_add(struct offers *offers, struct lane *lane, const char *next_hop);
/* Offers those that are due. */
void offers_make(struct offers *offers, int64_t now_ms);
bool offers_are_empty(const struct offers *offers);

#endif
