#include "talk.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "clock.h"

enum { ANSWER_MAX = 1 << 20 };

/* False: the deadline has come. */
static bool
wait_until(int fd, short what, int64_t deadline_ms)
{
	struct pollfd poll_fd = { fd, what, 0 };
	int64_t left = deadline_ms - clock_monotonic_ms();
	int rc;

	if (left <= 0) /* also where there is always some more */
		return false;
	do
		rc = poll(&poll_fd, 1, (int)left);
	while (rc < 0 && errno == EINTR);
	return rc > 0;
}

static int
start(const struct listen_address *address, int64_t deadline_ms, struct err *err)
{
	int fd = socket(address->addr.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int failure = 0;
	socklen_t len = sizeof(failure);

	if (fd < 0) {
		err_set(err, "%s", strerror(errno));
		return -1;
	}
	if (connect(fd, (const struct sockaddr *)&address->addr, address->len) != 0)
		failure = errno;
	if (failure == EINPROGRESS) {
		failure = ETIMEDOUT;
		if (wait_until(fd, POLLOUT, deadline_ms))
			getsockopt(fd, SOL_SOCKET, SO_ERROR, &failure, &len);
	}
	if (failure == 0)
		return fd;
	err_set(err, "%s", strerror(failure));
	close(fd);
	return -1;
}

static int
exchange(int fd, struct span question, const char *end, int64_t deadline_ms, struct str *answer,
    struct err *err)
{
	char bytes[4096];
	ssize_t n;

	if (send(fd, question.ptr, question.len, MSG_NOSIGNAL) != (ssize_t)question.len) {
		err_set(err, "%s", strerror(errno));
		return -1;
	}
	while (strstr(str_text(answer), end) == NULL && answer->len < ANSWER_MAX) {
		if (!wait_until(fd, POLLIN, deadline_ms)) {
			err_set(err, "no answer within %d ms", TALK_MS);
			return -1;
		}
		n = recv(fd, bytes, sizeof(bytes), 0);
		if (n <= 0) {
			err_set(err, "it hangs up without a whole answer");
			return -1;
		}
		str_add(answer, bytes, (size_t)n);
	}
	return 0;
}

int
talk(const struct listen_address *address, struct span question, const char *end,
    struct str *answer, struct err *err)
{
	int64_t deadline_ms = clock_monotonic_ms() + TALK_MS;
	int fd = start(address, deadline_ms, err), rc;

	if (fd < 0)
		return -1;
	rc = exchange(fd, question, end, deadline_ms, answer, err);
	close(fd);
	return rc;
}
