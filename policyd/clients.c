#include "clients.h"

#include <event2/event.h>
#include <stdlib.h>
#include <sys/queue.h>
#include <sys/stat.h>
#include <unistd.h>

#include "conn.h"
#include "log.h"
#include "map_conn.h"
#include "mem.h"

enum { DRAIN_STEP_MS = 100, PARK_STEP_MS = 5 };

struct client {
	TAILQ_ENTRY(client) link;
	struct clients *clients;
	enum client_kind kind;
	int fd; /* the connection's own */
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
	bool parks; /* rather than closes */
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

static bool
park_policy(struct client *client)
{
	return conn_park(client->policy);
}

static bool
park_map(struct client *client)
{
	return map_conn_park(client->map);
}

static void
pack_policy(struct client *client, struct str *out)
{
	conn_pack(client->policy, out);
}

static void
pack_map(struct client *client, struct str *out)
{
	map_conn_pack(client->map, out);
}

static void
unpack_policy(struct client *client, struct unpack *in)
{
	conn_unpack(client->policy, in);
}

static void
unpack_map(struct client *client, struct unpack *in)
{
	map_conn_unpack(client->map, in);
}

static const struct {
	void (*open)(struct client *client, int fd);
	void (*free)(struct client *client);
	void (*drain)(struct client *client);
	bool (*park)(struct client *client);
	void (*pack)(struct client *client, struct str *out);
	void (*unpack)(struct client *client, struct unpack *in);
} kinds[] = {
	[CLIENT_POLICY] = { open_policy, free_policy, drain_policy, park_policy, pack_policy,
	    unpack_policy },
	[CLIENT_MAP] = { open_map, free_map, drain_map, park_map, pack_map, unpack_map },
	[CLIENT_UNWANTED] = { NULL, NULL, NULL, NULL, NULL, NULL },
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

static struct client *
add(struct clients *clients, enum client_kind kind, int fd)
{
	struct client *client = mem_alloc(sizeof(*client));

	clients->engine->metrics.accepted++;
	clients->engine->metrics.clients++;
	client->clients = clients;
	client->kind = kind;
	client->fd = fd;
	TAILQ_INSERT_TAIL(&clients->list, client, link);
	kinds[kind].open(client, fd);
	return client;
}

void
clients_add(struct clients *clients, enum client_kind kind, int fd)
{
	if (is_welcome(clients, kind)) {
		add(clients, kind, fd);
		return;
	}
	clients->engine->metrics.turned_away++;
	close(fd);
}

/* Whether nothing is under way on any of them. */
static bool
park_all(struct clients *clients)
{
	struct client *client;
	bool parked = true;

	TAILQ_FOREACH (client, &clients->list, link)
		parked = kinds[client->kind].park(client) && parked;
	return parked;
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
	struct timeval step = { 0, (clients->parks ? PARK_STEP_MS : DRAIN_STEP_MS) * 1000 };
	void (*drained)(void *) = clients->drained;

	(void)fd;
	(void)what;
	if (drained == NULL)
		return;
	if (!clients->parks)
		drain_all(clients);
	if (clients->parks ? !park_all(clients) : !TAILQ_EMPTY(&clients->list)) {
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

/* -- to another process ------------------------------------------------------------------------ */

void
clients_park(struct clients *clients, void (*drained)(void *), void *arg)
{
	clients->parks = true;
	clients->drained = drained;
	clients->arg = arg;
	park_all(clients);
	event_active(clients->check_drained, 0, 0);
}

size_t
clients_count(const struct clients *clients)
{
	return clients->engine->metrics.clients;
}

/* What names a socket in every process that has it; 0: none. */
static int64_t
socket_name(int fd)
{
	struct stat st;

	return fd >= 0 && fstat(fd, &st) == 0 && S_ISSOCK(st.st_mode) ? (int64_t)st.st_ino : 0;
}

void
clients_pack(struct clients *clients, struct str *out, int *fds)
{
	struct str one = { 0 };
	struct client *client;

	pack_number(out, (int64_t)clients_count(clients));
	TAILQ_FOREACH (client, &clients->list, link) {
		pack_number(out, client->kind);
		pack_number(out, socket_name(client->fd));
		str_empty(&one);
		kinds[client->kind].pack(client, &one);
		pack_bytes(out, span_make(str_text(&one), one.len));
		*fds++ = client->fd;
	}
	str_free(&one);
}

/* -1: its client has gone meanwhile. */
static int
take_socket(int *fds, const int64_t *names, size_t count, int64_t name)
{
	for (size_t i = 0; name != 0 && i < count; i++) {
		int fd = fds[i];

		if (names[i] != name || fd < 0)
			continue;
		fds[i] = -1;
		return fd;
	}
	return -1;
}

/* False: what is known of it makes no sense; it is closed. */
static bool
go_on(struct client *client, struct unpack *in)
{
	kinds[client->kind].unpack(client, in);
	if (!in->failed)
		return true;
	kinds[client->kind].free(client);
	remove_client(client);
	return false;
}

size_t
clients_unpack(struct clients *clients, struct unpack *in, int *fds, size_t count)
{
	int64_t *names = mem_alloc((count + 1) * sizeof(*names));
	size_t packed = unpack_count(in), found = 0;

	for (size_t i = 0; i < count; i++)
		names[i] = socket_name(fds[i]);
	for (size_t i = 0; i < packed && !in->failed; i++) {
		int64_t kind = unpack_number(in);
		int fd = take_socket(fds, names, count, unpack_number(in));
		struct unpack one = unpack_make(unpack_bytes(in));

		if (fd < 0)
			continue;
		if (in->failed || (kind != CLIENT_POLICY && kind != CLIENT_MAP)) {
			close(fd);
			continue;
		}
		found += go_on(add(clients, (enum client_kind)kind, fd), &one);
	}
	free(names);
	return found;
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
