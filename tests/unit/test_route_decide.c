#include "check.h"
#include "route_decide.h"

static const char rules_text[] =
    "mx_rules = (\n"
    "  { name = \"google\"; mx = \"*.google.com\"; connections = 5; messages_per_connection = 50;"
    " messages_per_hour = 12000; limits = \"100/1m\"; burst = true; },\n"
    "  { name = \"few\"; mx = \"*.few.test\"; connections = 3; messages_per_connection = 7; },\n"
    "  { name = \"one\"; mx = \"*.one.test\"; connections = 1; messages_per_connection = 8; },\n"
    "  { name = \"none\"; mx = \"*.none.test\"; messages_per_connection = 9; },\n"
    "  { name = \"default\"; mx = \"*\"; scope = \"site\"; connections = 5; } );\n";

static const char conf_text[] =
    "node = \"mta1\"; local_domains = [ \"here.test\" ];\n"
    "transport_exceptions = [ \"partner.test\", \".lan.test\" ];\n"
    "sending_ips = ( { name = \"192.0.2.1\"; }, { name = \"192.0.2.2\"; } );\n"
    "pools = ( { name = \"news\"; senders = \"*@news.test\"; ips = \"192.0.2.2\"; } );\n";

static struct settings *
settings_of(const char *more)
{
	struct conf_errors errors = { 0 };
	char text[2048];
	struct settings *settings;

	snprintf(text, sizeof(text), "%s%s", conf_text, more);
	settings = settings_parse(text, "test", &errors);
	if (settings == NULL)
		fail_msg("%s", str_text(&errors.lines));
	conf_errors_free(&errors);
	return settings;
}

static struct mx_rules *
rules_of(const char *text)
{
	struct conf_errors errors = { 0 };
	struct mx_rules *rules = mx_rules_parse(text, "test", &errors);

	if (rules == NULL)
		fail_msg("%s", str_text(&errors.lines));
	conf_errors_free(&errors);
	return rules;
}

static const struct sender_status stopped = {
	.state = SENDER_SUSPENDED,
	.since_s = 1795314053,
	.why = "phished",
	.by = "operator ann",
};
static const struct sender_status used_up = { .state = SENDER_PROBATION, .until_s = 1795392000 };
#define STOPPED_WORDS                                                                       \
	"mxpace: account shop.test is suspended since 2026-11-22T02:20:53Z: phished; stop " \
	"mailing addresses that fail or complain, then ask the postmaster to resume it"

enum { ANY = 1, NO_LANES, NO_ANSWER };

