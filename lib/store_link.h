/*
 * store_link - one connection to Redis, never waiting: a socket and a reader of replies from hiredis
 * on libevent, made again whenever it is lost, after 100 ms at first and 1 s at most. Knows wire
 * forms and replies, no verbs.
 *
 * Not hiredis' own asynchronous context: that keeps a callback in memory of its own and looks through
 * the text of each command, for subscriptions that are not made here. It took 15 % of the
 * instructions of a decision.
 */
#ifndef STORE_LINK_H
#define STORE_LINK_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "err.h"
#include "settings.h"
#include "span.h"

struct event_base;
struct redisReply;
struct store_link;

/* A command that waits for its reply: part of the user's own, which must live until then. */
struct store_link_command {
	STAILQ_ENTRY(store_link_command) link;
};

struct store_link_events {
	/* A connection is on its way: the first commands can be queued now. */
	void (*connecting)(void *arg);
	/* Refused or hung up, with words, at each of the host's addresses; it tries again by itself.
	 * Commands under way are answered with NULL, before or after. */
	void (*lost)(void *arg, const char *words);
	/* The reply to the oldest command, good during the call; NULL: the connection is gone. */
	void (*reply)(struct store_link_command *command, const struct redisReply *reply);
};

/* The address's host is looked up here, blocking, so that connecting again never waits for DNS. Of
 * several addresses each that does not work is followed by the next at once: localhost may be ::1
 * first, where Redis does not listen. NULL and words: it cannot be. Events come from the event loop
 * only. */
struct store_link *store_link_new(struct event_base *base, const struct store_address *address,
    const struct store_link_events *events, void *arg, struct err *err);
/* Commands under way are answered with NULL within this call. Not from within a reply. */
void store_link_free(struct store_link **link);

/* Connected, or on the way. */
bool store_link_exists(const struct store_link *link);
uint64_t store_link_connects(const struct store_link *link); /* begun so far */

/* Queues one whole command, to be written with the next store_link_flush. -1: there is no connection,
 * no reply will come. */
int store_link_queue(struct store_link *link, struct span wire, struct store_link_command *command);
/* Writes what is queued: at once when nothing else waits for Redis, else as soon as the event loop has
 * worked off what is ready, or at the fourth call before that. Measured with 64 clients on 2 cores:
 * writing once a round made convoys (Redis idle while we work, we while it does) and cost a third of
 * the throughput; writing each at once took 12 us CPU a decision, in fours 10. */
void store_link_flush(struct store_link *link);

/* Closes a connection that is of no use any more, and makes another after a while. Commands under way
 * are answered with NULL within this call. Not from within a reply. */
void store_link_give_up(struct store_link *link);
/* This connection works: the next time it is lost trying again starts soon, at the same address. */
void store_link_proved(struct store_link *link);

#endif
