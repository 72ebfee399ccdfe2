#include "warmups.h"

#include <string.h>

#include "log.h"

void
warmups_stop(struct warmups *warmups)
{
	arena_clear(&warmups->reading);
	warmups->index = (struct store_fields){ 0 };
	warmups->first = warmups->asked = warmups->read_count = 0;
	warmups->read = NULL;
}

void
warmups_clear(struct warmups *warmups)
{
	warmups_stop(warmups);
	arena_clear(&warmups->arena);
	warmups->ips = NULL;
	warmups->count = 0;
}

void
warmups_begin(struct warmups *warmups, struct store_batch *batch)
{
	warmups_stop(warmups);
	warmups->index.arena = &warmups->reading;
	store_put_warmups(batch, &warmups->index);
}

static void
add_read(struct warmups *warmups, struct span name, const struct store_fields *fields)
{
	struct warmup_ip *ip = &warmups->read[warmups->read_count];

	ip->name = arena_dup(&warmups->reading, name);
	if (!warmup_read(&warmups->reading, fields->items, fields->count, &ip->warmup))
		log_warning("warm-up of %s: what Redis has of it cannot be read; its caps do not "
			    "hold (mxctl warmup stop, start)",
		    ip->name);
	if (ip->warmup.run == WARMUP_RUNNING || ip->warmup.run == WARMUP_PAUSED)
		warmups->read_count++;
}

bool
warmups_go_on(struct warmups *warmups, struct store_batch *batch)
{
	size_t count = warmups->index.count / 2;

	if (warmups->read == NULL)
		warmups->read =
		    arena_alloc(&warmups->reading, (count + 1) * sizeof(*warmups->read));
	for (size_t i = 0; i < warmups->asked; i++)
		add_read(warmups, warmups->index.items[2 * (warmups->first + i)],
		    &warmups->fields[i]);
	warmups->first += warmups->asked;
	warmups->asked = 0;
	while (warmups->first + warmups->asked < count && warmups->asked < STORE_BATCH_MAX) {
		struct store_fields *fields = &warmups->fields[warmups->asked];
		size_t at = 2 * (warmups->first + warmups->asked++);

		*fields = (struct store_fields){ .arena = &warmups->reading };
		store_put_warmup_read(batch, arena_dup(&warmups->reading, warmups->index.items[at]),
		    fields);
	}
	return warmups->asked > 0;
}

bool
warmups_learn(struct warmups *warmups)
{
	bool any = warmups->count > 0 || warmups->read_count > 0;

	arena_clear(&warmups->arena);
	warmups->arena = warmups->reading;
	warmups->ips = warmups->read;
	warmups->count = warmups->read_count;
	arena_init(&warmups->reading);
	warmups_stop(warmups);
	return any;
}

const struct warmup_stage *
warmups_stage(const struct warmups *warmups, const char *ip, const char *group)
{
	for (size_t i = 0; i < warmups->count; i++)
		if (strcmp(warmups->ips[i].name, ip) == 0)
			return warmup_stage_of(&warmups->ips[i].warmup, group);
	return NULL;
}
