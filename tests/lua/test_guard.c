/* The outage guard on a real Redis: two outages of the public record and what must not be taken for
 * one, at 200 errors a second of the test's own time; then what an operator decides. */
#include "apply.h"
#include "keys.h"
#include "redis.h"
#include "store_guard.h"
#include "tests/unit/check.h"

static struct redis redis;
static struct settings *settings;
static struct str log_text;

#define T0  INT64_C(1795348800)
#define OWN "Received: by mta1.test (Postfix) id 4F2A61C0; Sun, 22 Nov 2026 04:00:00 +0000\n"
#define ICLOUD \
	"550 5.1.1 <%s>: Recipient address rejected: user lookup success but no user record found"
#define LIBERO "550 <%s> recipient rejected"

enum { TICK_MS = 100, GROUPS = 4, WAITING = 4096 };

enum known { OUTCOMES, ADMITTED, NOTHING }; /* what mxpolicyd tells of deliveries */

struct traffic { /* to one group */
	const char *group;
	const char *domains[5];
	const char *text;
	double per_s; /* recipients */
	double dead;  /* of them refused as unknown */
	double owed;  /* a part of a recipient */
};

static struct world {
	enum known known;
	int64_t delay_ms; /* until a refusal's notice comes */
	int64_t now_ms;
	uint64_t random;
	unsigned addresses;
	struct {
		const struct traffic *traffic;
		unsigned number;
		int64_t due_ms;
	} waiting[WAITING];
	size_t first, last;
} world;

static void
start(enum known known, int64_t delay_ms)
{
	redis_fresh(&redis);
	world = (struct world){ .known = known,
		.delay_ms = delay_ms,
		.now_ms = T0 * 1000,
		.random = 7 };
	redis_set_ms(&redis, world.now_ms);
	str_empty(&log_text);
}

static double
chance(void)
{
	world.random = world.random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (double)(world.random >> 33) / (double)(UINT64_C(1) << 31);
}

static void
bounce(const struct traffic *traffic, unsigned number)
{
	static const struct apply_envelope from_postfix = { .sender = "",
		.recipient = "return@b.test" };
	char address[64], diagnostic[200], id[24];
	struct report_recipient recipient;
	struct report report;
	size_t domains = 0;
	struct err err;

	while (domains < 5 && traffic->domains[domains] != NULL)
		domains++;
	snprintf(address, sizeof(address), "u%u@%s", number, traffic->domains[number % domains]);
	snprintf(diagnostic, sizeof(diagnostic), "550 5.1.1 no such user");
	if (strcmp(traffic->text, ICLOUD) == 0)
		snprintf(diagnostic, sizeof(diagnostic), ICLOUD, address);
	else if (strcmp(traffic->text, LIBERO) == 0)
		snprintf(diagnostic, sizeof(diagnostic), LIBERO, address);
	snprintf(id, sizeof(id), "n%u", number);
	recipient = (struct report_recipient){ .address = address,
		.final_address = "",
		.reply_code = 550,
		.status = "5.1.1",
		.diagnostic = diagnostic,
		.remote_mta = "",
		.action = "failed",
		.last_attempt = "",
		.type = BOUNCE_HARD,
		.reason = REASON_USER_UNKNOWN,
		.rule = "some-rule" };
	report = (struct report){ .kind = REPORT_NDR,
		.format = "rfc3464",
		.recipients = &recipient,
		.count = 1,
		.message_id = "",
		.campaign = "",
		.list = "",
		.account = "",
		.header = SPAN(OWN) };
	if (apply(settings, redis.store, &report, &from_postfix, id, &log_text, &err) != 0)
		fail_msg("%s", err.text);
}

