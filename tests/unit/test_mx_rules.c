#include <unistd.h>

#include "check.h"
#include "mx_limits.h"
#include "mx_rules.h"
#include "pattern.h"
#include "rules_version.h"

static struct mx_rules *
parsed(const char *text)
{
	struct conf_errors errors = { { 0 }, 0 };
	struct mx_rules *rules = mx_rules_parse(text, "r.conf", &errors);

	if (rules == NULL)
		fail_msg("%s", str_text(&errors.lines));
	conf_errors_free(&errors);
	return rules;
}

static const char providers[] =
    "mx_rules = (\n"
    "  { name = \"google\"; mx = [ \"*.google.com\", \"*.googlemail.com\" ]; connections = 5;\n"
    "    messages_per_connection = 50; messages_per_hour = 10000; limits = [ \"200/1m\" ];\n"
    "    sample_mx = \"gmail-smtp-in.l.google.com\"; origin = \"measured\";\n"
    "    backoff = ( { match = \"4\\\\.7\\\\.28\"; sample = \"421-4.7.28 unusual rate\";\n"
    "      after = \"2/1h\"; action = \"reduce\"; factor = 0.25; min = 10; for = \"45m\"; } ); },\n"
    "  { name = \"mimecast\"; mx = \"*.mimecast.com\"; scope = \"site\"; per = \"group\"; },\n"
    "  { name = \"default\"; mx = [ \"*\" ]; scope = \"site\"; messages_per_hour = 1000; burst = true; } );";

static void
values(void **state)
{
	struct mx_rules *rules = parsed(providers);
	const struct mx_rule *r = mx_rules_named(rules, SPAN("google"));
	const struct backoff_rule *b;

	(void)state;
	assert_int_equal(rules->count, 3);
	assert_ptr_equal(r, &rules->rules[0]);
	assert_int_equal(r->mx.count, 2);
	assert_int_equal(r->scope, MX_SCOPE_PROVIDER);
	assert_int_equal(r->per, MX_PER_IP);
	assert_int_equal(r->connections, 5);
	assert_int_equal(r->messages_per_connection, 50);
	assert_int_equal(r->messages_per_hour, 10000);
	assert_false(r->burst);
	assert_string_equal(r->origin, "measured");
	assert_string_equal(r->sample_mx.items[0], "gmail-smtp-in.l.google.com");
	assert_string_equal(r->file, "r.conf");
	assert_int_equal(r->line, 2);
	assert_int_equal(r->backoff_count, 1);
	b = &r->backoff[0];
	assert_non_null(b->match);
	assert_int_equal(b->after.count, 2);
	assert_string_equal(b->after.period, "1h");
	assert_int_equal(b->action, BACKOFF_REDUCE);
	assert_true(b->factor == 0.25);
	assert_int_equal(b->min, 10);
	assert_int_equal(b->for_ms, 45 * 60000);
	r = mx_rules_named(rules, SPAN("mimecast"));
	assert_int_equal(r->scope, MX_SCOPE_SITE);
	assert_int_equal(r->per, MX_PER_GROUP);
	assert_int_equal(r->connections, 0);
	assert_int_equal(r->limit_count, 0);
	assert_null(mx_rules_named(rules, SPAN("googl")));
	assert_null(mx_rules_named(rules, SPAN("Google")));
	mx_rules_release(&rules);
	assert_null(rules);
	mx_rules_release(&rules);
}

static void
generations_and_references(void **state)
{
	struct mx_rules *a = parsed(providers), *b = parsed(providers), *held = mx_rules_hold(a);

	(void)state;
	assert_int_not_equal(a->generation, b->generation);
	mx_rules_release(&a);
	assert_int_equal(held->count, 3);
	mx_rules_release(&held);
	mx_rules_release(&b);
}

/* -- limits ---------------------------------------------------------------------------------- */

static const struct limits_row {
	const char *label, *keys;
	const char *want; /* as enforced, shortest period first */
} limits_rows[] = {
	{ "none", "", "" },
	{ "hourly and its share", "messages_per_hour = 1000;", "84/5m 1000/1h" },
	{ "share divides evenly", "messages_per_hour = 1200;", "100/5m 1200/1h" },
	{ "12 an hour: one per 5 minutes", "messages_per_hour = 12;", "1/5m 12/1h" },
	{ "below 12: no share", "messages_per_hour = 11;", "11/1h" },
	{ "burst: no share", "messages_per_hour = 1000; burst = true;", "1000/1h" },
	{ "sorted by period", "limits = [ \"9/1d\", \"1/1s\", \"5/1m\" ];", "1/1s 5/1m 9/1d" },
	{ "together", "messages_per_hour = 1200; limits = [ \"20/10s\", \"9000/1d\" ];",
	    "20/10s 100/5m 1200/1h 9000/1d" },
	{ "one period, lower wins", "limits = [ \"5/1m\", \"3/60s\", \"4/1m\" ];", "3/1m" },
	{ "own 5 minutes lower than the share", "messages_per_hour = 1200; limits = [ \"50/5m\" ];",
	    "50/5m 1200/1h" },
	{ "own 5 minutes higher than the share",
	    "messages_per_hour = 1200; limits = [ \"500/5m\" ];", "100/5m 1200/1h" },
	{ "own hour lower", "messages_per_hour = 1200; limits = [ \"600/1h\" ];", "100/5m 600/1h" },
	{ "one string", "limits = \"5/10s\";", "5/10s" },
	{ "eight periods",
	    "limits = [ \"1/1s\", \"1/2s\", \"1/3s\", \"1/4s\", \"1/5s\", \"1/6s\", \"1/7s\", \"1/8s\" ];",
	    "1/1s 1/2s 1/3s 1/4s 1/5s 1/6s 1/7s 1/8s" },
};

