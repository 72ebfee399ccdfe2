/*
 * hold - a queue of look-ups whose answer waits for a slot or a message: first come, first served.
 */
#ifndef HOLD_H
#define HOLD_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

struct waiter { /* part of what waits; { 0 } waits nowhere */
	TAILQ_ENTRY(waiter) link;
	bool waits;
	bool asks;        /* a question to the store is under way for it */
	int64_t since_ms; /* its place in the queue goes by */
	int64_t asked_ms; /* it waits since; monotonic, both */
};
TAILQ_HEAD(waiters, waiter);

#endif
