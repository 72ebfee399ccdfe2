/*
 * metrics_fleet - what stands in Redis about the whole fleet, for Prometheus: the same on every
 * node, so that one takes the greatest of them, never their sum.
 */
#ifndef METRICS_FLEET_H
#define METRICS_FLEET_H

#include "fleet.h"
#include "str.h"

/* figures NULL: none are known, and none are told but age_s (-1: they never were read). */
void metrics_fleet_format(const struct store_fleet *figures, int64_t age_s, struct str *out);

#endif
