/*
 * handover - what one mxpolicyd leaves to the next, so that Postfix does not notice a restart: the
 * connections of its processes, what is known of each, and the look-ups held on them, which are asked
 * again in their place of the queue.
 *
 *   park (clients.h) -> make ->  service manager, or exec  -> take
 *
 * The sockets themselves, and a file in memory that describes them by inode number: HANDOVER_FORMAT,
 * a sum, and what was packed. Of another format, cut short or damaged: all are closed, and Postfix
 * connects again. A socket that has not come, or of which too little is known, is closed alone.
 * Messages and slots are handed over, never taken twice; slots of what has gone end at once.
 */
#ifndef HANDOVER_H
#define HANDOVER_H

#include "server.h"

/* Changes with whatever any *_pack() writes. */
enum { HANDOVER_FORMAT = 3 };

/* The files to leave: the description, the first, and the sockets of parked clients, which stay
 * theirs. -1 and words: none. The list and the first file are the caller's to free. */
int handover_make(struct engine *engine, struct server *server, int **fds, size_t *count,
    struct err *err);
/* Goes on with what was left; takes the files over, but not the list. After server_listen. Returns
 * how many connections. */
size_t handover_take(struct engine *engine, struct server *server, int *fds, size_t count);

#endif
