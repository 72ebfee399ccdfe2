/*
 * arena - memory that is freed all at once, one arena for each message or request.
 */
#ifndef ARENA_H
#define ARENA_H

#include <stddef.h>

#include "span.h"

struct arena {
	struct arena_block *blocks;
};

void arena_init(struct arena *arena);
void arena_clear(struct arena *arena);
size_t arena_size(const struct arena *arena);           /* bytes that it holds in all */
void *arena_alloc(struct arena *arena, size_t size);    /* zeroed, aligned for any type */
char *arena_dup(struct arena *arena, struct span span); /* NUL-terminated copy */
char *arena_printf(struct arena *arena, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif
