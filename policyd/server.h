/*
 * server - the listening sockets and the connections accepted from them.
 */
#ifndef SERVER_H
#define SERVER_H

#include "engine.h"

struct server;

struct server *server_new(struct engine *engine);
void server_free(struct server **server);

/* Serves at the addresses of these settings and at no others: new ones are opened first, so that a
 * failure (-1 and words) leaves everything as it was. */
int server_listen(struct server *server, const struct settings *settings, struct err *err);

/* No further connections or requests; those under way are answered. `drained` is called, later,
 * when the last has gone. */
void server_drain(struct server *server, void (*drained)(void *), void *arg);

/* What it listens at, for the log. */
void server_describe(const struct server *server, struct str *out);

#endif
