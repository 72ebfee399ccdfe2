/* What a day's figures make of a warm-up, row by row; its texts; how far there is to go. */
#include "check.h"
#include "warmup_state.h"

enum { TODAY = 20779 }; /* 2026-11-22 */

static const struct warmup_stage stages[] = {
	{ 2, 50, LEVEL_SLOW },
	{ 1, 100, LEVEL_SLOW },
	{ 3, 1000, LEVEL_NORMAL },
};
static const struct warmup_plan plan = { "standard", stages, 3 };
static const struct warmup_policy policy = { 50, 90, 80, 3, WARMUP_POOL };

/* -- a day --------------------------------------------------------------------------------------- */

#define OVER .day = TODAY, .over = true

static const struct judge_row {
	const char *label;
	struct warmup_state before;
	struct warmup_day day;
	enum warmup_verdict verdict;
	size_t stage;
	int64_t good;
	const char *words;
} judge_rows[] = {
	{ "a holiday", { .stage = 2 }, { OVER }, WARMUP_NO_MAIL, 2, 0, "no mail" },
	{ "a holiday keeps what counted", { .stage = 1, .good = 1 }, { OVER }, WARMUP_NO_MAIL, 1, 1,
	    "no mail" },
	{ "only our own denials", { .stage = 2 }, { OVER, .deferred = 9, .greylisted = 9 },
	    WARMUP_NO_MAIL, 2, 0, "no mail" },
	{ "too little", { .stage = 1 }, { OVER, .delivered = 24 }, WARMUP_LITTLE, 1, 0,
	    "24 delivered, less than 50% of the cap of 50" },
	{ "just enough", { .stage = 1 }, { OVER, .delivered = 25 }, WARMUP_COUNTED, 1, 1,
	    "25 delivered, 100% accepted" },
	{ "the last day of a stage", { .stage = 1, .good = 1 }, { OVER, .delivered = 50 },
	    WARMUP_UP, 2, 0, "50 delivered, 100% accepted" },
	{ "exactly 90 percent", { .stage = 2 }, { OVER, .delivered = 90, .bounced = 10 }, WARMUP_UP,
	    3, 0, "90 delivered, 90% accepted" },
	{ "a hair less", { .stage = 2 }, { OVER, .delivered = 899, .bounced = 101 }, WARMUP_HELD, 2,
	    0, "89% of 1000 accepted, less than 90%" },
	{ "held keeps what counted", { .stage = 3, .good = 2 },
	    { OVER, .delivered = 850, .bounced = 150 }, WARMUP_HELD, 3, 2,
	    "85% of 1000 accepted, less than 90%" },
	{ "exactly 80 percent", { .stage = 2 }, { OVER, .delivered = 80, .deferred = 20 },
	    WARMUP_HELD, 2, 0, "80% of 100 accepted, less than 90%" },
	{ "below 80 percent", { .stage = 2 }, { OVER, .delivered = 79, .deferred = 21 },
	    WARMUP_DOWN, 1, 0, "79% of 100 accepted, less than 80%" },
	{ "greylisting does not count", { .stage = 2 },
	    { OVER, .delivered = 90, .deferred = 100, .greylisted = 100 }, WARMUP_UP, 3, 0,
	    "90 delivered, 100% accepted" },
	{ "refused, but hardly any", { .stage = 2 }, { OVER, .delivered = 9, .bounced = 10 },
	    WARMUP_LITTLE, 2, 0, "9 delivered, less than 50% of the cap of 100" },
	{ "refused, and little", { .stage = 2 }, { OVER, .delivered = 9, .bounced = 11 },
	    WARMUP_DOWN, 1, 0, "45% of 20 accepted, less than 80%" },
	{ "all refused", { .stage = 3, .good = 2 }, { OVER, .deferred = 500 }, WARMUP_DOWN, 2, 0,
	    "0% of 500 accepted, less than 80%" },
	{ "below the first stage is none", { .stage = 1, .good = 1 }, { OVER, .bounced = 50 },
	    WARMUP_HELD, 1, 0, "0% of 50 accepted, less than 80%" },
	{ "a backoff", { .stage = 3 }, { OVER, .delivered = 1000, .backoffs = 1 }, WARMUP_DOWN, 2,
	    0, "1 backoff" },
	{ "a backoff of today", { .stage = 3 }, { .day = TODAY, .delivered = 3, .backoffs = 2 },
	    WARMUP_DOWN, 2, 0, "2 backoffs" },
	{ "a backoff at the first stage", { .stage = 1, .good = 1 }, { OVER, .backoffs = 1 },
	    WARMUP_HELD, 1, 0, "1 backoff" },
	{ "complaints", { .stage = 3 }, { OVER, .delivered = 999, .complaints = 3 }, WARMUP_HELD, 3,
	    0, "3 complaints about 999 delivered, more than 3 of 1000" },
	{ "as many complaints as may be", { .stage = 3 },
	    { OVER, .delivered = 1000, .complaints = 3 }, WARMUP_COUNTED, 3, 1,
	    "1000 delivered, 100% accepted" },
	{ "two complaints tell nothing", { .stage = 2 }, { OVER, .delivered = 50, .complaints = 2 },
	    WARMUP_UP, 3, 0, "50 delivered, 100% accepted" },
	{ "the end", { .stage = 3, .good = 2 }, { OVER, .delivered = 1000 }, WARMUP_FINISHED, 3, 0,
	    "1000 delivered, 100% accepted" },
	{ "the plan has become shorter", { .stage = 9, .good = 0 }, { OVER, .delivered = 1000 },
	    WARMUP_COUNTED, 3, 1, "1000 delivered, 100% accepted" },
	{ "a stage has become shorter", { .stage = 1, .good = 7 }, { OVER, .delivered = 50 },
	    WARMUP_UP, 2, 0, "50 delivered, 100% accepted" },
	{ "no stage at all", { .stage = 0 }, { OVER, .delivered = 50 }, WARMUP_COUNTED, 1, 1,
	    "50 delivered, 100% accepted" },
};

