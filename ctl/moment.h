/*
 * moment - points in time as operators and files write them, all in UTC.
 */
#ifndef MOMENT_H
#define MOMENT_H

#include <stdint.h>

#include "span.h"

/* "2026-11-22", "2026-11-22 08:00", "2026-11-22T08:00:30Z" or Unix time: as Unix time. -1: none. */
int64_t moment_parse(struct span text);
/* The same, or "6h": so long before now_s. */
int64_t moment_parse_ago(struct span text, int64_t now_s);

#endif
