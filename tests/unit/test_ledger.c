#include "check.h"
#include "ledger.h"

static struct limit
limit_of(const char *text)
{
	struct limit limit;
	struct err err;

	if (limit_parse(span_of(text), &limit, &err) != 0)
		fail_msg("%s", err.text);
	return limit;
}

static struct ledger
ledger_of(const char *first, const char *second)
{
	struct limit limits[2] = { limit_of(first), limit_of(second != NULL ? second : first) };
	struct ledger ledger = { 0 };

	ledger_follow(&ledger, limits, second != NULL ? 2 : 1);
	return ledger;
}

static void
is_empty_at_first(void **state)
{
	struct ledger ledger = { 0 };
	int64_t wait_ms = 7;
	size_t limit = 9;

	(void)state;
	assert_true(ledger_is_empty(&ledger, 0));
	assert_true(ledger_has_room(&ledger, 1, 0, &limit, &wait_ms));
	ledger_add(&ledger, 5);
	assert_int_equal(ledger.sent, 1);
	assert_true(ledger_is_empty(&ledger, 5));
	ledger_give_back(&ledger, 5, 5);
	ledger_give_back(&ledger, 5, 5);
	assert_int_equal(ledger.sent, 0);
	ledger_clear(&ledger);
}

static void
counts_a_period(void **state)
{
	struct ledger ledger = ledger_of("100/64s", NULL); /* buckets of 1 s */
	int64_t start = INT64_C(5000000) * 1000;

	(void)state;
	ledger_add(&ledger, start);
	ledger_add(&ledger, start + 999);
	ledger_add(&ledger, start + 10000);
	assert_int_equal(ledger_used(&ledger, 0, start + 10000), 3);
	assert_int_equal(ledger_used(&ledger, 0, start + 64999), 3);
	assert_int_equal(ledger_used(&ledger, 0, start + 65000), 1); /* the first bucket is over */
	assert_int_equal(ledger_used(&ledger, 0, start + 74999), 1);
	assert_int_equal(ledger_used(&ledger, 0, start + 75000), 0);
	assert_int_equal(ledger_used(&ledger, 0, start + 99000000), 0);
	assert_false(ledger_is_empty(&ledger, start + 74999));
	assert_true(ledger_is_empty(&ledger, start + 75000));
	ledger_add(&ledger, start + 75000); /* looking changed nothing, adding does */
	assert_int_equal(ledger_used(&ledger, 0, start + 75000), 1);
	assert_int_equal(ledger.sent, 4);
	ledger_clear(&ledger);
	assert_int_equal(ledger.count, 0);
}

static void
counts_on_when_the_clock_goes_back(void **state)
{
	struct ledger ledger = ledger_of("100/64s", NULL);

	(void)state;
	ledger_add(&ledger, 100000);
	ledger_add(&ledger, 90000);
	assert_int_equal(ledger_used(&ledger, 0, 80000), 2);
	assert_int_equal(ledger_used(&ledger, 0, 164999), 2);
	assert_int_equal(ledger_used(&ledger, 0, 165000), 0);
	ledger_clear(&ledger);
}

static const struct period_row {
	const char *label, *limit;
} period_rows[] = {
	{ "a second", "1000/1s" },
	{ "ten seconds", "1000/10s" },
	{ "five minutes", "1000/5m" },
	{ "an hour", "1000/1h" },
};

/* Beside a list of what was sent and when: in no period more than was counted, and nothing counted
 * longer than a period and two buckets. */
static void
never_counts_too_few(void **state)
{
	enum { MESSAGES = 3000 };
	const struct period_row *row = *state;
	struct limit limit = limit_of(row->limit);
	struct ledger ledger = { 0 };
	static int64_t sent[MESSAGES];
	unsigned random = 4711;
	int64_t now_ms = 1000000;

	ledger_follow(&ledger, &limit, 1);
	for (int i = 0; i < MESSAGES; i++) {
		int64_t least = 0, most = 0, used;

		random = random * 1103515245 + 12345;
		now_ms += (random >> 16) % 100 == 0 ? limit.period_ms / 2
						    : (random >> 16) % (limit.period_ms / 100);
		used = ledger_used(&ledger, 0, now_ms);
		for (int old = 0; old < i; old++) {
			least += now_ms - sent[old] < limit.period_ms;
			most += now_ms - sent[old] < limit.period_ms + 2 * limit.width_ms;
		}
		assert_in_range(used, least, most);
		sent[i] = now_ms;
		ledger_add(&ledger, now_ms);
	}
	ledger_clear(&ledger);
}