static const struct row {
	const char *label;
	const char *recipient; /* NULL: none */
	const char *conf;
	const char *rule; /* NULL: none matches */
	struct route_facts facts;
	int lanes; /* ANY: one with room; NO_LANES: known, and none; NO_ANSWER: no quarantine read */
	enum quarantine_status status;
	enum route_verdict verdict;
	enum route_reason reason;
	const char *text;
} rows[] = {
	{ "no recipient", NULL, "", NULL, { 0 }, 0, 0, ROUTE_LEAVE, ROUTE_BAD_RECIPIENT, "" },
	{ "no address", "a@b", "", NULL, { .recipient_error = "odd" }, 0, 0, ROUTE_LEAVE,
	    ROUTE_BAD_RECIPIENT, "" },
	{ "no domain", "root", "", NULL, { 0 }, 0, 0, ROUTE_LEAVE, ROUTE_BAD_RECIPIENT, "" },
	{ "local domain", "u@here.test", "", NULL, { 0 }, 0, 0, ROUTE_LEAVE, ROUTE_LOCAL_DOMAIN,
	    "" },
	{ "exception", "u@partner.test", "", NULL, { 0 }, 0, 0, ROUTE_LEAVE, ROUTE_EXCEPTION, "" },
	{ "exception below", "u@a.lan.test", "", NULL, { 0 }, 0, 0, ROUTE_LEAVE, ROUTE_EXCEPTION,
	    "" },
	{ "not below an exception", "u@a.partner.test", "", NULL, { 0 }, 0, 0, ROUTE_NEEDS_MX,
	    ROUTE_NONE, "" },
	{ "MX first", "u@a.test", "", NULL, { 0 }, 0, 0, ROUTE_NEEDS_MX, ROUTE_NONE, "" },
	{ "null MX", "u@a.test", "", NULL, { .mx_known = FACT_KNOWN, .mx_state = MX_NULL }, 0, 0,
	    ROUTE_REFUSE, ROUTE_NULL_MX,
	    "error:5.1.10 mxpace: domain a.test accepts no mail (null MX)" },
	{ "no such domain", "u@a.test", "", NULL,
	    { .mx_known = FACT_KNOWN, .mx_state = MX_NO_DOMAIN }, 0, 0, ROUTE_REFUSE,
	    ROUTE_NO_DOMAIN, "error:5.1.2 mxpace: domain a.test does not exist" },
	{ "no host", "u@a.test", "", NULL, { .mx_known = FACT_KNOWN, .mx_state = MX_NO_HOST }, 0, 0,
	    ROUTE_REFUSE, ROUTE_NO_HOST,
	    "error:5.1.2 mxpace: domain a.test has neither MX nor address records" },
	{ "no DNS", "u@a.test", "", NULL,
	    { .mx_known = FACT_KNOWN, .mx_state = MX_FAILED, .mx_words = "SERVFAIL" }, 0, 0,
	    ROUTE_RETRY, ROUTE_MX_FAILED,
	    "retry:4.4.3 mxpace: MX look-up of a.test failed: SERVFAIL" },
	{ "no DNS, permitted when it comes in", "u@a.test", "on_dns_failure = \"permit\";", NULL,
	    { .mx_known = FACT_KNOWN, .mx_state = MX_FAILED }, 0, 0, ROUTE_RETRY, ROUTE_MX_FAILED,
	    "retry:4.4.3 mxpace: MX look-up of a.test failed: " },
	{ "then whether there is room at all", "u@a.test", "", "google", { .mx_known = FACT_KNOWN },
	    0, 0, ROUTE_NEEDS_LANES, ROUTE_NONE, "" },
	{ "then the store", "u@a.test", "", "google", { .mx_known = FACT_KNOWN }, ANY, 0,
	    ROUTE_NEEDS_STORE, ROUTE_NONE, "" },
	{ "the store for a domain not known yet", "u@a.test", "", NULL, { .mx_known = FACT_FAILED },
	    0, 0, ROUTE_NEEDS_STORE, ROUTE_NONE, "" },
	{ "then the lanes", "u@a.test", "", "google",
	    { .mx_known = FACT_KNOWN, .store_known = FACT_KNOWN }, 0, QUARANTINE_COUNTING,
	    ROUTE_NEEDS_LANES, ROUTE_NONE, "" },
	{ "no store for the null sender", "u@a.test", "", "google",
	    { .mx_known = FACT_KNOWN, .null_sender = true }, 0, 0, ROUTE_NEEDS_LANES, ROUTE_NONE,
	    "" },
	{ "no store for a postmaster", "postmaster@a.test", "", "google",
	    { .mx_known = FACT_KNOWN }, 0, 0, ROUTE_NEEDS_LANES, ROUTE_NONE, "" },
	{ "account suspended", "u@a.test", "", NULL,
	    { .account = "shop.test", .refused = &stopped }, 0, 0, ROUTE_REFUSE,
	    ROUTE_ACCOUNT_SUSPENDED, "error:5.7.1 " STOPPED_WORDS },
	{ "account suspended, to wait", "u@a.test", "reputation = { action = \"defer\"; };", NULL,
	    { .account = "shop.test", .refused = &stopped }, 0, 0, ROUTE_RETRY,
	    ROUTE_ACCOUNT_SUSPENDED_DEFER, "retry:4.7.1 " STOPPED_WORDS },
	{ "account suspended, but local mail", "u@here.test", "", NULL,
	    { .account = "shop.test", .refused = &stopped }, 0, 0, ROUTE_LEAVE, ROUTE_LOCAL_DOMAIN,
	    "" },
	{ "on probation: what was let in goes out", "u@a.test", "", NULL,
	    { .account = "shop.test", .refused = &used_up }, 0, 0, ROUTE_NEEDS_MX, ROUTE_NONE, "" },
	{ "who complained", "u@a.test", "", "google",
	    { .mx_known = FACT_KNOWN, .store_known = FACT_KNOWN, .account = "shop.test" }, 0,
	    QUARANTINE_COUNTING, ROUTE_REFUSE, ROUTE_COMPLAINED,
	    "error:5.7.1 mxpace: u@a.test complained about mail of account shop.test and gets no "
	    "more" },
	{ "quarantined", "u@a.test", "", "google",
	    { .mx_known = FACT_KNOWN, .store_known = FACT_KNOWN }, 0, QUARANTINE_QUARANTINED,
	    ROUTE_REFUSE, ROUTE_QUARANTINED,
	    "error:5.1.1 mxpace: u@a.test is quarantined since 2026-11-22: user_unknown (550)" },
	{ "quarantined, before a rule is known", "u@a.test", "", NULL,
	    { .mx_known = FACT_FAILED, .store_known = FACT_KNOWN }, ANY, QUARANTINE_QUARANTINED,
	    ROUTE_REFUSE, ROUTE_QUARANTINED,
	    "error:5.1.1 mxpace: u@a.test is quarantined since 2026-11-22: user_unknown (550)" },
	{ "quarantined, discarded", "u@a.test", "quarantine_action = \"discard\";", "google",
	    { .mx_known = FACT_KNOWN, .store_known = FACT_KNOWN }, 0, QUARANTINE_QUARANTINED,
	    ROUTE_DISCARD, ROUTE_QUARANTINED_DISCARDED,
	    "discard:mxpace: u@a.test is quarantined since 2026-11-22: user_unknown (550)" },
	{ "quarantined, held when it came in", "u@a.test", "quarantine_action = \"hold\";",
	    "google", { .mx_known = FACT_KNOWN, .store_known = FACT_KNOWN }, ANY,
	    QUARANTINE_QUARANTINED, ROUTE_SEND, ROUTE_PACED, "mxp-google-1:" },
	{ "quarantined, tagged when it came in", "u@a.test", "quarantine_action = \"prepend\";",
	    "google", { .mx_known = FACT_KNOWN, .store_known = FACT_KNOWN }, ANY,
	    QUARANTINE_QUARANTINED, ROUTE_SEND, ROUTE_PACED, "mxp-google-1:" },
	{ "quarantined, of the null sender", "u@a.test", "", "google",
	    { .mx_known = FACT_KNOWN, .store_known = FACT_KNOWN, .null_sender = true }, ANY,
	    QUARANTINE_QUARANTINED, ROUTE_SEND, ROUTE_PACED, "mxp-google-1:" },
	{ "quarantined, a postmaster", "postmaster@a.test", "", "google",
	    { .mx_known = FACT_KNOWN, .store_known = FACT_KNOWN }, ANY, QUARANTINE_QUARANTINED,
	    ROUTE_SEND, ROUTE_PACED, "mxp-google-1:" },
	{ "what was read of a store that failed", "u@a.test", "", "google",
	    { .mx_known = FACT_KNOWN, .store_known = FACT_FAILED }, ANY, QUARANTINE_QUARANTINED,
	    ROUTE_SEND, ROUTE_PACED, "mxp-google-1:" },
	{ "no entry at all", "u@a.test", "", "google",
	    { .mx_known = FACT_KNOWN, .store_known = FACT_KNOWN }, NO_ANSWER, 0, ROUTE_NEEDS_LANES,
	    ROUTE_NONE, "" },
	{ "no rule", "u@a.test", "", NULL, { .mx_known = FACT_KNOWN, .store_known = FACT_KNOWN }, 0,
	    0, ROUTE_LEAVE, ROUTE_NO_RULE, "" },
	{ "no rule, quarantined", "u@a.test", "", NULL,
	    { .mx_known = FACT_KNOWN, .store_known = FACT_KNOWN }, 0, QUARANTINE_QUARANTINED,
	    ROUTE_REFUSE, ROUTE_QUARANTINED,
	    "error:5.1.1 mxpace: u@a.test is quarantined since 2026-11-22: user_unknown (550)" },
	{ "paced", "u@a.test", "", "google", { .mx_known = FACT_KNOWN, .store_known = FACT_KNOWN },
	    ANY, QUARANTINE_NONE, ROUTE_SEND, ROUTE_PACED, "mxp-google-1:" },
	{ "paced, an implicit MX of the default rule", "u@a.test", "", "default",
	    { .mx_known = FACT_KNOWN, .mx_state = MX_IMPLICIT, .store_known = FACT_KNOWN }, ANY,
	    QUARANTINE_NONE, ROUTE_SEND, ROUTE_PACED, "mxp-default-1:" },
	{ "not known yet", "u@a.test", "", NULL,
	    { .mx_known = FACT_FAILED, .store_known = FACT_KNOWN }, ANY, QUARANTINE_NONE,
	    ROUTE_SEND, ROUTE_UNKNOWN, "mxp-unknown-1:" },
	{ "no sending IP", "u@a.test", "", "google",
	    { .mx_known = FACT_KNOWN, .store_known = FACT_KNOWN }, NO_LANES, QUARANTINE_NONE,
	    ROUTE_RETRY, ROUTE_NO_SENDING_IP,
	    "retry:4.3.5 mxpace: none of sending_ips is on node mta1" },
};

