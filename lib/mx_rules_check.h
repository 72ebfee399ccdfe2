/*
 * mx_rules_check - what loading does not prove of MX rules: that their samples come out where they
 * should, no rule is in another's shadow, limits do not contradict each other, and no pattern can
 * blow up. Used by `mxctl rules check`, mxpolicyd -t, and before rules are installed.
 */
#ifndef MX_RULES_CHECK_H
#define MX_RULES_CHECK_H

#include "findings.h"
#include "mx_rules.h"

/* Adds what is wrong; returns how many mistakes. */
unsigned mx_rules_check(const struct mx_rules *rules, struct findings *findings);

/* The same of files, loading included; local as in mx_rules_load. */
unsigned mx_rules_check_files(const char *path, const char *local, struct findings *findings);

/* For mx_rules_check: the limits of one rule. */
void mx_rules_check_limits(const struct mx_rule *rule, struct findings *findings);

#endif
