#include "store_sync.h"

#include <hiredis/hiredis.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/time.h>
#include <time.h>

#include "mem.h"
#include "store_hosts.h"
#include "store_reply.h"

struct store_sync {
	redisContext *redis;
};

/* Each of the host's addresses until one works: hiredis knows the first alone. */
static redisContext *
connect_host(struct store_hosts *hosts, const struct store_address *address, struct timeval timeout)
{
	redisContext *redis = NULL;

	do {
		redisFree(redis);
		redis =
		    redisConnectWithTimeout(store_hosts_text(hosts), (int)address->port, timeout);
	} while ((redis == NULL || redis->err != 0) && store_hosts_failed(hosts));
	return redis;
}

/* NULL and words: it does not work. */
static redisContext *
connect_to(const struct store_address *address, struct timeval timeout, struct err *err)
{
	struct store_hosts hosts;
	redisContext *redis;

	if (*address->path != '\0') {
		redis = redisConnectUnixWithTimeout(address->path, timeout);
	} else {
		bool found = store_hosts_find(&hosts, address->host, err) == 0;

		redis = found ? connect_host(&hosts, address, timeout) : NULL;
		store_hosts_free(&hosts);
		if (!found)
			return NULL;
	}
	if (redis != NULL && redis->err == 0)
		return redis;
	err_set(err, "Redis at %s: %s", address->text, redis != NULL ? redis->errstr : "no memory");
	redisFree(redis);
	return NULL;
}

struct store_sync *
store_sync_open(const struct store_address *address, int64_t timeout_ms, struct err *err)
{
	struct timeval timeout = { timeout_ms / 1000, timeout_ms % 1000 * 1000 };
	struct store_batch login = { 0 };
	struct store_sync *store;
	redisContext *redis;

	redis = connect_to(address, timeout, err);
	if (redis == NULL)
		return NULL;
	redisSetTimeout(redis, timeout);
	store = mem_alloc(sizeof(*store));
	store->redis = redis;
	store_put_login(&login, address->user, address->password, address->db);
	if (login.count > 0 && store_sync_run(store, &login, err) != STORE_DONE) {
		err_prefix(err, "Redis at %s", address->text);
		store_sync_close(&store);
	}
	store_batch_free(&login);
	return store;
}

void
store_sync_close(struct store_sync **store)
{
	if (*store == NULL)
		return;
	redisFree((*store)->redis);
	free(*store);
	*store = NULL;
}

static int
send_bytes(struct store_sync *store, const char *bytes, size_t len, struct err *err)
{
	if (redisAppendFormattedCommand(store->redis, bytes, len) == REDIS_OK)
		return 0;
	err_set(err, "%s", store->redis->errstr);
	return -1;
}

static redisReply *
receive(struct store_sync *store, struct err *err)
{
	void *reply = NULL;

	if (redisGetReply(store->redis, &reply) == REDIS_OK)
		return reply;
	err_set(err, "%s", store->redis->errstr);
	return NULL;
}

/* The command once more with its script's text. NULL: away. */
static redisReply *
repeat_with_text(struct store_sync *store, const struct store_batch *batch,
    const struct store_command *command, struct err *err)
{
	struct str wire = { 0 };
	redisReply *reply = NULL;

	store_batch_eval(
	    span_make(batch->wire.data + command->start, command->end - command->start),
	    command->script, &wire);
	if (send_bytes(store, wire.data, wire.len, err) == 0)
		reply = receive(store, err);
	str_free(&wire);
	return reply;
}

static enum store_outcome
run(struct store_sync *store, struct store_batch *batch, struct err *err)
{
	enum store_outcome outcome = STORE_DONE;
	bool noscript[STORE_BATCH_MAX] = { false };

	if (send_bytes(store, batch->wire.data, batch->wire.len, err) != 0)
		outcome = STORE_AWAY;
	for (size_t i = 0; i < batch->count && outcome != STORE_AWAY; i++) {
		redisReply *reply = receive(store, err);

		noscript[i] =
		    batch->commands[i].script != SCRIPT_NONE && store_reply_is_noscript(reply);
		if (reply == NULL)
			outcome = STORE_AWAY;
		else if (!noscript[i] && store_reply_decode(&batch->commands[i], reply, err) != 0)
			outcome = STORE_REFUSED;
		freeReplyObject(reply);
	}
	for (size_t i = 0; i < batch->count && outcome != STORE_AWAY; i++) {
		redisReply *reply;

		if (!noscript[i])
			continue;
		reply = repeat_with_text(store, batch, &batch->commands[i], err);
		if (reply == NULL)
			outcome = STORE_AWAY;
		else if (store_reply_decode(&batch->commands[i], reply, err) != 0)
			outcome = STORE_REFUSED;
		freeReplyObject(reply);
	}
	store_batch_empty(batch);
	return outcome;
}

/* hiredis writes without MSG_NOSIGNAL, and a Redis that hung up must not end the process: mxbounce
 * would lose the message. SIGPIPE waits meanwhile, and is taken off if it is ours. */
enum store_outcome
store_sync_run(struct store_sync *store, struct store_batch *batch, struct err *err)
{
	const struct timespec at_once = { 0, 0 };
	enum store_outcome outcome;
	sigset_t pipe_signal, before, pending;

	sigemptyset(&pipe_signal);
	sigaddset(&pipe_signal, SIGPIPE);
	sigprocmask(SIG_BLOCK, &pipe_signal, &before);
	sigpending(&pending);
	outcome = run(store, batch, err);
	if (outcome == STORE_AWAY && !sigismember(&pending, SIGPIPE))
		sigtimedwait(&pipe_signal, NULL, &at_once);
	sigprocmask(SIG_SETMASK, &before, NULL);
	return outcome;
}
