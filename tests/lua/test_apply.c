/* apply on a real Redis: what each kind of report leaves there, once, and for whom nothing. */
#include <stdlib.h>
#include <time.h>

#include "apply.h"
#include "clock.h"
#include "redis.h"
#include "tests/unit/check.h"

static struct redis redis;
static struct settings *settings;
static struct str log_text;

#define T0  INT64_C(1795348800)
#define DAY INT64_C(86400)

#define OWN "Received: by mta1.test (Postfix) id 4F2A61C0; Sun, 22 Nov 2026 04:00:00 +0000\n"
#define OUTSIDE \
	"Received: from evil.test (evil.test [192.0.2.66]) by mta1.test (Postfix) with ESMTP\n"
#define ENTRY "mxpace:{q:user@foo.test}"

/* A report with one recipient. */
struct one {
	struct report report;
	struct report_recipient recipient;
};

static struct report *
one_report(struct one *one, const char *header, enum bounce_type type, enum reason reason)
{
	one->recipient = (struct report_recipient){
		.address = "user@foo.test",
		.final_address = "",
		.reply_code = 550,
		.status = "5.1.1",
		.diagnostic = "550 5.1.1 no such user",
		.remote_mta = "mx1.foo.test",
		.action = "failed",
		.last_attempt = "",
		.type = type,
		.reason = reason,
		.rule = "some-rule",
	};
	one->report = (struct report){
		.kind = REPORT_NDR,
		.format = "rfc3464",
		.recipients = &one->recipient,
		.count = 1,
		.message_id = "7@app.test",
		.campaign = "spring",
		.list = "",
		.account = "shop",
		.header = span_of(header),
	};
	return &one->report;
}

static const struct apply_envelope from_postfix = { "", "return@b.test", "", NULL, NULL };

static int
try_apply(const struct report *report, const struct apply_envelope *envelope, const char *id,
    struct err *err)
{
	str_empty(&log_text);
	return apply(settings, redis.store, report, envelope, id, &log_text, err);
}

static void
do_apply(const struct report *report, const struct apply_envelope *envelope, const char *id)
{
	struct err err = { "" };

	if (try_apply(report, envelope, id, &err) != 0)
		fail_msg("%s", err.text);
}

/* A field of the last event; "" it has none. Good until the next call. */
static const char *
event(const char *field)
{
	static char value[600];
	redisReply *reply = redis_do(&redis, "XREVRANGE mxpace:events + - COUNT 1");

	*value = '\0';
	if (reply->elements == 1) {
		const redisReply *fields = reply->element[0]->element[1];

		for (size_t i = 0; i + 1 < fields->elements; i += 2)
			if (strcmp(fields->element[i]->str, field) == 0)
				snprintf(value, sizeof(value), "%s", fields->element[i + 1]->str);
	}
	freeReplyObject(reply);
	return value;
}

static int64_t
events(void)
{
	return redis_number(&redis, "XLEN mxpace:events");
}

static void
quarantines_a_hard_error(void **state)
{
	struct one one;

	(void)state;
	redis_fresh(&redis);
	redis_set_ms(&redis, T0 * 1000);
	do_apply(one_report(&one, OWN, BOUNCE_HARD, REASON_USER_UNKNOWN), &from_postfix, "n1");
	assert_true(redis_is(&redis, "quarantined", "HGET " ENTRY " status"));
	assert_true(redis_is(&redis, "user_unknown", "HGET " ENTRY " reason"));
	assert_true(redis_is(&redis, "hard", "HGET " ENTRY " type"));
	assert_true(redis_is(&redis, "550 5.1.1", "HGET " ENTRY " code"));
	assert_true(redis_is(&redis, "550 5.1.1 no such user", "HGET " ENTRY " text"));
	assert_true(redis_is(&redis, "mx1.foo.test", "HGET " ENTRY " mx"));
	assert_true(redis_is(&redis, "spring", "HGET " ENTRY " campaign"));
	assert_true(redis_is(&redis, "some-rule", "HGET " ENTRY " rule"));
	assert_int_equal(redis_number(&redis, "HEXISTS " ENTRY " by"), 0); /* the usual one */
	assert_int_equal(redis_number(&redis, "TTL " ENTRY), -1);
	assert_true(redis_is(&redis, "inf", "ZSCORE mxpace:quarantine user@foo.test"));
	assert_int_equal(events(), 1);
	assert_string_equal(event("type"), "quarantined");
	assert_string_equal(event("address"), "user@foo.test");
	assert_string_equal(event("bounce_type"), "hard");
	assert_string_equal(event("reason"), "user_unknown");
	assert_string_equal(event("errors"), "1");
	assert_string_equal(event("message_id"), "7@app.test");
	assert_string_equal(event("account"), "shop");
	assert_string_equal(event("envelope_recipient"), "return@b.test");
	assert_string_equal(event("ndr"), "n1");
	assert_string_equal(str_text(&log_text),
	    "quarantined: recipient=<user@foo.test> type=hard reason=user_unknown "
	    "code=\"550 5.1.1\" rule=some-rule group=mta:foo.test errors=1: 550 5.1.1 no such "
	    "user\n");
}

