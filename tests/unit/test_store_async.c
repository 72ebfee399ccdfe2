/* store_async against a Redis of the test's own that errs, holds back and hangs up on demand. */
#include "check.h"

#include <netinet/in.h>
#include <sys/ioctl.h>

#include "fake_hosts.h"
#include "fake_redis.h"
#include "store_async.h"

static struct event_base *base;
static struct fake_redis redis;
static struct store_async *store;

static struct {
	unsigned away, back;
	char words[512];
} told;

static void
on_change(void *arg, bool working, const char *words)
{
	assert_ptr_equal(arg, &told);
	if (working) {
		told.back++;
	} else {
		told.away++;
		snprintf(told.words, sizeof(told.words), "%s", words);
	}
}

static void
open_store(int64_t timeout_ms)
{
	struct err err;

	store = store_async_new(base, &redis.address, timeout_ms, on_change, &told, &err);
	assert_non_null(store);
	assert_int_equal(told.away + told.back, 0); /* never within that call */
}

static int
set_up(void **state)
{
	(void)state;
	memset(&told, 0, sizeof(told));
	base = event_base_new();
	fake_init(&redis, base);
	return 0;
}

static int
set_up_working(void **state)
{
	set_up(state);
	fake_start(&redis);
	open_store(FAKE_PATIENCE_MS);
	WAIT_FOR(base, store_async_works(store));
	assert_int_equal(told.back, 1);
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

/* -- runs -------------------------------------------------------------------------------------- */

struct run {
	unsigned done;
	enum store_outcome outcome;
	struct err err;
	int64_t number;
	struct str text;
	struct store_call *call;
	void (*then)(struct run *run);
};

static void
on_done(void *arg, enum store_outcome outcome, const struct err *err)
{
	struct run *run = arg;

	run->done++;
	run->outcome = outcome;
	run->err = *err;
	run->call = NULL;
	if (run->then != NULL)
		run->then(run);
}

/* A question with two answers: ZCARD and GET. */
static bool
start(struct run *run)
{
	struct store_batch *batch = store_async_batch(store);

	store_put_index_size(batch, &run->number);
	store_put_mx_read(batch, "foo.test", &run->text);
	run->call = store_async_run(store, on_done, run, &run->err);
	assert_int_equal(run->done, 0); /* never within the start */
	return run->call != NULL;
}

static const char *
answers(struct fake_redis *from, const char *line)
{
	(void)from;
	if (strncmp(line, "ZCARD", 5) == 0)
		return ":17\r\n";
	if (strncmp(line, "GET", 3) == 0)
		return "$9\r\n5 mx.test\r\n";
	return NULL;
}

static void
answers_a_run(void **state)
{
	struct run run = { 0 };

	(void)state;
	redis.answer = answers;
	assert_true(start(&run));
	WAIT_FOR(base, run.done);
	assert_int_equal(run.outcome, STORE_DONE);
	assert_int_equal(run.number, 17);
	assert_string_equal(str_text(&run.text), "5 mx.test");
	assert_int_equal(store_async_figures(store).waiting, 0);
	assert_int_equal(store_async_figures(store).runs, 1);
	str_free(&run.text);
}

/* Bytes that stand before Redis. */
static int
unread(void)
{
	int bytes;

	assert_int_equal(ioctl(redis.clients[0].fd, FIONREAD, &bytes), 0);
	return bytes;
}

/* What is alone has nothing to wait for; what comes while others wait goes in fours. */
static void
writes_at_once_when_nothing_waits(void **state)
{
	struct run runs[5] = { { 0 } };
	int one;

	(void)state;
	redis.answer = answers;
	assert_true(start(&runs[0]));
	one = unread();
	assert_true(one > 0);
	for (unsigned i = 1; i < COUNT(runs); i++) {
		assert_int_equal(unread(), one);
		assert_true(start(&runs[i]));
	}
	assert_int_equal(unread(), (int)COUNT(runs) * one);
	WAIT_FOR(base, runs[COUNT(runs) - 1].done);
	for (unsigned i = 0; i < COUNT(runs); i++) {
		assert_string_equal(str_text(&runs[i].text), "5 mx.test");
		str_free(&runs[i].text);
	}
}

static const char *
refuses_size(struct fake_redis *from, const char *line)
{
	return strncmp(line, "ZCARD", 5) == 0 ? "-WRONGTYPE another kind of value\r\n"
					      : answers(from, line);
}

static void
keeps_other_results_when_one_is_refused(void **state)
{
	struct run run = { 0 };

	(void)state;
	redis.answer = refuses_size;
	assert_true(start(&run));
	WAIT_FOR(base, run.done);
	assert_int_equal(run.outcome, STORE_REFUSED);
	assert_string_equal(run.err.text, "WRONGTYPE another kind of value");
	assert_string_equal(str_text(&run.text), "5 mx.test");
	assert_int_equal(told.away, 0); /* one request's matter */
	str_free(&run.text);
}

static void
does_not_call_back_after_cancel(void **state)
{
	struct run cancelled = { 0 }, other = { 0 };

	(void)state;
	redis.answer = answers;
	assert_true(start(&cancelled));
	assert_true(start(&other));
	store_async_cancel(&cancelled.call);
	assert_null(cancelled.call);
	WAIT_FOR(base, other.done);
	assert_int_equal(cancelled.done, 0);
	assert_int_equal(cancelled.number,
	    0); /* and nothing is written where its results were to go */
	assert_int_equal(cancelled.text.len, 0);
	str_free(&other.text);
}

static void
start_again(struct run *run)
{
	struct run *next = run + 1;

	/* Redis has hung up after its answer; the connection does not know yet. */
	start(next);
	store_async_send(store);
}

/* A write that fails must not end the connection under the callback that it is made in. */
static void
survives_a_failing_write_within_a_callback(void **state)
{
	struct run runs[2] = { { .then = start_again }, { 0 } };

	(void)state;
	redis.answer = answers;
	redis.hangs_up_after = "GET";
	assert_true(start(&runs[0]));
	WAIT_FOR(base, runs[0].done);
	assert_int_equal(runs[0].outcome, STORE_DONE);
	WAIT_FOR(base, runs[1].done);
	assert_int_equal(runs[1].outcome, STORE_AWAY);
	redis.hangs_up_after = NULL;
	WAIT_FOR(base, store_async_works(store));
	assert_int_equal(runs[0].done + runs[1].done, 2);
	str_free(&runs[0].text);
}

static unsigned left;

static void
count_down(struct run *run)
{
	if (left-- == 0)
		return;
	run->done = 0;
	assert_true(start(run));
}

static void
runs_one_in_the_callback_of_another(void **state)
{
	struct run run = { .then = count_down };

	(void)state;
	redis.answer = answers;
	left = 1000;
	assert_true(start(&run));
	WAIT_FOR(base, run.done && left == (unsigned)-1);
	assert_int_equal(fake_count(&redis, "ZCARD"), 1001);
	str_free(&run.text);
}

static const char *
forgets_scripts(struct fake_redis *from, const char *line)
{
	(void)from;
	return strncmp(line, "EVALSHA ", 8) == 0 ? "-NOSCRIPT No matching script.\r\n" : NULL;
}

static void
repeats_a_script_that_redis_forgot(void **state)
{
	const struct store_take take = { .group = "g",
		.ip = "192.0.2.1",
		.node = "n",
		.commit = true };
	struct store_took took = { .outcome = STORE_NO_ROOM };
	struct run run = { 0 };

	(void)state;
	redis.answer = forgets_scripts;
	store_put_take(store_async_batch(store), &take, &took);
	run.call = store_async_run(store, on_done, &run, &run.err);
	WAIT_FOR(base, run.done);
	assert_int_equal(run.outcome, STORE_DONE);
	assert_int_equal(took.outcome, STORE_TAKEN);
	assert_int_equal(fake_count(&redis, "EVALSHA "), 1);
	assert_int_equal(fake_count(&redis, "EVAL "), 1);
}

static const char *
forgets_and_cannot(struct fake_redis *from, const char *line)
{
	(void)from;
	return strncmp(line, "EVAL", 4) == 0 ? "-NOSCRIPT No matching script.\r\n" : NULL;
}

static void
repeats_a_script_once_only(void **state)
{
	const struct store_take take = { .group = "g",
		.ip = "192.0.2.1",
		.node = "n",
		.commit = true };
	struct store_took took;
	struct run run = { 0 };

	(void)state;
	redis.answer = forgets_and_cannot;
	store_put_take(store_async_batch(store), &take, &took);
	run.call = store_async_run(store, on_done, &run, &run.err);
	WAIT_FOR(base, run.done);
	assert_int_equal(run.outcome, STORE_REFUSED);
	assert_int_equal(fake_count(&redis, "EVAL"), 2);
}

/* More than any socket buffer, while Redis does not read. */
static void
writes_in_parts(void **state)
{
	const size_t size = 8 << 20;
	char *text = malloc(size + 1);
	struct run run = { 0 }, after = { 0 };

	(void)state;
	memset(text, 'x', size);
	text[size] = '\0';
	redis.deaf = true;
	redis.answer = answers;
	store_put_unclassified(store_async_batch(store), text);
	run.call = store_async_run(store, on_done, &run, &run.err);
	assert_true(start(&after));
	turn(base);
	redis.deaf = false;
	WAIT_FOR(base, after.done);
	assert_int_equal(run.done, 1);
	assert_int_equal(run.outcome, STORE_DONE);
	assert_int_equal(after.outcome, STORE_DONE);
	str_free(&after.text);
	free(text);
}

/* All replies to the greeting and to three runs, one of them an error, a byte at a time. */
static void
takes_replies_byte_by_byte(void **state)
{
	struct run runs[3] = { { 0 } };
	struct fake_client *client = &redis.clients[0];

	(void)state;
	redis.answer = refuses_size;
	redis.holding = true;
	fake_start(&redis);
	open_store(FAKE_PATIENCE_MS);
	WAIT_FOR(base, fake_has(&redis, "SCRIPT "));
	turn(base);
	for (int round = 0; round < 2; round++) {
		for (int i = 0; round > 0 && i < 3; i++)
			assert_true(start(&runs[i]));
		WAIT_FOR(base, round == 0 || fake_count(&redis, "GET ") == 3);
		assert_int_equal(told.back, round);
		assert_true(client->held.len > 0);
		for (size_t i = 0; i < client->held.len; i++) {
			assert_int_equal(send(client->fd, client->held.data + i, 1, 0), 1);
			event_base_loop(base, EVLOOP_NONBLOCK);
		}
		str_empty(&client->held);
		WAIT_FOR(base, store_async_works(store));
	}
	for (int i = 0; i < 3; i++) {
		WAIT_FOR(base, runs[i].done);
		assert_int_equal(runs[i].outcome, STORE_REFUSED);
		assert_string_equal(str_text(&runs[i].text), "5 mx.test");
		str_free(&runs[i].text);
	}
	assert_int_equal(redis.connections, 1);
	assert_int_equal(told.away, 0);
}

/* -- deadlines, outages ------------------------------------------------------------------------ */

static void
ends_silent_runs_at_their_deadline(void **state)
{
	struct run runs[3] = { { 0 } };
	int64_t start_ms;

	(void)state;
	store_async_set_timeout(store, 60);
	redis.answer = answers;
	redis.holding = true;
	start_ms = clock_monotonic_ms();
	for (int i = 0; i < 3; i++)
		assert_true(start(&runs[i]));
	WAIT_FOR(base, runs[0].done);
	assert_true(clock_monotonic_ms() - start_ms >= 60 - TIMER_EARLY_MS);
	for (int i = 0; i < 3; i++) { /* the connection is given up, so all */
		assert_int_equal(runs[i].done, 1);
		assert_int_equal(runs[i].outcome, STORE_AWAY);
		assert_string_equal(runs[i].err.text, "no answer within 60 ms");
	}
	assert_int_equal(told.away, 1);
	assert_string_equal(told.words, "no answer within 60 ms");
	assert_false(store_async_works(store));
	assert_int_equal(store_async_figures(store).timeouts, 1);
	store_async_set_timeout(store, FAKE_PATIENCE_MS);
	redis.holding = false;
	WAIT_FOR(base, store_async_works(store));
	assert_int_equal(redis.connections, 2);
	assert_int_equal(told.away, 1);
	assert_int_equal(told.back, 2);
	assert_int_equal(runs[0].done + runs[1].done + runs[2].done, 3);
}

static void
holds_runs_under_way_to_a_shorter_timeout(void **state)
{
	struct run before = { 0 }, after = { 0 };
	int64_t start_ms = clock_monotonic_ms();

	(void)state;
	redis.holding = true;
	assert_true(start(&before)); /* with FAKE_PATIENCE_MS */
	turn(base);
	store_async_set_timeout(store, 50);
	assert_true(start(&after));
	WAIT_FOR(base, before.done && after.done);
	assert_int_equal(after.outcome, STORE_AWAY);
	assert_true(clock_monotonic_ms() - start_ms < FAKE_PATIENCE_MS / 2);
}

static void
ends_runs_when_redis_hangs_up(void **state)
{
	struct run runs[5] = { { 0 } };

	(void)state;
	redis.holding = true;
	for (int i = 0; i < 5; i++)
		assert_true(start(&runs[i]));
	WAIT_FOR(base, fake_count(&redis, "GET ") == 5);
	fake_hang_up(&redis);
	WAIT_FOR(base, runs[4].done);
	for (int i = 0; i < 5; i++) {
		assert_int_equal(runs[i].done, 1);
		assert_int_equal(runs[i].outcome, STORE_AWAY);
	}
	assert_int_equal(store_async_figures(store).waiting, 0);
	assert_int_equal(told.away, 1);
	redis.holding = false;
	WAIT_FOR(base, store_async_works(store));
	assert_int_equal(told.back, 2);
}

/* Bytes that are no reply to anything: nothing that follows could be told apart. */
static void
hangs_up_on(const char *bytes, const char *words)
{
	unsigned connections = redis.connections;

	fake_write(&redis.clients[0], bytes, strlen(bytes));
	WAIT_FOR(base, told.away == 1);
	assert_non_null(strstr(told.words, words));
	WAIT_FOR(base, store_async_works(store));
	assert_int_equal(redis.connections, connections + 1);
}

static void
hangs_up_on_a_reply_to_nothing(void **state)
{
	(void)state;
	hangs_up_on("+OK\r\n", "a reply to nothing");
}

/* It need not be whole: 500 MB that nobody asked for have no deadline. */
static void
hangs_up_on_the_start_of_a_reply_to_nothing(void **state)
{
	(void)state;
	hangs_up_on("$500000000\r\nx", "a reply to nothing");
}

static void
hangs_up_on_the_start_of_a_list_to_nothing(void **state)
{
	(void)state;
	hangs_up_on("*3\r\n", "a reply to nothing");
}

static void
hangs_up_on_what_is_no_reply(void **state)
{
	(void)state;
	hangs_up_on("HTTP/1.1 400 Bad Request\r\n", "Protocol error");
}

static void
is_freed_with_runs_under_way(void **state)
{
	struct run run = { 0 }, cancelled = { 0 };

	(void)state;
	redis.holding = true;
	assert_true(start(&run));
	assert_true(start(&cancelled));
	store_async_cancel(&cancelled.call);
	store_async_free(&store);
	turn(base);
	assert_int_equal(run.done + cancelled.done, 0);
	assert_int_equal(told.away, 0);
}

static void
is_freed_right_after_it_was_made(void **state)
{
	(void)state;
	fake_start(&redis);
	open_store(1000);
	store_async_free(&store);
	turn(base);
	open_store(1000);
	turn(base);
	store_async_free(&store); /* connecting, or just connected */
	told.back = 0;
	turn(base);
	assert_int_equal(told.away + told.back, 0);
}

static void
fails_starts_at_once_while_away(void **state)
{
	struct run run = { 0 };

	(void)state;
	open_store(1000); /* nobody is there */
	assert_false(start(&run));
	assert_string_equal(run.err.text, "not connected");
	WAIT_FOR(base, told.away);
	assert_string_equal(told.words, "No such file or directory");
	assert_false(start(&run));
	store_put_probe(store_async_batch(store));
	store_async_send(store); /* lost */
	fake_start(&redis);
	WAIT_FOR(base, store_async_works(store));
	assert_int_equal(told.away, 1); /* however often it tried */
	assert_int_equal(told.back, 1);
	assert_false(fake_has(&redis, "SET"));
	assert_int_equal(run.done, 0);
}

static void
says_nothing_once_retired(void **state)
{
	struct run run = { 0 };

	(void)state;
	redis.holding = true;
	assert_true(start(&run));
	store_async_retire(store);
	WAIT_FOR(base, fake_has(&redis, "GET"));
	fake_hang_up(&redis);
	WAIT_FOR(base, run.done);
	assert_int_equal(told.away, 0);
}

/* -- over TCP ---------------------------------------------------------------------------------- */

/* As fake_start, at a free port of 127.0.0.1; backlog: as listen's. */
static int
listen_tcp(int backlog)
{
	struct sockaddr_in addr = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };
	socklen_t len = sizeof(addr);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);

	assert_int_equal(bind(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
	assert_int_equal(listen(fd, backlog), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&addr, &len), 0);
	redis.address.path = "";
	redis.address.host = "127.0.0.1";
	redis.address.port = ntohs(addr.sin_port);
	return fd;
}

