/* mxctl against a private redis-server: groups, nodes, explain, quarantine. */
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
shows_a_full_group(void **state)
{
	struct limit limit = limit_of("5/10s");

	(void)state;
	empty_redis(NULL);
	check_run_of("group list", CTL_DONE, "No group was used within a week.\n", "");
	check_run_of("group show five", CTL_DONE, "not within a week", "");
	for (int i = 0; i < 5; i++)
		assert_int_equal(take("five", "192.0.2.1", &limit, true).outcome, STORE_TAKEN);
	check_run_of("group list", CTL_DONE, "5/5 in 10s\n", "");
	check_run_of("group list", CTL_DONE, "0/5 in 10s\n", ""); /* the other sending IP */
	check_run_of("group show five", CTL_DONE,
	    "  192.0.2.1   normal  messages     10s     5   5  in 1", ""); /* 10 or 11 s */
	check_run_of("group show five --json", CTL_DONE,
	    "{\"sending_ip\":\"192.0.2.2\",\"level\":\"normal\",\"limit_on\":\"messages\",\"period\":\"10s\",\"used\":0,"
	    "\"limit\":5,\"next_s\":0}",
	    "");
	check_run_of("status", CTL_AWAY, "  five   192.0.2.1      0  in 1",
	    "no mxpolicyd is alive");
	check_run_of("group show nosuch", CTL_NO, "", "no group nosuch was used within a week");
	check_run_of("group show default", CTL_NO, "", "groups are called default/HOST");
	check_run_of("group show default/192.0.2.9", CTL_NO, "", "no group default/192.0.2.9");
}

/* What mxctl works out of a ring is what the script answers. */
static void
waits_as_long_as_the_script_says(void **state)
{
	int64_t deadline_ms = clock_monotonic_ms() + 10000;
	struct limit limit = limit_of("20/2s");
	struct store_took took;
	struct arena arena;
	int full = 0;

	(void)state;
	empty_redis(NULL);
	arena_init(&arena);
	for (int i = 0; i < 20; i++) {
		assert_int_equal(take("ring", "192.0.2.1", &limit, true).outcome, STORE_TAKEN);
		poll(NULL, 0, 5); /* spread over buckets */
	}
	do {
		struct store_fields ring = { .arena = &arena }, time = { .arena = &arena };
		unsigned long long s = 0, us = 0;
		int64_t now_ms, wait_ms;

		took = take("ring", "192.0.2.1", &limit, false);
		store_put_time(&batch, &time);
		store_put_ring(&batch, "ring", "192.0.2.1", &limit, &ring);
		must();
		assert_true(span_number(time.items[0], &s) && span_number(time.items[1], &us));
		now_ms = (int64_t)(s * 1000 + us / 1000);
		wait_ms = store_ring_wait(&ring, &limit, now_ms);
		if (wait_ms > 0) {
			full++;
			assert_int_equal(took.outcome, STORE_NO_ROOM); /* asked a little earlier */
			assert_true(wait_ms <= took.wait_ms);
			assert_true(store_ring_used(&ring, &limit, now_ms) >= limit.count);
			assert_true(
			    store_ring_used(&ring, &limit, now_ms + wait_ms - 1) >= limit.count);
			assert_true(store_ring_used(&ring, &limit, now_ms + wait_ms) < limit.count);
		}
		poll(NULL, 0, 20);
	} while (took.outcome == STORE_NO_ROOM && clock_monotonic_ms() < deadline_ms);
	assert_int_equal(took.outcome, STORE_TAKEN);
	assert_true(full > 0);
	arena_clear(&arena);
}

/* What is set holds for what is shown, and is taken back. */
static void
sets_levels(void **state)
{
	(void)state;
	empty_redis(NULL);
	check_run_of("level", CTL_DONE, "  all  -          normal  level of the configuration", "");
	check_run_of("level slow", CTL_DONE, "  Now               slow\n", "");
	check_run_of("level", CTL_DONE, "  all  -          slow   set for all", "");
	check_run_of("group show slots", CTL_DONE,
	    "  192.0.2.1   slow   connections  -      0   1  now\n", "");
	check_run_of("level 192.0.2.1 fast", CTL_DONE, "  Level of          ip 192.0.2.1\n", "");
	check_run_of("level 192.0.2.1 --json", CTL_DONE,
	    "\"name\":\"192.0.2.1\",\"level\":\"fast\",\"source\":\"set\"", "");
	check_run_of("level --rule slots boost", CTL_DONE, "  Before            default\n", "");
	check_run_of("level 192.0.2.1 default", CTL_DONE, "  Before            fast\n", "");
	check_run_of("level 192.0.2.1", CTL_DONE, "slow   set for all", "");
	check_run_of("level 192.0.2.77 slow", CTL_NO, "", "192.0.2.77 is no sending IP");
	check_run_of("level --pool nosuch slow", CTL_NO, "", "no pool nosuch");
	check_run_of("level --rule nosuch", CTL_NO, "", "no rule nosuch");
	check_run_of("level custom", CTL_NO, "", "custom cannot be set here");
	check_run_of("level --rule slots --pool a slow", CTL_USAGE, "", "exclude one another");
	check_run_of("level --rule slots 192.0.2.1 slow", CTL_USAGE, "",
	    "a sending IP goes neither");
}

