/*
 * held - what holds groups back beside their limits: an operator's pause, backoff.
 */
#ifndef HELD_H
#define HELD_H

#include "store_backoff.h"
#include "use.h"

struct held {
	struct store_backoff backoff;
	const char *paused; /* the operator's words; NULL: it is not. ctl's arena */
};

/* The rule of a group that an operator named; NULL: there is no such group, and it was said. */
const struct mx_rule *held_rule(struct ctl *ctl, const char *group);

/* One for each row, in ctl's arena. -1 and words: the store did not answer. */
int held_read(struct ctl *ctl, const struct uses *uses, struct held **held, struct err *err);

/* A table of those rows that have backoff in force. */
void held_show(struct ctl *ctl, const char *title, const struct uses *uses,
    const struct held *held);

#endif
