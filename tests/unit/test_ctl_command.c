/* command: what mxctl makes of its arguments, and what it does without Redis. */
#include "test_ctl.h"

static const char conf_text[] =
    "redis = \"unix:FOLDER/no-redis\"; store_timeout = \"100ms\"; mx_rules = \"mx-rules.conf\";\n"
    "mx_rules_local = \"\"; bounce_rules = \"bounce-rules.conf\"; local_domains = \"here.test\";\n"
    "node = \"mta1\"; sending_ips = ( { name = \"192.0.2.1\"; } );\n";

static const char mx_rules_text[] =
    "mx_rules = (\n"
    "  { name = \"google\"; mx = \"*.google.com\"; connections = 5; messages_per_connection = 50;\n"
    "    messages_per_hour = 10000; limits = \"200/1m\"; sample_mx = \"mx.google.com\"; },\n"
    "  { name = \"default\"; mx = \"*\"; scope = \"site\"; limits = \"7/10s\"; } );\n";

static const char bounce_rules_text[] = "text = (\n"
					"  { name = \"unknown\"; type = \"hard\"; reason = "
					"\"user_unknown\"; match = \"user unknown\";\n"
					"    sample = \"550 5.1.1 user unknown\"; } );\n";

static bool
contains(const char *text, const char *part)
{
	return part == NULL ? *text == '\0' : strstr(text, part) != NULL;
}

