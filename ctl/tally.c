#include "tally.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "mem.h"

#define uthash_malloc(size) mem_alloc(size)
#include <uthash.h>

struct tally_item {
	char *name;
	int64_t count;
	UT_hash_handle hh;
};

void
tally_add(struct tally *tally, const char *name)
{
	struct tally_item *item;

	HASH_FIND_STR(tally->items, name, item);
	if (item == NULL && tally->names == TALLY_MAX) {
		tally->others++;
		return;
	}
	if (item == NULL) {
		item = mem_alloc(sizeof(*item));
		item->name = mem_dup(name);
		HASH_ADD_KEYPTR(hh, tally->items, item->name, strlen(item->name), item);
		tally->names++;
	}
	item->count++;
}

static bool
goes_before(const struct tally_item *item, const struct tally_name *other)
{
	return item->count != other->count ? item->count > other->count
					   : strcmp(item->name, other->name) < 0;
}

size_t
tally_top(const struct tally *tally, struct tally_name *top, size_t max)
{
	size_t count = 0;

	for (const struct tally_item *item = tally->items; item != NULL; item = item->hh.next) {
		size_t at = count;

		while (at > 0 && goes_before(item, &top[at - 1]))
			at--;
		if (at == max)
			continue;
		count += count < max;
		memmove(&top[at + 1], &top[at], (count - 1 - at) * sizeof(*top));
		top[at] = (struct tally_name){ item->name, item->count };
	}
	return count;
}

void
tally_free(struct tally *tally)
{
	struct tally_item *item, *next;

	HASH_ITER (hh, tally->items, item, next) {
		HASH_DEL(tally->items, item);
		free(item->name);
		free(item);
	}
	*tally = (struct tally){ 0 };
}