static void
shows_open_slots(void **state)
{
	(void)state;
	empty_redis(NULL);
	store_put_open(&batch, "slots", "192.0.2.1", "mta2", 2, clock_wall_s());
	store_put_open(&batch, "slots", "192.0.2.1", "mta1", 1, clock_wall_s());
	store_put_open(&batch, "slots", "192.0.2.1", "dead", 3, clock_wall_s() - 100);
	store_put_group_used(&batch, "slots", clock_wall_s());
	must();
	check_run_of("group show slots", CTL_DONE,
	    "  192.0.2.1   normal  connections  -      3    3  no slot\n", "");
	check_run_of("group show slots", CTL_DONE, "  192.0.2.1      2  mta2\n", "");
	check_run_of("group list", CTL_DONE, "   3/3  no slot  0/100 in 1m\n", "");
	check_run_of("explain u@[192.0.2.6]", CTL_NO,
	    "action=DEFER_IF_PERMIT 4.7.1 mxpace: group slots: 3 of 3 connections in use", "");
	store_put_open(&batch, "slots", "192.0.2.1", "mta2", 1, clock_wall_s());
	must();
	check_run_of("explain u@[192.0.2.6]", CTL_DONE, "  Connections       2/3\n", "");
}

static void
counts_a_shared_group_once(void **state)
{
	struct limit limit = limit_of("50/1h");

	(void)state;
	empty_redis(NULL);
	take("shared", "all", &limit, true);
	check_run_of("group list --json", CTL_DONE,
	    "{\"groups\":[{\"group\":\"shared\",\"sending_ip\":\"all\",", "");
	check_run_of("explain u@[192.0.2.7]", CTL_DONE, "  Messages          1/50 in 1h\n", "");
	check_run_of("explain u@[192.0.2.7]", CTL_DONE, "counted with all others", "");
}

/* -- explain ----------------------------------------------------------------------------------- */

static void
explains_without_taking(void **state)
{
	struct limit limit = limit_of("7/10s");

	(void)state;
	empty_redis(NULL);
	for (int i = 0; i < 7; i++) {
		check_run_of("explain U@[192.0.2.9]", CTL_DONE,
		    "  Verdict           pass (within_limits)", "");
		take("default/[192.0.2.9]", "192.0.2.1", &limit, true);
	}
	check_run_of("explain u@[192.0.2.9]", CTL_NO, "  Verdict           defer (message_limit)",
	    "");
	check_run_of("explain u@[192.0.2.9]", CTL_NO,
	    "action=DEFER_IF_PERMIT 4.7.1 mxpace: group default/[192.0.2.9]: limit 7/10s reached, "
	    "next message in ",
	    "");
	check_run_of("explain u@[192.0.2.9] --json", CTL_NO,
	    "\"group\":\"default/"
	    "[192.0.2.9]\",\"sending_ip\":\"192.0.2.1\",\"counted_by\":\"192.0.2.1\","
	    "\"level\":\"normal\","
	    "\"open\":{\"used\":0,\"limit\":null},"
	    "\"messages\":[{\"period\":\"10s\",\"used\":7,\"limit\":7}],\"next_s\":1",
	    "");
	check_run_of("explain u@[192.0.2.9] --sender <>", CTL_DONE, "pass (null_sender)", "");
	check_run_of("group show default/[192.0.2.9]", CTL_DONE, "  default\n", "");
}

/* -- nodes ------------------------------------------------------------------------------------- */

static void
lists_nodes(void **state)
{
	const struct store_event_field fields[] = {
		{ "version", "0.1.0" },
		{ "started", "2026-11-22T01:00:00Z" },
		{ "enforce", "admission" },
		{ "ip", "192.0.2.77" },
		{ "open", "4" },
		{ "clients", "12" },
		{ "rules", "61" },
	};
	struct str before = { 0 };

	(void)state;
	empty_redis(NULL);
	check_run_of("status", CTL_AWAY, "  No mxpolicyd was heard of within a day.\n",
	    "no mxpolicyd is alive");
	store_put_node(&batch, "mta 1", fields, COUNT(fields), clock_wall_s(), &before);
	store_put_node(&batch, "mta2", fields, 1, clock_wall_s() - 300, &before);
	store_put_node_gone(&batch, "mta2");
	must();
	str_free(&before);
	check_run_of("status", CTL_DONE, "  mta 1", "");
	check_run_of("status", CTL_DONE, "  192.0.2.77     4       12     61  ", "");
	check_run_of("status", CTL_DONE, "5m ago  silent  ", "");
	check_run_of("--json status", CTL_DONE, "{\"node\":\"mta 1\",\"alive\":true,\"heard\":\"2",
	    "");
	check_run_of("--json status", CTL_DONE, "\"started\":\"2026-11-22T01:00:00Z\"", "");
	check_run_of("--json status", CTL_DONE, "{\"node\":\"mta2\",\"alive\":false,", "");
}

