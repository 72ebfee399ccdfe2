#include "server.h"

#include <errno.h>
#include <event2/event.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clients.h"
#include "listen.h"
#include "log.h"
#include "mem.h"

enum { ACCEPT_AT_ONCE = 64, ACCEPT_PAUSE_S = 1 };

struct listener {
	struct listen_address address;
	enum client_kind kind;
	int fd;
	struct event *event;
	bool inherited;
	bool kept; /* while a set of addresses is being changed */
};

struct inherited {
	struct listen_address address;
	int fd;
};

struct server {
	struct engine *engine;
	struct clients *clients;
	struct listener *listeners;
	size_t count;
	struct inherited inherited[LISTEN_MAX];
	size_t inherited_count;
	struct event *resume; /* accepting, after it failed for want of descriptors */
	bool warned_of_files;
};

/* Where clients of each kind are listened for. */
static const struct {
	enum client_kind kind;
	const char *key, *name; /* in mxpace.conf, in the log */
	size_t offset;
	bool in_admission;
} places[] = {
	{ CLIENT_POLICY, "policy_listen", "policy", offsetof(struct settings, policy_listen),
	    true },
	{ CLIENT_MAP, "map_listen", "map", offsetof(struct settings, map_listen), false },
};

enum { PLACES = sizeof(places) / sizeof(places[0]) };

/* -- accepting --------------------------------------------------------------------------------- */

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

static enum client_kind
kind_at(const struct server *server, int fd)
{
	for (size_t i = 0; i < server->count; i++)
		if (server->listeners[i].fd == fd)
			return server->listeners[i].kind;
	return CLIENT_UNWANTED;
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
			clients_add(server->clients, kind_at(server, fd), client);
		else {
			server->engine->metrics.turned_away++;
			close(client);
		}
	}
}

/* -- life -------------------------------------------------------------------------------------- */

struct server *
server_new(struct engine *engine)
{
	struct server *server = mem_alloc(sizeof(*server));

	server->engine = engine;
	server->clients = clients_new(engine);
	server->resume = evtimer_new(engine->base, on_resume, server);
	return server;
}

static void
close_listener(struct listener *listener)
{
	event_free(listener->event);
	if (!listener->inherited)
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

	*server = NULL;
	if (old == NULL)
		return;
	close_listeners(old);
	clients_free(&old->clients);
	event_free(old->resume);
	free(old);
}

void
server_inherit(struct server *server, int fd)
{
	struct inherited *inherited = &server->inherited[server->inherited_count];

	if (server->inherited_count == LISTEN_MAX)
		return;
	inherited->fd = fd;
	listen_address_of(fd, &inherited->address);
	server->inherited_count++;
}

/* -- addresses --------------------------------------------------------------------------------- */

static struct listener *
find_listener(struct listener *listeners, size_t count, const struct listen_address *address)
{
	for (size_t i = 0; i < count; i++)
		if (listen_is_same(&listeners[i].address, address))
			return &listeners[i];
	return NULL;
}

static int
gather_place(const struct settings *settings, size_t place, struct listener *out, size_t *count,
    struct err *err)
{
	const char *text =
	    *(const char *const *)(const void *)((const char *)settings + places[place].offset);
	struct listen_address addresses[LISTEN_MAX];
	int found = listen_parse(text, addresses, err);

	if (found < 0 || listen_check(settings, addresses, (size_t)found, err) != 0)
		return -1;
	for (int i = 0; i < found; i++) {
		if (find_listener(out, *count, &addresses[i]) != NULL) {
			err_set(err, "%s is there twice", addresses[i].text);
			return -1;
		}
		out[(*count)++] =
		    (struct listener){ .address = addresses[i], .kind = places[place].kind };
	}
	return 0;
}

