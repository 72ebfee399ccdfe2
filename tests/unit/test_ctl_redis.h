/*
 * test_ctl_redis - mxctl against a redis-server of the test's own, in the folder of test_ctl.h.
 */
#ifndef TEST_CTL_REDIS_H
#define TEST_CTL_REDIS_H

#include "test_ctl.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>

#include "clock.h"
#include "store_reply.h"

static pid_t redis_pid;
static struct settings *settings;
static struct store_sync *store;
static struct store_batch batch;

/* -- Redis ------------------------------------------------------------------------------------- */

static inline void
stop_redis(void)
{
	if (redis_pid <= 0)
		return;
	kill(redis_pid, SIGKILL);
	waitpid(redis_pid, NULL, 0);
	redis_pid = 0;
	remove_file("redis.sock");
}

static inline int
start_redis(void)
{
	int64_t deadline_ms = clock_monotonic_ms() + 20000;
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/redis.sock", folder);
	redis_pid = fork();
	if (redis_pid == 0) {
		int null = open("/dev/null", O_RDWR);

		dup2(null, STDOUT_FILENO);
		execlp("redis-server", "redis-server", "--port", "0", "--unixsocket", path,
		    "--save", "", "--appendonly", "no", "--dir", folder, (char *)NULL);
		_exit(127);
	}
	atexit(stop_redis);
	while (store == NULL && clock_monotonic_ms() < deadline_ms) {
		if (waitpid(redis_pid, NULL, WNOHANG) == redis_pid) {
			redis_pid = 0;
			return -1;
		}
		store = store_sync_open(&settings->redis, settings->store_timeout_ms, NULL);
		poll(NULL, 0, store == NULL ? 10 : 0);
	}
	return store != NULL ? 0 : -1;
}

static inline void
must(void)
{
	struct err err = { "" };

	if (store_sync_run(store, &batch, &err) != STORE_DONE)
		fail_msg("%s", err.text);
}

static inline int64_t
number(const char *command, const char *key)
{
	int64_t result = -1;

	store_batch_begin(&batch, 2);
	store_batch_arg_text(&batch, command);
	store_batch_arg_text(&batch, key);
	store_batch_end(&batch, store_reply_number, &result);
	must();
	return result;
}

static inline int
empty_redis(void **state)
{
	(void)state;
	store_batch_begin(&batch, 1);
	store_batch_arg_text(&batch, "FLUSHALL");
	store_batch_end(&batch, NULL, NULL);
	must();
	return 0;
}

/* -- what is asked of mxctl -------------------------------------------------------------------- */

static inline void
check_run_of(const char *line, int rc, const char *stream, const char *errors)
{
	char args[600];
	struct done done;

	snprintf(args, sizeof(args), "-c mxpace.conf %s", line);
	done = run(args, "\n");
	if (done.rc != rc || strstr(done.stream, stream) == NULL ||
	    strstr(done.errors, errors) == NULL) {
		print_message("mxctl %s\nexit %d\nstdout: %s\nstderr: %s\n", line, done.rc,
		    done.stream, done.errors);
		fail();
	}
	free_done(&done);
}

static inline size_t
occurrences(const char *text, const char *part)
{
	size_t count = 0;

	for (const char *p = text; (p = strstr(p, part)) != NULL; p += strlen(part))
		count++;
	return count;
}

/* -- limits ------------------------------------------------------------------------------------ */

static inline struct limit
limit_of(const char *text)
{
	struct limit limit;

	assert_int_equal(limit_parse(span_of(text), &limit, NULL), 0);
	return limit;
}

static inline struct store_took
take(const char *group, const char *ip, const struct limit *limit, bool commit)
{
	struct store_take request = { .group = group,
		.ip = ip,
		.node = "mta1",
		.limits = limit,
		.limit_count = 1,
		.commit = commit };
	struct store_took took;

	store_put_take(&batch, &request, &took);
	store_put_group_used(&batch, group, clock_wall_s());
	must();
	return took;
}

/* -- the whole --------------------------------------------------------------------------------- */

static inline void
end_redis(void)
{
	store_sync_close(&store);
	store_batch_free(&batch);
	settings_release(&settings);
	stop_redis();
	remove_file("mxpace.conf");
	remove_file("mx-rules.conf");
	remove_folder();
}

/* The files of mxctl, and Redis as they say. False: said why, and all is gone again. */
static inline bool
begin_redis(const char *conf, const char *rules)
{
	struct conf_errors errors = { 0 };
	char path[PATH_MAX];
	bool begun;

	make_folder();
	write_file("mxpace.conf", conf);
	write_file("mx-rules.conf", rules);
	snprintf(path, sizeof(path), "%s/mxpace.conf", folder);
	settings = settings_load(path, &errors);
	begun = settings != NULL && start_redis() == 0;
	if (!begun) {
		printf("Bail out! no redis-server: %s\n", str_text(&errors.lines));
		end_redis();
	}
	conf_errors_free(&errors);
	return begun;
}

#endif
