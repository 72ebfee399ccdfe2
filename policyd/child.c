#include "child.h"

#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "mem.h"
#include "str.h"

extern char **environ;

enum { LINE_MAX_BYTES = 1000, OUTPUT_MAX = 64 << 10 }; /* what it writes beyond that is not read */

struct child {
	pid_t pid;
	int fd; /* its outputs; -1: closed */
	struct event *readable, *ended, *late;
	struct str rest; /* of a line */
	size_t seen;
	int status;
	bool gone; /* waited for */
	child_line *line;
	child_end *end;
	void *arg;
};

static void
free_child(struct child *child)
{
	struct event *events[] = { child->readable, child->ended, child->late };

	for (size_t i = 0; i < sizeof(events) / sizeof(events[0]); i++)
		if (events[i] != NULL)
			event_free(events[i]);
	if (child->fd >= 0)
		close(child->fd);
	str_free(&child->rest);
	free(child);
}

static void
tell_lines(struct child *child, bool all)
{
	struct span rest = span_make(str_text(&child->rest), child->rest.len);
	struct str kept = { 0 };
	const char *newline;

	while (rest.len > 0 && (newline = memchr(rest.ptr, '\n', rest.len)) != NULL) {
		struct span line = span_make(rest.ptr, (size_t)(newline - rest.ptr));

		child->line(child->arg, line);
		rest = span_from(rest, line.len + 1);
	}
	if (rest.len > 0 && (all || rest.len >= LINE_MAX_BYTES)) {
		child->line(child->arg, rest);
		rest = SPAN("");
	}
	str_add_span(&kept, rest);
	str_free(&child->rest);
	child->rest = kept;
}

/* Both outputs closed, and waited for: nothing more can come. */
static void
end_if_over(struct child *child)
{
	if (child->fd >= 0 || !child->gone)
		return;
	tell_lines(child, true);
	child->end(child->arg, child->status);
	free_child(child);
}

static void
close_output(struct child *child)
{
	event_del(child->readable);
	close(child->fd);
	child->fd = -1;
}

static void
on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct child *child = arg;
	char bytes[4096];
	ssize_t n = read(fd, bytes, sizeof(bytes));

	(void)what;
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n > 0 && (child->seen += (size_t)n) <= OUTPUT_MAX) {
		str_add(&child->rest, bytes, (size_t)n);
		tell_lines(child, false);
	} else if (n <= 0) {
		close_output(child);
		end_if_over(child);
	}
}

static void
on_ended(evutil_socket_t fd, short what, void *arg)
{
	struct child *child = arg;
	int status;

	(void)fd;
	(void)what;
	if (child->gone || waitpid(child->pid, &status, WNOHANG) != child->pid)
		return;
	child->gone = true;
	child->status = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
	end_if_over(child);
}

/* Its end comes as any other; whoever has inherited its outputs is not waited for. */
static void
on_late(evutil_socket_t fd, short what, void *arg)
{
	struct child *child = arg;

	(void)fd;
	(void)what;
	if (!child->gone)
		kill(child->pid, SIGKILL);
	if (child->fd >= 0)
		close_output(child);
	end_if_over(child);
}

static int
spawn(struct child *child, const char *const *argv, int out_fd)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	sigset_t signals;
	int rc;

	if (access(argv[0], X_OK) != 0) /* valgrind's posix_spawn would not tell */
		return errno;
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_adddup2(&actions, out_fd, STDOUT_FILENO);
	posix_spawn_file_actions_adddup2(&actions, out_fd, STDERR_FILENO);
	posix_spawn_file_actions_addclosefrom_np(&actions, STDERR_FILENO + 1);
	posix_spawnattr_init(&attributes);
	posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
	sigfillset(&signals);
	posix_spawnattr_setsigdefault(&attributes, &signals);
	sigemptyset(&signals);
	posix_spawnattr_setsigmask(&attributes, &signals);
	rc = posix_spawn(&child->pid, argv[0], &actions, &attributes,
	    (char *const *)(void *)(size_t)argv, environ);
	posix_spawnattr_destroy(&attributes);
	posix_spawn_file_actions_destroy(&actions);
	return rc;
}

struct child *
child_start(struct event_base *base, const char *const *argv, int64_t most_ms, child_line *line,
    child_end *end, void *arg, struct err *err)
{
	struct child *child = mem_alloc(sizeof(*child));
	struct timeval most = { most_ms / 1000, most_ms % 1000 * 1000 };
	int fds[2], rc;

	child->line = line;
	child->end = end;
	child->arg = arg;
	child->fd = -1;
	if (pipe2(fds, O_CLOEXEC) != 0) {
		err_set(err, "%s: %s", argv[0], strerror(errno));
		free_child(child);
		return NULL;
	}
	child->fd = fds[0];
	fcntl(child->fd, F_SETFL, O_NONBLOCK);
	/* Before it starts, so that its end is not missed. */
	child->ended = evsignal_new(base, SIGCHLD, on_ended, child);
	evsignal_add(child->ended, NULL);
	rc = spawn(child, argv, fds[1]);
	close(fds[1]);
	if (rc != 0) {
		err_set(err, "%s: %s", argv[0], strerror(rc));
		free_child(child);
		return NULL;
	}
	child->readable = event_new(base, child->fd, EV_READ | EV_PERSIST, on_readable, child);
	event_add(child->readable, NULL);
	child->late = evtimer_new(base, on_late, child);
	evtimer_add(child->late, &most);
	return child;
}

void
child_stop(struct child **child)
{
	struct child *old = *child;

	*child = NULL;
	if (old == NULL)
		return;
	if (!old->gone) {
		kill(old->pid, SIGKILL);
		while (waitpid(old->pid, NULL, 0) < 0 && errno == EINTR)
			;
	}
	free_child(old);
}
