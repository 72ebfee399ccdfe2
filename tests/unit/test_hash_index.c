/* hash_index: what is in it is found under its name, and nothing else is, however hashes fall together. */
#include "check.h"

#include "hash_index.h"

enum { NAMES = 3000, STEPS = 200000 };

/* Hashes of which some, most or all bits are alike: neighbours, runs over the table's end, the same
 * hash for different names. */
static const struct row {
	const char *label;
	uint64_t keeps, sets;
} rows[] = {
	{ "as they come", UINT64_MAX, 0 },
	{ "sixteen of them", 15, 0 },
	{ "all in the last places", 7, ~UINT64_C(7) },
	{ "one for all", 0, 42 },
};

static char names[NAMES][16];

static bool
is(const void *item, struct span name)
{
	return span_eq(span_of(item), name);
}

static uint64_t
hash_of(const struct row *row, const char *name)
{
	return (hash_index_hash(span_of(name)) & row->keeps) | row->sets;
}

static void
holds(const struct row *row, const struct hash_index *index, const bool *there, unsigned from,
    unsigned count)
{
	for (unsigned i = from; i < from + count; i++)
		assert_ptr_equal(
		    hash_index_find(index, hash_of(row, names[i]), is, span_of(names[i])),
		    there[i] ? names[i] : NULL);
}

static void
is_as_a_list(void **state)
{
	const struct row *row = *state;
	/* With all in a few places each step walks past them all. */
	unsigned count = row->keeps > 15 ? NAMES : 60, steps = row->keeps > 15 ? STEPS : 3000;
	struct hash_index index = { 0 };
	bool there[NAMES] = { false };
	unsigned random = 1;
	size_t in = 0;

	holds(row, &index, there, 0, count);
	for (unsigned step = 0; step < steps; step++) {
		unsigned i = (random = random * 1103515245 + 12345) / 65536 % count;

		if (there[i])
			hash_index_remove(&index, hash_of(row, names[i]), names[i]);
		else
			hash_index_add(&index, hash_of(row, names[i]), names[i]);
		in += there[i] ? (size_t)-1 : 1;
		there[i] = !there[i];
		assert_int_equal(index.count, in);
		assert_true(index.count * 2 <= index.size);
		holds(row, &index, there, step % count, 1);
		if (count < 100 || step % 10000 == 0)
			holds(row, &index, there, 0, count);
	}
	hash_index_free(&index);
	assert_int_equal(index.count, 0);
	assert_null(hash_index_find(&index, 1, is, span_of(names[0])));
}

static void
hash_is_of_the_bytes(void **state)
{
	(void)state;
	assert_true(hash_index_hash(SPAN("3f2.1")) == hash_index_hash(SPAN("3f2.1")));
	assert_true(hash_index_hash(SPAN("3f2.1")) != hash_index_hash(SPAN("3f2.2")));
	assert_true(hash_index_hash(SPAN("a\0b")) != hash_index_hash(SPAN("a")));
	assert_true(hash_index_hash(SPAN("")) == hash_index_hash(span_make(NULL, 0)));
}

/* The lowest bits choose the place: names as Postfix makes them must not fall together. */
static void
spreads_names_that_are_alike(void **state)
{
	unsigned in_place[256] = { 0 };

	(void)state;
	for (unsigned i = 0; i < 256 * 64; i++) {
		char name[32];

		snprintf(name, sizeof(name), "1a2b.692f0d%02x.%x.0", i % 7, i);
		in_place[hash_index_hash(span_of(name)) % 256]++;
	}
	for (unsigned i = 0; i < 256; i++)
		assert_in_range(in_place[i], 20, 120); /* 64; the deviation of chance is 8 */
}

int
main(void)
{
	struct check_list list = { 0 };

	for (unsigned i = 0; i < NAMES; i++)
		snprintf(names[i], sizeof(names[i]), "%x.%x.0", i / 7, i);
	CHECK_ROWS(&list, is_as_a_list, rows);
	CHECK(&list, hash_is_of_the_bytes);
	CHECK(&list, spreads_names_that_are_alike);
	return check_run(&list, "hash_index");
}
