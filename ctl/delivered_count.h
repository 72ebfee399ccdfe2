/*
 * delivered_count - what was delivered, counted for the account, campaign and list that sent it.
 */
#ifndef DELIVERED_COUNT_H
#define DELIVERED_COUNT_H

#include "addr.h"
#include "ctl.h"
#include "log_senders.h"
#include "sender.h"

enum { DELIVERY_SOURCE_SIZE = 160, DELIVERY_AT_ONCE = 16 };

struct delivery {
	char address[ADDR_SIZE];
	int64_t at_s;                               /* Unix time; 0: now */
	char names[SENDER_KINDS][SENDER_NAME_SIZE]; /* "": not known */
	char source[DELIVERY_SOURCE_SIZE];          /* what its place is in */
	char place[LOG_PLACE_SIZE];                 /* grows in the source; "": not known */
	bool known_only; /* names of which nothing was counted lately are nobody's */
};

/* At most DELIVERY_AT_ONCE. One with a place counts once, however often it is told. *counted grows by
 * those counted for an account. -1 and words: the store is away; what was counted stays so. */
int delivered_count(struct ctl *ctl, const struct delivery *deliveries, size_t count,
    int64_t *counted, struct err *err);

#endif
