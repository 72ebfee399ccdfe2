/*
 * ledger - what this node itself has sent to one MX group from one sending IP: a ring for each
 * limit, like those in Redis (lua/take.lua), and a count of all. Pure; times are the caller's, in
 * milliseconds of one steady clock.
 *
 * It stands in for Redis while that is away (on_store_failure = "local"), and tells a Redis that
 * came back without, or with old, data what is missing there (lua/restore.lua).
 */
#ifndef LEDGER_H
#define LEDGER_H

#include <stdbool.h>

#include "limit.h"
#include "str.h"

enum { LEDGER_LONGEST_S = 3600 }; /* of longer periods only the last hour is kept */

struct ledger {       /* { 0 } is an empty one */
	size_t count; /* of rings */
	struct ledger_ring *rings;
	int64_t sent; /* messages in all, ever; the same number Redis has for this node */
};

void ledger_clear(struct ledger *ledger);

/* Follows these limits from now on: rings of periods that stay keep their contents. */
void ledger_follow(struct ledger *ledger, const struct limit *limits, size_t count);

/* One message at that time. */
void ledger_add(struct ledger *ledger, int64_t now_ms);
/* A message counted at then_ms counts at now_ms instead: in rings where its bucket is over, it is
 * added. */
void ledger_move(struct ledger *ledger, int64_t then_ms, int64_t now_ms);
/* It was not sent after all. */
void ledger_give_back(struct ledger *ledger, int64_t then_ms, int64_t now_ms);

/* Messages in the window of the i-th limit. */
int64_t ledger_used(const struct ledger *ledger, size_t limit, int64_t now_ms);
/* Whether there is room for a message when only `share` (0..1] of each limit may be used; if not,
 * *limit and *wait_ms say which limit and how long, as take.lua does: of several the one with the
 * longest way to go. A share of a limit below one message is one. */
bool ledger_has_room(const struct ledger *ledger, double share, int64_t now_ms, size_t *limit,
    int64_t *wait_ms);
/* No message in any window. */
bool ledger_is_empty(const struct ledger *ledger, int64_t now_ms);

/* The newest `missing` messages of the i-th ring as "AGE_MS COUNT AGE_MS COUNT..." (age of the
 * bucket's end, newest first; 0 for the current bucket), what restore.lua takes. Returns how many
 * it has of them. */
int64_t ledger_newest(const struct ledger *ledger, size_t limit, int64_t missing, int64_t now_ms,
    struct str *out);

#endif
