/* histogram: what falls into which step. */
#include "check.h"

#include "histogram.h"

static const struct row {
	const char *label;
	int64_t us;
	size_t step;
	uint64_t sum_us;
} rows[] = {
	{ "nothing", 0, 0, 0 },
	{ "a clock that went back", -5, 0, 0 },
	{ "a step's bound is in it", 250, 0, 250 },
	{ "just beyond", 251, 1, 251 },
	{ "a second", 1000000, 11, 1000000 },
	{ "the last step", 600000000, HISTOGRAM_STEPS - 1, 600000000 },
	{ "beyond all steps", 600000001, HISTOGRAM_STEPS, 600000001 },
	{ "a very long time", INT64_MAX, HISTOGRAM_STEPS, INT64_MAX },
};

static void
counts(void **state)
{
	const struct row *row = *state;
	struct histogram histogram = { { 0 }, 0 };

	histogram_observe(&histogram, row->us);
	for (size_t i = 0; i <= HISTOGRAM_STEPS; i++)
		assert_int_equal(histogram.counts[i], i == row->step);
	assert_int_equal(histogram.sum_us, row->sum_us);
	assert_int_equal(histogram_count(&histogram), 1);
}

static void
steps_rise(void **state)
{
	(void)state;
	for (size_t i = 1; i < HISTOGRAM_STEPS; i++)
		assert_true(histogram_steps_us[i - 1] < histogram_steps_us[i]);
}

static void
adds_up(void **state)
{
	struct histogram histogram = { { 0 }, 0 };

	(void)state;
	for (int64_t us = 1; us <= 1000; us++)
		histogram_observe(&histogram, us * 1000);
	assert_int_equal(histogram_count(&histogram), 1000);
	assert_int_equal(histogram.sum_us, 500500000);
}

int
main(void)
{
	struct check_list list = { 0 };

	CHECK_ROWS(&list, counts, rows);
	CHECK(&list, steps_rise);
	CHECK(&list, adds_up);
	return check_run(&list, "histogram");
}
