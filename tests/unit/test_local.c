/* local: the parts of a fleet's limits while Redis is away. */
#include "check.h"

#include "local.h"

static void
shares_add_up(void **state)
{
	(void)state;
	for (int64_t limit = 0; limit < 50; limit++)
		for (unsigned nodes = 1; nodes < 9; nodes++) {
			int64_t sum = 0;

			for (unsigned rank = 0; rank < nodes; rank++)
				sum += local_share(limit, &(struct local_fleet){ nodes, rank });
			assert_int_equal(sum, limit);
		}
}

static const struct cap_row {
	const char *label;
	int64_t limit, period_ms, had, away_ms;
	struct local_fleet fleet;
	int64_t cap;
} cap_rows[] = {
	{ "alone has all of it at once", 6, 0, 0, 0, { 1, 0 }, 6 },
	{ "at first what it had: nothing", 6, 0, 0, 0, { 3, 0 }, 0 },
	{ "at first what it had: all", 6, 0, 6, 59999, { 3, 0 }, 6 },
	{ "then its share", 6, 0, 6, 60000, { 3, 0 }, 2 },
	{ "who had less waits until the others' are gone", 6, 0, 0, 60000, { 3, 1 }, 0 },
	{ "and has its share after that", 6, 0, 0, 120000, { 3, 1 }, 2 },
	{ "a short period is over sooner", 40, 10000, 0, 69999, { 2, 0 }, 0 },
	{ "and then it is a share", 40, 10000, 0, 70000, { 2, 0 }, 20 },
	{ "fewer connections than nodes: the last has none", 2, 0, 0, 120000, { 3, 2 }, 0 },
	{ "and the first has one", 2, 0, 0, 120000, { 3, 0 }, 1 },
};

static void
caps(void **state)
{
	const struct cap_row *row = *state;

	assert_int_equal(local_cap(row->limit, row->period_ms, row->had, row->away_ms, &row->fleet),
	    row->cap);
}

/* Whatever each had, as long as that was within the limit: the sum of the caps stays within it. */
static void
never_above(void **state)
{
	(void)state;
	for (int64_t a = 0; a <= 7; a++)
		for (int64_t b = 0; a + b <= 7; b++)
			for (int64_t away_ms = 0; away_ms < 200000; away_ms += 5000) {
				int64_t had[3] = { a, b, 7 - a - b }, sum = 0;

				for (unsigned rank = 0; rank < 3; rank++)
					sum += local_cap(7, 0, had[rank], away_ms,
					    &(struct local_fleet){ 3, rank });
				assert_true(sum <= 7);
			}
}

int
main(void)
{
	struct check_list list = { 0 };

	CHECK(&list, shares_add_up);
	CHECK_ROWS(&list, caps, cap_rows);
	CHECK(&list, never_above);
	return check_run(&list, "local");
}