static void
decides(void **state)
{
	const struct row *row = *state;
	struct settings *settings = settings_of(row->conf);
	struct mx_rules *rules = rules_of(rules_text);
	struct quarantine_entry entry = { .status = row->status,
		.type = BOUNCE_HARD,
		.reason = REASON_USER_UNKNOWN,
		.since_s = 1795314053,
		.code = "550",
		.complaints = "account:shop.test\n" };
	struct route_lane lane = { .number = 1, .allowed = 5, .inside = 4, .per_minute = 100 };
	struct route_facts facts = row->facts;
	static struct route_decision decision; /* with what the last one left */

	facts.settings = settings;
	facts.rules = rules;
	facts.recipient = row->recipient;
	facts.entry = row->lanes == NO_ANSWER ? NULL : &entry;
	facts.rule = row->rule != NULL ? mx_rules_named(rules, span_of(row->rule)) : NULL;
	facts.group = row->rule;
	facts.lanes_known = row->lanes == ANY || row->lanes == NO_LANES ? FACT_KNOWN : FACT_UNKNOWN;
	facts.lanes = &lane;
	facts.lane_count = row->lanes == ANY;
	route_decide(&facts, &decision);
	assert_string_equal(route_verdict_name(decision.verdict), route_verdict_name(row->verdict));
	assert_string_equal(route_reason_name(decision.reason), route_reason_name(row->reason));
	assert_string_equal(decision.reply.text, row->text);
	assert_int_equal(decision.reply.answer, *row->text != '\0' ? ANSWER_OK : ANSWER_NOTFOUND);
	assert_ptr_equal(decision.lane, row->verdict == ROUTE_SEND ? &lane : NULL);
	if (row->reason != ROUTE_NONE)
		assert_int_equal(route_reason_verdict(row->reason), row->verdict);
	mx_rules_release(&rules);
	settings_release(&settings);
}

