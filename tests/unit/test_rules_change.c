/* Changes of the rules in force by mxctl, from the bundle in a file to a rollback: what is noted about
 * them, also where they are broken off, and what another node may tell. */
#include "test_ctl_redis.h"

#include "file.h"
#include "minisign.h"
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
	write_file("rules/mx-rules.conf", mx_rules);
	empty_redis(state);
	check_run_of("rules publish rules --key key --output rules.json --as 2024012201", CTL_DONE,
	    "2024012201", "");
	check_run_of("rules update", CTL_DONE, "2024012201 is in force", "");
	check_run_of("rules publish rules --key key --output rules.json --as 2024012202", CTL_DONE,
	    "2024012202", "");
	check_run_of("rules update", CTL_DONE, "2024012202 is in force", "");
	return empty_redis(state);
}

/* -- what is held ------------------------------------------------------------------------------ */

static void
a_rollback_that_fails_holds_nothing(void **state)
{
	two_versions(state);
	command("mkdir -p state/rules/current.new/x");
	check_run_of("rules rollback", CTL_NO, "", "current.new");
	assert_string_equal(in_force(), "2024012202");
	assert_string_equal(last().held, "");
	command("rm -r state/rules/current.new");
	check_run_of("rules rollback", CTL_DONE, "updates up to 2024012202", "");
	assert_string_equal(in_force(), "2024012201");
	assert_string_equal(last().held, "2024012202");
}

static void
an_update_that_fails_leaves_it_held(void **state)
{
	two_versions(state);
	check_run_of("rules rollback", CTL_DONE, "updates up to 2024012202", "");
	check_run_of("rules publish rules --key key --output rules.json --as 2024012203", CTL_DONE,
	    "2024012203", "");
	command("mkdir -p state/rules/current.new/x");
	check_run_of("rules update", CTL_NO, "", "current.new");
	assert_string_equal(last().held, "2024012202");
	command("rm -r state/rules/current.new");
	check_run_of("rules update", CTL_DONE, "2024012203 is in force", "");
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
	while (strcmp(in_force(), "2024012202") == 0 && clock_monotonic_ms() < deadline_ms)
		poll(NULL, 0, 5);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	command("rm state/rules/history");
	assert_string_equal(in_force(), "2024012201");
	empty_redis(state);
	check_run_of("rules update", CTL_DONE, "left alone", "");
	assert_string_equal(in_force(), "2024012201");
}

/* -- a server that takes its time -------------------------------------------------------------- */

/* Where the server's bundle was is a pipe: whoever fetches it waits until somebody writes. */
static pid_t
update_that_waits(int *server)
{
	int64_t deadline_ms = clock_monotonic_ms() + 20000;
	char path[PATH_MAX];
	pid_t pid;

	snprintf(path, sizeof(path), "%s/rules.json", folder);
	command("mv rules.json offered && mkfifo rules.json");
	pid = fork();
	if (pid == 0) {
		run("-c mxpace.conf rules update", "\n");
		_exit(0);
	}
	while (
	    (*server = open(path, O_WRONLY | O_NONBLOCK)) < 0 && clock_monotonic_ms() < deadline_ms)
		poll(NULL, 0, 5);
	assert_true(*server >= 0);
	return pid;
}

static void
let_it_go_on(pid_t pid, int server)
{
	char path[PATH_MAX];
	struct str text = { 0 };
	int status;

	snprintf(path, sizeof(path), "%s/offered", folder);
	assert_int_equal(file_read(path, &text, NULL), 0);
	assert_int_equal(write(server, text.data, text.len), text.len);
	close(server);
	str_free(&text);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	command("rm rules.json && mv offered rules.json");
}

static void
a_slow_server_keeps_nobody_waiting(void **state)
{
	int server;
	pid_t pid;

	two_versions(state);
	check_run_of("rules publish rules --key key --output rules.json --as 2024012203", CTL_DONE,
	    "2024012203", "");
	pid = update_that_waits(&server);
	check_run_of("rules rollback", CTL_DONE, "updates up to 2024012202", "");
	assert_string_equal(in_force(), "2024012201");
	let_it_go_on(pid, server);
	assert_string_equal(in_force(), "2024012203");
	assert_string_equal(last().held, "");
}

