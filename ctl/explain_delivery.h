/*
 * explain_delivery - `mxctl explain` at delivery time (enforce = "egress" or "observe"): what
 * qmgr's resolver is answered about a recipient, from which sending IPs its mail may go, and what
 * would become of it there now. Takes nothing.
 *
 * Known to mxpolicyd alone, and left out here: sites that cannot be reached, and how much of the
 * active queue other groups that are behind fill.
 */
#ifndef EXPLAIN_DELIVERY_H
#define EXPLAIN_DELIVERY_H

#include "route_decide.h"
#include "traffic.h"
#include "transports_known.h"

struct delivery_lane { /* from one sending IP */
	struct sending sending;
	struct use use;
	struct traffic traffic;
	struct store_queue own; /* of this node alone */
	struct store_took took; /* what a message would get */
};

struct explain_delivery {
	struct route_facts facts;
	struct route_decision decision;
	struct transport_class class;  /* where the group is known */
	struct transports_known known; /* ctl's arena */
	struct delivery_lane *lanes;   /* as facts.lanes; ctl's arena */
	bool has_sender;
	bool is_read; /* the store answered */
};

/* The sending IPs that facts and sender leave (NULL: any sender but the null one). node_name: this
 * node's one name (sending_ip_name()). */
void explain_delivery_begin(struct ctl *ctl, const struct decide_facts *facts, const char *sender,
    const char *node_name, struct explain_delivery *delivery);
/* What goes on there. -1 and words: the store did not answer. */
int explain_delivery_read(struct ctl *ctl, const struct ctl_time *now,
    struct explain_delivery *delivery, struct err *err);
/* What follows. entry_known: whether facts' quarantine entry was read. */
void explain_delivery_decide(struct ctl *ctl, struct explain_delivery *delivery,
    enum decide_known entry_known);
/* Whether mail would leave this node at once, by mxpace or past it. */
bool explain_delivery_goes(const struct explain_delivery *delivery);
void explain_delivery_show(struct ctl *ctl, const struct explain_delivery *delivery);

#endif
