/*
 * resolver - DNS queries over c-ares on libevent: a name and a type out, the answer's bytes back.
 *
 * The only module that includes <ares.h>. Servers, repetition, going on to the next server and TCP
 * after a truncated answer are c-ares' work; what an answer says is mxwire's, what it means and how
 * long anybody waits is mx's.
 */
#ifndef RESOLVER_H
#define RESOLVER_H

#include <stdint.h>

#include "conf.h"
#include "err.h"

struct event_base;
struct resolver;

enum resolver_outcome {
	RESOLVER_ANSWER,  /* the message has the server's words, RCODE included */
	RESOLVER_NO_NAME, /* not asked: a name that DNS never has (.onion, RFC 7686) */
	RESOLVER_TIMEOUT,
	RESOLVER_FAILED, /* words say why */
};

/* May come within resolver_ask; exactly once, at the latest within resolver_free. Message and words
 * are good during the callback. */
typedef void resolver_done(void *arg, enum resolver_outcome outcome, struct span message,
    const char *words);

/* servers as mx.h has them. timeout_ms: what a query should take at most; with several silent
 * servers it can be more. */
struct resolver *resolver_new(struct event_base *base, const struct conf_strings *servers,
    int64_t timeout_ms, struct err *err);
void resolver_free(struct resolver **resolver);
void resolver_ask(struct resolver *resolver, const char *domain, int type, resolver_done *done,
    void *arg);

#endif
