/* Every reason of the quarantine table through its whole life, and ten thousand notices from
 * sixteen processes. Time is the test's own. */
#include <sys/wait.h>
#include <unistd.h>

#include "redis.h"
#include "store_delivered.h"
#include "tests/unit/check.h"

static struct redis redis;

#define T0    INT64_C(1795348800) /* some day at noon */
#define DAY   INT64_C(86400)
#define QUIET (10 * DAY)

/* Design section 3, for those that quarantine at all. */
static const struct reason_row {
	const char *label;
	enum reason reason;
	int64_t errors, release_s; /* 0: until removed */
} reason_rows[] = {
	{ "user_unknown", REASON_USER_UNKNOWN, 1, 0 },
	{ "mailbox_full", REASON_MAILBOX_FULL, 3, 30 * DAY },
	{ "inactive_user", REASON_INACTIVE_USER, 3, 0 },
	{ "invalid_domain", REASON_INVALID_DOMAIN, 3, 0 },
	{ "unreachable", REASON_UNREACHABLE, 5, 10 * DAY },
};

static int64_t now_s; /* Redis TIME */

static void
at(int64_t since_t0)
{
	now_s = T0 + since_t0;
	redis_set_ms(&redis, now_s * 1000 + 999);
}

static struct store_error
error_of(enum reason reason, const char *addr, const char *ndr)
{
	struct quarantine_policy policy;

	quarantine_policy_defaults(&policy);
	return (struct store_error){
		.addr = addr,
		.ndr = ndr,
		.type = reason_usual_type(reason),
		.reason = reason,
		.rule = policy.rules[reason],
		.code = "550 5.1.1",
		.text = "550 5.1.1 no such user",
		.message = "7@app.test",
		.bounce_rule = "some-rule",
	};
}

static const char *
bounce(const struct reason_row *row)
{
	static unsigned notices;
	struct store_batch batch = { 0 };
	struct store_counted counted;
	struct store_error error;
	char ndr[24];

	snprintf(ndr, sizeof(ndr), "n%u", notices++);
	error = error_of(row->reason, "a@x.test", ndr);
	store_put_error(&batch, &error, &counted);
	redis_run(&redis, &batch);
	return store_count_name(counted.outcome);
}

static struct quarantine_entry
entry_of(const char *addr)
{
	struct store_batch batch = { 0 };
	struct quarantine_entry entry;

	store_put_quarantine_read(&batch, addr, &entry);
	redis_run(&redis, &batch);
	quarantine_entry_settle(&entry, now_s);
	return entry;
}

static const char *
status(void)
{
	return quarantine_status_name(entry_of("a@x.test").status);
}

/* The so-manieth error, and again the same day. Returns when it was. */
static void
count_up_to(const struct reason_row *row, int64_t errors, int64_t from)
{
	for (int64_t i = 0; i < errors; i++) {
		bool last = i + 1 == row->errors;

		at(from + i * DAY);
		assert_string_equal(bounce(row), last ? "quarantined" : "counted");
		at(from + i * DAY + DAY - 1);
		assert_string_equal(bounce(row), last ? "known" : "same");
		assert_string_equal(status(), last ? "quarantined" : "counting");
		assert_int_equal(entry_of("a@x.test").errors_by[row->reason], i + 1);
	}
}

static void
quarantined_and_released(void **state)
{
	const struct reason_row *row = *state;
	int64_t since = (row->errors - 1) * DAY;
	struct quarantine_entry entry;

	redis_fresh(&redis);
	count_up_to(row, row->errors, 0);
	entry = entry_of("a@x.test");
	assert_int_equal(entry.since_s, T0 + since);
	assert_int_equal(entry.release_s, row->release_s == 0 ? 0 : T0 + since + row->release_s);
	assert_string_equal(entry.message, "7@app.test");
	assert_string_equal(entry.rule, "some-rule");
	if (row->release_s == 0) {
		at(4000 * DAY);
		assert_string_equal(status(), "quarantined");
		return;
	}
	at(since + row->release_s - 1);
	assert_string_equal(status(), "quarantined");
	at(since + row->release_s);
	assert_string_equal(status(), "released");
	assert_string_equal(entry_of("a@x.test").text, "550 5.1.1 no such user");
	at(since + row->release_s + QUIET - 1);
	assert_string_equal(status(), "released");
	at(since + row->release_s + QUIET);
	assert_string_equal(status(), "none");
	assert_int_equal(redis_number(&redis, "EXISTS mxpace:{q:a@x.test}"), 0);
}