static void
judges(void **state)
{
	const struct judge_row *row = *state;
	struct warmup_state after = row->before;
	struct warmup_judgement judgement;

	after.since = TODAY - 5;
	assert_true(warmup_judge(&plan, &policy, &row->day, &after, &judgement));
	assert_string_equal(warmup_verdict_name(judgement.verdict),
	    warmup_verdict_name(row->verdict));
	assert_int_equal(after.stage, row->stage);
	assert_int_equal(after.good, row->good);
	assert_int_equal(after.day, TODAY);
	assert_int_equal(after.done, row->verdict == WARMUP_FINISHED);
	assert_string_equal(judgement.words, row->words);
	assert_int_equal(after.since, row->verdict == WARMUP_UP || row->verdict == WARMUP_DOWN ||
					      row->verdict == WARMUP_FINISHED
					  ? TODAY + 1
					  : TODAY - 5);
}

static void
leaves_alone(void **state)
{
	const struct warmup_day good = { .day = TODAY, .delivered = 50 };
	const struct warmup_day bad = { OVER, .delivered = 50, .backoffs = 1 };
	struct warmup_state open = { .stage = 1, .good = 1, .day = TODAY - 1 };
	struct warmup_state done = { .stage = 3, .day = TODAY - 1, .done = true };
	struct warmup_judgement judgement;

	(void)state;
	assert_false(warmup_judge(&plan, &policy, &good, &open, &judgement)); /* not over yet */
	assert_int_equal(open.day, TODAY - 1);
	assert_false(warmup_judge(&plan, &policy, &bad, &done, &judgement));
	assert_true(done.done);
}

static void
skips(void **state)
{
	struct warmup_state at = { .stage = 1, .good = 1, .day = TODAY - 1 };
	struct warmup_judgement judgement;

	(void)state;
	for (size_t i = 1; i <= 3; i++) {
		assert_false(at.done);
		warmup_skip(&plan, TODAY, &at, &judgement);
		assert_int_equal(judgement.from, i);
		assert_int_equal(at.since, TODAY);
		assert_int_equal(at.good, 0);
	}
	assert_true(at.done);
	assert_int_equal(judgement.verdict, WARMUP_FINISHED);
	assert_string_equal(judgement.words, "skipped");
}

/* -- which day is next --------------------------------------------------------------------------- */

