/*
 * relay - the least that can stand between a policy client and Redis.
 *
 *	relay SOCKET REDIS COMMANDS
 *
 * Listens on the unix socket SOCKET for one client at a time; for each request, however it came in
 * one read, the bytes of the file COMMANDS go to Redis at the unix socket REDIS, and when something
 * comes back the client has its `action=DUNNO`. It reads no request and no reply, keeps nothing,
 * decides nothing: what it takes beside a bare script is the price of a process in the middle, with its
 * two more wake-ups and six more system calls. For bench.py.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { COMMANDS_SIZE = 4096, READ_SIZE = 4096, EVENTS = 4 };

static const char answer[] = "action=DUNNO\n\n";

static void die(const char *) __attribute__((noreturn));

static void
die(const char *what)
{
	fprintf(stderr, "relay: %s: %s\n", what, strerror(errno));
	exit(1);
}

static int
unix_socket(const char *path, int (*how)(int, const struct sockaddr *, socklen_t))
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (strlen(path) >= sizeof(addr.sun_path)) {
		errno = ENAMETOOLONG;
		die(path);
	}
	strcpy(addr.sun_path, path);
	if (fd == -1 || how(fd, (const struct sockaddr *)&addr, sizeof(addr)) == -1)
		die(path);
	return fd;
}

static size_t
read_file(const char *path, char out[COMMANDS_SIZE])
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd == -1 ? -1 : read(fd, out, COMMANDS_SIZE);

	if (n <= 0)
		die(path);
	close(fd);
	return (size_t)n;
}

static void
watch(int epoll_fd, int fd)
{
	struct epoll_event event = { .events = EPOLLIN, .data.fd = fd };

	if (epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event) == -1)
		die("epoll_ctl");
}

/* False: the end. */
static bool
drain(int fd)
{
	char bytes[READ_SIZE];

	return read(fd, bytes, sizeof(bytes)) > 0;
}

int
main(int argc, char **argv)
{
	struct epoll_event events[EVENTS];
	char commands[COMMANDS_SIZE];
	int listener, redis, epoll_fd, client = -1;
	size_t len;

	if (argc != 4) {
		fputs("usage: relay socket redis commands\n", stderr);
		return 2;
	}
	len = read_file(argv[3], commands);
	redis = unix_socket(argv[2], connect);
	listener = unix_socket(argv[1], bind);
	if (listen(listener, 1) == -1 || (epoll_fd = epoll_create1(EPOLL_CLOEXEC)) == -1)
		die("start");
	watch(epoll_fd, listener);
	watch(epoll_fd, redis);
	puts("ready");
	fflush(stdout);
	for (;;) {
		int count = epoll_wait(epoll_fd, events, EVENTS, -1);

		for (int i = 0; i < count; i++) {
			int fd = events[i].data.fd;

			if (fd == listener) {
				client = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
				watch(epoll_fd, client);
			} else if (fd == client && !drain(client)) {
				close(client);
				client = -1;
			} else if (fd == client) {
				if (send(redis, commands, len, MSG_NOSIGNAL) != (ssize_t)len)
					die(argv[2]);
			} else if (!drain(redis)) {
				die(argv[2]);
			} else if (client != -1) {
				send(client, answer, sizeof(answer) - 1, MSG_NOSIGNAL);
			}
		}
	}
}
