/* What looks like an outage, row by row. */
#include "check.h"
#include "guard.h"

static const struct guard_policy policy = { 600000, 5, 20, 50, 3600000 };

#define NOW INT64_C(1795348800000)
#define RUN(errors, span_ms) \
	.now_ms = NOW, .run = (errors), .begun_ms = NOW - (span_ms), .score_milli = (errors)*1000

static const struct far_row {
	const char *label;
	struct guard_figures figures;
	bool far;
} far_rows[] = {
	{ "nothing", { .now_ms = NOW }, false },
	{ "outcomes: refused in a row",
	    { RUN(20, 100), .outcomes = 1, .excess_milli = 20000, .tried = 200000 }, true },
	{ "outcomes: one fewer", { RUN(19, 100), .outcomes = 1, .excess_milli = 20000 }, false },
	{ "outcomes: deliveries between them",
	    { RUN(60, 100), .outcomes = 1, .excess_milli = 19999, .tried = 60 }, false },
	{ "errors of other groups between them",
	    { .now_ms = NOW,
		.run = 300,
		.begun_ms = NOW - 1000,
		.score_milli = 19000,
		.outcomes = 1,
		.excess_milli = 300000 },
	    false },
	{ "let through: half of it fails",
	    { RUN(25, 200), .tried = 12000, .tried_lately = 12000, .lately_ms = 60000,
		.counted = 80, .counted_lately = 80, .usual_tried = 100000, .usual = 500 },
	    true },
	{ "let through: too slow for half of it",
	    { RUN(25, 400), .tried = 12000, .tried_lately = 12000, .lately_ms = 60000,
		.counted = 80, .counted_lately = 80, .usual_tried = 100000, .usual = 500 },
	    false },
	{ "let through: so many are usual",
	    { RUN(25, 200), .tried = 12000, .tried_lately = 12000, .lately_ms = 60000,
		.counted = 80, .counted_lately = 80, .usual_tried = 100000, .usual = 1000 },
	    false },
	{ "let through: nothing usual yet, up to a twentieth is none",
	    { RUN(20, 200), .tried = 1000, .tried_lately = 1000, .lately_ms = 60000, .counted = 49,
		.counted_lately = 49 },
	    false },
	{ "let through: half of the window, however slow",
	    { RUN(50, 60000), .tried = 100, .tried_lately = 20, .lately_ms = 60000, .counted = 50,
		.counted_lately = 10 },
	    true },
	{ "unknown: half as many more", { RUN(30, 150), .counted = 30 }, true },
	{ "unknown: one fewer", { RUN(29, 150), .counted = 29 }, false },
	{ "unknown: five times as fast as usual",
	    { RUN(30, 6000), .usual = 600, .usual_minutes = 10 }, true },
	{ "unknown: not five times as fast", { RUN(30, 6001), .usual = 600, .usual_minutes = 10 },
	    false },
};

static void
is_far(void **state)
{
	const struct far_row *row = *state;

	assert_int_equal(guard_is_far(&policy, &row->figures), row->far);
}

static void
is_off(void **state)
{
	const struct guard_policy off = { 600000, 5, 0, 50, 3600000 };

	(void)state;
	assert_false(guard_is_far(&off, &far_rows[1].figures));
}

static const struct step_row {
	const char *label;
	struct guard_figures figures;
	enum guard_step step;
} step_rows[] = {
	{ "far", { RUN(20, 1), .outcomes = 1, .excess_milli = 20000 }, GUARD_TRIP },
	{ "far again after it was quiet",
	    { RUN(20, 1), .state = GUARD_QUIET, .outcomes = 1, .excess_milli = 20000 },
	    GUARD_TRIP },
	{ "far, but confirmed",
	    { RUN(20, 1), .excused_s = NOW / 1000 + 1, .outcomes = 1, .excess_milli = 20000 },
	    GUARD_STAY },
	{ "holds, noted just now",
	    { RUN(20, 1), .state = GUARD_HELD, .far_s = NOW / 1000 - 9, .outcomes = 1,
		.excess_milli = 20000 },
	    GUARD_STAY },
	{ "holds",
	    { RUN(20, 1), .state = GUARD_HELD, .far_s = NOW / 1000 - 10, .outcomes = 1,
		.excess_milli = 20000 },
	    GUARD_GO_ON },
	{ "holds, usual for less than quiet",
	    { RUN(1, 1), .state = GUARD_HELD, .far_s = NOW / 1000 - 3599 }, GUARD_STAY },
	{ "holds, usual for so long",
	    { RUN(1, 1), .state = GUARD_HELD, .far_s = NOW / 1000 - 3600 }, GUARD_QUIETEN },
	{ "usual", { RUN(1, 1) }, GUARD_STAY },
};

static void
judges(void **state)
{
	const struct step_row *row = *state;

	assert_int_equal(guard_judge(&policy, &row->figures), row->step);
}

int
main(void)
{
	struct check_list list = { 0 };

	CHECK_ROWS(&list, is_far, far_rows);
	CHECK(&list, is_off);
	CHECK_ROWS(&list, judges, step_rows);
	return check_run(&list, "guard");
}