static void
what_is_held_meanwhile_is_left_alone(void **state)
{
	int server;
	pid_t pid;

	two_versions(state);
	pid = update_that_waits(&server);
	check_run_of("rules rollback", CTL_DONE, "updates up to 2024012202", "");
	let_it_go_on(pid, server);
	assert_string_equal(in_force(), "2024012201");
	assert_string_equal(last().failure, "");
}

static void
what_comes_newer_meanwhile_stays(void **state)
{
	int server;
	pid_t pid;

	two_versions(state);
	pid = update_that_waits(&server);
	command("cp offered kept && mv rules.json pipe && cp rules.json.minisig kept.minisig");
	check_run_of("rules publish rules --key key --output rules.json --as 2024012203", CTL_DONE,
	    "2024012203", "");
	check_run_of("rules update", CTL_DONE, "2024012203 is in force", "");
	command("mv pipe rules.json && mv kept.minisig rules.json.minisig && rm kept");
	let_it_go_on(pid, server);
	assert_string_equal(in_force(), "2024012203");
	assert_string_equal(last().failure, "");
}

/* -- what another node tells ------------------------------------------------------------------- */

static void
tell(const char *version, const char *how, const char *by, const char *held)
{
	struct str text = { 0 }, signature = { 0 };
	char path[PATH_MAX];
	struct store_rules told = { .version = span_of(version),
		.how = span_of(how),
		.by = span_of(by),
		.held = span_of(held) };

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
	check_run_of("rules rollback", CTL_DONE, "2024012201", "");
	tell("2024012209", "update", "operator ann", "");
	check_run_of("rules update --from-fleet", CTL_NO, "",
	    "Redis: the bundle of version 2024012209 says that it is version 2024012202");
	assert_string_equal(in_force(), "2024012201");
	tell("", "update", "operator ann", "");
	check_run_of("rules update --from-fleet", CTL_DONE, "nobody has told any rules", "");
	tell("2024012202", "update", "operator ann", "");
	check_run_of("rules update --from-fleet", CTL_DONE, "2024012202 is in force", "");
}

static const struct by_row {
	const char *label, *by, *want;
} by_rows[] = {
	{ "by an operator", "operator ann", "operator ann" },
	{ "by nobody", "", "another node" },
	{ "by lines of a history", "x\n2026-11-22T03:00:00Z update 2024012299 from y by root",
	    "x?2026-11-22T03:00:00Z update 2024012299 from y by root" },
};

static void
who_it_was_stands_on_one_line(void **state)
{
	const struct by_row *row = *state;
	struct rules_change *changes;
	struct arena arena;
	size_t count;

	two_versions(state);
	check_run_of("rules rollback", CTL_DONE, "2024012201", "");
	tell("2024012202", "update", row->by, "");
	check_run_of("rules update --from-fleet", CTL_DONE, "2024012202 is in force", "");
	arena_init(&arena);
	count = rules_history_read(state_dir, &arena, &changes);
	assert_int_equal(count, 4);
	assert_string_equal(changes[0].version, "2024012202");
	assert_string_equal(changes[0].by, row->want);
	arena_clear(&arena);
}

/* -- days to come ------------------------------------------------------------------------------ */

static const struct day_row {
	const char *label, *as, *words;
} day_rows[] = {
	{ "no digits", "newest", "is no version such as" },
	{ "too short", "20240122", "is no version such as" },
	{ "too long", "20240122011", "is no version such as" },
	{ "no month", "2024130101", "is no version such as" },
	{ "no leap year", "2023022901", "is no version such as" },
	{ "no date at all", "9999999999", "is no version such as" },
	{ "a day to come", "9998123101", "later than tomorrow" },
};

static void
is_not_published(void **state)
{
	const struct day_row *row = *state;
	char words[160];

	snprintf(words, sizeof(words), "rules publish rules --key key --output rules.json --as %s",
	    row->as);
	check_run_of(words, CTL_NO, "", row->words);
}

static void
sign_again(void)
{
	struct str key_text = { 0 }, text = { 0 }, signature = { 0 };
	struct minisign_secret key;
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/key", folder);
	assert_int_equal(file_read(path, &key_text, NULL), 0);
	snprintf(path, sizeof(path), "%s/rules.json", folder);
	assert_int_equal(file_read(path, &text, NULL), 0);
	assert_int_equal(minisign_secret_parse(span_make(key_text.data, key_text.len), &key, NULL),
	    0);
	assert_int_equal(
	    minisign_sign(&key, span_make(text.data, text.len), "by hand", &signature, NULL), 0);
	write_file("rules.json.minisig", str_text(&signature));
	str_free(&key_text);
	str_free(&text);
	str_free(&signature);
}

