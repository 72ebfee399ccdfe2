#include "unreadable.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

static const int failures[] = { SIGALRM, SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT };
static const int requests[] = { SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGXCPU, SIGXFSZ };

static struct {
	volatile sig_atomic_t guarding;
	char tried[512]; /* exists once the message has failed before */
	char part[512], stored[512];
	struct span message;
} guard;

/* Only what signal-safety(7) allows from here on. */

static bool
store_message(void)
{
	int fd = open(guard.part, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	size_t done = 0;

	if (fd < 0)
		return false;
	while (done < guard.message.len) {
		ssize_t n = write(fd, guard.message.ptr + done, guard.message.len - done);

		if (n < 0 && errno != EINTR)
			return false;
		done += n > 0 ? (size_t)n : 0;
	}
	return fsync(fd) == 0 && close(fd) == 0 && rename(guard.part, guard.stored) == 0;
}

static void
say(const char *text, size_t len)
{
	ssize_t n = write(STDERR_FILENO, text, len);

	(void)n;
}
#define SAY(text) say(text "\n", sizeof(text "\n") - 1)

static void
on_failure(int number)
{
	(void)number;
	if (!guard.guarding) {
		SAY("mxbounce: error: time limit or crash outside of reading; trying again later");
		_exit(EX_TEMPFAIL);
	}
	if (access(guard.tried, F_OK) == 0 && store_message()) {
		unlink(guard.tried);
		SAY("mxbounce: error: message failed twice; stored among the unreadable");
		_exit(EX_OK);
	}
	if (open(guard.tried, O_WRONLY | O_CREAT | O_CLOEXEC, 0600) < 0)
		SAY("mxbounce: error: cannot write to the folder for unreadable messages");
	SAY("mxbounce: error: failed on this message; trying again later");
	_exit(EX_TEMPFAIL);
}

static void
on_request(int number)
{
	(void)number;
	SAY("mxbounce: error: told to end; trying again later");
	_exit(EX_TEMPFAIL);
}

void
unreadable_start(void)
{
	static char stack[65536]; /* a handler for a stack that ran out needs one of its own */
	stack_t other = { .ss_sp = stack, .ss_size = sizeof(stack) };
	struct sigaction action = { .sa_handler = on_failure,
		.sa_flags = SA_ONSTACK | SA_RESETHAND };

	sigaltstack(&other, NULL);
	for (size_t i = 0; i < sizeof(failures) / sizeof(failures[0]); i++)
		sigaction(failures[i], &action, NULL);
	action.sa_handler = on_request;
	for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++)
		sigaction(requests[i], &action, NULL);
	signal(SIGPIPE, SIG_IGN);
	alarm(UNREADABLE_TIME_LIMIT_S);
}

void
unreadable_guard(const char *folder, const char *id, struct span message)
{
	char path[400];

	snprintf(path, sizeof(path), "%s/unreadable", folder);
	mkdir(path, 0700); /* the handler tells if there is none */
	snprintf(guard.tried, sizeof(guard.tried), "%s/%s.tried", path, id);
	snprintf(guard.part, sizeof(guard.part), "%s/%s.part", path, id);
	snprintf(guard.stored, sizeof(guard.stored), "%s/%s.eml", path, id);
	guard.message = message;
	guard.guarding = 1;
}

void
unreadable_release(void)
{
	if (guard.guarding)
		unlink(guard.tried); /* it failed once, and not now */
	guard.guarding = 0;
}