static void
counts_soft_errors_up_to_their_limit(void **state)
{
	static const char *const ids[] = { "n1", "n2", "n3", "n4" };
	static const char *const types[] = { "counted", "counted", "quarantined", "known" };
	static const char *const expiries[] = { "1796212800", "1796299200", "1798977600",
		"1798977600" }; /* ten quiet days, then thirty of quarantine before them */
	struct one one;

	(void)state;
	redis_fresh(&redis);
	for (int i = 0; i < 4; i++) {
		redis_set_ms(&redis, (T0 + i * DAY) * 1000);
		do_apply(one_report(&one, OWN, BOUNCE_SOFT, REASON_MAILBOX_FULL), &from_postfix,
		    ids[i]);
		assert_string_equal(event("type"), types[i]);
		assert_true(
		    redis_is(&redis, expiries[i], "ZSCORE mxpace:quarantine user@foo.test"));
	}
	assert_int_equal(events(), 4);
}

static void
counts_the_same_notice_once(void **state)
{
	struct one one;
	char *before, *after;

	(void)state;
	redis_fresh(&redis);
	redis_set_ms(&redis, T0 * 1000);
	do_apply(one_report(&one, OWN, BOUNCE_SOFT, REASON_MAILBOX_FULL), &from_postfix, "n1");
	before = redis_dump(&redis);
	for (int i = 0; i < 3; i++)
		do_apply(&one.report, &from_postfix, "n1");
	after = redis_dump(&redis);
	assert_string_equal(after, before);
	assert_int_equal(events(), 1);
	assert_non_null(strstr(str_text(&log_text), "again: recipient=<user@foo.test> "));
	free(before);
	free(after);
}

/* The connection broke after the count and before the rest: the next attempt mends it. */
static void
mends_the_index_at_the_next_attempt(void **state)
{
	struct one one;

	(void)state;
	redis_fresh(&redis);
	do_apply(one_report(&one, OWN, BOUNCE_HARD, REASON_USER_UNKNOWN), &from_postfix, "n1");
	assert_int_equal(redis_number(&redis, "DEL mxpace:quarantine"), 1);
	do_apply(&one.report, &from_postfix, "n1");
	assert_true(redis_is(&redis, "inf", "ZSCORE mxpace:quarantine user@foo.test"));
	assert_int_equal(redis_number(&redis, "HGET " ENTRY " errors"), 1);
}

/* -- what counts for nobody -------------------------------------------------------------------- */

