#include "slots.h"

#include <event2/event.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <uthash.h>

#include "clock.h"
#include "mem.h"

struct slot_group {
	UT_hash_handle hh;
	TAILQ_ENTRY(slot_group) link;
	char *key; /* "ip group" */
	const char *group;
	char *ip;
	int64_t open;
	bool dirty; /* in slots->dirty: Redis may have another figure */
};

struct slots {
	struct store_async *store;
	char *node;
	struct slot_group *groups;
	TAILQ_HEAD(, slot_group) dirty;
	struct event *flush, *renew;
	size_t total;
};

static void
free_if_unused(struct slots *slots, struct slot_group *slot)
{
	if (slot->open > 0 || slot->dirty)
		return;
	HASH_DEL(slots->groups, slot);
	free(slot->key);
	free(slot->ip);
	free(slot);
}

static void
set_dirty(struct slots *slots, struct slot_group *slot, bool dirty)
{
	if (slot->dirty == dirty)
		return;
	slot->dirty = dirty;
	if (dirty)
		TAILQ_INSERT_TAIL(&slots->dirty, slot, link);
	else
		TAILQ_REMOVE(&slots->dirty, slot, link);
}

/* Sends figures in batches; `publish` false: zero, whatever is open. */
static void
send_figures(struct slots *slots, bool publish)
{
	struct store_batch *batch = store_async_batch(slots->store);
	struct slot_group *slot, *next;
	int64_t now_s = clock_wall_s();

	HASH_ITER (hh, slots->groups, slot, next) {
		if (!slot->dirty)
			continue;
		if (batch->count + 2 > STORE_BATCH_MAX) {
			store_async_send(slots->store);
			batch = store_async_batch(slots->store);
		}
		store_put_open(batch, slot->group, slot->ip, slots->node,
		    publish ? slot->open : 0, now_s);
		set_dirty(slots, slot, false);
		free_if_unused(slots, slot);
	}
	store_async_send(slots->store);
}

static void
on_flush(evutil_socket_t fd, short what, void *arg)
{
	struct slots *slots = arg;

	(void)fd;
	(void)what;
	/* What cannot be told now expires by itself; renewing tells the rest. */
	send_figures(slots, true);
}

static void
mark_all(struct slots *slots)
{
	struct slot_group *slot, *next;

	HASH_ITER (hh, slots->groups, slot, next)
		set_dirty(slots, slot, true);
}

static void
on_renew(evutil_socket_t fd, short what, void *arg)
{
	struct slots *slots = arg;

	(void)fd;
	(void)what;
	mark_all(slots);
	send_figures(slots, true);
}

struct slots *
slots_new(struct event_base *base, struct store_async *store, const char *node)
{
	struct slots *slots = mem_alloc(sizeof(*slots));
	struct timeval renew = { SLOTS_RENEW_S, 0 };

	slots->store = store;
	slots->node = mem_dup(node);
	TAILQ_INIT(&slots->dirty);
	slots->flush = evtimer_new(base, on_flush, slots);
	slots->renew = event_new(base, -1, EV_PERSIST, on_renew, slots);
	evtimer_add(slots->renew, &renew);
	return slots;
}

void
slots_free(struct slots **slots)
{
	struct slots *old = *slots;
	struct slot_group *slot, *next;

	*slots = NULL;
	if (old == NULL)
		return;
	HASH_ITER (hh, old->groups, slot, next) {
		set_dirty(old, slot, false);
		slot->open = 0;
		free_if_unused(old, slot);
	}
	event_free(old->flush);
	event_free(old->renew);
	free(old->node);
	free(old);
}

void
slots_rebind(struct slots *slots, struct store_async *store, const char *node)
{
	if (strcmp(slots->node, node) != 0) {
		mark_all(slots);
		send_figures(slots, false);
		free(slots->node);
		slots->node = mem_dup(node);
	}
	slots->store = store;
	mark_all(slots);
	send_figures(slots, true);
}

struct slot_group *
slots_open(struct slots *slots, const char *group, const char *ip)
{
	char key[512];
	size_t ip_len = strlen(ip);
	struct slot_group *slot;
	int len = snprintf(key, sizeof(key), "%s %s", ip, group);

	if (len >= (int)sizeof(key))
		len = (int)sizeof(key) - 1;
	HASH_FIND(hh, slots->groups, key, (size_t)len, slot);
	if (slot == NULL) {
		slot = mem_alloc(sizeof(*slot));
		slot->key = mem_dup_bytes(key, (size_t)len);
		slot->group = slot->key + ip_len + 1;
		slot->ip = mem_dup(ip);
		HASH_ADD_KEYPTR(hh, slots->groups, slot->key, (size_t)len, slot);
	}
	slot->open++;
	slots->total++;
	return slot;
}

void
slots_close(struct slots *slots, struct slot_group **slot)
{
	struct slot_group *old = *slot;
	struct timeval soon = { 0, SLOTS_FLUSH_MS * 1000 };

	*slot = NULL;
	if (old == NULL)
		return;
	old->open--;
	slots->total--;
	set_dirty(slots, old, true);
	if (!evtimer_pending(slots->flush, NULL))
		evtimer_add(slots->flush, &soon);
}

int64_t
slot_group_open(const struct slot_group *slot)
{
	return slot->open;
}

void
slot_group_published(struct slots *slots, struct slot_group *slot, int64_t open)
{
	if (slot->open == open)
		set_dirty(slots, slot, false);
}

void
slots_withdraw(struct slots *slots)
{
	mark_all(slots);
	send_figures(slots, false);
}

size_t
slots_total(const struct slots *slots)
{
	return slots->total;
}

size_t
slots_groups(const struct slots *slots)
{
	return HASH_COUNT(slots->groups);
}
