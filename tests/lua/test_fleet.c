/* store_fleet: sizes and counts as a real Redis has them, also one with nothing or nonsense in it. */
#include "redis.h"
#include "keys.h"
#include "store.h"
#include "store_events.h"
#include "store_fleet.h"
#include "store_guard.h"
#include "tests/unit/check.h"

static struct redis redis;

static struct store_fleet
read_fleet(void)
{
	struct store_batch batch = { 0 };
	struct store_fleet fleet = { 0 };

	store_put_fleet(&batch, &fleet);
	assert_int_equal(batch.count, STORE_FLEET_COMMANDS);
	redis_run(&redis, &batch);
	store_batch_free(&batch);
	return fleet;
}

static void
put_bounced(enum reason reason, const char *what)
{
	struct store_batch batch = { 0 };

	store_put_bounced(&batch, reason, what);
	redis_run(&redis, &batch);
	store_batch_free(&batch);
}

static void
is_all_0_at_first(void **state)
{
	static const struct store_fleet none;
	struct store_fleet fleet;

	(void)state;
	redis_fresh(&redis);
	fleet = read_fleet();
	assert_memory_equal(&fleet, &none, sizeof(fleet));
	assert_int_equal(redis_number(&redis, "DBSIZE"), 0); /* and writes nothing */
}

static void
counts_addresses(void **state)
{
	struct store_batch batch = { 0 };
	struct store_fleet fleet;

	(void)state;
	redis_fresh(&redis);
	store_put_index(&batch, "a@b.test", 0); /* until it is removed */
	store_put_index(&batch, "c@b.test", 0);
	store_put_index(&batch, "d@b.test", INT64_C(2000000000));
	redis_run(&redis, &batch);
	store_batch_free(&batch);
	fleet = read_fleet();
	assert_int_equal(fleet.forever, 2);
	assert_int_equal(fleet.entries, 3);
}

static void
counts_bounces(void **state)
{
	struct store_fleet fleet;

	(void)state;
	redis_fresh(&redis);
	for (int i = 0; i < 3; i++)
		put_bounced(REASON_USER_UNKNOWN, "quarantined");
	put_bounced(REASON_FEEDBACK_LOOP, "complaint");
	for (size_t i = 0; i < STORE_BOUNCED_COUNT; i++)
		put_bounced(REASON_DELAYED, store_bounced_names[i]);
	fleet = read_fleet();
	assert_int_equal(fleet.bounced[REASON_USER_UNKNOWN][STORE_BOUNCED_QUARANTINED], 3);
	assert_int_equal(fleet.bounced[REASON_FEEDBACK_LOOP][STORE_BOUNCED_COMPLAINT], 1);
	assert_int_equal(fleet.bounced[REASON_USER_UNKNOWN][STORE_BOUNCED_COMPLAINT], 0);
	for (size_t i = 0; i < STORE_BOUNCED_COUNT; i++)
		assert_int_equal(fleet.bounced[REASON_DELAYED][i], 1);
}

/* Whoever writes into the hash cannot make figures of his own. */
static void
leaves_out_what_it_does_not_know(void **state)
{
	static const struct store_fleet none;
	struct store_fleet fleet;

	(void)state;
	redis_fresh(&redis);
	freeReplyObject(redis_do(&redis,
	    "HSET " KEYS_BOUNCED " nonsense 1 user_unknown 2 %s 3 %s 4 %s many %s -5 %s 6",
	    "made_up counted", "user_unknown made_up", "user_unknown counted", "refused held",
	    " counted"));
	fleet = read_fleet();
	assert_memory_equal(&fleet, &none, sizeof(fleet));
}

static void
counts_guards(void **state)
{
	struct store_batch batch = { 0 };
	struct store_fleet fleet;

	(void)state;
	redis_fresh(&redis);
	store_put_guards_set(&batch, "google", REASON_USER_UNKNOWN, 1795348800, false);
	store_put_guards_set(&batch, "google", REASON_MAILBOX_FULL, 1795348800, false);
	store_put_guards_set(&batch, "yahoo", REASON_USER_UNKNOWN, 1795348800, true);
	redis_run(&redis, &batch);
	store_batch_free(&batch);
	fleet = read_fleet();
	assert_int_equal(fleet.guards, 2);
	assert_int_equal(fleet.quiet_guards, 1);
}

static void
counts_the_rest(void **state)
{
	struct store_batch batch = { 0 };
	struct store_fleet fleet;

	(void)state;
	redis_fresh(&redis);
	store_put_unclassified(&batch, "no such thing");
	store_put_unclassified(&batch, "another");
	store_put_events_group(&batch, "0");
	store_put_event(&batch, "bounce", NULL, 0);
	redis_run(&redis, &batch);
	store_batch_free(&batch);
	fleet = read_fleet();
	assert_int_equal(fleet.unknown, 2);
	assert_int_equal(fleet.notified, 0);
	freeReplyObject(
	    redis_do(&redis, "XREADGROUP GROUP " KEYS_NOTIFY " one STREAMS " KEYS_EVENTS " >"));
	freeReplyObject(redis_do(&redis, "ZADD " KEYS_SUSPENDED " 1 shop 2 other"));
	freeReplyObject(redis_do(&redis, "ZADD " KEYS_MAILS " 1 ann@example.org"));
	fleet = read_fleet();
	assert_int_equal(fleet.notified, 1);
	assert_int_equal(fleet.stopped, 2);
	assert_int_equal(fleet.digests, 1);
}

static const char *const wrong_keys[] = { KEYS_QUARANTINE_INDEX, KEYS_SUSPENDED, KEYS_UNCLASSIFIED,
	KEYS_MAILS, KEYS_EVENTS, KEYS_GUARDS, KEYS_BOUNCED };

/* A key that somebody else uses for something else is an error, with words. */
static void
refuses_other_types(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(wrong_keys); i++) {
		struct store_batch batch = { 0 };
		struct store_fleet fleet = { 0 };
		struct err err = { "" };

		redis_fresh(&redis);
		freeReplyObject(redis_do(&redis, "SET %s x", wrong_keys[i]));
		store_put_fleet(&batch, &fleet);
		assert_int_equal(store_sync_run(redis.store, &batch, &err), STORE_REFUSED);
		assert_non_null(strstr(err.text, "WRONGTYPE"));
		store_batch_free(&batch);
	}
}

int
main(void)
{
	struct check_list list = { 0 };
	int rc;

	redis_start(&redis, NULL);
	CHECK(&list, is_all_0_at_first);
	CHECK(&list, counts_addresses);
	CHECK(&list, counts_bounces);
	CHECK(&list, leaves_out_what_it_does_not_know);
	CHECK(&list, counts_guards);
	CHECK(&list, counts_the_rest);
	CHECK(&list, refuses_other_types);
	rc = check_run(&list, "fleet");
	redis_stop(&redis);
	return rc;
}