/* Made where the clock is wrong: signed all the same. */
static void
publish_by_hand(const char *version)
{
	char words[160];

	check_run_of("rules publish rules --key key --output rules.json --as 2024012203", CTL_DONE,
	    "2024012203", "");
	snprintf(words, sizeof(words), "sed -i s/2024012203/%s/ rules.json", version);
	command(words);
	sign_again();
}

static void
is_not_taken(void **state)
{
	two_versions(state);
	publish_by_hand("9998123101");
	check_run_of("rules update", CTL_NO, "",
	    "rules.json: version 9998123101 is of a day later");
	tell("9998123101", "update", "operator ann", "");
	check_run_of("rules update --from-fleet", CTL_NO, "",
	    "Redis: version 9998123101 is of a day later than tomorrow");
	assert_string_equal(in_force(), "2024012202");
}

/* What anybody can write into Redis must not keep out all that comes. */
static void
what_is_held_for_ever_is_not(void **state)
{
	two_versions(state);
	command("cp state/rules/2024012201/bundle.json* .");
	command("mv bundle.json rules.json && mv bundle.json.minisig rules.json.minisig");
	tell("2024012201", "rollback", "operator ann", "9998123101");
	check_run_of("rules update --from-fleet", CTL_DONE, "this node has them, or newer ones",
	    "");
	check_run_of("rules publish rules --key key --output rules.json --as 2024012203", CTL_DONE,
	    "2024012203", "");
	check_run_of("rules update", CTL_DONE, "2024012203 is in force", "");
	assert_string_equal(last().held, "");
}

/* -- rules that are told again ------------------------------------------------------------------ */

static void
the_fleet_goes_back_to_what_is_kept(void **state)
{
	two_versions(state);
	command("cp state/rules/2024012201/bundle.json* .");
	command("mv bundle.json rules.json && mv bundle.json.minisig rules.json.minisig");
	tell("2024012201", "rollback", "operator ann", "2024012202");
	check_run_of("rules update --from-fleet", CTL_DONE, "2024012201 is in force", "");
	assert_string_equal(last().held, "2024012202");
}

static void
and_to_nothing_else(void **state)
{
	check_run_of("rules publish rules --key key --output rules.json --as 2023010101", CTL_DONE,
	    "2023010101", "");
	command("cp rules.json old && cp rules.json.minisig old.minisig");
	two_versions(state);
	command("mv old rules.json && mv old.minisig rules.json.minisig");
	tell("2023010101", "rollback", "operator ann", "2024012202");
	check_run_of("rules update --from-fleet", CTL_NO, "",
	    "goes back to version 2023010101, which this host does not keep: version 2024012202 "
	    "stays");
	assert_string_equal(in_force(), "2024012202");
	command("rm -rf state/rules"); /* a host that is new */
	check_run_of("rules update --from-fleet", CTL_DONE, "2023010101 is in force", "");
}

static void
what_is_newer_than_all_that_was_left_stays(void **state)
{
	two_versions(state);
	command("cp state/rules/2024012201/bundle.json* .");
	command("mv bundle.json rules.json && mv bundle.json.minisig rules.json.minisig");
	tell("2024012201", "rollback", "operator ann", "2024012201");
	check_run_of("rules update --from-fleet", CTL_DONE, "this node has them, or newer ones",
	    "");
	tell("configured", "rollback", "operator ann", "2024012201");
	check_run_of("rules update --from-fleet", CTL_DONE, "this node has newer ones", "");
	assert_string_equal(in_force(), "2024012202");
}

/* -- what a package brings ---------------------------------------------------------------------- */

static void
a_package_brings(const char *version)
{
	char text[PATH_MAX];

	snprintf(text, sizeof(text), "version = \"%s\";\n%s", version, mx_rules);
	write_file("rules/mx-rules.conf", text);
}

