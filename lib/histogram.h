/*
 * histogram - how long something took: a count for each of a few fixed steps, and the sum; what
 * Prometheus calls a classic histogram. One comparison a step and two additions an observation.
 */
#ifndef HISTOGRAM_H
#define HISTOGRAM_H

#include <stdint.h>

enum { HISTOGRAM_STEPS = 20 };

/* Upper bounds in microseconds, rising, each included: 250 us to 10 min. */
extern const int64_t histogram_steps_us[HISTOGRAM_STEPS];

struct histogram {                            /* { 0 } is empty */
	uint64_t counts[HISTOGRAM_STEPS + 1]; /* of each step alone; the last: beyond all */
	uint64_t sum_us;
};

/* A negative time (a clock that went back) counts as none. */
void histogram_observe(struct histogram *histogram, int64_t us);
uint64_t histogram_count(const struct histogram *histogram);

#endif