static void
shows_the_fullest_groups_alone(void **state)
{
	struct limit limit = limit_of("7/10s");
	struct done done;

	(void)state;
	empty_redis(NULL);
	for (int i = 0; i < 30; i++) {
		char name[64];

		snprintf(name, sizeof(name), "default/mx%d.foo.test", i);
		take(name, "192.0.2.1", &limit, true);
		if (i == 17)
			take(name, "192.0.2.1", &limit, true);
	}
	done = run("-c mxpace.conf status", "\n");
	assert_non_null(strstr(done.stream, "MESSAGES\n  default/mx17.foo.test"));
	assert_non_null(strstr(done.stream, "and 40 more: mxctl group list\n")); /* of 2 x 30 */
	assert_int_equal(occurrences(done.stream, "default/"), 20);
	free_done(&done);
	done = run("-c mxpace.conf group list", "\n");
	assert_int_equal(occurrences(done.stream, "default/"), 60);
	free_done(&done);
}

/* -- quarantine -------------------------------------------------------------------------------- */

static void
changes_the_quarantine(void **state)
{
	(void)state;
	empty_redis(NULL);
	check_run_of("quarantine list", CTL_DONE, "None.\n", "");
	check_run_of("quarantine list --json", CTL_DONE, "{\"quarantine\":[],\"complete\":true}\n",
	    "");
	check_run_of("quarantine show gone@foo.test", CTL_NO, "not in quarantine\n", "");
	check_run_of(
	    "quarantine add Gone@Foo.Test. --reason mailbox_full --for 30d --text by=phone\x1b",
	    CTL_DONE, "gone@foo.test: quarantined since ", "");
	check_run_of("quarantine show gone@foo.test", CTL_DONE, "  Diagnostic        by=phone?\n",
	    "");
	check_run_of("quarantine show gone@foo.test", CTL_DONE, "(in 30d)\n", "");
	check_run_of("quarantine show gone@foo.test --json", CTL_DONE,
	    "\"status\":\"quarantined\",\"reason\":\"mailbox_full\",\"type\":\"soft\",\"errors\":"
	    "0,",
	    "");
	check_run_of("quarantine list", CTL_DONE, "  mailbox_full  gone@foo.test\n", "");
	check_run_of("explain gone@[192.0.2.9]", CTL_DONE, "not in quarantine", "");
	assert_int_equal(number("XLEN", KEYS_EVENTS), 1);
	assert_true(number("TTL", "mxpace:{q:gone@foo.test}") > 29 * 86400);

	check_run_of("quarantine add gone@foo.test", CTL_DONE, "(before: quarantined since ",
	    ""); /* without an end now */
	assert_int_equal(number("TTL", "mxpace:{q:gone@foo.test}"), -1);
	check_run_of("quarantine list --json", CTL_DONE, "\"expires\":null,", "");
	check_run_of("quarantine remove gone@foo.test never@foo.test", CTL_NO,
	    "never@foo.test: not in quarantine\n", "");
	assert_int_equal(number("ZCARD", KEYS_QUARANTINE_INDEX), 1); /* its story can be read */
	check_run_of("quarantine list", CTL_DONE, "None.\n", "");
	check_run_of("quarantine list --status released", CTL_DONE, "gone@foo.test\n", "");
	check_run_of("quarantine show gone@foo.test", CTL_NO, "  Status            released\n", "");
	check_run_of("quarantine show gone@foo.test", CTL_NO, "  Released by       operator ", "");
	assert_int_equal(number("XLEN", KEYS_EVENTS), 3);
	check_run_of("quarantine remove gone@foo.test", CTL_NO, "gone@foo.test: released on ", "");
	check_run_of("quarantine remove gone@foo.test --json", CTL_NO,
	    "{\"removed\":[{\"address\":\"gone@foo.test\",\"removed\":false,\"before\":\"released\","
	    "\"reason\":null}]}\n",
	    "");
	check_run_of("quarantine add postmaster@foo.test", CTL_DONE,
	    "a postmaster is mailed all the same", "");
}

