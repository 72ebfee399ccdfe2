/* successor: programs of the test's own stand for the mxpolicyd that is installed now. */
#include "check.h"

#include <event2/event.h>
#include <sys/stat.h>
#include <unistd.h>

#include "log.h"
#include "successor.h"

static struct event_base *base;
static char folder[] = "/tmp/mxpace-successor-XXXXXX";
static char path[sizeof(folder) + 16];
static int told; /* 1: able, -1: not */

static void
on_told(void *arg, bool able)
{
	assert_ptr_equal(arg, &told);
	told = able ? 1 : -1;
	event_base_loopbreak(base);
}

static void
install(const char *script)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	fprintf(file, "#!/bin/sh\n%s\n", script);
	assert_int_equal(fclose(file), 0);
	assert_int_equal(chmod(path, 0700), 0);
}

static void
set_up(void)
{
	log_set_level(LOG_LEVEL_ERROR);
	base = event_base_new();
	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/mxpolicyd", folder);
}

static void
take_down(void)
{
	unlink(path);
	rmdir(folder);
	event_base_free(base);
}

static const struct row {
	const char *label, *script;
	int told;
} rows[] = {
	{ "no mistake", "test \"$1 $2 $3\" = \"-t -c a.conf\"", 1 },
	{ "mistakes", "echo a.conf:1: wrong >&2; exit 78", -1 },
	{ "another architecture, a library that is missing", "exit 127", -1 },
	{ "it crashes", "kill -SEGV $$", -1 },
};

static void
is_tried(void **state)
{
	const struct row *row = *state;
	struct successor *successor;

	told = 0;
	install(row->script);
	successor = successor_try(base, path, "a.conf", on_told, &told);
	assert_non_null(successor);
	assert_int_equal(told, 0); /* later */
	event_base_dispatch(base);
	assert_int_equal(told, row->told);
}

static void
is_found_in_the_path(void **state)
{
	char before[4096];

	(void)state;
	snprintf(before, sizeof(before), "%s", getenv("PATH"));
	setenv("PATH", folder, 1);
	told = 0;
	install("exit 0");
	assert_non_null(successor_try(base, "mxpolicyd", "a.conf", on_told, &told));
	event_base_dispatch(base);
	setenv("PATH", before, 1);
	assert_int_equal(told, 1);
}

static void
is_missing(void **state)
{
	(void)state;
	assert_null(successor_try(base, "/nonexistent/mxpolicyd", "a.conf", on_told, &told));
}

static void
is_not_waited_for(void **state)
{
	struct successor *successor;

	(void)state;
	told = 0;
	install("sleep 1000");
	successor = successor_try(base, path, "a.conf", on_told, &told);
	successor_stop(&successor);
	assert_null(successor);
	successor_stop(&successor); /* nothing */
	event_base_loop(base, EVLOOP_NONBLOCK);
	assert_int_equal(told, 0);
}

int
main(void)
{
	struct check_list list = { 0 };
	int rc;

	set_up();
	CHECK_ROWS(&list, is_tried, rows);
	CHECK(&list, is_found_in_the_path);
	CHECK(&list, is_missing);
	CHECK(&list, is_not_waited_for);
	rc = check_run(&list, "successor");
	take_down();
	return rc;
}