/* Brings the notices that are due, evenly spread over the tick. */
static void
bring(void)
{
	size_t due = 0, done = 0;

	while (world.first + due < world.last &&
	       world.waiting[(world.first + due) % WAITING].due_ms <= world.now_ms)
		due++;
	for (; done < due; done++, world.first++) {
		redis_set_ms(&redis, world.now_ms + (int64_t)(done * TICK_MS / due));
		bounce(world.waiting[world.first % WAITING].traffic,
		    world.waiting[world.first % WAITING].number);
	}
}

static void
tell(struct store_batch *batch, const struct traffic *traffic, int64_t delivered, int64_t refused,
    int64_t tail)
{
	if (world.known != NOTHING && delivered + refused > 0)
		store_put_answers(batch, traffic->group,
		    &(struct store_answers){ delivered + refused, world.known == OUTCOMES,
			(refused - delivered) * 1000, tail * 1000 });
}

static void
send(struct store_batch *batch, struct traffic *traffic)
{
	int64_t delivered = 0, refused = 0, tail = 0;

	for (traffic->owed += traffic->per_s * TICK_MS / 1000; traffic->owed >= 1;
	     traffic->owed--) {
		bool dead = chance() < traffic->dead;

		world.addresses++;
		delivered += !dead;
		refused += dead;
		tail = dead ? tail + 1 : tail > 0 ? tail - 1 : 0;
		if (!dead)
			continue;
		assert_true(world.last - world.first < WAITING);
		world.waiting[world.last % WAITING].traffic = traffic;
		world.waiting[world.last % WAITING].number = world.addresses;
		world.waiting[world.last++ % WAITING].due_ms = world.now_ms + world.delay_ms;
	}
	tell(batch, traffic, delivered, refused, tail);
}

static void
go_on(struct traffic *traffics, size_t count, double seconds)
{
	struct store_batch batch = { 0 };

	for (int64_t until = world.now_ms + (int64_t)(seconds * 1000); world.now_ms < until;
	     world.now_ms += TICK_MS) {
		redis_set_ms(&redis, world.now_ms);
		bring();
		for (size_t i = 0; i < count; i++)
			send(&batch, &traffics[i]);
		redis_run(&redis, &batch);
	}
	store_batch_free(&batch);
}

static void
learn_groups(const struct traffic *traffics, size_t count)
{
	struct store_batch batch = { 0 };

	for (size_t i = 0; i < count; i++)
		for (size_t k = 0; k < 5 && traffics[i].domains[k] != NULL; k++)
			store_put_domain_group(&batch, traffics[i].domains[k], traffics[i].group);
	redis_run(&redis, &batch);
}

static int64_t
guards(void)
{
	return redis_number(&redis, "HLEN mxpace:guards");
}

/* Of that domain. */
static int64_t
quarantined(const char *domain)
{
	return redis_number(&redis, "EVAL %s 0 %s",
	    "local n = 0 "
	    "for _, key in ipairs(redis.call('KEYS', 'mxpace:{q:*@' .. ARGV[1] .. '}')) do "
	    "if redis.call('HGET', key, 'status') == 'quarantined' then n = n + 1 end end "
	    "return n",
	    domain);
}

/* Several providers, as a sender's list has them. */
#define OTHERS                                                                   \
	{ "google", { "gmail.com" }, "", 100, 0.005, 0 },                        \
	    { "microsoft", { "outlook.com", "hotmail.com" }, "", 60, 0.005, 0 }, \
	{                                                                        \
		"yahoo", { "yahoo.com" }, "", 20, 0.005, 0                       \
	}

