#include "check.h"
#include "script.h"

static const struct script_row {
	const char *label;
	enum script script;
} script_rows[] = {
	{ "take", SCRIPT_TAKE },
	{ "give_back", SCRIPT_GIVE_BACK },
	{ "error", SCRIPT_ERROR },
};

/* The bytes of the file in the source tree, and a digest of the right form; that it is the right
 * digest is what the Lua tests show with Redis. */
static void
embedded(void **state)
{
	const struct script_row *row = *state;
	struct span text = script_text(row->script);
	char path[64], *file = malloc(65536);
	size_t len;
	FILE *f;

	assert_string_equal(script_name(row->script), row->label);
	snprintf(path, sizeof(path), "lib/lua/%s.lua", row->label);
	f = fopen(path, "r");
	assert_non_null(f); /* tests run in the top folder of the source tree */
	len = fread(file, 1, 65536, f);
	fclose(f);
	assert_true(span_eq(text, span_make(file, len)));
	assert_int_equal(text.ptr[text.len], '\0');
	assert_int_equal(strlen(script_sha1(row->script)), 40);
	assert_int_equal(strspn(script_sha1(row->script), "0123456789abcdef"), 40);
	free(file);
}

static void
all_of_them(void **state)
{
	(void)state;
	assert_int_equal(COUNT(script_rows), SCRIPT_COUNT);
	assert_string_not_equal(script_sha1(SCRIPT_TAKE), script_sha1(SCRIPT_GIVE_BACK));
	assert_string_not_equal(script_sha1(SCRIPT_TAKE), script_sha1(SCRIPT_ERROR));
}

int
main(void)
{
	struct check_list list = { 0 };

	CHECK_ROWS(&list, embedded, script_rows);
	CHECK(&list, all_of_them);
	return check_run(&list, "script");
}