static void
a_newer_package_is_an_update(void **state)
{
	struct rules_change *changes;
	struct arena arena;

	two_versions(state);
	a_package_brings("2024012301");
	check_run_of("status", CTL_AWAY,
	    "version 2024012301 of the configured files is not in force", "no mxpolicyd");
	check_run_of("rules update", CTL_DONE,
	    "left alone: version 2024012301 is in force, which is newer", "");
	assert_string_equal(in_force(), "");
	assert_string_equal(last().failure, "");
	arena_init(&arena);
	assert_true(rules_history_read(state_dir, &arena, &changes) > 0);
	assert_string_equal(changes[0].how, "upgrade");
	assert_string_equal(changes[0].version, "configured");
	arena_clear(&arena);
	tell("2024012202", "update", "operator ann", "");
	check_run_of("rules update --from-fleet", CTL_DONE, "this node has them, or newer ones",
	    "");
	assert_string_equal(in_force(), "");
}

static void
so_it_is_when_the_fleet_has_an_older_one(void **state)
{
	two_versions(state);
	a_package_brings("2024012301");
	tell("2024012202", "update", "operator ann", "");
	check_run_of("rules update --from-fleet", CTL_DONE, "this node has them, or newer ones",
	    "");
	assert_string_equal(in_force(), "");
}

static void
an_older_package_is_none(void **state)
{
	two_versions(state);
	a_package_brings("2024012201");
	check_run_of("rules update", CTL_DONE, "in force already", "");
	assert_string_equal(in_force(), "2024012202");
}

static void
a_package_as_new_as_what_was_left_is_held(void **state)
{
	two_versions(state);
	check_run_of("rules rollback", CTL_DONE, "updates up to 2024012202", "");
	a_package_brings("2024012202");
	check_run_of("rules update", CTL_DONE, "left alone", "");
	assert_string_equal(in_force(), "2024012201");
	a_package_brings("2024012203");
	check_run_of("rules update", CTL_DONE, "left alone", "");
	assert_string_equal(in_force(), "");
	assert_string_equal(last().held, "");
}

static void
a_package_that_was_left_is_held(void **state)
{
	two_versions(state);
	a_package_brings("2024012301");
	check_run_of("rules update", CTL_DONE, "2024012301 is in force", "");
	check_run_of("rules rollback 2024012202", CTL_DONE, "updates up to 2024012301", "");
	check_run_of("rules update", CTL_DONE, "in force already", "");
	assert_string_equal(in_force(), "2024012202");
	check_run_of("rules rollback configured", CTL_DONE, "the configured files", "");
	assert_string_equal(in_force(), "");
	assert_string_equal(last().held, "");
}

/* By hand to a version as new as all: that is no way back for a host which has a newer package. */
static void
the_fleet_goes_forward(void **state)
{
	two_versions(state);
	a_package_brings("2024012301");
	tell("2024012202", "rollback", "operator ann", "");
	check_run_of("rules update --from-fleet", CTL_DONE, "this node has them, or newer ones",
	    "");
	assert_string_equal(in_force(), "");
}

static void
a_package_with_a_mistake_changes_nothing(void **state)
{
	two_versions(state);
	write_file("rules/mx-rules.conf",
	    "version = \"2024012301\";\nmx_rules = ( { colour = 1; } );\n");
	check_run_of("rules update", CTL_DONE, "in force already",
	    "the configured files are version 2024012301, which is newer, but version 2024012202 stays");
	assert_string_equal(in_force(), "2024012202");
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
	CHECK(&list, a_slow_server_keeps_nobody_waiting);
	CHECK(&list, what_is_held_meanwhile_is_left_alone);
	CHECK(&list, what_comes_newer_meanwhile_stays);
	CHECK(&list, another_version_than_the_one_told_is_refused);
	CHECK_ROWS(&list, who_it_was_stands_on_one_line, by_rows);
	CHECK_ROWS(&list, is_not_published, day_rows);
	CHECK(&list, is_not_taken);
	CHECK(&list, what_is_held_for_ever_is_not);
	CHECK(&list, the_fleet_goes_back_to_what_is_kept);
	CHECK(&list, and_to_nothing_else);
	CHECK(&list, what_is_newer_than_all_that_was_left_stays);
	CHECK(&list, a_newer_package_is_an_update);
	CHECK(&list, so_it_is_when_the_fleet_has_an_older_one);
	CHECK(&list, an_older_package_is_none);
	CHECK(&list, a_package_as_new_as_what_was_left_is_held);
	CHECK(&list, a_package_that_was_left_is_held);
	CHECK(&list, the_fleet_goes_forward);
	CHECK(&list, a_package_with_a_mistake_changes_nothing);
	failed = check_run(&list, "rules_change");
	command("rm -rf rules state key key.pub rules.json rules.json.minisig");
	end_redis();
	return failed;
}
