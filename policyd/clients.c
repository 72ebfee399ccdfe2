#include "clients.h"

#include <event2/event.h>
#include <stdlib.h>
#include <sys/queue.h>
#include <unistd.h>

#include "conn.h"
#include "log.h"
#include "map_conn.h"
#include "mem.h"

enum { DRAIN_STEP_MS = 100 };

struct client {
	TAILQ_ENTRY(client) link;
	struct clients *clients;
	enum client_kind kind;
	union {
		struct conn *policy;
		struct map_conn *map;
	};
};

struct clients {
	struct engine *engine;
	TAILQ_HEAD(, client) list;
	struct event *check_drained;
	bool warned_of_many, warned_of_unwanted;
	void (*drained)(void *);
	void *arg;
};

static void
remove_client(struct client *client)
{
	struct clients *clients = client->clients;

	TAILQ_REMOVE(&clients->list, client, link);
	free(client);
	clients->engine->metrics.clients--;
	if (clients->drained != NULL && TAILQ_EMPTY(&clients->list))
		event_active(clients->check_drained, 0, 0);
}

/* -- kinds ------------------------------------------------------------------------------------- */

static void
on_policy_closed(void *arg, struct conn *conn)
{
	(void)conn;
	remove_client(arg);
}

static void
on_map_closed(void *arg, struct map_conn *conn)
{
	(void)conn;
	remove_client(arg);
}

static void
open_policy(struct client *client, int fd)
{
	client->policy = conn_new(client->clients->engine, fd, on_policy_closed, client);
}

static void
open_map(struct client *client, int fd)
{
	client->map = map_conn_new(client->clients->engine->egress, fd, on_map_closed, client);
}

static void
free_policy(struct client *client)
{
	conn_free(&client->policy);
}

static void
free_map(struct client *client)
{
	map_conn_free(&client->map);
}

static void
drain_policy(struct client *client)
{
	conn_drain(client->policy);
}

static void
drain_map(struct client *client)
{
	map_conn_drain(client->map);
}

static const struct {
	void (*open)(struct client *client, int fd);
	void (*free)(struct client *client);
	void (*drain)(struct client *client);
} kinds[] = {
	[CLIENT_POLICY] = { open_policy, free_policy, drain_policy },
	[CLIENT_MAP] = { open_map, free_map, drain_map },
	[CLIENT_UNWANTED] = { NULL, NULL, NULL },
};

/* -- coming and going -------------------------------------------------------------------------- */

static bool
is_welcome(struct clients *clients, enum client_kind kind)
{
	const struct engine *engine = clients->engine;
	size_t max = (size_t)engine->settings->max_clients;

	if (kinds[kind].open == NULL) {
		if (!clients->warned_of_unwanted)
			log_warning("a client is closed at once: it asks at a socket of systemd's "
				    "that these policy_listen, map_listen and enforce = \"%s\" do "
				    "not serve",
			    enforce_names[engine->settings->enforce]);
		clients->warned_of_unwanted = true;
		return false;
	}
	if (engine->metrics.clients >= max) {
		if (!clients->warned_of_many)
			log_warning(
			    "%zu clients are connected (max_clients): further ones are closed at "
			    "once; Postfix then uses the default_action of its policy service, or "
			    "defers what it asks a map for",
			    engine->metrics.clients);
		clients->warned_of_many = true;
		return false;
	}
	/* Once for a crowd, whose numbers go up and down a little. */
	if (engine->metrics.clients < max - max / 10)
		clients->warned_of_many = false;
	return true;
}

void
clients_add(struct clients *clients, enum client_kind kind, int fd)
{
	struct metrics *metrics = &clients->engine->metrics;
	struct client *client;

	if (!is_welcome(clients, kind)) {
		metrics->turned_away++;
		close(fd);
		return;
	}
	metrics->accepted++;
	metrics->clients++;
	client = mem_alloc(sizeof(*client));
	client->clients = clients;
	client->kind = kind;
	TAILQ_INSERT_TAIL(&clients->list, client, link);
	kinds[kind].open(client, fd);
}

/* Those that waited for DNS before may be held by now. */
static void
drain_all(struct clients *clients)
{
	struct client *client, *next;

	for (client = TAILQ_FIRST(&clients->list); client != NULL; client = next) {
		next = TAILQ_NEXT(client, link);
		kinds[client->kind].drain(client);
	}
}

static void
on_check_drained(evutil_socket_t fd, short what, void *arg)
{
	struct clients *clients = arg;
	struct timeval step = { 0, DRAIN_STEP_MS * 1000 };
	void (*drained)(void *) = clients->drained;

	(void)fd;
	(void)what;
	if (drained == NULL)
		return;
	drain_all(clients);
	if (!TAILQ_EMPTY(&clients->list)) {
		evtimer_add(clients->check_drained, &step);
		return;
	}
	clients->drained = NULL;
	drained(clients->arg);
}

void
clients_drain(struct clients *clients, void (*drained)(void *), void *arg)
{
	clients->drained = drained;
	clients->arg = arg;
	drain_all(clients);
	event_active(clients->check_drained, 0, 0);
}

struct clients *
clients_new(struct engine *engine)
{
	struct clients *clients = mem_alloc(sizeof(*clients));

	clients->engine = engine;
	TAILQ_INIT(&clients->list);
	clients->check_drained = evtimer_new(engine->base, on_check_drained, clients);
	return clients;
}

void
clients_free(struct clients **clients)
{
	struct clients *old = *clients;
	struct client *client;

	*clients = NULL;
	if (old == NULL)
		return;
	old->drained = NULL;
	while ((client = TAILQ_FIRST(&old->list)) != NULL) {
		kinds[client->kind].free(client);
		remove_client(client);
	}
	event_free(old->check_drained);
	free(old);
}
