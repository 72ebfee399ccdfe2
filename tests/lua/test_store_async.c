/* store_async.h on a real Redis, and on servers that are none: every run's callback comes exactly
 * once, later, in time; a change of health is told once. */
#include <event2/event.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clock.h"
#include "redis.h"
#include "store_async.h"
#include "tests/unit/check.h"

enum { TIMEOUT_MS = 400, PATIENCE_MS = 30000, CHANGES_MAX = 32 };

static struct redis redis;
static struct event_base *base;
static struct store_async *store;

/* -- what was told --------------------------------------------------------------------------- */

static struct {
	bool working;
	char words[256];
} changes[CHANGES_MAX];
static size_t change_count;

static void
on_change(void *arg, bool working, const char *words)
{
	assert_ptr_equal(arg, &redis);
	assert_true(change_count < CHANGES_MAX);
	changes[change_count].working = working;
	snprintf(changes[change_count].words, sizeof(changes[0].words), "%s", words);
	change_count++;
}

/* One run and what came of it. */
struct run {
	struct store_call *call;
	int calls; /* of its callback */
	enum store_outcome outcome;
	struct err err;
	int64_t value;
	struct run *cancels;        /* in the callback */
	void (*then)(struct run *); /* in the callback */
	int left;                   /* for `then` */
};

static int depth; /* of callbacks within one another */
static bool starting;

static void
on_done(void *arg, enum store_outcome outcome, const struct err *err)
{
	struct run *run = arg;

	assert_false(starting); /* never inside the start call */
	depth++;
	assert_int_equal(depth, 1);
	run->call = NULL;
	run->calls++;
	run->outcome = outcome;
	run->err = *err;
	if (run->cancels != NULL)
		store_async_cancel(&run->cancels->call);
	if (run->then != NULL)
		run->then(run);
	depth--;
}

/* Starts what the scratch batch holds. */
static bool
start(struct run *run, struct err *err)
{
	bool before = starting;

	starting = true;
	run->call = store_async_run(store, on_done, run, err);
	starting = before;
	return run->call != NULL;
}

static bool
start_size(struct run *run)
{
	struct err err;

	store_put_index_size(store_async_batch(store), &run->value);
	return start(run, &err);
}

/* -- the loop -------------------------------------------------------------------------------- */

static void
on_tick(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	(void)arg;
}