static void
quarantined_again_after_the_release(void **state)
{
	const struct reason_row *row = *state;

	redis_fresh(&redis);
	count_up_to(row, row->errors, 0);
	if (row->release_s > 0)
		count_up_to(row, row->errors, (row->errors - 1) * DAY + row->release_s);
}

static void
forgotten_after_quiet_days(void **state)
{
	const struct reason_row *row = *state;
	int64_t last = (row->errors - 2) * DAY;

	redis_fresh(&redis);
	if (row->errors == 1)
		return; /* never counts */
	count_up_to(row, row->errors - 1, 0);
	at(last + QUIET - 1);
	assert_string_equal(status(), "counting");
	at(last + QUIET);
	assert_string_equal(status(), "none");
	count_up_to(row, row->errors, last + QUIET);
}

static void
delivered_in_between(void **state)
{
	const struct reason_row *row = *state;
	bool hard = reason_usual_type(row->reason) == BOUNCE_HARD;
	struct store_batch batch = { 0 };
	struct store_delivered delivered;

	redis_fresh(&redis);
	for (int64_t before = 1; before <= row->errors; before++) {
		count_up_to(row, before, before * 100 * DAY);
		at((before * 100 + before) * DAY);
		store_put_delivered(&batch, "a@x.test", 0, &delivered);
		redis_run(&redis, &batch);
		assert_string_equal(delivered_name(delivered.outcome), hard ? "hard"
								       : before == row->errors
									   ? "released"
									   : "cleared");
		assert_string_equal(status(), hard                    ? "quarantined"
					      : before == row->errors ? "released"
								      : "none");
		if (!hard)
			count_up_to(row, row->errors, (before * 100 + before) * DAY);
		redis_fresh(&redis);
	}
}

/* -- ten thousand notices ----------------------------------------------------------------------- */

enum { PROCESSES = 16, ADDRESSES = 100, KINDS = 4, DAYS = 20, PER_KIND = ADDRESSES / KINDS };

/* Of each kind a quarter of the addresses; `notices` come on every `every`-th day, dated up to so
 * many minutes before. */
static const struct kind {
	enum reason reason;
	int every, notices;
	/* what is right in the end */
	int64_t counted; /* errors of one address in all */
	const char *status;
	int64_t errors, since_day; /* of the last count */
} kinds[KINDS] = {
	/* quarantined on day 2 */
	{ REASON_MAILBOX_FULL, 1, 5, 3, "quarantined", 3, 2 },
	/* on day 4, released on day 14, counted anew from there: again on day 18 */
	{ REASON_UNREACHABLE, 1, 5, 10, "quarantined", 5, 18 },
	/* ten quiet days between them: each is the first */
	{ REASON_MAILBOX_FULL, 10, 50, 2, "counting", 1, 0 },
	{ REASON_INACTIVE_USER, 2, 10, 3, "quarantined", 3, 4 },
};

struct totals {
	int64_t outcomes[STORE_OUTDATED + 1];
};

/* The so-manieth notice of a day; false: there are no more. */
static bool
notice_of(int day, int number, char addr[32], char ndr[40], struct store_error *error)
{
	for (int k = 0; k < KINDS; k++) {
		int count = day % kinds[k].every == 0 ? kinds[k].notices * PER_KIND : 0;

		if (number >= count) {
			number -= count;
			continue;
		}
		snprintf(addr, 32, "a%d@x.test", k * PER_KIND + number % PER_KIND);
		snprintf(ndr, 40, "%d-%d-%d", day, k, number);
		*error = error_of(kinds[k].reason, addr, ndr);
		error->at_s = now_s - number / PER_KIND * 60;
		return true;
	}
	return false;
}

