/* unreadable: how a process that fails on a message ends, in a child for each way. */
#include "check.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include "unreadable.h"

#define ID "0123456789abcdef"

static const char message[] = "From: <>\n\nunreadable \0 bytes\r\n";
static char folder[32];

static struct span
the_message(void)
{
	return span_make(message, sizeof(message) - 1);
}

/* -- ways to end ------------------------------------------------------------------------------- */

static int
run_out_of_stack(int depth)
{
	volatile char room[4096];

	room[0] = (char)depth;
	return depth == INT_MAX ? 0 : run_out_of_stack(depth + 1) + room[0];
}

static void
end_by(int number)
{
	struct rlimit limit = { 1 << 20, 1 << 20 };

	if (number == 0) {
		setrlimit(RLIMIT_STACK, &limit);
		run_out_of_stack(0);
	}
	raise(number);
}

static const struct signal_row {
	const char *label;
	int number;      /* 0: the stack runs out */
	bool is_failure; /* of the message's, not somebody's wish */
} signal_rows[] = {
	{ "SIGSEGV", SIGSEGV, true },
	{ "SIGBUS", SIGBUS, true },
	{ "SIGFPE", SIGFPE, true },
	{ "SIGILL", SIGILL, true },
	{ "SIGABRT", SIGABRT, true },
	{ "the time limit", SIGALRM, true },
	{ "the stack runs out", 0, true },
	{ "SIGTERM", SIGTERM, false },
	{ "SIGINT", SIGINT, false },
	{ "SIGHUP", SIGHUP, false },
};

/* valgrind reports what the child does on purpose, and with that a status of its own. */
static bool
is_impossible(const struct signal_row *row)
{
	const char *preload = getenv("LD_PRELOAD");

	return row->number == 0 && preload != NULL && strstr(preload, "vgpreload") != NULL;
}

