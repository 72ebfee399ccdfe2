#include "run.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"

extern char **environ;

enum { PATH_SIZE = 256 };

static const char *const folders[] = { "/usr/sbin", "/usr/bin", "/sbin", "/bin", "/usr/local/sbin",
	"/usr/local/bin", NULL };

static int
find(const char *name, char path[PATH_SIZE], struct err *err)
{
	for (size_t i = 0; folders[i] != NULL; i++) {
		snprintf(path, PATH_SIZE, "%s/%s", folders[i], name);
		if (access(path, X_OK) == 0)
			return 0;
	}
	err_set(err, "%s is not installed", name);
	return -1;
}

static void
read_back(int fd, struct str *out)
{
	char bytes[8192];
	ssize_t n;
	off_t at = 0;

	while ((n = pread(fd, bytes, sizeof(bytes), at)) > 0) {
		str_add(out, bytes, (size_t)n);
		at += n;
	}
}

static void
last_line(int fd, struct err *err)
{
	struct str said = { 0 };
	struct span rest, line, last = SPAN("");

	read_back(fd, &said);
	rest = span_of(str_text(&said));
	while (span_line(&rest, &line))
		if (span_trim(line).len > 0)
			last = span_trim(line);
	err_set(err, "%.*s", (int)last.len, last.ptr);
	str_free(&said);
}

/* Looks again and again, ever less often: pidfd_open() is not there everywhere (valgrind). True: it
 * has ended. */
static bool
ends_within(pid_t pid, int64_t ms)
{
	int64_t deadline_ms = clock_monotonic_ms() + ms;
	struct timespec pause = { 0, 200000 };
	siginfo_t info = { 0 };

	while (
	    waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid == 0) {
		if (clock_monotonic_ms() >= deadline_ms)
			return false;
		nanosleep(&pause, NULL);
		if (pause.tv_nsec < 10000000)
			pause.tv_nsec *= 2;
	}
	return true;
}

/* Files, not pipes: neither of the two can fill up while the other is read. */
static int
spawn_and_wait(const char *path, const char *const *argv, int64_t ms, int out_fd, int said_fd,
    struct err *err)
{
	bool in_time;
	posix_spawn_file_actions_t actions;
	pid_t pid;
	int rc, status;

	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", 0, 0);
	posix_spawn_file_actions_adddup2(&actions, out_fd, STDOUT_FILENO);
	posix_spawn_file_actions_adddup2(&actions, said_fd, STDERR_FILENO);
	rc = posix_spawn(&pid, path, &actions, NULL, (char *const *)(void *)(size_t)argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	if (rc != 0) {
		err_set(err, "%s: %s", path, strerror(rc));
		return -1;
	}
	in_time = ends_within(pid, ms);
	if (!in_time)
		kill(pid, SIGKILL);
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR) {
			err_set(err, "%s: %s", path, strerror(errno));
			return -1;
		}
	if (WIFEXITED(status))
		return WEXITSTATUS(status);
	if (!in_time) {
		err_set(err, "%s took longer than %" PRId64 " s", path, ms / 1000);
		return -1;
	}
	err_set(err, "%s was ended by signal %d", path, WTERMSIG(status));
	return -1;
}

int
run_program(const char *const *argv, struct str *out, struct err *err)
{
	return run_within(RUN_MS, argv, out, err);
}

int
run_within(int64_t ms, const char *const *argv, struct str *out, struct err *err)
{
	char path[PATH_SIZE];
	int out_fd = memfd_create("out", MFD_CLOEXEC), said_fd = memfd_create("said", MFD_CLOEXEC);
	int status = -1;

	if (out_fd < 0 || said_fd < 0)
		err_set(err, "memfd_create: %s", strerror(errno));
	else if (find(argv[0], path, err) == 0)
		status = spawn_and_wait(path, argv, ms, out_fd, said_fd, err);
	if (status >= 0) {
		last_line(said_fd, err);
		if (out != NULL)
			read_back(out_fd, out);
	}
	if (out_fd >= 0)
		close(out_fd);
	if (said_fd >= 0)
		close(said_fd);
	return status;
}

int
run_must(const char *const *argv, struct str *out, struct err *err)
{
	int status = run_program(argv, out, err);

	if (status > 0) {
		if (*err->text == '\0')
			err_set(err, "%s ended with status %d", argv[0], status);
		else if (strncmp(err->text, argv[0], strlen(argv[0])) != 0)
			err_prefix(err, "%s", argv[0]);
	}
	return status == 0 ? 0 : -1;
}
