#include "arena.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mem.h"

enum { BLOCK_SIZE = 8192, ALIGN = 16 };

struct arena_block {
	struct arena_block *next;
	size_t used;
	size_t size;
	_Alignas(ALIGN) char bytes[];
};

void
arena_init(struct arena *arena)
{
	arena->blocks = NULL;
}

void
arena_clear(struct arena *arena)
{
	struct arena_block *block, *next;

	for (block = arena->blocks; block != NULL; block = next) {
		next = block->next;
		free(block);
	}
	arena->blocks = NULL;
}

size_t
arena_size(const struct arena *arena)
{
	size_t size = 0;

	for (const struct arena_block *block = arena->blocks; block != NULL; block = block->next)
		size += sizeof(*block) + block->size;
	return size;
}

/* A block of the usual size is zeroed only as far as it is used: most are not filled, and a page that
 * is not touched costs nothing. */
static struct arena_block *
new_block(size_t size)
{
	struct arena_block *block;

	if (size > BLOCK_SIZE) {
		block = mem_alloc(sizeof(*block) + size);
		block->size = size;
	} else {
		block = mem_resize(NULL, sizeof(*block) + BLOCK_SIZE);
		*block = (struct arena_block){ .size = BLOCK_SIZE };
	}
	return block;
}

void *
arena_alloc(struct arena *arena, size_t size)
{
	struct arena_block *block = arena->blocks;
	void *ptr;

	size = (size + ALIGN - 1) & ~(size_t)(ALIGN - 1);
	if (block == NULL || block->size - block->used < size) {
		block = new_block(size);
		/* A large block goes behind the current one, whose room is still of use. */
		if (arena->blocks != NULL && size > BLOCK_SIZE) {
			block->next = arena->blocks->next;
			arena->blocks->next = block;
		} else {
			block->next = arena->blocks;
			arena->blocks = block;
		}
	}
	ptr = block->bytes + block->used;
	block->used += size;
	if (block->size == BLOCK_SIZE)
		memset(ptr, 0, size);
	return ptr;
}

char *
arena_dup(struct arena *arena, struct span span)
{
	char *copy = arena_alloc(arena, span.len + 1);

	if (span.len > 0)
		memcpy(copy, span.ptr, span.len);
	return copy;
}

char *
arena_printf(struct arena *arena, const char *fmt, ...)
{
	va_list ap;
	char *text;
	int len;

	va_start(ap, fmt);
	len = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	text = arena_alloc(arena, (size_t)(len > 0 ? len : 0) + 1);
	va_start(ap, fmt);
	if (len > 0)
		vsnprintf(text, (size_t)len + 1, fmt, ap);
	va_end(ap);
	return text;
}