/* Exit status of a child that does this; -1 a signal ended it. */
static int
child(void (*does)(int), int number)
{
	pid_t pid = fork();
	int status = 0;

	assert_true(pid >= 0);
	if (pid == 0) {
		int null = open("/dev/null", O_WRONLY);

		dup2(null, STDERR_FILENO);
		unreadable_start();
		does(number);
		_exit(99);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void
fail_while_reading(int number)
{
	unreadable_guard(folder, ID, the_message());
	end_by(number);
}

static void
fail_before(int number)
{
	end_by(number);
}

static void
fail_after(int number)
{
	unreadable_guard(folder, ID, the_message());
	unreadable_release();
	end_by(number);
}

static void
understand(int number)
{
	(void)number;
	unreadable_guard(folder, ID, the_message());
	unreadable_release();
	_exit(EX_OK);
}

/* -- what is in the folder --------------------------------------------------------------------- */

static char *
path_of(const char *ending)
{
	static char path[128];

	snprintf(path, sizeof(path), "%s/unreadable%s%s", folder, *ending != '\0' ? "/" ID : "",
	    ending);
	return path;
}

static bool
exists(const char *ending)
{
	return access(path_of(ending), F_OK) == 0;
}

static unsigned
files(void)
{
	DIR *dir = opendir(path_of(""));
	unsigned n = 0;

	while (dir != NULL && readdir(dir) != NULL)
		n++;
	if (dir != NULL)
		closedir(dir);
	return n > 2 ? n - 2 : 0; /* . and .. */
}

static void
check_stored(void)
{
	char bytes[sizeof(message) + 10];
	struct stat st;
	int fd = open(path_of(".eml"), O_RDONLY);

	assert_true(fd >= 0);
	assert_int_equal(read(fd, bytes, sizeof(bytes)), sizeof(message) - 1);
	assert_memory_equal(bytes, message, sizeof(message) - 1);
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	close(fd);
	assert_int_equal(lstat(path_of(""), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
}

static void
set_up(void)
{
	strcpy(folder, "/tmp/mxpace-test-XXXXXX");
	assert_non_null(mkdtemp(folder));
}

static void
take_down(void)
{
	unlink(path_of(".tried"));
	unlink(path_of(".eml"));
	unlink(path_of(".part"));
	rmdir(path_of(""));
	assert_int_equal(rmdir(folder), 0);
}

/* -- tests ------------------------------------------------------------------------------------- */

static void
stores_what_fails_twice(void **state)
{
	const struct signal_row *row = *state;

	if (is_impossible(row))
		return;
	set_up();
	if (row->is_failure) {
		assert_int_equal(child(fail_while_reading, row->number), EX_TEMPFAIL);
		assert_true(exists(".tried"));
		assert_int_equal(files(), 1);
		assert_int_equal(child(fail_while_reading, row->number), EX_OK);
		check_stored();
		assert_int_equal(files(), 1);
	} else { /* however often: it can do nothing for it */
		for (int i = 0; i < 3; i++)
			assert_int_equal(child(fail_while_reading, row->number), EX_TEMPFAIL);
		assert_int_equal(files(), 0);
	}
	take_down();
}

static void
tries_again_when_it_fails_outside_of_reading(void **state)
{
	const struct signal_row *row = *state;

	if (is_impossible(row))
		return;
	set_up();
	for (int i = 0; i < 3; i++) {
		assert_int_equal(child(fail_before, row->number), EX_TEMPFAIL);
		assert_int_equal(child(fail_after, row->number), EX_TEMPFAIL);
	}
	assert_int_equal(files(), 0);
	take_down();
}

static void
forgets_a_failure_once_it_is_understood(void **state)
{
	(void)state;
	set_up();
	assert_int_equal(child(fail_while_reading, SIGSEGV), EX_TEMPFAIL);
	assert_int_equal(child(understand, 0), EX_OK);
	assert_int_equal(files(), 0);
	assert_int_equal(child(fail_while_reading, SIGSEGV), EX_TEMPFAIL);
	assert_false(exists(".eml"));
	take_down();
}

/* Nothing may be lost: it stays in Postfix's queue. */
static void
keeps_what_it_cannot_store(void **state)
{
	(void)state;
	set_up();
	rmdir(folder); /* there is no state_dir */
	for (int i = 0; i < 3; i++)
		assert_int_equal(child(fail_while_reading, SIGSEGV), EX_TEMPFAIL);
	assert_int_equal(mkdir(folder, 0700), 0);

	assert_int_equal(child(fail_while_reading, SIGSEGV), EX_TEMPFAIL);
	assert_int_equal(mkdir(path_of(".part"), 0700), 0); /* in the way of the writing */
	for (int i = 0; i < 3; i++)
		assert_int_equal(child(fail_while_reading, SIGSEGV), EX_TEMPFAIL);
	assert_false(exists(".eml"));
	rmdir(path_of(".part"));
	assert_int_equal(child(fail_while_reading, SIGSEGV), EX_OK);
	check_stored();
	take_down();
}

static void
fail_at_full_disk(int number)
{
	struct rlimit limit = { 10, 10 };

	unreadable_guard(folder, ID, the_message());
	setrlimit(RLIMIT_FSIZE, &limit);
	signal(SIGXFSZ, SIG_IGN); /* so that write(2) fails as on a full disk: after some bytes */
	raise(number);
}

static void
keeps_what_it_can_store_in_part_only(void **state)
{
	(void)state;
	set_up();
	assert_int_equal(child(fail_while_reading, SIGSEGV), EX_TEMPFAIL);
	assert_int_equal(child(fail_at_full_disk, SIGSEGV), EX_TEMPFAIL);
	assert_false(exists(".eml"));
	assert_int_equal(child(fail_while_reading, SIGSEGV), EX_OK);
	check_stored();
	assert_false(exists(".part"));
	take_down();
}

static void
see_time_limit(int number)
{
	(void)number;
	_exit(alarm(0) == UNREADABLE_TIME_LIMIT_S ? 7 : 8);
}

static void
has_a_time_limit(void **state)
{
	(void)state;
	assert_int_equal(child(see_time_limit, 0), 7);
}

int
main(void)
{
	struct check_list list = { 0 };

	CHECK_ROWS(&list, stores_what_fails_twice, signal_rows);
	CHECK_ROWS(&list, tries_again_when_it_fails_outside_of_reading, signal_rows);
	CHECK(&list, forgets_a_failure_once_it_is_understood);
	CHECK(&list, keeps_what_it_cannot_store);
	CHECK(&list, keeps_what_it_can_store_in_part_only);
	CHECK(&list, has_a_time_limit);
	return check_run(&list, "unreadable");
}
