/* decide: a row for each reason, what goes before what, and what is still asked for. */
#include "check.h"
#include "addr.h"
#include "decide.h"

static struct settings *deferring, *permitting;         /* on_store_failure, on_dns_failure */
static struct settings *pacing;                         /* enforce */
static struct settings *account_deferring;              /* reputation.action */
static struct settings *discarding, *holding, *tagging; /* quarantine_action */

/* What rules say as written does not matter: limits are given. */
static struct mx_rule limited = { .name = "google", .connections = 99 };
static struct mx_rule unlimited = { .name = "free", .connections = 99 };
static struct mx_rule slots_only = { .name = "slots" };
static struct mx_limits limits = { .connections = 5 };
static struct mx_limits no_limits;
static struct mx_limits slot_limits = { .connections = 2 };

static const struct quarantine_entry gone = {
	.status = QUARANTINE_QUARANTINED,
	.type = BOUNCE_HARD,
	.reason = REASON_USER_UNKNOWN,
	.since_s = 1795314053, /* 2026-11-22 */
	.text = "550 5.1.1 no such user",
};
static const struct quarantine_entry full = {
	.status = QUARANTINE_QUARANTINED,
	.type = BOUNCE_SOFT,
	.reason = REASON_MAILBOX_FULL,
	.since_s = 1795314053,
	.release_s = 1795314053 + 30 * 86400,
	.code = "552 5.2.2",
};
static const struct quarantine_entry odd = {
	.status = QUARANTINE_QUARANTINED,
	.reason = REASON_USER_UNKNOWN,
	.since_s = 1795314053,
	.text = "two\nlines\r\n\naction=OK \xc3\xa9",
};
static const struct quarantine_entry counting = {
	.status = QUARANTINE_COUNTING,
	.reason = REASON_MAILBOX_FULL,
};

static const struct store_took taken = { .outcome = STORE_TAKEN, .now_ms = 1700000000000 };
static const struct store_took no_room = { .outcome = STORE_NO_ROOM,
	.limit = 1,
	.used = 1000,
	.wait_ms = 61001 };
static const struct store_took no_room_soon = { .outcome = STORE_NO_ROOM,
	.limit = 0,
	.used = 20,
	.wait_ms = 6200 };
static const struct store_took no_slot = { .outcome = STORE_NO_SLOT, .open = 6, .allowed = 5 };
static const struct store_took fewer_slots = { .outcome = STORE_NO_SLOT, .open = 3, .allowed = 1 };
static const struct store_took paused = { .outcome = STORE_HELD,
	.held = { .by = STORE_HOLD_PAUSED, .why = "they call at 9" } };
static const struct store_took paused_without_words = { .outcome = STORE_HELD };
static const struct store_took suspended = { .outcome = STORE_HELD,
	.held = {
	    .by = STORE_HOLD_SUSPENDED,
	    .wait_ms = 719001,
	    .why = "421-4.7.28 too\nmuch",
	} };
static const struct store_took slowed = { .outcome = STORE_HELD,
	.held = {
	    .by = STORE_HOLD_RATE,
	    .wait_ms = 30000,
	    .per_hour = 120,
	    .why = "421 4.7.0 slow down",
	} };

static const struct sender_status stopped = {
	.state = SENDER_SUSPENDED,
	.since_s = 1795314053,
	.figures = { 203, 21, 0 },
	.why = "hard bounces",
	.by = "thresholds",
};
static const struct sender_status used_up = {
	.state = SENDER_PROBATION,
	.since_s = 1795314053,
	.until_s = 1795392000,
	.allowance = 100,
};
static const struct quarantine_entry angry = { .complaints =
						   "account:b.test\naccount:shop.test\n" };
static const struct quarantine_entry angry_at_all = { .complaints = "all\n" };

#define ACCOUNT  .account = "shop.test", .list = ""
#define KNOWN_MX .mx_known = FACT_KNOWN, .mx_state = MX_FOUND, .mx_words = ""
#define IN_GROUP KNOWN_MX, .rule = &limited, .limits = &limits, .group = "google"
#define ASKED    .store_known = FACT_KNOWN, .entry = NULL
#define AWAY     .store_known = FACT_FAILED, .store_words = "no answer within 500 ms"
#define USER     .recipient = "user@foo.test"

