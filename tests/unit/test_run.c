/* run: other programs, run to their end or to a deadline. */
#include <unistd.h>

#include "check.h"
#include "clock.h"
#include "run.h"

static const struct row {
	const char *label;
	const char *argv[4];
	int status;
	const char *out, *words;
} rows[] = {
	{ "what it writes", { "printf", "a b\\n" }, 0, "a b\n", "" },
	{ "its status, and what it said last",
	    { "sh", "-c", "echo out; echo first >&2; echo last >&2; exit 3" }, 3, "out\n", "last" },
	{ "stdin is empty", { "cat" }, 0, "", "" },
	{ "killed", { "sh", "-c", "kill -9 $$" }, -1, "", "was ended by signal 9" },
	{ "not there", { "no-such-program" }, -1, "", "no-such-program is not installed" },
	{ "one that waits for ever", { "sleep", "1000" }, -1, "", "sleep took longer than 0 s" },
};

static void
runs(void **state)
{
	const struct row *row = *state;
	int64_t began_ms = clock_monotonic_ms();
	bool hangs = strcmp(row->argv[0], "sleep") == 0;
	struct err err = { "" };
	struct str out = { 0 };
	int status =
	    hangs ? run_within(100, row->argv, &out, &err) : run_program(row->argv, &out, &err);

	assert_int_equal(status, row->status);
	assert_string_equal(str_text(&out), row->out);
	if (*row->words == '\0')
		assert_string_equal(err.text, "");
	assert_non_null(strstr(err.text, row->words));
	assert_true(clock_monotonic_ms() - began_ms < 30000);
	str_free(&out);
}

int
main(void)
{
	struct check_list list = { 0 };

	CHECK_ROWS(&list, runs, rows);
	return check_run(&list, "run");
}
