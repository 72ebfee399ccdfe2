/*
 * hist - how often which value came, in constant space and time.
 *
 * Every power of two is cut into 128 equal buckets, and a bucket stands for its middle: a quantile
 * is at most 0.4 % from the true one. The maximum and the sum are exact. For policyload alone, so
 * the code stands here too.
 */
#ifndef HIST_H
#define HIST_H

#include <stdint.h>

#define HIST_BITS    7
#define HIST_CUTS    (1u << HIST_BITS)
#define HIST_BUCKETS ((64 - HIST_BITS + 1) * HIST_CUTS)

struct hist {
	uint64_t count[HIST_BUCKETS];
	uint64_t total;
	uint64_t sum;
	uint64_t max;
};

static inline unsigned
hist_bucket(uint64_t value)
{
	unsigned shift;

	if (value < HIST_CUTS)
		return (unsigned)value;
	shift = 63u - (unsigned)__builtin_clzll(value) - HIST_BITS;
	return (shift + 1) * HIST_CUTS + (unsigned)((value >> shift) - HIST_CUTS);
}

static inline uint64_t
hist_middle(unsigned bucket)
{
	unsigned shift;

	if (bucket < 2 * HIST_CUTS)
		return bucket;
	shift = bucket / HIST_CUTS - 1;
	return ((uint64_t)(HIST_CUTS + bucket % HIST_CUTS) << shift) + (UINT64_C(1) << (shift - 1));
}

static inline void
hist_add(struct hist *hist, uint64_t value)
{
	hist->count[hist_bucket(value)]++;
	hist->total++;
	hist->sum += value;
	if (value > hist->max)
		hist->max = value;
}

/* The value which `per_mille` of all values do not exceed. */
static inline uint64_t
hist_quantile(const struct hist *hist, unsigned per_mille)
{
	uint64_t rank = (hist->total * per_mille + 999) / 1000, seen = 0;

	for (unsigned i = 0; i < HIST_BUCKETS; i++) {
		seen += hist->count[i];
		if (seen >= rank && seen > 0)
			return hist_middle(i) < hist->max ? hist_middle(i) : hist->max;
	}
	return hist->max;
}

#endif