/* -- lanes ------------------------------------------------------------------------------------- */

static const struct lanes_row {
	const char *label, *rule;
	size_t turn;
	struct lane_row { /* of a route_lane; the others are 0 */
		size_t number;
		int64_t inside, allowed;
		double per_minute;
		int64_t dead_ms;
		const char *dead_words;
	} lanes[3];
	enum route_reason reason;
	const char *text;
} lanes_rows[] = {
	{ "the one with the most room", "google", 0,
	    { { 1, 5, 10, 60, 0, NULL }, { 2, 5, 20, 60, 0, NULL }, { 3, 15, 20, 60, 0, NULL } },
	    ROUTE_PACED, "mxp-google-2:" },
	{ "of equals the emptier one", "google", 0,
	    { { 1, 15, 20, 60, 0, NULL }, { 2, 10, 15, 60, 0, NULL }, { 3, 5, 10, 60, 0, NULL } },
	    ROUTE_PACED, "mxp-google-3:" },
	{ "of equals the next in turn", "google", 4,
	    { { 1, 5, 9, 60, 0, NULL }, { 2, 5, 9, 60, 0, NULL }, { 3, 5, 9, 60, 0, NULL } },
	    ROUTE_PACED, "mxp-google-2:" },
	{ "not a full one", "google", 0,
	    { { 1, 9, 9, 60, 0, NULL }, { 2, 19, 9, 60, 0, NULL }, { 3, 8, 9, 60, 0, NULL } },
	    ROUTE_PACED, "mxp-google-3:" },
	{ "not a dead one", "google", 0,
	    { { 1, 0, 99, 60, 1, "x" }, { 2, 0, 99, 60, 9, "x" }, { 3, 8, 9, 60, 0, NULL } },
	    ROUTE_PACED, "mxp-google-3:" },
	{ "all dead", "google", 0,
	    { { 1, 0, 99, 60, 60000, "one" }, { 2, 0, 99, 60, 25000, "connect: refused" },
		{ 3, 0, 99, 60, 60000, "three" } },
	    ROUTE_SITE_DEAD,
	    "retry:4.4.1 mxpace: group google: not reachable (connect: refused), next attempt in "
	    "25s" },
	{ "dead or full: full", "google", 0,
	    { { 1, 0, 99, 60, 60000, "one" }, { 2, 1000, 1000, 100, 0, NULL },
		{ 3, 0, 99, 60, 5, "three" } },
	    ROUTE_QUEUE_FULL,
	    "retry:4.7.1 mxpace: group google: 1000 messages are queued for it at 100/1m, next "
	    "attempt in about 10m" },
	{ "all full: the shortest queue", "google", 0,
	    { { 1, 900, 900, 100, 0, NULL }, { 2, 400, 400, 100, 0, NULL },
		{ 3, 500, 500, 100, 0, NULL } },
	    ROUTE_QUEUE_FULL,
	    "retry:4.7.1 mxpace: group google: 400 messages are queued for it at 100/1m, next "
	    "attempt in about 4m" },
	{ "full, by connections", "few", 0,
	    { { 1, 90, 90, 45, 0, NULL }, { 2, 90, 90, 45, 0, NULL }, { 3, 90, 90, 45, 0, NULL } },
	    ROUTE_QUEUE_FULL,
	    "retry:4.7.1 mxpace: group few: 90 messages are queued for it at 3 connections, next "
	    "attempt in about 2m" },
	{ "full, by one connection, with one", "one", 0,
	    { { 1, 1, 1, 60, 0, NULL }, { 2, 1, 1, 60, 0, NULL }, { 3, 1, 1, 60, 0, NULL } },
	    ROUTE_QUEUE_FULL,
	    "retry:4.7.1 mxpace: group one: 1 message is queued for it at 1 connection, next "
	    "attempt in about 1s" },
	{ "full, by nothing known", "none", 0,
	    { { 1, 9, 9, -1, 0, NULL }, { 2, 9, 9, -1, 0, NULL }, { 3, 9, 9, -1, 0, NULL } },
	    ROUTE_QUEUE_FULL,
	    "retry:4.7.1 mxpace: group none: 9 messages are queued for it, next attempt in some "
	    "minutes" },
	{ "full, and nothing goes", "google", 0,
	    { { 1, 9, 9, 0, 0, NULL }, { 2, 9, 9, 0, 0, NULL }, { 3, 9, 9, 0, 0, NULL } },
	    ROUTE_QUEUE_FULL,
	    "retry:4.7.1 mxpace: group google: 9 messages are queued for it at 100/1m, next "
	    "attempt in some minutes" },
	{ "not known yet: in turn", NULL, 2,
	    { { 1, 0, 1, -1, 0, NULL }, { 2, 0, 1, -1, 0, NULL }, { 3, 0, 1, -1, 0, NULL } },
	    ROUTE_UNKNOWN, "mxp-unknown-3:" },
};

