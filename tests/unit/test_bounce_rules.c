#include "bounce_rules.h"
#include "bounce_rules_check.h"
#include "check.h"
#include "classify.h"

#define OK \
	"name = \"a\"; type = \"hard\"; reason = \"user_unknown\"; match = \"x\"; sample = \"x\";"

static const struct mistake_row {
	const char *label, *text, *want;
} mistake_rows[] = {
	{ "syntax", "text = ( { name = } );", "r.conf:1: syntax error" },
	{ "unknown list", "text = ( );\nwords = ( );", "r.conf:2: words: unknown list" },
	{ "not a list", "text = { };", "r.conf:1: text: must be a list of rules" },
	{ "not a group", "text = ( \"a\" );", "must be a group" },
	{ "unknown key", "text = ( { " OK " prio = 1; } );", "r.conf:1: text.a.prio: unknown key" },
	{ "no name",
	    "text = ( { type = \"soft\"; reason = \"refused\"; match = \"x\"; sample = \"x\"; } );",
	    "r.conf:1: text.name: is missing" },
	{ "no type",
	    "text = (\n{ name = \"a\"; reason = \"refused\"; match = \"x\"; sample = \"x\"; } );",
	    "r.conf:2: text.a.type: is missing" },
	{ "no reason",
	    "text = ( { name = \"a\"; type = \"soft\"; match = \"x\"; sample = \"x\"; } );",
	    "text.a.reason: is missing" },
	{ "bad type",
	    "text = ( { name = \"a\"; type = \"firm\"; reason = \"refused\"; match = \"x\"; sample "
	    "= "
	    "\"x\"; } );",
	    "text.a.type: \"firm\" is not one of" },
	{ "bad reason",
	    "text = ( { name = \"a\"; type = \"soft\"; reason = \"tired\"; match = \"x\"; sample = "
	    "\"x\"; } );",
	    "text.a.reason: \"tired\" is not one of" },
	{ "bad pattern",
	    "text = ( { name = \"a\"; type = \"soft\"; reason = \"refused\";\n match = \"(x\"; "
	    "sample = \"x\"; } );",
	    "r.conf:2: text.a.match: " },
	{ "pattern is no string",
	    "text = ( { name = \"a\"; type = \"soft\"; reason = \"refused\"; match = 1; "
	    "sample = \"x\"; } );",
	    "text.a.match: must be a string" },
	{ "no sample",
	    "text = ( { name = \"a\"; type = \"soft\"; reason = \"refused\"; match = \"x\"; } );",
	    "text.a.sample: is missing" },
	{ "two of a name", "text = ( { " OK " },\n { " OK " } );",
	    "r.conf:2: text.a.name: \"a\" is the name of the rule at r.conf:1 too" },
	{ "status in text", "text = ( { " OK " status = \"5.1.1\"; } );",
	    "text.a.status: a rule with a status belongs into the list `status_text`" },
	{ "no match in text",
	    "text = ( { name = \"a\"; type = \"soft\"; reason = \"refused\"; code = \"550\"; "
	    "sample = \"550\"; } );",
	    "text.a.match: is missing" },
	{ "no codes in status_text", "status_text = ( { " OK " } );",
	    "status_text.a.status: is missing" },
	{ "match in code", "code = ( { " OK " status = \"5.1.1\"; } );",
	    "code.a.match: a rule with a text" },
	{ "no codes in code",
	    "code = ( { name = \"a\"; type = \"soft\"; reason = \"refused\"; sample = \"x\"; }"
	    " );",
	    "code.a.status: is missing (or `code`)" },
	{ "nothing in provider",
	    "provider = ( { name = \"a\"; type = \"soft\"; reason = \"refused\"; sample = "
	    "\"x\"; } );",
	    "provider.a.match: is missing" },
	{ "bad status", "status_text = ( { " OK " status = [ \"5.1.1\", \"6.1\" ]; } );",
	    "status_text.a.status: \"6.1\" is not an enhanced status" },
	{ "bad code", "text = ( { " OK " code = \"55\"; } );",
	    "text.a.code: \"55\" is not a reply code" },
	{ "remote without sample_remote", "provider = ( { " OK " remote = \"*.a.test\"; } );",
	    "provider.a.sample_remote: is missing" },
	{ "sample_remote elsewhere",
	    "provider = ( { " OK " remote = \"*.a.test\"; sample_remote = "
	    "\"a.test\"; } );",
	    "\"a.test\" matches none of `remote`" },
};

static void
tells_mistakes(void **state)
{
	const struct mistake_row *row = *state;
	struct conf_errors errors = { 0 };

	assert_null(bounce_rules_parse(row->text, "r.conf", &errors));
	assert_true(errors.count > 0);
	if (strstr(str_text(&errors.lines), row->want) == NULL)
		fail_msg("%s", str_text(&errors.lines));
	conf_errors_free(&errors);
}

static void
tells_all_at_once(void **state)
{
	struct conf_errors errors = { 0 };

	(void)state;
	assert_null(
	    bounce_rules_parse("text = ( { name = \"a\"; colour = 1; },\n { name = \"b\"; } );\n"
			       "code = ( { name = \"c\"; } );",
		"r.conf", &errors));
	for (size_t i = 0; i < 3; i++) {
		static const char *const wanted[] = { "r.conf:1: text.a.colour",
			"r.conf:2: text.b.type", "r.conf:3: code.c.sample" };

		assert_non_null(strstr(str_text(&errors.lines), wanted[i]));
	}
	conf_errors_free(&errors);
}

