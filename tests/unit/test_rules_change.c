/* Changes of the rules in force by mxctl, from the bundle in a file to a rollback: what is noted about
 * them, also where they are broken off, and what another node may tell. */
#include "test_ctl_redis.h"

#include "file.h"
#include "rules_history.h"
#include "rules_install.h"
#include "rules_last.h"
#include "store_rules.h"

#include <sys/stat.h>

static const char bounce_rules[] =
    "text = ( { name = \"full\"; type = \"soft\"; match = \"full\";\n"
    "  reason = \"mailbox_full\"; sample = \"550 full\"; } );\n";
static const char mx_rules[] = "mx_rules = ( { name = \"default\"; mx = \"*\"; } );\n";
static char state_dir[PATH_MAX];

static void
command(const char *words)
{
	char line[PATH_MAX];

	snprintf(line, sizeof(line), "cd %s && %s", folder, words);
	assert_int_equal(system(line), 0);
}

static const char *
in_force(void)
{
	static char version[RULES_VERSION_SIZE];

	rules_place_current(state_dir, version);
	return version;
}

static struct rules_last
last(void)
{
	struct rules_last found;

	rules_last_load(state_dir, &found);
	return found;
}

/* Two versions, the second in force; nobody has told the fleet of them. */
static int
two_versions(void **state)
{
	command("rm -rf state/rules");
	empty_redis(state);
	check_run_of("rules publish rules --key key --output rules.json --as 2026112201", CTL_DONE,
	    "2026112201", "");
	check_run_of("rules update", CTL_DONE, "2026112201 is in force", "");
	check_run_of("rules publish rules --key key --output rules.json --as 2026112202", CTL_DONE,
	    "2026112202", "");
	check_run_of("rules update", CTL_DONE, "2026112202 is in force", "");
	return empty_redis(state);
}

/* -- what is held ------------------------------------------------------------------------------ */

static void
a_rollback_that_fails_holds_nothing(void **state)
{
	two_versions(state);
	command("mkdir -p state/rules/current.new/x");
	check_run_of("rules rollback", CTL_NO, "", "current.new");
	assert_string_equal(in_force(), "2026112202");
	assert_string_equal(last().held, "");
	command("rm -r state/rules/current.new");
	check_run_of("rules rollback", CTL_DONE, "updates up to 2026112202", "");
	assert_string_equal(in_force(), "2026112201");
	assert_string_equal(last().held, "2026112202");
}

static void
an_update_that_fails_leaves_it_held(void **state)
{
	two_versions(state);
	check_run_of("rules rollback", CTL_DONE, "updates up to 2026112202", "");
	check_run_of("rules publish rules --key key --output rules.json --as 2026112203", CTL_DONE,
	    "2026112203", "");
	command("mkdir -p state/rules/current.new/x");
	check_run_of("rules update", CTL_NO, "", "current.new");
	assert_string_equal(last().held, "2026112202");
	command("rm -r state/rules/current.new");
	check_run_of("rules update", CTL_DONE, "2026112203 is in force", "");
	assert_string_equal(last().held, "");
}

/* Another process goes back; whoever reads the history then waits, and is killed. */
static void
a_rollback_that_is_killed_holds(void **state)
{
	int64_t deadline_ms = clock_monotonic_ms() + 20000;
	pid_t pid;

	two_versions(state);
	command("rm state/rules/history && mkfifo state/rules/history");
	pid = fork();
	if (pid == 0) {
		run("-c mxpace.conf rules rollback", "\n");
		_exit(0);
	}
	while (strcmp(in_force(), "2026112202") == 0 && clock_monotonic_ms() < deadline_ms)
		poll(NULL, 0, 5);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	command("rm state/rules/history");
	assert_string_equal(in_force(), "2026112201");
	empty_redis(state);
	check_run_of("rules update", CTL_DONE, "left alone", "");
	assert_string_equal(in_force(), "2026112201");
}

/* -- what another node tells ------------------------------------------------------------------- */