static void
chooses(void **state)
{
	const struct lanes_row *row = *state;
	struct settings *settings = settings_of("");
	struct mx_rules *rules = rules_of(rules_text);
	struct route_facts facts = {
		.settings = settings,
		.rules = rules,
		.recipient = "u@a.test",
		.mx_known = row->rule != NULL ? FACT_KNOWN : FACT_FAILED,
		.rule = row->rule != NULL ? mx_rules_named(rules, span_of(row->rule)) : NULL,
		.group = row->rule,
		.store_known = FACT_KNOWN,
		.lanes_known = FACT_KNOWN,
		.lane_count = COUNT(row->lanes),
		.turn = row->turn,
	};
	struct route_lane lanes[COUNT(row->lanes)] = { 0 };
	struct route_decision decision;
	struct mx_limits limits;

	if (facts.rule != NULL)
		mx_limits_at(facts.rule, LEVEL_NORMAL, settings->levels, 0, &limits);
	for (size_t i = 0; i < COUNT(lanes); i++) {
		const struct lane_row *lane = &row->lanes[i];

		lanes[i].number = lane->number;
		lanes[i].inside = lane->inside;
		lanes[i].allowed = lane->allowed;
		lanes[i].per_minute = lane->per_minute;
		lanes[i].dead_ms = lane->dead_ms;
		lanes[i].dead_words = lane->dead_words;
		lanes[i].limits = facts.rule != NULL ? &limits : NULL;
	}
	facts.lanes = lanes;
	route_decide(&facts, &decision);
	assert_string_equal(decision.reply.text, row->text);
	assert_string_equal(route_reason_name(decision.reason), route_reason_name(row->reason));
	mx_rules_release(&rules);
	settings_release(&settings);
}

