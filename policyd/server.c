#include "server.h"

#include <errno.h>
#include <event2/event.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <unistd.h>

#include "conn.h"
#include "listen.h"
#include "log.h"
#include "mem.h"

enum { ACCEPT_AT_ONCE = 64, ACCEPT_PAUSE_S = 1 };

struct client {
	TAILQ_ENTRY(client) link;
	struct conn *conn;
};

struct listener {
	struct listen_address address;
	int fd;
	struct event *event;
	bool kept; /* while a set of addresses is being changed */
};

struct server {
	struct engine *engine;
	struct listener *listeners;
	size_t count;
	TAILQ_HEAD(, client) clients;
	struct event *resume; /* accepting, after it failed for want of descriptors */
	struct event *check_drained;
	bool warned_of_clients, warned_of_files;
	void (*drained)(void *);
	void *arg;
};

static void
on_closed(void *arg, struct conn *conn)
{
	struct server *server = arg;
	struct client *client = conn_place(conn);

	TAILQ_REMOVE(&server->clients, client, link);
	free(client);
	server->engine->metrics.clients--;
	if (server->drained != NULL && TAILQ_EMPTY(&server->clients))
		event_active(server->check_drained, 0, 0);
}

static void
add_client(struct server *server, int fd)
{
	size_t max = (size_t)server->engine->settings->max_clients;
	struct client *client;

	if (server->engine->metrics.clients >= max) {
		server->engine->metrics.turned_away++;
		if (!server->warned_of_clients)
			log_warning(
			    "%zu policy clients are connected (max_clients): further ones are "
			    "closed at once; Postfix then uses its default_action",
			    server->engine->metrics.clients);
		server->warned_of_clients = true;
		close(fd);
		return;
	}
	/* Once for a crowd, whose numbers go up and down a little. */
	if (server->engine->metrics.clients < max - max / 10)
		server->warned_of_clients = false;
	server->engine->metrics.accepted++;
	server->engine->metrics.clients++;
	client = mem_alloc(sizeof(*client));
	client->conn = conn_new(server->engine, fd, on_closed, server);
	conn_set_place(client->conn, client);
	TAILQ_INSERT_TAIL(&server->clients, client, link);
}

static void
set_accepting(struct server *server, bool accepting)
{
	for (size_t i = 0; i < server->count; i++) {
		if (accepting)
			event_add(server->listeners[i].event, NULL);
		else
			event_del(server->listeners[i].event);
	}
}

static void
on_resume(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	set_accepting(arg, true);
}

static void
pause_accepting(struct server *server)
{
	struct timeval wait = { ACCEPT_PAUSE_S, 0 };

	if (!server->warned_of_files)
		log_error("cannot accept connections: %s; trying again every %d s", strerror(errno),
		    ACCEPT_PAUSE_S);
	server->warned_of_files = true;
	set_accepting(server, false);
	evtimer_add(server->resume, &wait);
}

/* Many at a time: one a round of the event loop would let late clients starve. */
static void
on_acceptable(evutil_socket_t fd, short what, void *arg)
{
	struct server *server = arg;

	(void)what;
	for (int i = 0; i < ACCEPT_AT_ONCE; i++) {
		struct sockaddr_storage peer;
		socklen_t len = sizeof(peer);
		int client =
		    accept4(fd, (struct sockaddr *)&peer, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);

		if (client < 0) {
			if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS ||
			    errno == ENOMEM)
				pause_accepting(server);
			return;
		}
		server->warned_of_files = false;
		if (listen_allows(server->engine->settings, (struct sockaddr *)&peer))
			add_client(server, client);
		else {
			server->engine->metrics.turned_away++;
			close(client);
		}
	}
}

static void
on_check_drained(evutil_socket_t fd, short what, void *arg)
{
	struct server *server = arg;

	(void)fd;
	(void)what;
	if (TAILQ_EMPTY(&server->clients))
		server->drained(server->arg);
}

