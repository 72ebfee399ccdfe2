/*
 * redis - a private redis-server for one test program: on a unix socket in a folder of its own,
 * with a clock that the test sets.
 *
 * The server runs with clock.so preloaded, so that Redis TIME and expiry go by redis_set_ms(); what
 * takes weeks is tested in milliseconds, and at the very millisecond. It ends with the test program,
 * however that ends.
 */
#ifndef REDIS_H
#define REDIS_H

#include <hiredis/hiredis.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "store_sync.h"

struct redis {
	char folder[64];
	char socket[96];
	pid_t pid;             /* 0: not running */
	int64_t *clock_us;     /* shared with clock.so; 0: the real time */
	redisContext *control; /* for looking at what the scripts did */
	struct store_address address;
	struct store_sync *store;
};

/* Starts the server and opens both connections. options: further arguments, NULL-terminated, may be
 * NULL. Ends the program with words when it cannot. */
void redis_start(struct redis *redis, const char *const *options);
/* The same server once more, after redis_kill. Without its data. */
void redis_restart(struct redis *redis, const char *const *options);
void redis_kill(struct redis *redis); /* as a crash; returns when it is gone */
void redis_stop(struct redis *redis); /* and removes the folder */
void redis_send(struct redis *redis, int signal_number);

/* An empty database, default settings, real time. */
void redis_fresh(struct redis *redis);
/* Redis TIME from now on, in milliseconds; it stands still until set again. 0: the real time. */
void redis_set_ms(struct redis *redis, int64_t ms);
int64_t redis_ms(const struct redis *redis); /* what was set */

/* A command by hand; the test fails on an error reply. The caller frees the reply. */
redisReply *redis_do(struct redis *redis, const char *fmt, ...);
int64_t redis_number(struct redis *redis, const char *fmt, ...);            /* -1 for nil */
bool redis_is(struct redis *redis, const char *want, const char *fmt, ...); /* a string reply */
/* Everything in the database as text, the same for the same data at the same time; free() it. */
char *redis_dump(struct redis *redis);

/* Runs a batch through the store; the test fails unless it is done. */
void redis_run(struct redis *redis, struct store_batch *batch);

#endif
