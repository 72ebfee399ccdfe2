#include "seen.h"

#include <stdlib.h>

#include "mem.h"

enum { FIRST_SIZE = 1024 };

/* FNV-1a, its bits mixed as in MurmurHash3; never 0. */
static uint64_t
hash_of(struct span text)
{
	uint64_t hash = UINT64_C(14695981039346656037);

	for (size_t i = 0; i < text.len; i++)
		hash = (hash ^ (unsigned char)text.ptr[i]) * UINT64_C(1099511628211);
	hash = (hash ^ hash >> 33) * UINT64_C(0xff51afd7ed558ccd);
	hash = (hash ^ hash >> 33) * UINT64_C(0xc4ceb9fe1a85ec53);
	hash ^= hash >> 33;
	return hash != 0 ? hash : 1;
}

/* Where it is, or would be. */
static uint64_t *
slot_of(const struct seen *seen, uint64_t hash)
{
	size_t i = (size_t)hash & (seen->size - 1);

	while (seen->slots[i] != 0 && seen->slots[i] != hash)
		i = (i + 1) & (seen->size - 1);
	return &seen->slots[i];
}

static void
grow(struct seen *seen)
{
	struct seen old = *seen;

	seen->size = old.size > 0 ? old.size * 2 : FIRST_SIZE;
	seen->slots = mem_alloc(seen->size * sizeof(*seen->slots));
	for (size_t i = 0; i < old.size; i++)
		if (old.slots[i] != 0)
			*slot_of(seen, old.slots[i]) = old.slots[i];
	free(old.slots);
}

bool
seen_before(struct seen *seen, struct span text)
{
	uint64_t hash = hash_of(text), *slot;

	if ((seen->count + 1) * 4 > seen->size * 3)
		grow(seen);
	slot = slot_of(seen, hash);
	if (*slot == hash)
		return true;
	*slot = hash;
	seen->count++;
	return false;
}

void
seen_free(struct seen *seen)
{
	free(seen->slots);
	*seen = (struct seen){ NULL, 0, 0 };
}