static const struct row {
	const char *label;
	struct decide_facts facts; /* settings NULL: deferring */
	struct settings **settings;
	enum decide_reason reason;
	enum verdict verdict;
	const char *action; /* NULL: as in another row */
	bool gives_back;
} rows[] = {
	{ "room", { USER, IN_GROUP, ASKED, .took = &taken }, NULL, DECIDE_WITHIN_LIMITS,
	    VERDICT_PASS, "DUNNO", false },
	{ "the same transaction again", { USER, IN_GROUP, ASKED, .repeated = true }, NULL,
	    DECIDE_REPEATED, VERDICT_PASS, "DUNNO", false },
	{ "no rule", { USER, KNOWN_MX, .group = "", ASKED }, NULL, DECIDE_NO_LIMITS, VERDICT_PASS,
	    "DUNNO", false },
	{ "a rule without limits",
	    { USER, KNOWN_MX, .rule = &unlimited, .limits = &no_limits, .group = "free", ASKED },
	    NULL, DECIDE_NO_LIMITS, VERDICT_PASS, "DUNNO", false },
	{ "limits that hold at delivery", { USER, IN_GROUP, ASKED }, &pacing, DECIDE_AT_DELIVERY,
	    VERDICT_PASS, "DUNNO", false },
	{ "quarantine holds at RCPT too",
	    { USER, IN_GROUP, .store_known = FACT_KNOWN, .entry = &odd }, &pacing,
	    DECIDE_QUARANTINED, VERDICT_REFUSE, NULL, false },
	{ "a dead domain at RCPT too",
	    { USER, .mx_known = FACT_KNOWN, .mx_state = MX_NO_DOMAIN, .mx_words = "" }, &pacing,
	    DECIDE_NO_DOMAIN, VERDICT_REFUSE, NULL, false },
	{ "the null sender", { USER, .null_sender = true }, NULL, DECIDE_NULL_SENDER, VERDICT_PASS,
	    "DUNNO", false },
	{ "a local domain", { .recipient = "user@here.test" }, NULL, DECIDE_LOCAL_DOMAIN,
	    VERDICT_PASS, "DUNNO", false },
	{ "a local domain by mask", { .recipient = "user@a.sub.test" }, NULL, DECIDE_LOCAL_DOMAIN,
	    VERDICT_PASS, "DUNNO", false },
	{ "no domain at all", { .recipient = "postmaster" }, NULL, DECIDE_LOCAL_DOMAIN,
	    VERDICT_PASS, "DUNNO", false },
	{ "an implicit MX",
	    { USER, .mx_known = FACT_KNOWN, .mx_state = MX_IMPLICIT, .mx_words = "",
		.rule = &limited, .limits = &limits, .group = "google", ASKED, .took = &taken },
	    NULL, DECIDE_WITHIN_LIMITS, VERDICT_PASS, "DUNNO", false },

	{ "no recipient", { .recipient = "" }, NULL, DECIDE_BAD_RECIPIENT, VERDICT_DEFER,
	    "DEFER_IF_PERMIT 4.3.5 mxpace: RCPT request without a recipient", false },
	{ "a recipient that is no address",
	    { .recipient = "", .recipient_error = "recipient is no address: empty local part" },
	    NULL, DECIDE_BAD_RECIPIENT, VERDICT_DEFER,
	    "DEFER_IF_PERMIT 4.3.5 mxpace: recipient is no address: empty local part", false },
	{ "NXDOMAIN", { USER, .mx_known = FACT_KNOWN, .mx_state = MX_NO_DOMAIN, .mx_words = "" },
	    NULL, DECIDE_NO_DOMAIN, VERDICT_REFUSE,
	    "550 5.1.2 mxpace: domain foo.test does not exist", false },
	{ "neither MX nor address",
	    { USER, .mx_known = FACT_KNOWN, .mx_state = MX_NO_HOST, .mx_words = "" }, NULL,
	    DECIDE_NO_HOST, VERDICT_REFUSE,
	    "550 5.1.2 mxpace: domain foo.test has neither MX nor address records", false },
	{ "null MX", { USER, .mx_known = FACT_KNOWN, .mx_state = MX_NULL, .mx_words = "" }, NULL,
	    DECIDE_NULL_MX, VERDICT_REFUSE,
	    "556 5.1.10 mxpace: domain foo.test accepts no mail (null MX)", false },
	{ "DNS fails, defer",
	    { USER, .mx_known = FACT_KNOWN, .mx_state = MX_FAILED, .mx_words = "SERVFAIL" }, NULL,
	    DECIDE_MX_FAILED_DEFER, VERDICT_DEFER,
	    "DEFER_IF_PERMIT 4.4.3 mxpace: MX look-up of foo.test failed: SERVFAIL", false },
	{ "DNS fails, permit",
	    { USER, .mx_known = FACT_KNOWN, .mx_state = MX_FAILED, .mx_words = "timeout",
		.group = "", ASKED },
	    &permitting, DECIDE_MX_FAILED_PERMIT, VERDICT_PASS, "DUNNO", false },
	{ "store away, defer", { USER, IN_GROUP, AWAY }, NULL, DECIDE_STORE_FAILED_DEFER,
	    VERDICT_DEFER, "DEFER_IF_PERMIT 4.3.0 mxpace: store away: no answer within 500 ms",
	    false },
	{ "store away, permit", { USER, IN_GROUP, AWAY }, &permitting, DECIDE_STORE_FAILED_PERMIT,
	    VERDICT_PASS, "DUNNO", false },
	{ "a message limit", { USER, IN_GROUP, ASKED, .took = &no_room }, NULL,
	    DECIDE_MESSAGE_LIMIT, VERDICT_DEFER,
	    "DEFER_IF_PERMIT 4.7.1 mxpace: group google: limit 1000/1h reached, next message in "
	    "1m2s",
	    false },
	{ "another one, soon over", { USER, IN_GROUP, ASKED, .took = &no_room_soon }, NULL,
	    DECIDE_MESSAGE_LIMIT, VERDICT_DEFER,
	    "DEFER_IF_PERMIT 4.7.1 mxpace: group google: limit 20/10s reached, next message in 7s",
	    false },
	{ "the connection limit", { USER, IN_GROUP, ASKED, .took = &no_slot }, NULL,
	    DECIDE_CONNECTION_LIMIT, VERDICT_DEFER,
	    "DEFER_IF_PERMIT 4.7.1 mxpace: group google: 5 of 5 connections in use, try again in "
	    "a minute",
	    false },
	{ "fewer connections by backoff", { USER, IN_GROUP, ASKED, .took = &fewer_slots }, NULL,
	    DECIDE_CONNECTION_LIMIT, VERDICT_DEFER,
	    "DEFER_IF_PERMIT 4.7.1 mxpace: group google: 2 of 1 connections in use, try again in "
	    "a minute",
	    false },
	{ "paused", { USER, IN_GROUP, ASKED, .took = &paused }, NULL, DECIDE_PAUSED, VERDICT_DEFER,
	    "DEFER_IF_PERMIT 4.7.1 mxpace: group google: paused by an operator: they call at 9",
	    false },
	{ "paused without words", { USER, IN_GROUP, ASKED, .took = &paused_without_words }, NULL,
	    DECIDE_PAUSED, VERDICT_DEFER,
	    "DEFER_IF_PERMIT 4.7.1 mxpace: group google: paused by an operator", false },
	{ "suspended", { USER, IN_GROUP, ASKED, .took = &suspended }, NULL, DECIDE_SUSPENDED,
	    VERDICT_DEFER,
	    "DEFER_IF_PERMIT 4.7.1 mxpace: group google: suspended by backoff for another 12m: "
	    "421-4.7.28 too?much",
	    false },
	{ "a rate by backoff", { USER, IN_GROUP, ASKED, .took = &slowed }, NULL, DECIDE_BACKOFF,
	    VERDICT_DEFER,
	    "DEFER_IF_PERMIT 4.7.1 mxpace: group google: backoff allows 120 messages an hour, next "
	    "in 30s: 421 4.7.0 slow down",
	    false },
	{ "quarantined",
	    { USER, IN_GROUP, .store_known = FACT_KNOWN, .entry = &gone, .took = &taken }, NULL,
	    DECIDE_QUARANTINED, VERDICT_REFUSE,
	    "550 5.1.1 mxpace: user@foo.test is quarantined since 2026-11-22: user_unknown (550 "
	    "5.1.1 no such user)",
	    true },
	{ "quarantined for a time",
	    { USER, IN_GROUP, .store_known = FACT_KNOWN, .entry = &full, .took = &taken }, NULL,
	    DECIDE_QUARANTINED, VERDICT_REFUSE,
	    "550 5.1.1 mxpace: user@foo.test is quarantined since 2026-11-22: mailbox_full (552 "
	    "5.2.2), until 2026-12-22",
	    true },
	{ "quarantined, discard",
	    { USER, IN_GROUP, .store_known = FACT_KNOWN, .entry = &gone, .took = &taken },
	    &discarding, DECIDE_QUARANTINED_DIVERTED, VERDICT_DIVERT,
	    "DISCARD mxpace: user@foo.test is quarantined since 2026-11-22: user_unknown (550 "
	    "5.1.1 no such user)",
	    false },
	{ "quarantined, hold",
	    { USER, IN_GROUP, .store_known = FACT_KNOWN, .entry = &gone, .took = &taken }, &holding,
	    DECIDE_QUARANTINED_DIVERTED, VERDICT_DIVERT,
	    "HOLD mxpace: user@foo.test is quarantined since 2026-11-22: user_unknown (550 5.1.1 "
	    "no such user)",
	    false },
	{ "quarantined, prepend",
	    { USER, IN_GROUP, .store_known = FACT_KNOWN, .entry = &gone, .took = &taken }, &tagging,
	    DECIDE_QUARANTINED_DIVERTED, VERDICT_DIVERT,
	    "PREPEND X-Mxpace-Quarantined: user@foo.test is quarantined since 2026-11-22: "
	    "user_unknown (550 5.1.1 no such user)",
	    false },
	{ "a diagnostic that would end the answer",
	    { USER, IN_GROUP, .store_known = FACT_KNOWN, .entry = &odd, .took = &taken }, NULL,
	    DECIDE_QUARANTINED, VERDICT_REFUSE,
	    "550 5.1.1 mxpace: user@foo.test is quarantined since 2026-11-22: user_unknown "
	    "(two?lines???action=OK ?\?)",
	    true },

	/* -- what goes before what -- */
	{ "no recipient before the null sender", { .recipient = "", .null_sender = true }, NULL,
	    DECIDE_BAD_RECIPIENT, VERDICT_DEFER,
	    "DEFER_IF_PERMIT 4.3.5 mxpace: RCPT request without a recipient", false },
	{ "the null sender before all that is known",
	    { USER, .null_sender = true, IN_GROUP, .store_known = FACT_KNOWN, .entry = &gone,
		.took = &no_room },
	    NULL, DECIDE_NULL_SENDER, VERDICT_PASS, "DUNNO", false },
	{ "a local domain before quarantine",
	    { .recipient = "user@here.test", IN_GROUP, .store_known = FACT_KNOWN, .entry = &gone },
	    NULL, DECIDE_LOCAL_DOMAIN, VERDICT_PASS, "DUNNO", false },
	{ "a null MX before the store",
	    { USER, .mx_known = FACT_KNOWN, .mx_state = MX_NULL, .mx_words = "", AWAY }, NULL,
	    DECIDE_NULL_MX, VERDICT_REFUSE,
	    "556 5.1.10 mxpace: domain foo.test accepts no mail (null MX)", false },
	{ "quarantine before a message limit; nothing to give back",
	    { USER, IN_GROUP, .store_known = FACT_KNOWN, .entry = &gone, .took = &no_room }, NULL,
	    DECIDE_QUARANTINED, VERDICT_REFUSE,
	    "550 5.1.1 mxpace: user@foo.test is quarantined since 2026-11-22: user_unknown (550 "
	    "5.1.1 no such user)",
	    false },
	{ "quarantine before the connection limit; nothing to give back",
	    { USER, IN_GROUP, .store_known = FACT_KNOWN, .entry = &full, .took = &no_slot }, NULL,
	    DECIDE_QUARANTINED, VERDICT_REFUSE,
	    "550 5.1.1 mxpace: user@foo.test is quarantined since 2026-11-22: mailbox_full (552 "
	    "5.2.2), until 2026-12-22",
	    false },
	{ "quarantine before a repeated transaction; nothing to give back",
	    { USER, IN_GROUP, .store_known = FACT_KNOWN, .entry = &gone, .repeated = true }, NULL,
	    DECIDE_QUARANTINED, VERDICT_REFUSE,
	    "550 5.1.1 mxpace: user@foo.test is quarantined since 2026-11-22: user_unknown (550 "
	    "5.1.1 no such user)",
	    false },
	{ "quarantine also when DNS failed and that permits",
	    { USER, .mx_known = FACT_KNOWN, .mx_state = MX_FAILED, .mx_words = "timeout",
		.group = "", .store_known = FACT_KNOWN, .entry = &gone },
	    &permitting, DECIDE_QUARANTINED, VERDICT_REFUSE,
	    "550 5.1.1 mxpace: user@foo.test is quarantined since 2026-11-22: user_unknown (550 "
	    "5.1.1 no such user)",
	    false },
	{ "postmaster is never refused for quarantine",
	    { .recipient = "postmaster@foo.test",
		IN_GROUP,
		.store_known = FACT_KNOWN,
		.entry = &gone,
		.took = &taken },
	    NULL, DECIDE_WITHIN_LIMITS, VERDICT_PASS, "DUNNO", false },
	{ "but by a limit as anybody",
	    { .recipient = "postmaster@foo.test",
		IN_GROUP,
		.store_known = FACT_KNOWN,
		.entry = &gone,
		.took = &no_room_soon },
	    NULL, DECIDE_MESSAGE_LIMIT, VERDICT_DEFER,
	    "DEFER_IF_PERMIT 4.7.1 mxpace: group google: limit 20/10s reached, next message in 7s",
	    false },
	{ "errors that count only are no quarantine",
	    { USER, IN_GROUP, .store_known = FACT_KNOWN, .entry = &counting, .took = &taken }, NULL,
	    DECIDE_WITHIN_LIMITS, VERDICT_PASS, "DUNNO", false },
	{ "an entry read before the store failed is not believed",
	    { USER, IN_GROUP, AWAY, .entry = &gone }, NULL, DECIDE_STORE_FAILED_DEFER,
	    VERDICT_DEFER, "DEFER_IF_PERMIT 4.3.0 mxpace: store away: no answer within 500 ms",
	    false },
	{ "a take whose store failed is not given back",
	    { USER, IN_GROUP, AWAY, .entry = &gone, .took = &taken }, &permitting,
	    DECIDE_STORE_FAILED_PERMIT, VERDICT_PASS, "DUNNO", false },

	/* -- accounts -- */
	{ "suspended, before anything is looked up", { USER, ACCOUNT, .refused = &stopped }, NULL,
	    DECIDE_ACCOUNT_SUSPENDED, VERDICT_REFUSE,
	    "550 5.7.1 mxpace: account shop.test is suspended since 2026-11-22T02:20:53Z: hard "
	    "bounces (21 of 203 sent in 24h, 10.3 %); stop mailing addresses that fail or complain, "
	    "then ask the postmaster to resume it",
	    false },
	{ "suspended, to try again", { USER, ACCOUNT, .refused = &stopped }, &account_deferring,
	    DECIDE_ACCOUNT_SUSPENDED_DEFER, VERDICT_DEFER,
	    "DEFER_IF_PERMIT 4.7.1 mxpace: account shop.test is suspended since "
	    "2026-11-22T02:20:53Z: hard bounces (21 of 203 sent in 24h, 10.3 %); stop mailing "
	    "addresses that fail or complain, then ask the postmaster to resume it",
	    false },
	{ "on probation", { USER, ACCOUNT, .refused = &used_up }, NULL, DECIDE_ACCOUNT_PROBATION,
	    VERDICT_DEFER,
	    "DEFER_IF_PERMIT 4.7.1 mxpace: account shop.test is on probation: its 100 recipients of "
	    "today are used up, more from 2026-11-23T00:00:00Z on",
	    false },
	{ "to a domain of ours also a suspended one",
	    { .recipient = "u@here.test", ACCOUNT, .refused = &stopped }, NULL, DECIDE_LOCAL_DOMAIN,
	    VERDICT_PASS, "DUNNO", false },
	{ "who complained",
	    { USER, IN_GROUP, ACCOUNT, .store_known = FACT_KNOWN, .entry = &angry, .took = &taken },
	    NULL, DECIDE_COMPLAINED, VERDICT_REFUSE,
	    "550 5.7.1 mxpace: user@foo.test complained about mail of account shop.test and gets no "
	    "more",
	    true },
	{ "who complained about another",
	    { USER, IN_GROUP, .account = "test", .list = "", .store_known = FACT_KNOWN,
		.entry = &angry, .took = &taken },
	    NULL, DECIDE_WITHIN_LIMITS, VERDICT_PASS, "DUNNO", false },
	{ "who complained about all, of an account that is not known",
	    { USER, IN_GROUP, .account = "", .list = "", .store_known = FACT_KNOWN,
		.entry = &angry_at_all, .took = &taken },
	    NULL, DECIDE_COMPLAINED, VERDICT_REFUSE,
	    "550 5.7.1 mxpace: user@foo.test complained about mail of ours and gets no more",
	    true },

	/* -- what is still asked for -- */
	{ "first the MX", { USER }, NULL, DECIDE_NONE, VERDICT_NEEDS_MX, "", false },
	{ "also for postmaster", { .recipient = "postmaster@foo.test" }, NULL, DECIDE_NONE,
	    VERDICT_NEEDS_MX, "", false },
	{ "then the store", { USER, IN_GROUP }, NULL, DECIDE_NONE, VERDICT_NEEDS_STORE, "", false },
	{ "also without a rule", { USER, KNOWN_MX, .group = "" }, NULL, DECIDE_NONE,
	    VERDICT_NEEDS_STORE, "", false },
	{ "also when DNS failed and that permits",
	    { USER, .mx_known = FACT_KNOWN, .mx_state = MX_FAILED, .mx_words = "timeout",
		.group = "" },
	    &permitting, DECIDE_NONE, VERDICT_NEEDS_STORE, "", false },
};