/* Runs the loop until it is so; the test fails when that takes too long. */
#define LOOP_UNTIL(condition)                                                   \
	do {                                                                    \
		int64_t end_ = clock_monotonic_ms() + PATIENCE_MS;              \
		while (!(condition)) {                                          \
			if (clock_monotonic_ms() > end_)                        \
				fail_msg("waited in vain for: %s", #condition); \
			event_base_loop(base, EVLOOP_ONCE);                     \
		}                                                               \
	} while (0)

static void
loop_for(int64_t ms)
{
	int64_t end = clock_monotonic_ms() + ms;

	while (clock_monotonic_ms() < end)
		event_base_loop(base, EVLOOP_ONCE);
}

static void
open_store(const struct store_address *address, int64_t timeout_ms)
{
	struct err err;

	store_async_free(&store); /* of a test that failed */
	change_count = 0;
	store = store_async_new(base, address, timeout_ms, on_change, &redis, &err);
	assert_non_null(store);
	assert_int_equal(change_count, 0);
}

/* With a time-out that a busy machine does not reach. */
static void
open_and_wait(void)
{
	open_store(&redis.address, PATIENCE_MS);
	LOOP_UNTIL(change_count > 0);
	assert_true(changes[0].working);
	assert_true(store_async_works(store));
}

/* From here on Redis does not answer. */
static void
stop_redis(void)
{
	redis_send(&redis, SIGSTOP);
	store_async_set_timeout(store, TIMEOUT_MS);
}

static void
go_on(void)
{
	redis_send(&redis, SIGCONT);
}

/* Closes it; nothing more is told, nothing more called. */
static void
close_store(void)
{
	size_t before = change_count;

	store_async_free(&store);
	assert_null(store);
	event_base_loop(base, EVLOOP_NONBLOCK);
	assert_int_equal(change_count, before);
}

static void
away_once(const char *words)
{
	assert_int_equal(change_count, 2);
	assert_false(changes[1].working);
	assert_string_equal(changes[1].words, words);
	assert_false(store_async_works(store));
}

/* -- Redis as it should be ------------------------------------------------------------------- */

static void
runs_and_results(void **state)
{
	struct run run = { 0 };

	(void)state;
	redis_fresh(&redis);
	freeReplyObject(redis_do(&redis, "ZADD mxpace:quarantine 1 a 2 b 3 c"));
	open_and_wait();
	assert_true(start_size(&run));
	assert_int_equal(run.calls, 0);
	assert_int_equal(store_async_figures(store).waiting, 1);
	LOOP_UNTIL(run.calls > 0);
	assert_int_equal(run.outcome, STORE_DONE);
	assert_int_equal(run.value, 3);
	assert_int_equal(store_async_figures(store).waiting, 0);
	assert_int_equal(store_async_figures(store).runs, 1);
	assert_int_equal(change_count, 1);
	close_store();
	assert_int_equal(run.calls, 1);
}

static void
many_at_once(void **state)
{
	enum { RUNS = 5000 };
	struct run *runs = calloc(RUNS, sizeof(*runs));

	(void)state;
	redis_fresh(&redis);
	open_and_wait();
	for (int i = 0; i < RUNS; i++)
		assert_true(start_size(&runs[i]));
	assert_int_equal(store_async_figures(store).waiting, RUNS);
	LOOP_UNTIL(runs[RUNS - 1].calls > 0); /* the last reply is the last */
	for (int i = 0; i < RUNS; i++) {
		assert_int_equal(runs[i].calls, 1);
		assert_int_equal(runs[i].outcome, STORE_DONE);
	}
	close_store();
	free(runs);
}

static void
run_again(struct run *run)
{
	if (run->left-- > 0)
		assert_true(start_size(run));
}

static void
from_callback_to_callback(void **state)
{
	struct run run = { .then = run_again, .left = 1000 };

	(void)state;
	redis_fresh(&redis);
	open_and_wait();
	assert_true(start_size(&run));
	LOOP_UNTIL(run.calls == 1001); /* on_done proves that they are not nested */
	close_store();
}

static void
an_empty_batch(void **state)
{
	struct run run = { 0 };
	struct err err;

	(void)state;
	redis_fresh(&redis);
	open_and_wait();
	store_async_batch(store);
	assert_true(start(&run, &err));
	assert_int_equal(run.calls, 0);
	LOOP_UNTIL(run.calls > 0);
	assert_int_equal(run.outcome, STORE_DONE);
	close_store();
}

/* More than a socket takes at once: the rest goes when there is room. */
static void
larger_than_the_socket(void **state)
{
	struct run run = { 0 };
	struct err err;
	char *text = malloc(8 << 20);

	(void)state;
	redis_fresh(&redis);
	memset(text, 'x', (8 << 20) - 1);
	text[(8 << 20) - 1] = '\0';
	open_store(&redis.address, PATIENCE_MS);
	LOOP_UNTIL(change_count > 0);
	store_put_mx(store_async_batch(store), "x.test", text, 60);
	assert_true(start(&run, &err));
	LOOP_UNTIL(run.calls > 0);
	assert_int_equal(run.outcome, STORE_DONE);
	assert_int_equal(redis_number(&redis, "STRLEN mxpace:mx:x.test"), (8 << 20) - 1);
	close_store();
	free(text);
}

static void
sends(void **state)
{
	struct run run = { 0 };

	(void)state;
	redis_fresh(&redis);
	open_store(&redis.address, TIMEOUT_MS);
	store_put_mx(store_async_batch(store), "early.test", "5 a.test", 60);
	store_async_send(store); /* not connected yet: lost, and no harm */
	LOOP_UNTIL(change_count > 0);
	store_put_mx(store_async_batch(store), "x.test", "5 a.test", 60);
	store_async_send(store);
	store_async_send(store); /* nothing in the batch */
	assert_true(start_size(&run));
	LOOP_UNTIL(run.calls > 0);
	assert_true(redis_is(&redis, "5 a.test", "GET mxpace:mx:x.test"));
	assert_int_equal(redis_number(&redis, "EXISTS mxpace:mx:early.test"), 0);
	assert_int_equal(store_async_figures(store).sent, 1);
	close_store();
}

/* One command fails: its words; the results of the others, before and behind it, are there. */
static void
refused_in_the_middle(void **state)
{
	struct run run = { 0 };
	struct str before = { 0 }, after = { 0 };
	struct quarantine_entry entry;
	struct store_batch *batch;
	struct err err;

	(void)state;
	redis_fresh(&redis);
	freeReplyObject(redis_do(&redis, "SET mxpace:mx:a.test first"));
	freeReplyObject(redis_do(&redis, "SET mxpace:{q:a@x.test} wrong"));
	freeReplyObject(redis_do(&redis, "SET mxpace:mx:b.test last"));
	open_and_wait();
	batch = store_async_batch(store);
	store_put_mx_read(batch, "a.test", &before);
	store_put_quarantine_read(batch, "a@x.test", &entry);
	store_put_mx_read(batch, "b.test", &after);
	assert_true(start(&run, &err));
	LOOP_UNTIL(run.calls > 0);
	assert_int_equal(run.outcome, STORE_REFUSED);
	assert_int_equal(strncmp(run.err.text, "WRONGTYPE", 9), 0);
	assert_string_equal(str_text(&before), "first");
	assert_string_equal(str_text(&after), "last");
	assert_int_equal(change_count, 1); /* Redis as a whole is well */
	assert_int_equal(store_async_figures(store).refused, 1);
	close_store();
	str_free(&before);
	str_free(&after);
}

/* -- scripts --------------------------------------------------------------------------------- */

static struct limit script_limit;
static struct store_take script_take = { "google", "all", "mta1", 1, 5, &script_limit, 1, true,
	false };

struct script_run {
	struct run run;
	struct store_took took;
	struct store_counted counted;
};

static bool
start_scripts(struct script_run *run)
{
	struct store_error error = { .addr = "a@x.test",
		.ndr = "n1",
		.type = BOUNCE_SOFT,
		.reason = REASON_MAILBOX_FULL,
		.rule = { 3, 0, 1000, 100000 } };
	struct store_batch *batch = store_async_batch(store);
	struct err err;

	limit_set(&script_limit, 1000, 3600000);
	store_put_take(batch, &script_take, &run->took);
	store_put_error(batch, &error, &run->counted);
	return start(&run->run, &err);
}

static void
forgotten_scripts(void **state)
{
	enum { RUNS = 50 };
	struct script_run runs[RUNS] = { { { 0 }, { 0 }, { 0 } } };

	(void)state;
	redis_fresh(&redis);
	open_and_wait();
	freeReplyObject(redis_do(&redis, "SCRIPT FLUSH"));
	for (int i = 0; i < RUNS; i++) {
		assert_true(start_scripts(&runs[i]));
		if (i % 10 == 9)
			LOOP_UNTIL(runs[i].run.calls > 0);
		if (i % 20 == 9)
			freeReplyObject(redis_do(&redis, "SCRIPT FLUSH"));
	}
	for (int i = 0; i < RUNS; i++) {
		LOOP_UNTIL(runs[i].run.calls > 0);
		assert_int_equal(runs[i].run.calls, 1);
		assert_int_equal(runs[i].run.outcome, STORE_DONE);
		assert_int_equal(runs[i].took.outcome, STORE_TAKEN);
		assert_true(runs[i].took.now_ms > 0);
		assert_int_equal(runs[i].counted.outcome, i == 0 ? STORE_COUNTED : STORE_AGAIN);
	}
	assert_int_equal(redis_number(&redis, "HGET mxpace:{g:google}:sent:all:1h total"), RUNS);
	assert_int_equal(change_count, 1);
	close_store();
}

/* A take that nobody waits for any more is not sent a second time. */
static void
cancelled_and_forgotten(void **state)
{
	struct script_run run = { { 0 }, { 0 }, { 0 } };
	struct run last = { 0 };

	(void)state;
	redis_fresh(&redis);
	open_and_wait();
	freeReplyObject(redis_do(&redis, "SCRIPT FLUSH"));
	assert_true(start_scripts(&run));
	store_async_cancel(&run.run.call);
	assert_true(start_size(&last));
	LOOP_UNTIL(last.calls > 0);
	last.calls = 0;
	assert_true(start_size(&last));
	LOOP_UNTIL(last.calls > 0);
	assert_int_equal(run.run.calls, 0);
	assert_int_equal(redis_number(&redis, "EXISTS mxpace:{g:google}:sent:all:1h"), 0);
	close_store();
}

/* -- cancelling ------------------------------------------------------------------------------ */

static void
cancelled_runs_are_silent(void **state)
{
	struct run *run = calloc(1, sizeof(*run)), last = { 0 };

	(void)state;
	redis_fresh(&redis);
	open_and_wait();
	assert_true(start_size(run));
	store_async_cancel(&run->call);
	assert_null(run->call);
	store_async_cancel(&run->call); /* nothing to cancel */
	free(run);                      /* the reply must not be written there */
	assert_true(start_size(&last));
	LOOP_UNTIL(last.calls > 0);
	assert_int_equal(store_async_figures(store).waiting, 0);
	close_store();
}

static void
cancelled_in_a_callback(void **state)
{
	struct run later = { 0 }, last = { 0 }, first = { .cancels = &later };

	(void)state;
	redis_fresh(&redis);
	open_and_wait();
	assert_true(start_size(&first) && start_size(&later) && start_size(&last));
	LOOP_UNTIL(last.calls > 0);
	assert_int_equal(first.calls, 1);
	assert_int_equal(later.calls, 0);
	close_store();
}

static void
cancelled_by_the_deadline_of_another(void **state)
{
	struct run later = { 0 }, last = { 0 }, first = { .cancels = &later };

	(void)state;
	redis_fresh(&redis);
	open_and_wait();
	stop_redis();
	assert_true(start_size(&first) && start_size(&later) && start_size(&last));
	LOOP_UNTIL(last.calls > 0);
	assert_int_equal(first.calls, 1);
	assert_int_equal(later.calls, 0);
	go_on();
	close_store();
}

/* Clients that come, ask and go while Redis hangs: what they asked still has its deadline, so that
 * the connection is given up and what piled up is let go. */
static void
all_cancelled_while_redis_hangs(void **state)
{
	(void)state;
	redis_fresh(&redis);
	open_and_wait();
	stop_redis();
	for (int i = 0; i < 100; i++) {
		struct run *run = calloc(1, sizeof(*run));

		assert_true(start_size(run));
		store_async_cancel(&run->call);
		free(run);
	}
	LOOP_UNTIL(change_count > 1);
	away_once("no answer within 400 ms");
	assert_int_equal(store_async_figures(store).waiting, 0);
	go_on();
	LOOP_UNTIL(change_count > 2);
	assert_true(store_async_works(store));
	close_store();
}

/* -- Redis in trouble ------------------------------------------------------------------------ */

static void
stopped(void **state)
{
	enum { RUNS = 100 };
	struct run runs[RUNS] = { { 0 } }, after = { 0 };
	int64_t before;
	struct err err;

	(void)state;
	redis_fresh(&redis);
	open_and_wait();
	stop_redis();
	before = clock_monotonic_ms();
	for (int i = 0; i < RUNS; i++)
		assert_true(start_size(&runs[i]));
	LOOP_UNTIL(runs[RUNS - 1].calls > 0);
	assert_in_range(clock_monotonic_ms() - before, TIMEOUT_MS - 10, TIMEOUT_MS + 3000);
	for (int i = 0; i < RUNS; i++) {
		assert_int_equal(runs[i].calls, 1);
		assert_int_equal(runs[i].outcome, STORE_AWAY);
		assert_string_equal(runs[i].err.text, "no answer within 400 ms");
	}
	away_once("no answer within 400 ms");
	store_put_index_size(store_async_batch(store), &after.value);
	assert_false(start(&after, &err)); /* from now on at once */
	assert_string_equal(err.text, "not connected");
	/* It connects, since the kernel accepts, is not greeted, and stays away. */
	loop_for(3 * TIMEOUT_MS);
	assert_int_equal(change_count, 2);
	go_on();
	LOOP_UNTIL(change_count > 2);
	assert_int_equal(change_count, 3);
	assert_true(changes[2].working);
	assert_true(start_size(&after));
	LOOP_UNTIL(after.calls > 0);
	assert_int_equal(after.outcome, STORE_DONE);
	for (int i = 0; i < RUNS; i++)
		assert_int_equal(runs[i].calls, 1); /* late replies call nobody */
	close_store();
}

static void
killed_and_started_again(void **state)
{
	enum { RUNS = 100 };
	struct run runs[RUNS] = { { 0 } }, after = { 0 };

	(void)state;
	redis_fresh(&redis);
	open_and_wait();
	stop_redis(); /* so that none is answered before */
	for (int i = 0; i < RUNS; i++)
		assert_true(start_size(&runs[i]));
	redis_kill(&redis);
	LOOP_UNTIL(runs[RUNS - 1].calls > 0);
	for (int i = 0; i < RUNS; i++) {
		assert_int_equal(runs[i].calls, 1);
		assert_int_equal(runs[i].outcome, STORE_AWAY);
		assert_string_not_equal(runs[i].err.text, "");
	}
	LOOP_UNTIL(change_count > 1);
	assert_false(changes[1].working);
	assert_false(store_async_works(store));
	loop_for(400); /* several attempts, one message */
	assert_int_equal(change_count, 2);
	redis_restart(&redis, NULL);
	LOOP_UNTIL(change_count > 2);
	assert_true(changes[2].working);
	assert_true(start_size(&after));
	LOOP_UNTIL(after.calls > 0);
	assert_int_equal(after.outcome, STORE_DONE);
	close_store();
}

static struct run in_callback;

static void
kill_and_run(struct run *run)
{
	(void)run;
	redis_kill(&redis);
	/* The socket is closed; writing to it fails here, within the reply's callback. */
	for (int i = 0; i < 3; i++)
		if (in_callback.call == NULL && !start_size(&in_callback))
			in_callback.calls++;
}

static void
killed_in_a_callback(void **state)
{
	struct run run = { .then = kill_and_run }, other = { 0 };

	(void)state;
	redis_fresh(&redis);
	open_and_wait();
	in_callback = (struct run){ 0 };
	assert_true(start_size(&run) && start_size(&other));
	LOOP_UNTIL(run.calls > 0 && other.calls > 0 && in_callback.calls > 0);
	assert_int_equal(in_callback.calls, 1);
	assert_int_equal(in_callback.outcome, STORE_AWAY);
	LOOP_UNTIL(change_count > 1);
	assert_false(changes[1].working);
	redis_restart(&redis, NULL);
	LOOP_UNTIL(change_count > 2);
	assert_int_equal(run.calls, 1);
	assert_int_equal(other.calls, 1);
	close_store();
}

/* What a decision does when the store fails it: asks again, in the callback that says so. */
static void
asked_again_in_the_callback(struct run *run)
{
	struct err err;

	if (run->left-- <= 0)
		return;
	store_put_index_size(store_async_batch(store), &run->value);
	if (!start(run, &err))
		run->left = -100; /* told at once, no callback */
}

static void
asked_again_while_it_goes_down(void **state)
{
	struct run runs[20] = { { 0 } };

	(void)state;
	redis_fresh(&redis);
	open_and_wait();
	stop_redis();
	for (size_t i = 0; i < COUNT(runs); i++) {
		runs[i].then = asked_again_in_the_callback;
		runs[i].left = 5;
		assert_true(start_size(&runs[i]));
	}
	redis_kill(&redis);
	for (size_t i = 0; i < COUNT(runs); i++)
		LOOP_UNTIL(runs[i].left < 0 || runs[i].calls == 6);
	redis_restart(&redis, NULL);
	LOOP_UNTIL(change_count > 2);
	for (size_t i = 0; i < COUNT(runs); i++)
		assert_true(runs[i].call == NULL && runs[i].calls >= 1);
	close_store();
}

static void
not_there_at_start(void **state)
{
	struct run run = { 0 };
	struct err err;

	(void)state;
	redis_fresh(&redis);
	redis_kill(&redis);
	open_store(&redis.address, TIMEOUT_MS);
	store_put_index_size(store_async_batch(store), &run.value);
	assert_false(start(&run, &err));
	LOOP_UNTIL(change_count > 0);
	assert_false(changes[0].working);
	assert_string_equal(changes[0].words, "No such file or directory");
	loop_for(400);
	assert_int_equal(change_count, 1);
	redis_restart(&redis, NULL);
	LOOP_UNTIL(change_count > 1);
	assert_true(changes[1].working);
	close_store();
	assert_int_equal(run.calls, 0);
}

static void
refused_over_tcp(void **state)
{
	struct store_address address = redis.address;

	(void)state;
	address.path = "";
	address.host = "localhost";
	address.port = 1;
	open_store(&address, TIMEOUT_MS);
	LOOP_UNTIL(change_count > 0);
	assert_false(changes[0].working);
	assert_string_equal(changes[0].words, "Connection refused");
	loop_for(400);
	assert_int_equal(change_count, 1);
	close_store();
}

static void
a_host_that_is_none(void **state)
{
	struct store_address address = redis.address;
	struct err err = { "" };

	(void)state;
	address.path = "";
	address.host = "no.such.host.invalid";
	store = store_async_new(base, &address, TIMEOUT_MS, on_change, &redis, &err);
	assert_null(store);
	assert_int_equal(strncmp(err.text, "Redis host no.such.host.invalid: ", 33), 0);
}

/* -- Redis that refuses ---------------------------------------------------------------------- */

static void
wrong_password(void **state)
{
	struct store_address address = redis.address;

	(void)state;
	redis_fresh(&redis);
	freeReplyObject(redis_do(&redis, "CONFIG SET requirepass secret"));
	address.password = "wrong";
	open_store(&address, 1000);
	LOOP_UNTIL(change_count > 0);
	assert_false(changes[0].working);
	assert_int_equal(strncmp(changes[0].words, "WRONGPASS", 9), 0);
	LOOP_UNTIL(store_async_figures(store).connects >= 3); /* it goes on trying */
	assert_int_equal(change_count, 1);
	assert_false(store_async_works(store));
	freeReplyObject(redis_do(&redis, "CONFIG SET requirepass wrong"));
	LOOP_UNTIL(change_count > 1);
	assert_true(changes[1].working);
	freeReplyObject(redis_do(&redis, "CONFIG SET requirepass %s", ""));
	close_store();
}

static void
no_such_database(void **state)
{
	struct store_address address = redis.address;

	(void)state;
	redis_fresh(&redis);
	address.db = 999;
	open_store(&address, PATIENCE_MS);
	LOOP_UNTIL(change_count > 0);
	assert_false(changes[0].working);
	assert_string_equal(changes[0].words, "ERR DB index is out of range");
	close_store();
}

/* Full, or a replica: reads go on, also takes that are refused write nothing and succeed; the change
 * is told once either way all the same. */
static void
writes_are_refused(const char *words, const char *begin, const char *end)
{
	struct script_run write = { { 0 }, { 0 }, { 0 } };
	struct run read = { 0 };

	redis_fresh(&redis);
	open_and_wait();
	freeReplyObject(redis_do(&redis, begin));
	for (int i = 0; i < 20; i++) {
		write.run.calls = read.calls = 0;
		assert_true(start_scripts(&write) && start_size(&read));
		LOOP_UNTIL(write.run.calls > 0 && read.calls > 0);
		assert_int_equal(read.outcome, STORE_DONE);
		assert_int_equal(write.run.outcome, STORE_REFUSED);
		assert_int_equal(strncmp(write.run.err.text, words, strlen(words)), 0);
	}
	assert_int_equal(change_count, 2);
	assert_false(changes[1].working);
	assert_int_equal(strncmp(changes[1].words, words, strlen(words)), 0);
	assert_false(store_async_works(store));
	freeReplyObject(redis_do(&redis, end));
	LOOP_UNTIL(change_count > 2); /* by itself, without a run of ours */
	assert_int_equal(change_count, 3);
	assert_true(changes[2].working);
	assert_true(store_async_works(store));
	write.run.calls = 0;
	assert_true(start_scripts(&write));
	LOOP_UNTIL(write.run.calls > 0);
	assert_int_equal(write.run.outcome, STORE_DONE);
	assert_int_equal(change_count, 3);
	close_store();
}

static void
full(void **state)
{
	(void)state;
	writes_are_refused("OOM ", "CONFIG SET maxmemory 1", "CONFIG SET maxmemory 0");
}

static void
read_only_replica(void **state)
{
	(void)state;
	writes_are_refused("READONLY ", "REPLICAOF 127.0.0.1 1", "REPLICAOF NO ONE");
}

/* -- servers that are none ------------------------------------------------------------------- */

/* Listens at a path; says `bytes` to everybody who comes, and hangs up or not. */
static pid_t
fake_server(const char *path, const char *bytes, bool hangs_up)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	pid_t pid;

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	unlink(path);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(fd, 10), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
		for (;;) {
			int client = accept(fd, NULL, NULL);

			if (client < 0 || write(client, bytes, strlen(bytes)) < 0)
				_exit(1);
			if (hangs_up)
				close(client);
		}
	}
	close(fd);
	return pid;
}

