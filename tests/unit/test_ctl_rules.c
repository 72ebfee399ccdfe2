#include "test_ctl.h"

static const char conf[] =
    "state_dir = \"FOLDER\"; mx_rules = \"mx-rules.conf\"; mx_rules_local = \"mx.local.conf\";\n"
    "bounce_rules = \"bounce-rules.conf\"; bounce_rules_local = \"bounce.local.conf\";\n"
    "redis = \"unix:/nowhere/redis.sock\";\n";

static const char mx_rules[] = "version = \"2026112201\";\n"
			       "mx_rules = (\n"
			       "  { name = \"a\"; mx = \"*.a.test\"; connections = 5;\n"
			       "    messages_per_connection = 20; sample_mx = \"mx.a.test\"; },\n"
			       "  { name = \"b\"; mx = \"*.b.test\"; },\n"
			       "  { name = \"default\"; mx = \"*\"; scope = \"site\"; } );\n";

static const char mx_local[] = "mx_rules = (\n"
			       "  { name = \"a\"; connections = 7; },\n"
			       "  { name = \"b\"; disabled = true; },\n"
			       "  { name = \"gone\"; disabled = true; },\n"
			       "  { name = \"own\"; mx = \"*.c.test\"; after = true; } );\n";

static const char bounce_rules[] =
    "text = (\n"
    "  { name = \"full\"; type = \"soft\"; reason = \"mailbox_full\";\n"
    "    match = \"full\"; sample = \"550 full\"; },\n"
    "  { name = \"other\"; type = \"soft\"; reason = \"refused\"; match = \"no\"; sample = \"no\"; } );\n";

static const char bounce_local[] =
    "text = (\n"
    "  { name = \"full\"; type = \"ignored\"; },\n"
    "  { name = \"other\"; disabled = true; },\n"
    "  { name = \"own\"; type = \"soft\"; reason = \"refused\"; match = \"go\"; sample = \"go\"; } );\n";

static const char wrong_mx[] =
    "mx_rules = (\n"
    "  { name = \"a\"; mx = \"*.a.test\"; limits = [ \"5/1m\", \"3/60s\" ];\n"
    "    conections = 5; },\n"
    "  { name = \"default\"; mx = \"*\"; } );\n";

static const char wrong_bounce[] =
    "text = ( { name = \"a\"; type = \"hard\"; reason = \"refused\";\n"
    "  match = \"(x+)+y\"; sample = \"xy\"; } );\n";

