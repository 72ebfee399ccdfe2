#include "redis.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"
#include "tests/unit/check.h"

enum { START_DEADLINE_MS = 20000, COMMAND_DEADLINE_MS = 10000, OPTIONS_MAX = 24 };

static void
give_up(struct redis *redis, const char *what)
{
	printf("Bail out! redis-server: %s: %s\n", what, strerror(errno));
	redis_stop(redis);
	exit(1);
}

/* -- the process ----------------------------------------------------------------------------- */

static void
preload(char path[512])
{
	ssize_t len = readlink("/proc/self/exe", path, 480);

	path[len > 0 ? len : 0] = '\0';
	if (strrchr(path, '/') != NULL)
		strcpy(strrchr(path, '/') + 1, "clock.so");
}

static void
run_server(struct redis *redis, const char *const *options)
{
	const char *argv[16 + OPTIONS_MAX] = { "redis-server", "--port", "0", "--unixsocket",
		redis->socket, "--dir", redis->folder, "--save", "", "--appendonly", "no",
		"--logfile", "redis.log" };
	size_t n = 13;
	char clock_path[96], library[512];

	for (; options != NULL && *options != NULL && n < 14 + OPTIONS_MAX; options++)
		argv[n++] = *options;
	argv[n] = NULL;
	snprintf(clock_path, sizeof(clock_path), "%s/clock", redis->folder);
	preload(library);
	setenv("MXPACE_TEST_CLOCK", clock_path, 1);
	setenv("LD_PRELOAD", library, 1);
	prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	execvp(argv[0], (char *const *)(uintptr_t)argv);
	_exit(127);
}

static bool
answers(struct redis *redis)
{
	struct timeval timeout = { COMMAND_DEADLINE_MS / 1000, 0 };
	redisReply *reply;
	bool ready;

	redis->control = redisConnectUnixWithTimeout(redis->socket, timeout);
	if (redis->control != NULL && redis->control->err == 0) {
		redisSetTimeout(redis->control, timeout);
		reply = redisCommand(redis->control, "PING");
		/* A server that wants a password or is loading is there as well. */
		ready = reply != NULL;
		freeReplyObject(reply);
		if (ready)
			return true;
	}
	redisFree(redis->control);
	redis->control = NULL;
	return false;
}

static void
launch(struct redis *redis, const char *const *options)
{
	struct timespec pause = { 0, 2000000 };
	int64_t deadline = clock_monotonic_ms() + START_DEADLINE_MS;

	fflush(stdout);
	redis->pid = fork();
	if (redis->pid < 0)
		give_up(redis, "fork");
	if (redis->pid == 0)
		run_server(redis, options);
	while (!answers(redis)) {
		if (waitpid(redis->pid, NULL, WNOHANG) != 0) {
			redis->pid = 0;
			give_up(redis, "ended at once");
		}
		if (clock_monotonic_ms() > deadline)
			give_up(redis, "does not answer");
		nanosleep(&pause, NULL);
	}
}

static void
map_clock(struct redis *redis)
{
	char path[96];
	int fd;
	void *map;

	snprintf(path, sizeof(path), "%s/clock", redis->folder);
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0 || ftruncate(fd, sizeof(int64_t)) != 0)
		give_up(redis, path);
	map = mmap(NULL, sizeof(int64_t), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	if (map == MAP_FAILED)
		give_up(redis, path);
	redis->clock_us = map;
}

void
redis_start(struct redis *redis, const char *const *options)
{
	struct err err = { "" };

	*redis = (struct redis){ .folder = "/tmp/mxpace-test-XXXXXX" };
	if (mkdtemp(redis->folder) == NULL)
		give_up(redis, redis->folder);
	snprintf(redis->socket, sizeof(redis->socket), "%s/redis.sock", redis->folder);
	redis->address =
	    (struct store_address){ "", 0, redis->socket, "", "", 0, "redis of the test" };
	map_clock(redis);
	launch(redis, options);
	redis->store = store_sync_open(&redis->address, COMMAND_DEADLINE_MS, &err);
	if (redis->store == NULL)
		give_up(redis, err.text);
}

void
redis_restart(struct redis *redis, const char *const *options)
{
	struct err err = { "" };

	launch(redis, options);
	redis->store = store_sync_open(&redis->address, COMMAND_DEADLINE_MS, &err);
	if (redis->store == NULL)
		give_up(redis, err.text);
}

void
redis_send(struct redis *redis, int signal_number)
{
	kill(redis->pid, signal_number);
}

void
redis_kill(struct redis *redis)
{
	store_sync_close(&redis->store);
	redisFree(redis->control);
	redis->control = NULL;
	if (redis->pid > 0) {
		kill(redis->pid, SIGKILL);
		waitpid(redis->pid, NULL, 0);
	}
	redis->pid = 0;
	unlink(redis->socket);
}