static const struct fake_row {
	const char *label, *bytes;
	bool hangs_up;
	const char *want;
} fake_rows[] = {
	{ "no Redis", "HTTP/1.1 400 Bad Request\r\n\r\n", false,
	    "Protocol error, got \"H\" as reply type byte" },
	{ "hangs up", "", true, NULL },
	{ "says nothing", "", false, "no answer within 400 ms" },
	{ "half a reply", "$100\r\nhalf", false, "no answer within 400 ms" },
	{ "too few replies", "+OK\r\n", false, "no answer within 400 ms" },
	{ "is loading", "-LOADING Redis is loading the dataset in memory\r\n", false,
	    "LOADING Redis is loading the dataset in memory" },
	{ "refuses the greeting", "-ERR unknown command\r\n", false, "ERR unknown command" },
};

static void
no_redis_at_all(void **state)
{
	const struct fake_row *row = *state;
	struct store_address address = redis.address;
	struct err err;
	struct run run = { 0 };
	char path[96];
	pid_t pid;

	snprintf(path, sizeof(path), "%s/fake.sock", redis.folder);
	pid = fake_server(path, row->bytes, row->hangs_up);
	address.path = path;
	open_store(&address, TIMEOUT_MS);
	LOOP_UNTIL(store_async_figures(store).connects >= 3); /* again and again */
	assert_int_equal(change_count, 1);
	assert_false(changes[0].working);
	if (row->want != NULL)
		assert_string_equal(changes[0].words, row->want);
	else
		assert_string_not_equal(changes[0].words, "");
	assert_false(store_async_works(store));
	store_put_index_size(store_async_batch(store), &run.value);
	assert_false(start(&run, &err));
	close_store();
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	unlink(path);
}

