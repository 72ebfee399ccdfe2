/* mail_take.lua, mail_digest.lua, mail_end.lua: how many mails somebody gets, by a clock that the test
 * sets. */
#include <stdlib.h>

#include "redis.h"
#include "store_mail.h"
#include "tests/unit/check.h"

static struct redis redis;
static struct arena arena;

#define T0     INT64_C(1795348800000)
#define MINUTE INT64_C(60000)
#define HOUR   (60 * MINUTE)
#define ANN    "ann@shop.test"

static struct store_mail_limit limit = { 3, 5 * MINUTE, MINUTE };

static void
at(int64_t ms)
{
	redis_set_ms(&redis, T0 + ms);
}

static void
fresh(void)
{
	redis_fresh(&redis);
	limit = (struct store_mail_limit){ 3, 5 * MINUTE, MINUTE };
	at(0);
}

static struct store_mail_leave
take(const char *to, const char *id)
{
	struct store_mail_leave leave;
	struct store_batch batch = { 0 };

	store_put_mail_take(&batch, to, id, SPAN("a line"), &limit, &leave);
	redis_run(&redis, &batch);
	store_batch_free(&batch);
	return leave;
}

static void
end(const char *to, const char *id, bool sent)
{
	struct store_batch batch = { 0 };

	store_put_mail_end(&batch, to, id, sent, MINUTE);
	redis_run(&redis, &batch);
	store_batch_free(&batch);
}

static enum store_mail
mailed(const char *id)
{
	enum store_mail what = take(ANN, id).what;

	if (what == STORE_MAIL_GO)
		end(ANN, id, true);
	return what;
}

static struct store_mail_leave
digest(int64_t lines)
{
	struct store_mail_leave leave = { .arena = &arena };
	struct store_batch batch = { 0 };

	store_put_mail_digest(&batch, ANN, lines, &limit, &leave);
	redis_run(&redis, &batch);
	store_batch_free(&batch);
	return leave;
}

static int64_t
mails_in_hour(void)
{
	return redis_number(&redis, "ZCOUNT mxpace:{m:%s}:mails (%lld +inf", ANN,
	    (long long)(redis_ms(&redis) - HOUR));
}

static void
so_many_an_hour_and_the_rest_in_a_digest(void **state)
{
	struct store_mail_leave leave;

	(void)state;
	fresh();
	assert_int_equal(mailed("1-1"), STORE_MAIL_GO);
	assert_int_equal(mailed("2-1"), STORE_MAIL_GO);
	leave = take(ANN, "3-1");
	assert_int_equal(leave.what, STORE_MAIL_MORE);
	assert_int_equal(leave.due_ms, T0 + 5 * MINUTE);
	at(MINUTE);
	leave = take(ANN, "4-1"); /* due with the first */
	assert_int_equal(leave.due_ms, T0 + 5 * MINUTE);
	assert_int_equal(take(ANN, "4-1").what, STORE_MAIL_MORE); /* told of once */
	assert_int_equal(take("bob@shop.test", "4-1").what, STORE_MAIL_GO);
	at(5 * MINUTE - 1);
	leave = digest(10);
	assert_int_equal(leave.what, STORE_MAIL_WAIT);
	assert_int_equal(leave.due_ms, T0 + 5 * MINUTE);
	at(5 * MINUTE);
	leave = digest(1);
	assert_int_equal(leave.what, STORE_MAIL_GO);
	assert_int_equal(leave.count, 2);
	assert_int_equal(leave.line_count, 1);
	assert_true(span_eq(leave.lines[0], SPAN("3-1 a line")));
	assert_int_equal(digest(1).what, STORE_MAIL_WAIT); /* somebody mails it */
	end(ANN, leave.name, true);
	assert_int_equal(digest(1).what, STORE_MAIL_NONE);
	assert_int_equal(mails_in_hour(), 3);
	/* All mails of the hour are used up. */
	assert_int_equal(take(ANN, "5-1").what, STORE_MAIL_MORE);
	at(30 * MINUTE);
	leave = digest(10);
	assert_int_equal(leave.what, STORE_MAIL_WAIT);
	assert_int_equal(leave.due_ms, T0 + HOUR);
	at(HOUR);
	leave = digest(10);
	assert_int_equal(leave.what, STORE_MAIL_GO);
	assert_int_equal(leave.count, 1);
	end(ANN, leave.name, true);
	assert_int_equal(mailed("6-1"), STORE_MAIL_MORE); /* the digests of 0:05 and 1:00 */
}

static void
never_more_in_any_hour(void **state)
{
	char id[32];
	int mails = 0;

	(void)state;
	fresh();
	for (int i = 0; i < 1000; i++) {
		struct store_mail_leave leave;

		at(i * 20 * 1000);
		snprintf(id, sizeof(id), "%d-0", i);
		mails += mailed(id) == STORE_MAIL_GO;
		leave = digest(5);
		if (leave.what == STORE_MAIL_GO) {
			end(ANN, leave.name, true);
			mails++;
		}
		assert_true(mails_in_hour() <= 3);
	}
	assert_true(mails >= 3 * 5); /* of five and a half hours */
}

