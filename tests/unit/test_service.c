/* service: what a service manager hands over, keeps and is told; the test plays the manager. */
#include "check.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include "log.h"
#include "service.h"

enum { KINDS_MAX = 4, PASSED_MAX = 2, KEPT_MANY = 450 };

/* -- sockets ----------------------------------------------------------------------------------- */

static int
make_file(char kind)
{
	struct sockaddr_in addr = { .sin_family = AF_INET };
	int fd = socket(AF_INET, kind == 'd' ? SOCK_DGRAM : SOCK_STREAM, 0);

	if (kind == 'f')
		return open("/dev/null", O_RDWR);
	assert_int_equal(bind(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
	if (kind == 'l')
		assert_int_equal(listen(fd, 1), 0);
	return fd;
}

static const struct passed_row {
	const char *label;
	const char
	    *files; /* l: a listening socket, s: one that does not, d: datagrams, f: a file */
	const char *names; /* of all */
	bool other;        /* they are for another process */
	const char *want;  /* which are ours, in their order */
	const char *kept;  /* which the process before left */
} passed_rows[] = {
	{ "none", "", "", false, "", "" },
	{ "one", "l", "a", false, "3", "" },
	{ "two", "ll", "a:b", false, "34", "" },
	{ "without names", "ll", NULL, false, "34", "" },
	{ "more than there is room for", "lll", "a:b:c", false, "34", "" },
	{ "those of another process", "ll", "a:b", true, "", "" },
	{ "a socket that does not listen", "sl", "a:b", false, "4", "" },
	{ "a datagram socket", "dl", "a:b", false, "4", "" },
	{ "no socket", "flfl", "a:b:c:d", false, "46", "" },
	{ "kept ones of any kind", "lfs", "a:mxpace-kept:mxpace-kept", false, "3", "45" },
	{ "kept ones before the sockets", "fsll", "mxpace-kept:mxpace-kept:a:b", false, "56",
	    "34" },
};

static bool
are_these(const int *fds, size_t count, const char *want)
{
	for (size_t i = 0; i < count && count == strlen(want); i++)
		if (fds[i] != want[i] - '0' || (fcntl(fds[i], F_GETFD) & FD_CLOEXEC) == 0)
			return false;
	return count == strlen(want);
}

/* In a process of its own: it takes descriptors 3 and up, as after exec. Its exit status counts the
 * first check that failed. */
static int
take(const struct passed_row *row)
{
	int files[KINDS_MAX], passed = (int)strlen(row->files);
	struct service_files got;
	char pid[24], count[24];

	for (int i = 0; i < passed; i++) /* above those they go to */
		files[i] = fcntl(make_file(row->files[i]), F_DUPFD, 100);
	for (int i = 0; i < passed; i++)
		if (dup2(files[i], SD_LISTEN_FDS_START + i) < 0)
			return 1;
	snprintf(pid, sizeof(pid), "%d", (int)getpid() + row->other);
	snprintf(count, sizeof(count), "%d", passed);
	setenv("LISTEN_PID", pid, 1);
	setenv("LISTEN_FDS", count, 1);
	if (row->names != NULL)
		setenv("LISTEN_FDNAMES", row->names, 1);
	service_files_take(&got, PASSED_MAX);
	if (!are_these(got.sockets, got.socket_count, row->want))
		return 2;
	if (!are_these(got.kept, got.kept_count, row->kept))
		return 3;
	for (size_t i = 0; i < got.socket_count; i++)
		if ((fcntl(got.sockets[i], F_GETFL) & O_NONBLOCK) == 0)
			return 4;
	for (int i = 0; i < passed && !row->other; i++) {
		char digit = (char)('0' + SD_LISTEN_FDS_START + i);

		if ((fcntl(SD_LISTEN_FDS_START + i, F_GETFD) >= 0) !=
		    (strchr(row->want, digit) != NULL || strchr(row->kept, digit) != NULL))
			return 5;
	}
	service_files_free(&got);
	service_files_take(&got, PASSED_MAX);
	return got.socket_count + got.kept_count == 0 ? 0 : 6; /* once */
}

static void
takes_sockets(void **state)
{
	pid_t child = fork();
	int status;

	if (child == 0)
		_exit(take(*state));
	assert_true(child > 0);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

/* -- files for the next ------------------------------------------------------------------------ */

struct manager {
	char folder[32];
	struct sockaddr_un addr;
	int fd;
};

static void
manager_open(struct manager *manager, int flags)
{
	*manager = (struct manager){ "/tmp/mxpace-test-XXXXXX", { .sun_family = AF_UNIX }, -1 };
	assert_non_null(mkdtemp(manager->folder));
	snprintf(manager->addr.sun_path, sizeof(manager->addr.sun_path), "%s/notify",
	    manager->folder);
	manager->fd = socket(AF_UNIX, SOCK_DGRAM | flags, 0);
	assert_int_equal(
	    bind(manager->fd, (struct sockaddr *)&manager->addr, sizeof(manager->addr)), 0);
	setenv("NOTIFY_SOCKET", manager->addr.sun_path, 1);
}

static void
manager_close(struct manager *manager)
{
	unsetenv("NOTIFY_SOCKET");
	close(manager->fd);
	unlink(manager->addr.sun_path);
	rmdir(manager->folder);
}

/* One message, with how many files; they are closed, which is the answer to BARRIER=1. */
static size_t
hear(const struct manager *manager, char *text, size_t size)
{
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(sizeof(int) * 253)];
	} control;
	struct iovec iov = { text, size - 1 };
	struct msghdr message = { .msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control) };
	ssize_t len = recvmsg(manager->fd, &message, 0);
	size_t files = 0;

	text[len > 0 ? len : 0] = '\0';
	for (struct cmsghdr *c = CMSG_FIRSTHDR(&message); c != NULL; c = CMSG_NXTHDR(&message, c)) {
		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		files = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		for (size_t i = 0; i < files; i++)
			close(((const int *)(const void *)CMSG_DATA(c))[i]);
	}
	return files;
}

