/* mx_limits: what a rule comes to at each level, within published maxima. */
#include "check.h"
#include "mx_limits.h"

#include "str.h"

static const struct row {
	const char *label;
	const char *keys; /* of the rule */
	enum level level;
	int64_t day_cap;
	const char *want; /* connections, messages per connection, per hour; limits */
} rows[] = {
	{ "normal is the rule as written",
	    "connections = 5; messages_per_connection = 50; messages_per_hour = 1200;",
	    LEVEL_NORMAL, 0, "5 50 1200: 100/5m 1200/1h" },
	{ "no level is normal", "connections = 5;", LEVEL_NONE, 0, "5 0 0:" },
	{ "slow", "connections = 5; messages_per_connection = 50; messages_per_hour = 1200;",
	    LEVEL_SLOW, 0, "2 25 300: 25/5m 300/1h" },
	{ "fast", "connections = 4; messages_per_connection = 50; messages_per_hour = 1200;",
	    LEVEL_FAST, 0, "6 50 2400: 200/5m 2400/1h" },
	{ "very fast", "connections = 4; messages_per_hour = 1200;", LEVEL_VERY_FAST, 0,
	    "8 0 4800: 400/5m 4800/1h" },
	{ "boost", "connections = 4; messages_per_hour = 1200;", LEVEL_BOOST, 0,
	    "16 0 12000: 1000/5m 12000/1h" },
	{ "rounded down", "connections = 3; messages_per_connection = 7; limits = \"30/1m\";",
	    LEVEL_SLOW, 0, "1 3 0: 7/1m" },
	{ "never below one", "connections = 1; messages_per_connection = 1; limits = \"1/1m\";",
	    LEVEL_SLOW, 0, "1 1 0: 1/1m" },
	{ "one connection stays one until two are due", "connections = 1;", LEVEL_FAST, 0,
	    "1 0 0:" },
	{ "no limit stays none", "", LEVEL_SLOW, 0, "0 0 0:" },
	{ "no limit stays none within a maximum",
	    "max_connections = 5; max_messages_per_connection = 5; max_messages_per_hour = 5;",
	    LEVEL_BOOST, 0, "0 0 0:" },
	{ "never beyond what is published",
	    "connections = 4; messages_per_connection = 50; messages_per_hour = 1200;\n"
	    "max_connections = 10; max_messages_per_connection = 50; max_messages_per_hour = 6000;",
	    LEVEL_BOOST, 0, "10 50 6000: 500/5m 6000/1h" },
	{ "nor in the rule itself", "connections = 20; max_connections = 10;", LEVEL_NORMAL, 0,
	    "10 0 0:" },
	{ "custom is exactly as written",
	    "connections = 20; messages_per_connection = 9; messages_per_hour = 1200;\n"
	    "max_connections = 10; max_messages_per_connection = 5; max_messages_per_hour = 600;",
	    LEVEL_CUSTOM, 0, "20 9 1200: 100/5m 1200/1h" },
	{ "further limits by the rate", "limits = [ \"20/10s\", \"20000/1d\" ];", LEVEL_FAST, 0,
	    "0 0 0: 40/10s 40000/1d" },
	{ "an hour's maximum is no minute's",
	    "limits = [ \"200/1m\" ]; messages_per_hour = 1200; max_messages_per_hour = 2000;",
	    LEVEL_BOOST, 0, "0 0 2000: 2000/1m 167/5m 2000/1h" },
	{ "a further limit of an hour within it",
	    "limits = [ \"1000/1h\" ]; max_messages_per_hour = 1500;", LEVEL_BOOST, 0,
	    "0 0 0: 1500/1h" },
	{ "where only other periods are limited it is a limit itself",
	    "limits = [ \"200/1m\" ]; max_messages_per_hour = 5000;", LEVEL_FAST, 0,
	    "0 0 0: 400/1m 5000/1h" },
	{ "burst", "messages_per_hour = 1200; burst = true;", LEVEL_FAST, 0, "0 0 2400: 2400/1h" },
	{ "too few for a share", "messages_per_hour = 40;", LEVEL_SLOW, 0, "0 0 10: 10/1h" },
	{ "enough for one at a faster level", "messages_per_hour = 10;", LEVEL_BOOST, 0,
	    "0 0 100: 9/5m 100/1h" },
	{ "a day's cap", "messages_per_hour = 1200;", LEVEL_NORMAL, 500,
	    "0 0 1200: 100/5m 1200/1h 500/1d" },
	{ "a day's cap below the rule's own", "limits = \"1000/1d\";", LEVEL_NORMAL, 500,
	    "0 0 0: 500/1d" },
	{ "a day's cap above it", "limits = \"100/1d\";", LEVEL_NORMAL, 500, "0 0 0: 100/1d" },
	{ "a day's cap where nothing else limits", "", LEVEL_SLOW, 500, "0 0 0: 500/1d" },
	{ "most periods",
	    "messages_per_hour = 11; limits = [ \"10/1s\", \"20/2s\", \"30/3s\", \"40/4s\",\n"
	    "\"50/5s\", \"60/6s\", \"70/7s\" ];",
	    LEVEL_FAST, 500,
	    "0 0 22: 20/1s 40/2s 60/3s 80/4s 100/5s 120/6s 140/7s 2/5m 22/1h 500/1d" },
};

static struct mx_rules *
rules_of(const char *keys)
{
	struct conf_errors errors = { { 0 }, 0 };
	struct str text = { 0 };
	struct mx_rules *rules;

	str_addf(&text, "mx_rules = ( { name = \"r\"; mx = \"*\"; %s } );", keys);
	rules = mx_rules_parse(str_text(&text), "t.conf", &errors);
	if (rules == NULL)
		fail_msg("%s", str_text(&errors.lines));
	conf_errors_free(&errors);
	str_free(&text);
	return rules;
}