/* One process' share of a day. */
static void
bring(int process, int day, int to)
{
	struct err err;
	struct store_sync *store = store_sync_open(&redis.address, 10000, &err);
	struct store_counted counted[STORE_BATCH_MAX];
	struct store_batch batch = { 0 };
	struct totals totals = { 0 };
	char addr[32], ndr[40];
	struct store_error error;
	bool more = true;
	size_t count;

	if (store == NULL)
		_exit(1);
	for (int number = process; more; number += PROCESSES) {
		more = notice_of(day, number, addr, ndr, &error);
		if (more)
			store_put_error(&batch, &error, &counted[batch.count]);
		if (more && batch.count < STORE_BATCH_MAX)
			continue;
		count = batch.count;
		if (count > 0 && store_sync_run(store, &batch, &err) != STORE_DONE)
			_exit(1);
		for (size_t i = 0; i < count; i++)
			totals.outcomes[counted[i].outcome]++;
	}
	store_batch_free(&batch);
	store_sync_close(&store);
	_exit(write(to, &totals, sizeof(totals)) == sizeof(totals) ? 0 : 1);
}

static void
bring_all(int day, struct totals *totals)
{
	pid_t pids[PROCESSES];
	int ends[2];

	assert_int_equal(pipe(ends), 0);
	for (int i = 0; i < PROCESSES; i++) {
		pids[i] = fork();
		assert_true(pids[i] >= 0);
		if (pids[i] == 0)
			bring(i, day, ends[1]);
	}
	close(ends[1]);
	for (int i = 0; i < PROCESSES; i++) {
		struct totals one;
		int exited;

		assert_int_equal(waitpid(pids[i], &exited, 0), pids[i]);
		assert_int_equal(exited, 0);
		assert_int_equal(read(ends[0], &one, sizeof(one)), sizeof(one));
		for (size_t o = 0; o <= STORE_OUTDATED; o++)
			totals->outcomes[o] += one.outcomes[o];
	}
	close(ends[0]);
}

static void
ten_thousand_notices(void **state)
{
	struct totals totals = { 0 };
	int64_t sum = 0, counted = 0;

	(void)state;
	redis_fresh(&redis);
	for (int day = 0; day < DAYS; day++) {
		at(day * DAY);
		bring_all(day, &totals);
	}
	for (size_t o = 0; o <= STORE_OUTDATED; o++)
		sum += totals.outcomes[o];
	for (int i = 0; i < ADDRESSES; i++) {
		const struct kind *kind = &kinds[i / PER_KIND];
		struct quarantine_entry entry;
		char addr[32];

		snprintf(addr, sizeof(addr), "a%d@x.test", i);
		entry = entry_of(addr);
		assert_string_equal(quarantine_status_name(entry.status), kind->status);
		assert_int_equal(entry.errors, kind->errors);
		assert_int_equal(entry.errors_by[kind->reason], kind->errors);
		if (entry.status == QUARANTINE_QUARANTINED)
			assert_int_equal(entry.since_s, T0 + kind->since_day * DAY);
		counted += kind->counted;
	}
	assert_int_equal(sum, 10000);
	assert_int_equal(totals.outcomes[STORE_AGAIN], 0);
	assert_int_equal(totals.outcomes[STORE_HELD_BACK], 0);
	assert_int_equal(totals.outcomes[STORE_COUNTED] + totals.outcomes[STORE_QUARANTINED],
	    counted);
	assert_int_equal(totals.outcomes[STORE_QUARANTINED], 4 * PER_KIND);
}

int
main(void)
{
	struct check_list list = { 0 };
	int rc;

	CHECK_ROWS(&list, quarantined_and_released, reason_rows);
	CHECK_ROWS(&list, quarantined_again_after_the_release, reason_rows);
	CHECK_ROWS(&list, forgotten_after_quiet_days, reason_rows);
	CHECK_ROWS(&list, delivered_in_between, reason_rows);
	CHECK(&list, ten_thousand_notices);
	redis_start(&redis, NULL);
	rc = check_run(&list, "quarantine_life");
	redis_stop(&redis);
	return rc;
}
