/* The verbs of store.h beside the scripts: what stands in Redis afterwards, and what is read back. */
#include "arena.h"
#include "keys.h"
#include "mx_rules.h"
#include "redis.h"
#include "store_delivered.h"
#include "store.h"
#include "store_egress.h"
#include "tests/unit/check.h"

static struct redis redis;
static struct arena arena;

#define T0 INT64_C(1795348800) /* some day at noon */

static void
fresh(void)
{
	redis_fresh(&redis);
	redis_set_ms(&redis, T0 * 1000);
	arena_clear(&arena);
}

static bool
item_is(const struct store_fields *fields, size_t i, const char *want)
{
	return i < fields->count && span_eq(fields->items[i], span_of(want));
}

/* -- quarantine by hand ---------------------------------------------------------------------- */

static struct quarantine_entry
read_entry(const char *addr)
{
	struct store_batch batch = { 0 };
	struct quarantine_entry entry;

	store_put_quarantine_read(&batch, addr, &entry);
	redis_run(&redis, &batch);
	return entry;
}

static void
put_entry(const char *addr, int64_t release_s)
{
	struct quarantine_entry entry = { .status = QUARANTINE_QUARANTINED,
		.type = BOUNCE_HARD,
		.reason = REASON_USER_UNKNOWN,
		.errors = 1,
		.since_s = T0,
		.release_s = release_s,
		.text = "asked us",
		.by = "operator" };
	struct store_batch batch = { 0 };

	store_put_quarantine_add(&batch, addr, &entry);
	redis_run(&redis, &batch);
}

static void
added_and_removed(void **state)
{
	struct quarantine_entry entry;
	struct store_batch batch = { 0 };
	struct store_removed removed = { -1, -1 };

	(void)state;
	fresh();
	freeReplyObject(redis_do(&redis, "HSET mxpace:{q:a%%20b@x.test} errors:refused 7 ndrs n1"));
	put_entry("a b@x.test", T0 + 100);
	entry = read_entry("a b@x.test");
	assert_int_equal(entry.status, QUARANTINE_QUARANTINED);
	assert_int_equal(entry.reason, REASON_USER_UNKNOWN);
	assert_int_equal(entry.since_s, T0);
	assert_int_equal(entry.release_s, T0 + 100);
	assert_string_equal(entry.text, "asked us");
	assert_string_equal(entry.by, "operator");
	/* Replaced, but for the notices that must not count again. */
	assert_int_equal(redis_number(&redis, "HEXISTS mxpace:{q:a%%20b@x.test} errors:refused"),
	    0);
	assert_int_equal(redis_number(&redis, "HEXISTS mxpace:{q:a%%20b@x.test} ndrs"), 1);
	assert_int_equal(redis_number(&redis, "PTTL mxpace:{q:a%%20b@x.test}"), 100000);
	assert_int_equal(redis_number(&redis, "ZSCORE mxpace:quarantine a%%20b@x.test"), T0 + 100);

	put_entry("a b@x.test", 0); /* the same one for ever */
	assert_int_equal(redis_number(&redis, "PTTL mxpace:{q:a%%20b@x.test}"), -1);
	assert_true(redis_is(&redis, "inf", "ZSCORE mxpace:quarantine a%%20b@x.test"));

	store_put_quarantine_remove(&batch, "a b@x.test", "operator ann", 100000, &removed);
	redis_run(&redis, &batch);
	assert_int_equal(removed.removed, 1);
	assert_int_equal(removed.expiry_s, T0 + 100);
	entry = read_entry("a b@x.test");
	assert_int_equal(entry.status, QUARANTINE_RELEASED);
	assert_string_equal(entry.released, "operator ann");
	assert_string_equal(entry.text, "asked us");
	assert_int_equal(redis_number(&redis, "PTTL mxpace:{q:a%%20b@x.test}"), 100000);
	store_put_quarantine_remove(&batch, "a b@x.test", "operator ann", 100000, &removed);
	redis_run(&redis, &batch);
	assert_int_equal(removed.removed, 0);
	assert_int_equal(removed.expiry_s, 0);
	assert_int_equal(redis_number(&redis, "DBSIZE"), 2); /* the index is the caller's */
}

