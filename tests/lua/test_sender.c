/* sender.lua, sender_order.lua, complaint.lua: an account's life by a clock that the test sets. */
#include <stdlib.h>

#include "redis.h"
#include "store_sender.h"
#include "tests/unit/check.h"

static struct redis redis;

#define T0   INT64_C(1795348800) /* some day at noon */
#define HOUR INT64_C(3600)
#define DAY  INT64_C(86400)

static const struct sender_policy policy = {
	.review_hard = 50000,
	.suspend_hard = 100000,
	.floor = 200,
	.review_complaints = 1000,
	.suspend_complaints = 5000,
	.floor_complaints = 1000,
	.probation_start = 100,
	.probation_factor = 4,
	.probation_days = 2,
};

static struct store_sender_verdict
count_as(const char *account, const char *what, int64_t n, const char *id, bool exempt)
{
	const struct store_sender_part part = { what, n };
	const struct store_sender_count count = {
		.kind = SENDER_ACCOUNT,
		.name = account,
		.id = id,
		.policy = &policy,
		.exempt = exempt,
		.parts = &part,
		.part_count = 1,
	};
	struct store_sender_verdict verdict;
	struct store_batch batch = { 0 };

	store_put_sender_count(&batch, &count, &verdict);
	redis_run(&redis, &batch);
	if (verdict.changed || verdict.full) {
		struct store_batch telling = { 0 };

		store_put_sender_tell(&telling, account, &verdict, "n1");
		redis_run(&redis, &telling);
		store_batch_free(&telling);
	}
	store_batch_free(&batch);
	return verdict;
}

static struct store_sender_verdict
count(const char *what, int64_t n)
{
	return count_as("shop.test", what, n, "", false);
}

static struct store_sender_verdict
order(enum store_sender_order what)
{
	struct store_sender_verdict verdict;
	struct store_batch batch = { 0 };

	store_put_sender_order(&batch, "shop.test", what, &policy, "so", "operator ann", &verdict);
	redis_run(&redis, &batch);
	store_put_sender_tell(&batch, "shop.test", &verdict, "");
	if (batch.count > 0)
		redis_run(&redis, &batch);
	store_batch_free(&batch);
	return verdict;
}

static bool
is_listed(void)
{
	return redis_number(&redis, "EXISTS mxpace:suspended") == 1;
}

static void
fresh(void)
{
	redis_fresh(&redis);
	redis_set_ms(&redis, T0 * 1000);
}

static void
test_floors(void **state)
{
	static const struct {
		const char *label;
		int64_t sent;
		const char *what;
		int64_t part;
		enum sender_state becomes;
	} rows[] = {
		{ "50 sent, all of them dead", 50, "hard", 50, SENDER_OK },
		{ "one below the floor", 199, "hard", 199, SENDER_OK },
		{ "at the floor, below review", 200, "hard", 9, SENDER_OK },
		{ "at the floor and at review", 200, "hard", 10, SENDER_REVIEW },
		{ "just below suspend", 200, "hard", 19, SENDER_REVIEW },
		{ "at suspend", 200, "hard", 20, SENDER_SUSPENDED },
		{ "complaints below their floor", 999, "complaint", 500, SENDER_OK },
		{ "complaints at review", 1000, "complaint", 1, SENDER_REVIEW },
		{ "complaints at suspend", 1000, "complaint", 5, SENDER_SUSPENDED },
		{ "soft bounces are not its own", 1000, "soft", 900, SENDER_OK },
		{ "nothing sent is known", 0, "hard", 500, SENDER_OK },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct store_sender_verdict verdict = { 0 };

		fresh();
		if (rows[i].sent > 0)
			count("sent", rows[i].sent);
		verdict = count(rows[i].what, rows[i].part);
		if (verdict.status.state != rows[i].becomes)
			fail_msg("%s: %s", rows[i].label, sender_state_name(verdict.status.state));
		assert_int_equal(verdict.changed, rows[i].becomes != SENDER_OK);
		assert_int_equal(is_listed(), rows[i].becomes == SENDER_SUSPENDED);
	}
}

