/* Each row plants one mistake in files that are good otherwise, and says in full what is found. */
#include <unistd.h>

#include "bounce_rules_check.h"
#include "check.h"
#include "mx_rules_check.h"

static char folder[] = "/tmp/mxpace-rules-check.XXXXXX";

static void
write_file(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
}

struct row {
	const char *label, *text;
	const char *local; /* NULL: there is none */
	const char *mistakes, *warnings;
};

static void
run(const struct row *row,
    unsigned (*check)(const char *path, const char *local, struct findings *findings))
{
	struct findings findings = { 0 };
	unsigned found;

	write_file("r.conf", row->text);
	unlink("l.conf");
	if (row->local != NULL)
		write_file("l.conf", row->local);
	found = check("r.conf", "l.conf", &findings);
	assert_string_equal(str_text(&findings.mistakes.lines), row->mistakes);
	assert_string_equal(str_text(&findings.warnings.lines), row->warnings);
	assert_int_equal(found, findings.mistakes.count);
	findings_free(&findings);
}

/* -- MX rules ---------------------------------------------------------------------------------- */

#define REST "\n{ name = \"default\"; mx = \"*\"; scope = \"site\"; } );\n"
/* A rule whose keys stand in line 2. */
#define RULE(keys) "mx_rules = ( { name = \"a\"; mx = \"*.a.test\";\n" keys " }," REST
#define BACKOFF(keys) \
	RULE("backoff = ( { match = \"slow down\"; sample = \"421 Slow down\";\n" keys " } );")
#define CHANGE(keys) "mx_rules = (\n{ name = \"a\";\n" keys " } );"
#define COSTLY(of)                                                         \
	"the pattern can blow up: it takes too long on a text such as " of \
	"; bound what repeats in a repetition\n"

