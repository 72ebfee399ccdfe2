#include "check.h"
#include "xtext.h"

static const struct decode_row {
	const char *label, *in, *want;
} decode_rows[] = {
	{ "nothing escaped", "user@d.test", "user@d.test" },
	{ "plus and equals", "u+2Bt+3Dx@d.test", "u+t=x@d.test" },
	{ "a tag that looks like xtext but is none", "u+2b@d.test", "u+2b@d.test" },
	{ "a tag", "u+ab@d.test", "u+ab@d.test" },
	{ "two bytes", "j\\x{F6}rg@d.test", "jörg@d.test" },
	{ "lower case digits", "j\\x{f6}rg@d.test", "jörg@d.test" },
	{ "three bytes", "\\x{20AC}@d.test", "€@d.test" },
	{ "four bytes", "\\x{1F4E7}@d.test", "\xf0\x9f\x93\xa7@d.test" },
	{ "ASCII", "\\x{61}@d.test", "a@d.test" },
	{ "both", "a+2B\\x{E9}@d.test", "a+é@d.test" },
	{ "no digits", "a\\x{}@d.test", "a\\x{}@d.test" },
	{ "no such code point", "a\\x{110000}@d.test", "a\\x{110000}@d.test" },
	{ "a control character", "a\\x{0A}@d.test", "a\\x{0A}@d.test" },
	{ "not closed", "a\\x{F6", "a\\x{F6" },
	{ "empty", "", "" },
};

static void
decodes(void **state)
{
	const struct decode_row *row = *state;
	size_t len = strlen(row->in);
	struct arena arena;
	struct span out;

	arena_init(&arena);
	for (size_t cut = 0; cut < len; cut++) {
		char *copy = malloc(cut + 1); /* ASan sees a byte beyond */

		memcpy(copy, row->in, cut);
		xtext_decode(&arena, span_make(copy, cut));
		free(copy);
	}
	out = xtext_decode(&arena, span_of(row->in));
	assert_string_equal(arena_dup(&arena, out), row->want);
	arena_clear(&arena);
}

int
main(void)
{
	struct check_list list = { 0 };

	CHECK_ROWS(&list, decodes, decode_rows);
	return check_run(&list, "xtext");
}