static const struct run_row {
	const char *label, *line;
	int rc;
	const char *stream, *errors; /* a part of each; NULL: nothing at all */
} run_rows[] = {
	{ "nothing", "-c mxpace.conf", CTL_USAGE, NULL, "mxctl: no command given\nusage: mxctl " },
	{ "unknown command", "nosuch", CTL_USAGE, NULL, "no command \"nosuch\"\nusage: " },
	{ "half a command", "quarantine", CTL_USAGE, NULL,
	    "quarantine what?\nusage: mxctl quarantine list" },
	{ "unknown half", "quarantine nosuch", CTL_USAGE, NULL,
	    "no command \"quarantine nosuch\"" },
	{ "unknown option", "--nosuch status", CTL_USAGE, NULL,
	    "unknown option --nosuch\nusage: " },
	{ "unknown short option", "status -x", CTL_USAGE, NULL,
	    "unknown option -x\nusage: mxctl status" },
	{ "option of another command", "status --match x", CTL_USAGE, NULL,
	    "status takes no --match\nusage: mxctl status [--watch] [--for TIME]\n" },
	{ "option without its value", "quarantine list --match", CTL_USAGE, NULL,
	    "--match needs a value" },
	{ "value for an option without", "quarantine list --counting=1", CTL_USAGE, NULL,
	    "--counting takes no value" },
	{ "-c without its value", "status -c", CTL_USAGE, NULL, "-c needs a value" },
	{ "operand missing", "explain", CTL_USAGE, NULL,
	    "ADDRESS is missing\nusage: mxctl explain ADDRESS [--sender ADDRESS]\n" },
	{ "operand too many", "group show a b", CTL_USAGE, NULL, "what is \"b\"?\nusage: " },
	{ "operand of a command without", "status x", CTL_USAGE, NULL, "what is \"x\"?" },

	{ "help", "help", CTL_DONE, "  quarantine remove", NULL },
	{ "help about a family", "help quarantine", CTL_DONE,
	    "usage: mxctl quarantine add ADDRESS...", NULL },
	{ "help about one", "help quarantine list", CTL_DONE, "[--match GLOB] [--counting]", NULL },
	{ "help about nothing", "help nosuch", CTL_USAGE, NULL, "no command \"nosuch\"" },
	{ "--help alone", "--help", CTL_DONE, "usage: mxctl [-c FILE]", NULL },
	{ "--help behind a command", "group --help", CTL_DONE, "usage: mxctl group list", NULL },
	{ "--version", "--version", CTL_DONE, "mxctl (mxpace) " MXPACE_VERSION "\n", NULL },

	{ "no configuration", "-c nosuch.conf status", CTL_NO, NULL,
	    "nosuch.conf:0: No such file" },
	{ "broken configuration", "-c broken.conf status", CTL_NO, NULL,
	    "broken.conf:1: colour: unknown key" },
	{ "broken rules", "-c broken-rules.conf group list", CTL_NO, NULL,
	    "broken-mx-rules.conf:1: a.limits: " },

	{ "store away: status", "-c mxpace.conf status", CTL_AWAY, "AWAY", NULL },
	{ "store away: status in JSON", "--json -c mxpace.conf status", CTL_AWAY,
	    "\"reachable\":false,\"words\":\"Redis at unix:", NULL },
	{ "store away: group list", "-c mxpace.conf group list", CTL_AWAY, NULL,
	    "mxctl: Redis at unix:" },
	{ "store away: quarantine list", "-c mxpace.conf quarantine list", CTL_AWAY, NULL,
	    "mxctl: Redis at unix:" },
	{ "store away: quarantine add", "-c mxpace.conf quarantine add u@foo.test", CTL_AWAY, NULL,
	    "mxctl: Redis at unix:" },
	{ "store away: explain says what follows", "-c mxpace.conf explain u@[192.0.2.9]", CTL_AWAY,
	    "pass (store_failed_permit)\n  Postfix is told   action=DUNNO\n", NULL },
	{ "explain by address alone: store away", "-c mxpace.conf explain u@here.test", CTL_AWAY,
	    "pass (local_domain)", NULL },
	{ "explain: group of an address literal", "-c mxpace.conf --json explain u@[192.0.2.9]",
	    CTL_AWAY,
	    "\"rule\":\"default\",\"rule_place\":\"mx-rules.conf:4\","
	    "\"group\":\"default/[192.0.2.9]\",\"sending_ip\":\"192.0.2.1\"",
	    NULL },
	{ "explain: the null sender", "-c mxpace.conf explain u@[192.0.2.9] --sender <>", CTL_AWAY,
	    "pass (null_sender)", NULL },
	{ "explain: an empty sender", "-c mxpace.conf explain u@[192.0.2.9] --sender '", CTL_AWAY,
	    "pass (null_sender)", NULL },
	{ "explain: no address", "-c mxpace.conf explain a@", CTL_NO,
	    "defer (bad_recipient)\n  Postfix is told   action=DEFER_IF_PERMIT 4.3.5 mxpace: "
	    "recipient is no address: ",
	    NULL },

	{ "rules check", "-c mxpace.conf rules check", CTL_DONE,
	    "  Bounce rules      bounce-rules.conf\n"
	    "                    1 rule\n"
	    "                    1 sample tried\n"
	    "                    no mistakes\n",
	    NULL },
	{ "rules check in JSON", "-c mxpace.conf --json rules check", CTL_DONE,
	    "\"mx_rules\":{\"file\":\"mx-rules.conf\",\"rules\":2,\"samples\":1,\"mistakes\":0,"
	    "\"warnings\":0}",
	    NULL },
	{ "rules check: all files at once", "-c broken-rules.conf rules check", CTL_NO,
	    "broken-bounce-rules.conf\n", "broken-mx-rules.conf:1: a.limits: " },
	{ "rules check: bounce rules too", "-c broken-rules.conf rules check", CTL_NO, "2 mistakes",
	    "\nbroken-bounce-rules.conf:1: " },
	{ "rules check: mistakes in JSON", "--json -c broken-rules.conf rules check", CTL_NO,
	    "\"mistakes\":[{\"mistake\":\"broken-mx-rules.conf:1: a.", "broken-mx-rules.conf:1: " },
	{ "rules check: a sample that fails", "-c wrong-sample.conf rules check", CTL_NO,
	    "1 mistake",
	    "wrong-mx-rules.conf:1: a.sample_mx: \"mx.b.test\" does not come out at this rule" },
	{ "rules check: broken configuration", "-c broken.conf rules check", CTL_NO,
	    "not looked at", "broken.conf:1: colour: unknown key" },
	{ "rules show", "-c mxpace.conf rules show", CTL_DONE,
	    "  google   provider  ip   normal     5    50  200/1m,       5  200/1m,         2\n",
	    NULL },
	{ "rules show at a level", "-c mxpace.conf rules show google --level fast", CTL_DONE,
	    "  Messages          400/1m, 1667/5m, 20000/1h\n", NULL },
	{ "rules show at no level", "-c mxpace.conf rules show --level faster", CTL_USAGE, NULL,
	    "\"faster\" is no level: slow, normal, fast, very_fast, boost or custom" },
	{ "rules show of one", "-c mxpace.conf rules show google", CTL_DONE,
	    "  Messages          200/1m, 834/5m, 10000/1h\n", NULL },
	{ "rules show of one in JSON", "-c mxpace.conf rules show default --json", CTL_DONE,
	    "{\"rule\":\"default\",\"place\":\"mx-rules.conf:4\",", NULL },
	{ "rules show of none", "-c mxpace.conf rules show nosuch", CTL_NO, NULL,
	    "no rule nosuch" },

	{ "-- ends the options", "-c mxpace.conf rules show -- --json", CTL_NO, NULL,
	    "no rule --json" },
	{ "options behind the command", "rules show -c mxpace.conf google", CTL_DONE, "google",
	    NULL },
};