/* -- ends ------------------------------------------------------------------------------------ */

static void
freed_in_every_state(void **state)
{
	enum { RUNS = 10 };
	struct run runs[RUNS] = { { 0 } };

	(void)state;
	redis_fresh(&redis);
	open_store(&redis.address, TIMEOUT_MS); /* before it has connected */
	close_store();
	open_store(&redis.address, TIMEOUT_MS); /* connecting, the greeting under way */
	event_base_loop(base, EVLOOP_ONCE);
	close_store();
	open_and_wait(); /* with runs under way, some of them cancelled */
	for (int i = 0; i < RUNS; i++)
		assert_true(start_size(&runs[i]));
	store_async_cancel(&runs[3].call);
	store_async_cancel(&runs[9].call);
	close_store();
	open_and_wait(); /* stopped */
	stop_redis();
	for (int i = 0; i < RUNS; i++)
		assert_true(start_size(&runs[i]));
	close_store();
	go_on();
	open_and_wait(); /* away, waiting to connect again */
	redis_kill(&redis);
	LOOP_UNTIL(change_count > 1);
	close_store();
	redis_restart(&redis, NULL);
	for (int i = 0; i < RUNS; i++)
		assert_int_equal(runs[i].calls, 0);
}

/* A shorter time-out holds for what is under way as well. */
static void
shorter_timeout(void **state)
{
	struct run run = { 0 };
	int64_t before;

	(void)state;
	redis_fresh(&redis);
	open_store(&redis.address, PATIENCE_MS * 10);
	LOOP_UNTIL(change_count > 0);
	redis_send(&redis, SIGSTOP);
	before = clock_monotonic_ms();
	assert_true(start_size(&run));
	store_async_set_timeout(store, 200);
	LOOP_UNTIL(run.calls > 0);
	assert_int_equal(run.outcome, STORE_AWAY);
	assert_true(clock_monotonic_ms() - before < PATIENCE_MS);
	go_on();
	close_store();
}