static void
limits(void **state)
{
	const struct limits_row *row = *state;
	struct str text = { 0 }, got = { 0 };
	char one[LIMIT_TEXT_SIZE];
	struct mx_limits all;
	struct mx_rules *rules;

	str_addf(&text, "mx_rules = ( { name = \"r\"; mx = \"*\"; %s } );", row->keys);
	rules = parsed(str_text(&text));
	mx_limits_at(&rules->rules[0], LEVEL_NORMAL, level_factors_default, 0, &all);
	for (size_t i = 0; i < all.limit_count; i++)
		str_addf(&got, "%s%s", i > 0 ? " " : "", limit_format(&all.limits[i], one));
	assert_string_equal(str_text(&got), row->want);
	mx_rules_release(&rules);
	str_free(&text);
	str_free(&got);
}

/* -- matching -------------------------------------------------------------------------------- */

static const struct match_row {
	const char *label, *set, *rule, *group; /* rule NULL: none matches */
} match_rows[] = {
	{ "one host", "5 gmail-smtp-in.l.google.com", "google", "google" },
	{ "all hosts, different masks", "5 a.google.com 10 b.googlemail.com", "google", "google" },
	{ "mixed providers fall to the default", "5 a.google.com 10 mx.foo.test", "default",
	    "default/a.google.com+1-" },
	{ "backup of another counts too", "5 a.google.com 90 mx.google.com.evil.test", "default",
	    "default/a.google.com+1-" },
	{ "site scope, one host", "5 eu.mimecast.com", "mimecast", "mimecast/eu.mimecast.com" },
	{ "site scope, another host", "5 us.mimecast.com", "mimecast", "mimecast/us.mimecast.com" },
	{ "the name itself is not below it", "5 google.com", "default", "default/google.com" },
};

static void
matches(void **state)
{
	const struct match_row *row = *state;
	struct mx_rules *rules = parsed(providers);
	struct mx_set *set = mx_set_parse(span_of(row->set));
	const struct mx_rule *rule = mx_rules_match(rules, set);
	char group[MX_GROUP_SIZE];

	assert_non_null(rule);
	assert_string_equal(rule->name, row->rule);
	mx_rule_group(rule, set, group);
	if (row->group[strlen(row->group) - 1] == '-')
		assert_int_equal(strncmp(group, row->group, strlen(row->group)), 0);
	else
		assert_string_equal(group, row->group);
	assert_ptr_equal(mx_rules_of_group(rules, group), rule);
	mx_set_free(&set);
	mx_rules_release(&rules);
}

static void
nothing_matches(void **state)
{
	struct mx_rules *rules = parsed("mx_rules = ( { name = \"a\"; mx = \"*.a.test\"; } );");
	struct mx_set *other = mx_set_parse(SPAN("5 mx.b.test")), *empty = mx_set_new(NULL, 0);

	(void)state;
	assert_null(mx_rules_match(rules, other));
	assert_null(mx_rules_match(rules, empty));
	assert_null(mx_rules_of_group(rules, "b"));
	assert_null(mx_rules_of_group(rules, ""));
	assert_null(mx_rules_of_group(rules, "ab"));
	assert_non_null(mx_rules_of_group(rules, "a/anything/else"));
	mx_set_free(&other);
	mx_set_free(&empty);
	mx_rules_release(&rules);
}

/* The first rule in the file wins, not the narrowest. */
static void
order_decides(void **state)
{
	struct mx_rules *rules = parsed("mx_rules = ( { name = \"all\"; mx = \"*\"; },\n"
					"{ name = \"a\"; mx = \"*.a.test\"; } );");
	struct mx_set *set = mx_set_parse(SPAN("5 mx.a.test"));

	(void)state;
	assert_string_equal(mx_rules_match(rules, set)->name, "all");
	mx_set_free(&set);
	mx_rules_release(&rules);
}

/* The hourly limit brings its 5-minute share along, unless burst. */
static const struct hour_row {
	const char *label, *keys;
	int64_t want;
} hour_rows[] = {
	{ "no limit", "", 0 },
	{ "connections alone", "connections = 5;", 0 },
	{ "by the hour", "messages_per_hour = 1200;", 1200 },
	{ "the least of several", "messages_per_hour = 1200; limits = [ \"10/1m\", \"1000/1d\" ];",
	    41 },
	{ "less than one", "limits = [ \"10/1d\" ];", 1 },
};

