/* promptness: who is worth waiting for awake, by how long answers took so far. */
#include "check.h"

#include "promptness.h"

static const struct row {
	const char *label;
	struct {
		unsigned times;
		int64_t took_us;
	} learnt[3];
	int64_t waited_us;
	bool want;
} rows[] = {
	{ "nobody has answered yet", { { 0, 0 } }, 0, true },
	{ "just within the time", { { 0, 0 } }, PROMPT_US - 1, true },
	{ "for no longer than that", { { 0, 0 } }, PROMPT_US, false },
	{ "answers are quick", { { 100, 60 } }, 100, true },
	{ "answers take longer", { { 100, 300 } }, 0, false },
	{ "one that did is quicker now", { { 100, 300 }, { 100, 60 } }, 0, true },
	{ "quick but for a stall", { { 100, 60 }, { 1, 5000000 } }, 0, true },
	{ "stalls again and again", { { 100, 60 }, { 3, 5000000 } }, 0, false },
	{ "stalls that are over", { { 100, 60 }, { 3, 5000000 }, { 10, 60 } }, 0, true },
	{ "a clock that went back", { { 1, -5 } }, 0, true },
};

static void
awaits(void **state)
{
	const struct row *row = *state;
	struct promptness promptness = { 0 };

	for (size_t i = 0; i < COUNT(row->learnt); i++)
		for (unsigned n = 0; n < row->learnt[i].times; n++)
			promptness_learn(&promptness, row->learnt[i].took_us);
	assert_int_equal(promptness_awaits(&promptness, row->waited_us), row->want);
}

int
main(void)
{
	struct check_list list = { 0 };

	CHECK_ROWS(&list, awaits, rows);
	return check_run(&list, "promptness");
}
