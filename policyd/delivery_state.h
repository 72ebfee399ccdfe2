/*
 * delivery_state - all that is known of one delivery, and what it holds and waits for. For the files
 * of delivery alone, from the ground up:
 *
 *   delivery_state    begins and drops it
 *   delivery_hold     the answer to its look-up: for how long it is held, and which it is
 *   delivery_turn     its group, a slot, a message: one after the other, until it may go on
 *   delivery_outcome  its statuses
 *   delivery          what each look-up asks for
 *   delivery_pack     to another process
 */
#ifndef DELIVERY_STATE_H
#define DELIVERY_STATE_H

#include "budget.h"
#include "delivery.h"
#include "grant.h"
#include "mx.h"
#include "next_hop.h"
#include "sending_bind.h"
#include "transports.h"

struct event;

enum { DELIVERY_ADDRESSES = 64 };

enum delivery_stage {
	DELIVERY_IDLE,    /* between deliveries, or its recipients' statuses come in */
	DELIVERY_GROUP,   /* finding out which group the domain is of */
	DELIVERY_SLOT,    /* waiting for a slot, or an idle connection */
	DELIVERY_MESSAGE, /* waiting for a message */
	DELIVERY_READY,   /* all it has asked for is granted */
};

struct delivery {
	struct egress *egress;
	delivery_done *done;
	void *arg;
	struct event *timer; /* the end of the hold */

	enum delivery_stage stage;
	bool waiting;    /* the process waits for our answer */
	bool wants_slot; /* the look-up under way is `connect` */
	bool ended;      /* a status came; the next `dns` begins another delivery */
	bool granted;    /* at least one connect of this delivery */
	bool talked;     /* a connection of it came about */
	bool packed;     /* another process goes on with it */
	char denied[SOCKMAP_TEXT_SIZE - 64]; /* why; "" it is not */

	char service[TRANSPORT_NAME_SIZE];
	struct sending_bind from;
	bool entered;         /* the lane's intake, by a transport look-up that knew the lane */
	bool shared;          /* its transport is */
	bool waits_in_shared; /* and is counted so in the lane */
	char domain[DOMAIN_SIZE];
	char next_hop[NEXT_HOP_SIZE]; /* the key of its `connect`; "": none came yet */
	struct mx_query *query;
	struct lane *lane; /* a reference; NULL: not known, or nothing limits it */
	bool unlimited;    /* no rule for it */
	struct message message;
	struct grant grant;
	int64_t told_ms;                     /* of the time it was held, so much is in the log */
	int64_t began_ms, asked_ms, held_ms; /* held: of the hold's time, used up before asked_ms */

	struct sockets_address addresses[DELIVERY_ADDRESSES];
	int64_t ttl_s[DELIVERY_ADDRESSES];
	size_t address_count;
};

/* Another delivery of the same process, by this service of master.cf; drops the one before. */
void delivery_begin(struct delivery *delivery, struct span service);
/* What it holds and waits for goes. */
void delivery_drop(struct delivery *delivery);
/* The lane counts who waits in a shared transport. */
void delivery_wait_in_shared(struct delivery *delivery, bool waits);

#endif
