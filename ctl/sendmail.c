#include "sendmail.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include "clock.h"

extern char **environ;

enum { SAID_MAX = 4096 };

struct run {
	const char *path;
	pid_t pid;
	int fd; /* what it says comes out here */
	char said[SAID_MAX];
	size_t said_len;
	bool ended;
	int status;
	int64_t deadline_ms;
};

/* The mail as a file without a name, to be read from its beginning. Through a pipe, sendmail would take
 * half a mail for all of it when this process is killed between the two halves. */
static int
whole(struct span mail, struct err *err)
{
	int fd = memfd_create("mail", MFD_CLOEXEC);

	for (size_t at = 0; fd >= 0 && at < mail.len;) {
		ssize_t n = pwrite(fd, mail.ptr + at, mail.len - at, (off_t)at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			err_set(err, "writing a mail to memory: %s", strerror(errno));
			close(fd);
			return -1;
		}
		at += (size_t)n;
	}
	if (fd < 0)
		err_set(err, "memfd_create: %s", strerror(errno));
	return fd;
}

static int
spawn(struct run *run, int mail, int said, const char *recipient)
{
	const char *argv[] = { run->path, "-i", "-f", "<>", "--", recipient, NULL };
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	sigset_t none, usual;
	int rc;

	sigemptyset(&none);
	sigfillset(&usual);
	posix_spawnattr_init(&attributes);
	posix_spawnattr_setflags(&attributes,
	    POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
	posix_spawnattr_setsigmask(&attributes, &none);
	posix_spawnattr_setsigdefault(&attributes, &usual);
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, mail, STDIN_FILENO);
	posix_spawn_file_actions_adddup2(&actions, said, STDOUT_FILENO);
	posix_spawn_file_actions_adddup2(&actions, said, STDERR_FILENO);
	rc = posix_spawn(&run->pid, run->path, &actions, &attributes, (char *const *)(void *)argv,
	    environ);
	posix_spawn_file_actions_destroy(&actions);
	posix_spawnattr_destroy(&attributes);
	return rc;
}

static int
start(struct run *run, const char *recipient, struct span text, struct err *err)
{
	int mail, fds[2], rc;

	if (access(run->path, X_OK) != 0) {
		err_set(err, "%s: %s", run->path, strerror(errno));
		return -1;
	}
	if ((mail = whole(text, err)) < 0)
		return -1;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) != 0) {
		err_set(err, "socketpair: %s", strerror(errno));
		close(mail);
		return -1;
	}
	rc = spawn(run, mail, fds[1], recipient);
	close(mail);
	close(fds[1]);
	run->fd = fds[0];
	if (rc == 0)
		return fcntl(run->fd, F_SETFL, O_NONBLOCK);
	close(run->fd);
	err_set(err, "%s: %s", run->path, strerror(rc));
	return -1;
}

/* False: it has closed its end. What is too much is dropped. */
static bool
read_some(struct run *run)
{
	char spare[512];
	size_t room = SAID_MAX - run->said_len;
	ssize_t n = recv(run->fd, room > 0 ? run->said + run->said_len : spare,
	    room > 0 ? room : sizeof(spare), 0);

	if (n > 0 && room > 0)
		run->said_len += (size_t)n;
	return n > 0 || (n < 0 && (errno == EAGAIN || errno == EINTR));
}

static bool
has_ended(struct run *run)
{
	if (!run->ended)
		run->ended = waitpid(run->pid, &run->status, WNOHANG) == run->pid;
	return run->ended;
}

/* Something to read, or that time passes: one that it started may keep its streams open,
 * so its own end counts. */
static void
talk(struct run *run, bool *open)
{
	enum { LOOK_MS = 20 };
	struct pollfd poll_fd = { .fd = *open ? run->fd : -1, .events = POLLIN };

	if (poll(&poll_fd, 1, LOOK_MS) > 0)
		*open = read_some(run);
}

/* Its status as waitpid() gives it; -1: it did not end in time, and was killed. */
static int
wait_for(struct run *run)
{
	bool open = true;

	while (!has_ended(run) && clock_monotonic_ms() < run->deadline_ms)
		talk(run, &open);
	errno = 0;
	while (run->ended && open && errno != EAGAIN && run->said_len < SAID_MAX)
		open = read_some(run); /* what it said last */
	if (!run->ended) {
		kill(-run->pid, SIGKILL);
		while (waitpid(run->pid, &run->status, 0) < 0 && errno == EINTR)
			;
	}
	close(run->fd);
	return run->ended ? run->status : -1;
}

static struct span
last_line(const struct run *run)
{
	struct span rest = span_make(run->said, run->said_len), line, last = SPAN("");

	while (span_line(&rest, &line))
		if (span_trim(line).len > 0)
			last = span_trim(line);
	return last;
}

enum sendmail
sendmail_run(const char *path, const char *recipient, struct span mail, int64_t timeout_ms,
    struct err *err)
{
	struct run run = { .path = path, .deadline_ms = clock_monotonic_ms() + timeout_ms };
	struct span said;
	int status;

	if (start(&run, recipient, mail, err) != 0)
		return SENDMAIL_LATER;
	status = wait_for(&run);
	said = last_line(&run);
	if (status < 0) {
		err_set(err, "%s took longer than %lld s", path, (long long)timeout_ms / 1000);
		return SENDMAIL_LATER;
	}
	if (WIFSIGNALED(status)) {
		err_set(err, "%s was ended by signal %d", path, WTERMSIG(status));
		return SENDMAIL_LATER;
	}
	if (WEXITSTATUS(status) == 0)
		return SENDMAIL_TAKEN;
	err_set(err, "%s ended with status %d%s%.*s", path, WEXITSTATUS(status),
	    said.len > 0 ? ": " : "", (int)said.len, said.ptr);
	return WEXITSTATUS(status) == EX_TEMPFAIL ? SENDMAIL_LATER : SENDMAIL_REFUSED;
}
