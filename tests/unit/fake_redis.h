/*
 * fake_redis - a Redis of the test's own, in the test's event loop, on a unix socket in a folder of
 * its own: it says what the test tells it to, holds its answers back, or hangs up.
 *
 * WAIT_FOR runs the loop until something is so.
 */
#ifndef FAKE_REDIS_H
#define FAKE_REDIS_H

#include "check.h"

#include <errno.h>
#include <event2/event.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "clock.h"
#include "settings.h"
#include "str.h"

enum { FAKE_CLIENTS = 32, FAKE_PATIENCE_MS = 20000 };

/* libevent reads CLOCK_MONOTONIC_COARSE (libevent 2.1, evutil_time.c), which stands still for a tick of the
 * kernel, up to 10 ms: by the precise clock a timer may fire that much early. */
enum { TIMER_EARLY_MS = 10 };

static inline void
turn(struct event_base *base)
{
	struct timeval moment = { 0, 2000 };

	event_base_loopexit(base, &moment);
	event_base_dispatch(base);
}

#define WAIT_FOR(base, condition)                                               \
	do {                                                                    \
		int64_t end_ms_ = clock_monotonic_ms() + FAKE_PATIENCE_MS;      \
		while (!(condition)) {                                          \
			if (clock_monotonic_ms() > end_ms_)                     \
				fail_msg("waited in vain for: %s", #condition); \
			turn(base);                                             \
		}                                                               \
	} while (0)

struct fake_redis;

struct fake_client {
	struct fake_redis *redis;
	int fd; /* -1: none */
	struct event *readable;
	struct str in;
	struct str held; /* answers held back */
};

struct fake_redis {
	struct event_base *base;
	char folder[32];
	struct sockaddr_un addr;
	char text[sizeof(((struct sockaddr_un *)0)->sun_path)];
	struct store_address address;
	int fd;
	struct event *acceptable;
	struct fake_client clients[FAKE_CLIENTS];
	unsigned connections; /* so far */
	struct str commands;  /* those so far, a line each; a script's text is "..." */
	bool holding;         /* answers back */
	bool deaf;            /* reads nothing */
	/* The reply to a command (its line) as on the wire; NULL: the usual one; "": none. */
	const char *(*answer)(struct fake_redis *redis, const char *line);
	const char *hangs_up_after; /* having answered a command that contains it */
};

static inline bool
fake_has(const struct fake_redis *redis, const char *text)
{
	return strstr(str_text(&redis->commands), text) != NULL;
}

static inline unsigned
fake_count(const struct fake_redis *redis, const char *text)
{
	unsigned n = 0;

	for (const char *at = str_text(&redis->commands); (at = strstr(at, text)) != NULL; at++)
		n++;
	return n;
}

static inline void
fake_close(struct fake_client *client)
{
	if (client->fd < 0)
		return;
	event_free(client->readable);
	close(client->fd);
	client->fd = -1;
	str_free(&client->in);
	str_free(&client->held);
}

static inline void
fake_hang_up(struct fake_redis *redis)
{
	for (int i = 0; i < FAKE_CLIENTS; i++)
		fake_close(&redis->clients[i]);
}

static inline void
fake_write(struct fake_client *client, const char *bytes, size_t len)
{
	ssize_t n;

	if (client->redis->holding) {
		str_add(&client->held, bytes, len);
		return;
	}
	n = send(client->fd, bytes, len, MSG_NOSIGNAL);
	if (n >= 0 || (errno != EPIPE && errno != ECONNRESET)) /* else: it hung up, and may */
		assert_int_equal(n, (ssize_t)len);
}

/* Answers what was held back, and holds no more. */
static inline void
fake_release(struct fake_redis *redis)
{
	redis->holding = false;
	for (int i = 0; i < FAKE_CLIENTS; i++)
		if (redis->clients[i].fd >= 0 && redis->clients[i].held.len > 0) {
			fake_write(&redis->clients[i], redis->clients[i].held.data,
			    redis->clients[i].held.len);
			str_empty(&redis->clients[i].held);
		}
}

static inline const char *
fake_usual(const char *line)
{
	if (strncmp(line, "HGETALL ", 8) == 0)
		return "*0\r\n";
	if (strncmp(line, "HGET ", 5) == 0 || strncmp(line, "GET ", 4) == 0)
		return "$-1\r\n";
	if (strncmp(line, "EVAL", 4) == 0) /* take: granted */
		return ":1700000000000\r\n";
	if (strncmp(line, "SCRIPT ", 7) == 0)
		return "$1\r\nx\r\n";
	return "+OK\r\n";
}

/* One whole command off the buffer as a line. False: there is none. */
static inline bool
fake_command(struct str *in, struct str *line)
{
	char *at = in->data, *end = in->data + in->len, *next;
	long words, len;

	str_empty(line);
	if (in->len == 0 || memchr(at, '\n', in->len) == NULL)
		return false;
	assert_int_equal(*at, '*');
	words = strtol(at + 1, &next, 10);
	at = next + 2;
	for (long i = 0; i < words; i++) {
		if (at >= end || memchr(at, '\n', (size_t)(end - at)) == NULL)
			return false;
		assert_int_equal(*at, '$');
		len = strtol(at + 1, &next, 10);
		at = next + 2;
		if (end - at < len + 2)
			return false;
		str_addf(line, "%s%.*s", i > 0 ? " " : "", len > 300 ? 3 : (int)len,
		    len > 300 ? "..." : at);
		at += len + 2;
	}
	in->len -= (size_t)(at - in->data);
	memmove(in->data, at, in->len);
	return true;
}

static inline void
fake_on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct fake_client *client = arg;
	struct fake_redis *redis = client->redis;
	struct str line = { 0 };
	ssize_t n;

	(void)what;
	if (redis->deaf)
		return;
	str_reserve(&client->in, 65536);
	n = recv(fd, client->in.data + client->in.len, 65536, MSG_DONTWAIT);
	if (n == 0 || (n < 0 && errno != EAGAIN)) {
		fake_close(client);
		return;
	}
	client->in.len += n > 0 ? (size_t)n : 0;
	while (fake_command(&client->in, &line)) {
		const char *answer = NULL;
		bool last;

		str_addf(&redis->commands, "%s\n", str_text(&line));
		last = redis->hangs_up_after != NULL &&
		       strstr(str_text(&line), redis->hangs_up_after) != NULL;
		if (redis->answer != NULL)
			answer = redis->answer(redis, str_text(&line));
		if (answer == NULL)
			answer = fake_usual(str_text(&line));
		fake_write(client, answer, strlen(answer));
		if (last) {
			fake_close(client);
			break;
		}
	}
	str_free(&line);
}

