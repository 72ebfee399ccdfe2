/*
 * listen - where mxpolicyd serves: "unix:/path" and "inet:host:port" ("inet:[::1]:10040"), several
 * separated by blanks or commas; who may connect.
 *
 * A unix socket gets the configured owner and mode; a stale one is replaced, one that another
 * process serves is not. Neither protocol authenticates, so an inet client that is not loopback is
 * taken only from a network of allow_from ("192.0.2.0/24").
 */
#ifndef LISTEN_H
#define LISTEN_H

#include <stdbool.h>
#include <sys/socket.h>

#include "err.h"
#include "settings.h"

enum { LISTEN_MAX = 16, LISTEN_BACKLOG = 1024 };

struct listen_address {
	char text[160]; /* as configured */
	bool is_unix;
	struct sockaddr_storage addr;
	socklen_t len;
};

/* How many addresses; -1 and words. */
int listen_parse(const char *text, struct listen_address out[LISTEN_MAX], struct err *err);

/* Where a socket listens that somebody else has opened. */
void listen_address_of(int fd, struct listen_address *out);
bool listen_is_same(const struct listen_address *a, const struct listen_address *b);

/* A non-blocking listening socket, or -1 and words. */
int listen_open(const struct listen_address *address, const struct settings *settings,
    struct err *err);
/* Owner and mode as configured, for a socket that stays over a reload. */
int listen_own(const struct listen_address *address, const struct settings *settings,
    struct err *err);
/* Ends a listening socket. A unix socket's name goes with it, unless another process has taken the
 * place meanwhile. */
void listen_close(const struct listen_address *address, int fd);

bool listen_allows(const struct settings *settings, const struct sockaddr *peer);
/* Every entry of allow_from is a network; -1 and words. An inet address other than loopback needs
 * one. */
int listen_check(const struct settings *settings, const struct listen_address *addresses,
    size_t count, struct err *err);

#endif