static void
per_hour(void **state)
{
	const struct hour_row *row = *state;
	struct conf_errors errors = { 0 };
	struct str text = { 0 };
	struct mx_limits all;
	struct mx_rules *rules;

	str_addf(&text, "mx_rules = ( { name = \"a\"; mx = \"*\"; %s } );", row->keys);
	rules = mx_rules_parse(str_text(&text), "t.conf", &errors);
	assert_non_null(rules);
	mx_limits_at(&rules->rules[0], LEVEL_NORMAL, level_factors_default, 0, &all);
	assert_int_equal(mx_limits_per_hour(&all), row->want);
	mx_rules_release(&rules);
	conf_errors_free(&errors);
	str_free(&text);
}

static void
longest_group_fits(void **state)
{
	char name[64], text[256], host[DOMAIN_SIZE], *group = malloc(MX_GROUP_SIZE);
	struct mx_host hosts[2] = { { 0, host }, { 1, "b.test" } };
	struct mx_set *set;
	struct mx_rules *rules;

	(void)state;
	memset(name, 'n', 63);
	name[63] = '\0';
	memset(host, 'a', DOMAIN_MAX);
	host[DOMAIN_MAX] = '\0';
	snprintf(text, sizeof(text),
	    "mx_rules = ( { name = \"%s\"; mx = \"*\"; scope = \"site\"; } );", name);
	rules = parsed(text);
	set = mx_set_new(hosts, 2);
	mx_rule_group(&rules->rules[0], set, group);
	assert_int_equal(strlen(group), 63 + 1 + DOMAIN_MAX + strlen("+1-00000000"));
	mx_set_free(&set);
	mx_rules_release(&rules);
	free(group);
}

/* -- mistakes -------------------------------------------------------------------------------- */

#define RULE(keys) "mx_rules = ( {\nname = \"r\"; mx = \"*\";\n" keys " } );"

