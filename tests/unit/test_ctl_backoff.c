/* mxctl against a private redis-server: pauses and backoff. */
#include "test_ctl_redis.h"

#include "keys.h"

static const char conf_text[] =
    "redis = \"unix:FOLDER/redis.sock\"; store_timeout = \"5s\"; mx_rules = \"mx-rules.conf\";\n"
    "mx_rules_local = \"\"; bounce_rules = \"\"; node = \"mta1\";\n"
    "sending_ips = ( { name = \"192.0.2.1\"; }, { name = \"192.0.2.2\"; nodes = [ \"mta2\" ]; } "
    ");\n";

static const char mx_rules_text[] =
    "mx_rules = (\n"
    "  { name = \"five\"; mx = \"[192.0.2.5]\"; limits = \"5/10s\"; },\n"
    "  { name = \"slots\"; mx = \"[192.0.2.6]\"; connections = 3; limits = \"100/1m\"; },\n"
    "  { name = \"shared\"; mx = \"[192.0.2.7]\"; per = \"group\"; limits = \"50/1h\"; },\n"
    "  { name = \"default\"; mx = \"*\"; scope = \"site\"; limits = \"7/10s\"; } );\n";

static void
pauses_and_resumes(void **state)
{
	struct limit limit = limit_of("5/10s");

	(void)state;
	empty_redis(NULL);
	take("five", "192.0.2.1", &limit, true);
	check_run_of("group resume five", CTL_NO, "", "group five is not paused");
	check_run_of("group pause five --why asked=us\x1b", CTL_DONE,
	    "  Paused            asked=us?\n", "");
	assert_int_equal(number("XLEN", KEYS_EVENTS), 1);
	assert_int_equal(take("five", "192.0.2.1", &limit, true).outcome, STORE_HELD);
	check_run_of("group list", CTL_DONE, "five from 192.0.2.1: paused: asked=us?\n", "");
	check_run_of("group list --json", CTL_DONE, "\"paused\":\"asked=us?\",\"backoff\":null}",
	    "");
	check_run_of("group show five", CTL_DONE, "  Paused            asked=us?\n", "");
	check_run_of("explain u@[192.0.2.5]", CTL_NO,
	    "action=DEFER_IF_PERMIT 4.7.1 mxpace: group five: paused by an operator: asked=us?\n",
	    "");
	check_run_of("group flush five", CTL_NO, "",
	    "group five is paused: mxctl group resume five");
	check_run_of("group resume five --json", CTL_DONE,
	    "{\"group\":\"five\",\"was_paused\":\"asked=us?\"}\n", "");
	assert_int_equal(number("XLEN", KEYS_EVENTS), 2);
	assert_int_equal(take("five", "192.0.2.1", &limit, true).outcome, STORE_TAKEN);
	check_run_of("group show five --json", CTL_DONE, "\"paused\":null,", "");
	check_run_of("group pause default/mx.foo.test", CTL_DONE, "no reason given", "");
	check_run_of("group flush five", CTL_NO, "", "no domain of group five is known; --all ");
}