static void
serve_tcp(int fd)
{
	redis.fd = fd;
	redis.acceptable = event_new(base, fd, EV_READ | EV_PERSIST, fake_on_acceptable, &redis);
	event_add(redis.acceptable, NULL);
}

/* The first that works is found without a word that the others do not, and kept. */
static void
tries_each_address_of_a_host(void **state)
{
	struct run run = { 0 };

	(void)state;
	serve_tcp(listen_tcp(16));
	redis.address.host = MANY_ADDRESSES;
	redis.answer = answers;
	open_store(FAKE_PATIENCE_MS);
	WAIT_FOR(base, store_async_works(store));
	assert_int_equal(told.away, 0);
	for (unsigned round = 1; round <= 3; round++) {
		fake_hang_up(&redis);
		WAIT_FOR(base, told.away == round);
		WAIT_FOR(base, store_async_works(store));
		assert_int_equal(redis.connections, round + 1);
	}
	assert_true(start(&run));
	WAIT_FOR(base, run.done);
	assert_int_equal(run.outcome, STORE_DONE);
	str_free(&run.text);
}

static void
tells_once_that_no_address_works(void **state)
{
	int fd = listen_tcp(16);

	(void)state;
	close(fd); /* nobody is at its port */
	redis.address.host = MANY_ADDRESSES;
	open_store(FAKE_PATIENCE_MS);
	WAIT_FOR(base, told.away == 1);
	WAIT_FOR(base, store_async_figures(store).connects >= 4);
	assert_int_equal(told.away + told.back, 1);
}

