#include "store_link.h"

#include <arpa/inet.h>
#include <event2/event.h>
#include <hiredis/async.h>
#include <hiredis/hiredis.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mem.h"

enum { RETRY_MIN_MS = 100, RETRY_MAX_MS = 1000, WRITE_AT_ONCE = 4 };

struct store_link {
	struct event_base *base;
	struct store_address address; /* host and path are ours; the rest is not used */
	char *host, *path;
	const struct store_link_events *events;
	void *arg;
	redisAsyncContext *redis; /* NULL: not connected */
	struct event *readable, *writable;
	struct event *retry; /* connect again */
	int64_t retry_ms;
	bool holding;       /* commands that are written together by store_link_flush */
	unsigned unwritten; /* flushes that wait for others of this round of the event loop */
	struct event *write_soon;
	uint64_t connects;
};

static void
on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct store_link *link = arg;

	(void)fd;
	(void)what;
	if (link->redis != NULL)
		redisAsyncHandleRead(link->redis);
}

static void
on_writable(evutil_socket_t fd, short what, void *arg)
{
	struct store_link *link = arg;

	(void)fd;
	(void)what;
	if (link->redis != NULL)
		redisAsyncHandleWrite(link->redis);
}

static void
add_read(void *arg)
{
	struct store_link *link = arg;

	if (link->readable != NULL && !event_pending(link->readable, EV_READ, NULL))
		event_add(link->readable, NULL);
}

static void
del_read(void *arg)
{
	struct store_link *link = arg;

	if (link->readable != NULL)
		event_del(link->readable);
}

/* Called by hiredis for each command. What is held is flushed by the caller, so only a connection in
 * the making or a full socket needs the event. */
static void
add_write(void *arg)
{
	struct store_link *link = arg;

	if (link->writable != NULL && !link->holding)
		event_add(link->writable, NULL);
}

static void
del_write(void *arg)
{
	struct store_link *link = arg;

	if (link->writable != NULL)
		event_del(link->writable);
}

static void
cleanup(void *arg)
{
	struct store_link *link = arg;

	if (link->readable != NULL)
		event_free(link->readable);
	if (link->writable != NULL)
		event_free(link->writable);
	link->readable = link->writable = NULL;
}

static void
attach(struct store_link *link)
{
	redisAsyncContext *redis = link->redis;

	redis->ev.data = link;
	redis->ev.addRead = add_read;
	redis->ev.delRead = del_read;
	redis->ev.addWrite = add_write;
	redis->ev.delWrite = del_write;
	redis->ev.cleanup = cleanup;
	link->readable =
	    event_new(link->base, redis->c.fd, EV_READ | EV_PERSIST, on_readable, link);
	link->writable =
	    event_new(link->base, redis->c.fd, EV_WRITE | EV_PERSIST, on_writable, link);
}

static void
retry_later(struct store_link *link)
{
	struct timeval wait = { link->retry_ms / 1000, link->retry_ms % 1000 * 1000 };

	evtimer_add(link->retry, &wait);
	link->retry_ms = link->retry_ms * 2 < RETRY_MAX_MS ? link->retry_ms * 2 : RETRY_MAX_MS;
}

/* The connection is gone; hiredis frees its context itself or just did. */
static void
lost(struct store_link *link, const char *words)
{
	link->redis = NULL;
	retry_later(link);
	link->events->lost(link->arg, words);
}

static void
on_connect(const redisAsyncContext *redis, int status)
{
	struct store_link *link = redis->data;

	/* 0.14: the context is still in use by our caller and is freed by it, not here. */
	if (link != NULL && status != REDIS_OK)
		lost(link, redis->errstr);
}

static void
on_disconnect(const redisAsyncContext *redis, int status)
{
	struct store_link *link = redis->data;

	if (link != NULL)
		lost(link, status != REDIS_OK ? redis->errstr : "hung up");
}

static void
connect_now(struct store_link *link)
{
	const struct store_address *address = &link->address;

	link->redis = *address->path != '\0' ? redisAsyncConnectUnix(address->path)
					     : redisAsyncConnect(address->host, (int)address->port);
	if (link->redis == NULL || link->redis->err != 0) {
		char words[160];

		snprintf(words, sizeof(words), "%s",
		    link->redis != NULL ? link->redis->errstr : "no memory");
		if (link->redis != NULL)
			redisAsyncFree(link->redis);
		lost(link, words);
		return;
	}
	link->connects++;
	link->redis->data = link;
	attach(link);
	redisAsyncSetConnectCallback(link->redis, on_connect);
	redisAsyncSetDisconnectCallback(link->redis, on_disconnect);
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

/* The address as numbers, so that connecting again never waits for DNS. */
static int
resolve(struct store_link *link, struct err *err)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM };
	struct addrinfo *found = NULL;
	char numeric[INET6_ADDRSTRLEN];
	int rc;

	if (*link->address.host == '\0')
		return 0;
	rc = getaddrinfo(link->address.host, NULL, &hints, &found);
	if (rc == 0)
		rc = getnameinfo(found->ai_addr, found->ai_addrlen, numeric, sizeof(numeric), NULL,
		    0, NI_NUMERICHOST);
	if (rc != 0)
		err_set(err, "Redis host %s: %s", link->address.host, gai_strerror(rc));
	if (found != NULL)
		freeaddrinfo(found);
	if (rc != 0)
		return -1;
	free(link->host);
	link->host = mem_dup(numeric);
	link->address.host = link->host;
	return 0;
}

/* Not by redisAsyncHandleWrite: a command may be queued in the callback of another, where 1.x forbids
 * that and 0.14 would free the context it is working on. Here nothing comes of a failure until the
 * event loop runs into it. */
static void
write_now(struct store_link *link)
{
	int done = 0;

	link->unwritten = 0;
	if (link->redis == NULL || link->writable == NULL ||
	    (link->redis->c.flags & REDIS_CONNECTED) == 0)
		return;
	if (redisBufferWrite(&link->redis->c, &done) != REDIS_OK)
		event_active(link->writable, EV_WRITE, 0);
	else if (!done)
		add_write(link);
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
	link->address.port = address->port;
	link->address.host = link->host = mem_dup(address->host);
	link->address.path = link->path = mem_dup(address->path);
	link->events = events;
	link->arg = arg;
	link->retry_ms = RETRY_MIN_MS;
	link->retry = evtimer_new(base, on_retry, link);
	link->write_soon = event_new(base, -1, 0, on_write_soon, link);
	if (resolve(link, err) != 0) {
		store_link_free(&link);
		return NULL;
	}
	evtimer_add(link->retry, &now);
	return link;
}

/* hiredis answers what is under way with NULL before this returns. */
static void
close_context(struct store_link *link)
{
	redisAsyncContext *redis = link->redis;

	link->redis = NULL;
	if (redis == NULL)
		return;
	redis->data = NULL;
	redisAsyncFree(redis);
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
	free(old->host);
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

void
store_link_hold(struct store_link *link)
{
	link->holding = true;
}

int
store_link_queue(struct store_link *link, struct span wire, store_link_reply *reply, void *arg)
{
	return link->redis != NULL && redisAsyncFormattedCommand(link->redis, reply, arg, wire.ptr,
					  wire.len) == REDIS_OK
		   ? 0
		   : -1;
}

void
store_link_flush(struct store_link *link)
{
	link->holding = false;
	if (++link->unwritten >= WRITE_AT_ONCE)
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
}
