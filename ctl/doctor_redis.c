/* mxctl doctor: Redis, and whether its clock is ours. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "clock.h"
#include "doctor_checks.h"
#include "store_doctor.h"

enum { VERSION_LEAST = 6 };
enum { MEMORY_FULL_PERCENT = 90, MEMORY_LOW_PERCENT = 75 };
enum { ROUND_TRIPS = 5, SLOW_US = 5000, TOO_SLOW_US = 50000 };
enum { CLOCK_OFF_MS = 2000, CLOCK_WRONG_MS = 30000 };

/* The rights that INSTALL and mxpace-redis(7) give the user. */
static const char *const rights[] = { "auth", "select", "time", "evalsha", "eval", "script|load",
	"hget", "hgetall", "hmget", "hkeys", "hset", "hsetnx", "hdel", "hincrby", "del", "exists",
	"expire", "expireat", "pexpire", "ttl", "pttl", "persist", "get", "set", "incr", "sadd",
	"sismember", "zadd", "zrem", "zcard", "zcount", "zscan", "zrange", "zrevrange", "zincrby",
	"zremrangebyscore", "zremrangebyrank", "xadd", "xgroup", "xread", "xreadgroup", "xack",
	"xclaim", "xpending", "xrevrange", "zrangebyscore", "zscore", "rename", "scan", "info" };

void
doctor_redis(struct doctor *doctor)
{
	if (doctor->redis_words != NULL)
		doctor_say(doctor, DOCTOR_AWAY,
		    "start it, or set redis in mxpace.conf; redis-cli ping tries", "%s",
		    doctor->redis_words);
}

void
doctor_redis_version(struct doctor *doctor)
{
	const char *version = doctor_info(doctor, "redis_version");

	if (atoi(version) < VERSION_LEAST)
		doctor_say(doctor, DOCTOR_WRONG, "install a newer one",
		    "Redis %s is too old: it has to be %d or later", version, VERSION_LEAST);
}

void
doctor_redis_eviction(struct doctor *doctor)
{
	const char *policy = doctor_info(doctor, "maxmemory_policy");

	if (*policy == '\0')
		doctor_say(doctor, DOCTOR_SKIPPED, "", "Redis does not tell its maxmemory_policy");
	else if (strcmp(policy, "noeviction") != 0)
		doctor_say(doctor, DOCTOR_WRONG,
		    "redis-cli CONFIG SET maxmemory-policy noeviction; redis-cli CONFIG REWRITE",
		    "maxmemory-policy is %s: a full Redis would forget who is in quarantine",
		    policy);
}

void
doctor_redis_disk(struct doctor *doctor)
{
	if (strcmp(doctor_info(doctor, "aof_enabled"), "0") == 0)
		doctor_say(doctor, DOCTOR_WRONG,
		    "redis-cli CONFIG SET appendonly yes; redis-cli CONFIG REWRITE",
		    "appendonly is no: a crash of Redis would lose quarantine entries");
	else if (strcmp(doctor_info(doctor, "aof_last_write_status"), "err") == 0)
		doctor_say(doctor, DOCTOR_WRONG, "look at its disk and its log",
		    "Redis could not write to its disk");
}

void
doctor_redis_memory(struct doctor *doctor)
{
	int64_t most = atoll(doctor_info(doctor, "maxmemory"));
	int64_t used = atoll(doctor_info(doctor, "used_memory"));
	int64_t percent = most > 0 ? used * 100 / most : 0;

	if (percent >= MEMORY_LOW_PERCENT)
		doctor_say(doctor, percent >= MEMORY_FULL_PERCENT ? DOCTOR_WRONG : DOCTOR_WARNING,
		    "redis-cli CONFIG SET maxmemory to more; redis-cli CONFIG REWRITE",
		    "Redis uses %" PRId64 " %% of its maxmemory, and will take nothing more when "
		    "it is full",
		    percent);
}

