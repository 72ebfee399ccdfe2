/* A program beside the event loop: what it writes, how it ends, what it inherits, and that nothing of it
 * is left. */
#include "check.h"
#include "child.h"
#include "str.h"

#include <dirent.h>
#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { LONG_MS = 20000, NEVER = -99 };

struct seen {
	struct event_base *base;
	struct str text; /* each line between < and > */
	int status;
};

static void
on_line(void *arg, struct span line)
{
	struct seen *seen = arg;

	str_addc(&seen->text, '<');
	str_add_span(&seen->text, line);
	str_addc(&seen->text, '>');
}

static void
on_end(void *arg, int status)
{
	struct seen *seen = arg;

	seen->status = status;
	event_base_loopbreak(seen->base);
}

static struct child *
start(struct seen *seen, const char *script, int64_t most_ms)
{
	const char *argv[] = { "/bin/sh", "-c", script, NULL };
	struct child *child;

	*seen = (struct seen){ .base = event_base_new(), .status = NEVER };
	child = child_start(seen->base, argv, most_ms, on_line, on_end, seen, NULL);
	assert_non_null(child);
	return child;
}

static void
end(struct seen *seen)
{
	event_base_free(seen->base);
	str_free(&seen->text);
}

static size_t
open_files(void)
{
	DIR *folder = opendir("/proc/self/fd");
	size_t count = 0;

	assert_non_null(folder);
	while (readdir(folder) != NULL)
		count++;
	closedir(folder);
	return count;
}

static void
nobody_is_left(void)
{
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	assert_int_equal(errno, ECHILD);
}

static const struct row {
	const char *label, *script;
	int64_t most_ms;
	const char *want;
	int status;
} rows[] = {
	{ "says nothing", "exit 0", LONG_MS, "", 0 },
	{ "fails", "echo why >&2; exit 3", LONG_MS, "<why>", 3 },
	{ "both outputs, line by line", "echo one; echo; echo two >&2; printf three", LONG_MS,
	    "<one><><two><three>", 0 },
	{ "killed by a signal", "kill -9 $$", LONG_MS, "", -1 },
	{ "closes its outputs and goes on", "exec >&- 2>&-; kill -0 $PPID; exit 4", LONG_MS, "",
	    4 },
	{ "takes too long", "echo begun; exec tail -f /dev/null", 200, "<begun>", -1 },
	{ "has none of our files", "ls /proc/$$/fd", LONG_MS, "<0><1><2>", 0 },
	{ "a line that is too long comes in parts", "printf %1500s x | tr ' ' y", LONG_MS, NULL,
	    0 },
	{ "reads nothing", "cat; echo end", LONG_MS, "<end>", 0 },
	{ "blocks no signal", "grep SigBlk /proc/$$/status | tr -d '\\t'", LONG_MS,
	    "<SigBlk:0000000000000000>", 0 },
};

static void
runs(void **state)
{
	const struct row *row = *state;
	size_t files = open_files();
	int ours = open("/dev/null", O_RDONLY); /* no close-on-exec */
	struct seen seen;

	start(&seen, row->script, row->most_ms);
	event_base_dispatch(seen.base);
	assert_int_equal(seen.status, row->status);
	if (row->want != NULL)
		assert_string_equal(str_text(&seen.text), row->want);
	else
		assert_true(seen.text.len >= 1500);
	nobody_is_left();
	end(&seen);
	close(ours);
	assert_int_equal(open_files(), files);
}

/* Whoever inherited its outputs is not waited for. */
static void
its_child_lives_on(void **state)
{
	struct seen seen;
	unsigned long pid;

	(void)state;
	start(&seen, "tail -f /dev/null & echo $!; exit 5", 500);
	event_base_dispatch(seen.base);
	pid = strtoul(str_text(&seen.text) + 1, NULL, 10);
	assert_true(pid > 1);
	kill((pid_t)pid, SIGKILL);
	assert_int_equal(seen.status, 5);
	nobody_is_left();
	end(&seen);
}

static void
stopped_while_it_runs(void **state)
{
	size_t files = open_files();
	struct seen seen;
	struct child *child;

	(void)state;
	child = start(&seen, "exec tail -f /dev/null", LONG_MS);
	child_stop(&child);
	assert_null(child);
	nobody_is_left();
	event_base_loop(seen.base, EVLOOP_NONBLOCK);
	assert_int_equal(seen.status, NEVER);
	end(&seen);
	assert_int_equal(open_files(), files);
	child_stop(&child);
}

static void
what_is_not_there(void **state)
{
	const char *argv[] = { "/nowhere/mxctl", NULL };
	size_t files = open_files();
	struct seen seen = { .base = event_base_new() };
	struct err err;

	(void)state;
	assert_null(child_start(seen.base, argv, LONG_MS, on_line, on_end, &seen, &err));
	assert_string_equal(err.text, "/nowhere/mxctl: No such file or directory");
	nobody_is_left();
	end(&seen);
	assert_int_equal(open_files(), files);
}

int
main(void)
{
	struct check_list list = { 0 };
	int failed;

	CHECK_ROWS(&list, runs, rows);
	CHECK(&list, its_child_lives_on);
	CHECK(&list, stopped_while_it_runs);
	CHECK(&list, what_is_not_there);
	failed = check_run(&list, "child");
	libevent_global_shutdown();
	return failed;
}
