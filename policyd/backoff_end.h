/*
 * backoff_end - tells of the end of each backoff that this node has told of the beginning of. Recovery
 * is a function of time that nobody writes down (lua/prelude/force.lua), so it is looked for.
 */
#ifndef BACKOFF_END_H
#define BACKOFF_END_H

#include "egress.h"

enum { BACKOFF_END_SOON_MS = 10000, BACKOFF_END_LATE_MS = 60000 }; /* between two looks */

/* There is backoff for the group from the sending IP, which recovers from then on. */
void backoff_end_await(struct egress *egress, const char *group, const char *ip, int64_t hold_ms);
/* Once a second: looks where it is time. While Redis is away nothing ends. */
void backoff_end_look(struct egress *egress);
/* At the end of the egress: of those that go on nothing is told. */
void backoff_end_free(struct egress *egress);

#endif