static void
runs(void **state)
{
	const struct run_row *row = *state;
	struct done done = run(row->line, "\n");

	if (done.rc != row->rc || !contains(done.stream, row->stream) ||
	    !contains(done.errors, row->errors)) {
		print_message("exit %d\nstdout: %s\nstderr: %s\n", done.rc, done.stream,
		    done.errors);
		fail();
	}
	free_done(&done);
}

static const struct classify_row {
	const char *label, *in, *text, *json;
} classify_rows[] = {
	{ "one", "550 5.1.1 User unknown\n",
	    "hard    user_unknown      unknown                   550 5.1.1 User unknown\n",
	    "{\"type\":\"hard\",\"reason\":\"user_unknown\",\"rule\":\"unknown\",\"reply_code\":"
	    "\"550\","
	    "\"status\":\"5.1.1\",\"line\":\"550 5.1.1 User unknown\"}\n" },
	{ "without a line end", "554 odd",
	    "ignored undefined         -                         554 odd\n",
	    "{\"type\":\"ignored\",\"reason\":\"undefined\",\"rule\":\"\",\"reply_code\":\"554\","
	    "\"status\":\"\",\"line\":\"554 odd\"}\n" },
	{ "CRLF, an empty line and escapes", "a\x1b[1m\r\n\r\n",
	    "ignored undefined         -                         a?[1m\n"
	    "soft    undefined         -                         \n",
	    "{\"type\":\"ignored\",\"reason\":\"undefined\",\"rule\":\"\",\"reply_code\":\"\","
	    "\"status\":\"\",\"line\":\"a?[1m\"}\n"
	    "{\"type\":\"soft\",\"reason\":\"undefined\",\"rule\":\"\",\"reply_code\":\"\","
	    "\"status\":\"\",\"line\":\"\"}\n" },
};

static void
classifies(void **state)
{
	const struct classify_row *row = *state;
	struct done done = run("-c mxpace.conf classify", row->in);

	assert_int_equal(done.rc, CTL_DONE);
	assert_string_equal(done.stream, row->text);
	free_done(&done);
	done = run("-c mxpace.conf --json classify", row->in);
	assert_int_equal(done.rc, CTL_DONE);
	assert_string_equal(done.stream, row->json);
	free_done(&done);
}

