/* log_repeat: equal lines are written once, all are counted, and there is a most a second. */
#include "check.h"
#include "log_repeat.h"

enum { PERIOD_MS = 60000, KEPT = 4 };

static int64_t now_ms;
static struct log_repeat *repeat;

static void
begin(int64_t period_ms, int64_t per_second)
{
	struct log_repeat_limits limits = { period_ms, per_second, KEPT };

	now_ms = 1000000;
	repeat = log_repeat_new(&limits, now_ms);
}

static bool
admits(const char *line)
{
	return log_repeat_admits(repeat, span_of(line), 2, now_ms);
}

/* "a*3 b*1": what is told of now. */
static const char *
told(bool all)
{
	static char text[256];
	struct log_repeated repeated;
	size_t len = 0;

	text[0] = '\0';
	while (log_repeat_next(repeat, now_ms, all, &repeated)) {
		len += (size_t)snprintf(text + len, sizeof(text) - len, "%s%s*%llu/%llds",
		    len > 0 ? " " : "", repeated.same, (unsigned long long)repeated.times,
		    (long long)repeated.in_ms / 1000);
		assert_int_equal(repeated.level, 2);
	}
	return text;
}

static void
equal_lines_are_written_once(void **state)
{
	(void)state;
	begin(PERIOD_MS, 0);
	assert_true(admits("a"));
	for (int i = 0; i < 999; i++) {
		now_ms += 10;
		assert_false(admits("a"));
		assert_int_equal(admits("b"), i == 0); /* also with others in between */
	}
	assert_string_equal(told(false), "");
	now_ms = 1000000 + PERIOD_MS;
	assert_string_equal(told(false), "a*999/60s");
	now_ms += 10;
	assert_string_equal(told(false), "b*998/60s");
	assert_string_equal(told(false), "");
	log_repeat_free(&repeat);
}

/* Once a period as long as it goes on; then it is news again. */
static void
it_goes_on_and_ends(void **state)
{
	(void)state;
	begin(PERIOD_MS, 0);
	assert_true(admits("a"));
	assert_false(admits("a"));
	now_ms += PERIOD_MS;
	assert_string_equal(told(false), "a*1/60s");
	now_ms += PERIOD_MS - 1;
	assert_false(admits("a"));
	now_ms += 1;
	assert_string_equal(told(false), "a*1/60s");
	now_ms += PERIOD_MS;
	assert_string_equal(told(false), "");
	assert_true(admits("a"));
	log_repeat_free(&repeat);
}

/* Nobody has looked for a while: what was counted is told first. */
static void
nothing_is_lost_without_a_look(void **state)
{
	(void)state;
	begin(PERIOD_MS, 0);
	assert_true(admits("a"));
	assert_false(admits("a"));
	now_ms += 2 * PERIOD_MS;
	assert_false(admits("a"));
	assert_string_equal(told(false), "a*2/120s");
	/* One that was not repeated is simply forgotten. */
	assert_true(admits("b"));
	now_ms += PERIOD_MS;
	assert_true(admits("b"));
	log_repeat_free(&repeat);
}

static void
all_is_told_at_the_end(void **state)
{
	(void)state;
	begin(PERIOD_MS, 0);
	assert_true(admits("a"));
	assert_true(admits("b"));
	assert_false(admits("b"));
	now_ms += 3000;
	assert_string_equal(told(true), "b*1/3s");
	log_repeat_free(&repeat);
}

static void
memory_is_bounded(void **state)
{
	char line[16];

	(void)state;
	begin(PERIOD_MS, 0);
	for (int i = 0; i < 100; i++) {
		snprintf(line, sizeof(line), "%d", i);
		assert_true(admits(line));
	}
	/* The last KEPT are known. Once each has been counted, there is no room for others. */
	assert_false(admits("99"));
	assert_false(admits("98"));
	assert_false(admits("97"));
	assert_false(admits("96"));
	assert_true(admits("95"));
	assert_true(admits("95"));
	assert_string_equal(told(true), "96*1/0s 97*1/0s 98*1/0s 99*1/0s");
	log_repeat_free(&repeat);
}

static void
there_is_a_most_a_second(void **state)
{
	int64_t written = 0, asked = 0;
	uint64_t left_out;
	char line[24];

	(void)state;
	begin(PERIOD_MS, 10);
	for (int second = 0; second < 20; second++) {
		for (int i = 0; i < 1000; i++) {
			snprintf(line, sizeof(line), "%lld", (long long)asked++);
			written += admits(line);
			now_ms++;
		}
		if (second == 0)
			assert_in_range(written, 10 * LOG_REPEAT_BURST_S,
			    10 * LOG_REPEAT_BURST_S + 10);
	}
	assert_in_range(written, 10 * (LOG_REPEAT_BURST_S + 19), 10 * (LOG_REPEAT_BURST_S + 20));
	left_out = log_repeat_left_out(repeat);
	assert_int_equal(left_out, asked - written);
	assert_int_equal(log_repeat_left_out(repeat), 0);
	log_repeat_free(&repeat);
}

/* What is counted anyway takes nothing of it. */
static void
repeated_lines_need_no_room(void **state)
{
	(void)state;
	begin(PERIOD_MS, 1);
	assert_true(admits("a"));
	for (int i = 0; i < 1000; i++)
		assert_false(admits("a"));
	assert_true(admits("b"));
	assert_int_equal(log_repeat_left_out(repeat), 0);
	assert_string_equal(told(true), "a*1000/0s");
	log_repeat_free(&repeat);
}

static void
no_period_means_each_line(void **state)
{
	struct log_repeat_limits limits = { PERIOD_MS, 0, 0 };

	(void)state;
	begin(0, 0);
	for (int i = 0; i < 1000; i++)
		assert_true(admits("a"));
	assert_string_equal(told(true), "");
	log_repeat_limit(repeat, &limits);
	assert_true(admits("a"));
	assert_false(admits("a"));
	log_repeat_free(&repeat);
}

int
main(void)
{
	struct check_list list = { 0 };

	CHECK(&list, equal_lines_are_written_once);
	CHECK(&list, it_goes_on_and_ends);
	CHECK(&list, nothing_is_lost_without_a_look);
	CHECK(&list, all_is_told_at_the_end);
	CHECK(&list, memory_is_bounded);
	CHECK(&list, there_is_a_most_a_second);
	CHECK(&list, repeated_lines_need_no_room);
	CHECK(&list, no_period_means_each_line);
	return check_run(&list, "log_repeat");
}
