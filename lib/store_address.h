/*
 * store_address - where Redis is, from one line of configuration.
 */
#ifndef STORE_ADDRESS_H
#define STORE_ADDRESS_H

#include <stdbool.h>
#include <stdint.h>

#include "arena.h"

struct store_address {
	const char *host; /* "" for a unix socket */
	int64_t port;
	const char *path;
	const char *user, *password; /* "" none */
	int64_t db;
	const char *text; /* for logs: without the password */
};

/* "redis://[user:password@]host[:port][/db]" or "unix:/path[?db=N]". False: neither; text is set
 * nevertheless. Strings live in the arena, or are `text` itself. */
bool store_address_parse(struct arena *arena, const char *text, struct store_address *address);

#endif
