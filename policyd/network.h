/*
 * network - IP networks such as 192.0.2.0/24, and who is in one. An IPv4 peer that comes over IPv6
 * (a mapped address) is an IPv4 peer.
 */
#ifndef NETWORK_H
#define NETWORK_H

#include <stdbool.h>
#include <sys/socket.h>

struct network {
	int family;
	unsigned bits;
	unsigned char raw[16];
};

/* "192.0.2.0/24"; without bits one address; bits behind them do not matter. -1: not a network. */
int network_parse(const char *text, struct network *network);

/* The peer is an IPv4 or IPv6 one. */
bool network_has(const struct network *network, const struct sockaddr *peer);
bool network_is_loopback(const struct sockaddr *peer);

#endif
