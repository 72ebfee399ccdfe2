/*
 * site - whether an MX group can be reached at all, from what the status look-ups say. Pure.
 *
 * Postfix' own recognition of dead sites is off for our transports (a denial of ours would mark a
 * site dead, with words about TLS), so this is ours: after SITE_FAILURES failures in a row to get
 * as far as a greeting - connect failures, time-outs, lost connections, refused greetings: 4.4.1,
 * 4.4.2, "Connection refused", "refused to talk to me" - the group is dead for SITE_DEAD_MS, each
 * further failure doubles that up to SITE_DEAD_MAX_MS; while it is dead, one delivery per
 * SITE_PROBE_MS is let through, and any reply beyond the greeting makes it alive. Deliveries that
 * were under way when it died and fail after that teach nothing new.
 */
#ifndef SITE_H
#define SITE_H

#include <stdbool.h>
#include <stdint.h>

#include "span.h"

enum { SITE_FAILURES = 5, SITE_DEAD_MS = 60000, SITE_DEAD_MAX_MS = 600000, SITE_PROBE_MS = 30000 };
enum { SITE_WORDS_SIZE = 160 };

struct site {              /* { 0 } is alive */
	unsigned failures; /* in a row */
	int64_t dead_until_ms;
	int64_t probe_ms;            /* when the next delivery is let through while it is dead */
	bool probing;                /* one was, and nothing was heard of it */
	char words[SITE_WORDS_SIZE]; /* of the last failure, printable ASCII */
};

enum site_heard {
	SITE_NO_CONNECTION, /* none came about: nothing was sent to the provider */
	SITE_NO_GREETING, /* a connection, without a transaction (lost, timed out, refused greeting,
	                       TLS not to be had) */
	SITE_REPLIED,   /* the provider answered a command of a transaction, or took the message */
	SITE_UNRELATED, /* a local matter: says nothing about the site (DNS, our own denial...) */
};

/* What the key of a status look-up says: "4.4.1 connect to mx1.a.test[192.0.2.1]:25: Connection
 * refused". */
enum site_heard site_hear(struct span status);
void site_note(struct site *site, enum site_heard heard, struct span status, int64_t now_ms);
/* Whether a message may be tried now (a probe counts as given). */
bool site_admits(struct site *site, int64_t now_ms);
/* How long until one may: 0 now, which site_admits() still has to be told. */
int64_t site_wait_ms(const struct site *site, int64_t now_ms);
bool site_is_dead(const struct site *site, int64_t now_ms);

#endif