static void
has_room_until(void **state)
{
	struct ledger ledger = ledger_of("3/64s", "5/640s");
	int64_t wait_ms;
	size_t limit;

	(void)state;
	for (int i = 0; i < 3; i++) {
		assert_true(ledger_has_room(&ledger, 1, 64000 + i * 1000, &limit, &wait_ms));
		ledger_add(&ledger, 64000 + i * 1000);
	}
	assert_false(ledger_has_room(&ledger, 1, 66500, &limit, &wait_ms));
	assert_int_equal(limit, 0);
	assert_int_equal(wait_ms, 64000 + 65000 - 66500); /* when the first one is over */
	assert_false(ledger_has_room(&ledger, 1, 66500 + wait_ms - 1, &limit, &wait_ms));
	assert_true(ledger_has_room(&ledger, 1, 129000, &limit, &wait_ms));
	ledger_add(&ledger, 131500);
	ledger_add(&ledger, 131500);
	assert_false(ledger_has_room(&ledger, 1, 131500, &limit, &wait_ms));
	assert_int_equal(limit, 1);
	assert_int_equal(wait_ms, 60000 + 650000 - 131500); /* buckets of 10 s */
	ledger_clear(&ledger);
}

static void
tells_the_longest_wait(void **state)
{
	struct ledger ledger = ledger_of("1/640s", "1/64s");
	int64_t wait_ms;
	size_t limit;

	(void)state;
	ledger_add(&ledger, 0);
	assert_false(ledger_has_room(&ledger, 1, 0, &limit, &wait_ms));
	assert_int_equal(limit, 0);
	assert_int_equal(wait_ms, 650000);
	ledger_clear(&ledger);
}

static const struct share_row {
	const char *label, *limit;
	double share;
	int want;
} share_rows[] = {
	{ "all", "10/1h", 1, 10 },
	{ "half", "10/1h", 0.5, 5 },
	{ "a third", "30/1h", 1.0 / 3, 10 },
	{ "29 of 100", "100/1h", 0.29, 29 },
	{ "a seventh, cut", "10/1h", 1.0 / 7, 1 },
	{ "less than one is one", "10/1h", 0.01, 1 },
	{ "one of one", "1/1h", 1, 1 },
};

static void
has_a_share(void **state)
{
	const struct share_row *row = *state;
	struct ledger ledger = ledger_of(row->limit, NULL);
	int64_t wait_ms;
	size_t limit;
	int sent = 0;

	while (sent < 200 && ledger_has_room(&ledger, row->share, 1000, &limit, &wait_ms)) {
		ledger_add(&ledger, 1000);
		sent++;
	}
	assert_int_equal(sent, row->want);
	ledger_clear(&ledger);
}

static void
keeps_the_last_hour_of_longer_periods(void **state)
{
	struct ledger ledger = ledger_of("3/1d", NULL);
	int64_t hour_ms = 3600000, wait_ms;
	size_t limit;

	(void)state;
	ledger_add(&ledger, 0);
	ledger_add(&ledger, hour_ms / 2);
	assert_int_equal(ledger_used(&ledger, 0, hour_ms), 2);
	assert_int_equal(ledger_used(&ledger, 0, hour_ms + 60000), 1);
	ledger_add(&ledger, hour_ms);
	ledger_add(&ledger, hour_ms);
	assert_false(ledger_has_room(&ledger, 1, hour_ms, &limit, &wait_ms));
	ledger_clear(&ledger);
}

static void
moves(void **state)
{
	struct ledger ledger = ledger_of("100/64s", "100/640s");

	(void)state;
	ledger_add(&ledger, 10000);
	ledger_move(&ledger, 10000, 60000);
	assert_int_equal(ledger_used(&ledger, 0, 60000), 1); /* one, not two */
	assert_int_equal(ledger_used(&ledger, 0, 80000), 1); /* and later */
	ledger_move(&ledger, 60000, 200000);                 /* over in the first ring */
	assert_int_equal(ledger_used(&ledger, 0, 200000), 1);
	assert_int_equal(ledger_used(&ledger, 1, 200000), 1);
	assert_int_equal(ledger.sent, 1);
	ledger_move(&ledger, 120000, 200000); /* of which nothing is known */
	assert_int_equal(ledger_used(&ledger, 0, 200000), 2);
	ledger_clear(&ledger);
}

