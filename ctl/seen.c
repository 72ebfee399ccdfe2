#include "seen.h"

#include <stdlib.h>

#include "hash_index.h"
#include "mem.h"

enum { FIRST_SIZE = 1024 };

/* Never 0. */
static uint64_t
hash_of(struct span text)
{
	uint64_t hash = hash_index_hash(text);

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