static const struct nobody_row {
	const char *label, *header, *address;
	struct apply_envelope envelope;
	enum bounce_type type;
	enum reason reason;
	const char *event, *why;
} nobody_rows[] = {
	{ "forged", OUTSIDE, "user@foo.test", { "", "return@b.test", "", NULL, NULL }, BOUNCE_HARD,
	    REASON_USER_UNKNOWN, "ignored", "from outside" },
	{ "forged, with Postfix's line before it", OWN OUTSIDE, "user@foo.test",
	    { "", "return@b.test", "", NULL, NULL }, BOUNCE_HARD, REASON_USER_UNKNOWN, "ignored",
	    "from outside" },
	{ "forged, to another's return path", OUTSIDE, "user@foo.test",
	    { "", "return+x=y.test@b.test", "x@y.test", NULL, NULL }, BOUNCE_HARD,
	    REASON_USER_UNKNOWN, "ignored", "names another recipient" },
	{ "no Received at all", "Subject: x\n", "user@foo.test",
	    { "", "return@b.test", "", NULL, NULL }, BOUNCE_HARD, REASON_USER_UNKNOWN, "ignored",
	    "no Received" },
	{ "with an envelope sender", OWN, "user@foo.test",
	    { "a@b.test", "return@b.test", "", NULL, NULL }, BOUNCE_HARD, REASON_USER_UNKNOWN,
	    "ignored", "envelope sender" },
	{ "postmaster", OWN, "postmaster@foo.test", { "", "return@b.test", "", NULL, NULL },
	    BOUNCE_HARD, REASON_USER_UNKNOWN, "bounce", "postmaster is never quarantined" },
	{ "no address", OWN, "a b@", { "", "return@b.test", "", NULL, NULL }, BOUNCE_HARD,
	    REASON_USER_UNKNOWN, "bounce", "not an address" },
	{ "an empty address", OWN, "", { "", "return@b.test", "", NULL, NULL }, BOUNCE_HARD,
	    REASON_USER_UNKNOWN, "bounce", "not an address" },
	{ "a reason that never quarantines", OWN, "user@foo.test",
	    { "", "return@b.test", "", NULL, NULL }, BOUNCE_SOFT, REASON_REFUSED, "bounce",
	    "never quarantines" },
	{ "ignored by its rule", OWN, "user@foo.test", { "", "return@b.test", "", NULL, NULL },
	    BOUNCE_IGNORED, REASON_USER_UNKNOWN, "bounce", "never quarantines" },
};

static void
counts_for_nobody(void **state)
{
	const struct nobody_row *row = *state;
	struct one one;

	redis_fresh(&redis);
	one_report(&one, row->header, row->type, row->reason);
	one.recipient.address = row->address;
	do_apply(&one.report, &row->envelope, "n1");
	if (strcmp(row->event, "ignored") == 0)
		/* The event and the count of events alone. */
		assert_int_equal(redis_number(&redis, "DBSIZE"), 2);
	assert_int_equal(
	    redis_number(&redis, "EVAL %s 0", "return #redis.call('KEYS', 'mxpace:{q:*')"), 0);
	assert_int_equal(events(), 1);
	assert_string_equal(event("type"), row->event);
	assert_string_equal(event("address"), row->address);
	assert_string_equal(event("errors"), "");
	if (strstr(event("why"), row->why) == NULL)
		fail_msg("\"%s\" is not in \"%s\"", row->why, event("why"));
	assert_non_null(strstr(str_text(&log_text), row->why));
}

/* Every reason that the table gives no errors leaves no entry, however often it comes. */
static void
most_reasons_never_quarantine(void **state)
{
	unsigned never = 0;
	struct one one;

	(void)state;
	redis_fresh(&redis);
	for (size_t i = 0; i < REASON_COUNT; i++) {
		char id[24];

		if (settings->quarantine.rules[i].errors > 0)
			continue;
		for (unsigned time = 0; time < 10; time++, never++) {
			snprintf(id, sizeof(id), "n%zu-%u", i, time);
			redis_set_ms(&redis, (T0 + (int64_t)never * DAY) * 1000);
			do_apply(one_report(&one, OWN, reason_usual_type((enum reason)i),
				     (enum reason)i),
			    &from_postfix, id);
		}
	}
	assert_int_equal(never, 70);
	assert_int_equal(redis_number(&redis, "EXISTS " ENTRY), 0);
	assert_int_equal(events(), 70);
}

