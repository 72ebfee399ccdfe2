/*
 * delivered_count - what was delivered, counted for the account, campaign and list that sent it.
 */
#ifndef DELIVERED_COUNT_H
#define DELIVERED_COUNT_H

#include "ctl.h"
#include "delivery.h"

enum { DELIVERY_AT_ONCE = 16 };

/* At most DELIVERY_AT_ONCE. One with a place counts once, however often it is told. *counted grows by
 * those counted for an account. -1 and words: the store is away; what was counted stays so. */
int delivered_count(struct ctl *ctl, const struct delivery *deliveries, size_t count,
    int64_t *counted, struct err *err);

#endif