/* The manager, in a process of its own as its answer is waited for: exit status 0 if it got as many
 * files as it should, in messages that the kernel takes. */
static int
count_files(const struct manager *manager, size_t want)
{
	char text[200];
	size_t got = 0;

	for (;;) {
		size_t files = hear(manager, text, sizeof(text));

		if (strstr(text, "BARRIER=1") != NULL)
			return got == want ? 0 : 1;
		if (strcmp(text, "FDSTORE=1\nFDNAME=mxpace-kept") != 0 || files > 253)
			return 2;
		got += files;
	}
}

static void
keeps_many_files(void **state)
{
	int fds[KEPT_MANY], status;
	struct manager manager;
	pid_t child;

	(void)state;
	for (size_t i = 0; i < KEPT_MANY; i++)
		fds[i] = dup(0);
	assert_false(service_is_managed());
	assert_false(service_keep(fds, KEPT_MANY)); /* by nobody */
	manager_open(&manager, 0);
	child = fork();
	if (child == 0)
		_exit(count_files(&manager, KEPT_MANY));
	assert_true(service_is_managed());
	assert_true(service_keep(fds, KEPT_MANY));
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	for (size_t i = 0; i < KEPT_MANY; i++) {
		assert_true(fcntl(fds[i], F_GETFD) >= 0); /* they stay ours */
		close(fds[i]);
	}
	manager_close(&manager);
}

/* The program it becomes sees them where sd_listen_fds(3) looks. */
static void
leaves_files_over_exec(void **state)
{
	char *argv[] = { (char *)(uintptr_t) "/bin/sh", (char *)(uintptr_t) "-c",
		(char *)(uintptr_t) "test $LISTEN_PID = $$ && test $LISTEN_FDS = 3 &&"
				    "test $LISTEN_FDNAMES = socket:mxpace-kept:mxpace-kept &&"
				    "test -S /dev/fd/3 && test -c /dev/fd/4 && test -S /dev/fd/5 &&"
				    "! test -e /dev/fd/100",
		NULL };
	int sockets[1] = { fcntl(make_file('l'), F_DUPFD, 100) };
	int kept[2] = { make_file('f'), make_file('s') }, status;
	struct service_files files = { sockets, 1, kept, 2 };
	pid_t child = fork();

	(void)state;
	if (child == 0) {
		service_exec(argv, &files);
		_exit(99);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
}

static void
survives_a_program_that_is_gone(void **state)
{
	char *argv[] = { (char *)(uintptr_t) "/nonexistent/mxpolicyd", NULL };
	struct service_files files = { 0 };

	(void)state;
	errno = 0;
	service_exec(argv, &files);
	assert_int_equal(errno, ENOENT);
	unsetenv("LISTEN_PID");
}

/* -- words ------------------------------------------------------------------------------------- */

static void
tell_status(void)
{
	service_status("12 open");
}

static const struct told_row {
	const char *label;
	void (*tell)(void);
	const char *want;
} told_rows[] = {
	{ "ready", service_ready, "READY=1" },
	{ "reloading", service_reloading, "RELOADING=1\nMONOTONIC_USEC=" },
	{ "stopping", service_stopping, "STOPPING=1" },
	{ "alive", service_alive, "WATCHDOG=1" },
	{ "status", tell_status, "STATUS=12 open" },
};

static void
tells(void **state)
{
	const struct told_row *row = *state;
	size_t want = strlen(row->want);
	struct manager manager;
	char told[200];

	row->tell(); /* nobody */
	manager_open(&manager, SOCK_NONBLOCK);
	row->tell();
	hear(&manager, told, sizeof(told));
	if (row->want[want - 1] == '=')
		told[want + strspn(told + want, "0123456789") == strlen(told) ? want : 0] = '\0';
	assert_string_equal(told, row->want);
	assert_int_equal(recv(manager.fd, told, sizeof(told), 0), -1);
	manager_close(&manager);
}

/* -- watchdog ---------------------------------------------------------------------------------- */

static const struct watchdog_row {
	const char *label, *limit_us;
	bool other; /* it watches another process */
	int64_t want_ms;
} watchdog_rows[] = {
	{ "none", NULL, false, 0 },
	{ "30 s", "30000000", false, 10001 },
	{ "1 ms", "1000", false, 1 },
	{ "another's", "30000000", true, 0 },
	{ "no number", "often", false, 0 },
};

static void
beats_in_time(void **state)
{
	const struct watchdog_row *row = *state;
	char pid[24];

	if (row->limit_us != NULL)
		setenv("WATCHDOG_USEC", row->limit_us, 1);
	snprintf(pid, sizeof(pid), "%d", (int)getpid() + row->other);
	setenv("WATCHDOG_PID", pid, 1);
	assert_int_equal(service_watchdog_ms(), row->want_ms);
	unsetenv("WATCHDOG_USEC");
	unsetenv("WATCHDOG_PID");
}

int
main(void)
{
	struct check_list list = { 0 };

	log_set_level(LOG_LEVEL_ERROR);
	CHECK_ROWS(&list, takes_sockets, passed_rows);
	CHECK_ROWS(&list, tells, told_rows);
	CHECK_ROWS(&list, beats_in_time, watchdog_rows);
	CHECK(&list, keeps_many_files);
	CHECK(&list, leaves_files_over_exec);
	CHECK(&list, survives_a_program_that_is_gone);
	return check_run(&list, "service");
}