/* A machine that takes no connection and says nothing: the kernel alone would try for two minutes. */
static void
has_a_deadline_for_connecting(void **state)
{
	enum { CROWD = 8 };
	struct sockaddr_in addr = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };
	int crowd[CROWD], fd = listen_tcp(0);
	struct run run = { 0 };

	(void)state;
	addr.sin_port = htons((uint16_t)redis.address.port);
	for (int i = 0; i < CROWD; i++) { /* more than its queue takes */
		crowd[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
		assert_int_equal(connect(crowd[i], (struct sockaddr *)&addr, sizeof(addr)), -1);
		assert_int_equal(errno, EINPROGRESS);
	}
	open_store(50);
	WAIT_FOR(base, told.away == 1);
	assert_string_equal(told.words, "no answer within 50 ms");
	assert_false(start(&run));
	WAIT_FOR(base, store_async_figures(store).connects >= 3);
	for (int i = 0; i < CROWD; i++)
		close(crowd[i]);
	store_async_set_timeout(store, FAKE_PATIENCE_MS);
	serve_tcp(fd);
	WAIT_FOR(base, store_async_works(store));
	assert_int_equal(told.away, 1);
}

/* -- Redis answers, but not as it should ------------------------------------------------------- */

static const char *
has_one_database(struct fake_redis *from, const char *line)
{
	(void)from;
	return strncmp(line, "SELECT", 6) == 0 ? "-ERR DB index is out of range\r\n" : NULL;
}

