/* event_loop: it serves all there is while it stays awake, and does not stay awake for long. */
#include "check.h"

#include <time.h>

#include "event_loop.h"
#include "test_engine.h"

enum { WALL_MS = 400 };

static const char *
answers(struct fake_redis *from, const char *line)
{
	(void)from;
	return strncmp(line, "ZCARD", 5) == 0 ? ":17\r\n" : NULL;
}

static int
set_up(void **state)
{
	(void)state;
	engine_set_up("");
	redis.answer = answers;
	return 0;
}

static int
take_down(void **state)
{
	(void)state;
	engine_take_down();
	return 0;
}

static void
on_end(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	(void)arg;
	event_base_loopbreak(base);
}

static void
end_after(int64_t ms)
{
	struct timeval wait = { ms / 1000, ms % 1000 * 1000 };

	event_base_once(base, -1, EV_TIMEOUT, on_end, NULL, &wait);
}

static void
on_done(void *arg, enum store_outcome outcome, const struct err *err)
{
	enum store_outcome *to = arg;

	(void)err;
	*to = outcome;
	event_base_loopbreak(base);
}

static void
ask(enum store_outcome *outcome)
{
	static int64_t number;
	struct err err;

	store_put_index_size(store_async_batch(engine.store), &number);
	assert_non_null(store_async_run(engine.store, on_done, outcome, &err));
}

static void
takes_the_answer(void **state)
{
	(void)state;
	for (int i = 0; i < 100; i++) {
		enum store_outcome outcome = STORE_AWAY;

		ask(&outcome);
		end_after(FAKE_PATIENCE_MS);
		event_loop_run(&engine);
		assert_int_equal(outcome, STORE_DONE);
	}
}

static int64_t
cpu_ms(void)
{
	struct timespec used;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
	return (int64_t)used.tv_sec * 1000 + used.tv_nsec / 1000000;
}

static void
goes_to_sleep_when_no_answer_comes(void **state)
{
	enum store_outcome outcome = STORE_AWAY;
	int64_t before_ms, used_ms;

	(void)state;
	redis.deaf = true;
	ask(&outcome);
	/* What has not been read would wake it. */
	event_del(redis.clients[0].readable);
	end_after(WALL_MS);
	before_ms = cpu_ms();
	event_loop_run(&engine);
	used_ms = cpu_ms() - before_ms;
	assert_in_range(used_ms, 0, WALL_MS / 2);
	assert_int_equal(outcome, STORE_AWAY);
}

static void
ends_when_told_before(void **state)
{
	(void)state;
	end_after(0);
	event_loop_run(&engine);
}

int
main(void)
{
#define EACH(function) cmocka_unit_test_setup_teardown(function, set_up, take_down)
	const struct CMUnitTest tests[] = {
		EACH(takes_the_answer),
		EACH(goes_to_sleep_when_no_answer_comes),
		EACH(ends_when_told_before),
	};

	return cmocka_run_group_tests_name("event_loop", tests, NULL, NULL);
}