static const struct next_row {
	const char *label;
	int64_t judged, began, next;
} next_rows[] = {
	{ "began today", 0, TODAY, TODAY },
	{ "began yesterday", 0, TODAY - 1, TODAY - 1 },
	{ "judged up to yesterday", TODAY - 1, TODAY - 9, TODAY },
	{ "a day is over", TODAY - 2, TODAY - 9, TODAY - 1 },
	{ "several days were missed", TODAY - 5, TODAY - 9, TODAY - 4 },
	{ "more than figures are kept", TODAY - 30, TODAY - 40, TODAY - WARMUP_DAYS_BACK },
	{ "began long ago, never judged", 0, TODAY - 40, TODAY - WARMUP_DAYS_BACK },
	{ "today was judged", TODAY, TODAY - 9, TODAY + 1 },
	{ "the clock went back two days", TODAY + 2, TODAY - 9, TODAY + 1 },
	{ "the clock had been years ahead", TODAY + 900, TODAY - 9, TODAY },
	{ "begins tomorrow", 0, TODAY + 1, TODAY + 1 },
};

static void
next_day(void **state)
{
	const struct next_row *row = *state;

	assert_int_equal(warmup_next_day(row->judged, row->began, TODAY), row->next);
}

/* -- how long it takes --------------------------------------------------------------------------- */

static const struct left_row {
	const char *label;
	struct warmup_state state;
	int64_t days;
} left_rows[] = {
	{ "all of it", { .stage = 1 }, 6 },
	{ "one day counted", { .stage = 1, .good = 1 }, 5 },
	{ "the last day", { .stage = 3, .good = 2 }, 1 },
	{ "done", { .stage = 3, .done = true }, 0 },
	{ "more counted than a stage has now", { .stage = 2, .good = 5 }, 4 },
	{ "beyond the plan", { .stage = 8 }, 3 },
};

static void
days_left(void **state)
{
	const struct left_row *row = *state;

	assert_int_equal(warmup_days_left(&plan, &row->state), row->days);
}

/* -- texts --------------------------------------------------------------------------------------- */

static const struct text_row {
	const char *label; /* the text */
	bool good;
	struct warmup_state state;
} text_rows[] = {
	{ "1 0 0 0", true, { .stage = 1 } },
	{ "3 1 20261122 20261120", true, { 3, 1, TODAY, TODAY - 2, false } },
	{ "3 0 20261122 20261123 done", true, { 3, 0, TODAY, TODAY + 1, true } },
	{ "", false, { 0 } },
	{ "0 0 0 0", false, { 0 } },
	{ "36 0 0 0", false, { 0 } },
	{ "1 0 20261322 0", false, { 0 } },
	{ "1 0 20260230 0", false, { 0 } },
	{ "1 -1 0 0", false, { 0 } },
	{ "1 0 0", false, { 0 } },
	{ "1 0 0 0 gone", false, { 0 } },
};

static void
state_texts(void **state)
{
	const struct text_row *row = *state;
	struct warmup_state read = { 0 };
	char buf[WARMUP_STATE_SIZE];

	assert_int_equal(warmup_state_parse(span_of(row->label), &read), row->good);
	if (!row->good)
		return;
	assert_int_equal(read.stage, row->state.stage);
	assert_int_equal(read.good, row->state.good);
	assert_int_equal(read.day, row->state.day);
	assert_int_equal(read.since, row->state.since);
	assert_int_equal(read.done, row->state.done);
	assert_string_equal(warmup_state_format(&read, buf), row->label);
}

static const struct stages_row {
	const char *label; /* the text */
	size_t count;      /* 0: it is none */
} stages_rows[] = {
	{ "2d:50:slow 1d:100:slow 3d:1000:normal", 3 },
	{ "1d:50:", 1 },
	{ "", 0 },
	{ "2d:50", 0 },
	{ "2d:50:quick", 0 },
	{ "d:50:slow", 0 },
	{ "2d::slow", 0 },
	{ "0d:50:slow", 0 },
	{ "2d:0:slow", 0 },
	{ "2:50:slow", 0 },
};

static void
stage_texts(void **state)
{
	const struct stages_row *row = *state;
	struct warmup_plan read = { 0 };
	struct str text = { 0 };
	struct arena arena;

	arena_init(&arena);
	assert_int_equal(warmup_stages_parse(&arena, span_of(row->label), &read), row->count > 0);
	if (row->count > 0) {
		assert_int_equal(read.stage_count, row->count);
		warmup_stages_format(&read, &text);
		assert_string_equal(str_text(&text), row->label);
	}
	str_free(&text);
	arena_clear(&arena);
}