static void
names_the_pool_without_sending_ips(void **state)
{
	struct settings *settings = settings_of("");
	struct mx_rules *rules = rules_of(rules_text);
	struct route_facts facts = { .settings = settings,
		.rules = rules,
		.recipient = "u@a.test",
		.mx_known = FACT_FAILED,
		.store_known = FACT_KNOWN,
		.lanes_known = FACT_KNOWN,
		.pool = settings->pools };
	struct route_decision decision;

	(void)state;
	route_decide(&facts, &decision);
	assert_string_equal(decision.reply.text,
	    "retry:4.3.5 mxpace: pool news: none of its sending_ips is on node mta1");
	mx_rules_release(&rules);
	settings_release(&settings);
}

/* A reply that Redis or a provider put anything into is still one line that fits. */
static void
cuts_what_is_too_long(void **state)
{
	struct settings *settings = settings_of("");
	struct mx_rules *rules = rules_of(rules_text);
	char words[4000];
	struct route_lane lane = { .number = 1, .dead_ms = 5, .dead_words = words };
	struct route_facts facts = { .settings = settings,
		.rules = rules,
		.rule = rules->rules,
		.group = "google",
		.recipient = "u@a.test",
		.mx_known = FACT_KNOWN,
		.store_known = FACT_FAILED,
		.lanes_known = FACT_KNOWN,
		.lanes = &lane,
		.lane_count = 1 };
	struct route_decision decision;

	(void)state;
	memset(words, '\n', sizeof(words) - 1);
	words[sizeof(words) - 1] = '\0';
	route_decide(&facts, &decision);
	assert_int_equal(strlen(decision.reply.text), SOCKMAP_TEXT_SIZE - 1);
	assert_null(strchr(decision.reply.text, '\n'));
	mx_rules_release(&rules);
	settings_release(&settings);
}

static void
concludes_without_facts(void **state)
{
	struct route_decision decision;

	(void)state;
	route_conclude(&decision, ROUTE_NOT_ASKED);
	assert_int_equal(decision.verdict, ROUTE_LEAVE);
	assert_int_equal(decision.reply.answer, ANSWER_NOTFOUND);
	route_conclude(&decision, ROUTE_INTERRUPTED);
	assert_int_equal(decision.verdict, ROUTE_RETRY);
	assert_string_equal(decision.reply.text,
	    "retry:4.3.0 mxpace: mxpolicyd was restarted, try again");
}

static void
names_all(void **state)
{
	(void)state;
	for (int i = 0; i < ROUTE_REASONS; i++) {
		assert_non_null(route_reason_name((enum route_reason)i));
		assert_true(route_reason_verdict((enum route_reason)i) >= ROUTE_LEAVE);
		for (int k = 0; k < i; k++)
			assert_string_not_equal(route_reason_name((enum route_reason)i),
			    route_reason_name((enum route_reason)k));
	}
	for (int i = 0; i <= ROUTE_DISCARD; i++)
		assert_non_null(route_verdict_name((enum route_verdict)i));
}

/* -- a sending IP in its warm-up ----------------------------------------------------------------- */

