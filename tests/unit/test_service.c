/* service: what a service manager hands over and is told; the test plays the manager. */
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

enum { KINDS_MAX = 4, PASSED_MAX = 2 };

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
	    *files;       /* l: a listening socket, s: one that does not, d: datagrams, f: a file */
	bool other;       /* they are for another process */
	const char *want; /* which are ours, in their order */
} passed_rows[] = {
	{ "none", "", false, "" },
	{ "one", "l", false, "3" },
	{ "two", "ll", false, "34" },
	{ "more than there is room for", "lll", false, "34" },
	{ "those of another process", "ll", true, "" },
	{ "a socket that does not listen", "sl", false, "4" },
	{ "a datagram socket", "dl", false, "4" },
	{ "no socket", "flfl", false, "46" },
};

/* In a process of its own: it takes descriptors 3 and up, as after exec. Its exit status counts the
 * first check that failed. */
static int
take(const struct passed_row *row)
{
	int files[KINDS_MAX], fds[PASSED_MAX], passed = (int)strlen(row->files);
	char pid[24], count[24];
	size_t got;

	for (int i = 0; i < passed; i++) /* above those they go to */
		files[i] = fcntl(make_file(row->files[i]), F_DUPFD, 100);
	for (int i = 0; i < passed; i++)
		if (dup2(files[i], SD_LISTEN_FDS_START + i) < 0)
			return 1;
	snprintf(pid, sizeof(pid), "%d", (int)getpid() + row->other);
	snprintf(count, sizeof(count), "%d", passed);
	setenv("LISTEN_PID", pid, 1);
	setenv("LISTEN_FDS", count, 1);
	got = service_sockets(fds, PASSED_MAX);
	if (got != strlen(row->want))
		return 2;
	for (size_t i = 0; i < got; i++) {
		if (fds[i] != row->want[i] - '0')
			return 3;
		if ((fcntl(fds[i], F_GETFL) & O_NONBLOCK) == 0 ||
		    (fcntl(fds[i], F_GETFD) & FD_CLOEXEC) == 0)
			return 4;
	}
	for (int i = 0; i < passed && !row->other; i++)
		if ((fcntl(SD_LISTEN_FDS_START + i, F_GETFD) >= 0) !=
		    (strchr(row->want, '0' + SD_LISTEN_FDS_START + i) != NULL))
			return 5;
	return service_sockets(fds, PASSED_MAX) == 0 ? 0 : 6; /* once */
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

/* -- words ------------------------------------------------------------------------------------- */

static const struct told_row {
	const char *label;
	void (*tell)(void);
	const char *want;
} told_rows[] = {
	{ "ready", service_ready, "READY=1" },
	{ "reloading", service_reloading, "RELOADING=1" },
	{ "stopping", service_stopping, "STOPPING=1" },
};

static void
tells(void **state)
{
	const struct told_row *row = *state;
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	char folder[] = "/tmp/mxpace-test-XXXXXX", told[200];
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	ssize_t len;

	assert_non_null(mkdtemp(folder));
	snprintf(addr.sun_path, sizeof(addr.sun_path), "%s/notify", folder);
	assert_int_equal(bind(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
	row->tell(); /* nobody */
	setenv("NOTIFY_SOCKET", addr.sun_path, 1);
	row->tell();
	unsetenv("NOTIFY_SOCKET");
	len = recv(fd, told, sizeof(told) - 1, 0);
	assert_true(len > 0);
	told[len] = '\0';
	assert_string_equal(told, row->want);
	assert_int_equal(recv(fd, told, sizeof(told), 0), -1);
	close(fd);
	unlink(addr.sun_path);
	rmdir(folder);
}

int
main(void)
{
	struct check_list list = { 0 };

	log_set_level(LOG_LEVEL_ERROR);
	CHECK_ROWS(&list, takes_sockets, passed_rows);
	CHECK_ROWS(&list, tells, told_rows);
	return check_run(&list, "service");
}
