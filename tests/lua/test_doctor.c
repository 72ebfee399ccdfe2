/* What mxctl doctor asks of a real Redis: which rights are missing, and what Redis says of itself. */
#include "redis.h"
#include "store_doctor.h"
#include "tests/unit/check.h"

static struct redis redis;
static struct arena arena;

static const char *const commands[] = { "hget", "hset", "script|load", "xadd", "nonsense" };

static struct store_sync *
log_in(const char *rights)
{
	struct store_address address = redis.address;
	struct err err = { "" };
	struct store_sync *store;

	freeReplyObject(redis_do(&redis, "ACL DELUSER doc"));
	freeReplyObject(redisCommand(redis.control, rights));
	address.user = "doc";
	address.password = "pw";
	store = store_sync_open(&address, 10000, &err);
	assert_string_equal(err.text, "");
	return store;
}

static const struct rights_row {
	const char *label, *rights, *denied;
} rights_rows[] = {
	{ "all", "ACL SETUSER doc on >pw ~mxpace:* +@all", "" },
	{ "one is missing", "ACL SETUSER doc on >pw ~mxpace:* +@all -xadd", "xadd" },
	{ "a sub-command is missing", "ACL SETUSER doc on >pw ~mxpace:* +@all -script|load",
	    "script|load" },
	{ "several", "ACL SETUSER doc on >pw ~mxpace:* +auth +evalsha +eval +hget",
	    "hset script|load xadd" },
	{ "other keys", "ACL SETUSER doc on >pw ~other:* ~mxpace:events +@all -hset", "hset" },
};

static void
denied(void **state)
{
	const struct rights_row *row = *state;
	struct store_fields fields = { .arena = &arena };
	struct store_batch batch = { 0 };
	struct str all = { 0 };
	struct store_sync *store;
	struct err err = { "" };

	redis_fresh(&redis);
	store = log_in(row->rights);
	store_put_denied(&batch, commands, COUNT(commands), &fields);
	assert_int_equal(store_sync_run(store, &batch, &err), STORE_DONE);
	for (size_t i = 0; i < fields.count; i++)
		str_addf(&all, "%s%.*s", i > 0 ? " " : "", (int)fields.items[i].len,
		    fields.items[i].ptr);
	assert_string_equal(str_text(&all), row->denied);
	str_free(&all);
	store_sync_close(&store);
	store_batch_free(&batch);
}

/* Redis 7.0 reads behind the arguments of some commands that it is asked about. What lies there decides: with small
 * values and gaps between them it has died each time. */
static void
survives(void **state)
{
	static const char *const asked[] = { "evalsha", "eval", "xread", "xreadgroup" };
	struct store_fields fields = { .arena = &arena };
	struct store_batch batch = { 0 };
	struct store_sync *store;
	struct err err = { "" };

	(void)state;
	redis_fresh(&redis);
	for (int i = 0; i < 2000; i++)
		freeReplyObject(redis_do(&redis, "SET mxpace:filler:%d text%d", i, i));
	for (int i = 0; i < 2000; i += 7)
		freeReplyObject(redis_do(&redis, "DEL mxpace:filler:%d", i));
	store = log_in("ACL SETUSER doc on >pw ~mxpace:* +@all -eval");
	store_put_denied(&batch, asked, COUNT(asked), &fields);
	assert_int_equal(store_sync_run(store, &batch, &err), STORE_DONE);
	assert_int_equal(fields.count, 1);
	store_sync_close(&store);
	store_batch_free(&batch);
}

static void
nothing_is_written(void **state)
{
	struct store_fields fields = { .arena = &arena };
	struct store_batch batch = { 0 };

	(void)state;
	redis_fresh(&redis);
	store_put_denied(&batch, commands, COUNT(commands), &fields);
	redis_run(&redis, &batch);
	assert_int_equal(redis_number(&redis, "DBSIZE"), 0);
}

static void
info(void **state)
{
	struct store_batch batch = { 0 };
	struct str text = { 0 };

	(void)state;
	redis_fresh(&redis);
	store_put_info(&batch, &text);
	redis_run(&redis, &batch);
	assert_non_null(strstr(str_text(&text), "\nredis_version:"));
	assert_non_null(strstr(str_text(&text), "\nmaxmemory_policy:"));
	assert_non_null(strstr(str_text(&text), "\naof_enabled:"));
	str_free(&text);
}

int
main(void)
{
	struct check_list list = { 0 };
	int rc;

	arena_init(&arena);
	redis_start(&redis, NULL);
	CHECK_ROWS(&list, denied, rights_rows);
	CHECK(&list, survives);
	CHECK(&list, nothing_is_written);
	CHECK(&list, info);
	rc = check_run(&list, "doctor");
	redis_stop(&redis);
	arena_clear(&arena);
	return rc;
}
