/*
 * guarding - mxbounce and the outage guards (guard.h): which group a recipient is in and whether a
 * guard holds it, each error counted for its guard, and guards tripped and ended. For apply alone.
 *
 * Where mxpolicyd never saw the recipient's domain, the group is the domain of the host that refused
 * ("mta:example.net", of mx1.mail.example.net), else the recipient's own ("domain:example.org").
 */
#ifndef GUARDING_H
#define GUARDING_H

#include "consequence.h"
#include "guard.h"
#include "settings.h"
#include "store_sync.h"

enum { GUARDING_AT_ONCE = 16 };

struct guarding { /* of up to GUARDING_AT_ONCE recipients */
	const struct settings *settings;
	struct arena arena;
	struct store_fields guards, failed;
	struct str groups[GUARDING_AT_ONCE];
	struct guard_figures figures[GUARDING_AT_ONCE];
};

void guarding_init(struct guarding *guarding, const struct settings *settings);
void guarding_clear(struct guarding *guarding);

/* Adds what has to be read before errors are counted: at most count + 2 commands. */
void guarding_ask(struct guarding *guarding, struct store_batch *batch,
    const struct consequence *outs, size_t count);
/* With the answers: group and guarded of each. */
void guarding_know(struct guarding *guarding, struct consequence *outs, size_t count);

/* After error.lua: adds two commands for the recipient of that number if its error changed the
 * entry. */
void guarding_put(struct guarding *guarding, struct store_batch *batch,
    const struct consequence *out, size_t number);
/* With their answers: trips guards, or has them rest. Adds a line for each to the log. -1 and words:
 * the store did not answer. */
int guarding_conclude(struct guarding *guarding, struct store_sync *store,
    const struct consequence *outs, size_t count, struct str *log, struct err *err);

#endif
