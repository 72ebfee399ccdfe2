/* sender, sender_identity and the settings about accounts. */
#include "check.h"
#include "sender_identity.h"

static struct settings *
settings_of(const char *text)
{
	struct conf_errors errors = { 0 };
	struct settings *settings = settings_parse(text, "t.conf", &errors);

	if (settings == NULL)
		fail_msg("%s", str_text(&errors.lines));
	conf_errors_free(&errors);
	return settings;
}

static void
refused(const char *text, const char *want)
{
	struct conf_errors errors = { 0 };
	struct settings *settings = settings_parse(text, "t.conf", &errors);

	assert_null(settings);
	assert_string_equal(str_text(&errors.lines), want);
	conf_errors_free(&errors);
}

#define PATTERN                                                                             \
	"account_from_sender = \"^(?:(?<campaign>[^+@]+)\\\\+(?<list>[^@=]+)=[^@]*|[^@]+)@" \
	"(?<account>.*)\";"

static const struct identity_row {
	const char *label, *conf, *sasl, *sender;
	struct sender_identity want; /* account, by_sender, campaign, list */
} identity_rows[] = {
	{ "the sender's domain", "", "", "News@Shop.TEST", { "shop.test", "shop.test", "", "" } },
	{ "who logged in", "", "ann", "news@shop.test", { "ann", "shop.test", "", "" } },
	{ "who logged in does not matter", "account_from = [ \"sender\" ];", "ann",
	    "news@shop.test", { "shop.test", "shop.test", "", "" } },
	{ "the sender first", "account_from = [ \"sender\", \"sasl_username\" ];", "ann", "",
	    { "ann", "", "", "" } },
	{ "only who logged in", "account_from = \"sasl_username\";", "", "news@shop.test",
	    { "", "shop.test", "", "" } },
	{ "the null sender", "", "", "<>", { "", "", "", "" } },
	{ "no address", "", "", "a b@@", { "", "", "", "" } },
	{ "by a pattern", PATTERN, "", "spring+weekly=x@shop.test",
	    { "shop.test", "shop.test", "spring", "weekly" } },
	{ "by a pattern, without a campaign", PATTERN, "", "news@shop.test",
	    { "shop.test", "shop.test", "", "" } },
	{ "control characters", "", "a\x01nn\n", "news@shop.test",
	    { "a?nn", "shop.test", "", "" } },
};

static void
identifies(void **state)
{
	const struct identity_row *row = *state;
	struct settings *settings = settings_of(row->conf);
	struct sender_identity identity;

	memset(&identity, 'x', sizeof(identity));
	sender_identify(settings, span_of(row->sasl), span_of(row->sender), &identity);
	assert_string_equal(identity.account, row->want.account);
	assert_string_equal(identity.by_sender, row->want.by_sender);
	assert_string_equal(identity.campaign, row->want.campaign);
	assert_string_equal(identity.list, row->want.list);
	settings_release(&settings);
}

static void
cuts_names_that_are_too_long(void **state)
{
	struct settings *settings = settings_of("");
	struct sender_identity identity;
	char name[400];

	(void)state;
	memset(name, 'n', sizeof(name));
	sender_identify(settings, span_make(name, sizeof(name)), span_of("a@b.test"), &identity);
	assert_int_equal(strlen(identity.account), SENDER_NAME_SIZE - 1);
	settings_release(&settings);
}

static void
reads_settings(void **state)
{
	struct settings *s = settings_of("");

	(void)state;
	assert_int_equal(s->reputation.policy.review_hard, 50000);
	assert_int_equal(s->reputation.policy.suspend_hard, 100000);
	assert_int_equal(s->reputation.policy.floor, 200);
	assert_int_equal(s->reputation.policy.review_complaints, 1000);
	assert_int_equal(s->reputation.policy.suspend_complaints, 5000);
	assert_int_equal(s->reputation.policy.floor_complaints, 1000);
	assert_int_equal(s->reputation.policy.probation_start, 100);
	assert_int_equal(s->reputation.action, SUSPENDED_REJECT);
	assert_int_equal(s->complaint_scope, COMPLAINT_ACCOUNT);
	assert_null(s->account_pattern);
	settings_release(&s);
	s = settings_of("reputation = { suspend_hard = \"never\"; review_hard = \"2.25 %\"; "
			"exempt = [ \"*.boss.test\", \"ann\" ]; };");
	assert_int_equal(s->reputation.policy.suspend_hard, 0);
	assert_int_equal(s->reputation.policy.review_hard, 22500);
	assert_true(sender_is_exempt(s, "a.boss.test"));
	assert_true(sender_is_exempt(s, "ann"));
	assert_false(sender_is_exempt(s, "boss.test"));
	settings_release(&s);
}

