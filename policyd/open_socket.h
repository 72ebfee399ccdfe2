/*
 * open_socket - a connection that counts: a socket the kernel shows, or one that may be open where
 * we cannot see it; to which grant it belongs, and in which lanes it counts. Keeps the lanes'
 * sockets, usable and taken, and their bare as grants get and lose sockets.
 */
#ifndef OPEN_SOCKET_H
#define OPEN_SOCKET_H

#include <uthash.h>

#include "grant.h"

enum { OPEN_SOCKET_LANES_MAX = 4 };

struct open_socket {
	UT_hash_handle hh; /* of its owner's, by cookie */
	uint64_t cookie;
	struct grant *grant; /* it was matched to, while that lives; else NULL */
	struct lane *lanes[OPEN_SOCKET_LANES_MAX]; /* references: where it counts */
	size_t lane_count;
	int64_t since_ms; /* first seen */
	bool seen;        /* in the look under way */
	bool usable;      /* established and not closing */
	int64_t until_ms; /* of one we cannot see */
};

struct open_socket *open_socket_new(uint64_t cookie);
void open_socket_free(struct open_socket **socket);

/* Counts in that lane from now on; not beyond OPEN_SOCKET_LANES_MAX. */
void open_socket_count_in(struct open_socket *socket, struct lane *lane);
/* Belongs to that live grant, and counts in its lane. */
void open_socket_match(struct open_socket *socket, struct grant *grant);
/* The grant it was matched to has it no more; it counts on. */
void open_socket_part(struct open_socket *socket);
void open_socket_set_usable(struct open_socket *socket, bool usable);

#endif
