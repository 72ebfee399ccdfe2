#include "check.h"

#include <event2/event.h>

#include "conclusion.h"
#include "fake_redis.h"
#include "mx_cache.h"

static const char text[] = "mx_rules = (\n"
			   "  { name = \"google\"; mx = \"*.google.test\"; },\n"
			   "  { name = \"all\"; mx = \"*.all.test\"; per = \"group\"; },\n"
			   "  { name = \"default\"; mx = \"*.test\"; scope = \"site\"; } );\n";

static struct event_base *base;
static struct fake_redis redis;
static struct store_async *store;
static struct groups *groups;
static struct mx_rules *rules;

static struct mx_rules *
load(void)
{
	struct conf_errors errors = { 0 };
	struct mx_rules *loaded = mx_rules_parse(text, "test", &errors);

	assert_non_null(loaded);
	conf_errors_free(&errors);
	return loaded;
}

static void
on_change(void *arg, bool working, const char *words)
{
	(void)arg;
	(void)working;
	(void)words;
}

static int
set_up(void **state)
{
	struct err err;

	(void)state;
	base = event_base_new();
	fake_init(&redis, base);
	fake_start(&redis);
	store = store_async_new(base, &redis.address, 20000, on_change, NULL, &err);
	assert_non_null(store);
	WAIT_FOR(base, store_async_works(store));
	groups = groups_new(base, store, "mta1");
	rules = load();
	return 0;
}

static int
take_down(void **state)
{
	(void)state;
	assert_int_equal(groups_count(groups), 0); /* every reference is back */
	mx_rules_release(&rules);
	groups_free(&groups);
	store_async_free(&store);
	fake_clear(&redis);
	event_base_free(base);
	return 0;
}

static struct mx_entry *
entry_of(const char *host)
{
	struct mx_host hosts[] = { { 10, host } };

	return mx_entry_new("d.test", MX_FOUND, mx_set_new(hosts, 1), "", 100000);
}

static void
concludes_once_for_each_set_of_rules(void **state)
{
	struct mx_entry *entry = entry_of("mx.google.test");
	struct mx_rules *again = load();
	struct conclusion *conclusion;
	struct mx_answer answer;
	struct group *group;

	(void)state;
	mx_entry_answer(entry, 0, &answer);
	conclusion = conclusion_of(&answer, rules);
	assert_string_equal(conclusion->rule->name, "google");
	assert_string_equal(conclusion->name, "google");
	group = conclusion_group(conclusion, groups, "192.0.2.1");
	assert_string_equal(group_name(group), "google");
	assert_ptr_equal(conclusion_group(conclusion, groups, "192.0.2.1"), group);
	assert_ptr_equal(conclusion_of(&answer, rules), conclusion);
	assert_ptr_equal(conclusion->rule, &rules->rules[0]);
	conclusion = conclusion_of(&answer, again);
	assert_ptr_equal(conclusion->rule, &again->rules[0]);
	assert_int_equal(groups_count(groups), 0); /* the old one's is back */
	group = conclusion_group(conclusion, groups, "192.0.2.2");
	assert_int_equal(groups_count(groups), 1);
	mx_entry_release(&entry);
	mx_rules_release(&again);
}

static const struct row {
	const char *label, *host, *rule, *group; /* rule NULL: none */
} rows[] = {
	{ "provider", "mx.google.test", "google", "google" },
	{ "site", "mx.foo.test", "default", "default/mx.foo.test" },
	{ "per group", "mx.all.test", "all", "all" },
	{ "none", "mx.example", NULL, NULL },
};

static void
concludes(void **state)
{
	(void)state;
	for (const struct row *row = rows; row < rows + COUNT(rows); row++) {
		struct mx_entry *entry = entry_of(row->host);
		struct conclusion *conclusion;
		struct mx_answer answer;
		struct group *group;

		mx_entry_answer(entry, 0, &answer);
		conclusion = conclusion_of(&answer, rules);
		group = conclusion_group(conclusion, groups, "192.0.2.1");
		if (row->rule == NULL) {
			assert_null(conclusion->rule);
			assert_null(conclusion->name);
			assert_null(group);
		} else {
			assert_string_equal(conclusion->rule->name, row->rule);
			assert_string_equal(conclusion->name, row->group);
			assert_string_equal(group_name(group), row->group);
		}
		mx_entry_release(&entry);
	}
}

