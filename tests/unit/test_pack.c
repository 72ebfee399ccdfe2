#include "check.h"
#include "pack.h"

static void
reads_back_what_was_written(void **state)
{
	struct str out = { 0 };
	struct unpack in;

	(void)state;
	pack_number(&out, -5);
	pack_text(&out, "a text");
	pack_text(&out, "");
	pack_bytes(&out, SPAN("a\0b"));
	pack_bytes(&out, SPAN(""));
	pack_number(&out, INT64_MAX);
	in = unpack_make(span_make(out.data, out.len));
	assert_int_equal(unpack_number(&in), -5);
	assert_string_equal(unpack_text(&in), "a text");
	assert_string_equal(unpack_text(&in), "");
	assert_true(span_eq(unpack_bytes(&in), SPAN("a\0b")));
	assert_int_equal(unpack_bytes(&in).len, 0);
	assert_int_equal(unpack_number(&in), INT64_MAX);
	assert_false(in.failed);
	assert_int_equal(unpack_number(&in), 0);
	assert_true(in.failed);
	str_free(&out);
}

static void
bytes_are_aligned(void **state)
{
	static const char digits[] = "0123456789012345678";
	struct str out = { 0 };
	struct unpack in;

	(void)state;
	for (size_t i = 0; i < sizeof(digits); i++) {
		pack_text(&out, digits + i);
		pack_bytes(&out, SPAN("bytes"));
	}
	in = unpack_make(span_make(out.data, out.len));
	for (size_t i = 0; i < sizeof(digits); i++) {
		unpack_text(&in);
		assert_int_equal((size_t)(unpack_bytes(&in).ptr - out.data) % PACK_ALIGN, 0);
	}
	assert_false(in.failed);
	str_free(&out);
}

/* In a copy of just that length, so that ASan sees a byte read behind it. */
static void
cut_off_anywhere_it_fails(void **state)
{
	struct str out = { 0 };

	(void)state;
	pack_text(&out, "text");
	pack_bytes(&out, SPAN("bytes"));
	pack_number(&out, 1);
	for (size_t len = 0; len < out.len; len++) {
		char *cut = malloc(len + 1);
		struct unpack in;

		assert_non_null(cut);
		memcpy(cut, out.data, len);
		in = unpack_make(span_make(cut, len));
		unpack_text(&in);
		unpack_bytes(&in);
		unpack_number(&in);
		assert_true(in.failed);
		assert_string_equal(unpack_text(&in), "");
		free(cut);
	}
	str_free(&out);
}

static const struct wrong_row {
	const char *label;
	int64_t len;
} wrong_rows[] = {
	{ "negative", -1 },
	{ "huge", INT64_MAX },
	{ "one too much", 4 },
	{ "no NUL at its end", 2 },
};

static void
tells_a_wrong_length(void **state)
{
	const struct wrong_row *row = *state;
	struct str out = { 0 };
	struct unpack in;

	pack_number(&out, row->len);
	str_add(&out, "abc", 4);
	in = unpack_make(span_make(out.data, out.len));
	assert_string_equal(unpack_text(&in), "");
	assert_true(in.failed);
	str_free(&out);
}

static void
hashes(void **state)
{
	static const char *const names[] = { "ab", "c", NULL }, *const others[] = { "a", "bc",
		NULL };

	(void)state;
	assert_true(pack_hash(PACK_HASH_START, SPAN("a")) == UINT64_C(0xaf63dc4c8601ec8c));
	assert_true(pack_sum(SPAN("12345678")) != pack_sum(SPAN("12345679")));
	assert_true(pack_sum(SPAN("12345678a")) != pack_sum(SPAN("12345678b")));
	assert_true(pack_sum(SPAN("1234567812345678")) != pack_sum(SPAN("12345678")));
	assert_true(pack_hash_names(names) != pack_hash_names(others));
}

int
main(void)
{
	struct check_list list = { 0 };

	CHECK(&list, reads_back_what_was_written);
	CHECK(&list, bytes_are_aligned);
	CHECK(&list, cut_off_anywhere_it_fails);
	CHECK_ROWS(&list, tells_a_wrong_length, wrong_rows);
	CHECK(&list, hashes);
	return check_run(&list, "pack");
}
