/*
 * handover - what one mxpolicyd leaves to the next, so that Postfix does not notice a restart: the
 * connections of its processes, what is known of each, and the look-ups held on them, which are asked
 * again in their place of the queue.
 *
 *   park (clients.h) -> give ->  service manager, or exec  -> take
 *
 * The sockets themselves, and a file in memory that begins with HANDOVER_FORMAT and describes them by
 * inode number. Of another format: all are closed, and Postfix connects again. Messages and slots are
 * handed over, never taken twice.
 */
#ifndef HANDOVER_H
#define HANDOVER_H

#include "server.h"

/* Changes with whatever any *_pack() writes. */
enum { HANDOVER_FORMAT = 1 };

/* The files to leave: sockets of parked clients, which stay theirs, and the description, the first.
 * -1 and words: none. The list is the caller's to free. */
int handover_make(struct engine *engine, struct server *server, int **fds, size_t *count,
    struct err *err);
/* Goes on with what was left; takes the files over. After server_listen. Returns how many
 * connections. */
size_t handover_take(struct engine *engine, struct server *server, int *fds, size_t count);

#endif
