/* pace: which level holds where, and who said so. */
#include "check.h"
#include "pace.h"

/* -- what Redis has ---------------------------------------------------------------------------- */

static const struct field_row {
	const char *label, *field, *value;
	bool good;
	enum pace_scope scope;
	const char *name;
	enum level level;
	int64_t since_s;
	const char *by;
} field_rows[] = {
	{ "all", "all", "fast since 1793427293 by operator ann", true, PACE_ALL, "", LEVEL_FAST,
	    1793427293, "operator ann" },
	{ "an IP", "ip:192.0.2.1", "slow since 5 by x", true, PACE_IP, "192.0.2.1", LEVEL_SLOW, 5,
	    "x" },
	{ "IPv6", "ip:2001:db8::1", "slow", true, PACE_IP, "2001:db8::1", LEVEL_SLOW, 0, "" },
	{ "a pool with odd bytes", "pool:a%20%7Bb%7D", "boost", true, PACE_POOL, "a {b}",
	    LEVEL_BOOST, 0, "" },
	{ "a rule, the level alone", "rule:google", "very_fast", true, PACE_RULE, "google",
	    LEVEL_VERY_FAST, 0, "" },
	{ "no such scope", "node:a", "fast", false, 0, NULL, LEVEL_NONE, 0, NULL },
	{ "all has no name", "all:x", "fast", false, 0, NULL, LEVEL_NONE, 0, NULL },
	{ "others have", "ip", "fast", false, 0, NULL, LEVEL_NONE, 0, NULL },
	{ "no such level", "all", "faster", false, 0, NULL, LEVEL_NONE, 0, NULL },
	{ "custom is not set", "all", "custom", false, 0, NULL, LEVEL_NONE, 0, NULL },
	{ "nothing", "all", "", false, 0, NULL, LEVEL_NONE, 0, NULL },
	{ "bad encoding", "pool:%zz", "fast", false, 0, NULL, LEVEL_NONE, 0, NULL },
	{ "since is no number", "all", "fast since x by y", true, PACE_ALL, "", LEVEL_FAST, 0,
	    "y" },
};

static void
reads_a_field(void **state)
{
	const struct field_row *row = *state;
	struct str field = { 0 };
	struct pace_set set;
	struct arena arena;

	arena_init(&arena);
	assert_int_equal(pace_set_parse(&arena, span_of(row->field), span_of(row->value), &set),
	    row->good);
	if (row->good) {
		assert_int_equal(set.scope, row->scope);
		assert_string_equal(set.name, row->name);
		assert_int_equal(set.level, row->level);
		assert_int_equal(set.since_s, row->since_s);
		assert_string_equal(set.by, row->by);
		pace_field(&field, set.scope, set.name);
		assert_string_equal(str_text(&field), row->field);
	}
	str_free(&field);
	arena_clear(&arena);
}

/* -- what holds -------------------------------------------------------------------------------- */

#define POOLS                                                                                  \
	"pools = ( { name = \"a\"; senders = \"a@*\"; ips = [ \"192.0.2.1\" ]; },\n"           \
	"          { name = \"b\"; senders = \"*\"; ips = [ \"192.0.2.1\", \"192.0.2.2\" ];\n" \
	"            level = \"slow\"; } );\n"