static const struct row mx_rows[] = {
	{ "nothing", RULE("connections = 1;"), NULL, "", "" },
	{ "syntax", "mx_rules = (\n{ name = \"a\"; mx; } );", NULL, "r.conf:2: syntax error\n",
	    "" },
	{ "a key twice", RULE("connections = 1;\nconnections = 2;"), NULL,
	    "r.conf:3: duplicate setting name\n", "" },
	{ "an unknown key", RULE("conections = 1;"), NULL, "r.conf:2: a.conections: unknown key\n",
	    "" },
	{ "an unknown key beside the list", "limits = 1;\n" RULE(""), NULL,
	    "r.conf:1: limits: unknown key\n", "" },
	{ "a wrong type", RULE("connections = \"1\";"), NULL,
	    "r.conf:2: a.connections: must be a whole number\n", "" },
	{ "out of range", RULE("connections = 100001;"), NULL,
	    "r.conf:2: a.connections: 100001 is not within 0 to 100000\n", "" },
	{ "no such word", RULE("level = \"quick\";"), NULL,
	    "r.conf:2: a.level: \"quick\" is not one of \"\", \"slow\", \"normal\", \"fast\", "
	    "\"very_fast\", \"boost\", \"custom\"\n",
	    "" },
	{ "no name", "mx_rules = (\n{ mx = \"*\"; } );", NULL,
	    "r.conf:2: name: rule 1 needs a name of letters, digits, '.', '_' and '-'\n", "" },
	{ "a name twice",
	    "mx_rules = ( { name = \"a\"; mx = \"*.a.test\"; },\n{ name = \"a\"; mx = \"*\"; } );",
	    NULL, "r.conf:2: name: \"a\" is also the rule of line 1\n", "" },
	{ "no masks", "mx_rules = (\n{ name = \"a\"; }," REST, NULL,
	    "r.conf:2: a.mx: no mask: the rule can match nothing\n", "" },
	{ "a mask that no host name fits",
	    "mx_rules = ( { name = \"a\";\nmx = \"*.a,test\"; }," REST, NULL,
	    "r.conf:2: a.mx: \"*.a,test\" can match nothing: no host name has a ','\n", "" },
	{ "a mask in Unicode", "mx_rules = ( { name = \"a\";\nmx = \"*.ä.test\"; }," REST, NULL,
	    "r.conf:2: a.mx: \"*.ä.test\": hosts are looked up as ASCII, so it can match nothing: "
	    "write the name with xn--\n",
	    "" },
	{ "in the shadow of a wider mask",
	    "mx_rules = (\n{ name = \"w\"; mx = \"*.test\"; },\n{ name = \"n\"; mx = \"mx?.a.test\"; }," REST,
	    NULL,
	    "r.conf:3: n.mx: the rule can never match: \"w\" at r.conf:2 takes all it could\n",
	    "" },
	{ "several masks in the shadow of several",
	    "mx_rules = (\n{ name = \"w\"; mx = [ \"*.a.test\", \"*.b.test\" ]; },\n"
	    "{ name = \"n\"; mx = [ \"x.*.b.test\", \"*.x.a.test\" ]; }," REST,
	    NULL,
	    "r.conf:3: n.mx: the rule can never match: \"w\" at r.conf:2 takes all it could\n",
	    "" },
	{ "one mask of two in the shadow",
	    "mx_rules = (\n{ name = \"w\"; mx = \"*.a.test\"; },\n"
	    "{ name = \"n\"; mx = [ \"x.a.test\", \"*.b.test\" ]; }," REST,
	    NULL, "",
	    "r.conf:3: n.mx: \"*.a.test\" of \"w\" at r.conf:2 takes what \"x.a.test\" is for\n" },
	{ "behind the rule for all",
	    "mx_rules = ( { name = \"default\"; mx = \"*\"; },\n{ name = \"a\"; mx = \"*.a.test\"; } );",
	    NULL,
	    "r.conf:2: a.mx: the rule can never match: \"default\" at r.conf:1 takes all it could\n",
	    "r.conf:2: a.mx: the last rule does not take every host (\"*\"): what no rule matches is "
	    "not limited\n" },
	{ "no rule for all", "mx_rules = (\n{ name = \"a\"; mx = \"*.a.test\"; } );", NULL, "",
	    "r.conf:2: a.mx: the last rule does not take every host (\"*\"): what no rule matches is "
	    "not limited\n" },
	{ "no rule at all", "mx_rules = ( );", NULL, "",
	    "r.conf:0: mx_rules: there is no rule: nothing is limited\n" },
	{ "a sample that no mask matches", RULE("sample_mx = \"mx.b.test\";"), NULL,
	    "r.conf:2: a.sample_mx: \"mx.b.test\" does not come out at this rule: no mask of it "
	    "matches\n",
	    "" },
	{ "a sample that an earlier rule takes",
	    "mx_rules = (\n{ name = \"x\"; mx = \"mx.a.test\"; },\n{ name = \"a\"; mx = \"*.a.test\";\n"
	    "sample_mx = \"mx.a.test\"; }," REST,
	    NULL,
	    "r.conf:4: a.sample_mx: \"mx.a.test\" does not come out at this rule: \"x\" at r.conf:2 "
	    "takes it\n",
	    "" },
	{ "a sample that is no host", RULE("sample_mx = \"mx..test\";"), NULL,
	    "r.conf:2: a.sample_mx: \"mx..test\" is not a host name\n", "" },
	{ "a host that must not come out here", RULE("not_sample_mx = \"mx.a.test\";"), NULL,
	    "r.conf:2: a.not_sample_mx: \"mx.a.test\" comes out at this rule\n", "" },
	{ "a host that does not", RULE("not_sample_mx = \"a.test\";"), NULL, "", "" },
	{ "an hour above its day", RULE("messages_per_hour = 500;\nlimits = \"400/1d\";"), NULL,
	    "r.conf:3: a.limits: messages_per_hour = 500 is never reached: \"400/1d\" allows no more "
	    "in a longer time\n",
	    "" },
	{ "a minute above its hour", RULE("limits = [ \"70/1m\", \"60/1h\" ];"), NULL,
	    "r.conf:2: a.limits: \"70/1m\" is never reached: \"60/1h\" allows no more in a longer "
	    "time\n",
	    "" },
	{ "a day that its hours cannot fill", RULE("limits = [ \"10/1h\", \"241/1d\" ];"), NULL,
	    "r.conf:2: a.limits: \"241/1d\" is never reached: \"10/1h\" lets only 240 through in that "
	    "time\n",
	    "" },
	{ "a day that they just fill", RULE("limits = [ \"10/1h\", \"240/1d\" ];"), NULL, "", "" },
	{ "two limits of one period", RULE("limits = [ \"5/1m\", \"3/60s\" ];"), NULL,
	    "r.conf:2: a.limits: \"5/1m\" and \"3/60s\" are limits of one period\n", "" },
	{ "the hour twice", RULE("messages_per_hour = 9;\nlimits = \"5/60m\";"), NULL,
	    "r.conf:3: a.limits: messages_per_hour = 9 and \"5/60m\" are limits of one period\n",
	    "" },
	{ "an hour above the provider's",
	    RULE("max_messages_per_hour = 400;\nmessages_per_hour = 500;"), NULL,
	    "r.conf:3: a.messages_per_hour: 500 is more than max_messages_per_hour, 400\n", "" },
	{ "connections above the provider's", RULE("max_connections = 2;\nconnections = 3;"), NULL,
	    "r.conf:3: a.connections: 3 is more than max_connections, 2\n", "" },
	{ "messages on each above the provider's",
	    RULE("messages_per_connection = 30;\nmax_messages_per_connection = 20;"), NULL,
	    "r.conf:2: a.messages_per_connection: 30 is more than max_messages_per_connection, 20\n",
	    "" },
	{ "no limit", RULE("limits = \"many\";"), NULL,
	    "r.conf:2: a.limits: \"many\" is not a limit such as \"20/10s\"\n", "" },
	{ "a reply that is not matched",
	    RULE(
		"backoff = ( { match = \"slow down\";\nsample = [ \"421 Slow down\", \"too fast\" ]; } );"),
	    NULL, "r.conf:3: a.backoff.sample: \"too fast\" is not matched by its pattern\n", "" },
	{ "a reply that must not be matched", BACKOFF("not_sample = \"do not slow downwards\";"),
	    NULL,
	    "r.conf:3: a.backoff.not_sample: \"do not slow downwards\" is matched by its pattern\n",
	    "" },
	{ "a pattern that is none", RULE("backoff = (\n{ match = \"slow (down\"; } );"), NULL,
	    "r.conf:3: a.backoff.match: missing closing parenthesis at offset 10 of \"slow (down\"\n",
	    "" },
	{ "a pattern that blows up", RULE("backoff = (\n{ match = \"^421 (a+)+$\"; } );"), NULL,
	    "r.conf:3: a.backoff.match: " COSTLY("\"421 \" and 124 times \"a\""), "" },
	{ "a factor of 1", BACKOFF("factor = 1.0;"), NULL,
	    "r.conf:3: a.backoff.factor: must be a number between 0.0 and 1.0\n", "" },
	{ "a factor for another action", BACKOFF("action = \"suspend\"; factor = 0.5;"), NULL, "",
	    "r.conf:3: a.backoff.factor: means nothing with action = \"suspend\": it is for "
	    "\"reduce\"\n" },
	{ "after none", BACKOFF("after = \"0/1h\";"), NULL,
	    "r.conf:3: a.backoff.after: \"0/1h\": the count must be from 1 to 1000000000\n", "" },
	{ "a version that is no day", "version = \"2026130101\";\n" RULE(""), NULL,
	    "r.conf:1: version: \"2026130101\" is no version such as \"2026112201\": a day and two "
	    "digits\n",
	    "" },
	{ "a version that is a number", "version = 2026112201L;\n" RULE(""), NULL,
	    "r.conf:1: version: must be a string in double quotes\n", "" },
	{ "after in a shipped file", RULE("after = true;"), NULL,
	    "r.conf:2: a.after: is for rules of the local file\n", "" },

	/* With a local file over it. */
	{ "no such rule is shipped", RULE(""),
	    "mx_rules = (\n{ name = \"b\"; connections = 1; } );",
	    "l.conf:2: b.mx: no mask: no rule of this name is shipped, so it changes nothing\n",
	    "" },
	{ "a rule changed twice", RULE(""), CHANGE("burst = true; }, {\nname = \"a\";"),
	    "l.conf:3: name: \"a\" is also the rule of line 2\n", "" },
	{ "nothing to switch off", RULE(""), "mx_rules = (\n{ name = \"b\"; disabled = true; } );",
	    "", "l.conf:2: b: there is no such rule to switch off in r.conf\n" },
	{ "a shipped rule moved", RULE(""), CHANGE("after = true;"),
	    "l.conf:3: a.after: a shipped rule keeps its place\n", "" },
	{ "a new mask, an old sample", RULE("sample_mx = \"mx.a.test\";"),
	    CHANGE("mx = \"*.b.test\";"),
	    "r.conf:2: a.sample_mx: \"mx.a.test\" does not come out at this rule: no mask of it "
	    "matches\n",
	    "" },
	{ "more than the provider's, over a newer file", RULE("max_connections = 2;"),
	    CHANGE("connections = 3;"), "",
	    "l.conf:3: a.connections: 3 is more than max_connections, 2\n" },
	{ "an own rule before a shipped one", RULE("sample_mx = \"mx.a.test\";"),
	    "mx_rules = ( { name = \"own\"; mx = \"*.test\"; } );", "",
	    "r.conf:1: a.mx: the rule can never match: \"own\" at l.conf:1 takes all it could\n"
	    "r.conf:2: a.sample_mx: \"mx.a.test\" does not come out at this rule: \"own\" at l.conf:1 "
	    "takes it\n" },
	{ "an own rule behind what takes all of it", RULE(""),
	    "mx_rules = (\n{ name = \"own\"; mx = \"mx.a.test\"; after = true; } );",
	    "l.conf:2: own.mx: the rule can never match: \"a\" at r.conf:1 takes all it could\n",
	    "" },
	{ "an empty local file", RULE(""), "// nothing yet\n", "", "" },
};

