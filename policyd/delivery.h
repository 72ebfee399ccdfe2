/*
 * delivery - what one smtp(8) process is doing, from the look-ups on its socketmap connection.
 *
 *            dns (first of a delivery)                                      connect (per MX host)
 *   idle ──▶ finding the group ──▶ waiting for a slot ──▶ for a message ──▶ ready ──▶ connecting
 *     ▲       (MX cache or DNS)    or an idle connection        │             │ reuse      │
 *     │                                     ╰───── denied ◀─────╯             │            │
 *     ╰──────────── status (per recipient): message stamped, grant ended ◀────┴────────────╯
 *
 * Between `dns` and `connect` comes `cache`: whether its connection is to be kept for the next one.
 *
 * The slot comes first: while a delivery waits for it, others can use the message. Who was let pass
 * to reuse a connection and finds none (connect without a grant), and who goes on to the next MX
 * host, waits for a slot at `connect`, with the message.
 *
 * After a status, `connect` goes on with the same delivery (the next MX host for the recipients that
 * are left), `dns` begins the next. All holds share one budget of time per delivery (settings
 * `hold`). Postfix gives up an answer after 100 s, so a look-up is held for 60 s, and the delivery
 * waits on, in its place of the queue, at its next `dns` and last at `connect`. In a transport that
 * others share it waits for one of these times only. Where the next message's room is further away
 * than that, and far (lane.h), it is denied at once. Once denied, every further look-up of it is
 * TEMP at once, and its status gets our words.
 */
#ifndef DELIVERY_H
#define DELIVERY_H

#include "egress.h"
#include "pack.h"
#include "sockmap.h"

struct delivery;

typedef void delivery_done(void *arg, const struct sockmap_reply *reply);

struct delivery *delivery_new(struct egress *egress, delivery_done *done, void *arg);
/* The process hung up, perhaps while held: leaves the queue, ends its grant. */
void delivery_free(struct delivery **delivery);

/* MAP_DNS, MAP_CONNECT, MAP_CACHE or MAP_STATUS. True: reply is filled in. False: done is called later, never
 * within this call. One at a time. */
bool delivery_ask(struct delivery *delivery, const struct sockmap_query *query,
    struct sockmap_reply *reply);
bool delivery_is_held(const struct delivery *delivery);

/* Waits no more and says nothing more about it: the look-up is to be asked again, of another process.
 * True: nothing of it is under way in Redis. */
bool delivery_park(struct delivery *delivery);
/* What it is doing, for another process; from then on its end changes nothing in Redis. */
void delivery_pack(struct delivery *delivery, struct str *out);
void delivery_unpack(struct delivery *delivery, struct unpack *in);

#endif
