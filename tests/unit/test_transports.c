#include "check.h"
#include "transports.h"

#define RULE(name, more) "{ name = \"" name "\"; mx = [ \"*\" ]; " more " }"
#define EACH(n)          "messages_per_connection = " #n ";"

static struct mx_rules *
rules_of(const char *text)
{
	struct conf_errors errors = { { 0 }, 0 };
	struct mx_rules *rules = mx_rules_parse(text, "t.conf", &errors);

	if (rules == NULL)
		fail_msg("%s", str_text(&errors.lines));
	conf_errors_free(&errors);
	return rules;
}

/* Every class as "name:messages_per_connection", a '*' behind those that are shared. */
#define SITES "scope = \"site\";"

static const struct classes_row {
	const char *label, *rules, *want;
} classes_rows[] = {
	{ "no rules", "mx_rules = ( );", "unknown:1*" },
	{ "one rule", "mx_rules = ( " RULE("only", EACH(7)) " );", "only:7 unknown:1*" },
	{ "one rule, a group for each site",
	    "mx_rules = ( " RULE("only", "scope = \"site\";" EACH(7)) " );", "only:7* unknown:1*" },
	{ "own ones first, the last rule's behind them",
	    "mx_rules = ( " RULE("a", EACH(1)) "," RULE("b", EACH(50)) "," RULE("c",
		EACH(20)) " );",
	    "a:1 b:50 c:20 unknown:1*" },
	{ "two of the same that are not the last's stay apart",
	    "mx_rules = ( " RULE("a", EACH(5)) "," RULE("b", EACH(5)) "," RULE("c", EACH(20)) " );",
	    "a:5 b:5 c:20 unknown:1*" },
	{ "a provider like the last stays apart",
	    "mx_rules = ( " RULE("a", EACH(20)) "," RULE("b", EACH(50)) "," RULE("c",
		EACH(20)) " );",
	    "a:20 b:50 c:20 unknown:1*" },
	{ "sites like the last share its class",
	    "mx_rules = ( " RULE("a", SITES EACH(20)) "," RULE("b", SITES EACH(50)) "," RULE("c",
		SITES EACH(20)) " );",
	    "b:50* c:20* unknown:1*" },
	{ "no limit is a number like another",
	    "mx_rules = ( " RULE("a", SITES) "," RULE("b", EACH(50)) "," RULE("c", SITES) " );",
	    "b:50 c:0* unknown:1*" },
	{ "an own one with a group for each site",
	    "mx_rules = ( " RULE("a", "scope = \"site\";" EACH(2)) "," RULE("b", "") " );",
	    "a:2* b:0 unknown:1*" },
};

static void
classes(void **state)
{
	const struct classes_row *row = *state;
	struct mx_rules *rules = rules_of(row->rules);
	struct transport_class class;
	struct str text = { 0 };

	for (size_t i = 0; transports_at(rules, i, &class); i++) {
		assert_true(i <= rules->count);
		str_addf(&text, "%s%s:%lld%s", i > 0 ? " " : "", class.name,
		    (long long)class.messages_per_connection, class.shared ? "*" : "");
	}
	assert_string_equal(str_text(&text), row->want);
	str_free(&text);
	mx_rules_release(&rules);
}

/* What mxpolicyd answers with is among what mxctl writes. */
static void
class_of_each_rule(void **state)
{
	const struct classes_row *row = *state;
	struct mx_rules *rules = rules_of(row->rules);
	struct transport_class class, other;

	for (size_t i = 0; i <= rules->count; i++) {
		bool found = false;

		transports_class(rules, i < rules->count ? &rules->rules[i] : NULL, &class);
		for (size_t k = 0; transports_at(rules, k, &other) && !found; k++)
			found = strcmp(class.name, other.name) == 0 &&
				class.messages_per_connection == other.messages_per_connection &&
				class.shared == other.shared;
		assert_true(found);
	}
	mx_rules_release(&rules);
}

static const struct parse_row {
	const char *label, *service;
	size_t want;
	const char *class;
} parse_rows[] = {
	{ "one", "mxp-google-1", 1, "google" },
	{ "many", "mxp-google-200", 200, "google" },
	{ "a rule's name may end in a number", "mxp-google-2-13", 13, "google-2" },
	{ "and hold dots", "mxp-foo.test-1", 1, "foo.test" },
	{ "unknown", "mxp-unknown-3", 3, "unknown" },
	{ "of one byte", "mxp-a-1", 1, "a" },
	{ "Postfix' own", "smtp", 0, NULL },
	{ "another prefix", "xmxp-google-1", 0, NULL },
	{ "prefix alone", "mxp-", 0, NULL },
	{ "no number", "mxp-google", 0, NULL },
	{ "no number behind the dash", "mxp-google-", 0, NULL },
	{ "no class", "mxp-1", 0, NULL },
	{ "an empty class", "mxp--1", 0, NULL },
	{ "number 0", "mxp-google-0", 0, NULL },
	{ "a leading 0", "mxp-google-01", 0, NULL },
	{ "something behind it", "mxp-google-1x", 0, NULL },
	{ "too large", "mxp-google-99999999999999999999", 0, NULL },
	{ "empty", "", 0, NULL },
};

static void
parse(void **state)
{
	const struct parse_row *row = *state;
	struct span class = SPAN("untouched");

	assert_int_equal(transports_parse(span_of(row->service), &class), row->want);
	assert_int_equal(transports_parse(span_of(row->service), NULL), row->want);
	assert_true(span_eq(class, span_of(row->want > 0 ? row->class : "untouched")));
}

static void
names_parse_to_the_same(void **state)
{
	char longest[MX_RULE_NAME_MAX], name[TRANSPORT_NAME_SIZE];
	struct transport_class class = { "google", 50, false };
	struct span found;

	(void)state;
	transports_name(&class, 1, name);
	assert_string_equal(name, "mxp-google-1");
	memset(longest, 'x', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	class.name = longest;
	transports_name(&class, SIZE_MAX, name);
	assert_true(transports_parse(span_of(name), &found) == SIZE_MAX);
	assert_true(span_eq(found, span_of(longest)));
}

int
main(void)
{
	struct check_list list = { 0 };

	CHECK_ROWS(&list, classes, classes_rows);
	CHECK_ROWS(&list, class_of_each_rule, classes_rows);
	CHECK_ROWS(&list, parse, parse_rows);
	CHECK(&list, names_parse_to_the_same);
	return check_run(&list, "transports");
}
