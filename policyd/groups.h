/*
 * groups - which groups were in use lately, for lists: tells Redis (mxpace:groups), once a minute
 * for each at most.
 */
#ifndef GROUPS_H
#define GROUPS_H

#include "store_async.h"

enum { GROUPS_TELL_S = 60, GROUPS_MAX = 50000 };

struct groups;

struct groups *groups_new(void);
void groups_free(struct groups **groups);
void groups_use(struct groups *groups, struct store_async *store, const char *group);

#endif