static void
too_many_stages(void **state)
{
	struct warmup_plan read = { 0 };
	struct str text = { 0 };
	struct arena arena;

	(void)state;
	arena_init(&arena);
	for (int i = 0; i < WARMUP_STAGES_MAX; i++)
		str_adds(&text, "1d:50:slow ");
	assert_true(warmup_stages_parse(&arena, span_of(str_text(&text)), &read));
	str_adds(&text, "1d:50:slow");
	assert_false(warmup_stages_parse(&arena, span_of(str_text(&text)), &read));
	str_free(&text);
	arena_clear(&arena);
}

/* -- the line of days ---------------------------------------------------------------------------- */

static const struct line_row {
	const char *label, *before;
	int64_t day;
	size_t stage;
	enum warmup_verdict verdict;
	const char *after;
} line_rows[] = {
	{ "the first day", "", TODAY, 1, WARMUP_COUNTED, "20261122 1+" },
	{ "the next", "20261121 1+", TODAY, 1, WARMUP_UP, "20261121 1+1^" },
	{ "after a gap", "20261119 2+", TODAY, 2, WARMUP_NO_MAIL, "20261119 2+2~2~2." },
	{ "again", "20261121 1+1+", TODAY, 1, WARMUP_DOWN, "20261121 1+1v" },
	{ "before it began", "20261123 1+", TODAY, 1, WARMUP_HELD, "20261122 1!" },
	{ "nonsense before", "yesterday 1+", TODAY, 1, WARMUP_LITTLE, "20261122 1-" },
	{ "years later", "20240101 1+", TODAY, 1, WARMUP_LITTLE, "20261122 1-" },
	{ "a letter", "20261121 9^", TODAY, 10, WARMUP_COUNTED, "20261121 9^a+" },
};

static void
lines(void **state)
{
	const struct line_row *row = *state;
	struct str out = { 0 };

	warmup_line_add(span_of(row->before), row->day, row->stage, row->verdict, &out);
	assert_string_equal(str_text(&out), row->after);
	str_free(&out);
}

static void
long_line(void **state)
{
	struct str line = { 0 }, next = { 0 };
	struct span signs;
	int64_t first;

	(void)state;
	for (int64_t day = TODAY; day < TODAY + 300; day++) {
		str_empty(&next);
		warmup_line_add(span_of(str_text(&line)), day, 1, WARMUP_COUNTED, &next);
		str_empty(&line);
		str_adds(&line, str_text(&next));
	}
	assert_true(warmup_line_read(span_of(str_text(&line)), &first, &signs));
	assert_int_equal(signs.len, 2 * WARMUP_LINE_DAYS);
	assert_int_equal(first, TODAY + 300 - WARMUP_LINE_DAYS);
	str_free(&line);
	str_free(&next);
}

static void
signs_are_told_apart(void **state)
{
	(void)state;
	for (int i = 0; i < WARMUP_VERDICTS; i++)
		assert_int_equal(warmup_sign_verdict(warmup_verdict_sign((enum warmup_verdict)i)),
		    i);
	assert_int_equal(warmup_sign_verdict('?'), -1);
	assert_int_equal(warmup_stage_sign(9), '9');
	assert_int_equal(warmup_stage_sign(WARMUP_STAGES_MAX), 'z');
}

static void
dates(void **state)
{
	(void)state;
	assert_int_equal(warmup_date(TODAY), 20261122);
	assert_int_equal(warmup_day_of_date(20261122), TODAY);
	assert_int_equal(warmup_day_of_date(20260230), -1);
	assert_int_equal(warmup_day_of_date(0), -1);
}

/* -- all of an IP -------------------------------------------------------------------------------- */

static bool
read(struct arena *arena, const char *const *words, size_t count, struct warmup *warmup)
{
	struct span fields[32];

	for (size_t i = 0; i < count; i++)
		fields[i] = span_of(words[i]);
	return warmup_read(arena, fields, count, warmup);
}

