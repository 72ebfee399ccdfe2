/* store_sync.h on a real Redis: connecting, logging in, failing, scripts that Redis has forgotten. */
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "arena.h"
#include "clock.h"
#include "keys.h"
#include "redis.h"
#include "store_reply.h"
#include "tests/unit/check.h"

static struct redis redis;

/* Takes, counts an error and gives back in one batch: every script once. */
static enum store_outcome
run_all_scripts(struct store_sync *store, struct store_took *took, struct store_counted *counted,
    struct err *err)
{
	struct limit limit;
	struct store_take take = { "google", "all", "mta1", 1, 5, &limit, 1, true, false };
	struct store_error error = { .addr = "a@x.test",
		.ndr = "n1",
		.type = BOUNCE_SOFT,
		.reason = REASON_MAILBOX_FULL,
		.rule = { 3, 0, 1000, 1000 } };
	struct store_batch batch = { 0 };
	enum store_outcome outcome;

	limit_set(&limit, 10, 3600000);
	store_put_take(&batch, &take, took);
	store_put_error(&batch, &error, counted);
	store_put_give_back(&batch, &take, 1);
	outcome = store_sync_run(store, &batch, err);
	assert_int_equal(batch.count, 0); /* emptied, whatever came of it */
	store_batch_free(&batch);
	return outcome;
}

static void
loads_forgotten_scripts(void **state)
{
	struct store_took took;
	struct store_counted counted;
	struct err err;

	(void)state;
	redis_fresh(&redis);
	for (int64_t i = 1; i <= 3; i++) {
		freeReplyObject(redis_do(&redis, "SCRIPT FLUSH"));
		assert_int_equal(run_all_scripts(redis.store, &took, &counted, &err), STORE_DONE);
		assert_int_equal(took.outcome, STORE_TAKEN);
		assert_true(took.now_ms > 0);
		assert_int_equal(counted.outcome, i == 1 ? STORE_COUNTED : STORE_AGAIN);
		assert_int_equal(redis_number(&redis, "HGET mxpace:{g:google}:sent:all:1h total"),
		    i);
	}
	assert_int_equal(run_all_scripts(redis.store, &took, &counted, &err), STORE_DONE);
	assert_int_equal(redis_number(&redis, "HGET mxpace:{g:google}:sent:all:1h total"), 4);
}

static void
digests_are_redis_own(void **state)
{
	(void)state;
	for (int i = 0; i < SCRIPT_COUNT; i++) {
		struct span text = script_text((enum script)i);
		redisReply *reply = redis_do(&redis, "SCRIPT LOAD %b", text.ptr, text.len);

		assert_string_equal(reply->str, script_sha1((enum script)i));
		freeReplyObject(reply);
	}
}

/* One command of a batch fails: the words are its, the results of the others are there. */
static void
refused_in_the_middle(void **state)
{
	struct store_batch batch = { 0 };
	struct str before = { 0 }, after = { 0 };
	struct quarantine_entry entry;
	struct err err;

	(void)state;
	redis_fresh(&redis);
	freeReplyObject(redis_do(&redis, "SET mxpace:mx:a.test first"));
	freeReplyObject(redis_do(&redis, "SET mxpace:{q:a@x.test} wrong"));
	freeReplyObject(redis_do(&redis, "SET mxpace:mx:b.test last"));
	store_put_mx_read(&batch, "a.test", &before);
	store_put_quarantine_read(&batch, "a@x.test", &entry);
	store_put_mx_read(&batch, "b.test", &after);
	assert_int_equal(store_sync_run(redis.store, &batch, &err), STORE_REFUSED);
	assert_int_equal(strncmp(err.text, "WRONGTYPE", 9), 0);
	assert_string_equal(str_text(&before), "first");
	assert_string_equal(str_text(&after), "last");
	store_put_mx_read(&batch, "a.test", &before); /* and the connection is good */
	assert_int_equal(store_sync_run(redis.store, &batch, &err), STORE_DONE);
	str_free(&before);
	str_free(&after);
	store_batch_free(&batch);
}

static void
nothing_to_run(void **state)
{
	struct store_batch batch = { 0 };
	struct err err;

	(void)state;
	assert_int_equal(store_sync_run(redis.store, &batch, &err), STORE_DONE);
	store_batch_free(&batch);
}

/* -- connecting ------------------------------------------------------------------------------ */