static struct bounce_rules *
parse(const char *text)
{
	struct conf_errors errors = { 0 };
	struct bounce_rules *rules = bounce_rules_parse(text, "r.conf", &errors);

	if (rules == NULL)
		fail_msg("%s", str_text(&errors.lines));
	conf_errors_free(&errors);
	return rules;
}

static void
keeps_the_order_of_trust(void **state)
{
	static const char *const want[] = { "p", "s", "t1", "t2", "c" };
	struct bounce_rules *rules;

	(void)state;
	rules = parse(
	    "code = ( { name = \"c\"; type = \"soft\"; reason = \"refused\"; code = \"5??\"; "
	    "sample = "
	    "\"550\"; } );\n"
	    "text = ( { name = \"t1\"; type = \"soft\"; reason = \"refused\"; match = \"x\"; "
	    "sample = "
	    "\"x\"; }, { name = \"t2\"; type = \"soft\"; reason = \"refused\"; match = \"y\"; "
	    "sample ="
	    " \"y\"; } );\n"
	    "status_text = ( { name = \"s\"; type = \"soft\"; reason = \"refused\"; match = \"x\"; "
	    "status = \"5.1.1\"; sample = \"5.1.1 x\"; } );\n"
	    "provider = ( { name = \"p\"; type = \"soft\"; reason = \"refused\"; match = \"x\"; "
	    "remote"
	    " = \"*.a.test\"; sample_remote = \"mx.a.test\"; sample = \"x\"; } );");
	assert_int_equal(bounce_rules_count(rules), COUNT(want));
	for (size_t i = 0; i < COUNT(want); i++)
		assert_string_equal(bounce_rules_at(rules, i)->name, want[i]);
	assert_int_equal(bounce_rules_at(rules, 2)->line, 2);
	bounce_rules_free(&rules);
}

static void
counts_references(void **state)
{
	struct bounce_rules *rules, *other;

	(void)state;
	rules = parse("text = ( { " OK " } );");
	other = bounce_rules_ref(rules);
	bounce_rules_free(&rules);
	assert_null(rules);
	assert_string_equal(bounce_rules_at(other, 0)->name, "a");
	bounce_rules_free(&other);
	bounce_rules_free(&other);
}

static const struct check_row {
	const char *label, *text, *want; /* want NULL: all proven */
} check_rows[] = {
	{ "proven", "text = ( { " OK " } );", NULL },
	{ "sample does not match",
	    "text = ( { name = \"a\"; type = \"soft\"; reason = \"refused\"; match = "
	    "\"x\"; sample = [ \"x\", \"y\" ]; } );",
	    "r.conf:1: text.a.sample: the rule does not match: \"y\"" },
	{ "an earlier rule takes it",
	    "text = ( { " OK " },\n{ name = \"b\"; type = \"soft\"; reason = "
	    "\"refused\"; match = \"xy\"; sample = \"xy\"; } );",
	    "r.conf:2: text.b.sample: the rule `a` of line 1 comes first: \"xy\"" },
	{ "shadowed",
	    "text = ( { " OK " }, { name = \"b\"; type = \"soft\"; reason = \"refused\"; match = "
	    "\"xy\"; sample = \"xy\"; shadowed = true; } );",
	    NULL },
	{ "shadowed rules must match too",
	    "text = ( { " OK " }, { name = \"b\"; type = \"soft\"; reason = "
	    "\"refused\"; match = \"y\"; sample = \"x\"; shadowed = true; } );",
	    "text.b.sample: the rule does not match" },
	{ "not_sample matches", "text = ( { " OK " not_sample = [ \"y\", \"axa\" ]; } );",
	    "text.a.not_sample: the rule matches: \"axa\"" },
	{ "status of the sample", "status_text = ( { " OK " status = \"5.1.1\"; } );",
	    "status_text.a.sample: the rule does not match: \"x\"" },
	{ "remote of the sample",
	    "provider = ( { " OK " remote = \"*.a.test\"; sample_remote = \"b.a.test\"; "
	    "} );",
	    NULL },
};

static void
checks(void **state)
{
	const struct check_row *row = *state;
	struct bounce_rules *rules = parse(row->text);
	struct conf_errors errors = { 0 };

	assert_int_equal(bounce_rules_check(rules, &errors), row->want == NULL ? 0 : -1);
	if (row->want != NULL && strstr(str_text(&errors.lines), row->want) == NULL)
		fail_msg("%s", str_text(&errors.lines));
	conf_errors_free(&errors);
	bounce_rules_free(&rules);
}

static void
shipped_rules_are_proven(void **state)
{
	struct conf_errors errors = { 0 };
	struct bounce_rules *rules = bounce_rules_load("conf/bounce-rules.conf", NULL, &errors);

	(void)state;
	if (rules == NULL || bounce_rules_check(rules, &errors) != 0)
		fail_msg("%s", str_text(&errors.lines));
	assert_true(bounce_rules_count(rules) >= 150);
	conf_errors_free(&errors);
	bounce_rules_free(&rules);
}

static void
tells_a_missing_file(void **state)
{
	struct conf_errors errors = { 0 };

	(void)state;
	assert_null(bounce_rules_load("/nonexistent/rules.conf", NULL, &errors));
	assert_non_null(strstr(str_text(&errors.lines), "/nonexistent/rules.conf"));
	conf_errors_free(&errors);
}

int
main(void)
{
	struct check_list list = { 0 };

	CHECK_ROWS(&list, tells_mistakes, mistake_rows);
	CHECK(&list, tells_all_at_once);
	CHECK(&list, tells_a_missing_file);
	CHECK(&list, keeps_the_order_of_trust);
	CHECK(&list, counts_references);
	CHECK_ROWS(&list, checks, check_rows);
	CHECK(&list, shipped_rules_are_proven);
	return check_run(&list, "bounce_rules");
}
