/*
 * bounce_rules_check - what loading does not prove of bounce rules: that their samples come to them,
 * types go with reasons, codes exist, and no pattern can blow up. Used by `mxctl rules check`, and
 * before rules are installed.
 */
#ifndef BOUNCE_RULES_CHECK_H
#define BOUNCE_RULES_CHECK_H

#include "bounce_rules.h"
#include "findings.h"

/* Every sample must come to its rule before any other (or only match it, if the rule is
 * `shadowed`), no not_sample may match it. Adds what is wrong; returns how many mistakes. */
unsigned bounce_rules_check(const struct bounce_rules *rules, struct findings *findings);

/* The same of files, loading included; local as in bounce_rules_load. */
unsigned bounce_rules_check_files(const char *path, const char *local, struct findings *findings);

#endif
