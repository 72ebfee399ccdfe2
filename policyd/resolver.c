#include "resolver.h"

#define CARES_NO_DEPRECATED /* ares_query and ares_process_fd, which all versions have */
#include <ares.h>
#include <arpa/inet.h>
#include <event2/event.h>
#include <event2/util.h>
#include <stdlib.h>
#include <sys/queue.h>

#include "mem.h"
#include "str.h"

/* c-ares asks each server in turn and waits a third of the time in the first round, two thirds in
 * the second. */
enum { TRIES = 2, TRY_SHARE = 3 };

enum { CLASS_IN = 1 };

struct resolver {
	struct event_base *base;
	ares_channel channel;
	int64_t try_ms;
	size_t asked;       /* queries that c-ares has not answered */
	struct event *tick; /* for c-ares to repeat or give up queries */
	TAILQ_HEAD(, channel_socket) sockets;
};

struct channel_socket {
	TAILQ_ENTRY(channel_socket) link;
	struct resolver *resolver;
	ares_socket_t fd;
	struct event *event;
};

struct question {
	struct resolver *resolver;
	resolver_done *done;
	void *arg;
};

/* -- libevent beneath c-ares ----------------------------------------------------------------- */

static void
on_socket(evutil_socket_t fd, short what, void *arg)
{
	struct channel_socket *socket = arg;

	/* May end with the socket closed and freed. */
	ares_process_fd(socket->resolver->channel, what & EV_READ ? fd : ARES_SOCKET_BAD,
	    what & EV_WRITE ? fd : ARES_SOCKET_BAD);
}

static struct channel_socket *
find_socket(struct resolver *resolver, ares_socket_t fd)
{
	struct channel_socket *socket;

	TAILQ_FOREACH (socket, &resolver->sockets, link)
		if (socket->fd == fd)
			return socket;
	return NULL;
}

static void
on_socket_state(void *arg, ares_socket_t fd, int readable, int writable)
{
	struct resolver *resolver = arg;
	struct channel_socket *socket = find_socket(resolver, fd);

	if (socket != NULL) {
		event_free(socket->event);
	} else {
		socket = mem_alloc(sizeof(*socket));
		socket->resolver = resolver;
		socket->fd = fd;
		TAILQ_INSERT_TAIL(&resolver->sockets, socket, link);
	}
	if (readable || writable) {
		short what = (short)((readable ? EV_READ : 0) | (writable ? EV_WRITE : 0));

		socket->event =
		    event_new(resolver->base, fd, (short)(what | EV_PERSIST), on_socket, socket);
		event_add(socket->event, NULL);
	} else {
		TAILQ_REMOVE(&resolver->sockets, socket, link);
		free(socket);
	}
}

/* No query times out sooner than try_ms after it was sent, so waking up that often is never late;
 * only here c-ares is asked how long it can wait, because it walks all its queries to tell. */
static void
arm_tick(struct resolver *resolver, bool ask)
{
	struct timeval longest = { resolver->try_ms / 1000, resolver->try_ms % 1000 * 1000 };
	struct timeval scratch, *wait = &longest;

	if (ask)
		wait = ares_timeout(resolver->channel, &longest, &scratch);
	evtimer_add(resolver->tick, wait);
}