static void
test_one_at_a_time_changes_once(void **state)
{
	int changes = 0;

	(void)state;
	fresh();
	count("sent", 300);
	for (int i = 1; i <= 60; i++)
		changes += count("hard", 1).changed;
	assert_int_equal(changes, 2); /* review at 15, suspended at 30 */
	assert_int_equal(redis_number(&redis, "XLEN mxpace:events"), 2);
	assert_true(redis_is(&redis, "30", "HGET mxpace:{a:shop.test} hard"));
	assert_true(redis_is(&redis, "300", "HGET mxpace:{a:shop.test} sent"));
	assert_true(redis_is(&redis, "10.00", "HGET mxpace:{a:shop.test} rate_hard"));
	assert_int_equal(redis_number(&redis, "TTL mxpace:{a:shop.test}"), -1);
	/* Further good mail does not lift it. */
	assert_int_equal(count("sent", 100000).status.state, SENDER_SUSPENDED);
	redis_set_ms(&redis, (T0 + 40 * DAY) * 1000);
	assert_int_equal(count("sent", 1).status.state, SENDER_SUSPENDED);
}

static void
test_review_ends_with_hysteresis(void **state)
{
	(void)state;
	fresh();
	count("sent", 1000);
	assert_int_equal(count("hard", 50).status.state, SENDER_REVIEW);
	assert_int_equal(count("sent", 200).status.state, SENDER_REVIEW); /* 4.2 % */
	assert_int_equal(count("sent", 100).status.state, SENDER_OK);     /* 3.8 % */
	assert_int_equal(count("hard", 10).status.state, SENDER_OK);      /* 4.6 % */
	assert_int_equal(count("hard", 5).status.state, SENDER_REVIEW);
	assert_false(is_listed());
}

static void
test_window(void **state)
{
	(void)state;
	fresh();
	count("sent", 1000);
	count("hard", 40);
	redis_set_ms(&redis, (T0 + 23 * HOUR) * 1000);
	assert_int_equal(count("hard", 10).status.state, SENDER_REVIEW);
	redis_set_ms(&redis, (T0 + 24 * HOUR) * 1000);
	count("sent", 500); /* those of the first hour count no more */
	assert_int_equal(count("hard", 1).status.state, SENDER_OK);
	assert_int_equal(redis_number(&redis, "EXISTS mxpace:{a:shop.test}:stats:2026112212"), 1);
	assert_true(redis_is(&redis, "1000", "HGET mxpace:{a:shop.test}:stats:20261122 sent"));
	assert_true(redis_is(&redis, "500", "HGET mxpace:{a:shop.test}:stats:20261123 sent"));
	redis_set_ms(&redis, (T0 + 8 * DAY + 1) * 1000);
	assert_int_equal(redis_number(&redis, "EXISTS mxpace:{a:shop.test}:stats:2026112212"), 0);
	redis_set_ms(&redis, (T0 + 399 * DAY) * 1000);
	assert_int_equal(redis_number(&redis, "EXISTS mxpace:{a:shop.test}:stats:20261122"), 1);
	redis_set_ms(&redis, (T0 + 400 * DAY + 1) * 1000);
	assert_int_equal(redis_number(&redis, "EXISTS mxpace:{a:shop.test}:stats:20261122"), 0);
}

static void
test_probation(void **state)
{
	struct store_sender_verdict verdict;

	(void)state;
	fresh();
	count("sent", 300);
	count("hard", 100);
	assert_true(is_listed());
	redis_set_ms(&redis, (T0 + HOUR / 2) * 1000);
	verdict = order(STORE_SENDER_RESUME);
	assert_true(verdict.changed);
	assert_int_equal(verdict.status.state, SENDER_PROBATION);
	assert_int_equal(verdict.status.allowance, 100);
	assert_false(is_listed());
	/* What was before does not count: a late bounce changes nothing. */
	assert_int_equal(count("hard", 5).status.state, SENDER_PROBATION);
	redis_set_ms(&redis, (T0 + DAY) * 1000);
	verdict = count("sent", 99);
	assert_false(verdict.full);
	verdict = count("sent", 1);
	assert_true(verdict.full);
	assert_int_equal(verdict.status.until_s, T0 + DAY + DAY / 2);
	assert_true(is_listed());
	assert_false(count("sent", 1).full); /* told once */
	/* A good day: four times as many; then one on which nothing went wrong, but little was sent. */
	redis_set_ms(&redis, (T0 + 2 * DAY) * 1000);
	verdict = count("sent", 10);
	assert_int_equal(verdict.status.allowance, 400);
	assert_int_equal(verdict.status.good_days, 1);
	assert_int_equal(verdict.status.until_s, 0);
	redis_set_ms(&redis, (T0 + 3 * DAY) * 1000);
	assert_int_equal(count("sent", 300).status.good_days, 1);
	redis_set_ms(&redis, (T0 + 4 * DAY) * 1000);
	verdict = count("sent", 1);
	assert_int_equal(verdict.status.state, SENDER_OK);
	assert_true(verdict.changed);
	assert_false(is_listed());
}