void
doctor_redis_writes(struct doctor *doctor)
{
	struct err err;

	store_put_probe(&doctor->ctl->batch);
	if (store_sync_run(doctor->ctl->store, &doctor->ctl->batch, &err) != STORE_DONE)
		doctor_say(doctor, DOCTOR_WRONG,
		    "redis has to name one that takes writes, no replica, with the user of INSTALL",
		    "Redis at %s takes no writes: %s", doctor->settings->redis.text, err.text);
}

void
doctor_redis_rights(struct doctor *doctor)
{
	struct store_fields denied = { .arena = &doctor->ctl->arena };
	struct str todo = { 0 };
	struct err err;

	store_put_denied(&doctor->ctl->batch, rights, sizeof(rights) / sizeof(rights[0]), &denied);
	if (store_sync_run(doctor->ctl->store, &doctor->ctl->batch, &err) != STORE_DONE) {
		doctor_say(doctor, DOCTOR_WRONG, "give it the rights of INSTALL, step 2",
		    "the user of Redis may not even run scripts: %s", err.text);
		return;
	}
	if (denied.count == 1 && span_eq(denied.items[0], SPAN("?"))) {
		doctor_say(doctor, DOCTOR_SKIPPED, "", "a Redis before 7 does not tell");
		return;
	}
	str_adds(&todo, "redis-cli ACL SETUSER ");
	str_adds(&todo,
	    *doctor->settings->redis.user != '\0' ? doctor->settings->redis.user : "default");
	for (size_t i = 0; i < denied.count; i++)
		str_addf(&todo, " '+%.*s'", (int)denied.items[i].len, denied.items[i].ptr);
	str_adds(&todo, "; redis-cli CONFIG REWRITE");
	if (denied.count > 0)
		doctor_say(doctor, DOCTOR_WRONG,
		    arena_dup(&doctor->ctl->arena, span_of(str_text(&todo))),
		    "the user of Redis may not run %.*s%s", (int)denied.items[0].len,
		    denied.items[0].ptr, denied.count > 1 ? " and others" : "");
	str_free(&todo);
}

void
doctor_redis_latency(struct doctor *doctor)
{
	int64_t best = INT64_MAX;

	for (int i = 0; i < ROUND_TRIPS; i++) {
		int64_t begin = clock_monotonic_us(), took;
		struct ctl_time now;

		if (ctl_store_time(doctor->ctl, &now, NULL) != 0) {
			doctor_say(doctor, DOCTOR_AWAY, "look at its log", "Redis answers no more");
			return;
		}
		took = clock_monotonic_us() - begin;
		best = took < best ? took : best;
	}
	if (best >= SLOW_US)
		doctor_say(doctor, best >= TOO_SLOW_US ? DOCTOR_WRONG : DOCTOR_WARNING,
		    "use a Redis in the same network; redis-cli --latency measures",
		    "Redis takes %" PRId64 ".%" PRId64 " ms for an answer, and each decision waits "
		    "for one or two",
		    best / 1000, best / 100 % 10);
}

static int64_t
wall_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void
doctor_clock(struct doctor *doctor)
{
	int64_t before = wall_ms(), off;
	struct ctl_time theirs;

	if (ctl_store_time(doctor->ctl, &theirs, NULL) != 0) {
		doctor_say(doctor, DOCTOR_SKIPPED, "", "Redis does not tell its time");
		return;
	}
	off = theirs.ms - (before + wall_ms()) / 2;
	if (llabs(off) >= CLOCK_OFF_MS)
		doctor_say(doctor, llabs(off) >= CLOCK_WRONG_MS ? DOCTOR_WRONG : DOCTOR_WARNING,
		    "have both hosts run chrony or systemd-timesyncd",
		    "the clock of Redis is %" PRId64 " s %s that of this host",
		    (int64_t)llabs(off) / 1000, off > 0 ? "ahead of" : "behind");
}
