/*
 * rules_fleet - what the nodes of a fleet tell one another about their rules (mxpace:rules), and the
 * event for everybody else.
 */
#ifndef RULES_FLEET_H
#define RULES_FLEET_H

#include "rules_offer.h"
#include "store_rules.h"

/* What stands for the files that the configuration names. */
#define RULES_CONFIGURED "configured"

/* Texts are in ctl's arena; version empty: nothing was announced. -1 and words: Redis is away. */
int rules_fleet_read(struct ctl *ctl, struct store_rules *rules, struct err *err);

/* Announces an offer, or NULL: the configured files. how: "update", "rollback". */
int rules_fleet_announce(struct ctl *ctl, const struct rules_offer *offer, const char *how,
    const char *held, const char *by, struct err *err);

/* The event `rules`. failure: NULL, or why nothing was changed. */
int rules_fleet_event(struct ctl *ctl, const char *how, const char *version, const char *before,
    const char *by, const char *failure, struct err *err);

#endif