static const struct incident_row {
	const char *label;
	enum known known;
	int64_t delay_ms;
	double before_s; /* of usual traffic, also to that provider */
	const char *domain;
} incident_rows[] = {
	{ "egress, from nothing", OUTCOMES, 0, 0, "icloud.com" },
	{ "egress, after usual three minutes", OUTCOMES, 50, 180, "icloud.com" },
	{ "egress, notices late", OUTCOMES, 5000, 60, "icloud.com" },
	{ "admission, from nothing", ADMITTED, 50, 0, "icloud.com" },
	{ "admission, after usual twelve minutes", ADMITTED, 100, 700, "icloud.com" },
	{ "deliveries unknown", NOTHING, 50, 0, "icloud.com" },
	{ "deliveries unknown, after usual twelve minutes", NOTHING, 50, 700, "icloud.com" },
	{ "five domains, egress", OUTCOMES, 50, 60, "libero.it" },
	{ "five domains, admission", ADMITTED, 100, 0, "libero.it" },
	{ "five domains, deliveries unknown", NOTHING, 50, 0, "libero.it" },
};

static void
trips_on_an_outage(void **state)
{
	const struct incident_row *row = *state;
	bool five = strcmp(row->domain, "libero.it") == 0;
	struct traffic traffics[GROUPS] = { { five ? "libero" : "icloud", { row->domain },
						five ? LIBERO : ICLOUD, 200, 0.005, 0 },
		OTHERS };
	int64_t before;

	if (five)
		memcpy(traffics[0].domains,
		    (const char *[5]){ "libero.it", "virgilio.it", "inwind.it", "iol.it",
			"blu.it" },
		    sizeof(traffics[0].domains));
	start(row->known, row->delay_ms);
	learn_groups(traffics, GROUPS);
	go_on(traffics, GROUPS, row->before_s);
	assert_int_equal(guards(), 0);
	before = quarantined("*");
	traffics[0].dead = 1;
	go_on(traffics, GROUPS, (double)row->delay_ms / 1000 + 4);
	print_message("# %s: %lld quarantined\n", row->label,
	    (long long)(quarantined("*") - before));
	assert_int_equal(guards(), 1);
	assert_true(quarantined("*") - before < 50);
	assert_int_equal(redis_number(&redis, "HEXISTS mxpace:guards %b",
			     five ? "libero user_unknown" : "icloud user_unknown", (size_t)19),
	    1);
}

static const struct usual_row {
	const char *label;
	enum known known;
	int64_t delay_ms;
	double per_s, dead;
	bool one; /* provider */
} usual_rows[] = {
	{ "3 % dead, egress", OUTCOMES, 50, 200, 0.03, false },
	{ "3 % dead, egress, notices much later", OUTCOMES, 60000, 200, 0.03, false },
	{ "3 % dead, admission", ADMITTED, 50, 200, 0.03, false },
	{ "3 % dead, admission, notices later", ADMITTED, 20000, 200, 0.03, false },
	{ "3 % dead, unknown", NOTHING, 50, 200, 0.03, false },
	{ "3 % dead, one provider, egress", OUTCOMES, 50, 500, 0.03, true },
	{ "3 % dead, one provider, egress, notices later", OUTCOMES, 60000, 500, 0.03, true },
	{ "3 % dead, one provider, admission", ADMITTED, 50, 500, 0.03, true },
	{ "3 % dead, one provider, admission, notices later", ADMITTED, 20000, 500, 0.03, true },
	{ "30 % dead, egress", OUTCOMES, 50, 200, 0.3, false },
	{ "30 % dead, admission", ADMITTED, 50, 200, 0.3, false },
	{ "30 % dead, admission, notices later", ADMITTED, 10000, 200, 0.3, false },
	{ "30 % dead, unknown", NOTHING, 50, 200, 0.3, false },
	{ "30 % dead, one provider, egress", OUTCOMES, 50, 100, 0.3, true },
};

static void
stays_quiet(void **state)
{
	const struct usual_row *row = *state;
	struct traffic traffics[GROUPS] = { { "icloud", { "icloud.com" }, "", 30, 0, 0 }, OTHERS };

	start(row->known, row->delay_ms);
	learn_groups(traffics, GROUPS);
	for (size_t i = 0; i < GROUPS; i++) {
		traffics[i].per_s =
		    row->one ? (i == 0 ? row->per_s : 0) : traffics[i].per_s * row->per_s / 210;
		traffics[i].dead = row->dead;
	}
	go_on(traffics, GROUPS, row->dead > 0.1 ? 20 : 40);
	for (size_t i = 0; i < GROUPS; i++)
		traffics[i].per_s = 0;
	go_on(traffics, GROUPS, (double)row->delay_ms / 1000 + 1);
	assert_true(quarantined("*") > 200);
	assert_int_equal(guards(), 0);
}

