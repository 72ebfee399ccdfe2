#include "store_link.h"

#include <errno.h>
#include <event2/event.h>
#include <hiredis/hiredis.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "mem.h"
#include "store_hosts.h"
#include "str.h"

enum { RETRY_MIN_MS = 100, RETRY_MAX_MS = 1000, WRITE_AT_ONCE = 4 };

struct store_link {
	struct event_base *base;
	int port;
	char *path; /* "": over TCP */
	struct store_hosts hosts;
	bool proved; /* this connection worked */
	const struct store_link_events *events;
	void *arg;
	redisContext *redis; /* NULL: not connected */
	bool connected;      /* ... or only on the way */
	struct event *readable, *writable;
	struct str out;                                    /* commands not written yet... */
	size_t written;                                    /* ... but so much of them */
	STAILQ_HEAD(commands, store_link_command) waiting; /* for replies, in the order of these */
	struct event *retry;                               /* connect again */
	int64_t retry_ms;
	unsigned unwritten; /* flushes that wait for others of this round of the event loop */
	bool alone;         /* what is queued was queued while no command waited */
	struct event *write_soon;
	uint64_t connects;
};

/* True: at once, at another address. */
static bool
retry_later(struct store_link *link)
{
	struct timeval wait = { link->retry_ms / 1000, link->retry_ms % 1000 * 1000 };
	struct timeval now = { 0, 0 };
	bool at_once = !link->proved && store_hosts_failed(&link->hosts);

	evtimer_add(link->retry, at_once ? &now : &wait);
	if (!at_once)
		link->retry_ms =
		    link->retry_ms * 2 < RETRY_MAX_MS ? link->retry_ms * 2 : RETRY_MAX_MS;
	return at_once;
}

/* What is under way is answered with NULL before this returns. */
static void
close_context(struct store_link *link)
{
	struct commands waiting = STAILQ_HEAD_INITIALIZER(waiting);
	struct store_link_command *command;

	if (link->redis == NULL)
		return;
	event_free(link->readable);
	event_free(link->writable);
	redisFree(link->redis);
	link->redis = NULL;
	link->connected = false;
	str_free(&link->out);
	link->written = 0;
	STAILQ_CONCAT(&waiting, &link->waiting);
	while ((command = STAILQ_FIRST(&waiting)) != NULL) {
		STAILQ_REMOVE_HEAD(&waiting, link);
		link->events->reply(command, NULL);
	}
}

static void
hang_up(struct store_link *link, const char *why)
{
	char words[160];

	snprintf(words, sizeof(words), "%s", why);
	close_context(link);
	if (!retry_later(link))
		link->events->lost(link->arg, words);
}

/* Moves what is left once it is the smaller part, so that a large queue is not moved at each write. */
static void
drop_written(struct store_link *link, size_t n)
{
	size_t left = link->out.len - link->written - n;

	link->written += n;
	if (left > link->written)
		return;
	memmove(link->out.data, link->out.data + link->written, left);
	link->out.len = left;
	link->written = 0;
}

/* Writes what Redis takes now. -1 and errno: the connection is broken. */
static int
write_out(struct store_link *link)
{
	while (link->out.len > link->written) {
		ssize_t n = send(link->redis->fd, link->out.data + link->written,
		    link->out.len - link->written, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno != EAGAIN)
			return -1;
		if (n < 0) {
			event_add(link->writable, NULL);
			return 0;
		}
		drop_written(link, (size_t)n);
	}
	return 0;
}

static void
on_writable(evutil_socket_t fd, short what, void *arg)
{
	struct store_link *link = arg;
	int error = 0;
	socklen_t len = sizeof(error);

	(void)what;
	if (!link->connected && getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) != 0)
		error = errno;
	link->connected = error == 0;
	if (link->connected && write_out(link) != 0)
		error = errno;
	if (error != 0)
		hang_up(link, strerror(error));
}

static const char reply_to_nothing[] = "a reply to nothing";

/* Hands out one reply. False: none is whole. */
static bool
take_reply(struct store_link *link, const char **fault)
{
	struct store_link_command *command = STAILQ_FIRST(&link->waiting);
	void *reply = NULL;

	if (redisGetReplyFromReader(link->redis, &reply) != REDIS_OK)
		*fault = link->redis->errstr;
	else if (reply != NULL && command == NULL)
		*fault = reply_to_nothing;
	if (reply != NULL && *fault == NULL) {
		STAILQ_REMOVE_HEAD(&link->waiting, link);
		link->events->reply(command, reply);
	}
	if (reply != NULL)
		freeReplyObject(reply);
	return reply != NULL && *fault == NULL;
}