/* Everything that these settings want listened at, and what was inherited besides. */
static int
gather(const struct server *server, const struct settings *settings, struct listener *out,
    size_t *count, struct err *err)
{
	*count = 0;
	for (size_t i = 0; i < PLACES; i++) {
		if (!places[i].in_admission && settings->enforce == ENFORCE_ADMISSION &&
		    settings->return_path_domains.count == 0)
			continue;
		if (gather_place(settings, i, out, count, err) != 0) {
			err_prefix(err, "%s", places[i].key);
			return -1;
		}
	}
	for (size_t i = 0; i < server->inherited_count; i++)
		if (find_listener(out, *count, &server->inherited[i].address) == NULL)
			out[(*count)++] = (struct listener){
				.address = server->inherited[i].address,
				.kind = CLIENT_UNWANTED,
			};
	return 0;
}

static int
find_inherited(const struct server *server, const struct listen_address *address)
{
	for (size_t i = 0; i < server->inherited_count; i++)
		if (listen_is_same(&server->inherited[i].address, address))
			return server->inherited[i].fd;
	return -1;
}

static int
open_listener(struct server *server, const struct settings *settings, struct listener *listener,
    struct err *err)
{
	struct listener *same = find_listener(server->listeners, server->count, &listener->address);

	if (same != NULL) {
		if (!same->inherited && listen_own(&same->address, settings, err) != 0)
			return -1;
		same->kept = true;
		listener->fd = same->fd;
		listener->event = same->event;
		listener->inherited = same->inherited;
		listener->kept = true;
		return 0;
	}
	listener->fd = find_inherited(server, &listener->address);
	listener->inherited = listener->fd >= 0;
	if (!listener->inherited)
		listener->fd = listen_open(&listener->address, settings, err);
	if (listener->fd < 0)
		return -1;
	listener->event = event_new(server->engine->base, listener->fd, EV_READ | EV_PERSIST,
	    on_acceptable, server);
	return 0;
}

static const char *
key_of(enum client_kind kind)
{
	for (size_t i = 0; i < PLACES; i++)
		if (places[i].kind == kind)
			return places[i].key;
	return "inherited";
}

/* All of them or none. */
static int
open_listeners(struct server *server, const struct settings *settings, struct listener *listeners,
    size_t count, struct err *err)
{
	for (size_t i = 0; i < count; i++) {
		if (open_listener(server, settings, &listeners[i], err) == 0)
			continue;
		err_prefix(err, "%s", key_of(listeners[i].kind));
		while (i-- > 0)
			if (!listeners[i].kept)
				close_listener(&listeners[i]);
		return -1;
	}
	return 0;
}

int
server_listen(struct server *server, const struct settings *settings, struct err *err)
{
	struct listener *listeners = mem_alloc((PLACES + 1) * LISTEN_MAX * sizeof(*listeners));
	size_t count;

	for (size_t i = 0; i < server->count; i++)
		server->listeners[i].kept = false;
	if (gather(server, settings, listeners, &count, err) != 0 ||
	    open_listeners(server, settings, listeners, count, err) != 0) {
		free(listeners);
		return -1;
	}
	for (size_t i = 0; i < server->count; i++)
		if (!server->listeners[i].kept)
			close_listener(&server->listeners[i]);
	free(server->listeners);
	server->listeners = listeners;
	server->count = count;
	set_accepting(server, true);
	return 0;
}

void
server_drain(struct server *server, void (*drained)(void *), void *arg)
{
	evtimer_del(server->resume);
	close_listeners(server);
	clients_drain(server->clients, drained, arg);
}

void
server_park(struct server *server, void (*drained)(void *), void *arg)
{
	evtimer_del(server->resume);
	close_listeners(server);
	clients_park(server->clients, drained, arg);
}

size_t
server_sockets(const struct server *server, int *fds)
{
	size_t count = 0;

	for (size_t i = 0; i < server->count && count < LISTEN_MAX; i++)
		fds[count++] = server->listeners[i].fd;
	return count;
}

struct clients *
server_clients(const struct server *server)
{
	return server->clients;
}

void
server_describe(const struct server *server, struct str *out)
{
	for (size_t place = 0; place < PLACES; place++) {
		bool any = false;

		for (size_t i = 0; i < server->count; i++) {
			if (server->listeners[i].kind != places[place].kind)
				continue;
			if (!any)
				str_addf(out, "%s%s", place > 0 ? ", " : "", places[place].name);
			any = true;
			str_addf(out, " %s", server->listeners[i].address.text);
		}
	}
}
