/* Bundles of rules: what is made is read back; every other form is refused, and in words. */
#include "bundle.h"
#include "check.h"

#define FILES "\"files\":{\"mx-rules.conf\":\"m\",\"bounce-rules.conf\":\"b\"}"
#define HEAD \
	"\"format\":1,\"version\":\"2026112201\",\"made\":\"2026-11-22T03:00:00Z\",\"comment\":\"\""
#define GOOD "{" HEAD "," FILES "}"

static void
what_is_made_is_read_back(void **state)
{
	const struct bundle bundle = { "2026112207", "2026-11-22T03:00:00Z", "raises \"google\"",
		{ "mx_rules = (\n);\n", "text = ( { name = \"\xc3\xa9\\\\d\"; } );\n" } };
	struct bundle again;
	struct str text = { 0 };
	struct arena arena;

	(void)state;
	arena_init(&arena);
	assert_int_equal(bundle_format(&bundle, &text, NULL), 0);
	assert_int_equal(bundle_parse(span_make(text.data, text.len), &arena, &again, NULL), 0);
	assert_string_equal(again.version, bundle.version);
	assert_string_equal(again.made, bundle.made);
	assert_string_equal(again.comment, bundle.comment);
	for (size_t i = 0; i < RULES_FILES; i++)
		assert_string_equal(again.files[i], bundle.files[i]);
	str_free(&text);
	arena_clear(&arena);
}

static void
bytes_that_are_no_utf8_are_refused(void **state)
{
	const struct bundle bundle = { "2026112207", "2026-11-22T03:00:00Z", "", { "\xff", "" } };
	struct str text = { 0 };
	struct err err = { "" };

	(void)state;
	assert_int_equal(bundle_format(&bundle, &text, &err), -1);
	assert_string_equal(err.text, "not all of it is UTF-8");
}

static const struct row {
	const char *label, *text, *words;
} rows[] = {
	{ "empty", "", "no JSON" },
	{ "no object", "[1]", "no JSON object" },
	{ "something behind it", GOOD "x", "no JSON" },
	{ "a line's end behind a backslash", "{\"a\\\n\"}", "near '\"a\\?'" },
	{ "a member twice", "{\"format\":1," HEAD "," FILES "}", "no JSON" },
	{ "a zero byte in a file",
	    "{" HEAD ",\"files\":{\"mx-rules.conf\":\"a\\u0000\",\"bounce-rules.conf\":\"b\"}}",
	    "no JSON" },
	{ "no format", "{\"version\":\"2026112201\"}", "\"format\" is missing" },
	{ "a format that is a text", "{\"format\":\"1\"}", "\"format\" is missing, or no number" },
	{ "a later format", "{\"format\":2,\"version\":1}", "a newer one does" },
	{ "an unknown member", "{" HEAD "," FILES ",\"run\":\"rm\"}", "\"run\" is nothing" },
	{ "an unknown member of two lines", "{" HEAD "," FILES ",\"r\\nun\":\"rm\"}",
	    "\"r?un\" is nothing" },
	{ "no version", "{\"format\":1," FILES "}", "\"version\" is missing" },
	{ "a version that is a number",
	    "{\"format\":1,\"version\":2026112201,\"made\":\"\",\"comment\":\"\"," FILES "}",
	    "\"version\" is no text" },
	{ "a version that is a path",
	    "{\"format\":1,\"version\":\"../../etc\",\"made\":\"\",\"comment\":\"\"," FILES "}",
	    "YYYYMMDDNN" },
	{ "a version that is too short",
	    "{\"format\":1,\"version\":\"20261122\",\"made\":\"\",\"comment\":\"\"," FILES "}",
	    "YYYYMMDDNN" },
	{ "made at no time",
	    "{\"format\":1,\"version\":\"2026112201\",\"made\":\"today\",\"comment\":\"\"," FILES
	    "}",
	    "\"made\" is no time" },
	{ "made at a time with something behind it",
	    "{\"format\":1,\"version\":\"2026112201\",\"made\":\"2026-11-22T03:00:00Z x\",\"comment\":"
	    "\"\"," FILES "}",
	    "\"made\" is no time" },
	{ "no files", "{" HEAD "}", "\"files\" is missing" },
	{ "files that are a list", "{" HEAD ",\"files\":[]}", "\"files\" is no object" },
	{ "one file only", "{" HEAD ",\"files\":{\"mx-rules.conf\":\"m\"}}",
	    "\"bounce-rules.conf\" is missing" },
	{ "a file of another name",
	    "{" HEAD
	    ",\"files\":{\"mx-rules.conf\":\"m\",\"bounce-rules.conf\":\"b\",\"../x\":\"\"}}",
	    "\"../x\" is nothing" },
	{ "a file that includes another",
	    "{" HEAD ",\"files\":{\"mx-rules.conf\":\"a;\\n @include \\\"/etc/passwd\\\"\\n\","
	    "\"bounce-rules.conf\":\"b\"}}",
	    "has an @include" },
	{ "lists a thousand deep", "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[", "no JSON" },
};

static void
refuses(void **state)
{
	const struct row *row = *state;
	struct bundle bundle;
	struct err err = { "" };
	struct arena arena;

	arena_init(&arena);
	assert_int_equal(bundle_parse(span_of(row->text), &arena, &bundle, &err), -1);
	if (strstr(err.text, row->words) == NULL)
		fail_msg("\"%s\" instead of \"%s\"", err.text, row->words);
	arena_clear(&arena);
}

static void
cut_off_anywhere_it_is_refused(void **state)
{
	struct bundle bundle;
	struct arena arena;

	(void)state;
	arena_init(&arena);
	assert_int_equal(bundle_parse(SPAN(GOOD), &arena, &bundle, NULL), 0);
	for (size_t len = 0; len < sizeof(GOOD) - 1; len++) {
		char *cut = malloc(len + 1);

		assert_non_null(cut);
		memcpy(cut, GOOD, len);
		assert_int_equal(bundle_parse(span_make(cut, len), &arena, &bundle, NULL), -1);
		free(cut);
	}
	arena_clear(&arena);
}

static void
a_larger_one_is_not_read(void **state)
{
	static char text[BUNDLE_MAX + 1];
	struct bundle bundle;
	struct err err = { "" };
	struct arena arena;

	(void)state;
	memset(text, ' ', sizeof(text));
	arena_init(&arena);
	assert_int_equal(bundle_parse(span_make(text, sizeof(text)), &arena, &bundle, &err), -1);
	assert_string_equal(err.text, "the bundle is larger than 8 MB");
	arena_clear(&arena);
}

int
main(void)
{
	struct check_list list = { 0 };

	CHECK(&list, what_is_made_is_read_back);
	CHECK(&list, bytes_that_are_no_utf8_are_refused);
	CHECK_ROWS(&list, refuses, rows);
	CHECK(&list, cut_off_anywhere_it_is_refused);
	CHECK(&list, a_larger_one_is_not_read);
	return check_run(&list, "bundle");
}
