/* mxctl bounce unclassified, against a private redis-server. */
#include "test_ctl_redis.h"

#include <sys/stat.h>

#include "keys.h"
#include "store.h"

static const char conf_text[] =
    "redis = \"unix:FOLDER/redis.sock\"; store_timeout = \"5s\"; mx_rules = \"mx-rules.conf\";\n"
    "mx_rules_local = \"\"; bounce_rules = \"bounce-rules.conf\"; node = \"bulk-one\";\n"
    "sending_ips = ( { name = \"192.0.2.1\"; } );\n";

static const char rules_text[] =
    "version = \"2026112207\";\n"
    "provider = ( ); status_text = ( ); code = ( );\n"
    "text = ( { name = \"unknown\"; type = \"hard\"; reason = \"user_unknown\";\n"
    "  match = \"user unknown\"; sample = \"user unknown\"; } );\n";

static const char mx_rules_text[] = "mx_rules = ( { name = \"default\"; mx = \"*\"; } );\n";

static void
came(const char *text, int times)
{
	for (int i = 0; i < times; i++)
		store_put_unclassified(&batch, text);
	must();
}

static void
begin(void)
{
	empty_redis(NULL);
	came("550 zwackelt <address>", 3);
	came("550 Ann zwackelt", 2);
	came("550 Bob zwackelt", 4);
	came("421 bulk-one zwackelt*", 1);
}

static void
shows(void **state)
{
	(void)state;
	empty_redis(NULL);
	check_run_of("bounce unclassified", CTL_DONE, "The rules knew every text.", "");
	begin();
	check_run_of("bounce unclassified", CTL_DONE,
	    "  COUNT  TEXT\n"
	    "      4  550 Bob zwackelt\n"
	    "      3  550 zwackelt <address>\n"
	    "      2  550 Ann zwackelt\n"
	    "      1  421 bulk-one zwackelt*\n",
	    "");
	check_run_of("bounce unclassified --limit 1", CTL_DONE,
	    "  COUNT  TEXT\n      4  550 Bob zwackelt\n", "");
	check_run_of("bounce unclassified --json --limit 1", CTL_DONE,
	    "{\"texts\":[{\"count\":4,\"text\":\"550 Bob zwackelt\"}]}", "");
}

/* What is left of two texts without their names is one. */
static const char exported[] = "\"texts\":3}\n"
			       "{\"count\":6,\"text\":\"550 <name> zwackelt\"}\n"
			       "{\"count\":3,\"text\":\"550 zwackelt <address>\"}\n"
			       "{\"count\":1,\"text\":\"421 <host> zwackelt*\"}\n";

static void
exports(void **state)
{
	struct done done;

	(void)state;
	begin();
	done = run("-c mxpace.conf bounce unclassified --export -", "");
	assert_int_equal(done.rc, CTL_DONE);
	assert_ptr_equal(
	    strstr(done.stream,
		"{\"format\":\"mxpace-unclassified\",\"format_version\":1,\"mxpace\":\""),
	    done.stream);
	assert_non_null(strstr(done.stream, "\"rules_version\":\"2026112207\",\"made\":\"20"));
	assert_non_null(strstr(done.stream, exported));
	assert_null(strstr(done.stream, "bulk"));
	free_done(&done);
}

static void
exports_to_a_file(void **state)
{
	char path[PATH_MAX], text[1000];
	struct stat st;
	FILE *file;
	size_t n;

	(void)state;
	begin();
	check_run_of("bounce unclassified --export texts.jsonl", CTL_DONE,
	    "3 texts written to texts.jsonl", "");
	snprintf(path, sizeof(path), "%s/texts.jsonl", folder);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	file = fopen(path, "r");
	assert_non_null(file);
	n = fread(text, 1, sizeof(text) - 1, file);
	text[n] = '\0';
	fclose(file);
	remove_file("texts.jsonl");
	assert_non_null(strstr(text, exported));
	check_run_of("bounce unclassified --export no/such/folder", CTL_NO, "", "no/such/folder");
}

static void
forgets(void **state)
{
	(void)state;
	begin();
	check_run_of("bounce unclassified --forget nothing", CTL_NO, "0 of 4 texts forgotten", "");
	check_run_of("bounce unclassified --forget *Ann*", CTL_DONE, "1 of 4 texts forgotten", "");
	assert_int_equal(number("ZCARD", KEYS_UNCLASSIFIED), 3);
	for (int i = 0; i < 70; i++) {
		char text[40];

		snprintf(text, sizeof(text), "text %d", i);
		came(text, 1);
	}
	check_run_of("bounce unclassified --json --forget *", CTL_DONE, "{\"forgotten\":73}", "");
	assert_int_equal(number("EXISTS", KEYS_UNCLASSIFIED), 0);
}

static const struct refused_row {
	const char *label, *line, *words;
} refused_rows[] = {
	{ "export and forget", "bounce unclassified --export - --forget *",
	    "--export stands alone" },
	{ "export of some", "bounce unclassified --export - --limit 2", "--export stands alone" },
	{ "a limit of none", "bounce unclassified --limit 0", "\"0\" is no number over 0" },
	{ "an operand", "bounce unclassified all", "usage: mxctl bounce unclassified" },
};

static void
refuses(void **state)
{
	const struct refused_row *row = *state;

	check_run_of(row->line, CTL_USAGE, "", row->words);
}

int
main(void)
{
	struct check_list list = { 0 };
	int rc;

	if (!begin_redis(conf_text, mx_rules_text))
		return 1;
	write_file("bounce-rules.conf", rules_text);
	CHECK(&list, shows);
	CHECK(&list, exports);
	CHECK(&list, exports_to_a_file);
	CHECK(&list, forgets);
	CHECK_ROWS(&list, refuses, refused_rows);
	rc = check_run(&list, "ctl_unclassified");
	remove_file("bounce-rules.conf");
	end_redis();
	return rc;
}
