/*
 * rules_version - the version that a rules file says it has: "2026112201", a day and a number within
 * it. Later ones are greater, as texts too.
 */
#ifndef RULES_VERSION_H
#define RULES_VERSION_H

#include <stdint.h>

#include "err.h"
#include "rules_place.h"

/* 0:00 of its day, UTC, as Unix time. -1: not ten digits, of which the first eight are a day from the
 * year 2000 on. */
int64_t rules_version_day_s(struct span text);

/* What is wrong with one that is none; a format with its text. */
#define RULES_VERSION_WORDS "\"%s\" is no version such as \"2026112201\": a day and two digits"

/* Whether rules of that version may be signed, or taken from others, at that time: not if their day
 * comes later than tomorrow, for they would keep all others out until then. -1 and words. */
int rules_version_check(const char *version, int64_t now_s, struct err *err);

/* The `version` of a rules file; "": it has none, or cannot be read. */
void rules_version_load(const char *path, char version[RULES_VERSION_SIZE]);

#endif