/* -- what else it does -------------------------------------------------------------------------- */

static struct traffic icloud = { "icloud", { "icloud.com" }, ICLOUD, 200, 1, 0 };

static void
trip(void)
{
	start(OUTCOMES, 0);
	icloud.dead = 1;
	icloud.per_s = 200;
	learn_groups(&icloud, 1);
	go_on(&icloud, 1, 1);
	assert_int_equal(guards(), 1);
}

static void
later(int64_t seconds)
{
	world.now_ms += seconds * 1000;
	redis_set_ms(&redis, world.now_ms);
}

static void
counts_a_notice_once(void **state)
{
	(void)state;
	start(NOTHING, 0);
	learn_groups(&icloud, 1);
	for (int i = 0; i < 100; i++)
		bounce(&icloud, 1);
	assert_int_equal(guards(), 0);
	assert_true(redis_is(&redis, "1", "HGET mxpace:{g:icloud}:guard:user_unknown count"));
	assert_true(redis_is(&redis, "1", "HGET mxpace:failed user_unknown"));
}

/* After an hour without anything unusual it rests, and wakes at the next outage. */
static void
rests_and_wakes(void **state)
{
	int64_t held;

	(void)state;
	trip();
	later(3590);
	bounce(&icloud, 100001);
	assert_true(redis_is(&redis, "held", "HGET mxpace:{q:u100001@icloud.com} status"));
	later(20);
	bounce(&icloud, 100002);
	assert_true(redis_is(&redis, "held", "HGET mxpace:{q:u100002@icloud.com} status"));
	assert_true(redis_is(&redis, "quiet", "HGET mxpace:{g:icloud}:guard:user_unknown state"));
	assert_non_null(strstr(str_text(&log_text), "guard quiet: group=icloud"));
	bounce(&icloud, 100003);
	assert_true(redis_is(&redis, "quarantined", "HGET mxpace:{q:u100003@icloud.com} status"));
	held = redis_number(&redis, "ZCARD mxpace:{g:icloud}:guarded:user_unknown");
	go_on(&icloud, 1, 1);
	assert_true(redis_is(&redis, "held", "HGET mxpace:{g:icloud}:guard:user_unknown state"));
	assert_true(redis_number(&redis, "ZCARD mxpace:{g:icloud}:guarded:user_unknown") > held);
	assert_true(redis_number(&redis, "PTTL mxpace:{g:icloud}:guard:user_unknown") == -1);
}

static void
decide_entry(enum store_guard_verb verb, const char *addr, int64_t since_s,
    struct store_guard_entry *entry)
{
	struct store_batch batch = { 0 };

	store_put_guard_entry(&batch, verb, addr, REASON_MAILBOX_FULL, since_s, 86400 * 1000,
	    "operator x", entry);
	redis_run(&redis, &batch);
}

static void
full(const char *ndr, int64_t at_s, bool guarded)
{
	struct store_error error = { .addr = "a@x.test",
		.ndr = ndr,
		.type = BOUNCE_SOFT,
		.reason = REASON_MAILBOX_FULL,
		.rule = settings->quarantine.rules[REASON_MAILBOX_FULL],
		.at_s = at_s,
		.guarded = guarded,
		.bounce_rule = "r" };
	struct store_batch batch = { 0 };
	struct store_counted counted;

	store_put_error(&batch, &error, &counted);
	redis_run(&redis, &batch);
}