void
redis_stop(struct redis *redis)
{
	static const char *const files[] = { "redis.sock", "redis.log", "clock", "dump.rdb" };
	char path[128];

	redis_kill(redis);
	if (redis->clock_us != NULL)
		munmap(redis->clock_us, sizeof(*redis->clock_us));
	redis->clock_us = NULL;
	for (size_t i = 0; i < COUNT(files); i++) {
		snprintf(path, sizeof(path), "%s/%s", redis->folder, files[i]);
		unlink(path);
	}
	rmdir(redis->folder);
}

/* -- time ------------------------------------------------------------------------------------ */

void
redis_set_ms(struct redis *redis, int64_t ms)
{
	*redis->clock_us = ms * 1000;
}

int64_t
redis_ms(const struct redis *redis)
{
	return *redis->clock_us / 1000;
}

void
redis_fresh(struct redis *redis)
{
	redis_set_ms(redis, 0);
	if (redis->pid == 0) /* a test failed before it could start it again */
		redis_restart(redis, NULL);
	redis_send(redis, SIGCONT);
	if (redis->control->err != 0)
		redisReconnect(redis->control);
	freeReplyObject(redis_do(redis, "FLUSHALL"));
}

/* -- commands -------------------------------------------------------------------------------- */

static redisReply *
command(struct redis *redis, const char *fmt, va_list ap)
{
	redisReply *reply = redisvCommand(redis->control, fmt, ap);

	if (reply == NULL)
		fail_msg("%s: %s", fmt, redis->control->errstr);
	if (reply->type == REDIS_REPLY_ERROR)
		fail_msg("%s: %s", fmt, reply->str);
	return reply;
}

redisReply *
redis_do(struct redis *redis, const char *fmt, ...)
{
	redisReply *reply;
	va_list ap;

	va_start(ap, fmt);
	reply = command(redis, fmt, ap);
	va_end(ap);
	return reply;
}

int64_t
redis_number(struct redis *redis, const char *fmt, ...)
{
	redisReply *reply;
	int64_t n;
	va_list ap;

	va_start(ap, fmt);
	reply = command(redis, fmt, ap);
	va_end(ap);
	n = reply->type == REDIS_REPLY_INTEGER  ? reply->integer
	    : reply->type == REDIS_REPLY_STRING ? strtoll(reply->str, NULL, 10)
						: -1;
	freeReplyObject(reply);
	return n;
}

bool
redis_is(struct redis *redis, const char *want, const char *fmt, ...)
{
	redisReply *reply;
	bool is;
	va_list ap;

	va_start(ap, fmt);
	reply = command(redis, fmt, ap);
	va_end(ap);
	is = reply->type == REDIS_REPLY_STRING && strcmp(reply->str, want) == 0;
	if (!is)
		print_message("# got \"%s\", wanted \"%s\"\n",
		    reply->type == REDIS_REPLY_STRING ? reply->str : "no string", want);
	freeReplyObject(reply);
	return is;
}

static void
add_reply(struct str *out, const redisReply *reply)
{
	if (reply->type == REDIS_REPLY_INTEGER)
		str_addf(out, "%lld ", reply->integer);
	else if (reply->type == REDIS_REPLY_STRING || reply->type == REDIS_REPLY_STATUS)
		str_addf(out, "%s ", reply->str);
	for (size_t i = 0; reply->type == REDIS_REPLY_ARRAY && i < reply->elements; i++)
		add_reply(out, reply->element[i]);
}

/* Sorted within Redis: the order of KEYS and HGETALL is not promised. */
char *
redis_dump(struct redis *redis)
{
	static const char script[] =
	    "local out = {} local keys = redis.call('KEYS', '*') table.sort(keys) "
	    "for _, k in ipairs(keys) do "
	    "  local t, v = redis.call('TYPE', k).ok, {} "
	    "  if t == 'hash' then local h = redis.call('HGETALL', k) "
	    "    for i = 1, #h, 2 do v[#v + 1] = h[i] .. '=' .. h[i + 1] end table.sort(v) "
	    "  elseif t == 'zset' then v = redis.call('ZRANGE', k, 0, -1, 'WITHSCORES') "
	    "  elseif t == 'string' then v = { redis.call('GET', k) } "
	    "  else v = { redis.call('OBJECT', 'ENCODING', k) } end "
	    "  out[#out + 1] = k .. ' ' .. t .. ' [' .. table.concat(v, ' ') .. '] ' "
	    "    .. redis.call('PTTL', k) .. '\\n' end "
	    "return table.concat(out)";
	redisReply *reply = redis_do(redis, "EVAL %s 0", script);
	struct str out = { 0 };

	add_reply(&out, reply);
	freeReplyObject(reply);
	str_addc(&out, '\n');
	return out.data;
}

void
redis_run(struct redis *redis, struct store_batch *batch)
{
	struct err err = { "" };
	enum store_outcome outcome = store_sync_run(redis->store, batch, &err);

	if (outcome != STORE_DONE)
		fail_msg("outcome %d: %s", (int)outcome, err.text);
	store_batch_free(batch);
}