/* Bytes that no command waits for are the start of a reply to nothing: no deadline would end them. */
static bool
is_unasked(const struct store_link *link)
{
	const redisReader *reader = link->redis->reader;

	return STAILQ_EMPTY(&link->waiting) && (reader->pos < reader->len || reader->ridx > 0);
}

static void
on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct store_link *link = arg;
	const char *fault = NULL;

	(void)fd;
	(void)what;
	if (redisBufferRead(link->redis) != REDIS_OK)
		fault = link->redis->errstr;
	while (fault == NULL && take_reply(link, &fault))
		continue;
	if (fault == NULL && is_unasked(link))
		fault = reply_to_nothing;
	if (fault != NULL)
		hang_up(link, fault);
}

static void
connect_now(struct store_link *link)
{
	redisContext *redis =
	    *link->path != '\0' ? redisConnectUnixNonBlock(link->path)
				: redisConnectNonBlock(store_hosts_text(&link->hosts), link->port);

	link->proved = false;
	if (redis == NULL || redis->err != 0) {
		char words[160];

		snprintf(words, sizeof(words), "%s", redis != NULL ? redis->errstr : "no memory");
		if (redis != NULL)
			redisFree(redis);
		if (!retry_later(link))
			link->events->lost(link->arg, words);
		return;
	}
	link->connects++;
	link->redis = redis;
	link->readable = event_new(link->base, redis->fd, EV_READ | EV_PERSIST, on_readable, link);
	link->writable = event_new(link->base, redis->fd, EV_WRITE, on_writable, link);
	event_add(link->readable, NULL);
	event_add(link->writable, NULL); /* once it is connected */
	link->events->connecting(link->arg);
}

static void
on_retry(evutil_socket_t fd, short what, void *arg)
{
	struct store_link *link = arg;

	(void)fd;
	(void)what;
	if (link->redis == NULL)
		connect_now(link);
}

/* Nothing comes of a failure until the event loop runs into it: a command may be queued within the
 * reply to another. */
static void
write_now(struct store_link *link)
{
	link->unwritten = 0;
	link->alone = false;
	if (link->connected && write_out(link) != 0)
		event_active(link->writable, EV_WRITE, 0);
}

static void
on_write_soon(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	write_now(arg);
}

struct store_link *
store_link_new(struct event_base *base, const struct store_address *address,
    const struct store_link_events *events, void *arg, struct err *err)
{
	struct store_link *link = mem_alloc(sizeof(*link));
	struct timeval now = { 0, 0 };

	link->base = base;
	link->port = (int)address->port;
	link->path = mem_dup(address->path);
	link->events = events;
	link->arg = arg;
	STAILQ_INIT(&link->waiting);
	link->retry_ms = RETRY_MIN_MS;
	link->retry = evtimer_new(base, on_retry, link);
	link->write_soon = event_new(base, -1, 0, on_write_soon, link);
	if (*address->host != '\0' && store_hosts_find(&link->hosts, address->host, err) != 0) {
		store_link_free(&link);
		return NULL;
	}
	evtimer_add(link->retry, &now);
	return link;
}

void
store_link_free(struct store_link **link)
{
	struct store_link *old = *link;

	*link = NULL;
	if (old == NULL)
		return;
	close_context(old);
	event_free(old->retry);
	event_free(old->write_soon);
	str_free(&old->out);
	store_hosts_free(&old->hosts);
	free(old->path);
	free(old);
}

bool
store_link_exists(const struct store_link *link)
{
	return link->redis != NULL;
}

uint64_t
store_link_connects(const struct store_link *link)
{
	return link->connects;
}

int
store_link_queue(struct store_link *link, struct span wire, struct store_link_command *command)
{
	if (link->redis == NULL)
		return -1;
	if (STAILQ_EMPTY(&link->waiting))
		link->alone = true;
	str_add_span(&link->out, wire);
	STAILQ_INSERT_TAIL(&link->waiting, command, link);
	return 0;
}

void
store_link_flush(struct store_link *link)
{
	if (link->alone || ++link->unwritten >= WRITE_AT_ONCE)
		write_now(link);
	else
		event_active(link->write_soon, EV_TIMEOUT, 0);
}

void
store_link_give_up(struct store_link *link)
{
	if (link->redis == NULL)
		return;
	close_context(link);
	retry_later(link);
}

void
store_link_proved(struct store_link *link)
{
	link->retry_ms = RETRY_MIN_MS;
	link->proved = true;
	store_hosts_worked(&link->hosts);
}
