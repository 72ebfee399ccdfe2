#include "groups.h"

#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "clock.h"
#include "mem.h"

struct used_group {
	UT_hash_handle hh;
	int64_t told_ms;
	char name[];
};

struct groups {
	struct used_group *used;
};

struct groups *
groups_new(void)
{
	return mem_alloc(sizeof(struct groups));
}

static void
forget_all(struct groups *groups)
{
	struct used_group *group, *next;

	HASH_ITER (hh, groups->used, group, next) {
		HASH_DEL(groups->used, group);
		free(group);
	}
}

void
groups_free(struct groups **groups)
{
	if (*groups == NULL)
		return;
	forget_all(*groups);
	free(*groups);
	*groups = NULL;
}

void
groups_use(struct groups *groups, struct store_async *store, const char *name)
{
	int64_t now_ms = clock_monotonic_ms();
	size_t len = strlen(name);
	struct used_group *group;

	HASH_FIND(hh, groups->used, name, len, group);
	if (group != NULL && now_ms - group->told_ms < GROUPS_TELL_S * 1000)
		return;
	if (group == NULL) {
		if (HASH_COUNT(groups->used) >= GROUPS_MAX)
			forget_all(groups); /* told again, that is all */
		group = mem_alloc(sizeof(*group) + len + 1);
		strcpy(group->name, name);
		HASH_ADD_KEYPTR(hh, groups->used, group->name, len, group);
	}
	group->told_ms = now_ms;
	store_put_group_used(store_async_batch(store), name, clock_wall_s());
	store_async_send(store);
}
