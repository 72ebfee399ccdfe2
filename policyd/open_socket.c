#include "open_socket.h"

#include <stdlib.h>

#include "clock.h"
#include "mem.h"

struct open_socket *
open_socket_new(uint64_t cookie)
{
	struct open_socket *socket = mem_alloc(sizeof(*socket));

	socket->cookie = cookie;
	socket->since_ms = clock_monotonic_ms();
	return socket;
}

void
open_socket_free(struct open_socket **socket)
{
	struct open_socket *old = *socket;

	*socket = NULL;
	if (old == NULL)
		return;
	open_socket_set_usable(old, false);
	if (old->grant != NULL)
		open_socket_part(old);
	for (size_t i = 0; i < old->lane_count; i++) {
		old->lanes[i]->sockets--;
		lane_release(&old->lanes[i]);
	}
	free(old);
}

void
open_socket_count_in(struct open_socket *socket, struct lane *lane)
{
	if (socket->lane_count == OPEN_SOCKET_LANES_MAX)
		return;
	socket->lanes[socket->lane_count++] = lane_hold(lane);
	lane->sockets++;
}

void
open_socket_match(struct open_socket *socket, struct grant *grant)
{
	socket->grant = grant;
	open_socket_count_in(socket, grant->lane);
	if (grant->sockets++ == 0)
		grant->lane->bare--;
	grant->matched = true;
}

void
open_socket_part(struct open_socket *socket)
{
	struct grant *grant = socket->grant;

	if (socket->usable)
		grant->lane->taken--;
	socket->grant = NULL;
	if (--grant->sockets > 0)
		return;
	grant->lane->bare++;
	grant->bare_ms = clock_monotonic_ms();
}

void
open_socket_set_usable(struct open_socket *socket, bool usable)
{
	if (socket->usable == usable)
		return;
	socket->usable = usable;
	for (size_t i = 0; i < socket->lane_count; i++) {
		socket->lanes[i]->usable += usable ? 1 : -1;
		if (socket->grant != NULL)
			socket->lanes[i]->taken += usable ? 1 : -1;
	}
}
