/*
 * fake_kernel - the TCP connections of a test, instead of those sockets.c asks the kernel for.
 */
#ifndef FAKE_KERNEL_H
#define FAKE_KERNEL_H

#include "check.h"

#include <arpa/inet.h>

#include "mem.h"
#include "sockets.h"

enum { FAKE_SOCKETS = 64 };

static struct fake_kernel {
	struct sockets_entry entries[FAKE_SOCKETS];
	size_t count;
	uint64_t cookie; /* of the last one opened */
	unsigned looks;
	bool refuses; /* to list */
	bool absent;  /* from the start */
} kernel;

struct sockets {
	int nothing;
};

struct sockets *
sockets_new(struct err *err)
{
	if (!kernel.absent)
		return mem_alloc(sizeof(struct sockets));
	err_set(err, "not here");
	return NULL;
}

void
sockets_free(struct sockets **sockets)
{
	free(*sockets);
	*sockets = NULL;
}

int
sockets_list(struct sockets *sockets, const struct sockets_entry **entries, size_t *count,
    struct err *err)
{
	(void)sockets;
	kernel.looks++;
	if (kernel.refuses) {
		err_set(err, "not now");
		return -1;
	}
	*entries = kernel.entries;
	*count = kernel.count;
	return 0;
}

bool
sockets_address_parse(const char *text, struct sockets_address *address)
{
	memset(address, 0, sizeof(*address));
	address->family = strchr(text, ':') != NULL ? AF_INET6 : AF_INET;
	return inet_pton(address->family, text, address->bytes) == 1;
}

const char *
sockets_address_format(const struct sockets_address *address, char buf[SOCKETS_ADDRESS_SIZE])
{
	return inet_ntop(address->family, address->bytes, buf, SOCKETS_ADDRESS_SIZE);
}

/* Returns its cookie. */
static inline uint64_t
kernel_open(const char *local, const char *remote)
{
	struct sockets_entry *entry = &kernel.entries[kernel.count++];

	assert_true(kernel.count <= FAKE_SOCKETS);
	*entry = (struct sockets_entry){ .cookie = ++kernel.cookie, .established = true };
	assert_true(sockets_address_parse(local, &entry->local));
	assert_true(sockets_address_parse(remote, &entry->remote));
	return entry->cookie;
}

static inline struct sockets_entry *
kernel_find(uint64_t cookie)
{
	for (size_t i = 0; i < kernel.count; i++)
		if (kernel.entries[i].cookie == cookie)
			return &kernel.entries[i];
	fail_msg("no socket %u", (unsigned)cookie);
	return NULL;
}

static inline void
kernel_close(uint64_t cookie)
{
	*kernel_find(cookie) = kernel.entries[kernel.count - 1];
	kernel.count--;
}

#endif