/* A notice that comes three days late counts as of its Date. */
static void
counts_as_of_the_date(void **state)
{
	int64_t at_s = clock_wall_s() - 3 * DAY;
	time_t at = (time_t)at_s;
	char header[256], date[64];
	struct one one;

	(void)state;
	redis_fresh(&redis);
	strftime(date, sizeof(date), "%a, %d %b %Y %H:%M:%S +0000", gmtime(&at));
	snprintf(header, sizeof(header), "%sDate: %s\r\n", OWN, date);
	do_apply(one_report(&one, header, BOUNCE_SOFT, REASON_MAILBOX_FULL), &from_postfix, "n1");
	assert_int_equal(redis_number(&redis, "HGET " ENTRY " last"), at_s);
	assert_string_equal(event("type"), "counted");
	assert_int_equal(strtoll(event("at"), NULL, 10), at_s);
	assert_true(redis_is(&redis, "7@app.test", "HGET " ENTRY " message"));
	assert_true(redis_is(&redis, "shop", "HGET " ENTRY " account"));
}

static void
believes_the_return_path(void **state)
{
	static const struct apply_envelope verp = { "", "return+user=foo.test@b.test",
		"user@foo.test", NULL, NULL };
	struct one one;

	(void)state;
	redis_fresh(&redis);
	do_apply(one_report(&one, OUTSIDE, BOUNCE_HARD, REASON_USER_UNKNOWN), &verp, "n1");
	assert_true(redis_is(&redis, "quarantined", "HGET " ENTRY " status"));
}

static const struct refusal_row {
	const char *label, *diagnostic;
	const char *event;
} refusal_rows[] = {
	{ "a suspended account's", "mxpace: account shop.test is suspended since 2026-11-22",
	    "bounce" },
	{ "of one who complained",
	    "mxpace: user@foo.test complained about mail of ours and gets no more", "bounce" },
	{ "of a quarantined one", "550 5.1.1 mxpace: user@foo.test is quarantined since 2026-11-22",
	    "bounce" },
	{ "by backoff", "mxpace: group foo: suspended by backoff for another 12m: 421", "bounce" },
	{ "what a domain is", "mxpace: domain foo.test does not exist", "counted" },
	{ "what cannot be reached",
	    "mxpace: group foo: not reachable (no route), next attempt in 5m", "counted" },
};

/* Three days of a suspended account's mail must not quarantine those it was meant for. */
static void
counts_no_refusal_of_our_own(void **state)
{
	const struct refusal_row *row = *state;
	struct one one;

	redis_fresh(&redis);
	one_report(&one, OWN, BOUNCE_SOFT, REASON_INACTIVE_USER);
	one.recipient.diagnostic = row->diagnostic;
	do_apply(&one.report, &from_postfix, "n1");
	assert_string_equal(event("type"), row->event);
	assert_int_equal(redis_number(&redis, "EXISTS " ENTRY), strcmp(row->event, "counted") == 0);
}

/* What all hours of shop's account have in a field. */
static int64_t
of_shop(const char *field)
{
	return redis_number(&redis, "EVAL %s 0 %s",
	    "local n = 0 for _, k in ipairs(redis.call('KEYS', 'mxpace:{a:shop}:stats:*')) do "
	    "if #k > 31 then n = n + (tonumber(redis.call('HGET', k, ARGV[1])) or 0) end end "
	    "return n",
	    field);
}

/* One who was mailed has a valid return path, and any number of notices to send to it. */
static void
counts_outsiders_once_for_an_account(void **state)
{
	static const struct apply_envelope verp = { "", "return+user=foo.test@b.test",
		"user@foo.test", NULL, NULL };
	static const char *const ids[] = { "n1", "n2", "n3", "n4" };
	struct one one;

	(void)state;
	redis_fresh(&redis);
	for (int i = 0; i < 4; i++)
		do_apply(one_report(&one, OUTSIDE, BOUNCE_HARD, REASON_USER_UNKNOWN), &verp,
		    ids[i]);
	assert_int_equal(of_shop("hard"), 1);
	one.report.kind = REPORT_FEEDBACK;
	for (int i = 0; i < 4; i++)
		do_apply(&one.report, &verp, ids[i]);
	assert_int_equal(of_shop("complaint"), 1);
	do_apply(one_report(&one, OWN, BOUNCE_HARD, REASON_USER_UNKNOWN), &from_postfix, "m1");
	do_apply(&one.report, &from_postfix, "m2");
	assert_int_equal(of_shop("hard"), 3); /* what our own Postfix was told is no forgery */
}