static const struct pace_row {
	const char *label;
	const char *conf; /* beside three sending IPs, of which the third has a level: "boost" */
	const char *set[3][2];
	const char *rule; /* keys of the rule */
	const char *ip;
	enum level level;
	enum pace_scope scope;
	enum pace_source source;
} pace_rows[] = {
	{ "nothing said", "", { { NULL } }, "", "192.0.2.1", LEVEL_NORMAL, PACE_ALL,
	    PACE_CONFIGURED },
	{ "configured for all", "level = \"fast\";", { { NULL } }, "", "192.0.2.1", LEVEL_FAST,
	    PACE_ALL, PACE_CONFIGURED },
	{ "set for all", "level = \"fast\";", { { "all", "slow" } }, "", "192.0.2.1", LEVEL_SLOW,
	    PACE_ALL, PACE_SET },
	{ "configured for the IP", "level = \"fast\";", { { "all", "slow" } }, "", "192.0.2.3",
	    LEVEL_BOOST, PACE_IP, PACE_CONFIGURED },
	{ "set for the IP", "", { { "ip:192.0.2.3", "slow" } }, "", "192.0.2.3", LEVEL_SLOW,
	    PACE_IP, PACE_SET },
	{ "set for another IP", "", { { "ip:192.0.2.2", "slow" } }, "", "192.0.2.1", LEVEL_NORMAL,
	    PACE_ALL, PACE_CONFIGURED },
	{ "the first pool that says one", POOLS, { { NULL } }, "", "192.0.2.1", LEVEL_SLOW,
	    PACE_POOL, PACE_CONFIGURED },
	{ "set for the first pool", POOLS, { { "pool:a", "fast" } }, "", "192.0.2.1", LEVEL_FAST,
	    PACE_POOL, PACE_SET },
	{ "which the other IP is not of", POOLS, { { "pool:a", "fast" } }, "", "192.0.2.2",
	    LEVEL_SLOW, PACE_POOL, PACE_CONFIGURED },
	{ "an IP goes before its pool", POOLS, { { "ip:192.0.2.1", "fast" } }, "", "192.0.2.1",
	    LEVEL_FAST, PACE_IP, PACE_SET },
	{ "the rule's own before all", POOLS,
	    { { "ip:192.0.2.1", "fast" }, { "all", "slow" }, { "pool:a", "slow" } },
	    "level = \"very_fast\";", "192.0.2.1", LEVEL_VERY_FAST, PACE_RULE, PACE_IN_RULE },
	{ "set for the rule", "", { { "rule:r", "slow" } }, "level = \"very_fast\";", "192.0.2.1",
	    LEVEL_SLOW, PACE_RULE, PACE_SET },
	{ "a custom rule", "level = \"fast\";", { { NULL } }, "level = \"custom\";", "192.0.2.1",
	    LEVEL_CUSTOM, PACE_RULE, PACE_IN_RULE },
	{ "counted together: of all", POOLS,
	    { { "ip:192.0.2.3", "slow" }, { "pool:b", "slow" }, { "all", "fast" } },
	    "per = \"group\";", "192.0.2.3", LEVEL_FAST, PACE_ALL, PACE_SET },
	{ "counted together: of the rule", "", { { "rule:r", "slow" } }, "per = \"group\";", "all",
	    LEVEL_SLOW, PACE_RULE, PACE_SET },
	{ "no IP in particular", POOLS, { { "all", "fast" } }, "", NULL, LEVEL_FAST, PACE_ALL,
	    PACE_SET },
	{ "custom stands whatever is set for all", "level = \"custom\";", { { "all", "fast" } }, "",
	    "192.0.2.1", LEVEL_CUSTOM, PACE_ALL, PACE_CONFIGURED },
	{ "an IP may still be slow then", "level = \"custom\";", { { "ip:192.0.2.1", "slow" } }, "",
	    "192.0.2.1", LEVEL_SLOW, PACE_IP, PACE_SET },
};

static void
holds(void **state)
{
	const struct pace_row *row = *state;
	struct conf_errors errors = { { 0 }, 0 };
	struct str conf = { 0 }, text = { 0 };
	struct pace_set items[COUNT(row->set)];
	struct pace_sets sets = { items, 0 };
	struct settings *settings;
	struct mx_rules *rules;
	struct arena arena;
	struct pace pace;

	arena_init(&arena);
	str_addf(&conf,
	    "sending_ips = ( { name = \"192.0.2.1\"; }, { name = \"192.0.2.2\"; },\n"
	    "  { name = \"192.0.2.3\"; level = \"boost\"; } );\n%s",
	    row->conf);
	str_addf(&text, "mx_rules = ( { name = \"r\"; mx = \"*\"; %s } );", row->rule);
	settings = settings_parse(str_text(&conf), "t", &errors);
	rules = mx_rules_parse(str_text(&text), "r", &errors);
	assert_string_equal(str_text(&errors.lines), "");
	for (size_t i = 0; i < COUNT(row->set) && row->set[i][0] != NULL; i++)
		assert_true(pace_set_parse(&arena, span_of(row->set[i][0]), span_of(row->set[i][1]),
		    &items[sets.count++]));
	pace_of(settings, &sets, &rules->rules[0], row->ip, &pace);
	assert_string_equal(level_names[pace.level], level_names[row->level]);
	assert_string_equal(pace_scope_names[pace.scope], pace_scope_names[row->scope]);
	assert_string_equal(pace_source_names[pace.source], pace_source_names[row->source]);
	assert_int_equal(pace.set != NULL, row->source == PACE_SET);
	mx_rules_release(&rules);
	settings_release(&settings);
	str_free(&conf);
	str_free(&text);
	conf_errors_free(&errors);
	arena_clear(&arena);
}

static void
of_a_pool(void **state)
{
	struct conf_errors errors = { { 0 }, 0 };
	struct settings *settings = settings_parse(
	    "sending_ips = ( { name = \"192.0.2.1\"; }, { name = \"192.0.2.2\"; } );\n" POOLS, "t",
	    &errors);
	struct pace_set set = { PACE_POOL, "a", LEVEL_FAST, 0, "" };
	const struct pace_sets none = { NULL, 0 }, sets = { &set, 1 };
	struct pace pace;

	(void)state;
	assert_non_null(settings);
	pace_of_pool(settings, &none, &settings->pools[0], &pace);
	assert_int_equal(pace.level, LEVEL_NORMAL);
	pace_of_pool(settings, &sets, &settings->pools[0], &pace);
	assert_int_equal(pace.level, LEVEL_FAST);
	assert_ptr_equal(pace.set, &set);
	pace_of_pool(settings, &sets, &settings->pools[1], &pace);
	assert_int_equal(pace.level, LEVEL_SLOW);
	settings_release(&settings);
	conf_errors_free(&errors);
}

int
main(void)
{
	struct check_list list = { 0 };

	CHECK_ROWS(&list, reads_a_field, field_rows);
	CHECK_ROWS(&list, holds, pace_rows);
	CHECK(&list, of_a_pool);
	return check_run(&list, "pace");
}
