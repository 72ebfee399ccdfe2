/*
 * rules_version - the version that a rules file says it has: "2026112201", a day and a number within
 * it. Later ones are greater, as texts too.
 */
#ifndef RULES_VERSION_H
#define RULES_VERSION_H

#include <stdbool.h>

#include "span.h"

/* Ten digits, of which the first eight can be a day. */
bool rules_version_is_day(struct span text);

/* What is wrong with one that is none; a format with its text. */
#define RULES_VERSION_WORDS "\"%s\" is no version such as \"2026112201\": a day and two digits"

#endif
