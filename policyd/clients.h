/*
 * clients - the connections of this process, of every kind: at most max_clients together.
 */
#ifndef CLIENTS_H
#define CLIENTS_H

#include "engine.h"

enum client_kind {
	CLIENT_POLICY,  /* conn.h */
	CLIENT_MAP,     /* map_conn.h */
	CLIENT_UNWANTED /* at a socket that the configuration does not name: closed at once */
};

struct clients;

struct clients *clients_new(struct engine *engine);
void clients_free(struct clients **clients);

/* Takes the (non-blocking) socket over, or closes it if there are too many. */
void clients_add(struct clients *clients, enum client_kind kind, int fd);

/* No further requests; those under way are answered. `drained` is called, later and once, when the
 * last client has gone. */
void clients_drain(struct clients *clients, void (*drained)(void *), void *arg);

#endif