static void
released_by_time(void **state)
{
	(void)state;
	fresh();
	put_entry("a@x.test", T0 + 100);
	redis_set_ms(&redis, (T0 + 100) * 1000 - 1);
	assert_int_equal(read_entry("a@x.test").status, QUARANTINE_QUARANTINED);
	redis_set_ms(&redis, (T0 + 100) * 1000 + 1);
	assert_int_equal(read_entry("a@x.test").status, QUARANTINE_NONE);
}

/* The index shows all entries, page by page, each once at least, and forgets what has expired. */
static void
the_index(void **state)
{
	enum { ENTRIES = 2500 };
	struct store_batch batch = { 0 };
	struct store_page page = { .cursor = "0", .fields = { .arena = &arena } };
	unsigned char *seen = calloc(1, ENTRIES);
	int64_t size;
	size_t pages = 0, total = 0;

	(void)state;
	fresh();
	for (int i = 0; i < ENTRIES; i++) {
		char addr[32];

		snprintf(addr, sizeof(addr), "user {%d}@x.test", i);
		store_put_index(&batch, addr, i % 5 == 0 ? 0 : T0 + i);
		if (batch.count == STORE_BATCH_MAX || i == ENTRIES - 1) {
			redis_run(&redis, &batch);
			batch = (struct store_batch){ 0 };
		}
	}
	store_put_index_size(&batch, &size);
	redis_run(&redis, &batch);
	assert_int_equal(size, ENTRIES);
	do {
		store_put_index_scan(&batch, "*", &page);
		redis_run(&redis, &batch);
		assert_int_equal(page.fields.count % 2, 0);
		for (size_t i = 0; i < page.fields.count; i += 2) {
			struct str addr = { 0 };
			int n = -1;

			assert_int_equal(keys_decode(&addr, page.fields.items[i]), 0);
			assert_int_equal(sscanf(str_text(&addr), "user {%d}@x.test", &n), 1);
			assert_in_range(n, 0, ENTRIES - 1);
			assert_int_equal(item_is(&page.fields, i + 1, "inf"), n % 5 == 0);
			total += seen[n] == 0;
			seen[n] = 1;
			str_free(&addr);
		}
		pages++;
	} while (strcmp(page.cursor, "0") != 0);
	assert_int_equal(total, ENTRIES);
	assert_true(pages > 1);

	store_put_index_scan(&batch, "user%20%7B77%7D@*", &page);
	redis_run(&redis, &batch);
	total = page.fields.count;
	while (strcmp(page.cursor, "0") != 0) {
		store_put_index_scan(&batch, "user%20%7B77%7D@*", &page);
		redis_run(&redis, &batch);
		total += page.fields.count;
	}
	assert_int_equal(total, 2);

	store_put_index_prune(&batch, T0 + 1000); /* 1..1000 but the fifths */
	redis_run(&redis, &batch); /* alone: a script that Redis does not have yet comes last */
	store_put_index_size(&batch, &size);
	redis_run(&redis, &batch);
	assert_int_equal(size, ENTRIES - 800);
	free(seen);
}

/* -- events and texts ------------------------------------------------------------------------ */

static void
events(void **state)
{
	static const struct store_event_field fields[] = { { "address", "a b@x.test" },
		{ "left out", NULL }, { "text", "line\r\nline" }, { "empty", "" } };
	struct store_batch batch = { 0 };
	redisReply *reply;

	(void)state;
	fresh();
	store_put_event(&batch, "quarantined", fields, COUNT(fields));
	store_put_event(&batch, "removed", NULL, 0);
	redis_run(&redis, &batch);
	reply = redis_do(&redis, "XRANGE mxpace:events - +");
	assert_int_equal(reply->elements, 2);
	assert_int_equal(reply->element[0]->element[1]->elements, 8);
	assert_string_equal(reply->element[0]->element[1]->element[0]->str, "type");
	assert_string_equal(reply->element[0]->element[1]->element[1]->str, "quarantined");
	assert_string_equal(reply->element[0]->element[1]->element[3]->str, "a b@x.test");
	assert_string_equal(reply->element[0]->element[1]->element[5]->str, "line\r\nline");
	assert_string_equal(reply->element[0]->element[1]->element[7]->str, "");
	assert_int_equal(reply->element[1]->element[1]->elements, 2);
	freeReplyObject(reply);
}