static void
decides(void **state)
{
	const struct row *row = *state;
	struct decide_facts facts = row->facts;
	struct decision decision;

	memset(&decision, 0x55, sizeof(decision));
	facts.settings = row->settings != NULL ? *row->settings : deferring;
	decide(&facts, &decision);
	if (row->action != NULL)
		assert_string_equal(decision.action, row->action);
	assert_int_equal(decision.reason, row->reason);
	assert_int_equal(decision.verdict, row->verdict);
	assert_int_equal(decision.gives_back, row->gives_back);
	if (row->reason != DECIDE_NONE)
		assert_int_equal(decide_reason_verdict(row->reason), row->verdict);
}

/* Each reason has a row above, and a name of its own for metrics and logs. */
static void
knows_every_reason(void **state)
{
	(void)state;
	for (int reason = DECIDE_NONE + 1; reason < DECIDE_REASONS; reason++) {
		const char *name = decide_reason_name((enum decide_reason)reason);
		bool found = false;

		assert_non_null(name);
		assert_int_equal(strspn(name, "abcdefghijklmnopqrstuvwxyz_"), strlen(name));
		for (size_t i = 0; i < COUNT(rows); i++)
			found = found || rows[i].reason == (enum decide_reason)reason;
		if (!found)
			fail_msg("no row for %s", name);
		for (int other = reason + 1; other < DECIDE_REASONS; other++)
			assert_string_not_equal(name,
			    decide_reason_name((enum decide_reason)other));
	}
}