static const struct warming_row {
	const char *label, *conf;
	struct warming_lane {
		int64_t inside, allowed, cap, spent_ms, dead_ms, suspended_ms;
	} lanes[3];
	enum route_reason reason;
	const char *text;
} warming_rows[] = {
	{ "before the warm ones", "",
	    { { 0, 99, 0, 0, 0, 0 }, { 0, 1, 50, 0, 0, 0 }, { 0, 99, 0, 0, 0, 0 } }, ROUTE_PACED,
	    "mxp-google-2:" },
	{ "of two the one with more room", "",
	    { { 0, 99, 0, 0, 0, 0 }, { 0, 1, 50, 0, 0, 0 }, { 0, 3, 100, 0, 0, 0 } }, ROUTE_PACED,
	    "mxp-google-3:" },
	{ "full at the moment: the warm ones", "",
	    { { 0, 99, 0, 0, 0, 0 }, { 1, 1, 50, 0, 0, 0 }, { 0, 9, 0, 0, 0, 0 } }, ROUTE_PACED,
	    "mxp-google-1:" },
	{ "spent: the warm ones", "",
	    { { 0, 9, 0, 0, 0, 0 }, { 0, 1, 50, 5000, 0, 0 }, { 0, 99, 0, 0, 0, 0 } }, ROUTE_PACED,
	    "mxp-google-3:" },
	{ "one spent, the other not", "",
	    { { 0, 99, 0, 0, 0, 0 }, { 0, 1, 50, 5000, 0, 0 }, { 0, 1, 50, 0, 0, 0 } }, ROUTE_PACED,
	    "mxp-google-3:" },
	{ "all spent", "",
	    { { 0, 1, 50, 90000, 0, 0 }, { 0, 1, 100, 5000, 0, 0 }, { 0, 1, 50, 60000, 0, 0 } },
	    ROUTE_WARMUP_CAP,
	    "retry:4.7.1 mxpace: group google: the sending IP is being warmed up, its 100 messages "
	    "of 24 hours are sent, next attempt in 5s" },
	{ "none warms up, but an hour's limit is reached", "",
	    { { 0, 9, 0, 90000, 0, 0 }, { 0, 9, 0, 60000, 0, 0 }, { 0, 9, 0, 70000, 0, 0 } },
	    ROUTE_QUEUE_FULL,
	    "retry:4.7.1 mxpace: group google: limit 12000/1h reached, next attempt in 1m" },
	{ "an hour's limit of one is reached", "",
	    { { 0, 99, 0, 90000, 0, 0 }, { 0, 9, 0, 0, 0, 0 }, { 0, 99, 0, 70000, 0, 0 } },
	    ROUTE_PACED, "mxp-google-2:" },
	{ "spent, and the warm ones full", "",
	    { { 9, 9, 0, 0, 0, 0 }, { 0, 1, 50, 5000, 0, 0 }, { 9, 9, 0, 0, 0, 0 } },
	    ROUTE_QUEUE_FULL,
	    "retry:4.7.1 mxpace: group google: 9 messages are queued for it at 100/1m, next attempt "
	    "in about 9s" },
	{ "dead: the warm ones", "",
	    { { 0, 9, 0, 0, 0, 0 }, { 0, 1, 50, 0, 9000, 0 }, { 0, 99, 0, 0, 0, 0 } }, ROUTE_PACED,
	    "mxp-google-3:" },
	{ "waits: room first", "warmup = { overflow = \"wait\"; };",
	    { { 0, 99, 0, 0, 0, 0 }, { 0, 1, 50, 0, 0, 0 }, { 0, 99, 0, 0, 0, 0 } }, ROUTE_PACED,
	    "mxp-google-2:" },
	{ "waits: not the warm ones", "warmup = { overflow = \"wait\"; };",
	    { { 0, 99, 0, 0, 0, 0 }, { 0, 1, 50, 5000, 0, 0 }, { 0, 99, 0, 0, 0, 0 } },
	    ROUTE_WARMUP_CAP,
	    "retry:4.7.1 mxpace: group google: the sending IP is being warmed up, its 50 messages "
	    "of 24 hours are sent, next attempt in 5s" },
	{ "suspended: another", "",
	    { { 0, 99, 0, 0, 0, 5000 }, { 0, 1, 0, 0, 0, 0 }, { 0, 99, 0, 0, 0, 7000 } },
	    ROUTE_PACED, "mxp-google-2:" },
	{ "suspended: none that is full", "",
	    { { 0, 9, 0, 0, 0, 5000 }, { 1, 1, 0, 0, 0, 0 }, { 0, 99, 0, 0, 9000, 0 } },
	    ROUTE_PACED, "mxp-google-1:" },
	{ "suspended: all of them", "",
	    { { 0, 9, 0, 0, 0, 5000 }, { 0, 99, 0, 0, 0, 6000 }, { 0, 9, 0, 0, 0, 1 } },
	    ROUTE_PACED, "mxp-google-2:" },
	{ "suspended in its warm-up: the warm ones", "",
	    { { 0, 9, 0, 0, 0, 0 }, { 0, 1, 50, 0, 0, 5000 }, { 0, 99, 0, 0, 0, 0 } }, ROUTE_PACED,
	    "mxp-google-3:" },
	{ "suspended, and one warms up", "",
	    { { 0, 99, 0, 0, 0, 5000 }, { 0, 1, 50, 0, 0, 0 }, { 0, 99, 0, 0, 0, 5000 } },
	    ROUTE_PACED, "mxp-google-2:" },
	{ "waits: for one that is suspended too", "warmup = { overflow = \"wait\"; };",
	    { { 0, 99, 0, 0, 0, 0 }, { 0, 1, 50, 0, 0, 5000 }, { 0, 99, 0, 0, 0, 0 } }, ROUTE_PACED,
	    "mxp-google-2:" },
	{ "waits: none warms up", "warmup = { overflow = \"wait\"; };",
	    { { 0, 9, 0, 0, 0, 0 }, { 0, 99, 0, 0, 0, 0 }, { 0, 9, 0, 0, 0, 0 } }, ROUTE_PACED,
	    "mxp-google-2:" },
};