/* The stream does not grow for ever. */
static void
events_are_capped(void **state)
{
	struct store_batch batch = { 0 };
	int64_t len;

	(void)state;
	fresh();
	freeReplyObject(redis_do(&redis, "EVAL %s 0",
	    "for i = 1, 110000 do redis.call('XADD', 'mxpace:events', '*', 'type', 'bounce') end"));
	store_put_event(&batch, "bounce", NULL, 0);
	redis_run(&redis, &batch);
	len = redis_number(&redis, "XLEN mxpace:events");
	assert_in_range(len, STORE_EVENTS_MAX, STORE_EVENTS_MAX + 1000);
}

static void
unclassified_texts(void **state)
{
	struct store_batch batch = { 0 };

	(void)state;
	fresh();
	freeReplyObject(redis_do(&redis, "EVAL %s 0",
	    "for i = 1, 1000 do redis.call('ZADD', 'mxpace:unclassified', i + 1, 'text ' .. i) end"));
	store_put_unclassified(&batch, "a new one");
	redis_run(&redis, &batch);
	/* The thousand most frequent stay, and the new one is the rarest. */
	assert_int_equal(redis_number(&redis, "ZCARD mxpace:unclassified"), 1000);
	store_put_unclassified(&batch, "text 1000");
	redis_run(&redis, &batch);
	assert_int_equal(redis_number(&redis, "ZSCORE mxpace:unclassified %s", "text 1000"), 1002);
}

/* -- MX sets, nodes, groups ------------------------------------------------------------------ */

static void
mx_sets(void **state)
{
	struct store_batch batch = { 0 };
	struct str set = { 0 };

	(void)state;
	fresh();
	store_put_mx(&batch, "x.test", "5 a.test 10 b.test", 300);
	store_put_mx(&batch, "y.test", "5 c.test", 0);
	store_put_mx_read(&batch, "x.test", &set);
	redis_run(&redis, &batch);
	assert_string_equal(str_text(&set), "5 a.test 10 b.test");
	assert_int_equal(redis_number(&redis, "PTTL mxpace:mx:x.test"), 300000);
	assert_int_equal(redis_number(&redis, "PTTL mxpace:mx:y.test"),
	    1000); /* never without an end */
	store_put_mx_read(&batch, "z.test", &set);
	redis_run(&redis, &batch);
	assert_string_equal(str_text(&set), "");
	str_free(&set);
}

static void
heartbeat(const char *node, const char *run, int64_t wall_s, struct str *before)
{
	const struct store_event_field fields[] = { { "run", run }, { "version", "1" } };
	struct store_batch batch = { 0 };

	store_put_node(&batch, node, fields, COUNT(fields), wall_s, before);
	redis_run(&redis, &batch);
}

static void
nodes(void **state)
{
	struct store_batch batch = { 0 };
	struct store_fields fields = { .arena = &arena };
	struct str before = { 0 };

	(void)state;
	fresh();
	heartbeat("mta1", "one", T0, &before);
	assert_string_equal(str_text(&before), "");
	heartbeat("mta1", "one", T0 + 5, &before);
	assert_string_equal(str_text(&before), "one");
	heartbeat("mta1", "two", T0 + 6, &before); /* another one of that name */
	assert_string_equal(str_text(&before), "one");
	heartbeat("mta 2", "three", T0 + 7, &before);
	assert_int_equal(redis_number(&redis, "PTTL mxpace:node:mta1"), STORE_OPEN_TTL_S * 1000);

	store_put_nodes(&batch, &fields);
	redis_run(&redis, &batch);
	assert_int_equal(fields.count, 4);
	assert_true(item_is(&fields, 0, "mta%202") && item_is(&fields, 1, "1795348807"));
	assert_true(item_is(&fields, 2, "mta1") && item_is(&fields, 3, "1795348806"));
	store_put_node_read(&batch, "mta 2", &fields);
	redis_run(&redis, &batch);
	assert_int_equal(fields.count, 4);

	redis_set_ms(&redis, (T0 + STORE_OPEN_TTL_S) * 1000 + 1); /* silent: gone by itself */
	store_put_node_read(&batch, "mta 2", &fields);
	redis_run(&redis, &batch);
	assert_int_equal(fields.count, 0);
	heartbeat("mta1", "two", T0 + 86400 + 8, &before); /* forgotten after a day */
	assert_int_equal(redis_number(&redis, "ZCARD mxpace:nodes"), 1);
	store_put_node_gone(&batch, "mta1");
	redis_run(&redis, &batch);
	assert_int_equal(redis_number(&redis, "EXISTS mxpace:node:mta1"), 0);
	str_free(&before);
}