static const struct mistake_row {
	const char *label, *text, *want;
} mistake_rows[] = {
	{ "empty", "",
	    "r.conf:0: mx_rules: must be a list of at most 1000 groups: ( { name = ...; }, ... )\n" },
	{ "no list", "\nmx_rules = { };",
	    "r.conf:2: mx_rules: must be a list of at most 1000 groups: ( { name = ...; }, ... )\n" },
	{ "other key beside", "mx_rules = ( );\nversions = 1;",
	    "r.conf:2: versions: unknown key\n" },
	{ "no group", "mx_rules = ( 5 );",
	    "r.conf:1: name: rule 1 needs a name of letters, digits, '.', '_' and '-'\n" },
	{ "no name", "mx_rules = ( { mx = \"*\"; } );",
	    "r.conf:1: name: rule 1 needs a name of letters, digits, '.', '_' and '-'\n" },
	{ "empty name", "mx_rules = ( { name = \"\"; mx = \"*\"; } );",
	    "r.conf:1: name: rule 1 needs a name of letters, digits, '.', '_' and '-'\n" },
	{ "name with a slash", "mx_rules = ( { name = \"a/b\"; mx = \"*\"; } );",
	    "r.conf:1: name: rule 1 needs a name of letters, digits, '.', '_' and '-'\n" },
	{ "name of 64",
	    "mx_rules = ( { name = "
	    "\"nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn\"; mx = \"*\"; } );",
	    "r.conf:1: name: rule 1 needs a name of letters, digits, '.', '_' and '-'\n" },
	{ "a name of ours", "mx_rules = ( { name = \"unknown\"; mx = \"*\"; } );",
	    "r.conf:1: name: \"unknown\" is what domains are called whose MX hosts are not known "
	    "yet\n" },
	{ "name no string", "mx_rules = ( { name = 5; mx = \"*\"; } );",
	    "r.conf:1: name: rule 1 needs a name of letters, digits, '.', '_' and '-'\n" },
	{ "name twice",
	    "mx_rules = ( { name = \"a\"; mx = \"*\"; },\n{ name = \"a\"; mx = \"*\"; } );",
	    "r.conf:2: name: \"a\" is also the rule of line 1\n" },
	{ "unknown key", RULE("conections = 5;"), "r.conf:3: r.conections: unknown key\n" },
	{ "no mask", "mx_rules = ( { name = \"r\"; } );",
	    "r.conf:1: r.mx: no mask: the rule can match nothing\n" },
	{ "empty list of masks", "mx_rules = ( { name = \"r\"; mx = [ ]; } );",
	    "r.conf:1: r.mx: no mask: the rule can match nothing\n" },
	{ "empty mask", "mx_rules = ( { name = \"r\"; mx = [ \"a\", \"\" ]; } );",
	    "r.conf:1: r.mx: an empty mask\n" },
	{ "masks no strings", "mx_rules = ( { name = \"r\"; mx = 5; } );",
	    "r.conf:1: r.mx: must be a list of strings: [ \"a\", \"b\" ]\n" },
	{ "scope", RULE("scope = \"domain\";"),
	    "r.conf:3: r.scope: \"domain\" is not one of \"provider\", \"site\"\n" },
	{ "per", RULE("per = \"host\";"),
	    "r.conf:3: r.per: \"host\" is not one of \"ip\", \"group\"\n" },
	{ "connections", RULE("connections = -1;"),
	    "r.conf:3: r.connections: -1 is not within 0 to 100000\n" },
	{ "messages_per_hour", RULE("messages_per_hour = \"5\";"),
	    "r.conf:3: r.messages_per_hour: must be a whole number\n" },
	{ "limit", RULE("limits = [ \"5/10s\", \"5 per hour\" ];"),
	    "r.conf:3: r.limits: \"5 per hour\" is not a limit such as \"20/10s\"\n" },
	{ "limit's period", RULE("limits = \"5/32d\";"),
	    "r.conf:3: r.limits: \"5/32d\": the period must be from 1s to 31d\n" },
	{ "limit's count", RULE("limits = \"0/1h\";"),
	    "r.conf:3: r.limits: \"0/1h\": the count must be from 1 to 1000000000\n" },
	{ "too many periods",
	    RULE(
		"limits = [ \"1/1s\", \"1/2s\", \"1/3s\", \"1/4s\", \"1/5s\", \"1/6s\", \"1/7s\", \"1/8s\", "
		"\"1/9s\" ];"),
	    "r.conf:3: r.limits: more than 8 different periods\n" },
	{ "too many with the hour",
	    RULE(
		"messages_per_hour = 100; limits = [ \"1/1s\", \"1/2s\", \"1/3s\", \"1/4s\", \"1/5s\", "
		"\"1/6s\", \"1/7s\" ];"),
	    "r.conf:3: r.limits: more than 8 different periods\n" },
	{ "backoff no list", RULE("backoff = { };"),
	    "r.conf:3: r.backoff: must be a list of groups: ( { ... }, { ... } )\n" },
	{ "backoff no group", RULE("backoff = ( 5 );"),
	    "r.conf:3: r.backoff: must be a group: { key = value; }\n" },
	{ "backoff without a pattern", RULE("backoff = ( { after = \"1/1h\"; } );"),
	    "r.conf:3: r.backoff.match: is missing\n" },
	{ "backoff with an empty pattern", RULE("backoff = ( {\nmatch = \"\"; } );"),
	    "r.conf:4: r.backoff.match: is missing\n" },
	{ "backoff pattern no string", RULE("backoff = ( { match = 5; } );"),
	    "r.conf:3: r.backoff.match: must be a string in double quotes\n" },
	{ "backoff pattern", RULE("backoff = ( {\nmatch = \"(\"; } );"),
	    "r.conf:4: r.backoff.match: missing closing parenthesis at offset 1 of \"(\"\n" },
	{ "backoff after", RULE("backoff = ( { match = \"a\";\nafter = \"often\"; } );"),
	    "r.conf:4: r.backoff.after: \"often\" is not a limit such as \"20/10s\"\n" },
	{ "backoff factor too large", RULE("backoff = ( { match = \"a\"; factor = 1.0; } );"),
	    "r.conf:3: r.backoff.factor: must be a number between 0.0 and 1.0\n" },
	{ "backoff factor of nothing", RULE("backoff = ( { match = \"a\"; factor = 0; } );"),
	    "r.conf:3: r.backoff.factor: must be a number between 0.0 and 1.0\n" },
	{ "backoff action", RULE("backoff = ( { match = \"a\"; action = \"stop\"; } );"),
	    "r.conf:3: r.backoff.action: \"stop\" is not one of \"reduce\", \"one_connection\", \"suspend\", "
	    "\"as_soft\"\n" },
	{ "backoff for", RULE("backoff = ( { match = \"a\"; for = \"1ms\"; } );"),
	    "r.conf:3: r.backoff.for: \"1ms\" is not within 1s to 31d\n" },
	{ "the rule behind it has its own name",
	    "mx_rules = ( { name = \"a\"; mx = \"*\"; backoff = ( { } ); },\n{ name = \"b\"; } );",
	    "r.conf:1: a.backoff.match: is missing\nr.conf:2: b.mx: no mask: the rule can match nothing\n" },
	{ "all at once",
	    "mx_rules = ( {\nname = \"a\"; mx = \"\";\nscope = 5;\nlimits = \"x\";\nbackoff = ( {\nmatch = "
	    "\")\"; after = \"x\";\nmin = 0; } ); },\n{ },\n{ name = \"b\"; x = 1; } );\ny = 1;",
	    "r.conf:10: y: unknown key\n"
	    "r.conf:3: a.scope: must be a string in double quotes\n"
	    "r.conf:7: a.backoff.min: 0 is not within 1 to 1000000000\n"
	    "r.conf:6: a.backoff.after: \"x\" is not a limit such as \"20/10s\"\n"
	    "r.conf:6: a.backoff.match: unmatched closing parenthesis at offset 0 of \")\"\n"
	    "r.conf:4: a.limits: \"x\" is not a limit such as \"20/10s\"\n"
	    "r.conf:2: a.mx: an empty mask\n"
	    "r.conf:8: name: rule 2 needs a name of letters, digits, '.', '_' and '-'\n"
	    "r.conf:9: b.x: unknown key\n"
	    "r.conf:9: b.mx: no mask: the rule can match nothing\n" },
	{ "syntax", "mx_rules = ( { name = \"a\"; mx; } );", "r.conf:1: syntax error\n" },
};

