/*
 * store_async - the store for mxpolicyd: one connection, pipelined over all clients, never waiting.
 *
 * A run is written to Redis at once, together with at most three others that were ready at the same
 * moment (store_link.h). Its callback comes later, never inside the start call, exactly
 * once, by the deadline at the latest; never after store_async_cancel. While Redis is away a start
 * fails at once and no callback comes: the caller has its configured answer.
 *
 * Away is: refused, hung up, or silent beyond the deadline of a run (then the connection is given
 * up). The store connects again by itself, after 100 ms at first and 1 s at most, and is back when
 * Redis has answered its greeting. Redis answering with an error that will not go away by itself
 * for one request (LOADING, OOM, READONLY, NOAUTH...) is told to on_change as well; it is over when
 * a write of the store's own succeeds, tried every second.
 */
#ifndef STORE_ASYNC_H
#define STORE_ASYNC_H

#include "histogram.h"
#include "settings.h"
#include "store.h"

struct event_base;
struct store_async;
struct store_call;

/* The store's health changed: working again, or not, with words why. For the log; once a change. */
typedef void store_change(void *arg, bool working, const char *words);
typedef void store_done(void *arg, enum store_outcome outcome, const struct err *err);

/* Starts connecting. The address is copied; its host is looked up here, blocking. NULL: it cannot
 * be. on_change may be called any time later, never from within this call. */
struct store_async *store_async_new(struct event_base *base, const struct store_address *address,
    int64_t timeout_ms, store_change *on_change, void *arg, struct err *err);
/* Calls under way end without their callback. Not from within a callback of this store. */
void store_async_free(struct store_async **store);
/* Says no more about its health: it has been replaced and lives on for the runs under way. */
void store_async_retire(struct store_async *store);
void store_async_set_timeout(struct store_async *store, int64_t timeout_ms);

/* Connected, greeted, and not known to refuse. */
bool store_async_works(const struct store_async *store);
/* One run is under way, begun when nothing else was, and its last reply is due any moment. */
bool store_async_expects(const struct store_async *store);

/* The scratch batch, emptied, to put verbs in for the next run or send. */
struct store_batch *store_async_batch(struct store_async *store);

/* Runs the scratch batch. NULL and words in err: away, no callback will come. */
struct store_call *store_async_run(struct store_async *store, store_done *done, void *arg,
    struct err *err);
void store_async_cancel(struct store_call **call);

/* Sends the scratch batch and forgets it; lost if Redis is away. */
void store_async_send(struct store_async *store);

struct store_async_figures {
	uint64_t runs, sent, timeouts, connects, refused;
	size_t waiting;        /* runs under way */
	struct histogram took; /* runs, until their last reply or the deadline */
};
struct store_async_figures store_async_figures(const struct store_async *store);

#endif