static void
records_a_complaint(void **state)
{
	struct one one;

	(void)state;
	redis_fresh(&redis);
	one_report(&one, OWN, BOUNCE_HARD, REASON_FEEDBACK_LOOP)->kind = REPORT_FEEDBACK;
	do_apply(&one.report, &from_postfix, "n1");
	assert_string_equal(event("type"), "complaint");
	assert_int_equal(redis_number(&redis, "HEXISTS " ENTRY " status"), 0);
	assert_int_equal(redis_number(&redis, "HEXISTS " ENTRY " not:account:shop"), 1);
	do_apply(&one.report, &from_postfix, "n1");
	assert_int_equal(redis_number(&redis, "EVAL %s 0",
			     "local k = redis.call('KEYS', 'mxpace:{a:shop}:stats:*')[1] "
			     "return tonumber(redis.call('HGET', k, 'complaint'))"),
	    1);
}

/* For the warm-up of the IP that the report names; not what anybody could have sent. */
static void
counts_a_complaint_for_its_ip(void **state)
{
	static const struct apply_envelope verp = { "", "return+user=foo.test@b.test",
		"user@foo.test", NULL, NULL };
	struct one one;

	(void)state;
	redis_fresh(&redis);
	redis_set_ms(&redis, 0);
	freeReplyObject(redis_do(&redis, "SET mxpace:group:foo.test google"));
	one_report(&one, OWN, BOUNCE_HARD, REASON_FEEDBACK_LOOP)->kind = REPORT_FEEDBACK;
	one.report.feedback.type = "abuse";
	do_apply(&one.report, &from_postfix, "n1"); /* names none */
	one.report.feedback.source_ip = "198.51.100.7";
	do_apply(&one.report, &from_postfix, "n2");
	do_apply(&one.report, &from_postfix, "n2"); /* by another host, which has got it too */
	one_report(&one, OUTSIDE, BOUNCE_HARD, REASON_FEEDBACK_LOOP)->kind = REPORT_FEEDBACK;
	one.report.feedback.source_ip = "198.51.100.7";
	do_apply(&one.report, &verp, "n3");
	assert_int_equal(redis_number(&redis, "EVAL %s 0 %s",
			     "local n = 0 for _, k in ipairs(redis.call('KEYS', "
			     "'mxpace:{g:google}:stats:*')) do n = n + "
			     "(tonumber(redis.call('HGET', k, ARGV[1])) or 0) end return n",
			     "198.51.100.7 complaints"),
	    1);
}

static void
collects_texts_no_rule_knew(void **state)
{
	struct one one;

	(void)state;
	redis_fresh(&redis);
	one_report(&one, OWN, BOUNCE_IGNORED, REASON_UNDEFINED);
	one.recipient.diagnostic = "599 the moon is full";
	do_apply(&one.report, &from_postfix, "n0"); /* some rule knew it */
	assert_int_equal(redis_number(&redis, "EXISTS mxpace:unclassified"), 0);
	one.recipient.rule = "";
	do_apply(&one.report, &from_postfix, "n1");
	do_apply(&one.report, &from_postfix, "n2");
	assert_int_equal(redis_number(&redis, "ZCARD mxpace:unclassified"), 1);
	one.report.header = span_of(OUTSIDE); /* what anybody can send is not collected */
	one.recipient.diagnostic = "599 the moon is new";
	do_apply(&one.report, &from_postfix, "n3");
	assert_int_equal(redis_number(&redis, "ZCARD mxpace:unclassified"), 1);
	assert_int_equal(events(), 4);
}

/* -- many recipients, and Redis away ----------------------------------------------------------- */

enum { MANY = 20 };

struct many {
	struct report report;
	struct report_recipient recipients[MANY];
	char addresses[MANY][32];
};

static struct report *
many_report(struct many *many)
{
	struct one one;

	many->report = *one_report(&one, OWN, BOUNCE_HARD, REASON_USER_UNKNOWN);
	for (int i = 0; i < MANY; i++) {
		many->recipients[i] = one.recipient;
		snprintf(many->addresses[i], sizeof(many->addresses[i]), "user%d@foo.test", i);
		many->recipients[i].address = many->addresses[i];
	}
	many->report.recipients = many->recipients;
	many->report.count = MANY;
	return &many->report;
}

