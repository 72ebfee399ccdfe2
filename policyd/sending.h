/*
 * sending - under which names this node sends: what its limits are counted by.
 *
 * With enforce = "admission" Postfix chooses the address itself, so one name stands for the node:
 * the first configured sending IP that exists on it; without any, the address the system would send
 * from (IPv4 before IPv6), and "127.0.0.1" where there is no route at all.
 *
 * With "egress" each sending IP has transports of its own (transports.h), and a pool says which of
 * them a sender's mail may take.
 */
#ifndef SENDING_H
#define SENDING_H

#include "settings.h"

enum { SENDING_IP_SIZE = 64 };

/* The node's one name. Asks the kernel. */
void sending_ip_name(const struct settings *settings, char out[SENDING_IP_SIZE]);

struct sending {
	size_t number;              /* in the configuration, from 1: "mxp-google-2" */
	char name[SENDING_IP_SIZE]; /* in keys and words */
	const char *bind4, *bind6;  /* local addresses; "": any. The settings' */
};

/* Sending IPs are numbered from 1 to this, those of other nodes included. */
size_t sending_count(const struct settings *settings);
/* False: there is no such number, or it is not on this node. node_name: what sending_ip_name()
 * gave, the name of number 1 when none is configured. */
bool sending_get(const struct settings *settings, const char *node_name, size_t number,
    struct sending *sending);

/* The first pool one of whose masks matches the envelope sender ("" or "<>": the null sender's);
 * NULL: none does, and every sending IP will do. */
const struct pool *sending_pool(const struct settings *settings, const char *sender);
/* pool NULL: it has all. */
bool sending_pool_has(const struct pool *pool, const char *name);

#endif