static inline void
fake_on_acceptable(evutil_socket_t fd, short what, void *arg)
{
	struct fake_redis *redis = arg;
	struct fake_client *client = redis->clients;

	(void)what;
	while (client < redis->clients + FAKE_CLIENTS && client->fd >= 0)
		client++;
	assert_true(client < redis->clients + FAKE_CLIENTS);
	client->redis = redis;
	client->fd = accept(fd, NULL, NULL);
	assert_true(client->fd >= 0);
	client->readable =
	    event_new(redis->base, client->fd, EV_READ | EV_PERSIST, fake_on_readable, client);
	event_add(client->readable, NULL);
	redis->connections++;
}

/* Its address; nobody serves there yet. */
static inline void
fake_init(struct fake_redis *redis, struct event_base *base)
{
	*redis = (struct fake_redis){ .base = base, .fd = -1, .folder = "/tmp/mxpace-test-XXXXXX" };
	assert_non_null(mkdtemp(redis->folder));
	for (int i = 0; i < FAKE_CLIENTS; i++)
		redis->clients[i].fd = -1;
	redis->addr.sun_family = AF_UNIX;
	snprintf(redis->addr.sun_path, sizeof(redis->addr.sun_path), "%s/redis", redis->folder);
	snprintf(redis->text, sizeof(redis->text), "%s", redis->addr.sun_path);
	redis->address = (struct store_address){ .host = "",
		.path = redis->text,
		.user = "",
		.password = "",
		.text = redis->text };
}

static inline void
fake_start(struct fake_redis *redis)
{
	signal(SIGPIPE, SIG_IGN); /* as mxpolicyd does */
	redis->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
	assert_int_equal(bind(redis->fd, (struct sockaddr *)&redis->addr, sizeof(redis->addr)), 0);
	assert_int_equal(listen(redis->fd, 64), 0);
	redis->acceptable =
	    event_new(redis->base, redis->fd, EV_READ | EV_PERSIST, fake_on_acceptable, redis);
	event_add(redis->acceptable, NULL);
}

static inline void
fake_stop(struct fake_redis *redis)
{
	fake_hang_up(redis);
	if (redis->fd >= 0) {
		event_free(redis->acceptable);
		close(redis->fd);
		unlink(redis->text);
	}
	redis->fd = -1;
}

static inline void
fake_clear(struct fake_redis *redis)
{
	fake_stop(redis);
	str_free(&redis->commands);
	rmdir(redis->folder);
}

#endif
