/*
 * store_sync - the store for programs that do one thing and wait for it: mxbounce and mxctl.
 */
#ifndef STORE_SYNC_H
#define STORE_SYNC_H

#include "settings.h"
#include "store.h"

struct store_sync;

/* Connects and logs in, within timeout_ms; of several addresses of the host each has as long. NULL and
 * words: the store is away. */
struct store_sync *store_sync_open(const struct store_address *address, int64_t timeout_ms,
    struct err *err);
void store_sync_close(struct store_sync **store);

/* Runs a batch and empties it. A script Redis does not know goes again as text.
 * After AWAY the store is of no more use than to be closed. */
enum store_outcome store_sync_run(struct store_sync *store, struct store_batch *batch,
    struct err *err);

#endif
