/*
 * limit - "so many messages in any period of such a length", and the ring that counts it.
 */
#ifndef LIMIT_H
#define LIMIT_H

#include <stdint.h>

#include "duration.h"
#include "err.h"

struct limit {
	int64_t count; /* messages, at least 1 */
	int64_t period_ms;
	int64_t width_ms;           /* of a bucket: period / 64, at least 50 ms */
	int64_t buckets;            /* counted at once: those of a period and the current one */
	char period[DURATION_SIZE]; /* "1h": in keys and words */
};

enum { LIMIT_TEXT_SIZE = 64 };

/* "20/10s". Periods from 1 s to 31 d. */
int limit_parse(struct span text, struct limit *limit, struct err *err);
void limit_set(struct limit *limit, int64_t count, int64_t period_ms);
const char *limit_format(const struct limit *limit, char buf[LIMIT_TEXT_SIZE]);

#endif