static void
one_who_died_is_followed(void **state)
{
	struct store_mail_leave leave;

	(void)state;
	fresh();
	assert_int_equal(take(ANN, "1-1").what, STORE_MAIL_GO);
	at(MINUTE - 1);
	assert_int_equal(take(ANN, "1-1").what, STORE_MAIL_BUSY);
	at(MINUTE);
	assert_int_equal(mailed("1-1"), STORE_MAIL_GO);
	assert_int_equal(mails_in_hour(), 1);
	assert_int_equal(take(ANN, "1-1").what, STORE_MAIL_DONE);
	assert_int_equal(mailed("2-1"), STORE_MAIL_GO);
	assert_int_equal(mailed("3-1"), STORE_MAIL_MORE);
	at(6 * MINUTE);
	assert_int_equal(digest(9).what, STORE_MAIL_GO);
	assert_int_equal(mailed("4-1"), STORE_MAIL_MORE);
	/* It died; its half-made mail counts, so the next is due when the first leaves the hour. */
	at(7 * MINUTE);
	assert_int_equal(digest(9).what, STORE_MAIL_WAIT);
	at(MINUTE + HOUR);
	leave = digest(9);
	assert_int_equal(leave.what, STORE_MAIL_GO);
	assert_int_equal(leave.count, 1); /* as it was made; the fourth comes with the next */
	end(ANN, leave.name, true);
	at(2 * HOUR + 7 * MINUTE);
	assert_int_equal(digest(9).count, 1);
}

static void
what_was_not_mailed_does_not_count(void **state)
{
	struct store_mail_leave leave;

	(void)state;
	fresh();
	for (int i = 0; i < 10; i++) {
		assert_int_equal(take(ANN, "1-1").what, STORE_MAIL_GO);
		end(ANN, "1-1", false);
	}
	assert_int_equal(mails_in_hour(), 0);
	assert_int_equal(mailed("1-1"), STORE_MAIL_GO);
	assert_int_equal(mailed("2-1"), STORE_MAIL_GO);
	assert_int_equal(mailed("3-1"), STORE_MAIL_MORE);
	at(5 * MINUTE);
	leave = digest(9);
	end(ANN, leave.name, false);
	leave = digest(9);
	assert_int_equal(leave.what, STORE_MAIL_WAIT);
	assert_int_equal(leave.due_ms, T0 + 6 * MINUTE);
	at(6 * MINUTE);
	assert_int_equal(digest(9).what, STORE_MAIL_GO);
}

static void
one_an_hour(void **state)
{
	struct store_mail_leave leave;

	(void)state;
	fresh();
	limit.per_hour = 1;
	assert_int_equal(mailed("1-1"), STORE_MAIL_GO);
	assert_int_equal(mailed("2-1"), STORE_MAIL_MORE);
	at(5 * MINUTE);
	assert_int_equal(digest(9).due_ms, T0 + HOUR);
	at(HOUR);
	leave = digest(9);
	assert_int_equal(leave.what, STORE_MAIL_GO);
}

static void
very_many_are_only_counted(void **state)
{
	struct store_mail_leave leave;
	char id[32];

	(void)state;
	fresh();
	for (int i = 0; i < 5102; i++) {
		snprintf(id, sizeof(id), "%d-0", i);
		mailed(id);
	}
	at(5 * MINUTE);
	leave = digest(20);
	assert_int_equal(leave.what, STORE_MAIL_GO);
	assert_int_equal(leave.count, 5100);
	assert_int_equal(leave.line_count, 20);
	assert_int_equal(redis_number(&redis, "ZCARD mxpace:{m:%s}:digest", ANN), 5000);
}

/* It was far ahead: what was mailed then is not held against those of today for so long. */
static void
a_clock_that_was_set_back(void **state)
{
	struct store_mail_leave leave;

	(void)state;
	fresh();
	at(9000 * HOUR);
	assert_int_equal(mailed("1-1"), STORE_MAIL_GO);
	assert_int_equal(mailed("2-1"), STORE_MAIL_GO);
	assert_int_equal(mailed("3-1"), STORE_MAIL_MORE);
	at(9000 * HOUR + 5 * MINUTE);
	assert_int_equal(digest(9).what, STORE_MAIL_GO); /* and dies of it */
	assert_int_equal(take(ANN, "4-1").what, STORE_MAIL_MORE);
	at(0);
	assert_int_equal(take(ANN, "1-1").what, STORE_MAIL_DONE);
	leave = take(ANN, "5-1");
	assert_int_equal(leave.what, STORE_MAIL_MORE);
	assert_int_equal(leave.due_ms, T0 + 5 * MINUTE);
	leave = digest(9);
	assert_int_equal(leave.what, STORE_MAIL_WAIT);
	assert_int_equal(leave.due_ms, T0 + HOUR);
	at(HOUR);
	leave = digest(9);
	assert_int_equal(leave.what, STORE_MAIL_GO);
	assert_int_equal(leave.count, 1);
	end(ANN, leave.name, true);
	leave = digest(9);
	assert_int_equal(leave.what, STORE_MAIL_GO);
	assert_int_equal(leave.count, 2);
	end(ANN, leave.name, true);
	at(2 * HOUR);
	assert_int_equal(mailed("6-1"), STORE_MAIL_GO);
}

static void
nothing_stays_for_ever(void **state)
{
	(void)state;
	fresh();
	mailed("1-1");
	mailed("2-1");
	mailed("3-1");
	for (const char *const *part = (const char *const[]){ "mails", "more", "state", NULL };
	     *part != NULL; part++)
		assert_true(redis_number(&redis, "PTTL mxpace:{m:%s}:%s", ANN, *part) > 0);
}

int
main(void)
{
	struct check_list list = { 0 };
	int failed;

	redis_start(&redis, NULL);
	arena_init(&arena);
	CHECK(&list, so_many_an_hour_and_the_rest_in_a_digest);
	CHECK(&list, never_more_in_any_hour);
	CHECK(&list, one_who_died_is_followed);
	CHECK(&list, what_was_not_mailed_does_not_count);
	CHECK(&list, one_an_hour);
	CHECK(&list, very_many_are_only_counted);
	CHECK(&list, a_clock_that_was_set_back);
	CHECK(&list, nothing_stays_for_ever);
	failed = check_run(&list, "mail");
	arena_clear(&arena);
	redis_stop(&redis);
	return failed;
}
