#include "histogram.h"

#include <stddef.h>

const int64_t histogram_steps_us[HISTOGRAM_STEPS] = {
	250,
	500,
	1000,
	2500,
	5000,
	10000,
	25000,
	50000,
	100000,
	250000,
	500000,
	1000000,
	2500000,
	5000000,
	10000000,
	30000000,
	60000000,
	120000000,
	300000000,
	600000000,
};

void
histogram_observe(struct histogram *histogram, int64_t us)
{
	size_t step = 0;

	if (us < 0)
		us = 0;
	while (step < HISTOGRAM_STEPS && us > histogram_steps_us[step])
		step++;
	histogram->counts[step]++;
	histogram->sum_us += (uint64_t)us;
}

uint64_t
histogram_count(const struct histogram *histogram)
{
	uint64_t count = 0;

	for (size_t i = 0; i <= HISTOGRAM_STEPS; i++)
		count += histogram->counts[i];
	return count;
}