static void
counts_every_recipient(void **state)
{
	struct many many;
	struct span rest, line;
	unsigned lines = 0;

	(void)state;
	redis_fresh(&redis);
	many_report(&many);
	many.recipients[3].action = "delivered"; /* one of them has it */
	do_apply(&many.report, &from_postfix, "n1");
	for (int i = 0; i < MANY; i++)
		assert_int_equal(redis_number(&redis, "EXISTS mxpace:{q:user%d@foo.test}", i),
		    i != 3);
	assert_int_equal(redis_number(&redis, "ZCARD mxpace:quarantine"), MANY - 1);
	assert_int_equal(events(), MANY - 1);
	rest = span_of(str_text(&log_text));
	while (span_line(&rest, &line))
		lines++;
	assert_int_equal(lines, MANY - 1);
}

static void
fails_in_words_and_can_be_repeated(void **state)
{
	struct many many;
	struct err err = { "" };

	(void)state;
	redis_fresh(&redis);
	many_report(&many);
	/* The store's connection is cut; the attempt fails, and the next one does it all. */
	freeReplyObject(redis_do(&redis, "CLIENT KILL TYPE normal SKIPME yes"));
	assert_int_equal(try_apply(&many.report, &from_postfix, "n1", &err), -1);
	assert_true(err.text[0] != '\0');
	assert_int_equal(events(), 0);
	store_sync_close(&redis.store);
	redis.store = store_sync_open(&redis.address, 10000, &err);
	assert_non_null(redis.store);
	do_apply(&many.report, &from_postfix, "n1");
	assert_int_equal(redis_number(&redis, "ZCARD mxpace:quarantine"), MANY);
	assert_int_equal(events(), MANY);
}

/* Redis takes the first writes and then no more: those that counted do so once. */
static void
counts_once_though_it_failed_in_the_middle(void **state)
{
	struct many many;
	struct err err = { "" };

	(void)state;
	redis_fresh(&redis);
	freeReplyObject(redis_do(&redis, "SET mxpace:events in-the-way")); /* XADD: WRONGTYPE */
	many_report(&many);
	assert_int_equal(try_apply(&many.report, &from_postfix, "n1", &err), -1);
	assert_non_null(strstr(err.text, "WRONGTYPE"));
	freeReplyObject(redis_do(&redis, "DEL mxpace:events"));
	do_apply(&many.report, &from_postfix, "n1");
	for (int i = 0; i < MANY; i++)
		assert_int_equal(redis_number(&redis, "HGET mxpace:{q:user%d@foo.test} errors", i),
		    1);
	assert_int_equal(redis_number(&redis, "ZCARD mxpace:quarantine"), MANY);
}

int
main(void)
{
	struct conf_errors errors = { 0 };
	struct check_list list = { 0 };
	int rc;

	CHECK(&list, quarantines_a_hard_error);
	CHECK(&list, counts_soft_errors_up_to_their_limit);
	CHECK(&list, counts_the_same_notice_once);
	CHECK(&list, mends_the_index_at_the_next_attempt);
	CHECK_ROWS(&list, counts_for_nobody, nobody_rows);
	CHECK(&list, most_reasons_never_quarantine);
	CHECK(&list, counts_as_of_the_date);
	CHECK(&list, believes_the_return_path);
	CHECK_ROWS(&list, counts_no_refusal_of_our_own, refusal_rows);
	CHECK(&list, counts_outsiders_once_for_an_account);
	CHECK(&list, records_a_complaint);
	CHECK(&list, counts_a_complaint_for_its_ip);
	CHECK(&list, collects_texts_no_rule_knew);
	CHECK(&list, counts_every_recipient);
	CHECK(&list, fails_in_words_and_can_be_repeated);
	CHECK(&list, counts_once_though_it_failed_in_the_middle);
	settings = settings_parse("", "test", &errors);
	redis_start(&redis, NULL);
	rc = check_run(&list, "apply");
	redis_stop(&redis);
	settings_release(&settings);
	str_free(&log_text);
	return rc;
}