static void
as_many_as_may_wait(void **state)
{
	enum { MOST = 100000 };
	struct run *runs = calloc(MOST, sizeof(*runs)), extra = { 0 };
	struct err err;

	(void)state;
	redis_fresh(&redis);
	open_store(&redis.address, PATIENCE_MS * 10);
	LOOP_UNTIL(change_count > 0);
	redis_send(&redis, SIGSTOP);
	for (int i = 0; i < MOST; i++)
		assert_true(start_size(&runs[i]));
	store_put_index_size(store_async_batch(store), &extra.value);
	assert_false(start(&extra, &err));
	assert_string_equal(err.text, "too many requests are waiting for Redis");
	assert_int_equal(store_async_figures(store).waiting, MOST);
	go_on();
	LOOP_UNTIL(runs[MOST - 1].calls > 0);
	for (int i = 0; i < MOST; i++)
		assert_true(runs[i].calls == 1 && runs[i].outcome == STORE_DONE);
	assert_true(start_size(&extra));
	LOOP_UNTIL(extra.calls > 0);
	close_store();
	free(runs);
}

int
main(void)
{
	struct check_list list = { 0 };
	struct timeval tick = { 0, 5000 };
	struct event *ticker;
	int rc;

	CHECK(&list, runs_and_results);
	CHECK(&list, many_at_once);
	CHECK(&list, from_callback_to_callback);
	CHECK(&list, an_empty_batch);
	CHECK(&list, larger_than_the_socket);
	CHECK(&list, sends);
	CHECK(&list, refused_in_the_middle);
	CHECK(&list, forgotten_scripts);
	CHECK(&list, cancelled_and_forgotten);
	CHECK(&list, cancelled_runs_are_silent);
	CHECK(&list, cancelled_in_a_callback);
	CHECK(&list, cancelled_by_the_deadline_of_another);
	CHECK(&list, all_cancelled_while_redis_hangs);
	CHECK(&list, stopped);
	CHECK(&list, killed_and_started_again);
	CHECK(&list, killed_in_a_callback);
	CHECK(&list, asked_again_while_it_goes_down);
	CHECK(&list, not_there_at_start);
	CHECK(&list, refused_over_tcp);
	CHECK(&list, a_host_that_is_none);
	CHECK(&list, wrong_password);
	CHECK(&list, no_such_database);
	CHECK(&list, full);
	CHECK(&list, read_only_replica);
	CHECK_ROWS(&list, no_redis_at_all, fake_rows);
	CHECK(&list, freed_in_every_state);
	CHECK(&list, shorter_timeout);
	CHECK(&list, as_many_as_may_wait);
	signal(SIGPIPE, SIG_IGN); /* as mxpolicyd does */
	base = event_base_new();
	ticker = event_new(base, -1, EV_PERSIST, on_tick, NULL);
	event_add(ticker, &tick); /* so that no LOOP_UNTIL sleeps past its end */
	redis_start(&redis, NULL);
	rc = check_run(&list, "store_async");
	redis_stop(&redis);
	event_free(ticker);
	event_base_free(base);
	return rc;
}