static const struct row {
	const char *label, *line;
	int rc;
	const char *has[5]; /* on standard output */
	const char *errors; /* all of it */
} rows[] = {
	{ "check: all that is configured", "-c mxpace.conf rules check", CTL_DONE,
	    { "  MX rules          mx-rules.conf\n                    mx.local.conf\n"
	      "                    version 2026112201\n                    3 rules\n"
	      "                    1 sample tried\n                    no mistakes\n"
	      "                    1 warning\n",
		"  Bounce rules      bounce-rules.conf\n                    bounce.local.conf\n"
		"                    2 rules\n" },
	    "mx.local.conf:4: warning: gone: there is no such rule to switch off in "
	    "mx-rules.conf\n" },
	{ "check: in JSON", "-c mxpace.conf --json rules check", CTL_DONE,
	    { "\"mx_rules\":{\"file\":\"mx-rules.conf\",\"local\":\"mx.local.conf\","
	      "\"version\":\"2026112201\",\"rules\":3,\"samples\":1,\"mistakes\":0,\"warnings\":1}",
		"\"mistakes\":[]",
		"\"warnings\":[{\"warning\":\"mx.local.conf:4: gone: there is no such rule to switch "
		"off in mx-rules.conf\",\"file\":\"mx.local.conf\",\"line\":4,\"key\":\"gone\","
		"\"words\":\"there is no such rule to switch off in mx-rules.conf\"}]" },
	    "mx.local.conf:4: warning: gone: there is no such rule to switch off in "
	    "mx-rules.conf\n" },
	{ "check: files without a configuration",
	    "-c nosuch.conf rules check mx-rules.conf bounce-rules.conf", CTL_DONE,
	    { "  MX rules          mx-rules.conf\n                    version 2026112201\n"
	      "                    3 rules\n",
		"  Bounce rules      bounce-rules.conf\n                    2 rules\n" },
	    "" },
	{ "check: files with mistakes", "rules check wrong-mx.conf wrong-bounce.conf", CTL_NO,
	    { "                    1 mistake\n", "                    2 mistakes\n" },
	    "wrong-mx.conf:3: a.conections: unknown key\n"
	    "wrong-bounce.conf:1: text.a.type: \"refused\" cannot be \"hard\": it is about the "
	    "sender or the message, not the address\n"
	    "wrong-bounce.conf:2: text.a.match: the pattern can blow up: it takes too long on a text "
	    "such as 128 times \"x\"; bound what repeats in a repetition\n" },
	{ "check: a mistake in JSON", "--json rules check wrong-mx.conf", CTL_NO,
	    { "\"mistakes\":[{\"mistake\":\"wrong-mx.conf:3: a.conections: unknown key\","
	      "\"file\":\"wrong-mx.conf\",\"line\":3,\"key\":\"a.conections\","
	      "\"words\":\"unknown key\"}]" },
	    "wrong-mx.conf:3: a.conections: unknown key\n" },
	{ "check: a file of neither kind", "rules check mxpace.conf", CTL_NO,
	    { "                    1 mistake\n" },
	    "mxpace.conf:0: neither MX rules (mx_rules) nor bounce rules (provider, status_text, "
	    "text, code)\n" },
	{ "check: no such file", "rules check nosuch.conf", CTL_NO,
	    { "                    1 mistake\n" }, "nosuch.conf:0: No such file or directory\n" },
	{ "origin of one", "-c mxpace.conf rules show a --origin", CTL_DONE,
	    { "  connections                  7                local    mx.local.conf:2\n",
		"  messages_per_connection      20               shipped  mx-rules.conf:4\n",
		"  scope                        \"provider\"       default  -\n" },
	    "" },
	{ "origin in JSON", "-c mxpace.conf --json rules show a --origin", CTL_DONE,
	    { "{\"rule\":\"a\",\"key\":\"connections\",\"value\":\"7\",\"from\":\"local\",\"file\":"
	      "\"mx.local.conf\",\"line\":2}",
		"{\"rule\":\"a\",\"key\":\"per\",\"value\":\"\\\"ip\\\"\",\"from\":\"default\",\"file\":"
		"null,\"line\":null}" },
	    "" },
	{ "origin of all", "-c mxpace.conf rules show --origin", CTL_DONE,
	    { "  a        connections              7                local    mx.local.conf:2\n",
		"  own      after                    true             local    mx.local.conf:5\n",
		"  RULE  SWITCHED OFF BY\n  gone  mx.local.conf:4\n  b     mx.local.conf:3\n" },
	    "" },
	{ "a rule that is switched off", "-c mxpace.conf rules show b", CTL_NO, { NULL },
	    "mxctl: the rule b is switched off by mx.local.conf:3\n" },
	{ "bounce rules", "-c mxpace.conf rules show --bounce", CTL_DONE,
	    { "  own   text  soft     refused       bounce.local.conf     4\n"
	      "  full  text  ignored  mailbox_full  bounce.local.conf     2\n",
		"  other  bounce.local.conf:3\n" },
	    "" },
	{ "origin of a bounce rule", "-c mxpace.conf rules show --bounce full --origin", CTL_DONE,
	    { "  type           \"ignored\"       local    bounce.local.conf:2\n",
		"  reason         \"mailbox_full\"  shipped  bounce-rules.conf:2\n",
		"  match          \"full\"          shipped  bounce-rules.conf:3\n" },
	    "" },
	{ "no such bounce rule", "-c mxpace.conf rules show --bounce nosuch", CTL_NO, { NULL },
	    "mxctl: no bounce rule nosuch: mxctl rules show --bounce\n" },
	{ "classify takes the own rules", "-c mxpace.conf classify", CTL_DONE,
	    { "ignored mailbox_full      full" }, "" },
};

static void
does(void **state)
{
	const struct row *row = *state;
	struct done done =
	    run(row->line, strstr(row->line, "classify") != NULL ? "550 full\n" : "\n");

	for (size_t i = 0; i < COUNT(row->has) && row->has[i] != NULL; i++)
		if (strstr(done.stream, row->has[i]) == NULL)
			fail_msg("not there: %s\nin:\n%s", row->has[i], done.stream);
	assert_string_equal(done.errors, row->errors);
	assert_int_equal(done.rc, row->rc);
	free(done.stream);
	free(done.errors);
}

static const struct file {
	const char *name, *text;
} files[] = {
	{ "mxpace.conf", conf },
	{ "mx-rules.conf", mx_rules },
	{ "mx.local.conf", mx_local },
	{ "bounce-rules.conf", bounce_rules },
	{ "bounce.local.conf", bounce_local },
	{ "wrong-mx.conf", wrong_mx },
	{ "wrong-bounce.conf", wrong_bounce },
};

int
main(void)
{
	struct check_list list = { 0 };
	int failed;

	unsetenv("HOME");
	unsetenv("XDG_CACHE_HOME");
	make_folder();
	for (size_t i = 0; i < COUNT(files); i++)
		write_file(files[i].name, files[i].text);
	CHECK_ROWS(&list, does, rows);
	failed = check_run(&list, "ctl_rules");
	for (size_t i = 0; i < COUNT(files); i++)
		remove_file(files[i].name);
	remove_file("mxbounce.cache");
	remove_folder();
	return failed;
}