static void
comes_to(void **state)
{
	const struct row *row = *state;
	struct mx_rules *rules = rules_of(row->keys);
	char one[LIMIT_TEXT_SIZE];
	struct mx_limits limits;
	struct str got = { 0 };

	mx_limits_at(&rules->rules[0], row->level, level_factors_default, row->day_cap, &limits);
	str_addf(&got, "%lld %lld %lld:", (long long)limits.connections,
	    (long long)limits.messages_per_connection, (long long)limits.messages_per_hour);
	for (size_t i = 0; i < limits.limit_count; i++)
		str_addf(&got, " %s", limit_format(&limits.limits[i], one));
	assert_string_equal(str_text(&got), row->want);
	assert_int_equal(limits.level, row->level == LEVEL_NONE ? LEVEL_NORMAL : row->level);
	assert_int_equal(limits.day_cap, row->day_cap);
	str_free(&got);
	mx_rules_release(&rules);
}

/* Configured factors, not those we ship. */
static void
scales_by_the_given_factors(void **state)
{
	struct mx_rules *rules = rules_of("connections = 10; messages_per_hour = 10;");
	const struct level_factors factors[LEVELS] = {
		[LEVEL_FAST] = { 3, 1, 0.3 },
	};
	struct mx_limits limits;

	(void)state;
	mx_limits_at(&rules->rules[0], LEVEL_FAST, factors, 0, &limits);
	assert_int_equal(limits.connections, 30);
	assert_int_equal(limits.messages_per_hour, 3); /* 10 * 0.3 is 2.9999... in doubles */
	mx_rules_release(&rules);
}

/* -- what follows ------------------------------------------------------------------------------ */

static const struct hour_row {
	const char *label, *keys;
	int64_t want;
	const char *least;
	bool any;
} hour_rows[] = {
	{ "no limit", "", 0, NULL, false },
	{ "connections alone", "connections = 5;", 0, NULL, true },
	{ "by the hour", "messages_per_hour = 1200;", 1200, "100/5m", true },
	{ "the least of several", "messages_per_hour = 1200; limits = [ \"10/1m\", \"1000/1d\" ];",
	    41, "1000/1d", true },
	{ "less than one", "limits = [ \"10/1d\" ];", 1, "10/1d", true },
};

static void
says_the_least(void **state)
{
	const struct hour_row *row = *state;
	struct mx_rules *rules = rules_of(row->keys);
	const struct limit *least;
	char text[LIMIT_TEXT_SIZE];
	struct mx_limits limits;

	mx_limits_at(&rules->rules[0], LEVEL_NORMAL, level_factors_default, 0, &limits);
	assert_int_equal(mx_limits_per_hour(&limits), row->want);
	assert_int_equal(mx_limits_any(&limits), row->any);
	least = mx_limits_least(&limits);
	assert_int_equal(least != NULL, row->least != NULL);
	if (least != NULL)
		assert_string_equal(limit_format(least, text), row->least);
	mx_rules_release(&rules);
}

/* -- levels ------------------------------------------------------------------------------------ */

static const struct lower_row {
	const char *label;
	enum level a, b, want;
} lower_rows[] = {
	{ "the first", LEVEL_SLOW, LEVEL_FAST, LEVEL_SLOW },
	{ "the second", LEVEL_BOOST, LEVEL_NORMAL, LEVEL_NORMAL },
	{ "custom is as fast as normal", LEVEL_CUSTOM, LEVEL_NORMAL, LEVEL_CUSTOM },
	{ "slower than custom", LEVEL_CUSTOM, LEVEL_SLOW, LEVEL_SLOW },
	{ "custom below fast", LEVEL_FAST, LEVEL_CUSTOM, LEVEL_CUSTOM },
};

static void
lower_of_two(void **state)
{
	const struct lower_row *row = *state;

	assert_int_equal(level_lower(row->a, row->b), row->want);
}

static void
copies_what_is_filled(void **state)
{
	const struct mx_limits from = { .level = LEVEL_SLOW,
		.generation = 7,
		.connections = 3,
		.limit_count = 2,
		.limits = { { .count = 1 }, { .count = 2 }, { .count = 3 } } };
	struct mx_limits to = { .limits = { [2] = { .count = 9 } } };

	(void)state;
	mx_limits_copy(&to, &from);
	assert_int_equal(to.level, LEVEL_SLOW);
	assert_int_equal(to.generation, 7);
	assert_int_equal(to.connections, 3);
	assert_int_equal(to.limit_count, 2);
	assert_int_equal(to.limits[1].count, 2);
	assert_int_equal(to.limits[2].count, 9); /* not touched */
}

static void
levels_have_names(void **state)
{
	(void)state;
	assert_int_equal(level_of(SPAN("very_fast")), LEVEL_VERY_FAST);
	assert_int_equal(level_of(SPAN("custom")), LEVEL_CUSTOM);
	assert_int_equal(level_of(SPAN("fas")), LEVEL_NONE);
	assert_int_equal(level_of(SPAN("")), LEVEL_NONE);
}

int
main(void)
{
	struct check_list list = { 0 };

	CHECK_ROWS(&list, comes_to, rows);
	CHECK_ROWS(&list, says_the_least, hour_rows);
	CHECK_ROWS(&list, lower_of_two, lower_rows);
	CHECK(&list, scales_by_the_given_factors);
	CHECK(&list, copies_what_is_filled);
	CHECK(&list, levels_have_names);
	return check_run(&list, "mx_limits");
}
