#include "check.h"
#include "intake.h"

enum { MINUTE = 60000 };

static void
enters_and_leaves(void **state)
{
	struct intake intake = { 0 };

	(void)state;
	assert_int_equal(intake_inside(&intake, 5), 0);
	intake_leave(&intake, 5); /* nothing to leave */
	assert_int_equal(intake_inside(&intake, 5), 0);
	for (int i = 0; i < 10; i++)
		intake_enter(&intake, 1000000000);
	assert_int_equal(intake_inside(&intake, 1000000000), 10);
	for (int i = 0; i < 12; i++)
		intake_leave(&intake, 1000000000);
	assert_int_equal(intake_inside(&intake, 1000000000), 0);
}

static void
forgets(void **state)
{
	struct intake intake = { 0 };
	int64_t now_ms = 77 * MINUTE;

	(void)state;
	intake_enter(&intake, now_ms);
	intake_enter(&intake, now_ms + 5 * MINUTE);
	assert_int_equal(intake_inside(&intake, now_ms + 15 * MINUTE), 2);
	assert_int_equal(intake_inside(&intake, now_ms + 16 * MINUTE), 1);
	assert_int_equal(intake_inside(&intake, now_ms + 20 * MINUTE), 1);
	assert_int_equal(intake_inside(&intake, now_ms + 21 * MINUTE), 0);
	intake_enter(&intake, now_ms + 21 * MINUTE);
	assert_int_equal(intake_inside(&intake, now_ms + 10000 * MINUTE), 0);
	assert_int_equal(INTAKE_FORGET_S, 16 * 60);
}

/* What leaves was the oldest: the younger are forgotten later. */
static void
lets_the_oldest_out(void **state)
{
	struct intake intake = { 0 };

	(void)state;
	intake_enter(&intake, 0);
	intake_enter(&intake, 10 * MINUTE);
	intake_leave(&intake, 10 * MINUTE);
	assert_int_equal(intake_inside(&intake, 17 * MINUTE), 1);
	assert_int_equal(intake_inside(&intake, 26 * MINUTE), 0);
}

/* However it comes and goes, the sum is that of the slices, and never negative. */
static void
keeps_its_sum(void **state)
{
	struct intake intake = { 0 };
	unsigned random = 12345;
	int64_t now_ms = 0;

	(void)state;
	for (int i = 0; i < 100000; i++) {
		int64_t sum = 0;

		random = random * 1103515245 + 12345;
		now_ms += (random >> 16) % 5000;
		if ((random >> 8) % 2 == 0)
			intake_enter(&intake, now_ms);
		else
			intake_leave(&intake, now_ms);
		for (int slice = 0; slice < INTAKE_SLICES; slice++) {
			assert_true(intake.slices[slice] >= 0);
			sum += intake.slices[slice];
		}
		assert_int_equal(intake_inside(&intake, now_ms), sum);
	}
}

static void
is_behind(void **state)
{
	struct intake intake = { 0 };

	(void)state;
	assert_false(intake_is_behind(&intake, 0, 10));
	assert_true(intake_is_behind(&intake, 1, 10));
	intake_refuse(&intake, 1000);
	intake_refuse(&intake, 2000);
	assert_int_equal(intake.refused, 2);
	assert_true(intake_is_behind(&intake, 0, 2000 + INTAKE_BEHIND_MS - 1));
	assert_false(intake_is_behind(&intake, 0, 2000 + INTAKE_BEHIND_MS));
	intake_refuse(&intake, 2000 + INTAKE_BEHIND_MS);
	assert_int_equal(intake.refused, 1);
}

static const struct allow_row {
	const char *label;
	struct intake_facts facts; /* inside, per minute, horizon, behind: inside, groups, max */
	int64_t want;
} allow_rows[] = {
	{ "what it sends in the horizon", { 0, 100, 600, 0, 1, 5000 }, 1000 },
	{ "whatever is inside already", { 700, 100, 600, 700, 1, 5000 }, 1000 },
	{ "a slow one has the least", { 0, 0.5, 600, 0, 1, 5000 }, INTAKE_MIN },
	{ "one that sends nothing too", { 0, 0, 600, 0, 1, 5000 }, INTAKE_MIN },
	{ "a fast one has its share", { 0, 10000, 600, 0, 1, 5000 }, 5000 },
	{ "without a limit: its share", { 0, -1, 600, 0, 1, 5000 }, 5000 },
	{ "without a limit, of several", { 0, -1, 600, 0, 4, 5000 }, 1250 },
	{ "without a limit, what there is", { 10, -1, 600, 4910, 2, 5000 }, 100 },
	{ "its share of several", { 0, 300, 600, 0, 10, 5000 }, 500 },
	{ "a minute of it beyond its share", { 0, 900, 600, 0, 10, 5000 }, 900 },
	{ "a minute of it as far as there is room", { 100, 900, 600, 4700, 10, 5000 }, 400 },
	{ "its share as far as there is room", { 0, 100, 600, 4990, 2, 5000 }, 10 },
	{ "one when all is used up", { 0, 100, 600, 5000, 2, 5000 }, 1 },
	{ "one when more than all is", { 0, 100, 600, 9000, 2, 5000 }, 1 },
	{ "a hog keeps what it has and no more", { 5000, 100, 600, 5000, 2, 5000 }, 1000 },
	{ "a thousand of them", { 0, 1, 600, 0, 1000, 5000 }, INTAKE_MIN },
	{ "a thousand of them, all used up", { 3, 1, 600, 5000, 1000, 5000 }, 3 },
	{ "nobody counted", { 0, 100, 600, 0, 0, 5000 }, 1000 },
	{ "no room at all", { 0, 100, 600, 0, 1, 0 }, 1 },
	{ "absurdly fast", { 0, 1e300, 600, 0, 1, 5000 }, 5000 },
};

static void
allows(void **state)
{
	const struct allow_row *row = *state;

	assert_int_equal(intake_allowed(&row->facts), row->want);
}

/* A thousand groups that are all behind stay, together, within the quarter, but for one each. */
static void
stays_within_the_quarter(void **state)
{
	enum { GROUPS = 1000, MAX = 5000 };
	int64_t inside[GROUPS] = { 0 }, total = 0;

	(void)state;
	for (int round = 0; round < 50; round++)
		for (int i = 0; i < GROUPS; i++) {
			struct intake_facts facts = { inside[i], i % 10 == 0 ? -1 : i, 600, total,
				GROUPS, MAX };

			if (inside[i] < intake_allowed(&facts)) {
				inside[i]++;
				total++;
			}
		}
	assert_true(total >= MAX);
	assert_true(total <= MAX + GROUPS);
}

int
main(void)
{
	struct check_list list = { 0 };

	CHECK(&list, enters_and_leaves);
	CHECK(&list, forgets);
	CHECK(&list, lets_the_oldest_out);
	CHECK(&list, keeps_its_sum);
	CHECK(&list, is_behind);
	CHECK_ROWS(&list, allows, allow_rows);
	CHECK(&list, stays_within_the_quarter);
	return check_run(&list, "intake");
}
