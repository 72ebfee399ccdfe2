/*
 * delivery_turn - when it is a delivery's turn: its group is found out, then it waits for a slot, or an
 * idle connection, and last for a message.
 */
#ifndef DELIVERY_TURN_H
#define DELIVERY_TURN_H

#include "delivery_state.h"

/* Whatever the look-up under way still needs. What is at hand is there, and the look-up answered, when
 * it returns; what must be waited for comes later. */
void delivery_advance(struct delivery *delivery);
/* For an answer from DNS, a slot or a message. */
bool delivery_waits(const struct delivery *delivery);
/* For its group or a message; what it has for a slot stays. */
void delivery_stop_waiting(struct delivery *delivery);
/* Its hosts' addresses, from the i-th on, are the group's; nothing while that is not known. */
void delivery_learn_addresses(struct delivery *delivery, size_t from);

#endif