static void
databases(void **state)
{
	struct store_address address = redis.address;
	struct store_batch batch = { 0 };
	struct store_sync *store;
	struct err err;

	(void)state;
	redis_fresh(&redis);
	address.db = 3;
	store = store_sync_open(&address, 1000, &err);
	assert_non_null(store);
	store_put_mx(&batch, "x.test", "5 mx.x.test", 60);
	assert_int_equal(store_sync_run(store, &batch, &err), STORE_DONE);
	store_sync_close(&store);
	assert_null(store);
	store_sync_close(&store);
	assert_int_equal(redis_number(&redis, "EXISTS mxpace:mx:x.test"), 0);
	freeReplyObject(redis_do(&redis, "SELECT 3"));
	assert_int_equal(redis_number(&redis, "EXISTS mxpace:mx:x.test"), 1);
	freeReplyObject(redis_do(&redis, "SELECT 0"));

	address.db = 999;
	assert_null(store_sync_open(&address, 1000, &err));
	assert_string_equal(err.text, "Redis at redis of the test: ERR DB index is out of range");
	store_batch_free(&batch);
}

static void
passwords(void **state)
{
	static const struct {
		const char *user, *password, *want; /* NULL: let in */
	} rows[] = {
		{ "", "secret", NULL },
		{ "default", "secret", NULL },
		{ "mxpace", "other", NULL },
		{ "", "wrong", "Redis at redis of the test: WRONGPASS" },
		{ "mxpace", "secret", "Redis at redis of the test: WRONGPASS" },
	};
	struct err err;

	(void)state;
	redis_fresh(&redis);
	freeReplyObject(redis_do(&redis, "ACL SETUSER mxpace on >other ~mxpace:* +@all"));
	freeReplyObject(redis_do(&redis, "CONFIG SET requirepass secret"));
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct store_address address = redis.address;
		struct store_sync *store;

		address.user = rows[i].user;
		address.password = rows[i].password;
		store = store_sync_open(&address, 1000, &err);
		if (rows[i].want != NULL) {
			assert_null(store);
			assert_int_equal(strncmp(err.text, rows[i].want, strlen(rows[i].want)), 0);
			assert_null(strstr(err.text, rows[i].password));
		} else {
			assert_non_null(store);
		}
		store_sync_close(&store);
	}
	{ /* none at all: noticed at the first run */
		struct store_sync *store = store_sync_open(&redis.address, 1000, &err);
		struct store_batch batch = { 0 };
		int64_t size;

		assert_non_null(store);
		store_put_index_size(&batch, &size);
		assert_int_equal(store_sync_run(store, &batch, &err), STORE_REFUSED);
		assert_int_equal(strncmp(err.text, "NOAUTH", 6), 0);
		store_batch_free(&batch);
		store_sync_close(&store);
	}
	freeReplyObject(redis_do(&redis, "CONFIG SET requirepass %s", ""));
	freeReplyObject(redis_do(&redis, "ACL DELUSER mxpace"));
}

static void
nobody_there(void **state)
{
	struct store_address address = redis.address;
	struct err err;

	(void)state;
	address.path = "/nowhere/redis.sock";
	assert_null(store_sync_open(&address, 1000, &err));
	assert_string_equal(err.text, "Redis at redis of the test: No such file or directory");
	address.path = "";
	address.host = "127.0.0.1";
	address.port = 1; /* tcpmux: nobody has it */
	assert_null(store_sync_open(&address, 1000, &err));
	assert_string_equal(err.text, "Redis at redis of the test: Connection refused");
}

/* -- Redis in trouble ------------------------------------------------------------------------ */

static void
stopped(void **state)
{
	struct store_batch batch = { 0 };
	struct store_sync *store;
	struct err err = { "" };
	int64_t before, size;

	(void)state;
	redis_fresh(&redis);
	store = store_sync_open(&redis.address, 300, &err);
	assert_non_null(store);
	redis_send(&redis, SIGSTOP);
	before = clock_monotonic_ms();
	store_put_index_size(&batch, &size);
	assert_int_equal(store_sync_run(store, &batch, &err), STORE_AWAY);
	assert_in_range(clock_monotonic_ms() - before, 290, 5000);
	assert_string_not_equal(err.text, "");
	store_sync_close(&store);
	redis_send(&redis, SIGCONT);
	store_batch_free(&batch);
}

