/*
 * store_hosts - the addresses of Redis' host, as numbers, and which of them to connect to next: the
 * one that worked, else each in turn, in the resolver's order (RFC 6724). localhost may be ::1
 * first, where Redis does not listen.
 */
#ifndef STORE_HOSTS_H
#define STORE_HOSTS_H

#include <stdbool.h>
#include <stddef.h>

#include "err.h"

struct store_hosts { /* zero: none, of a Redis on a unix socket */
	char **texts;
	size_t count, at;
	size_t failed; /* one after another */
};

/* Looks the host up, blocking. -1 and words: it cannot be. hosts is to be freed either way. */
int store_hosts_find(struct store_hosts *hosts, const char *host, struct err *err);
void store_hosts_free(struct store_hosts *hosts);

const char *store_hosts_text(const struct store_hosts *hosts);
void store_hosts_worked(struct store_hosts *hosts);
/* Turns to the next. False: all have been tried since one worked, or since this said so last. */
bool store_hosts_failed(struct store_hosts *hosts);

#endif
