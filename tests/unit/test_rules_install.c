/* The versions of the rules on this host: put there, in force, listed, thrown away; how the last update
 * went; what becomes of an offer; what differs between two sets of rules. */
#include "check.h"
#include "rules_diff.h"
#include "rules_history.h"
#include "rules_install.h"
#include "rules_verdict.h"

#include <grp.h>
#include <limits.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static char folder[] = "/tmp/mxpace-test-rules.XXXXXX";
static struct settings settings = { .state_dir = folder, .rules_keep = 3 };

static void
command(const char *words)
{
	char line[PATH_MAX];

	snprintf(line, sizeof(line), "cd %s && %s", folder, words);
	assert_int_equal(system(line), 0);
}

static int
fresh(void **state)
{
	(void)state;
	command("rm -rf rules");
	return 0;
}

static void
install(const char *version, const char *text)
{
	const struct bundle bundle = { version, "", "", { text, text } };
	int lock = rules_install_begin(&settings, NULL);

	assert_true(lock >= 0);
	assert_int_equal(
	    rules_install_stage(&settings, &bundle, span_of(text), span_of(text), NULL), 0);
	assert_int_equal(rules_install_keep(&settings, version, NULL), 0);
	assert_int_equal(rules_install_use(&settings, version, NULL), 0);
	rules_install_prune(&settings);
	close(lock);
}

static const char *
content(const char *version)
{
	static char text[64];
	char path[PATH_MAX];
	FILE *file;

	snprintf(path, sizeof(path), "%s/rules/%s/bounce-rules.conf", folder, version);
	file = fopen(path, "r");
	if (file == NULL)
		return NULL;
	text[fread(text, 1, sizeof(text) - 1, file)] = '\0';
	fclose(file);
	return text;
}

static void
a_version_is_put_in_force(void **state)
{
	char current[RULES_VERSION_SIZE];

	fresh(state);
	assert_false(rules_place_current(folder, current));
	install("2026112201", "one");
	assert_true(rules_place_current(folder, current));
	assert_string_equal(current, "2026112201");
	assert_string_equal(content("current"), "one");
	install("2026112202", "two");
	assert_string_equal(content("current"), "two");
	assert_string_equal(content("2026112201"), "one");
	assert_int_equal(rules_install_use(&settings, NULL, NULL), 0);
	assert_false(rules_place_current(folder, current));
}

static void
so_many_are_kept_and_the_one_in_force(void **state)
{
	struct rules_versions versions;

	fresh(state);
	for (const char *digit = "12345"; *digit != '\0'; digit++) {
		char version[] = "202611220?";

		version[sizeof(version) - 2] = *digit;
		install(version, "x");
	}
	rules_install_list(folder, &versions);
	assert_int_equal(versions.count, 3);
	assert_string_equal(versions.items[0], "2026112205");
	assert_string_equal(rules_install_before(&versions, "2026112205"), "2026112204");
	assert_null(rules_install_before(&versions, "2026112203"));
	assert_true(rules_install_has(&versions, "2026112203"));
	assert_false(rules_install_has(&versions, "2026112202"));
	free(versions.items);
	assert_int_equal(rules_install_use(&settings, "2026112203", NULL), 0);
	install("2026112206", "x");
	assert_int_equal(rules_install_use(&settings, "2026112204", NULL), 0);
	settings.rules_keep = 1;
	rules_install_prune(&settings);
	settings.rules_keep = 3;
	rules_install_list(folder, &versions);
	assert_int_equal(versions.count, 2);
	assert_string_equal(versions.items[1], "2026112204");
	free(versions.items);
}

static void
what_was_broken_off_is_in_nobodys_way(void **state)
{
	char current[RULES_VERSION_SIZE];

	fresh(state);
	install("2026112201", "one");
	command("mkdir rules/new");
	command("echo half >rules/new/mx-rules.conf");
	command("ln -s 2026112299 rules/current.new");
	install("2026112202", "two");
	assert_string_equal(content("current"), "two");
	assert_true(rules_place_current(folder, current));
	assert_string_equal(current, "2026112202");
}

static void
a_link_to_something_else_is_none(void **state)
{
	static const char *const targets[] = { "new", "../../etc", "20261122019", "202611220" };
	char current[RULES_VERSION_SIZE];

	fresh(state);
	install("2026112201", "one");
	for (size_t i = 0; i < COUNT(targets); i++) {
		char path[PATH_MAX];

		snprintf(path, sizeof(path), "%s/rules/current", folder);
		unlink(path);
		assert_int_equal(symlink(targets[i], path), 0);
		assert_false(rules_place_current(folder, current));
		assert_string_equal(current, "");
	}
}

