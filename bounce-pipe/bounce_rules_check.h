/*
 * bounce_rules_check - proves that the rules of a file do what their samples say.
 */
#ifndef BOUNCE_RULES_CHECK_H
#define BOUNCE_RULES_CHECK_H

#include "bounce_rules.h"
#include "conf.h"

/* Every sample must come to its rule before any other (or only match it, if the rule is
 * `shadowed`), every not_sample must not match it. -1 and one line each, as file:line, in errors.
 */
int bounce_rules_check(const struct bounce_rules *rules, struct conf_errors *errors);

#endif
