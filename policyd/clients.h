/*
 * clients - the connections of this process, of every kind: at most max_clients together.
 */
#ifndef CLIENTS_H
#define CLIENTS_H

#include "engine.h"
#include "pack.h"

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

/* No further requests, and held look-ups are let go; the connections stay open, for another process.
 * `drained` is called, later and once, when nothing is under way on any of them. */
void clients_park(struct clients *clients, void (*drained)(void *), void *arg);
/* What is known of each; fds, of clients_count(), gets the sockets, which stay ours. */
size_t clients_count(const struct clients *clients);
void clients_pack(struct clients *clients, struct str *out, int *fds);
/* Goes on with those whose sockets are among fds, which become -1 there. Returns how many. */
size_t clients_unpack(struct clients *clients, struct unpack *in, int *fds, size_t count);

#endif
