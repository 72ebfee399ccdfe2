/*
 * pattern - PCRE2 regular expressions with bounds on what a match may cost.
 *
 * Patterns ignore case and read the subject as UTF-8; bytes that are not UTF-8 match nothing and
 * are no error. A match that exceeds its limits (a pattern that blows up on hostile text) is an
 * outcome of its own, so that the caller can say so instead of taking it for "no".
 */
#ifndef PATTERN_H
#define PATTERN_H

#include "err.h"
#include "span.h"

struct pattern;

/* NULL and words with the offset when the expression is wrong. */
struct pattern *pattern_new(const char *expression, struct err *err);
void pattern_free(struct pattern **pattern);
const char *pattern_text(const struct pattern *pattern);

/* 1 it matches, 0 it does not, -1 it hit a limit. Not for use by two threads at once. */
int pattern_match(const struct pattern *pattern, struct span subject);

/* What the named group took in the last match that returned 1; empty if it took no part. Points
 * into that match's subject. */
struct span pattern_group(const struct pattern *pattern, const char *name);

#endif