static void
groups(void **state)
{
	struct store_batch batch = { 0 };
	struct store_fields fields = { .arena = &arena };

	(void)state;
	fresh();
	store_put_group_used(&batch, "google", T0);
	store_put_group_used(&batch, "default/mx{1}.test", T0 + 60);
	store_put_groups(&batch, &fields);
	redis_run(&redis, &batch);
	assert_int_equal(fields.count, 4);
	assert_true(item_is(&fields, 0, "default/mx%7B1%7D.test") && item_is(&fields, 2, "google"));
	store_put_group_used(&batch, "other", T0 + 7 * 86400); /* a week later to the second */
	redis_run(&redis, &batch);
	assert_int_equal(redis_number(&redis, "ZCARD mxpace:groups"), 3);
	store_put_group_used(&batch, "other", T0 + 7 * 86400 + 1);
	redis_run(&redis, &batch);
	assert_int_equal(redis_number(&redis, "ZCARD mxpace:groups"), 2);
}

static void
queues(void **state)
{
	struct store_queue queue = { 3, 12, 40, 120.25 }, total;
	struct store_batch batch = { 0 };
	struct store_fields fields = { .arena = &arena };

	(void)state;
	fresh();
	store_put_queue(&batch, "google", "all", "mta1", &queue, T0);
	queue.per_minute = -0.5;
	store_put_queue(&batch, "google", "all", "mta2", &queue, T0 - 5);
	store_put_queue_read(&batch, "google", "all", &fields);
	redis_run(&redis, &batch);
	assert_true(redis_is(&redis, "3 open 12 waiting 40 queued 120.2 a minute until 1795348815",
	    "HGET mxpace:{g:google}:queue:all mta1"));
	total = store_queue_total(&fields, T0);
	assert_int_equal(total.open, 6);
	assert_int_equal(total.waiting, 24);
	assert_int_equal(total.queued, 80);
	assert_true(total.per_minute == -1);
	total = store_queue_total(&fields, T0 + 10); /* mta2 is over */
	assert_int_equal(total.queued, 40);
	redis_set_ms(&redis, (T0 + STORE_OPEN_TTL_S) * 1000 + 1);
	assert_int_equal(redis_number(&redis, "EXISTS mxpace:{g:google}:queue:all"), 0);
}

/* The ACL line of mxpace-redis(7), as ACL SETUSER takes it. */
static void
read_acl(char *line, size_t size)
{
	char text[512];
	FILE *page = fopen("man/mxpace-redis.7", "r");

	assert_non_null(page); /* tests run in the top folder of the source tree */
	*line = '\0';
	while (fgets(text, sizeof(text), page) != NULL && strncmp(text, "user mxpace on ", 15) != 0)
		;
	do {
		text[strcspn(text, "\n")] = '\0';
		snprintf(line + strlen(line), size - strlen(line), "%s ",
		    *text == 'u' ? text + 5 : text);
	} while (fgets(text, sizeof(text), page) != NULL && *text != '.');
	fclose(page);
}

/* Every script, on what makes it write all it can. */
static void
put_all_scripts(struct store_batch *batch, struct limit *limit, struct backoff_rule *rule)
{
	static struct store_took took;
	static struct store_granted granted;
	static struct store_backoff backoff;
	static struct store_counted counted;
	static struct store_delivered delivered;
	static struct quarantine_entry entry = { .status = QUARANTINE_QUARANTINED };
	static struct store_removed removed;
	static const char *newest[] = { "100 1" };
	static int64_t restored;

	*rule = (struct backoff_rule){ .action = BACKOFF_REDUCE, .factor = 0.5, .for_ms = 60000 };
	limit_set(limit, 1000, 10000);
	limit_set(&rule->after, 3, 60000);
	store_put_hit(batch,
	    &(struct store_hit){ "g", "all", "mta1", rule, 0, 1000, 5, "421 slow down" }, &backoff);
	store_put_take(batch,
	    &(struct store_take){ "g", "all", "mta1", 1, 5, limit, 1, true, true }, &took);
	store_put_grant(batch,
	    &(struct store_grant){ "g", "all", "mta1", 1, 5, 0, true, 5000, limit, 1 }, &granted);
	store_put_settle(batch,
	    &(struct store_settled){ "g", "all", "mta1", limit, 1, 5000, STORE_STAMP, true, 1, 1, 1,
		1, 1 },
	    NULL);
	store_put_restore(batch, &(struct store_restore){ "g", "all", "mta1", limit, 1, 7, newest },
	    &restored);
	store_put_give_back(batch,
	    &(struct store_take){ "g", "all", "mta1", 1, 5, limit, 1, true, true }, 5000);
	store_put_error(batch,
	    &(struct store_error){ .addr = "a@x.test",
		.ndr = "n",
		.rule = { .errors = 1 },
		.code = "",
		.text = "",
		.mx = "",
		.campaign = "",
		.bounce_rule = "" },
	    &counted);
	store_put_delivered(batch, "a@x.test", 0, &delivered);
	store_put_quarantine_remove(batch, "a@x.test", "operator", 1000, &removed);
	store_put_quarantine_add(batch, "a@x.test", &entry);
}