static void
refuses_mistakes(void **state)
{
	(void)state;
	refused("reputation = { review_hard = \"5\"; };",
	    "t.conf:1: reputation.review_hard: \"5\" is neither \"never\" nor a rate such as \"5%\" "
	    "or \"0.1%\"\n");
	refused("reputation = { review_hard = \"11%\"; };",
	    "t.conf:1: reputation.review_hard: is above suspend_hard\n");
	refused("account_from_sender = \"(\";",
	    "t.conf:1: account_from_sender: missing closing parenthesis at offset 1 of \"(\"\n");
	refused("account_from_sender = \"x\";",
	    "t.conf:1: account_from_sender: has no group (?<account>...)\n");
	refused("account_from = [ \"from\" ];",
	    "t.conf:1: account_from: \"from\" is neither \"sasl_username\" nor \"sender\"\n");
}

static void
packs_what_mxbounce_needs(void **state)
{
	struct settings *s = settings_of("account_from_sender = \"@(?<account>.*)\";"
					 "reputation = { floor = 7; suspend_hard = \"12%\"; };"
					 "feedback_addresses = \"fbl@shop.test\";");
	struct str bytes = { 0 };
	struct unpack in;
	struct settings *back;

	(void)state;
	settings_pack(s, &bytes);
	in = unpack_make(span_make(bytes.data, bytes.len));
	back = settings_unpack(&in);
	assert_non_null(back);
	assert_int_equal(back->reputation.policy.floor, 7);
	assert_int_equal(back->reputation.policy.suspend_hard, 120000);
	assert_string_equal(back->feedback_addresses.items[0], "fbl@shop.test");
	assert_non_null(back->account_pattern);
	settings_release(&back);
	settings_release(&s);
	str_free(&bytes);
}

static void
formats(void **state)
{
	char buf[SENDER_PERIOD_SIZE], rate[SENDER_RATE_SIZE];
	struct span group;
	enum reason reason;
	enum sender_count count;

	(void)state;
	assert_string_equal(sender_hour(1795314053, buf), "2026112202");
	assert_string_equal(sender_day(1795314053, buf), "20261122");
	assert_string_equal(sender_rate(21, 203, rate), "10.3 %");
	assert_string_equal(sender_rate(1, 3000, rate), "0.03 %");
	assert_string_equal(sender_rate(5, 0, rate), "0.0 %");
	assert_true(sender_stats_group(SPAN("group:default/a:b:hard"), &group, &count));
	assert_true(span_eq(group, SPAN("default/a:b")));
	assert_int_equal(count, SENDER_HARD);
	assert_false(sender_stats_group(SPAN("group:hard"), &group, &count));
	assert_false(sender_stats_group(SPAN("group::hard"), &group, &count));
	assert_false(sender_stats_group(SPAN("hard"), &group, &count));
	assert_true(
	    sender_stats_group_reason(SPAN("group:d/a:reason:mailbox_full"), &group, &reason));
	assert_true(span_eq(group, SPAN("d/a")));
	assert_int_equal(reason, REASON_MAILBOX_FULL);
	assert_false(sender_stats_group(SPAN("group:d/a:reason:mailbox_full"), &group, &count));
	assert_false(sender_stats_group_reason(SPAN("group:a:mailbox_full"), &group, &reason));
	assert_false(sender_stats_group_reason(SPAN("group:reason:refused"), &group, &reason));
	assert_false(sender_stats_group_reason(SPAN("group::reason:refused"), &group, &reason));
	assert_false(sender_stats_group_reason(SPAN("group:refused"), &group, &reason));
	assert_false(sender_stats_group_reason(SPAN("group:"), &group, &reason));
	assert_false(sender_stats_group_reason(SPAN("group:a:reason:none"), &group, &reason));
}

int
main(void)
{
	struct CMUnitTest tests[COUNT(identity_rows) + 8] = { { 0 } };
	size_t count = 0;

	for (size_t i = 0; i < COUNT(identity_rows); i++)
		tests[count++] = (struct CMUnitTest){ identity_rows[i].label, identifies, NULL,
			NULL, (void *)(uintptr_t)&identity_rows[i] };
	tests[count++] = (struct CMUnitTest)cmocka_unit_test(cuts_names_that_are_too_long);
	tests[count++] = (struct CMUnitTest)cmocka_unit_test(reads_settings);
	tests[count++] = (struct CMUnitTest)cmocka_unit_test(refuses_mistakes);
	tests[count++] = (struct CMUnitTest)cmocka_unit_test(packs_what_mxbounce_needs);
	tests[count++] = (struct CMUnitTest)cmocka_unit_test(formats);
	return _cmocka_run_group_tests("sender", tests, count, NULL, NULL);
}