static void
classifies_a_line_of_a_megabyte(void **state)
{
	enum { SIZE = 1 << 20 };
	char *in = malloc(SIZE + 32);
	struct done done;

	(void)state;
	assert_non_null(in);
	memset(in, 'x', SIZE);
	strcpy(in + SIZE, "\n550 user unknown\n");
	done = run("-c mxpace.conf classify", in);
	assert_int_equal(done.rc, CTL_DONE);
	assert_true(strlen(done.stream) < 20000);
	assert_non_null(strstr(done.stream, "x\nhard    user_unknown "));
	free_done(&done);
	free(in);
}

/* Help fits 80 columns and names each command; the table is in order. */
static void
has_a_sound_grammar(void **state)
{
	struct done done = run("help", "\n");
	struct span rest = span_of(done.stream), line;

	(void)state;
	while (span_line(&rest, &line))
		assert_true(line.len <= 80);
	free_done(&done);
	for (size_t i = 0; i < command_count; i++) {
		const struct command *command = &commands[i];

		assert_true(command->run != NULL && *command->help != '\0');
		assert_true((command->least == 0) ==
			    (*command->operands == '\0' || *command->operands == '['));
		assert_true(command->least <= command->most);
		for (size_t k = 0; k < i; k++)
			assert_true(strcmp(command->name, commands[k].name) != 0 ||
				    (command->sub != NULL && commands[k].sub != NULL &&
					strcmp(command->sub, commands[k].sub) != 0));
	}
	for (size_t i = 0; i < CTL_OPTIONS; i++)
		assert_true(command_options[i].name != NULL && *command_options[i].help != '\0');
}

static void
tells_a_full_disk(void **state)
{
	char *argv[] = { (char *)(uintptr_t) "mxctl", (char *)(uintptr_t) "help", NULL };
	char *words = NULL;
	size_t size;
	FILE *full = fopen("/dev/full", "w"), *errors = open_memstream(&words, &size);

	(void)state;
	assert_true(full != NULL && errors != NULL);
	assert_int_equal(command_main(2, argv, stdin, full, errors), CTL_NO);
	fclose(errors);
	fclose(full);
	assert_string_equal(words, "mxctl: the output could not be written\n");
	free(words);
}

int
main(void)
{
	static const char *const files[][2] = {
		{ "mxpace.conf", conf_text },
		{ "mx-rules.conf", mx_rules_text },
		{ "bounce-rules.conf", bounce_rules_text },
		{ "broken.conf", "colour = 1;\n" },
		{ "broken-rules.conf", "mx_rules = \"broken-mx-rules.conf\"; mx_rules_local = \"\";"
				       " bounce_rules = \"broken-bounce-rules.conf\";\n" },
		{ "broken-mx-rules.conf",
		    "mx_rules = ( { name = \"a\"; mx = \"*\"; limits = \"5/x\"; sort = 1; } );\n" },
		{ "broken-bounce-rules.conf", "text = ( { nam = \"a\"; } );\n" },
		{ "wrong-sample.conf", "mx_rules = \"wrong-mx-rules.conf\"; mx_rules_local = \"\";"
				       " bounce_rules = \"bounce-rules.conf\";\n" },
		{ "wrong-mx-rules.conf", "mx_rules = ( { name = \"a\"; mx = \"*.a.test\"; "
					 "sample_mx = \"mx.b.test\"; } );\n" },
	};
	struct check_list list = { 0 };
	int rc;

	make_folder();
	for (size_t i = 0; i < COUNT(files); i++)
		write_file(files[i][0], files[i][1]);
	CHECK_ROWS(&list, runs, run_rows);
	CHECK_ROWS(&list, classifies, classify_rows);
	CHECK(&list, classifies_a_line_of_a_megabyte);
	CHECK(&list, has_a_sound_grammar);
	CHECK(&list, tells_a_full_disk);
	rc = check_run(&list, "ctl_command");
	for (size_t i = 0; i < COUNT(files); i++)
		remove_file(files[i][0]);
	remove_folder();
	return rc;
}