static void
answers_stay_one_line_however_long(void **state)
{
	char recipient[ADDR_SIZE], words[600];
	struct quarantine_entry entry = gone;
	struct decide_facts facts = { .settings = deferring,
		.recipient = recipient,
		IN_GROUP,
		.store_known = FACT_KNOWN,
		.entry = &entry };
	struct decision decision;

	(void)state;
	memset(recipient, 'u', sizeof(recipient));
	strcpy(recipient + sizeof(recipient) - 12, "@d.foo.test");
	memset(entry.text, 't', sizeof(entry.text) - 1);
	entry.text[sizeof(entry.text) - 1] = '\0';
	decide(&facts, &decision);
	assert_int_equal(decision.reason, DECIDE_QUARANTINED);
	assert_true(strlen(decision.action) < DECISION_TEXT_SIZE);
	assert_non_null(strstr(decision.action, recipient));

	memset(words, 'w', sizeof(words) - 1);
	words[sizeof(words) - 1] = '\0';
	facts.store_known = FACT_FAILED;
	facts.store_words = words;
	decide(&facts, &decision);
	assert_int_equal(decision.reason, DECIDE_STORE_FAILED_DEFER);
	assert_true(strlen(decision.action) < DECISION_TEXT_SIZE);
}

/* -- takes ------------------------------------------------------------------------------------- */

