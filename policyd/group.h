/*
 * group - an MX group as this node knows it, for one sending IP: the connections it has open to it
 * (admission: transactions under way), its take ready to be sent, and what the fleet is told.
 *
 * A take (lua/take.lua) carries this node's figure with it, so a slot taken is published by the
 * take itself. A slot let go is published within GROUP_FLUSH_MS, unless another take of the group
 * does it before; and all figures are renewed every GROUP_RENEW_S, as they count for
 * STORE_OPEN_TTL_S only: a node that died frees its share by itself. That a group is in use is told
 * for lists (mxpace:groups), once in GROUP_TELL_S.
 */
#ifndef GROUP_H
#define GROUP_H

#include <stdint.h>

#include "store_async.h"

enum { GROUP_FLUSH_MS = 20, GROUP_RENEW_S = 5, GROUP_TELL_S = 60 };

struct groups; /* all groups of this node */
struct group;  /* reference-counted */

struct groups *groups_new(struct event_base *base, struct store_async *store, const char *node);
/* Every reference must have been given back. */
void groups_free(struct groups **groups);
/* After a reload: another store, node name or rules; figures are renewed there at once. */
void groups_rebind(struct groups *groups, struct store_async *store, const char *node);
/* Publishes all figures now: Redis may have forgotten them. */
void groups_renew(struct groups *groups);
/* Publishes zero for all groups, at the end of the program. */
void groups_withdraw(struct groups *groups);

/* The group of that name and sending IP, made if it is new; holds a reference. */
struct group *groups_get(struct groups *groups, const char *name, const char *ip);
struct group *group_hold(struct group *group);
void group_release(struct group **group);
const char *group_name(const struct group *group);
const char *group_ip(const struct group *group);

/* A slot more or less on this node. */
void group_open_slot(struct group *group);
void group_close_slot(struct group *group);
int64_t group_open(const struct group *group);
/* Delivery time: slots are what the kernel and the grants say. */
void group_set_open(struct group *group, int64_t open);
/* Redis may have another figure: publishes this one soon. */
void group_touch(struct group *group);

/* Adds a take of this group, whose `open` alone differs from the last one of the same limits, to the
 * batch. generation: of the limits `take` is made from. */
void group_put_take(struct group *group, unsigned generation, const struct store_take *take,
    struct store_batch *batch, struct store_took *took);
/* A take was granted and has told Redis this figure. */
void group_published(struct group *group, int64_t open);
/* A message was taken in admission; how many were, since the group is known here. */
void group_count_message(struct group *group);
uint64_t group_messages(const struct group *group);
/* It was in use. */
void group_use(struct group *group);

/* Open slots on this node in all groups; groups known. */
size_t groups_open(const struct groups *groups);
size_t groups_count(const struct groups *groups);
/* Each group; the callback must not release any. */
void groups_each(const struct groups *groups, void (*each)(void *arg, const struct group *group),
    void *arg);

#endif