static void
sets_and_clears_backoff(void **state)
{
	struct limit limit = limit_of("100/1m");

	(void)state;
	empty_redis(NULL);
	check_run_of("backoff list", CTL_DONE, "None.\n", "");
	check_run_of("backoff list --json", CTL_DONE, "{\"backoff\":[]}\n", "");
	check_run_of("backoff set slots --suspend --for 12m --why angry", CTL_DONE, "in 12m",
	    ""); /* both sending IPs */
	assert_int_equal(number("XLEN", KEYS_EVENTS), 2);
	assert_int_equal(take("slots", "192.0.2.2", &limit, true).outcome, STORE_HELD);
	check_run_of("explain u@[192.0.2.6]", CTL_NO,
	    "group slots: suspended by backoff for another 12m: angry\n", "");
	check_run_of("backoff list --json", CTL_DONE,
	    "{\"group\":\"slots\",\"sending_ip\":\"192.0.2.2\",\"action\":\"suspend\",\"per_hour\":"
	    "0,\"connections\":1,\"recovers_s\":7",
	    "");
	check_run_of("backoff clear slots --ip 192.0.2.2", CTL_DONE,
	    "slots from 192.0.2.2: backoff cleared\n", "");
	assert_int_equal(take("slots", "192.0.2.2", &limit, true).outcome, STORE_TAKEN);
	assert_int_equal(take("slots", "192.0.2.1", &limit, true).outcome, STORE_HELD);
	check_run_of("backoff clear slots --ip 192.0.2.2", CTL_NO,
	    "slots from 192.0.2.2: no backoff in force\n", "");
	check_run_of("backoff set slots --rate 120 --connections 2 --for 30m --ip 192.0.2.1",
	    CTL_DONE, "reduce      120            2  in 30m", "");
	check_run_of("group list", CTL_DONE, "slots from 192.0.2.1: backoff (reduce): ", "");
	check_run_of("group list --json", CTL_DONE, "\"paused\":null,\"backoff\":\"reduce\"}", "");
	check_run_of("group show slots", CTL_DONE, "reduce      120            2  in ", "");
	take("slots", "192.0.2.1", &limit, true);
	check_run_of("explain u@[192.0.2.6]", CTL_NO,
	    "group slots: backoff allows 120 messages an hour, next in 30s\n", "");
	check_run_of("backoff set shared --connections 3 --for 30m", CTL_DONE, "connections", "");
	check_run_of("backoff list", CTL_DONE, "  shared  all", "");
	check_run_of("backoff clear slots", CTL_DONE, "slots from 192.0.2.1: backoff cleared\n",
	    "");
	check_run_of("backoff clear shared", CTL_DONE, "shared from all: backoff cleared\n", "");
	check_run_of("backoff list", CTL_DONE, "None.\n", "");
}

static const struct refused_row {
	const char *label, *line;
	int rc;
	const char *errors;
} refused_rows[] = {
	{ "no such group", "backoff set nosuch/x --suspend --for 1h", CTL_NO,
	    "no rule has a group nosuch/x" },
	{ "a rule of sites", "backoff set default --suspend --for 1h", CTL_NO,
	    "default is a rule whose groups are called default/HOST" },
	{ "no such sending IP", "backoff set five --suspend --for 1h --ip x", CTL_USAGE,
	    "group five is not counted by \"x\" but by 192.0.2.1 192.0.2.2" },
	{ "a sending IP of a shared group", "backoff clear shared --ip 192.0.2.1", CTL_USAGE,
	    "group shared is not counted by \"192.0.2.1\" but by all" },
	{ "nothing", "backoff set five --for 1h", CTL_USAGE, "either --suspend, or --rate" },
	{ "everything", "backoff set five --suspend --rate 5 --for 1h", CTL_USAGE,
	    "either --suspend, or --rate" },
	{ "no time", "backoff set five --suspend", CTL_USAGE, "--for: say a time such as" },
	{ "a wrong time", "backoff set five --suspend --for ever", CTL_USAGE,
	    "--for: \"ever\" is no time such as" },
	{ "a rate of none", "backoff set five --rate 0 --for 1h", CTL_USAGE,
	    "--rate: \"0\" is no number from 1 to" },
	{ "half a connection", "backoff set five --connections 0.5 --for 1h", CTL_USAGE,
	    "--connections: \"0.5\" is no number from 1 to" },
	{ "pause of no group", "group pause nosuch/x", CTL_NO, "no rule has a group nosuch/x" },
	{ "flush of no group", "group flush nosuch/x", CTL_NO, "no rule has a group nosuch/x" },
};

static void
refuses_wrong_orders(void **state)
{
	const struct refused_row *row = *state;

	empty_redis(NULL);
	check_run_of(row->line, row->rc, "", row->errors);
	assert_int_equal(number("EXISTS", "mxpace:{g:five}:backoff:192.0.2.1"), 0);
	assert_int_equal(number("EXISTS", "mxpace:{g:nosuch/x}:pause"), 0);
	assert_int_equal(number("XLEN", KEYS_EVENTS), 0);
}

int
main(void)
{
	struct check_list list = { 0 };
	int rc;

	if (!begin_redis(conf_text, mx_rules_text))
		return 1;
	CHECK(&list, pauses_and_resumes);
	CHECK(&list, sets_and_clears_backoff);
	CHECK_ROWS(&list, refuses_wrong_orders, refused_rows);
	rc = check_run(&list, "ctl_backoff");
	end_redis();
	return rc;
}