/* A process as it comes, which did not think of SIGPIPE, is told that Redis is gone. */
static void
killed_between_runs(void **state)
{
	pid_t pid;
	int ends[2], ready[2], status;
	char byte = 'x';

	(void)state;
	assert_true(pipe(ends) == 0 && pipe(ready) == 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		struct err err = { "" };
		struct store_sync *store = store_sync_open(&redis.address, 1000, &err);
		struct store_batch batch = { 0 };
		enum store_outcome outcome;
		int64_t size;

		signal(SIGPIPE, SIG_DFL);
		close(ends[1]);
		if (store == NULL || write(ready[1], &byte, 1) != 1 ||
		    read(ends[0], &byte, 1) != 0) /* until Redis is killed */
			_exit(1);
		for (int i = 0; i < 2; i++) {
			store_put_index_size(&batch, &size);
			outcome = store_sync_run(store, &batch, &err);
			if (outcome != STORE_AWAY || err.text[0] == '\0')
				_exit(2);
		}
		store_batch_free(&batch);
		store_sync_close(&store);
		_exit(0);
	}
	close(ends[0]);
	close(ready[1]);
	assert_int_equal(read(ready[0], &byte, 1), 1); /* it is connected */
	close(ready[0]);
	redis_kill(&redis);
	close(ends[1]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	redis_restart(&redis, NULL);
	assert_int_equal(status, 0);
}

/* Hangs up in the middle of a batch, after some replies. */
static void
killed_during_a_run(void **state)
{
	struct store_batch batch = { 0 };
	struct str text = { 0 };
	struct store_sync *store;
	struct err err = { "" };
	int64_t size;

	(void)state;
	redis_fresh(&redis);
	freeReplyObject(redis_do(&redis, "SET mxpace:mx:x.test there"));
	store = store_sync_open(&redis.address, 1000, &err);
	assert_non_null(store);
	store_put_mx_read(&batch, "x.test", &text);
	store_batch_begin(&batch, 4);
	store_batch_arg_text(&batch, "CLIENT");
	store_batch_arg_text(&batch, "KILL");
	store_batch_arg_text(&batch, "SKIPME");
	store_batch_arg_text(&batch, "no");
	store_batch_end(&batch, NULL, NULL);
	store_put_index_size(&batch, &size);
	assert_int_equal(store_sync_run(store, &batch, &err), STORE_AWAY);
	assert_string_not_equal(err.text, "");
	store_sync_close(&store);
	store_batch_free(&batch);
	str_free(&text);
	redis_kill(&redis);
	redis_restart(&redis, NULL);
}

static void
full(void **state)
{
	struct store_took took;
	struct store_counted counted;
	struct err err;

	(void)state;
	redis_fresh(&redis);
	freeReplyObject(redis_do(&redis, "CONFIG SET maxmemory 1"));
	assert_int_equal(run_all_scripts(redis.store, &took, &counted, &err), STORE_REFUSED);
	freeReplyObject(redis_do(&redis, "CONFIG SET maxmemory 0"));
	assert_int_equal(strncmp(err.text, "OOM ", 4), 0);
	assert_int_equal(run_all_scripts(redis.store, &took, &counted, &err), STORE_DONE);
}

static void
a_user_that_may_not(void **state)
{
	struct store_address address = redis.address;
	struct store_took took;
	struct store_counted counted;
	struct store_sync *store;
	struct err err;

	(void)state;
	redis_fresh(&redis);
	freeReplyObject(redis_do(&redis, "ACL SETUSER reader on >pw ~mxpace:* +@read +auth"));
	address.user = "reader";
	address.password = "pw";
	store = store_sync_open(&address, 1000, &err);
	assert_non_null(store);
	assert_int_equal(run_all_scripts(store, &took, &counted, &err), STORE_REFUSED);
	assert_int_equal(strncmp(err.text, "NOPERM", 6), 0);
	store_sync_close(&store);
	freeReplyObject(redis_do(&redis, "ACL DELUSER reader"));
}

/* The ACL user that INSTALL proposes is enough for every verb of a decision and of a bounce. */
static void
keys_of_ours_alone_are_enough(void **state)
{
	struct store_address address = redis.address;
	struct store_took took;
	struct store_counted counted;
	struct store_sync *store;
	struct err err = { "" };

	(void)state;
	redis_fresh(&redis);
	freeReplyObject(redis_do(&redis, "SCRIPT FLUSH"));
	freeReplyObject(redis_do(&redis, "ACL SETUSER ours on >pw ~mxpace:* +@all -@dangerous"));
	address.user = "ours";
	address.password = "pw";
	store = store_sync_open(&address, 1000, &err);
	assert_non_null(store);
	if (run_all_scripts(store, &took, &counted, &err) != STORE_DONE)
		fail_msg("%s", err.text);
	store_sync_close(&store);
	freeReplyObject(redis_do(&redis, "ACL DELUSER ours"));
}

int
main(void)
{
	struct check_list list = { 0 };
	int rc;

	CHECK(&list, loads_forgotten_scripts);
	CHECK(&list, digests_are_redis_own);
	CHECK(&list, refused_in_the_middle);
	CHECK(&list, nothing_to_run);
	CHECK(&list, databases);
	CHECK(&list, passwords);
	CHECK(&list, nobody_there);
	CHECK(&list, stopped);
	CHECK(&list, killed_between_runs);
	CHECK(&list, killed_during_a_run);
	CHECK(&list, full);
	CHECK(&list, a_user_that_may_not);
	CHECK(&list, keys_of_ours_alone_are_enough);
	redis_start(&redis, NULL);
	rc = check_run(&list, "store_sync");
	redis_stop(&redis);
	return rc;
}
