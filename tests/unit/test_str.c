#include "check.h"
#include "str.h"

static void
zero_is_empty(void **state)
{
	struct str str = { 0 };

	(void)state;
	assert_string_equal(str_text(&str), "");
	str_empty(&str);
	assert_int_equal(str.len, 0);
	str_free(&str);
	str_free(&str);
}

/* Every length crosses every growth, and the NUL behind is always there. */
static void
grows_byte_by_byte(void **state)
{
	struct str str = { 0 };

	(void)state;
	for (size_t i = 0; i < 5000; i++) {
		str_addc(&str, (char)('a' + i % 26));
		assert_int_equal(str.len, i + 1);
		assert_true(str.cap > str.len);
		assert_int_equal(str.data[str.len], '\0');
	}
	for (size_t i = 0; i < 5000; i++)
		assert_int_equal(str.data[i], 'a' + (int)(i % 26));
	str_free(&str);
	assert_null(str.data);
	assert_int_equal(str.len, 0);
	assert_int_equal(str.cap, 0);
}

static void
bytes_may_be_nul(void **state)
{
	struct str str = { 0 };

	(void)state;
	str_add(&str, "a\0b", 3);
	str_addc(&str, '\0');
	str_add_span(&str, SPAN("\0c"));
	assert_int_equal(str.len, 6);
	assert_memory_equal(str.data, "a\0b\0\0c", 7);
	str_free(&str);
}

static void
adding_nothing(void **state)
{
	struct str str = { 0 };

	(void)state;
	str_add(&str, NULL, 0);
	str_add_span(&str, span_make(NULL, 0));
	str_adds(&str, "");
	str_addf(&str, "%s", "");
	assert_int_equal(str.len, 0);
	assert_string_equal(str_text(&str), "");
	str_free(&str);
}

/* Formatting into room that is just enough, one short, far too small. */
static void
formats_every_length(void **state)
{
	char text[301];

	(void)state;
	for (size_t before = 0; before < 70; before++)
		for (int len = 0; len <= 300; len += before % 7 == 0 ? 1 : 37) {
			struct str str = { 0 };

			memset(text, 'x', sizeof(text) - 1);
			text[len] = '\0';
			for (size_t i = 0; i < before; i++)
				str_addc(&str, '-');
			str_addf(&str, "%s|%d", text, len);
			assert_int_equal(str.len, strlen(str.data));
			assert_memory_equal(str.data + before, text, (size_t)len);
			assert_int_equal(atoi(strchr(str.data, '|') + 1), len);
			str_free(&str);
		}
}

static void
emptying_keeps_memory(void **state)
{
	struct str str = { 0 };
	char *data;

	(void)state;
	str_reserve(&str, 1000);
	assert_string_equal(str_text(&str), "");
	data = str.data;
	for (int i = 0; i < 1000; i++)
		str_addc(&str, 'x');
	assert_ptr_equal(str.data, data);
	str_empty(&str);
	assert_ptr_equal(str.data, data);
	assert_string_equal(str_text(&str), "");
	str_free(&str);
}

int
main(void)
{
	struct check_list list = { 0 };

	CHECK(&list, zero_is_empty);
	CHECK(&list, grows_byte_by_byte);
	CHECK(&list, bytes_may_be_nul);
	CHECK(&list, adding_nothing);
	CHECK(&list, formats_every_length);
	CHECK(&list, emptying_keeps_memory);
	return check_run(&list, "str");
}
