#include "arena.h"
#include "check.h"

static void
aligned_zeroed_apart(void **state)
{
	struct arena arena;
	unsigned char *ptrs[600];

	(void)state;
	arena_init(&arena);
	for (size_t size = 0; size < COUNT(ptrs); size++) {
		ptrs[size] = arena_alloc(&arena, size);
		assert_int_equal((uintptr_t)ptrs[size] % _Alignof(max_align_t), 0);
		for (size_t i = 0; i < size; i++)
			assert_int_equal(ptrs[size][i], 0);
		memset(ptrs[size], (int)(size % 255) + 1, size);
	}
	for (size_t size = 0; size < COUNT(ptrs); size++)
		for (size_t i = 0; i < size; i++)
			assert_int_equal(ptrs[size][i], size % 255 + 1);
	arena_clear(&arena);
	arena_clear(&arena);
}

/* A block larger than usual does not throw away the room that is left in the current one. */
static void
large_blocks(void **state)
{
	struct arena arena;
	char *first, *second, *large;

	(void)state;
	arena_init(&arena);
	first = arena_alloc(&arena, 16);
	large = arena_alloc(&arena, 100000);
	memset(large, 'x', 100000);
	second = arena_alloc(&arena, 16);
	assert_ptr_equal(second, first + 16);
	large = arena_alloc(&arena, 8193);
	memset(large, 'y', 8193);
	arena_clear(&arena);

	large = arena_alloc(&arena, 1000000); /* also as the very first */
	memset(large, 'z', 1000000);
	first = arena_alloc(&arena, 16);
	assert_int_equal(first[0], 0);
	arena_clear(&arena);
}

static void
copies_and_formats(void **state)
{
	struct arena arena;
	char *copy;

	(void)state;
	arena_init(&arena);
	copy = arena_dup(&arena, SPAN("a\0b"));
	assert_memory_equal(copy, "a\0b", 4);
	assert_string_equal(arena_dup(&arena, span_make(NULL, 0)), "");
	assert_string_equal(arena_dup(&arena, span_make("abc", 2)), "ab");
	assert_string_equal(arena_printf(&arena, "%s-%d", "x", 7), "x-7");
	assert_string_equal(arena_printf(&arena, "%s", ""), "");
	assert_int_equal(strlen(arena_printf(&arena, "%9000d", 1)), 9000);
	arena_clear(&arena);
}

int
main(void)
{
	struct check_list list = { 0 };

	CHECK(&list, aligned_zeroed_apart);
	CHECK(&list, large_blocks);
	CHECK(&list, copies_and_formats);
	return check_run(&list, "arena");
}