static void
finds_in_mx_rules(void **state)
{
	run(*state, mx_rules_check_files);
}

/* -- bounce rules ------------------------------------------------------------------------------ */

/* A rule whose further keys stand in line 2. */
#define TEXT(keys)                                                                              \
	"text = ( { name = \"a\"; type = \"soft\"; reason = \"refused\"; match = \"go away\"; " \
	"sample = \"550 Go away\";\n" keys " } );\n"
/* One that is all given. */
#define ANY(list, keys) list " = ( {\nname = \"a\"; sample = \"550 go\";\n" keys " } );\n"

static const struct row bounce_rows[] = {
	{ "nothing", TEXT(""), NULL, "", "" },
	{ "syntax", "text = ( { name = \"a\";\n", NULL, "r.conf:2: syntax error\n", "" },
	{ "an unknown key", TEXT("prio = 1;"), NULL, "r.conf:2: text.a.prio: unknown key\n", "" },
	{ "an unknown list", "texts = ( );", NULL,
	    "r.conf:1: texts: unknown list; there are provider, status_text, text and code\n", "" },
	{ "a wrong type", TEXT("shadowed = 1;"), NULL,
	    "r.conf:2: text.a.shadowed: must be true or false\n", "" },
	{ "no name",
	    "text = (\n{ type = \"soft\"; reason = \"refused\"; match = \"a\"; sample = \"a\"; } );",
	    NULL, "r.conf:2: text.name: is missing\n", "" },
	{ "a name twice",
	    TEXT("}, {\nname = \"a\"; type = \"soft\"; reason = \"refused\"; match = \"x\"; "
		 "sample = \"x\";"),
	    NULL, "r.conf:3: text.a.name: \"a\" is the name of the rule at r.conf:1 too\n", "" },
	{ "no sample",
	    "text = (\n{ name = \"a\"; type = \"soft\"; reason = \"refused\"; match = \"a\"; } );",
	    NULL, "r.conf:2: text.a.sample: is missing\n", "" },
	{ "no such reason", ANY("text", "type = \"soft\"; match = \"go\";\nreason = \"tired\";"),
	    NULL,
	    "r.conf:4: text.a.reason: \"tired\" is not one of \"undefined\", \"user_unknown\", "
	    "\"mailbox_full\", \"inactive_user\", \"invalid_domain\", \"refused\", \"unreachable\", "
	    "\"message_too_large\", \"not_connected\", \"auto_reply\", \"delayed\", "
	    "\"feedback_loop\"\n",
	    "" },
	{ "hard for the sender's fault",
	    ANY("text", "type = \"hard\"; reason = \"refused\"; match = \"go\";"), NULL,
	    "r.conf:3: text.a.type: \"refused\" cannot be \"hard\": it is about the sender or the "
	    "message, not the address\n",
	    "" },
	{ "hard for a full mailbox",
	    ANY("text", "reason = \"mailbox_full\"; match = \"go\";\ntype = \"hard\";"), NULL,
	    "r.conf:4: text.a.type: \"mailbox_full\" cannot be \"hard\": a full mailbox passes\n",
	    "" },
	{ "soft for a delay", ANY("text", "type = \"soft\"; reason = \"delayed\"; match = \"go\";"),
	    NULL,
	    "r.conf:3: text.a.type: \"delayed\" cannot be \"soft\": the message is still being "
	    "tried\n",
	    "" },
	{ "hard with temporary codes",
	    "status_text = ( {\nname = \"a\"; sample = \"450 4.1.1 go\"; reason = \"user_unknown\";\n"
	    "type = \"hard\"; match = \"go\"; status = \"4.1.1\"; } );",
	    NULL, "",
	    "r.conf:3: status_text.a.type: all its codes are temporary, so \"hard\" comes out as "
	    "\"soft\"\n" },
	{ "no enhanced status",
	    ANY("code",
		"type = \"soft\"; reason = \"refused\";\nstatus = [ \"5.7.1\", \"5.71\" ];"),
	    NULL,
	    "r.conf:4: code.a.status: \"5.71\" is not an enhanced status such as \"5.1.1\" or "
	    "\"5.7.*\"\n",
	    "" },
	{ "an enhanced status of success",
	    "code = ( { name = \"a\"; type = \"soft\"; reason = \"refused\"; sample = \"550 5.7.1\";\n"
	    "status = [ \"5.7.1\", \"2.7.1\" ]; } );",
	    NULL,
	    "r.conf:2: code.a.status: no failure: an enhanced status begins with 4 or 5: \"2.7.1\"\n",
	    "" },
	{ "an enhanced status without a meaning",
	    "code = ( { name = \"a\"; type = \"soft\"; reason = \"refused\"; sample = \"550 5.7.1\";\n"
	    "status = [ \"5.7.1\", \"5.8.1\" ]; } );",
	    NULL,
	    "r.conf:2: code.a.status: no such subject: the second part is 0 to 7 (RFC 3463): "
	    "\"5.8.1\"\n",
	    "" },
	{ "a reply code of success", TEXT("code = [ \"550\", \"250\" ];"), NULL,
	    "r.conf:2: text.a.code: no failure: a reply code begins with 4 or 5: \"250\"\n", "" },
	{ "a pattern that is none",
	    ANY("text", "type = \"soft\"; reason = \"refused\";\nmatch = \"[go\";"), NULL,
	    "r.conf:4: text.a.match: missing terminating ] for character class at offset 3 of "
	    "\"[go\"\n",
	    "" },
	{ "an empty pattern", ANY("text", "type = \"soft\"; reason = \"refused\";\nmatch = \"\";"),
	    NULL, "r.conf:4: text.a.match: is empty: it would match every text\n", "" },
	{ "a pattern that blows up",
	    ANY("text",
		"type = \"soft\"; reason = \"refused\";\nmatch = \"go|(\\\\w+,? ?)+ gone\";"),
	    NULL, "r.conf:4: text.a.match: " COSTLY("128 times \"a\""), "" },
	{ "a sample that does not match",
	    TEXT("}, {\nname = \"b\"; type = \"soft\"; reason = \"refused\"; "
		 "match = \"asleep\";\nsample = \"550 awake\";"),
	    NULL, "r.conf:4: text.b.sample: the rule does not match: \"550 awake\"\n", "" },
	{ "a sample that comes out elsewhere",
	    TEXT("}, {\nname = \"b\"; type = \"soft\"; reason = \"refused\"; match = \"away!\";\n"
		 "sample = \"550 go away!\";"),
	    NULL, "r.conf:4: text.b.sample: the rule `a` of line 1 comes first: \"550 go away!\"\n",
	    "" },
	{ "a text that must not match", TEXT("not_sample = \"550 do not go away\";"), NULL,
	    "r.conf:2: text.a.not_sample: the rule matches: \"550 do not go away\"\n", "" },
	{ "a host that is none",
	    "provider = ( { name = \"a\"; type = \"soft\"; reason = \"refused\"; match = \"x\";\n"
	    "remote = [ \"mx.a.test\", \"*.a test\" ];\nsample = \"x\"; sample_remote = \"mx.a.test\"; } );",
	    NULL, "r.conf:2: provider.a.remote: no host name is like this: \"*.a test\"\n", "" },
	{ "a version of words", "version = \"newest\";\n" TEXT(""), NULL,
	    "r.conf:1: version: \"newest\" is no version such as \"2026112201\": a day and two digits\n",
	    "" },
	{ "after in a shipped file", TEXT("after = true;"), NULL,
	    "r.conf:2: text.a.after: is for rules of the local file\n", "" },

	/* With a local file over it. */
	{ "no such rule is shipped", TEXT(""), "text = (\n{ name = \"b\"; type = \"soft\"; } );",
	    "l.conf:2: text.b.reason: is missing\nl.conf:2: text.b.match: is missing\n"
	    "l.conf:2: text.b.sample: is missing\n",
	    "" },
	{ "changed in another list", TEXT(""), "code = (\n{ name = \"a\"; type = \"ignored\"; } );",
	    "l.conf:2: code.a.name: \"a\" at r.conf:1 is a rule of the list `text`: it is changed "
	    "there\n",
	    "" },
	{ "nothing to switch off", TEXT(""), "text = (\n{ name = \"b\"; disabled = true; } );", "",
	    "l.conf:2: b: there is no such rule to switch off in r.conf\n" },
	{ "a new pattern, an old sample", TEXT(""),
	    "text = (\n{ name = \"a\"; match = \"leave\"; } );",
	    "r.conf:1: text.a.sample: the rule does not match: \"550 Go away\"\n", "" },
	{ "an own rule before a shipped one", TEXT(""),
	    "text = ( { name = \"own\"; type = \"ignored\"; reason = \"refused\"; match = \"away\";\n"
	    "sample = \"away\"; } );",
	    "",
	    "r.conf:1: text.a.sample: the rule `own` of line 1 comes first: \"550 Go away\"\n" },
	{ "a shipped rule made hard", TEXT(""), "text = (\n{ name = \"a\";\ntype = \"hard\"; } );",
	    "l.conf:3: text.a.type: \"refused\" cannot be \"hard\": it is about the sender or the "
	    "message, not the address\n",
	    "" },
};