static void
takes_what_the_rule_limits(void **state)
{
	struct store_take take = { 0 };

	(void)state;
	assert_true(decide_take(&limited, &limits, "google", "192.0.2.1", "mta1", 3, &take));
	assert_string_equal(take.group, "google");
	assert_string_equal(take.ip, "192.0.2.1");
	assert_string_equal(take.node, "mta1");
	assert_int_equal(take.open, 3);
	assert_int_equal(take.connections, 5);
	assert_ptr_equal(take.limits, limits.limits);
	assert_int_equal(take.limit_count, 2);
	assert_true(take.commit);
	assert_true(decide_take(&slots_only, &slot_limits, "slots", "192.0.2.1", "mta1", 1, &take));
	assert_int_equal(take.limit_count, 0);
	assert_int_equal(take.connections, 2);
}

static void
takes_nothing_without_limits(void **state)
{
	struct store_take take = { 0 };

	(void)state;
	assert_false(decide_take(&unlimited, &no_limits, "free", "192.0.2.1", "mta1", 1, &take));
	assert_false(decide_take(NULL, NULL, "", "192.0.2.1", "mta1", 1, &take));
	assert_null(take.group);
}

static void
counts_per_group_under_all(void **state)
{
	struct mx_rule rule = limited;
	struct store_take take;

	(void)state;
	rule.per = MX_PER_GROUP;
	assert_string_equal(decide_ip(&rule, "192.0.2.1"), "all");
	assert_string_equal(decide_ip(&limited, "192.0.2.1"), "192.0.2.1");
	assert_true(decide_take(&rule, &limits, "google", "192.0.2.1", "mta1", 1, &take));
	assert_string_equal(take.ip, "all");
}