static void
tells_why_a_greeting_was_refused(void **state)
{
	struct run run = { 0 };

	(void)state;
	redis.answer = has_one_database;
	redis.address.db = 99;
	fake_start(&redis);
	open_store(50);
	WAIT_FOR(base, redis.connections > 1); /* it has given up once, and tries again */
	assert_int_equal(told.away, 1);
	assert_string_equal(told.words, "ERR DB index is out of range");
	assert_int_equal(store_async_figures(store).timeouts, 0); /* it did answer */
	assert_false(store_async_works(store));
	assert_false(start(&run));
	redis.answer = NULL; /* an operator has mended it */
	WAIT_FOR(base, store_async_works(store));
	assert_int_equal(told.back, 1);
}

static const char *
is_full(struct fake_redis *from, const char *line)
{
	(void)from;
	return strncmp(line, "ZCARD", 5) == 0 || strncmp(line, "SET", 3) == 0
		   ? "-OOM command not allowed when used memory > 'maxmemory'.\r\n"
		   : NULL;
}

static void
tells_a_lasting_error_until_a_write_succeeds(void **state)
{
	struct run run = { 0 };

	(void)state;
	redis.answer = is_full;
	assert_true(start(&run));
	WAIT_FOR(base, run.done);
	assert_int_equal(run.outcome, STORE_REFUSED);
	assert_int_equal(told.away, 1);
	assert_non_null(strstr(told.words, "OOM"));
	assert_false(store_async_works(store));
	WAIT_FOR(base, fake_has(&redis, "SET mxpace:probe"));
	redis.answer = NULL;
	WAIT_FOR(base, store_async_works(store));
	assert_int_equal(told.away, 1);
	assert_int_equal(told.back, 2);
	assert_int_equal(redis.connections, 1);
}