static void
warms_up(void **state)
{
	const struct warming_row *row = *state;
	struct settings *settings = settings_of(row->conf);
	struct mx_rules *rules = rules_of(rules_text);
	struct route_facts facts = {
		.settings = settings,
		.rules = rules,
		.recipient = "u@a.test",
		.mx_known = FACT_KNOWN,
		.rule = mx_rules_named(rules, SPAN("google")),
		.group = "google",
		.store_known = FACT_KNOWN,
		.lanes_known = FACT_KNOWN,
		.lane_count = COUNT(row->lanes),
	};
	struct route_lane lanes[COUNT(row->lanes)] = { 0 };
	struct mx_limits limits[COUNT(row->lanes)];
	struct route_decision decision;

	for (size_t i = 0; i < COUNT(lanes); i++) {
		const struct warming_lane *lane = &row->lanes[i];

		mx_limits_at(facts.rule, LEVEL_NORMAL, settings->levels, lane->cap, &limits[i]);
		lanes[i] = (struct route_lane){ .number = i + 1,
			.inside = lane->inside,
			.allowed = lane->allowed,
			.per_minute = 60,
			.spent_ms = lane->spent_ms,
			.spent = lane->spent_ms > 0 ? &limits[i].limits[limits[i].limit_count - 1]
						    : NULL,
			.dead_ms = lane->dead_ms,
			.suspended_ms = lane->suspended_ms,
			.limits = &limits[i] };
	}
	facts.lanes = lanes;
	route_decide(&facts, &decision);
	assert_string_equal(decision.reply.text, row->text);
	assert_string_equal(route_reason_name(decision.reason), route_reason_name(row->reason));
	mx_rules_release(&rules);
	settings_release(&settings);
}

int
main(void)
{
	struct check_list list = { 0 };

	CHECK_ROWS(&list, decides, rows);
	CHECK_ROWS(&list, chooses, lanes_rows);
	CHECK_ROWS(&list, warms_up, warming_rows);
	CHECK(&list, names_the_pool_without_sending_ips);
	CHECK(&list, cuts_what_is_too_long);
	CHECK(&list, concludes_without_facts);
	CHECK(&list, names_all);
	return check_run(&list, "route_decide");
}
