/*
 * delivery_outcome - what a delivery came to, as the status of each recipient tells.
 */
#ifndef DELIVERY_OUTCOME_H
#define DELIVERY_OUTCOME_H

#include "delivery_state.h"

/* MAP_STATUS: query->key is the status, of one recipient. With the first of a delivery, what it held
 * ends. The reply is ANSWER_OK with another status where ours is to stand instead. */
void delivery_outcome_hear(struct delivery *delivery, const struct sockmap_query *query,
    struct sockmap_reply *reply);

#endif
