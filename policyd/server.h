/*
 * server - the listening sockets, each for clients of one kind: policy_listen always, map_listen
 * with enforce = "observe" or "egress". clients.h has the connections.
 */
#ifndef SERVER_H
#define SERVER_H

#include "engine.h"

struct server;

struct server *server_new(struct engine *engine);
void server_free(struct server **server);

/* A listening socket that this process was started with. It is used where server_listen would open
 * one at its address, its file is neither owned nor removed, and it is never closed: a client that
 * comes between two processes is served by the next. While the settings don't name its address,
 * clients of it are closed at once. Before the first server_listen. */
void server_inherit(struct server *server, int fd);

/* Serves at the addresses of these settings and at no others: new ones are opened first, so that a
 * failure (-1 and words) leaves everything as it was. */
int server_listen(struct server *server, const struct settings *settings, struct err *err);

/* No further connections or requests; those under way are answered. `drained` is called, later,
 * when the last has gone. */
void server_drain(struct server *server, void (*drained)(void *), void *arg);

/* No further connections; those there are are parked for another process (clients_park). */
void server_park(struct server *server, void (*drained)(void *), void *arg);
struct clients *server_clients(const struct server *server);
/* The sockets it listens on, at most LISTEN_MAX of them; how many. They stay its own. */
size_t server_sockets(const struct server *server, int *fds);

/* What it listens at, for the log: "policy unix:/a unix:/b, map unix:/c". */
void server_describe(const struct server *server, struct str *out);

#endif