static void
mistakes(void **state)
{
	const struct mistake_row *row = *state;
	struct conf_errors errors = { { 0 }, 0 };
	struct mx_rules *rules = mx_rules_parse(row->text, "r.conf", &errors);

	assert_string_equal(str_text(&errors.lines), row->want);
	assert_null(rules);
	conf_errors_free(&errors);
}

static struct mx_rules *
many_rules(size_t count, struct conf_errors *errors)
{
	struct str text = { 0 };
	struct mx_rules *rules;

	str_adds(&text, "mx_rules = ( { name = \"first\"; mx = \"*\"; }");
	for (size_t i = 1; i < count; i++)
		str_addf(&text, ",\n{ name = \"r%zu\"; mx = \"mx%zu.test\"; }", i, i);
	str_adds(&text, " );");
	rules = mx_rules_parse(str_text(&text), "r.conf", errors);
	str_free(&text);
	return rules;
}

static void
too_many_rules(void **state)
{
	struct conf_errors errors = { { 0 }, 0 };
	struct mx_rules *rules = many_rules(1000, &errors);

	(void)state;
	assert_non_null(rules);
	assert_int_equal(rules->count, 1000);
	assert_string_equal(rules->rules[0].name, "first");
	assert_string_equal(rules->rules[999].name, "r999");
	mx_rules_release(&rules);
	assert_null(many_rules(1001, &errors));
	assert_string_equal(str_text(&errors.lines),
	    "r.conf:1: mx_rules: must be a list of at most 1000 groups: ( { name = ...; }, ... )\n");
	conf_errors_free(&errors);
}

/* -- a shipped file and the operator's over it ------------------------------------------------ */

static char folder[64], shipped[96], local[96];

static void
write_file(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
}

static int
make_files(void **state)
{
	(void)state;
	strcpy(folder, "/tmp/mxpace-test-XXXXXX");
	if (mkdtemp(folder) == NULL)
		return -1;
	snprintf(shipped, sizeof(shipped), "%s/mx-rules.conf", folder);
	snprintf(local, sizeof(local), "%s/mx-rules.local.conf", folder);
	write_file(shipped, providers);
	return 0;
}

static int
remove_files(void **state)
{
	(void)state;
	unlink(local);
	unlink(shipped);
	return rmdir(folder);
}

static struct mx_rules *
loaded(const char *local_text)
{
	struct conf_errors errors = { { 0 }, 0 };
	struct mx_rules *rules;

	write_file(local, local_text);
	rules = mx_rules_load(shipped, local, &errors);
	if (rules == NULL)
		fail_msg("%s", str_text(&errors.lines));
	conf_errors_free(&errors);
	return rules;
}

static void
without_a_local_file(void **state)
{
	static const char *const none[] = { NULL, "", "/nowhere/mx-rules.local.conf" };
	struct conf_errors errors = { { 0 }, 0 };

	(void)state;
	for (size_t i = 0; i < COUNT(none); i++) {
		struct mx_rules *rules = mx_rules_load(shipped, none[i], &errors);

		assert_non_null(rules);
		assert_int_equal(rules->count, 3);
		mx_rules_release(&rules);
	}
	assert_null(mx_rules_load("/nowhere/mx-rules.conf", NULL, &errors));
	assert_string_equal(str_text(&errors.lines),
	    "/nowhere/mx-rules.conf:0: No such file or directory\n");
	conf_errors_free(&errors);
}

/* One that is there but cannot be looked at is a mistake: its rules must not be left out. */
static void
with_a_local_file_out_of_reach(void **state)
{
	struct conf_errors errors = { { 0 }, 0 };

	(void)state;
	assert_int_equal(symlink(local, local), 0);
	assert_null(mx_rules_load(shipped, local, &errors));
	unlink(local);
	assert_int_equal(errors.count, 1);
	assert_non_null(strstr(str_text(&errors.lines), "symbolic links"));
	conf_errors_free(&errors);
}

