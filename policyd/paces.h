/*
 * paces - how fast this node may send: levels that operators set, warm-ups, and the limits that
 * follow from them and from the rules. In memory, so that a decision costs one look-up.
 *
 * Every PACES_TICK_MS one small read asks Redis whether anything changed (mxpace:pace:version); if
 * it did, levels and warm-ups are read anew, and whoever keeps limits is told. While Redis is away
 * what was known stays. Nothing is ever reset by a change: the same counters are compared with
 * other limits.
 */
#ifndef PACES_H
#define PACES_H

#include "mx_limits.h"
#include "pace.h"
#include "store_async.h"

enum { PACES_TICK_MS = 400 };

struct paces;

/* Limits may have become others, the version has; from the event loop. */
typedef void paces_changed(void *arg);

struct paces *paces_new(struct event_base *base, struct store_async *store,
    struct settings *settings, paces_changed *changed, void *arg);
void paces_free(struct paces **paces);
/* After a reload; what was returned before is good no more. */
void paces_rebind(struct paces *paces, struct store_async *store, struct settings *settings);
/* Asks Redis now, not with the next tick, and reads all anew: it is there (again). */
void paces_ask(struct paces *paces);

/* The limits of a rule of these rules, for one group and sending IP ("all": decide_ip()). Good until
 * the next change or reload; the generation tells them apart. */
const struct mx_limits *paces_limits(struct paces *paces, const struct mx_rules *rules,
    const struct mx_rule *rule, const char *group, const char *ip);
/* Whether what is known is of that version. For tests. */
bool paces_is_current(const struct paces *paces, int64_t version);
/* Another one after each change. */
unsigned paces_generation(const struct paces *paces);

/* What Redis said last of which all is known (mxpace:pace:version); "": nothing yet. */
const char *paces_version(const struct paces *paces);

/* Sending IPs in a warm-up, as this node knows it. */
size_t paces_warmups(const struct paces *paces);

/* The level of all, and what is set. */
enum level paces_level(const struct paces *paces);
const struct pace_sets *paces_sets(const struct paces *paces);

#endif
