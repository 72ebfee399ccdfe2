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
#include "pack.h"
#include "span.h"

struct pattern;

/* NULL and words with the offset when the expression is wrong. */
struct pattern *pattern_new(const char *expression, struct err *err);
void pattern_free(struct pattern **pattern);
const char *pattern_text(const struct pattern *pattern);

/* 1 it matches, 0 it does not, -1 it hit a limit, or there is no memory. Patterns are for one thread. */
int pattern_match(const struct pattern *pattern, struct span subject);

/* What the named group took in the last match that returned 1; empty if it took no part. Points
 * into that match's subject. */
struct span pattern_group(const struct pattern *pattern, const char *name);

/* All that the last match that returned 1 took, likewise. */
struct span pattern_found(const struct pattern *pattern);

/* A compiled pattern as bytes, and back: cheaper than compiling it. What is read back must have been
 * written by a PCRE2 of the same pattern_version on this machine, and nobody else: the bytes are
 * trusted, but for damage. NULL: they are not a pattern's. The bytes stay where they were read, and
 * are looked at when the pattern is first matched. */
void pattern_pack(const struct pattern *pattern, struct str *out);
struct pattern *pattern_unpack(struct unpack *in);
enum { PATTERN_VERSION_SIZE = 64 };
const char *pattern_version(char buf[PATTERN_VERSION_SIZE]);

#endif