/* A rule of a shipped one's name changes the keys it sets, and only those. */
static void
local_changes_keys(void **state)
{
	struct mx_rules *rules =
	    loaded("mx_rules = ( { name = \"google\"; messages_per_hour = 2400;\n"
		   "backoff = ( ); } );");
	const struct mx_rule *r = &rules->rules[0];

	(void)state;
	assert_int_equal(rules->count, 3);
	assert_string_equal(r->name, "google");
	assert_int_equal(r->messages_per_hour, 2400);
	assert_int_equal(r->connections, 5);
	assert_int_equal(r->mx.count, 2);
	assert_int_equal(r->limit_count, 1); /* as written: the hour's comes on top */
	assert_int_equal(r->limits[0].count, 200);
	assert_int_equal(r->backoff_count, 0);
	assert_string_equal(r->file, local);
	assert_int_equal(r->line, 1);
	assert_string_equal(rules->rules[1].file, shipped);
	mx_rules_release(&rules);

	rules = loaded(
	    "mx_rules = ( { name = \"google\"; mx = \"*.example.com\"; limits = [ ];\n"
	    "messages_per_hour = 0; backoff = ( { match = \"x\"; }, { match = \"y\"; } ); } );");
	r = &rules->rules[0];
	assert_int_equal(r->mx.count, 1);
	assert_int_equal(r->limit_count, 0);
	assert_int_equal(r->backoff_count, 2);
	mx_rules_release(&rules);
}

/* Any other stands before the shipped ones, in the order of the file. */
static void
local_comes_first(void **state)
{
	struct mx_rules *rules =
	    loaded("mx_rules = ( { name = \"mine\"; mx = \"a.google.com\"; },\n"
		   "{ name = \"default\"; connections = 9; },\n"
		   "{ name = \"mine2\"; mx = \"*.google.com\"; } );");
	struct mx_set *set = mx_set_parse(SPAN("5 a.google.com"));
	static const char *const want[] = { "mine", "mine2", "google", "mimecast", "default" };

	(void)state;
	assert_int_equal(rules->count, COUNT(want));
	for (size_t i = 0; i < COUNT(want); i++)
		assert_string_equal(rules->rules[i].name, want[i]);
	assert_string_equal(mx_rules_match(rules, set)->name, "mine");
	assert_int_equal(rules->rules[4].connections, 9);
	assert_int_equal(rules->rules[2].backoff_count, 1); /* moved whole */
	assert_non_null(rules->rules[2].backoff[0].match);
	mx_set_free(&set);
	mx_rules_release(&rules);
}

static const struct local_row {
	const char *label, *text, *want; /* %s: the local file */
} local_rows[] = {
	{ "new rule twice",
	    "mx_rules = ( { name = \"a\"; mx = \"*\"; },\n{ name = \"a\"; mx = \"*\"; } );",
	    "%s:2: name: \"a\" is also the rule of line 1\n" },
	{ "shipped rule changed twice",
	    "mx_rules = ( { name = \"google\"; connections = 1; },\n{ name = \"google\"; connections = 2; } );",
	    "%s:2: name: \"google\" is also the rule of line 1\n" },
	{ "new rule without masks", "mx_rules = ( { name = \"a\"; } );",
	    "%s:1: a.mx: no mask: no rule of this name is shipped, so it changes nothing\n" },
	{ "masks taken away", "mx_rules = ( { name = \"google\"; mx = [ ]; } );",
	    "%s:1: google.mx: no mask: the rule can match nothing\n" },
	{ "shipped and own limits are too many",
	    "mx_rules = ( { name = \"google\";\nlimits = [ \"1/1s\", \"1/2s\", \"1/3s\", \"1/4s\", \"1/5s\", "
	    "\"1/6s\", \"1/7s\" ]; } );",
	    "%s:2: google.limits: more than 8 different periods\n" },
	{ "syntax", "mx_rules = (", "%s:1: syntax error\n" },
};

static void
local_mistakes(void **state)
{
	const struct local_row *row = *state;
	struct conf_errors errors = { { 0 }, 0 };
	struct str want = { 0 };
	const char *mark = strstr(row->want, "%s");

	write_file(local, row->text);
	str_add(&want, row->want, (size_t)(mark - row->want));
	str_addf(&want, "%s%s", local, mark + 2);
	assert_null(mx_rules_load(shipped, local, &errors));
	assert_string_equal(str_text(&errors.lines), str_text(&want));
	str_free(&want);
	conf_errors_free(&errors);
}