static void
tell(const char *version, const char *how, const char *by)
{
	struct str text = { 0 }, signature = { 0 };
	char path[PATH_MAX];
	struct store_rules told = { .version = span_of(version),
		.how = span_of(how),
		.by = span_of(by) };

	snprintf(path, sizeof(path), "%s/rules.json", folder);
	assert_int_equal(file_read(path, &text, NULL), 0);
	snprintf(path, sizeof(path), "%s/rules.json.minisig", folder);
	assert_int_equal(file_read(path, &signature, NULL), 0);
	told.bundle = span_make(str_text(&text), text.len);
	told.signature = span_make(str_text(&signature), signature.len);
	store_put_rules(&batch, &told);
	must();
	str_free(&text);
	str_free(&signature);
}

static void
another_version_than_the_one_told_is_refused(void **state)
{
	two_versions(state);
	check_run_of("rules rollback", CTL_DONE, "2026112201", "");
	tell("2026112209", "update", "operator ann");
	check_run_of("rules update --from-fleet", CTL_NO, "",
	    "Redis: the bundle of version 2026112209 says that it is version 2026112202");
	assert_string_equal(in_force(), "2026112201");
	tell("", "update", "operator ann");
	check_run_of("rules update --from-fleet", CTL_DONE, "nobody has told any rules", "");
	tell("2026112202", "update", "operator ann");
	check_run_of("rules update --from-fleet", CTL_DONE, "2026112202 is in force", "");
}

static const struct by_row {
	const char *label, *by, *want;
} by_rows[] = {
	{ "by an operator", "operator ann", "operator ann" },
	{ "by nobody", "", "another node" },
	{ "by lines of a history", "x\n2026-11-22T03:00:00Z update 2026112299 from y by root",
	    "x?2026-11-22T03:00:00Z update 2026112299 from y by root" },
};

static void
who_it_was_stands_on_one_line(void **state)
{
	const struct by_row *row = *state;
	struct rules_change *changes;
	struct arena arena;
	size_t count;

	two_versions(state);
	check_run_of("rules rollback", CTL_DONE, "2026112201", "");
	tell("2026112202", "update", row->by);
	check_run_of("rules update --from-fleet", CTL_DONE, "2026112202 is in force", "");
	arena_init(&arena);
	count = rules_history_read(state_dir, &arena, &changes);
	assert_int_equal(count, 4);
	assert_string_equal(changes[0].version, "2026112202");
	assert_string_equal(changes[0].by, row->want);
	arena_clear(&arena);
}

/* -- the whole --------------------------------------------------------------------------------- */

/* A key, the rules that it signs, and a configuration that trusts it. */
static void
prepare(void)
{
	char conf[3 * PATH_MAX];
	struct done done;

	snprintf(state_dir, sizeof(state_dir), "%s/state", folder);
	snprintf(conf, sizeof(conf),
	    "redis = \"unix:%s/redis.sock\"; state_dir = \"%s\"; rules_keys = [ \"key.pub\" ];\n"
	    "rules_url = \"file://%s/rules.json\"; mx_rules = \"rules/mx-rules.conf\";\n"
	    "bounce_rules = \"rules/bounce-rules.conf\";\n",
	    folder, state_dir, folder);
	write_file("mxpace.conf", conf);
	command("mkdir rules state");
	write_file("rules/mx-rules.conf", mx_rules);
	write_file("rules/bounce-rules.conf", bounce_rules);
	done = run("rules key key", "\n");
	free_done(&done);
}

int
main(void)
{
	struct check_list list = { 0 };
	int failed;

	if (!begin_redis("redis = \"unix:FOLDER/redis.sock\";\n", mx_rules))
		return 1;
	prepare();
	CHECK(&list, a_rollback_that_fails_holds_nothing);
	CHECK(&list, an_update_that_fails_leaves_it_held);
	CHECK(&list, a_rollback_that_is_killed_holds);
	CHECK(&list, another_version_than_the_one_told_is_refused);
	CHECK_ROWS(&list, who_it_was_stands_on_one_line, by_rows);
	failed = check_run(&list, "rules_change");
	command("rm -rf rules state key key.pub rules.json rules.json.minisig");
	end_redis();
	return failed;
}
