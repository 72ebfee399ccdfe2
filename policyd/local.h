/*
 * local - what one node may do by itself while Redis is away and on_store_failure = "local". Pure.
 *
 * In the end each of n nodes has limit / n. But when Redis goes away one node may hold all of a
 * limit, and nobody can ask it: so for LOCAL_FREEZE_MS each node keeps to what it had (it may
 * replace its own connections and messages, not add to them), then, until that has left the window
 * too (LOCAL_FREEZE_MS at most), to the smaller of both. The sum never exceeds the limit, except of
 * periods longer than LOCAL_FREEZE_MS, by less than their shares. A node alone has all of it.
 */
#ifndef LOCAL_H
#define LOCAL_H

#include <stdint.h>

enum { LOCAL_FREEZE_MS = 60000 };

struct local_fleet {
	unsigned nodes; /* at least 1 */
	unsigned rank;  /* this node's among them, from 0 */
};

/* This node's part of a limit; the parts of all ranks add up to it. */
int64_t local_share(int64_t limit, const struct local_fleet *fleet);
/* How many it may have. period_ms: the limit's; 0 for connections. had: when Redis went away,
 * away_ms ago. */
int64_t local_cap(int64_t limit, int64_t period_ms, int64_t had, int64_t away_ms,
    const struct local_fleet *fleet);

#endif