static void
on_tick(evutil_socket_t fd, short what, void *arg)
{
	struct resolver *resolver = arg;

	(void)fd;
	(void)what;
	ares_process_fd(resolver->channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
	if (resolver->asked > 0)
		arm_tick(resolver, true);
}

/* -- asking ---------------------------------------------------------------------------------- */

static const char *
status_words(int status)
{
	switch (status) {
	case ARES_ETIMEOUT:
		return "timeout";
	case ARES_ESERVFAIL:
		return "SERVFAIL";
	case ARES_EREFUSED:
		return "REFUSED";
	case ARES_ENOTIMP:
		return "NOTIMP";
	case ARES_EFORMERR:
		return "FORMERR";
	case ARES_EBADNAME:
		return "not a DNS name";
	case ARES_EBADRESP:
		return "malformed DNS answer";
	case ARES_ECONNREFUSED: /* older c-ares also says so when every server said SERVFAIL */
		return "no DNS server answers the question";
	default:
		return ares_strerror(status);
	}
}

static void
on_answer(void *arg, int status, int timeouts, unsigned char *message, int len)
{
	struct question question = *(struct question *)arg;
	enum resolver_outcome outcome = RESOLVER_FAILED;
	struct span bytes = { 0 };

	(void)timeouts;
	free(arg);
	question.resolver->asked--;
	if (message != NULL && len > 0) {
		outcome = RESOLVER_ANSWER;
		bytes = span_make((const char *)message, (size_t)len);
	} else if (status == ARES_ENOTFOUND) {
		outcome = RESOLVER_NO_NAME;
	} else if (status == ARES_ETIMEOUT) {
		outcome = RESOLVER_TIMEOUT;
	}
	question.done(question.arg, outcome, bytes, status_words(status));
}

void
resolver_ask(struct resolver *resolver, const char *domain, int type, resolver_done *done,
    void *arg)
{
	struct question *question = mem_alloc(sizeof(*question));

	question->resolver = resolver;
	question->done = done;
	question->arg = arg;
	resolver->asked++;
	if (!event_pending(resolver->tick, EV_TIMEOUT, NULL))
		arm_tick(resolver, false);
	ares_query(resolver->channel, domain, CLASS_IN, type, on_answer, question);
}

/* -- setting up ------------------------------------------------------------------------------ */

/* c-ares' list, "127.0.0.1:53,[::1]:53". Checked here: c-ares passes over what it cannot read. */
static int
servers_csv(const struct conf_strings *servers, struct str *csv, struct err *err)
{
	for (size_t i = 0; i < servers->count; i++) {
		struct sockaddr_storage addr;
		const struct sockaddr_in *v4 = (const struct sockaddr_in *)&addr;
		const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)&addr;
		int len = sizeof(addr);
		char text[INET6_ADDRSTRLEN];
		unsigned port;

		if (evutil_parse_sockaddr_port(servers->items[i], (struct sockaddr *)&addr, &len) !=
		    0) {
			err_set(err, "DNS server \"%s\": not an IP address, with or without a port",
			    servers->items[i]);
			return -1;
		}
		if (i > 0)
			str_addc(csv, ',');
		if (addr.ss_family == AF_INET6) {
			port = ntohs(v6->sin6_port);
			str_addf(csv, "[%s]",
			    inet_ntop(AF_INET6, &v6->sin6_addr, text, sizeof(text)));
		} else {
			port = ntohs(v4->sin_port);
			str_adds(csv, inet_ntop(AF_INET, &v4->sin_addr, text, sizeof(text)));
		}
		str_addf(csv, ":%u", port > 0 ? port : 53);
	}
	return 0;
}

static int
open_channel(struct resolver *resolver, const char *csv, int flags, struct err *err)
{
	struct ares_options options = {
		.flags = ARES_FLAG_NOSEARCH | ARES_FLAG_NOALIASES | flags,
		.timeout = (int)resolver->try_ms,
		.tries = TRIES,
		.sock_state_cb = on_socket_state,
		.sock_state_cb_data = resolver,
	};
	int status = ares_init_options(&resolver->channel, &options,
	    ARES_OPT_FLAGS | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_SOCK_STATE_CB);

	if (status != ARES_SUCCESS)
		resolver->channel = NULL;
	else if (csv[0] != '\0')
		status = ares_set_servers_ports_csv(resolver->channel, csv);
	if (status == ARES_SUCCESS)
		return 0;
	err_set(err, "DNS: %s", ares_strerror(status));
	return -1;
}

static bool
has_one_server(const struct resolver *resolver)
{
	struct ares_addr_port_node *servers = NULL;
	bool one;

	if (ares_get_servers_ports(resolver->channel, &servers) != ARES_SUCCESS)
		return false;
	one = servers != NULL && servers->next == NULL;
	ares_free_data(servers);
	return one;
}

/* With several servers c-ares goes to the next on SERVFAIL or REFUSED, and keeps the answer to
 * itself. A single one would only be asked again: then the answer is for us. */
static int
choose_channel(struct resolver *resolver, const char *csv, struct err *err)
{
	if (open_channel(resolver, csv, 0, err) != 0)
		return -1;
	if (!has_one_server(resolver))
		return 0;
	ares_destroy(resolver->channel);
	return open_channel(resolver, csv, ARES_FLAG_NOCHECKRESP, err);
}

struct resolver *
resolver_new(struct event_base *base, const struct conf_strings *servers, int64_t timeout_ms,
    struct err *err)
{
	struct resolver *resolver = mem_alloc(sizeof(*resolver));
	struct str csv = { 0 };

	resolver->base = base;
	resolver->try_ms = timeout_ms > TRY_SHARE ? timeout_ms / TRY_SHARE : 1;
	TAILQ_INIT(&resolver->sockets);
	resolver->tick = evtimer_new(base, on_tick, resolver);
	ares_library_init(ARES_LIB_INIT_ALL);
	if (servers_csv(servers, &csv, err) != 0 ||
	    choose_channel(resolver, str_text(&csv), err) != 0)
		resolver_free(&resolver);
	str_free(&csv);
	return resolver;
}

void
resolver_free(struct resolver **resolver)
{
	if (*resolver == NULL)
		return;
	/* Ends every query, by its callback, and closes every socket, by on_socket_state. */
	if ((*resolver)->channel != NULL)
		ares_destroy((*resolver)->channel);
	ares_library_cleanup();
	event_free((*resolver)->tick);
	free(*resolver);
	*resolver = NULL;
}