#define WORKING(function) cmocka_unit_test_setup_teardown(function, set_up_working, take_down)
#define ALONE(function)   cmocka_unit_test_setup_teardown(function, set_up, take_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		WORKING(answers_a_run),
		WORKING(writes_at_once_when_nothing_waits),
		WORKING(keeps_other_results_when_one_is_refused),
		WORKING(does_not_call_back_after_cancel),
		WORKING(survives_a_failing_write_within_a_callback),
		WORKING(runs_one_in_the_callback_of_another),
		WORKING(repeats_a_script_that_redis_forgot),
		WORKING(repeats_a_script_once_only),
		WORKING(writes_in_parts),
		WORKING(ends_silent_runs_at_their_deadline),
		WORKING(holds_runs_under_way_to_a_shorter_timeout),
		WORKING(ends_runs_when_redis_hangs_up),
		WORKING(hangs_up_on_a_reply_to_nothing),
		WORKING(hangs_up_on_the_start_of_a_reply_to_nothing),
		WORKING(hangs_up_on_the_start_of_a_list_to_nothing),
		WORKING(hangs_up_on_what_is_no_reply),
		WORKING(is_freed_with_runs_under_way),
		WORKING(says_nothing_once_retired),
		WORKING(tells_a_lasting_error_until_a_write_succeeds),
		ALONE(is_freed_right_after_it_was_made),
		ALONE(fails_starts_at_once_while_away),
		ALONE(takes_replies_byte_by_byte),
		ALONE(tries_each_address_of_a_host),
		ALONE(tells_once_that_no_address_works),
		ALONE(has_a_deadline_for_connecting),
		ALONE(tells_why_a_greeting_was_refused),
	};

	return cmocka_run_group_tests_name("store_async", tests, NULL, NULL);
}