/* What was counted before the guard stays counted. */
static void
dismisses_only_what_came_since(void **state)
{
	struct store_guard_entry entry;

	(void)state;
	start(NOTHING, 0);
	full("n1", T0 - 3 * 86400, false);
	full("n2", T0 - 2 * 86400, false);
	full("n3", T0, true);
	assert_true(redis_is(&redis, "held", "HGET mxpace:{q:a@x.test} status"));
	decide_entry(STORE_GUARD_UNDO, "a@x.test", T0 - 60, &entry);
	assert_int_equal(entry.changed, 0);
	decide_entry(STORE_GUARD_DISMISS, "a@x.test", T0 - 60, &entry);
	assert_int_equal(entry.changed, 1);
	assert_int_equal(entry.status, QUARANTINE_COUNTING);
	assert_int_equal(entry.expiry_s, T0 + 8 * 86400);
	assert_true(redis_is(&redis, "2", "HGET mxpace:{q:a@x.test} errors"));
	full("n3", T0, false);
	assert_true(redis_is(&redis, "counting", "HGET mxpace:{q:a@x.test} status"));
	later(86400);
	full("n4", 0, false);
	assert_true(redis_is(&redis, "quarantined", "HGET mxpace:{q:a@x.test} status"));
}

static void
confirms_what_is_held(void **state)
{
	struct store_guard_entry entry;

	(void)state;
	start(NOTHING, 0);
	full("n1", T0 - 3 * 86400, false);
	decide_entry(STORE_GUARD_CONFIRM, "a@x.test", 0, &entry);
	assert_int_equal(entry.changed, 0);
	full("n2", T0 - 2 * 86400, false);
	full("n3", T0, true);
	decide_entry(STORE_GUARD_CONFIRM, "a@x.test", 0, &entry);
	assert_int_equal(entry.changed, 1);
	assert_int_equal(entry.expiry_s, T0 + 86400 + 10 * 86400);
	assert_true(redis_is(&redis, "quarantined", "HGET mxpace:{q:a@x.test} status"));
	assert_true(redis_is(&redis, "operator x", "HGET mxpace:{q:a@x.test} by"));
	decide_entry(STORE_GUARD_CONFIRM, "a@x.test", 0, &entry);
	assert_int_equal(entry.changed, 0);
}

/* Of many that see the same outage one says so. */
static void
trips_once(void **state)
{
	struct store_batch batch = { 0 };
	int64_t changed[2];

	(void)state;
	start(NOTHING, 0);
	for (int i = 0; i < 2; i++)
		store_put_guard_trip(&batch, "icloud", REASON_USER_UNKNOWN, "text", "rate",
		    &changed[i]);
	redis_run(&redis, &batch);
	assert_int_equal(changed[0], 1);
	assert_int_equal(changed[1], 0);
	store_put_guard_quieten(&batch, "icloud", REASON_USER_UNKNOWN, T0 - 1, &changed[0]);
	store_put_guard_quieten(&batch, "icloud", REASON_USER_UNKNOWN, T0, &changed[1]);
	redis_run(&redis, &batch);
	assert_int_equal(changed[0], 0);
	assert_int_equal(changed[1], 1);
}

int
main(void)
{
	struct conf_errors errors = { 0 };
	struct check_list list = { 0 };
	int rc;

	settings = settings_parse("", "test", &errors);
	CHECK_ROWS(&list, trips_on_an_outage, incident_rows);
	CHECK_ROWS(&list, stays_quiet, usual_rows);
	CHECK(&list, counts_a_notice_once);
	CHECK(&list, rests_and_wakes);
	CHECK(&list, dismisses_only_what_came_since);
	CHECK(&list, confirms_what_is_held);
	CHECK(&list, trips_once);
	redis_start(&redis, NULL);
	rc = check_run(&list, "guard");
	redis_stop(&redis);
	settings_release(&settings);
	str_free(&log_text);
	return rc;
}
