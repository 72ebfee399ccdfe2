#include "check.h"
#include "err.h"

static void
sets_and_prefixes(void **state)
{
	struct err err;

	(void)state;
	err_set(&err, "no %s", "reply");
	assert_string_equal(err.text, "no reply");
	err_prefix(&err, "Redis at %s", "unix:/x");
	assert_string_equal(err.text, "Redis at unix:/x: no reply");
}

static void
nobody_wants_the_words(void **state)
{
	(void)state;
	err_set(NULL, "%s", "x");
	err_prefix(NULL, "%s", "x");
}

static void
long_text_is_cut(void **state)
{
	struct err err;

	(void)state;
	err_set(&err, "%600d", 1);
	assert_int_equal(strlen(err.text), sizeof(err.text) - 1);
	err_prefix(&err, "abc");
	assert_int_equal(strlen(err.text), sizeof(err.text) - 1);
	assert_memory_equal(err.text, "abc:  ", 6);
	err_prefix(&err, "%600d", 2);
	assert_int_equal(strlen(err.text), sizeof(err.text) - 1);
}

int
main(void)
{
	struct check_list list = { 0 };

	CHECK(&list, sets_and_prefixes);
	CHECK(&list, nobody_wants_the_words);
	CHECK(&list, long_text_is_cut);
	return check_run(&list, "err");
}