struct server *
server_new(struct engine *engine)
{
	struct server *server = mem_alloc(sizeof(*server));

	server->engine = engine;
	TAILQ_INIT(&server->clients);
	server->resume = evtimer_new(engine->base, on_resume, server);
	server->check_drained = evtimer_new(engine->base, on_check_drained, server);
	return server;
}

static void
close_listener(struct listener *listener)
{
	event_free(listener->event);
	listen_close(&listener->address, listener->fd);
}

static void
close_listeners(struct server *server)
{
	for (size_t i = 0; i < server->count; i++)
		close_listener(&server->listeners[i]);
	free(server->listeners);
	server->listeners = NULL;
	server->count = 0;
}

void
server_free(struct server **server)
{
	struct server *old = *server;
	struct client *client;

	*server = NULL;
	if (old == NULL)
		return;
	close_listeners(old);
	while ((client = TAILQ_FIRST(&old->clients)) != NULL) {
		TAILQ_REMOVE(&old->clients, client, link);
		conn_free(&client->conn);
		free(client);
	}
	event_free(old->resume);
	event_free(old->check_drained);
	free(old);
}

static struct listener *
find_listener(struct server *server, const struct listen_address *address)
{
	for (size_t i = 0; i < server->count; i++)
		if (strcmp(server->listeners[i].address.text, address->text) == 0)
			return &server->listeners[i];
	return NULL;
}

static int
open_listener(struct server *server, const struct settings *settings, struct listener *listener,
    struct err *err)
{
	struct listener *same = find_listener(server, &listener->address);

	if (same != NULL && !same->kept) {
		if (listen_own(&same->address, settings, err) != 0)
			return -1;
		same->kept = true;
		*listener = *same;
		return 0;
	}
	listener->kept = false;
	listener->fd = listen_open(&listener->address, settings, err);
	if (listener->fd < 0)
		return -1;
	listener->event = event_new(server->engine->base, listener->fd, EV_READ | EV_PERSIST,
	    on_acceptable, server);
	return 0;
}

int
server_listen(struct server *server, const struct settings *settings, struct err *err)
{
	struct listen_address addresses[LISTEN_MAX];
	int count = listen_parse(settings->policy_listen, addresses, err);
	struct listener *listeners;

	if (count < 0 || listen_check(settings, addresses, (size_t)count, err) != 0) {
		err_prefix(err, "policy_listen");
		return -1;
	}
	for (size_t i = 0; i < server->count; i++)
		server->listeners[i].kept = false;
	listeners = mem_alloc((size_t)count * sizeof(*listeners));
	for (int i = 0; i < count; i++) {
		listeners[i].address = addresses[i];
		if (open_listener(server, settings, &listeners[i], err) == 0)
			continue;
		err_prefix(err, "policy_listen");
		while (i-- > 0)
			if (!listeners[i].kept)
				close_listener(&listeners[i]);
		free(listeners);
		return -1;
	}
	for (size_t i = 0; i < server->count; i++)
		if (!server->listeners[i].kept)
			close_listener(&server->listeners[i]);
	free(server->listeners);
	server->listeners = listeners;
	server->count = (size_t)count;
	set_accepting(server, true);
	return 0;
}

void
server_drain(struct server *server, void (*drained)(void *), void *arg)
{
	struct client *client, *next;

	server->drained = drained;
	server->arg = arg;
	evtimer_del(server->resume);
	close_listeners(server);
	for (client = TAILQ_FIRST(&server->clients); client != NULL; client = next) {
		next = TAILQ_NEXT(client, link);
		conn_drain(client->conn);
	}
	event_active(server->check_drained, 0, 0);
}

void
server_describe(const struct server *server, struct str *out)
{
	for (size_t i = 0; i < server->count; i++)
		str_addf(out, "%s%s", i > 0 ? " " : "", server->listeners[i].address.text);
}
