#include "hash_index.h"

#include <stdlib.h>
#include <sys/random.h>

#include "mem.h"

enum { SIZE_MIN = 64 };

struct hash_slot {
	uint64_t hash;
	void *item; /* NULL: nothing here */
};

/* FNV-1a from a seed of this process; its last bytes are then spread over all bits (the end of
 * MurmurHash3), of which the lowest choose the place. */
uint64_t
hash_index_hash(struct span name)
{
	static uint64_t seed;
	uint64_t hash;

	if (seed == 0 && getrandom(&seed, sizeof(seed), GRND_NONBLOCK) != sizeof(seed))
		seed = UINT64_C(0xcbf29ce484222325);
	hash = seed;
	for (size_t i = 0; i < name.len; i++)
		hash = (hash ^ (unsigned char)name.ptr[i]) * UINT64_C(0x100000001b3);
	hash = (hash ^ hash >> 33) * UINT64_C(0xff51afd7ed558ccd);
	hash = (hash ^ hash >> 33) * UINT64_C(0xc4ceb9fe1a85ec53);
	return hash ^ hash >> 33;
}

static size_t
place_of(const struct hash_index *index, uint64_t hash)
{
	return (size_t)hash & (index->size - 1);
}

static size_t
next(const struct hash_index *index, size_t place)
{
	return (place + 1) & (index->size - 1);
}

void *
hash_index_find(const struct hash_index *index, uint64_t hash, hash_index_is *is, struct span name)
{
	if (index->count == 0)
		return NULL;
	for (size_t at = place_of(index, hash); index->slots[at].item != NULL; at = next(index, at))
		if (index->slots[at].hash == hash && is(index->slots[at].item, name))
			return index->slots[at].item;
	return NULL;
}

static void
put(struct hash_index *index, struct hash_slot slot)
{
	size_t at = place_of(index, slot.hash);

	while (index->slots[at].item != NULL)
		at = next(index, at);
	index->slots[at] = slot;
}

static void
grow(struct hash_index *index)
{
	struct hash_index old = *index;

	index->size = old.size > 0 ? old.size * 2 : SIZE_MIN;
	index->slots = mem_alloc(index->size * sizeof(*index->slots));
	for (size_t i = 0; i < old.size; i++)
		if (old.slots[i].item != NULL)
			put(index, old.slots[i]);
	free(old.slots);
}

void
hash_index_add(struct hash_index *index, uint64_t hash, void *item)
{
	if (index->count * 2 >= index->size)
		grow(index);
	put(index, (struct hash_slot){ hash, item });
	index->count++;
}

/* Those behind it that a search passes this place for move up, so that no search ends here. */
static void
close_gap(struct hash_index *index, size_t gap)
{
	struct hash_slot *slots = index->slots;
	size_t mask = index->size - 1;

	for (size_t at = next(index, gap); slots[at].item != NULL; at = next(index, at)) {
		size_t home = place_of(index, slots[at].hash);

		if (((at - home) & mask) >= ((at - gap) & mask)) {
			slots[gap] = slots[at];
			gap = at;
		}
	}
	slots[gap].item = NULL;
}

void
hash_index_remove(struct hash_index *index, uint64_t hash, const void *item)
{
	size_t at = place_of(index, hash);

	while (index->slots[at].item != item)
		at = next(index, at);
	close_gap(index, at);
	index->count--;
}

void
hash_index_free(struct hash_index *index)
{
	free(index->slots);
	*index = (struct hash_index){ 0 };
}
