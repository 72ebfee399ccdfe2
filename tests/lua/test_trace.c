/* trace.lua: what is traced, until when, and the lines that come of it. */
#include "redis.h"
#include "store_trace.h"
#include "tests/unit/check.h"

#define NOON_MS INT64_C(1795348800000)
#define NOON_S  (NOON_MS / 1000)

static struct redis redis;

static struct store_trace_set
set(const char *text, int64_t seconds)
{
	struct store_batch batch = { 0 };
	struct trace_pattern pattern;
	struct store_trace_set set;

	if (text != NULL)
		assert_int_equal(trace_pattern_parse(span_of(text), &pattern, NULL), 0);
	store_put_trace(&batch, text != NULL ? &pattern : NULL, seconds, "operator ann", &set);
	redis_run(&redis, &batch);
	store_batch_free(&batch);
	return set;
}

static int64_t
version(void)
{
	redisReply *reply = redis_do(&redis, "GET mxpace:pace:version");
	int64_t number = reply->type == REDIS_REPLY_STRING ? atoll(reply->str) : 0;

	freeReplyObject(reply);
	return number;
}

static size_t
read_all(struct arena *arena, struct store_trace *traces, size_t most)
{
	struct store_batch batch = { 0 };
	struct store_fields fields = { .arena = arena };
	size_t count = 0;

	store_put_traces(&batch, &fields);
	redis_run(&redis, &batch);
	store_batch_free(&batch);
	for (size_t i = 0; i + 1 < fields.count && count < most; i += 2)
		count += store_trace_read(fields.items[i], fields.items[i + 1], &traces[count]);
	return count;
}

static void
begins_and_ends(void **state)
{
	struct store_trace traces[4];
	struct store_trace_set was;
	struct arena arena;

	(void)state;
	redis_fresh(&redis);
	redis_set_ms(&redis, NOON_MS);
	arena_init(&arena);
	was = set("Ann@Example.org", 600);
	assert_int_equal(was.outcome, STORE_TRACE_DONE);
	assert_int_equal(was.until_s, NOON_S + 600);
	assert_int_equal(version(), 1);
	assert_int_equal(read_all(&arena, traces, 4), 1);
	assert_int_equal(traces[0].pattern.kind, TRACE_ADDRESS);
	assert_string_equal(traces[0].pattern.name, "ann@example.org");
	assert_int_equal(traces[0].until_s, NOON_S + 600);
	assert_true(span_eq(traces[0].by, SPAN("operator ann")));

	assert_int_equal(set("b.test", 0).outcome, STORE_TRACE_NONE);
	assert_int_equal(version(), 1);
	assert_int_equal(set("ann@example.org", 0).outcome, STORE_TRACE_DONE);
	assert_int_equal(version(), 2);
	assert_int_equal(read_all(&arena, traces, 4), 0);
	assert_int_equal(set(NULL, 0).outcome, STORE_TRACE_NONE);

	set("a@b.test", 10);
	set("group:google", 10);
	assert_int_equal(set(NULL, 0).outcome, STORE_TRACE_DONE);
	assert_int_equal(version(), 5);
	assert_int_equal(read_all(&arena, traces, 4), 0);
	arena_clear(&arena);
}

/* The key goes with the last of them; those that are over before go with the next change. */
static void
expires(void **state)
{
	struct store_trace traces[4];
	struct arena arena;

	(void)state;
	redis_fresh(&redis);
	redis_set_ms(&redis, NOON_MS);
	arena_init(&arena);
	set("long.test", 600);
	set("short.test", 60);
	assert_int_equal(redis_number(&redis, "TTL mxpace:trace"), 600);
	redis_set_ms(&redis, NOON_MS + 61000);
	set("new.test", 60);
	assert_int_equal(read_all(&arena, traces, 4), 2);
	redis_set_ms(&redis, NOON_MS + 601000);
	assert_int_equal(redis_number(&redis, "EXISTS mxpace:trace"), 0);
	arena_clear(&arena);
}

static void
there_is_a_most(void **state)
{
	char name[32];

	(void)state;
	redis_fresh(&redis);
	redis_set_ms(&redis, NOON_MS);
	for (int i = 0; i < STORE_TRACES_MAX; i++) {
		snprintf(name, sizeof(name), "u%d@a.test", i);
		assert_int_equal(set(name, i == 0 ? 10 : 60).outcome, STORE_TRACE_DONE);
	}
	assert_int_equal(set("more@a.test", 60).outcome, STORE_TRACE_MANY);
	assert_int_equal(set("u3@a.test", 90).outcome, STORE_TRACE_DONE); /* longer */
	assert_int_equal(redis_number(&redis, "HLEN mxpace:trace"), STORE_TRACES_MAX);
	redis_set_ms(&redis, NOON_MS + 11000);
	assert_int_equal(set("more@a.test", 60).outcome, STORE_TRACE_DONE);
}

static void
lines_are_bounded_and_expire(void **state)
{
	struct store_batch batch = { 0 };
	struct store_events lines;
	struct arena arena;

	(void)state;
	redis_fresh(&redis);
	redis_set_ms(&redis, NOON_MS);
	arena_init(&arena);
	for (int i = 0; i < 2 * STORE_TRACE_LINES_MAX;) {
		for (int k = 0; k < STORE_BATCH_MAX - 1; k++, i++)
			store_put_trace_line(&batch, "mta1", "u@a.test", "step=mx");
		store_put_trace_lines_expiry(&batch);
		redis_run(&redis, &batch);
		store_batch_empty(&batch);
	}
	assert_in_range(redis_number(&redis, "XLEN mxpace:trace:lines"), STORE_TRACE_LINES_MAX,
	    STORE_TRACE_LINES_MAX + 200);
	assert_int_equal(redis_number(&redis, "TTL mxpace:trace:lines"), STORE_TRACE_LINES_S);
	lines = (struct store_events){ .arena = &arena };
	store_put_trace_lines_read(&batch, "0-0", 2, 0, &lines);
	redis_run(&redis, &batch);
	assert_int_equal(lines.count, 2);
	assert_int_equal(lines.items[0].field_count, 6);
	assert_true(span_eq(lines.items[0].fields[1], SPAN("mta1")));
	assert_true(span_eq(lines.items[0].fields[3], SPAN("u@a.test")));
	assert_true(span_eq(lines.items[0].fields[5], SPAN("step=mx")));
	store_batch_free(&batch);
	arena_clear(&arena);
}

int
main(void)
{
	struct check_list list = { 0 };
	int failed;

	CHECK(&list, begins_and_ends);
	CHECK(&list, expires);
	CHECK(&list, there_is_a_most);
	CHECK(&list, lines_are_bounded_and_expire);
	redis_start(&redis, NULL);
	failed = check_run(&list, "trace");
	redis_stop(&redis);
	return failed;
}