/* root changes it as the owner of the folder, with no rights of its own left. */
static void
root_becomes_the_owner(void **state)
{
	pid_t pid;
	int status;

	fresh(state);
	if (geteuid() != 0)
		skip();
	assert_int_equal(chown(folder, 12345, 12346), 0);
	pid = fork();
	if (pid == 0) {
		gid_t groups[64];
		int count, own = 1;

		setgroups(2, (gid_t[]){ 0, 4 });
		own &= rules_install_begin(&settings, NULL) >= 0;
		own &= geteuid() == 12345 && getegid() == 12346;
		count = getgroups(64, groups);
		for (int i = 0; i < count; i++)
			own &= groups[i] == 12346;
		_exit(own ? 0 : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(chown(folder, 0, 0), 0);
	assert_int_equal(status, 0);
}

/* -- how it went ------------------------------------------------------------------------------- */

static void
how_it_went_is_read_back(void **state)
{
	struct rules_last last = { 1795353500, 1795353600, "2026112202", "" }, again;

	fresh(state);
	rules_last_load(folder, &again);
	assert_int_equal(again.succeeded_s, 0);
	memset(last.failure, 'x', sizeof(last.failure) - 1);
	install("2026112201", "one");
	assert_int_equal(rules_install_save_last(&settings, &last, NULL), 0);
	rules_last_load(folder, &again);
	assert_int_equal(again.succeeded_s, last.succeeded_s);
	assert_int_equal(again.failed_s, last.failed_s);
	assert_string_equal(again.held, last.held);
	assert_string_equal(again.failure, last.failure);
}

static const struct last_row {
	const char *label, *text;
	int64_t succeeded_s;
} last_rows[] = {
	{ "nothing", "", 0 },
	{ "something else", "\x7f\x45\x4c\x46", 0 },
	{ "no number", "succeeded soon\n", 0 },
	{ "a number that is none", "succeeded 99999999999999999999999\n", 0 },
	{ "an unknown line", "colour red\nsucceeded 5\n", 5 },
	{ "a held version that is none", "held ../..\nsucceeded 5\n", 5 },
};

static void
reads_any_note(void **state)
{
	const struct last_row *row = *state;
	struct rules_last last;

	rules_last_parse(span_of(row->text), &last);
	assert_int_equal(last.succeeded_s, row->succeeded_s);
	assert_string_equal(last.held, "");
}

static void
the_history_is_read_back_latest_first(void **state)
{
	const struct rules_change one = { "2026-11-22T03:00:00Z", "update", "2026112201",
		"configured", "operator ann" };
	const struct rules_change two = { "2026-11-23T03:00:00Z", "rollback", "configured",
		"2026112201", "operator bob b" };
	struct rules_change *changes;
	struct arena arena;

	fresh(state);
	arena_init(&arena);
	install("2026112201", "one");
	assert_int_equal(rules_history_read(folder, &arena, &changes), 0);
	assert_int_equal(rules_history_add(&settings, &one, NULL), 0);
	assert_int_equal(rules_history_add(&settings, &two, NULL), 0);
	command("echo 'no change at all' >>rules/history");
	assert_int_equal(rules_history_read(folder, &arena, &changes), 2);
	assert_string_equal(changes[0].by, "operator bob b");
	assert_string_equal(changes[0].how, "rollback");
	assert_string_equal(changes[1].version, "2026112201");
	arena_clear(&arena);
}

/* -- what becomes of an offer ------------------------------------------------------------------ */

static const struct verdict_row {
	const char *label;
	struct rules_question question;
	enum rules_verdict want;
} verdict_rows[] = {
	{ "newer", { "2026112202", "2026112201", "", false, false }, RULES_TAKE },
	{ "the first", { "2026112202", "", "", false, false }, RULES_TAKE },
	{ "the same", { "2026112202", "2026112202", "", false, false }, RULES_SAME },
	{ "older", { "2026112201", "2026112202", "", false, false }, RULES_OLDER },
	{ "older, by force", { "2026112201", "2026112202", "", false, true }, RULES_OLDER },
	{ "older, with the fleet", { "2026112201", "2026112202", "", true, false }, RULES_TAKE },
	{ "held", { "2026112202", "2026112201", "2026112202", false, false }, RULES_HELD },
	{ "before the held one", { "2026112202", "2026112201", "2026112203", false, false },
	    RULES_HELD },
	{ "held, by force", { "2026112202", "2026112201", "2026112202", false, true }, RULES_TAKE },
	{ "behind the held one", { "2026112203", "2026112201", "2026112202", false, false },
	    RULES_TAKE },
};

static void
judges(void **state)
{
	const struct verdict_row *row = *state;

	assert_int_equal(rules_verdict(&row->question), row->want);
}

/* -- what differs ------------------------------------------------------------------------------ */

static const struct diff_row {
	const char *label, *before, *after, *local, *want;
} diff_rows[] = {
	{ "nothing but order, blanks and comments",
	    "mx_rules = ( { name = \"a\"; mx = [ \"x\" ]; connections = 1; }, { name = \"b\"; mx = \"y\"; } );",
	    "// new\nmx_rules = ( { name=\"b\"; mx=\"y\"; },\n{ connections = 1; mx = [\"x\"]; name = \"a\"; });",
	    "", "" },
	{ "a key", "mx_rules = ( { name = \"a\"; connections = 1; } );",
	    "mx_rules = ( { name = \"a\"; connections = 2; } );", "", "a.connections: 1 > 2\n" },
	{ "a key that comes and one that goes", "mx_rules = ( { name = \"a\"; burst = true; } );",
	    "mx_rules = ( { name = \"a\"; per = \"group\"; } );", "",
	    "a.burst: true > -\na.per: - > \"group\"\n" },
	{ "a key that the operator has set", "mx_rules = ( { name = \"a\"; connections = 1; } );",
	    "mx_rules = ( { name = \"a\"; connections = 2; } );",
	    "mx_rules = ( { name = \"a\"; connections = 9; } );", "a.connections: 1 > 2 (9)\n" },
	{ "within a list of groups",
	    "mx_rules = ( { name = \"a\"; backoff = ( { after = \"1/1h\"; }, { min = 1; } ); } );",
	    "mx_rules = ( { name = \"a\"; backoff = ( { after = \"1/1h\"; }, { min = 5; } ); } );",
	    "", "a.backoff[2].min: 1 > 5\n" },
	{ "a rule that comes, one that goes", "mx_rules = ( { name = \"a\"; connections = 1; } );",
	    "mx_rules = ( { name = \"b\"; connections = 2; sample_mx = \"x\"; } );", "",
	    "a: connections = 1 > -\nb: - > connections = 2\n" },
	{ "all lists of bounce rules", "text = ( { name = \"a\"; match = \"x\"; } );",
	    "code = ( { name = \"a\"; match = \"x\"; } );", "",
	    "a: - > match = \"x\"\na: match = \"x\" > -\n" },
};

static void
tell(void *arg, const struct rules_diff_row *row)
{
	struct str *out = arg;

	str_addf(out, "%s%s%s: %s > %s", row->rule, *row->key != '\0' ? "." : "", row->key,
	    row->before != NULL ? row->before : "-", row->after != NULL ? row->after : "-");
	if (row->local != NULL)
		str_addf(out, " (%s)", row->local);
	str_addc(out, '\n');
}

static void
differs(void **state)
{
	const struct diff_row *row = *state;
	const char *const texts[] = { row->before, row->after, row->local };
	struct conf_errors errors = { 0 };
	struct rules_text read[3] = { 0 };
	struct arena arena;
	struct str out = { 0 };

	arena_init(&arena);
	for (size_t i = 0; i < COUNT(texts); i++) {
		char path[PATH_MAX];
		FILE *file;

		snprintf(path, sizeof(path), "%s/rules.conf", folder);
		file = fopen(path, "w");
		assert_non_null(file);
		fputs(texts[i], file);
		fclose(file);
		assert_int_equal(rules_text_read(path, &arena, &read[i], &errors), 0);
		unlink(path);
	}
	rules_diff_compare(&read[0], &read[1], &read[2], &arena, tell, &out);
	assert_string_equal(str_text(&out), row->want);
	for (size_t i = 0; i < COUNT(texts); i++)
		rules_text_free(&read[i]);
	str_free(&out);
	arena_clear(&arena);
}

int
main(void)
{
	struct check_list list = { 0 };
	int rc;

	if (mkdtemp(folder) == NULL) {
		perror(folder);
		return 1;
	}
	CHECK(&list, a_version_is_put_in_force);
	CHECK(&list, so_many_are_kept_and_the_one_in_force);
	CHECK(&list, what_was_broken_off_is_in_nobodys_way);
	CHECK(&list, a_link_to_something_else_is_none);
	CHECK(&list, root_becomes_the_owner);
	CHECK(&list, how_it_went_is_read_back);
	CHECK_ROWS(&list, reads_any_note, last_rows);
	CHECK(&list, the_history_is_read_back_latest_first);
	CHECK_ROWS(&list, judges, verdict_rows);
	CHECK_ROWS(&list, differs, diff_rows);
	rc = check_run(&list, "rules_install");
	fresh(NULL);
	rmdir(folder);
	return rc;
}
