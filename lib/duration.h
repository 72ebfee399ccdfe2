/*
 * duration - spans of time as people write them: "500ms", "60s", "5m", "1h", "10d", "2w".
 */
#ifndef DURATION_H
#define DURATION_H

#include <stdint.h>

#include "span.h"

enum { DURATION_SIZE = 40 };

/* Milliseconds, at most 10 years; -1 when it is no duration. A unit is required unless 0. */
int64_t duration_parse(struct span text);

/* The largest unit that loses nothing: 3600000 -> "1h", 90000 -> "90s", 250 -> "250ms". */
const char *duration_format(int64_t ms, char buf[DURATION_SIZE]);

/* For a reader who waits: rounded up to whole seconds, two units at most: "7s", "1m30s", "2h5m". */
const char *duration_format_wait(int64_t ms, char buf[DURATION_SIZE]);

#endif