static void
reads_an_ip(void **state)
{
	static const char *const words[] = { "g:yahoo", "2 0 20261121 20261120", "state", "running",
		"plan", "standard", "stages", "2d:50:slow 1d:100:slow 3d:1000:normal", "stage", "1",
		"began", "20261101", "judged", "20261121", "started", "1793500000", "by", "root",
		"d:google", "20261121 3*", "g:google", "3 0 20261121 20261122 done", "g:a%20b",
		"rubbish", "later", "unknown" };
	struct warmup warmup;
	struct arena arena;
	size_t done, left;

	(void)state;
	arena_init(&arena);
	assert_true(read(&arena, words, COUNT(words), &warmup));
	assert_int_equal(warmup.run, WARMUP_RUNNING);
	assert_int_equal(warmup.group_count, 3);
	assert_int_equal(warmup.judged, TODAY - 1);
	assert_string_equal(warmup_group_of(&warmup, "google")->line, "20261121 3*");
	assert_null(warmup_stage_of(&warmup, "google"));
	assert_int_equal(warmup_stage_of(&warmup, "yahoo")->cap, 100);
	assert_int_equal(warmup_stage_of(&warmup, "a b")->cap, 50);   /* cannot be read */
	assert_int_equal(warmup_stage_of(&warmup, "other")->cap, 50); /* not known yet */
	warmup_count(&warmup, TODAY, &done, &left);
	assert_int_equal(done, 1);
	assert_int_equal(left, 2);
	assert_int_equal(warmup_forecast(&warmup, TODAY), 6);
	warmup.run = WARMUP_PAUSED;
	assert_int_equal(warmup_stage_of(&warmup, "yahoo")->cap, 100); /* holds on */
	warmup.run = WARMUP_STOPPED;
	assert_null(warmup_stage_of(&warmup, "yahoo"));
	assert_int_equal(warmup_forecast(&warmup, TODAY), 0);
	arena_clear(&arena);
}

static void
a_group_without_mail_is_not_waited_for(void **state)
{
	static const char *const words[] = { "state", "running", "stages", "2d:50:slow", "g:a",
		"1 0 20261121 20261001", "d:a",
		"20261101 1+1+1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.", "g:b",
		"1 0 20261121 20261122 done", "g:c", "1 0 20261121 20261001", "d:c",
		"20261101 1+1+1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1-1." };
	struct warmup warmup;
	struct arena arena;
	size_t done, left;

	(void)state;
	arena_init(&arena);
	assert_true(read(&arena, words, COUNT(words), &warmup));
	warmup_count(&warmup, TODAY, &done, &left);
	assert_int_equal(done, 1);
	assert_int_equal(left, 1); /* c: there was a little */
	arena_clear(&arena);
}

static const struct bad_row {
	const char *label, *name, *value;
} bad_rows[] = {
	{ "no stages", "stages", "" },
	{ "stages that are none", "stages", "2d" },
	{ "no number", "stage", "one" },
	{ "no date", "began", "today" },
};

static void
cannot_read(void **state)
{
	const struct bad_row *row = *state;
	const char *words[] = { "state", "running", "stages", "2d:50:slow", row->name, row->value };
	struct warmup warmup;
	struct arena arena;

	arena_init(&arena);
	assert_false(read(&arena, words, COUNT(words), &warmup));
	assert_int_equal(warmup.run, WARMUP_NONE);
	assert_null(warmup_stage_of(&warmup, "google"));
	assert_true(read(&arena, words, 0, &warmup)); /* there is none */
	assert_int_equal(warmup.run, WARMUP_NONE);
	arena_clear(&arena);
}

int
main(void)
{
	struct check_list list = { 0 };

	CHECK_ROWS(&list, judges, judge_rows);
	CHECK(&list, leaves_alone);
	CHECK(&list, skips);
	CHECK_ROWS(&list, next_day, next_rows);
	CHECK_ROWS(&list, days_left, left_rows);
	CHECK_ROWS(&list, state_texts, text_rows);
	CHECK_ROWS(&list, stage_texts, stages_rows);
	CHECK(&list, too_many_stages);
	CHECK_ROWS(&list, lines, line_rows);
	CHECK(&list, long_line);
	CHECK(&list, signs_are_told_apart);
	CHECK(&list, dates);
	CHECK(&list, reads_an_ip);
	CHECK(&list, a_group_without_mail_is_not_waited_for);
	CHECK_ROWS(&list, cannot_read, bad_rows);
	return check_run(&list, "warmup");
}