static void
gives_back(void **state)
{
	struct ledger ledger = ledger_of("100/64s", "100/640s");

	(void)state;
	ledger_add(&ledger, 10000);
	ledger_add(&ledger, 10000);
	ledger_give_back(&ledger, 10000, 20000);
	assert_int_equal(ledger_used(&ledger, 0, 20000), 1);
	assert_int_equal(ledger.sent, 1);
	ledger_give_back(&ledger, 10000, 200000); /* over in the first ring */
	assert_int_equal(ledger_used(&ledger, 0, 200000), 0);
	assert_int_equal(ledger_used(&ledger, 1, 200000), 0);
	assert_int_equal(ledger.sent, 0);
	ledger_add(&ledger, 200000);
	ledger_give_back(&ledger, 900000, 200000); /* a time to come: not counted */
	assert_int_equal(ledger_used(&ledger, 0, 200000), 1);
	ledger_clear(&ledger);
}

static void
follows_other_limits(void **state)
{
	struct ledger ledger = ledger_of("100/64s", "100/640s");
	struct limit limits[3] = { limit_of("9/10s"), limit_of("1/640s"), limit_of("5/1h") };
	int64_t wait_ms;
	size_t limit;

	(void)state;
	ledger_add(&ledger, 1000);
	ledger_follow(&ledger, limits, 3);
	assert_int_equal(ledger.count, 3);
	assert_int_equal(ledger_used(&ledger, 0, 1000), 0); /* a new one */
	assert_int_equal(ledger_used(&ledger, 1, 1000), 1); /* kept */
	assert_int_equal(ledger_used(&ledger, 2, 1000), 0);
	assert_int_equal(ledger.sent, 1);
	assert_false(ledger_has_room(&ledger, 1, 1000, &limit, &wait_ms)); /* of the new limit */
	assert_int_equal(limit, 1);
	ledger_follow(&ledger, NULL, 0);
	assert_int_equal(ledger.count, 0);
	assert_int_equal(ledger.sent, 1);
	ledger_clear(&ledger);
}

static const struct newest_row {
	const char *label;
	int64_t missing, now_ms, want;
	const char *text;
} newest_rows[] = {
	{ "none", 0, 30500, 0, "" },
	{ "the newest", 1, 30500, 1, "0 1" },
	{ "all of the current bucket", 2, 30500, 2, "0 2" },
	{ "of the one before too", 4, 30500, 4, "0 2 9500 2" },
	{ "all", 6, 30500, 6, "0 2 9500 3 19500 1" },
	{ "more than there are", 99, 30500, 6, "0 2 9500 3 19500 1" },
	{ "later", 3, 40500, 3, "9500 2 19500 1" },
	{ "when the oldest is over", 99, 75500, 5, "44500 2 54500 3" },
	{ "when all are over", 99, 999000, 0, "" },
};

static void
lists_the_newest(void **state)
{
	const struct newest_row *row = *state;
	struct ledger ledger = ledger_of("100/64s", NULL);
	struct str out = { 0 };

	ledger_add(&ledger, 10000);
	for (int i = 0; i < 3; i++)
		ledger_add(&ledger, 20000);
	ledger_add(&ledger, 30000);
	ledger_add(&ledger, 30400);
	assert_int_equal(ledger_newest(&ledger, 0, row->missing, row->now_ms, &out), row->want);
	assert_string_equal(str_text(&out), row->text);
	str_free(&out);
	ledger_clear(&ledger);
}

int
main(void)
{
	struct check_list list = { 0 };

	CHECK(&list, is_empty_at_first);
	CHECK(&list, counts_a_period);
	CHECK(&list, counts_on_when_the_clock_goes_back);
	CHECK_ROWS(&list, never_counts_too_few, period_rows);
	CHECK(&list, has_room_until);
	CHECK(&list, tells_the_longest_wait);
	CHECK_ROWS(&list, has_a_share, share_rows);
	CHECK(&list, keeps_the_last_hour_of_longer_periods);
	CHECK(&list, moves);
	CHECK(&list, gives_back);
	CHECK(&list, follows_other_limits);
	CHECK_ROWS(&list, lists_the_newest, newest_rows);
	return check_run(&list, "ledger");
}
