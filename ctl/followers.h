/*
 * followers - which nodes act already on what an operator has set for the whole fleet: levels, warm-ups,
 * traces. Each such change raises mxpace:pace:version, and a heartbeat says which version is followed.
 */
#ifndef FOLLOWERS_H
#define FOLLOWERS_H

#include "nodes.h"

/* Looks until all living nodes have said that they know this version, for a moment. nodes: ctl's arena;
 * follow: how many of those alive do. -1 and words: the store did not answer. */
int followers_wait(struct ctl *ctl, struct nodes *nodes, size_t *follow, struct err *err);

/* "Nodes: all 3 follow". */
void followers_show(struct ctl *ctl, const struct nodes *nodes, size_t follow);

#endif
