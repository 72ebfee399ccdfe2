#include "group.h"

#include <event2/event.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <uthash.h>

#include "clock.h"
#include "mem.h"

struct group {
	UT_hash_handle hh;
	TAILQ_ENTRY(group) link; /* in groups->dirty */
	struct groups *groups;
	unsigned references;
	char *key; /* "ip name" */
	const char *name;
	char *ip;
	int64_t open;
	int64_t asked; /* the figure in the last take sent */
	bool dirty;    /* Redis may have another figure */
	uint64_t messages;
	int64_t told_ms;
	struct store_take_form form;
	unsigned form_generation, form_epoch; /* what it was prepared from */
};

struct groups {
	struct store_async *store;
	char *node;
	unsigned epoch; /* of node names */
	struct group *by_key;
	TAILQ_HEAD(, group) dirty;
	struct event *flush, *renew;
	size_t open;
};

static void
free_if_unused(struct group *group)
{
	if (group->references > 0 || group->open > 0 || group->dirty)
		return;
	HASH_DEL(group->groups->by_key, group);
	store_take_form_free(&group->form);
	free(group->key);
	free(group->ip);
	free(group);
}

static void
set_dirty(struct group *group, bool dirty)
{
	if (group->dirty == dirty)
		return;
	group->dirty = dirty;
	if (dirty)
		TAILQ_INSERT_TAIL(&group->groups->dirty, group, link);
	else
		TAILQ_REMOVE(&group->groups->dirty, group, link);
}

/* Sends the figures that may differ from those in Redis; what cannot be sent now expires there by
 * itself. publish false: zero, whatever is open. */
static void
send_figures(struct groups *groups, bool publish)
{
	struct store_batch *batch = store_async_batch(groups->store);
	int64_t now_s = clock_wall_s();
	struct group *group;

	while ((group = TAILQ_FIRST(&groups->dirty)) != NULL) {
		if (batch->count + 2 > STORE_BATCH_MAX) {
			store_async_send(groups->store);
			batch = store_async_batch(groups->store);
		}
		store_put_open(batch, group->name, group->ip, groups->node,
		    publish ? group->open : 0, now_s);
		set_dirty(group, false);
		free_if_unused(group);
	}
	store_async_send(groups->store);
}

static void
on_flush(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	send_figures(arg, true);
}

static void
mark_open(struct groups *groups)
{
	struct group *group, *next;

	HASH_ITER (hh, groups->by_key, group, next)
		if (group->open > 0)
			set_dirty(group, true);
}

void
groups_renew(struct groups *groups)
{
	mark_open(groups);
	send_figures(groups, true);
}

static void
on_renew(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	groups_renew(arg);
}

struct groups *
groups_new(struct event_base *base, struct store_async *store, const char *node)
{
	struct groups *groups = mem_alloc(sizeof(*groups));
	struct timeval renew = { GROUP_RENEW_S, 0 };

	groups->store = store;
	groups->node = mem_dup(node);
	TAILQ_INIT(&groups->dirty);
	groups->flush = evtimer_new(base, on_flush, groups);
	groups->renew = event_new(base, -1, EV_PERSIST, on_renew, groups);
	evtimer_add(groups->renew, &renew);
	return groups;
}

void
groups_free(struct groups **groups)
{
	struct groups *old = *groups;
	struct group *group, *next;

	*groups = NULL;
	if (old == NULL)
		return;
	HASH_ITER (hh, old->by_key, group, next) {
		set_dirty(group, false);
		free_if_unused(group);
	}
	event_free(old->flush);
	event_free(old->renew);
	free(old->node);
	free(old);
}

void
groups_rebind(struct groups *groups, struct store_async *store, const char *node)
{
	if (strcmp(groups->node, node) != 0) {
		groups_withdraw(groups);
		free(groups->node);
		groups->node = mem_dup(node);
		groups->epoch++;
	}
	groups->store = store;
	groups_renew(groups);
}

void
groups_withdraw(struct groups *groups)
{
	mark_open(groups);
	send_figures(groups, false);
}

struct group *
groups_get(struct groups *groups, const char *name, const char *ip)
{
	struct str key = { 0 };
	struct group *group;

	str_addf(&key, "%s %s", ip, name);
	HASH_FIND(hh, groups->by_key, key.data, key.len, group);
	if (group == NULL) {
		group = mem_alloc(sizeof(*group));
		group->groups = groups;
		group->key = mem_dup_bytes(key.data, key.len);
		group->name = group->key + strlen(ip) + 1;
		group->ip = mem_dup(ip);
		HASH_ADD_KEYPTR(hh, groups->by_key, group->key, key.len, group);
	}
	str_free(&key);
	return group_hold(group);
}

struct group *
group_hold(struct group *group)
{
	group->references++;
	return group;
}

void
group_release(struct group **group)
{
	struct group *old = *group;

	*group = NULL;
	if (old == NULL)
		return;
	old->references--;
	free_if_unused(old);
}

const char *
group_name(const struct group *group)
{
	return group->name;
}

const char *
group_ip(const struct group *group)
{
	return group->ip;
}

void
group_open_slot(struct group *group)
{
	group->open++;
	group->groups->open++;
}

void
group_touch(struct group *group)
{
	struct timeval soon = { 0, GROUP_FLUSH_MS * 1000 };

	set_dirty(group, true);
	if (!evtimer_pending(group->groups->flush, NULL))
		evtimer_add(group->groups->flush, &soon);
}

void
group_close_slot(struct group *group)
{
	group->open--;
	group->groups->open--;
	group_touch(group);
}

void
group_set_open(struct group *group, int64_t open)
{
	if (group->open == open)
		return;
	group->groups->open += (size_t)(open - group->open);
	group->open = open;
	group_touch(group);
}

int64_t
group_open(const struct group *group)
{
	return group->open;
}

void
group_put_take(struct group *group, unsigned generation, const struct store_take *take,
    struct store_batch *batch, struct store_took *took)
{
	if (group->form_generation != generation || group->form_epoch != group->groups->epoch) {
		store_take_prepare(&group->form, take);
		group->form_generation = generation;
		group->form_epoch = group->groups->epoch;
	}
	group->asked = take->open;
	store_put_take_form(batch, &group->form, take->open, took);
}

void
group_published(struct group *group, int64_t open)
{
	/* A take sent after it may tell another one. */
	if (group->open == open && group->asked == open)
		set_dirty(group, false);
}

void
group_count_message(struct group *group)
{
	group->messages++;
}

uint64_t
group_messages(const struct group *group)
{
	return group->messages;
}

void
group_use(struct group *group)
{
	struct store_async *store = group->groups->store;
	int64_t now_ms = clock_monotonic_ms();

	if (group->told_ms != 0 && now_ms - group->told_ms < GROUP_TELL_S * 1000)
		return;
	group->told_ms = now_ms;
	store_put_group_used(store_async_batch(store), group->name, clock_wall_s());
	store_async_send(store);
}

size_t
groups_open(const struct groups *groups)
{
	return groups->open;
}

size_t
groups_count(const struct groups *groups)
{
	return HASH_COUNT(groups->by_key);
}

void
groups_each(const struct groups *groups, void (*each)(void *arg, const struct group *group),
    void *arg)
{
	const struct group *group, *next;

	HASH_ITER (hh, groups->by_key, group, next)
		each(arg, group);
}
