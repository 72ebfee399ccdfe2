/*
 * clock - the node's clocks. Counters in Redis go by Redis TIME, never by these.
 */
#ifndef CLOCK_H
#define CLOCK_H

#include <stdint.h>

int64_t clock_monotonic_ms(void); /* for deadlines and durations */
int64_t clock_monotonic_us(void);
int64_t clock_wall_s(void); /* Unix time, for what people read */

enum { CLOCK_DATE_SIZE = sizeof("2026-11-22T03:20:53Z") };

/* "2026-11-22T03:20:53Z" (UTC); returns buf. */
const char *clock_format(int64_t wall_s, char buf[CLOCK_DATE_SIZE]);

#endif