static void
test_bad_probation(void **state)
{
	(void)state;
	fresh();
	count("sent", 300);
	count("hard", 100);
	order(STORE_SENDER_RESUME);
	redis_set_ms(&redis, (T0 + DAY) * 1000);
	count("sent", 100);
	count("hard", 30);
	redis_set_ms(&redis, (T0 + 2 * DAY) * 1000);
	assert_int_equal(count("sent", 1).status.good_days, 0);
	count("sent", 300);
	assert_int_equal(count("hard", 40).status.state, SENDER_SUSPENDED);
	assert_int_equal(order(STORE_SENDER_RESUME_FULLY).status.state, SENDER_OK);
	assert_int_equal(count("hard", 40).status.state, SENDER_OK);
}

static void
test_exempt(void **state)
{
	(void)state;
	fresh();
	count("sent", 300);
	assert_int_equal(count_as("shop.test", "hard", 100, "", true).status.state, SENDER_OK);
	assert_int_equal(count("hard", 1).status.state, SENDER_SUSPENDED);
	assert_int_equal(order(STORE_SENDER_EXEMPT).status.state, SENDER_OK);
	assert_false(is_listed());
	assert_int_equal(count("hard", 100).status.state, SENDER_OK);
	order(STORE_SENDER_UNEXEMPT);
	assert_int_equal(count("hard", 1).status.state, SENDER_SUSPENDED);
}

static void
test_id_counts_once(void **state)
{
	(void)state;
	fresh();
	assert_false(count_as("shop.test", "complaint", 1, "n1.a", false).again);
	assert_true(count_as("shop.test", "complaint", 1, "n1.a", false).again);
	assert_false(count_as("shop.test", "complaint", 1, "n1.b", false).again);
	redis_set_ms(&redis, (T0 + DAY) * 1000);
	assert_true(count_as("shop.test", "complaint", 1, "n1.a", false).again);
	assert_true(redis_is(&redis, "2", "HGET mxpace:{a:shop.test}:stats:20261122 complaint"));
}

/* The script and the C function that explains it say the same of any figures. */
static void
test_agrees_with_judge(void **state)
{
	unsigned seed = 5;

	(void)state;
	for (int i = 0; i < 400; i++) {
		struct sender_figures figures = { rand_r(&seed) % 3000, 0, 0 };
		struct store_sender_verdict verdict = { 0 };
		const char *why;
		enum sender_state want;

		figures.hard = rand_r(&seed) % (figures.sent / 7 + 2);
		figures.complaint = rand_r(&seed) % (figures.sent / 120 + 2);
		fresh();
		count("sent", figures.sent);
		count("complaint", figures.complaint);
		verdict = count("hard", figures.hard);
		want = sender_judge(&policy, &figures, verdict.before, &why);
		if (verdict.before != SENDER_SUSPENDED && verdict.status.state != want)
			fail_msg("%lld sent, %lld hard, %lld complaints: %s, not %s",
			    (long long)figures.sent, (long long)figures.hard,
			    (long long)figures.complaint, sender_state_name(verdict.status.state),
			    sender_state_name(want));
	}
}

static void
test_reading(void **state)
{
	struct store_sender_part parts[] = { { "sent", 10 }, { "group:google:sent", 7 },
		{ "group:google:hard", 2 }, { "group:a:b:soft", 1 }, { "reason:mailbox_full", 3 },
		{ "nonsense", 1 } };
	const struct store_sender_count campaign = {
		.kind = SENDER_CAMPAIGN,
		.name = "spring {1}",
		.parts = parts,
		.part_count = sizeof(parts) / sizeof(parts[0]),
	};
	struct store_batch batch = { 0 };
	struct arena arena;
	struct store_sender_stats stats = { .arena = &arena };
	const struct sender_group *google, *other;

	(void)state;
	fresh();
	arena_init(&arena);
	store_put_sender_count(&batch, &campaign, NULL);
	store_put_sender_stats(&batch, SENDER_CAMPAIGN, "spring {1}", "20261122", &stats);
	redis_run(&redis, &batch);
	assert_int_equal(
	    redis_number(&redis, "EXISTS mxpace:{c:spring%%20%%7B1%%7D}:stats:20261122"), 1);
	assert_int_equal(stats.stats.counts[SENDER_SENT], 10);
	assert_int_equal(stats.stats.by_reason[REASON_MAILBOX_FULL], 3);
	assert_int_equal(stats.stats.group_count, 2);
	google = &stats.stats.groups[strcmp(stats.stats.groups[0].name, "google") != 0];
	other = &stats.stats.groups[google == &stats.stats.groups[0]];
	assert_int_equal(google->sent, 7);
	assert_int_equal(google->hard, 2);
	assert_string_equal(other->name, "a:b");
	assert_int_equal(other->soft, 1);
	store_batch_free(&batch);
	arena_clear(&arena);
}

