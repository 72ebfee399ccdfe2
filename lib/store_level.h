/*
 * store_level - levels that operators set, in Redis, and the version by which nodes see changes of
 * them and of warm-ups.
 */
#ifndef STORE_LEVEL_H
#define STORE_LEVEL_H

#include "pace.h"
#include "store_batch.h"

/* Another one after each change; empty before the first. */
void store_put_pace_version(struct store_batch *batch, struct str *version);

/* All that are set: fields and values in turn, for store_levels_read(). */
void store_put_levels(struct store_batch *batch, struct store_fields *fields);
/* Those of them we understand; in the arena. */
void store_levels_read(const struct store_fields *fields, struct arena *arena,
    struct pace_sets *out);

struct store_level_set {
	bool changed;    /* false: it was so already */
	char before[32]; /* the level before; "": none was set */
};

/* Sets a level (lua/level.lua), with its event; LEVEL_NONE takes it back. */
void store_put_level(struct store_batch *batch, enum pace_scope scope, const char *name,
    enum level level, const char *by, struct store_level_set *set);

#endif