static void
on_paces(void *arg)
{
	(void)arg;
}

/* Those of paces_limits(), also after a change, and for other rules. */
static void
keeps_limits(void **state)
{
	struct conf_errors errors = { 0 };
	struct settings *settings = settings_parse("", "test", &errors);
	struct settings *slow = settings_parse("level = \"slow\";", "test", &errors);
	struct paces *paces = paces_new(base, store, settings, on_paces, NULL);
	struct mx_entry *entry = entry_of("mx.google.test");
	struct mx_rules *again = load();
	struct conclusion *conclusion;
	struct mx_answer answer;
	const struct mx_limits *limits;

	(void)state;
	mx_entry_answer(entry, 0, &answer);
	conclusion = conclusion_of(&answer, rules);
	limits = conclusion_limits(conclusion, paces, rules, "192.0.2.1");
	assert_int_equal(limits->level, LEVEL_NORMAL);
	assert_ptr_equal(limits,
	    paces_limits(paces, rules, &rules->rules[0], "google", "192.0.2.1"));
	assert_ptr_equal(conclusion_limits(conclusion, paces, rules, "192.0.2.1"), limits);
	paces_rebind(paces, store, slow);
	limits = conclusion_limits(conclusion, paces, rules, "192.0.2.1");
	assert_int_equal(limits->level, LEVEL_SLOW);
	conclusion = conclusion_of(&answer, again);
	assert_ptr_equal(conclusion_limits(conclusion, paces, again, "192.0.2.1"),
	    paces_limits(paces, again, &again->rules[0], "google", "192.0.2.1"));
	assert_ptr_not_equal(conclusion->limits, limits);
	mx_entry_release(&entry);
	mx_rules_release(&again);
	paces_free(&paces);
	settings_release(&settings);
	settings_release(&slow);
	conf_errors_free(&errors);
}

static void
concludes_nothing_without_hosts(void **state)
{
	struct mx_entry *entry = mx_entry_new("d.test", MX_FAILED, NULL, "timeout", 100000);
	struct mx_answer answer;

	(void)state;
	mx_entry_answer(entry, 0, &answer);
	assert_null(conclusion_of(&answer, rules));
	mx_entry_release(&entry);
}

static void
tells_once(void **state)
{
	struct mx_entry *entry = entry_of("mx.google.test"), *literal = entry_of("[192.0.2.5]");
	struct mx_rules *again = load();
	struct mx_answer answer;

	(void)state;
	str_empty(&redis.commands);
	mx_entry_answer(literal, 0, &answer);
	conclusion_tell(conclusion_of(&answer, rules), "[192.0.2.5]", &answer, store);
	mx_entry_answer(entry, 0, &answer);
	for (int i = 0; i < 3; i++)
		conclusion_tell(conclusion_of(&answer, i < 2 ? rules : again), "d.test", &answer,
		    store);
	WAIT_FOR(base, fake_has(&redis, "mxpace:mx:d.test"));
	mx_entry_release(&entry);
	entry = entry_of("mx.google.test"); /* asked of DNS again */
	mx_entry_answer(entry, 0, &answer);
	conclusion_tell(conclusion_of(&answer, rules), "d.test", &answer, store);
	WAIT_FOR(base, fake_count(&redis, "mxpace:mx:") >= 2);
	assert_int_equal(fake_count(&redis, "mxpace:mx:d.test"), 2);
	mx_entry_release(&entry);
	mx_entry_release(&literal);
	mx_rules_release(&again);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, take_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(concludes_once_for_each_set_of_rules),
		TEST(concludes),
		TEST(keeps_limits),
		TEST(concludes_nothing_without_hosts),
		TEST(tells_once),
	};

	return cmocka_run_group_tests_name("conclusion", tests, NULL, NULL);
}
