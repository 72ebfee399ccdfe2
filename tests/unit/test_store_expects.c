/* store_async: when the answer to a run is due any moment. With a clock of the test's own. */
#include "check.h"

#include "clock.h"
#include "fake_redis.h"
#include "promptness.h"
#include "store_async.h"

static int64_t now_us = 1000000;

int64_t
clock_monotonic_us(void)
{
	return now_us;
}

int64_t
clock_monotonic_ms(void)
{
	return now_us / 1000;
}

int64_t
clock_wall_s(void)
{
	return 1795314053;
}

const char *
clock_format(int64_t wall_s, char buf[CLOCK_DATE_SIZE])
{
	snprintf(buf, CLOCK_DATE_SIZE, "%lld", (long long)wall_s);
	return buf;
}

static struct event_base *base;
static struct fake_redis redis;
static struct store_async *store;

static void
on_change(void *arg, bool working, const char *words)
{
	(void)arg;
	(void)working;
	(void)words;
}

static const char *
answers(struct fake_redis *from, const char *line)
{
	(void)from;
	return strncmp(line, "ZCARD", 5) == 0 ? ":17\r\n" : NULL;
}

static int
set_up(void **state)
{
	struct err err;

	(void)state;
	base = event_base_new();
	fake_init(&redis, base);
	fake_start(&redis);
	redis.answer = answers;
	store = store_async_new(base, &redis.address, FAKE_PATIENCE_MS, on_change, NULL, &err);
	assert_non_null(store);
	WAIT_FOR(base, store_async_works(store));
	return 0;
}

static int
take_down(void **state)
{
	(void)state;
	store_async_free(&store);
	fake_clear(&redis);
	event_base_free(base);
	return 0;
}

static void
on_done(void *arg, enum store_outcome outcome, const struct err *err)
{
	unsigned *done = arg;

	(void)err;
	assert_int_equal(outcome, STORE_DONE);
	++*done;
}

static struct store_call *
start(unsigned *done)
{
	static int64_t number;
	struct store_call *call;
	struct err err;

	store_put_index_size(store_async_batch(store), &number);
	call = store_async_run(store, on_done, done, &err);
	assert_non_null(call);
	return call;
}

/* One run after the other, each answered after so long. */
static void
answers_after(int64_t us, unsigned times)
{
	for (unsigned i = 0; i < times; i++) {
		unsigned done = 0;

		start(&done);
		now_us += us;
		WAIT_FOR(base, done);
	}
}

static void
one_that_is_alone(void **state)
{
	unsigned done = 0;

	(void)state;
	assert_false(store_async_expects(store));
	start(&done);
	assert_true(store_async_expects(store));
	now_us += PROMPT_US - 1;
	assert_true(store_async_expects(store));
	now_us++;
	assert_false(store_async_expects(store));
	WAIT_FOR(base, done);
	assert_false(store_async_expects(store));
}

static void
not_one_that_others_were_before(void **state)
{
	unsigned first = 0, second = 0;

	(void)state;
	redis.holding = true;
	start(&first);
	start(&second);
	assert_true(store_async_expects(store)); /* the first */
	WAIT_FOR(base, fake_count(&redis, "ZCARD") == 2);
	redis.holding = false;
	fake_release(&redis);
	WAIT_FOR(base, first && second);
	answers_after(60, 1);
	assert_false(store_async_expects(store));
}

static void
nothing_of_a_slow_redis(void **state)
{
	unsigned done = 0;

	(void)state;
	answers_after(2 * PROMPT_US, 30);
	start(&done);
	assert_false(store_async_expects(store));
	WAIT_FOR(base, done);
	answers_after(PROMPT_US / 2, 30);
	start(&done);
	assert_true(store_async_expects(store));
	WAIT_FOR(base, done == 2);
}

static void
nothing_for_nobody(void **state)
{
	struct store_call *call;
	unsigned done = 0;

	(void)state;
	store_put_probe(store_async_batch(store));
	store_async_send(store);
	assert_false(store_async_expects(store));
	WAIT_FOR(base, store_async_figures(store).waiting == 0);
	call = start(&done);
	store_async_cancel(&call);
	assert_false(store_async_expects(store));
	WAIT_FOR(base, store_async_figures(store).waiting == 0);
	assert_int_equal(done, 0);
}

int
main(void)
{
#define EACH(function) cmocka_unit_test_setup_teardown(function, set_up, take_down)
	const struct CMUnitTest tests[] = {
		EACH(one_that_is_alone),
		EACH(not_one_that_others_were_before),
		EACH(nothing_of_a_slow_redis),
		EACH(nothing_for_nobody),
	};

	return cmocka_run_group_tests_name("store_expects", tests, NULL, NULL);
}
