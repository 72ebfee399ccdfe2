/*
 * budget - who may send a message: the queue for it, and the takes from the group's limits, of Redis or,
 * while that is away, of this node's part. What becomes of a message afterwards: message.h.
 *
 * A message is taken at the first `dns` look-up of a delivery, once it has its slot.
 */
#ifndef BUDGET_H
#define BUDGET_H

#include "message.h"

enum { BUDGET_ASK_AT_ONCE = 16 }; /* for one lane */

struct budgets;

struct budgets *budgets_new(struct egress *egress);
void budgets_free(struct budgets **budgets);

/* `done` comes later, never within this call. */
void budgets_ask(struct budgets *budgets, struct message *message, struct lane *lane,
    int64_t patience_ms, budget_done *done, void *arg);
/* It waits no more. One that was taken is given back. */
void budgets_cancel(struct budgets *budgets, struct message *message);

/* Limits are others: who waits asks again, from the event loop. */
void budgets_wake(struct budgets *budgets);

#endif