static const struct usage_row {
	const char *label, *line, *errors;
} usage_rows[] = {
	{ "no address", "quarantine add a@foo.test foo@", "\"foo@\" is no address: " },
	{ "empty", "quarantine show '", "\"\" is no address: it is empty" },
	{ "no domain", "quarantine add foo", "\"foo\" has no domain" },
	{ "no reason", "quarantine add a@foo.test --reason bad",
	    "no reason \"bad\"; there are undefined " },
	{ "no time", "quarantine add a@foo.test --for ever", "\"ever\" is no time such as " },
	{ "too short a time", "quarantine add a@foo.test --for 10ms",
	    "\"10ms\" is no time such as " },
	{ "a glob too long",
	    "quarantine list --match "
	    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
	    "--match is too long" },
};

static void
changes_nothing_on_wrong_usage(void **state)
{
	const struct usage_row *row = *state;

	empty_redis(NULL);
	check_run_of(row->line, CTL_USAGE, "", row->errors);
	assert_int_equal(number("EXISTS", "mxpace:{q:a@foo.test}"), 0);
	assert_int_equal(number("XLEN", KEYS_EVENTS), 0);
}

static void
add_entry(const char *addr, enum quarantine_status status, int64_t release_s)
{
	struct quarantine_entry entry = { .status = status,
		.type = BOUNCE_SOFT,
		.reason = REASON_MAILBOX_FULL,
		.errors = 2,
		.since_s = clock_wall_s(),
		.release_s = release_s,
		.text = "552 5.2.2 \x1b[1mfull",
		.by = "mxbounce" };

	store_put_quarantine_add(&batch, addr, &entry);
	must();
}

static void
lists_page_by_page(void **state)
{
	enum { ADDRESSES = 1700 };
	struct done done;

	(void)state;
	empty_redis(NULL);
	for (int i = 0; i < ADDRESSES; i++) {
		char addr[64];

		snprintf(addr, sizeof(addr), "user%04d@%s.test", i, i % 10 == 0 ? "ten" : "other");
		add_entry(addr, i % 100 == 99 ? QUARANTINE_COUNTING : QUARANTINE_QUARANTINED, 0);
	}
	add_entry("odd%{x}*?@ten.test", QUARANTINE_QUARANTINED, 0);
	store_put_index(&batch, "expired@ten.test", clock_wall_s() - 1);
	store_put_index(&batch, "without-entry@ten.test", clock_wall_s() + 1000);
	must();

	done = run("-c mxpace.conf quarantine list", "\n");
	assert_int_equal(done.rc, CTL_DONE);
	assert_int_equal(occurrences(done.stream, "@"), ADDRESSES - ADDRESSES / 100 + 1);
	for (int i = 0; i < ADDRESSES; i++) {
		char line[64];

		snprintf(line, sizeof(line), "  user%04d@%s.test\n", i,
		    i % 10 == 0 ? "ten" : "other");
		assert_int_equal(strstr(done.stream, line) != NULL, i % 100 != 99);
	}
	assert_non_null(strstr(done.stream, "  odd%{x}*?@ten.test\n"));
	assert_null(strchr(done.stream, '\x1b'));
	free_done(&done);
	assert_int_equal(number("ZCARD", KEYS_QUARANTINE_INDEX),
	    ADDRESSES + 2); /* expired is gone */

	done = run("-c mxpace.conf quarantine list --counting", "\n");
	assert_int_equal(occurrences(done.stream, "@"), ADDRESSES / 100);
	free_done(&done);
	done = run("-c mxpace.conf quarantine list --match *@TEN.test --json", "\n");
	assert_int_equal(occurrences(done.stream, "\"address\":"), ADDRESSES / 10 + 1);
	assert_non_null(strstr(done.stream,
	    "\"code\":\"\",\"text\":\"552 5.2.2 ?[1mfull\",\"by\":\"mxbounce\""));
	free_done(&done);
	done = run("-c mxpace.conf quarantine list --match odd%{x}*", "\n");
	assert_int_equal(occurrences(done.stream, "@"), 1);
	free_done(&done);
}

int
main(void)
{
	struct check_list list = { 0 };
	int rc;

	if (!begin_redis(conf_text, mx_rules_text))
		return 1;
	CHECK(&list, shows_a_full_group);
	CHECK(&list, waits_as_long_as_the_script_says);
	CHECK(&list, sets_levels);
	CHECK(&list, shows_open_slots);
	CHECK(&list, counts_a_shared_group_once);
	CHECK(&list, explains_without_taking);
	CHECK(&list, lists_nodes);
	CHECK(&list, shows_the_fullest_groups_alone);
	CHECK(&list, changes_the_quarantine);
	CHECK_ROWS(&list, changes_nothing_on_wrong_usage, usage_rows);
	CHECK(&list, lists_page_by_page);
	rc = check_run(&list, "ctl_store");
	end_redis();
	return rc;
}