/* The user that the manual page tells to make may do all that the scripts and verbs do. */
static void
the_users_rights_suffice(void **state)
{
	struct store_address address = redis.address;
	struct store_batch batch = { 0 };
	struct store_page page = { .cursor = "0", .fields = { .arena = &arena } };
	struct store_backoff backoff;
	struct backoff_rule rule;
	struct limit limit;
	struct store_fields entries = { .arena = &arena };
	struct str text = { 0 };
	char line[2048], *words[64], *rest = line;
	struct store_sync *store;
	struct err err = { "" };
	int64_t number;
	int count = 2;

	(void)state;
	fresh();
	read_acl(line, sizeof(line));
	words[0] = (char *)(uintptr_t) "ACL";
	words[1] = (char *)(uintptr_t) "SETUSER";
	while (count < 63 && (words[count] = strtok_r(rest, " ", &rest)) != NULL)
		count++;
	freeReplyObject(
	    redisCommandArgv(redis.control, count, (const char **)(uintptr_t)words, NULL));
	address.user = "mxpace";
	address.password = "secret";
	store = store_sync_open(&address, 10000, &err);
	assert_string_equal(err.text, "");
	assert_non_null(store);
	for (int round = 0; round < 4; round++) { /* hits enough for the action */
		put_all_scripts(&batch, &limit, &rule);
		if (store_sync_run(store, &batch, &err) != STORE_DONE)
			fail_msg("%s", err.text);
	}
	store_put_backoff_read(&batch, "g", "all", &backoff);
	store_put_pause(&batch, "g", "why");
	store_put_pause_read(&batch, "g", &text);
	store_put_resume(&batch, "g", &number);
	store_put_no_wait(&batch, "g", "all", "mta1");
	store_put_queue(&batch, "g", "all", "mta1", &(struct store_queue){ 0 }, T0);
	store_put_queue_read(&batch, "g", "all", &page.fields);
	store_put_backoff_clear(&batch, "g", "all", &number);
	store_put_mx_scan(&batch, &page);
	store_put_delivered_group(&batch, "mxpace");
	store_put_delivered_read(&batch, "mxpace", "mta1", true, 10, 1, &entries);
	store_put_delivered_ack(&batch, "mxpace", &SPAN("1-1"), 1);
	if (store_sync_run(store, &batch, &err) != STORE_DONE)
		fail_msg("%s", err.text);
	assert_string_equal(backoff.action, "reduce");
	assert_int_equal(number, 2); /* what is in force, and the hit after it */
	store_sync_close(&store);
	store_batch_free(&batch);
	str_free(&text);
	freeReplyObject(redis_do(&redis, "ACL DELUSER mxpace"));
}

static void
redis_time(void **state)
{
	struct store_batch batch = { 0 };
	struct store_fields fields = { .arena = &arena };

	(void)state;
	fresh();
	store_put_time(&batch, &fields);
	redis_run(&redis, &batch);
	assert_int_equal(fields.count, 2);
	assert_true(item_is(&fields, 0, "1795348800"));
}

int
main(void)
{
	struct check_list list = { 0 };
	int rc;

	CHECK(&list, added_and_removed);
	CHECK(&list, released_by_time);
	CHECK(&list, the_index);
	CHECK(&list, events);
	CHECK(&list, events_are_capped);
	CHECK(&list, unclassified_texts);
	CHECK(&list, mx_sets);
	CHECK(&list, nodes);
	CHECK(&list, groups);
	CHECK(&list, queues);
	CHECK(&list, the_users_rights_suffice);
	CHECK(&list, redis_time);
	arena_init(&arena);
	redis_start(&redis, NULL);
	rc = check_run(&list, "store");
	redis_stop(&redis);
	arena_clear(&arena);
	return rc;
}