static void
finds_in_bounce_rules(void **state)
{
	run(*state, bounce_rules_check_files);
}

/* -- what is shipped --------------------------------------------------------------------------- */

static char top[4096];

static const struct shipped_row {
	const char *label;
	unsigned (*check)(const char *path, const char *local, struct findings *findings);
} shipped_rows[] = {
	{ "mx-rules.conf", mx_rules_check_files },
	{ "bounce-rules.conf", bounce_rules_check_files },
};

static void
shipped_files_have_neither(void **state)
{
	const struct shipped_row *row = *state;
	struct findings findings = { 0 };
	struct str path = { 0 };

	str_addf(&path, "%s/conf/%s", top, row->label);
	row->check(str_text(&path), NULL, &findings);
	assert_string_equal(str_text(&findings.mistakes.lines), "");
	assert_string_equal(str_text(&findings.warnings.lines), "");
	findings_free(&findings);
	str_free(&path);
}

static void
a_file_that_is_missing(void **state)
{
	struct findings findings = { 0 };

	(void)state;
	assert_int_equal(mx_rules_check_files("none.conf", NULL, &findings), 1);
	assert_int_equal(bounce_rules_check_files("none.conf", NULL, &findings), 1);
	assert_string_equal(str_text(&findings.mistakes.lines),
	    "none.conf:0: No such file or directory\nnone.conf:0: No such file or directory\n");
	findings_free(&findings);
}

int
main(void)
{
	struct check_list list = { 0 };
	int failed;

	if (getcwd(top, sizeof(top)) == NULL || mkdtemp(folder) == NULL || chdir(folder) != 0)
		return 1;
	CHECK_ROWS(&list, finds_in_mx_rules, mx_rows);
	CHECK_ROWS(&list, finds_in_bounce_rules, bounce_rows);
	CHECK_ROWS(&list, shipped_files_have_neither, shipped_rows);
	CHECK(&list, a_file_that_is_missing);
	failed = check_run(&list, "rules_check");
	unlink("r.conf");
	unlink("l.conf");
	if (chdir(top) != 0 || rmdir(folder) != 0)
		return 1;
	return failed;
}
