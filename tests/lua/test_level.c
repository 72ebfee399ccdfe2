/* level.lua: what an operator sets, with its version and event; and limits that change under a ring. */
#include "redis.h"
#include "ring.h"
#include "store_level.h"
#include "tests/unit/check.h"

static struct redis redis;

static struct store_level_set
set_level(enum pace_scope scope, const char *name, enum level level)
{
	struct store_batch batch = { 0 };
	struct store_level_set set;

	store_put_level(&batch, scope, name, level, "operator ann", &set);
	redis_run(&redis, &batch);
	return set;
}

static const char *
version(void)
{
	static struct str text;
	struct store_batch batch = { 0 };

	store_put_pace_version(&batch, &text);
	redis_run(&redis, &batch);
	return str_text(&text);
}

static struct pace_sets
read_sets(struct arena *arena)
{
	struct store_batch batch = { 0 };
	struct store_fields fields = { .arena = arena };
	struct pace_sets sets;

	store_put_levels(&batch, &fields);
	redis_run(&redis, &batch);
	store_levels_read(&fields, arena, &sets);
	return sets;
}

static void
sets_and_takes_back(void **state)
{
	struct store_level_set set;
	const struct pace_set *found;
	struct pace_sets sets;
	struct arena arena;

	(void)state;
	redis_fresh(&redis);
	redis_set_ms(&redis, NOON_MS);
	arena_init(&arena);
	assert_string_equal(version(), "");
	assert_int_equal(read_sets(&arena).count, 0);

	set = set_level(PACE_ALL, "", LEVEL_FAST);
	assert_true(set.changed);
	assert_string_equal(set.before, "");
	assert_string_equal(version(), "1");
	set = set_level(PACE_POOL, "a {b}", LEVEL_SLOW);
	assert_true(set.changed);
	sets = read_sets(&arena);
	assert_int_equal(sets.count, 2);
	found = pace_set_of(&sets, PACE_ALL, "");
	assert_non_null(found);
	assert_int_equal(found->level, LEVEL_FAST);
	assert_int_equal(found->since_s, NOON_MS / 1000);
	assert_string_equal(found->by, "operator ann");
	found = pace_set_of(&sets, PACE_POOL, "a {b}");
	assert_non_null(found);
	assert_int_equal(found->level, LEVEL_SLOW);

	set = set_level(PACE_ALL, "", LEVEL_NONE);
	assert_true(set.changed);
	assert_string_equal(set.before, "fast");
	assert_string_equal(version(), "3");
	sets = read_sets(&arena);
	assert_int_equal(sets.count, 1);
	assert_null(pace_set_of(&sets, PACE_ALL, ""));
	arena_clear(&arena);
}

/* Nodes need not look, and the record has no change that is none. */
static void
the_same_again_changes_nothing(void **state)
{
	struct store_level_set set;
	char *before, *after;

	(void)state;
	redis_fresh(&redis);
	redis_set_ms(&redis, NOON_MS);
	set_level(PACE_IP, "2001:db8::1", LEVEL_SLOW);
	before = redis_dump(&redis);
	set = set_level(PACE_IP, "2001:db8::1", LEVEL_SLOW);
	assert_false(set.changed);
	assert_string_equal(set.before, "slow");
	set = set_level(PACE_RULE, "google", LEVEL_NONE);
	assert_false(set.changed);
	assert_string_equal(set.before, "");
	after = redis_dump(&redis);
	assert_string_equal(after, before);
	free(before);
	free(after);
}

static void
tells_what_changed(void **state)
{
	redisReply *all;
	const redisReply *reply;

	(void)state;
	redis_fresh(&redis);
	redis_set_ms(&redis, NOON_MS);
	set_level(PACE_RULE, "google", LEVEL_BOOST);
	set_level(PACE_RULE, "google", LEVEL_NONE);
	assert_int_equal(redis_number(&redis, "XLEN mxpace:events"), 2);
	all = redis_do(&redis, "XREVRANGE mxpace:events + - COUNT 1");
	assert_int_equal(all->elements, 1);
	reply = all->element[0]->element[1];
	assert_int_equal(reply->elements, 10);
	for (size_t i = 0; i < 10; i++) {
		static const char *const want[] = { "type", "level", "scope", "rule:google",
			"level", "default", "before", "boost", "by", "operator ann" };

		assert_string_equal(reply->element[i]->str, want[i]);
	}
	freeReplyObject(all);
}

/* What was counted stays, and is compared with the limit of the moment. */
static void
rings_outlive_their_limit(void **state)
{
	struct limit normal = limit_of("4/10s"), slow = limit_of("2/10s"), fast = limit_of("6/10s");

	(void)state;
	ring_fresh(&redis);
	redis_set_ms(&redis, NOON_MS);
	for (int i = 0; i < 4; i++)
		assert_int_equal(ring_take(&redis, &normal, 1).outcome, STORE_TAKEN);
	assert_int_equal(ring_take(&redis, &normal, 1).outcome, STORE_NO_ROOM);
	assert_int_equal(ring_take(&redis, &fast, 1).outcome, STORE_TAKEN);
	assert_int_equal(ring_take(&redis, &slow, 1).outcome, STORE_NO_ROOM);
	assert_int_equal(ring_take(&redis, &fast, 1).outcome, STORE_TAKEN);
	assert_int_equal(ring_take(&redis, &fast, 1).outcome, STORE_NO_ROOM);
	assert_int_equal(ring_holds(&redis, &slow, NOON_MS), 6);
	redis_set_ms(&redis, NOON_MS + slow.period_ms + 2 * slow.width_ms);
	assert_int_equal(ring_take(&redis, &slow, 1).outcome, STORE_TAKEN);
}

int
main(void)
{
	struct check_list list = { 0 };
	int failed;

	CHECK(&list, sets_and_takes_back);
	CHECK(&list, the_same_again_changes_nothing);
	CHECK(&list, tells_what_changed);
	CHECK(&list, rings_outlive_their_limit);
	redis_start(&redis, NULL);
	failed = check_run(&list, "level");
	redis_stop(&redis);
	return failed;
}
