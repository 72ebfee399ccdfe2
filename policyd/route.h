/*
 * route - qmgr's resolver asks where a recipient's mail goes: the look-ups `sender` and `transport`
 * of one trivial-rewrite(8) connection. Never held: 50 ms in all, whatever Redis and DNS do.
 *
 *   sender     "a@b.test", then "@b.test"; the null sender is "<>", with or without quotes
 *   transport  the recipient -> MX cache -> one read of its quarantine entry -> lanes -> answer
 *
 * `sender` comes just before `transport`, and only for remote mail; a `transport` without one is
 * none of ours (NOTFOUND), except as the very first look-up of a connection: an interrupted one,
 * repeated to a restarted mxpolicyd, gets retry:.
 *
 * route_decide.h decides; this gathers its facts. A domain whose MX set is not known is looked up
 * in the background, and mail for it goes by the transports of the class "unknown" meanwhile. A read
 * of the store that comes too late, or fails, is one that found nothing.
 */
#ifndef ROUTE_H
#define ROUTE_H

#include "egress.h"
#include "pack.h"
#include "route_decide.h"
#include "sockmap.h"

struct route;

typedef void route_done(void *arg, const struct sockmap_reply *reply);

struct route *route_new(struct egress *egress, route_done *done, void *arg);
void route_free(struct route **route);

/* MAP_SENDER or MAP_TRANSPORT. True: reply is filled in. False: done is called later, within
 * ROUTE_DEADLINE_MS, never within this call. One at a time. */
enum { ROUTE_DEADLINE_MS = 50 };
bool route_ask(struct route *route, const struct sockmap_query *query, struct sockmap_reply *reply);

/* What it remembers between two look-ups, for another process. */
void route_pack(const struct route *route, struct str *out);
void route_unpack(struct route *route, struct unpack *in);

/* How long Postfix may leave deferred mail alone (maximal_backoff_time as set-up proposes it): a
 * group may have ready what it sends in that time. */
enum { ROUTE_HORIZON_S = 600, ROUTE_TOTALS_MS = 200 };

/* What the routes of an egress share: sums over the groups that are behind, counts. */
struct route_figures {
	uint64_t reasons[ROUTE_REASONS];
	uint64_t unchecked; /* the quarantine could not be read in time */
};
struct route_totals;
void route_totals_free(struct route_totals **totals);
/* All 0 before the first route. */
struct route_figures route_figures(const struct egress *egress);

#endif
