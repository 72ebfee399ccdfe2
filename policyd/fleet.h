/*
 * fleet - figures of the whole fleet, which stand in Redis: read every FLEET_EVERY_S while somebody
 * wants them, and for FLEET_WATCHED_S after that. Nobody waits for a reading.
 */
#ifndef FLEET_H
#define FLEET_H

#include "engine.h"
#include "store_fleet.h"

enum { FLEET_EVERY_S = 15, FLEET_WATCHED_S = 600, FLEET_STALE_S = 120 };

struct fleet;

struct fleet *fleet_new(struct engine *engine);
void fleet_free(struct fleet **fleet);

/* Somebody wants them: they are read from now on, the first time at once. */
void fleet_watch(struct fleet *fleet);
/* As read last; NULL: never, or more than FLEET_STALE_S ago. Good until the event loop runs on. */
const struct store_fleet *fleet_figures(const struct fleet *fleet);
/* Seconds since they were read; -1: they never were. */
int64_t fleet_age_s(const struct fleet *fleet);

#endif
