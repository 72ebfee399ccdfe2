/*
 * fake_hosts - a host name with several addresses, in place of the C library's getaddrinfo: one
 * where nobody listens, one that is not to be had, and 127.0.0.1. Other names are looked up.
 */
#ifndef FAKE_HOSTS_H
#define FAKE_HOSTS_H

#include "check.h"

#include <dlfcn.h>
#include <netdb.h>
#include <string.h>

#define MANY_ADDRESSES "several.test"

int
getaddrinfo(const char *node, const char *service, const struct addrinfo *hints,
    struct addrinfo **found)
{
	static const char *const addresses[] = { "127.0.0.2", "::1", "127.0.0.1" };
	int (*real)(const char *, const char *, const struct addrinfo *, struct addrinfo **);
	struct addrinfo **end = found;
	int rc = 0;

	*(void **)&real = dlsym(RTLD_NEXT, "getaddrinfo");
	if (strcmp(node, MANY_ADDRESSES) != 0)
		return real(node, service, hints, found);
	*found = NULL;
	for (size_t i = 0; rc == 0 && i < COUNT(addresses); i++) {
		rc = real(addresses[i], service, hints, end);
		while (rc == 0 && *end != NULL)
			end = &(*end)->ai_next;
	}
	return rc;
}

#endif
