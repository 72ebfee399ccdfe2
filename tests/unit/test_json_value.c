#include "check.h"
#include "json_value.h"

static const struct value_row {
	const char *label, *text, *want;
} value_rows[] = {
	{ "object", " {\"a\": [1, {\"b\": \"}\"}]} x", "{\"a\": [1, {\"b\": \"}\"}]}" },
	{ "string", "\"a\\\"b\" , 1", "\"a\\\"b\"" },
	{ "number", "-1.5e3,2", "-1.5e3" },
	{ "word", "true}", "true" },
	{ "no end of an object", "{\"a\": 1", "" },
	{ "no end of a string", "\"a\\\"", "" },
	{ "no end of a string inside", "[\"a]", "" },
	{ "nothing", "  ", "" },
	{ "only an end", "}", "" },
};

static void
finds_a_value(void **state)
{
	const struct value_row *row = *state;
	struct span got = json_value(span_of(row->text));

	assert_int_equal(got.len, strlen(row->want));
	assert_memory_equal(got.len > 0 ? got.ptr : "", row->want, got.len);
}

static const struct member_row {
	const char *label, *object, *name, *want;
} member_rows[] = {
	{ "string", "{\"a\":\"x\"}", "a", "x" },
	{ "with blanks", "{ \"a\" :\n \"x\" , \"b\" : 2 }", "b", "2" },
	{ "first of two", "{\"a\":1,\"a\":2}", "a", "1" },
	{ "not the nested one", "{\"b\":{\"a\":1},\"a\":2}", "a", "2" },
	{ "escapes", "{\"a\":\"\\\"\\\\\\/\\n\\u00e9\\ud83d\\ude00\"}", "a",
	    "\"\\/\n\xc3\xa9\xf0\x9f\x98\x80" },
	{ "half a pair", "{\"a\":\"\\ud83dx\"}", "a", "\xef\xbf\xbdx" },
	{ "a NUL", "{\"a\":\"\\u0000x\"}", "a", "\xef\xbf\xbdx" },
	{ "not hexadecimal", "{\"a\":\"\\u12x4\"}", "a", "u12x4" },
	{ "an object has no text", "{\"a\":{}}", "a", "" },
	{ "not there", "{\"a\":1}", "b", "" },
	{ "empty object", "{}", "a", "" },
	{ "no object", "[\"a\",1]", "a", "" },
	{ "no value", "{\"a\":}", "a", "" },
	{ "no commas", "{\"a\" 1 \"b\" 2}", "b", "2" },
};

static void
finds_a_member(void **state)
{
	const struct member_row *row = *state;
	struct arena arena;

	arena_init(&arena);
	assert_string_equal(json_member_text(&arena, span_of(row->object), row->name), row->want);
	arena_clear(&arena);
}

static const struct array_row {
	const char *label, *array, *want; /* each in brackets */
} array_rows[] = {
	{ "values", "[1, \"b\" ,{\"c\":1}]", "<1><\"b\"><{\"c\":1}>" },
	{ "arrays", "[[1],[2]]", "<[1]><[2]>" },
	{ "empty", "[]", "" },
	{ "no array", "{\"a\":1}", "" },
};

static void
lists_elements(void **state)
{
	const struct array_row *row = *state;
	struct span rest = json_elements(span_of(row->array)), element;
	char got[100] = "";

	while (json_element(&rest, &element))
		snprintf(got + strlen(got), sizeof(got) - strlen(got), "<%.*s>", (int)element.len,
		    element.ptr);
	assert_string_equal(got, row->want);
}

/* Whatever is cut off, nothing beyond it is read (ASan) and nothing loops. */
static void
takes_any_length(void **state)
{
	static const char text[] =
	    "{\"a\":[{\"b\":\"\\ud83d\\ude00\\\"\"},[1,true]],\"c\":{\"d\":\"\\u00e9\"}}";
	struct arena arena;

	(void)state;
	for (size_t len = 0; len < sizeof(text); len++) {
		char *copy = malloc(len + 1);
		struct span all = span_make(memcpy(copy, text, len), len), rest, element;

		arena_init(&arena);
		rest = json_elements(json_member(all, "a"));
		while (json_element(&rest, &element))
			json_member_text(&arena, element, "b");
		json_text(&arena, span_from(all, len / 2));
		arena_clear(&arena);
		free(copy);
	}
}

int
main(void)
{
	struct check_list list = { 0 };

	CHECK_ROWS(&list, finds_a_value, value_rows);
	CHECK_ROWS(&list, finds_a_member, member_rows);
	CHECK_ROWS(&list, lists_elements, array_rows);
	CHECK(&list, takes_any_length);
	return check_run(&list, "json_value");
}