/* Where rules come to stand, by what the local file says. */
static const struct overlay_row {
	const char *label, *text;
	const char *want; /* names in their order; switched off: in brackets */
} overlay_rows[] = {
	{ "nothing", "", "google mimecast default " },
	{ "no rule", "mx_rules = ( );", "google mimecast default " },
	{ "one changed", "mx_rules = ( { name = \"mimecast\"; per = \"ip\"; } );",
	    "google mimecast default " },
	{ "before",
	    "mx_rules = ( { name = \"x\"; mx = \"*.x\"; }, { name = \"y\"; mx = \"*.y\"; } );",
	    "x y google mimecast default " },
	{ "behind",
	    "mx_rules = ( { name = \"x\"; mx = \"*.x\"; after = true; },\n"
	    "{ name = \"y\"; mx = \"*.y\"; after = true; } );",
	    "google mimecast x y default " },
	{ "before, changed and behind",
	    "mx_rules = ( { name = \"x\"; mx = \"*.x\"; after = true; }, { name = \"google\"; },\n"
	    "{ name = \"y\"; mx = \"*.y\"; after = false; } );",
	    "y google mimecast x default " },
	{ "one switched off", "mx_rules = ( { name = \"google\"; disabled = true; } );",
	    "mimecast default [google] " },
	{ "switched off and changed",
	    "mx_rules = ( { name = \"google\"; connections = 1; disabled = true; } );",
	    "mimecast default [google] " },
	{ "not switched off", "mx_rules = ( { name = \"google\"; disabled = false; } );",
	    "google mimecast default " },
	{ "an own one switched off",
	    "mx_rules = ( { name = \"x\"; mx = \"*.x\"; disabled = true; } );",
	    "google mimecast default [x] " },
	{ "what is no more", "mx_rules = ( { name = \"old\"; disabled = true; } );",
	    "google mimecast default [old] " },
	{ "behind, without a rule for all",
	    "mx_rules = ( { name = \"default\"; disabled = true; },\n"
	    "{ name = \"x\"; mx = \"*\"; after = true; } );",
	    "google mimecast x [default] " },
	{ "behind, and the last but one made one for all",
	    "mx_rules = ( { name = \"mimecast\"; mx = \"*\"; },\n"
	    "{ name = \"x\"; mx = \"*.x\"; after = true; } );",
	    "google x mimecast default " },
	{ "all switched off",
	    "mx_rules = ( { name = \"google\"; disabled = true; },\n"
	    "{ name = \"mimecast\"; disabled = true; }, { name = \"default\"; disabled = true; } );",
	    "[google] [mimecast] [default] " },
};

static void
overlays(void **state)
{
	const struct overlay_row *row = *state;
	struct mx_rules *rules = loaded(row->text);
	struct str got = { 0 };

	for (size_t i = 0; i < rules->count; i++)
		str_addf(&got, "%s ", rules->rules[i].name);
	for (size_t i = 0; i < rules->off_count; i++)
		str_addf(&got, "[%s] ", rules->off[i].name);
	assert_string_equal(str_text(&got), row->want);
	str_free(&got);
	mx_rules_release(&rules);
}

/* Every key of the table is changed alone by a local file, and that is where it comes from. */
static const struct key_row {
	const char *label, *value;
} key_rows[] = {
	{ "mx", "\"*.other\"" },
	{ "scope", "\"site\"" },
	{ "per", "\"group\"" },
	{ "connections", "7" },
	{ "messages_per_connection", "7" },
	{ "messages_per_hour", "7" },
	{ "max_connections", "7" },
	{ "max_messages_per_connection", "7" },
	{ "max_messages_per_hour", "7" },
	{ "level", "\"slow\"" },
	{ "limits", "[ \"7/1s\" ]" },
	{ "burst", "true" },
	{ "sample_mx", "[ \"mx.other\" ]" },
	{ "not_sample_mx", "[ \"mx.other\" ]" },
	{ "origin", "\"ours\"" },
	{ "backoff", "( )" },
	{ "backoff_add", "( { match = \"7\"; } )" },
	{ "disabled", "false" },
	{ "after", "false" },
};

static void
one_key_changes(void **state)
{
	const struct key_row *row = *state;
	struct str text = { 0 }, was = { 0 }, is = { 0 };
	struct mx_rules *before = loaded(""), *after;
	size_t count;
	const struct conf_key *keys = mx_rules_keys(&count);
	const struct mx_rule *a = &before->rules[0], *b;

	str_addf(&text, "mx_rules = ( { name = \"google\";\n%s = %s; } );", row->label, row->value);
	after = loaded(str_text(&text));
	b = &after->rules[0];
	for (size_t i = 0; i < count; i++) {
		bool own = strcmp(keys[i].name, row->label) == 0;
		const struct conf_place *place = mx_rule_place(b, keys[i].name);

		str_empty(&was);
		str_empty(&is);
		conf_format(&keys[i], a, &was);
		conf_format(&keys[i], b, &is);
		if (!own)
			assert_string_equal(str_text(&was), str_text(&is));
		else if (keys[i].type != CONF_CUSTOM && keys[i].type != CONF_BOOL)
			assert_string_not_equal(str_text(&was), str_text(&is));
		assert_string_equal(place->file, own ? local : shipped);
		if (own)
			assert_int_equal(place->line, 2);
		else if (b->places[i].file == NULL)
			assert_ptr_equal(place, &b->home);
	}
	str_free(&text);
	str_free(&was);
	str_free(&is);
	mx_rules_release(&before);
	mx_rules_release(&after);
}

