/*
 * slots - the connections this node has open to each group (admission: transactions under way),
 * and telling the fleet.
 *
 * A take (lua/take.lua) carries this node's figure with it, so a slot taken is published by the
 * take itself. A slot let go is published within SLOTS_FLUSH_MS, unless another take of the group
 * does it before; and all figures are renewed every SLOTS_RENEW_S, as they count for
 * STORE_OPEN_TTL_S only: a node that died frees its share by itself.
 */
#ifndef SLOTS_H
#define SLOTS_H

#include <stdint.h>

#include "store_async.h"

enum { SLOTS_FLUSH_MS = 20, SLOTS_RENEW_S = 5 };

struct slots;
struct slot_group; /* one (group, ip) of a node; lives as long as it is held or has open slots */

/* node: copied. */
struct slots *slots_new(struct event_base *base, struct store_async *store, const char *node);
void slots_free(struct slots **slots);
/* After a reload: another store or name; figures are renewed there at once. */
void slots_rebind(struct slots *slots, struct store_async *store, const char *node);

/* Finds or makes the group's figure and takes one slot of it on this node, for a take to publish.
 * Returns the slot to let go later. */
struct slot_group *slots_open(struct slots *slots, const char *group, const char *ip);
void slots_close(struct slots *slots, struct slot_group **slot);
int64_t slot_group_open(const struct slot_group *slot);
/* A take that was granted has told Redis this figure: if it still is the figure, nothing is left to
 * publish. */
void slot_group_published(struct slots *slots, struct slot_group *slot, int64_t open);

/* Publishes zero for all groups, at the end of the program. */
void slots_withdraw(struct slots *slots);

/* Open slots on this node in all groups; groups with any. */
size_t slots_total(const struct slots *slots);
size_t slots_groups(const struct slots *slots);

#endif
