/*
 * route_lanes - the lanes a recipient's mail could take, one per sending IP, with what each may
 * have in Postfix' active queue; and what the decision does to them. For route.c.
 */
#ifndef ROUTE_LANES_H
#define ROUTE_LANES_H

#include "egress.h"
#include "route.h"

struct route_totals {
	int64_t summed_ms;             /* when last; 0: never */
	int64_t behind_inside, behind; /* messages and lanes, of those that are behind */
	size_t turn;
	int64_t patience, patience_ms; /* waits for DNS left (route.c); when last refilled */
	struct route_figures figures;
};

struct route_lanes { /* { 0 } is empty */
	struct route_lane *choices;
	struct lane *
	    *lanes; /* a reference each; NULL: the MX set is not known, there is none yet */
	size_t count, room;
};

/* Fills in the facts about lanes; the others, up to rule and group, are there. sender: for the
 * pool. The choices are good, and the lanes held, until they are settled: within the same call. */
void route_lanes_gather(struct route_lanes *lanes, struct egress *egress, const char *sender,
    struct route_facts *facts);
/* The message enters the chosen lane, or was told to come again; enforced: it really was. Lets the
 * lanes go. */
void route_lanes_settle(struct route_lanes *lanes, struct egress *egress,
    const struct route_decision *decision, bool enforced);
void route_lanes_clear(struct route_lanes *lanes);

#endif
