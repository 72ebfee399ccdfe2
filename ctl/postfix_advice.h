/*
 * postfix_advice - what speaks against a plan, and what its operator should know. Pure.
 */
#ifndef POSTFIX_ADVICE_H
#define POSTFIX_ADVICE_H

#include "postfix_plan.h"

/* Adds to the plan's doubts, notes and proposed timers. map: NULL if there is none. */
void postfix_advice_add(struct arena *arena, const struct settings *settings,
    const struct postfix_site *site, const char *map, struct postfix_plan *plan);

#endif