static void
test_complaint_keeps_the_hash(void **state)
{
	struct store_batch batch = { 0 };
	struct quarantine_entry entry;

	(void)state;
	fresh();
	store_put_complaint(&batch, "a@x.test", "account:shop.test", T0);
	store_put_complaint(&batch, "a@x.test", "list:l1", T0);
	redis_run(&redis, &batch);
	store_put_quarantine_read(&batch, "a@x.test", &entry);
	redis_run(&redis, &batch);
	assert_int_equal(redis_number(&redis, "TTL mxpace:{q:a@x.test}"), -1);
	assert_int_equal(entry.status, QUARANTINE_NONE);
	assert_true(quarantine_entry_forbids(&entry, "shop.test", ""));
	assert_true(quarantine_entry_forbids(&entry, "other.test", "l1"));
	assert_false(quarantine_entry_forbids(&entry, "shop", "l"));
	assert_false(quarantine_entry_forbids(&entry, NULL, NULL));
	store_batch_free(&batch);
}

/* -- what is bounded ---------------------------------------------------------------------------- */

enum { FIELDS_MAX = 1000, TEXTS_MAX = 10 };

static char *
stats_key(const char *part, char buf[64])
{
	char period[SENDER_PERIOD_SIZE];

	snprintf(buf, 64, "mxpace:{a:shop.test}:stats:%s",
	    *part == 'h' ? sender_hour(T0, period) : sender_day(T0, period));
	return buf;
}

static void
test_groups_are_bounded(void **state)
{
	char field[64], key[64];

	(void)state;
	fresh();
	count("group:google:hard", 1);
	for (int i = 0; i < FIELDS_MAX + 20; i++) {
		snprintf(field, sizeof(field), "group:default/mx%d.evil.test:hard", i);
		count(field, 1);
	}
	count("group:google:hard", 1);
	count("hard", 5);
	for (size_t i = 0; i < 2; i++) {
		stats_key(i == 0 ? "hour" : "day", key);
		assert_int_equal(redis_number(&redis, "HLEN %s", key), FIELDS_MAX + 2);
		assert_true(redis_is(&redis, "1000", "HGET %s groups", key));
		assert_true(redis_is(&redis, "2", "HGET %s group:google:hard", key));
		assert_true(redis_is(&redis, "5", "HGET %s hard", key));
	}
}

static void
test_texts_are_bounded(void **state)
{
	char field[64], key[64];

	(void)state;
	fresh();
	for (int round = 0; round < 2; round++)
		for (int i = 0; i < TEXTS_MAX + 5; i++) {
			snprintf(field, sizeof(field), "text:user_unknown 550 no %d", i);
			count(field, 1);
		}
	assert_int_equal(redis_number(&redis, "EXISTS %s", stats_key("hour", key)), 0);
	stats_key("day", key);
	assert_int_equal(redis_number(&redis, "HLEN %s", key), TEXTS_MAX + 1);
	assert_true(redis_is(&redis, "10", "HGET %s texts", key));
	assert_true(redis_is(&redis, "2", "HGET %s %s", key, "text:user_unknown 550 no 9"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_floors),
		cmocka_unit_test(test_one_at_a_time_changes_once),
		cmocka_unit_test(test_review_ends_with_hysteresis),
		cmocka_unit_test(test_window),
		cmocka_unit_test(test_probation),
		cmocka_unit_test(test_bad_probation),
		cmocka_unit_test(test_exempt),
		cmocka_unit_test(test_id_counts_once),
		cmocka_unit_test(test_agrees_with_judge),
		cmocka_unit_test(test_reading),
		cmocka_unit_test(test_complaint_keeps_the_hash),
		cmocka_unit_test(test_groups_are_bounded),
		cmocka_unit_test(test_texts_are_bounded),
	};
	int rc;

	redis_start(&redis, NULL);
	rc = cmocka_run_group_tests(tests, NULL, NULL);
	redis_stop(&redis);
	return rc;
}