static void
every_key_has_a_row(void **state)
{
	size_t count;
	const struct conf_key *keys = mx_rules_keys(&count);

	(void)state;
	assert_int_equal(count, COUNT(key_rows));
	for (size_t i = 0; i < count; i++)
		assert_string_equal(keys[i].name, key_rows[i].label);
}

/* `backoff` replaces the shipped ones, `backoff_add` stands behind them. */
static const struct backoff_row {
	const char *label, *keys, *want; /* patterns */
} backoff_rows[] = {
	{ "neither", "", "4\\.7\\.28 " },
	{ "none", "backoff = ( );", "" },
	{ "others", "backoff = ( { match = \"x\"; }, { match = \"y\"; } );", "x y " },
	{ "one more", "backoff_add = ( { match = \"x\"; } );", "4\\.7\\.28 x " },
	{ "both", "backoff = ( { match = \"x\"; } ); backoff_add = ( { match = \"y\"; } );",
	    "x y " },
};

static void
backoff_over(void **state)
{
	const struct backoff_row *row = *state;
	struct str text = { 0 }, got = { 0 };
	struct mx_rules *rules;
	const struct mx_rule *r;

	str_addf(&text, "mx_rules = ( { name = \"google\"; %s } );", row->keys);
	rules = loaded(str_text(&text));
	r = &rules->rules[0];
	for (size_t i = 0; i < r->backoff_count; i++)
		str_addf(&got, "%s ", pattern_text(r->backoff[i].match));
	assert_string_equal(str_text(&got), row->want);
	mx_rules_release(&rules);
	str_free(&text);
	str_free(&got);
}

static void
versions(void **state)
{
	struct mx_rules *rules = loaded("version = \"2020010100\";");

	(void)state;
	assert_string_equal(rules->version, ""); /* the shipped file has none */
	assert_string_equal(rules->path, shipped);
	mx_rules_release(&rules);
	rules = parsed("version = \"2026112201\"; mx_rules = ( );");
	assert_string_equal(rules->version, "2026112201");
	assert_string_equal(rules->path, "r.conf");
	mx_rules_release(&rules);
}

static const struct version_row {
	const char *label;
	bool good;
} version_rows[] = {
	{ "2026112201", true },
	{ "2000010100", true },
	{ "2026123199", true },
	{ "202611220", false },
	{ "20261122010", false },
	{ "2026112x01", false },
	{ "2026001201", false },
	{ "2026133101", false },
	{ "2026113201", false },
	{ "2026110001", false },
	{ "2024022901", true },
	{ "2026022901", false },
	{ "2026113101", false },
	{ "9999999999", false },
	{ "1999123101", false },
	{ "", false },
};

static void
version_forms(void **state)
{
	const struct version_row *row = *state;

	assert_int_equal(rules_version_day_s(span_of(row->label)) >= 0, row->good);
}

/* The file that is shipped ends in a rule for all the rest; test_rules_check proves it. */
static void
shipped_rules(void **state)
{
	struct conf_errors errors = { { 0 }, 0 };
	struct mx_rules *rules = mx_rules_load("conf/mx-rules.conf", NULL, &errors);
	struct mx_set *set = mx_set_parse(SPAN("10 mail.example.test"));

	(void)state;
	assert_string_equal(str_text(&errors.lines), "");
	assert_non_null(rules);
	assert_string_equal(mx_rules_match(rules, set)->name, "default");
	assert_int_equal(mx_rules_match(rules, set)->scope, MX_SCOPE_SITE);
	for (size_t i = 0; i + 1 < rules->count; i++)
		assert_true(rules->rules[i].sample_mx.count > 0);
	mx_set_free(&set);
	mx_rules_release(&rules);
}

int
main(void)
{
	struct check_list list = { 0 };
	int rc;

	CHECK(&list, values);
	CHECK(&list, generations_and_references);
	CHECK_ROWS(&list, limits, limits_rows);
	CHECK_ROWS(&list, matches, match_rows);
	CHECK(&list, nothing_matches);
	CHECK(&list, order_decides);
	CHECK(&list, longest_group_fits);
	CHECK_ROWS(&list, per_hour, hour_rows);
	CHECK_ROWS(&list, mistakes, mistake_rows);
	CHECK(&list, too_many_rules);
	CHECK(&list, without_a_local_file);
	CHECK(&list, with_a_local_file_out_of_reach);
	CHECK(&list, local_changes_keys);
	CHECK(&list, local_comes_first);
	CHECK_ROWS(&list, local_mistakes, local_rows);
	CHECK_ROWS(&list, overlays, overlay_rows);
	CHECK(&list, every_key_has_a_row);
	CHECK_ROWS(&list, one_key_changes, key_rows);
	CHECK_ROWS(&list, backoff_over, backoff_rows);
	CHECK(&list, versions);
	CHECK_ROWS(&list, version_forms, version_rows);
	CHECK(&list, shipped_rules);
	if (make_files(NULL) != 0)
		return 1;
	rc = check_run(&list, "mx_rules");
	return remove_files(NULL) != 0 ? 1 : rc;
}