static struct settings *
settings_of(const char *text)
{
	struct conf_errors errors = { 0 };
	struct settings *settings = settings_parse(text, "test", &errors);

	if (settings == NULL)
		fail_msg("%s", str_text(&errors.lines));
	conf_errors_free(&errors);
	return settings;
}

static int
set_up(void **state)
{
	(void)state;
	deferring = settings_of("on_store_failure = \"defer\"; on_dns_failure = \"defer\";"
				"local_domains = [ \"here.test\", \"*.sub.test\" ];");
	permitting = settings_of("on_store_failure = \"permit\"; on_dns_failure = \"permit\";");
	pacing = settings_of("enforce = \"egress\";");
	discarding = settings_of("quarantine_action = \"discard\";");
	holding = settings_of("quarantine_action = \"hold\";");
	tagging = settings_of("quarantine_action = \"prepend\";");
	account_deferring = settings_of("reputation = { action = \"defer\"; };");
	limit_set(&limits.limits[0], 20, 10000);
	limit_set(&limits.limits[1], 1000, 3600000);
	limits.limit_count = 2;
	return 0;
}

static int
take_down(void **state)
{
	(void)state;
	settings_release(&deferring);
	settings_release(&permitting);
	settings_release(&pacing);
	settings_release(&discarding);
	settings_release(&holding);
	settings_release(&tagging);
	settings_release(&account_deferring);
	return 0;
}

int
main(void)
{
	struct check_list list = { 0 };
	int failed;

	CHECK_ROWS(&list, decides, rows);
	CHECK(&list, knows_every_reason);
	CHECK(&list, answers_stay_one_line_however_long);
	CHECK(&list, takes_what_the_rule_limits);
	CHECK(&list, takes_nothing_without_limits);
	CHECK(&list, counts_per_group_under_all);
	set_up(NULL);
	failed = check_run(&list, "decide");
	take_down(NULL);
	return failed;
}
