#include <unistd.h>

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
	struct findings findings = { 0 };

	assert_int_equal(bounce_rules_check(rules, &findings), row->want == NULL ? 0 : 1);
	if (row->want != NULL && strstr(str_text(&findings.mistakes.lines), row->want) == NULL)
		fail_msg("%s", str_text(&findings.mistakes.lines));
	findings_free(&findings);
	bounce_rules_free(&rules);
}

/* That they are proven test_rules_check shows. */
static void
many_rules_are_shipped(void **state)
{
	struct conf_errors errors = { 0 };
	struct bounce_rules *rules = bounce_rules_load("conf/bounce-rules.conf", NULL, &errors);

	(void)state;
	if (rules == NULL)
		fail_msg("%s", str_text(&errors.lines));
	assert_true(bounce_rules_count(rules) >= 150);
	assert_string_equal(bounce_rules_path(rules), "conf/bounce-rules.conf");
	assert_false(bounce_rules_have_local(rules));
	conf_errors_free(&errors);
	bounce_rules_free(&rules);
}

/* -- a shipped file and the operator's over it ------------------------------------------------- */

static char folder[] = "/tmp/mxpace-bounce-rules.XXXXXX";
static char shipped[64], local[64];

static void
write_file(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
}

#define RULE(name, more)                                                                \
	"{ name = \"" name "\"; type = \"soft\"; reason = \"refused\"; match = \"" name \
	"\"; sample = \"" name "\";" more " }"

static struct bounce_rules *
loaded(const char *local_text)
{
	struct conf_errors errors = { 0 };
	struct bounce_rules *rules;

	write_file(shipped,
	    "version = \"2026112201\";\ntext = (\n" RULE("one", "") ",\n" RULE("two",
		"") " );\n"
		    "status_text = (\n" RULE("three", " status = \"5.7.1\";") " );\n");
	write_file(local, local_text);
	rules = bounce_rules_load(shipped, local, &errors);
	if (rules == NULL)
		fail_msg("%s", str_text(&errors.lines));
	assert_true(bounce_rules_have_local(rules));
	assert_string_equal(bounce_rules_version(rules), "2026112201");
	conf_errors_free(&errors);
	return rules;
}

static const struct overlay_row {
	const char *label, *text;
	const char *want; /* names in their order; switched off: in brackets */
} overlay_rows[] = {
	{ "nothing", "", "three one two " },
	{ "an own version", "version = \"2020010100\";", "three one two " },
	{ "one changed", "text = ( { name = \"one\"; type = \"ignored\"; } );", "three one two " },
	{ "own ones before", "text = ( " RULE("x", "") ", " RULE("y", "") " );",
	    "three x y one two " },
	{ "own ones behind",
	    "text = ( " RULE("x", "after = true;") ", " RULE("y", "after = true;") " );",
	    "three one two x y " },
	{ "before, behind and changed",
	    "text = ( " RULE("x",
		"after = true;") ", { name = \"two\"; reason = \"undefined\"; }, " RULE("y",
		"after = false;") " );",
	    "three y one two x " },
	{ "in a list that has none",
	    "code = ( { name = \"c\"; type = \"soft\"; reason = \"refused\"; "
	    "code = \"550\"; sample = \"550\"; } );",
	    "three one two c " },
	{ "one switched off", "text = ( { name = \"one\"; disabled = true; } );",
	    "three two [one] " },
	{ "all switched off",
	    "text = ( { name = \"one\"; disabled = true; }, { name = \"two\"; disabled = true; } );\n"
	    "status_text = ( { name = \"three\"; disabled = true; } );",
	    "[three] [one] [two] " },
	{ "an own one switched off", "text = ( " RULE("x", "disabled = true;") " );",
	    "three one two [x] " },
	{ "what is no more", "text = ( { name = \"old\"; disabled = true; } );",
	    "three one two [old] " },
};

static void
overlays(void **state)
{
	const struct overlay_row *row = *state;
	struct bounce_rules *rules = loaded(row->text);
	struct str got = { 0 };
	size_t count;
	const struct rule_off *off = bounce_rules_off(rules, &count);

	for (size_t i = 0; i < bounce_rules_count(rules); i++)
		str_addf(&got, "%s ", bounce_rules_at(rules, i)->name);
	for (size_t i = 0; i < count; i++)
		str_addf(&got, "[%s] ", off[i].name);
	assert_string_equal(str_text(&got), row->want);
	str_free(&got);
	bounce_rules_free(&rules);
}

static void
a_changed_rule_keeps_the_rest(void **state)
{
	struct bounce_rules *rules =
	    loaded("text = (\n{ name = \"two\"; type = \"ignored\";\n"
		   "match = \"deux\"; sample = [ \"deux\", \"550 deux\" ]; } );");
	const struct bounce_rule *rule = bounce_rules_at(rules, 2);
	struct classification found = classify_line(rules, SPAN("550 deux"), "");

	(void)state;
	assert_string_equal(rule->name, "two");
	assert_int_equal(rule->type, BOUNCE_IGNORED);
	assert_int_equal(rule->reason, REASON_REFUSED);
	assert_int_equal(rule->sample.count, 2);
	assert_ptr_equal(found.rule, rule);
	assert_null(classify_line(rules, SPAN("550 two"), "").rule);
	/* Where each value comes from. */
	assert_string_equal(bounce_rule_place(rule, "type")->file, local);
	assert_int_equal(bounce_rule_place(rule, "type")->line, 2);
	assert_int_equal(bounce_rule_place(rule, "match")->line, 3);
	assert_string_equal(bounce_rule_place(rule, "reason")->file, shipped);
	assert_int_equal(bounce_rule_place(rule, "reason")->line, 4);
	assert_ptr_equal(bounce_rule_place(rule, "status"), &rule->home); /* nowhere */
	assert_string_equal(rule->file, local);
	assert_false(rule->local);
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

/* One that is there but cannot be looked at: its rules must not be left out. */
static void
tells_a_local_file_out_of_reach(void **state)
{
	struct conf_errors errors = { 0 };

	(void)state;
	unlink(local);
	assert_int_equal(symlink(local, local), 0);
	assert_null(bounce_rules_load("conf/bounce-rules.conf", local, &errors));
	unlink(local);
	assert_int_equal(errors.count, 1);
	assert_non_null(strstr(str_text(&errors.lines), "symbolic links"));
	conf_errors_free(&errors);
}

int
main(void)
{
	struct check_list list = { 0 };
	int failed;

	CHECK_ROWS(&list, tells_mistakes, mistake_rows);
	CHECK(&list, tells_all_at_once);
	CHECK(&list, tells_a_missing_file);
	CHECK(&list, tells_a_local_file_out_of_reach);
	CHECK(&list, keeps_the_order_of_trust);
	CHECK(&list, counts_references);
	CHECK_ROWS(&list, checks, check_rows);
	CHECK(&list, many_rules_are_shipped);
	CHECK_ROWS(&list, overlays, overlay_rows);
	CHECK(&list, a_changed_rule_keeps_the_rest);
	if (mkdtemp(folder) == NULL)
		return 1;
	snprintf(shipped, sizeof(shipped), "%s/rules.conf", folder);
	snprintf(local, sizeof(local), "%s/rules.local.conf", folder);
	failed = check_run(&list, "bounce_rules");
	unlink(shipped);
	unlink(local);
	return rmdir(folder) != 0 || failed;
}
