/*
 * sockets - the TCP connections of this network namespace as the kernel knows them: which of them a
 * provider may still see. Any user may ask (NETLINK_SOCK_DIAG, sock_diag(7)).
 *
 * Asked for: sockets with the remote port SOCKETS_PORT in every state but LISTEN, CLOSE, TIME_WAIT
 * and SYN_RECV (which others open), filtered by the kernel. FIN_WAIT and LAST_ACK are in: Postfix
 * does not wait for the answer to QUIT, so the provider still has the connection.
 */
#ifndef SOCKETS_H
#define SOCKETS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "err.h"

enum { SOCKETS_PORT = 25 };

struct sockets_address { /* IPv4-mapped IPv6 addresses are given as IPv4 */
	sa_family_t family;
	unsigned char bytes[16]; /* unused ones 0, so that memcmp of the whole struct compares */
};

struct sockets_entry {
	uint64_t cookie; /* the kernel's name of the socket, never used twice */
	struct sockets_address local, remote;
	bool established; /* or later: it got beyond SYN_SENT */
	bool closing;     /* one side has said so */
};

struct sockets;

struct sockets *sockets_new(struct err *err); /* NULL: this kernel does not let us */
void sockets_free(struct sockets **sockets);

/* All of them now, within this call: the kernel answers at once, in 0.2 to 1 ms as its table of
 * connections is large (it walks all of it), and 0.5 ms for each thousand listed. The list is the
 * module's, good until the next call; when sockets come and go meanwhile, one may be in it twice.
 * -1 and words: not to be had; *entries and *count stay as they are. */
int sockets_list(struct sockets *sockets, const struct sockets_entry **entries, size_t *count,
    struct err *err);

/* "192.0.2.1" or "2001:db8::1" */
bool sockets_address_parse(const char *text, struct sockets_address *address);
enum { SOCKETS_ADDRESS_SIZE = 48 };
const char *sockets_address_format(const struct sockets_address *address,
    char buf[SOCKETS_ADDRESS_SIZE]);

#endif
