#include "rules_cache.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <poll.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"
#include "classify.h"

#define RULE(name, match)                                                                \
	"{ name = \"" name "\"; type = \"soft\"; reason = \"refused\"; match = \"" match \
	"\"; code = [ \"4??\", \"5??\" ]; sample = \"550 x\"; }"

static char folder[] = "/tmp/mxpace-rules-cache.XXXXXX";
static char conf[64], rules[64], cache[64], home[64], own[96];

static void
write_text(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

static void
write_conf(const char *more)
{
	char text[512];

	snprintf(text, sizeof(text),
	    "state_dir = \"%s\";\nbounce_rules = \"rules.conf\";\nverp_delimiters = \"-=\";\n"
	    "redis = \"redis://u:secret@redis.test:6380/3\";\ncampaign_headers = [ \"X-A\", \"X-B\" ];\n"
	    "quarantine = { mailbox_full = { errors = 7; release = \"2d\"; }; };\n%s",
	    folder, more);
	write_text(conf, text);
}

static void
write_rules(const char *name)
{
	char text[512];

	snprintf(text, sizeof(text),
	    "text = ( " RULE("first", "first words") ", " RULE("%s", "(some|other) words") " );\n",
	    name);
	write_text(rules, text);
}

/* What was written is taken to be old enough. */
static int
save(struct err *err)
{
	struct conf_errors errors = { 0 };
	struct settings *settings = settings_load(conf, &errors);
	struct bounce_rules *loaded;
	int rc;

	if (settings == NULL)
		fail_msg("%s", str_text(&errors.lines));
	loaded = bounce_rules_load(settings->bounce_rules, settings->bounce_rules_local, &errors);
	if (loaded == NULL)
		fail_msg("%s", str_text(&errors.lines));
	rc = rules_cache_save(settings, loaded, rules_cache_now_ms() + 1000, err);
	bounce_rules_free(&loaded);
	settings_release(&settings);
	conf_errors_free(&errors);
	return rc;
}

static int64_t
changed_ms(const char *path)
{
	struct stat st;

	assert_int_equal(stat(path, &st), 0);
	return st.st_ctim.tv_sec * INT64_C(1000) + st.st_ctim.tv_nsec / 1000000;
}

/* What was changed just now is not cached. */
static bool
is_settled(const char *path)
{
	return changed_ms(path) <= rules_cache_now_ms() - RULES_CACHE_SETTLED_MS;
}

static void
wait_until_settled(const char *path)
{
	while (!is_settled(path))
		poll(NULL, 0, 1);
}

static bool
loads(void)
{
	struct rules_cache loaded;
	bool found = rules_cache_load(conf, &loaded) == 0;

	assert_true(found == (loaded.settings != NULL) && found == (loaded.rules != NULL));
	rules_cache_clear(&loaded);
	return found;
}

static int
begin(void **state)
{
	(void)state;
	chmod(folder, 0755);
	unlink(cache);
	unlink(own);
	unsetenv("XDG_CACHE_HOME");
	setenv("HOME", home, 1);
	write_conf("");
	write_rules("second");
	return 0;
}

static void
nothing_there(void **state)
{
	begin(state);
	assert_false(loads());
}

static void
gives_back_what_the_texts_say(void **state)
{
	struct rules_cache loaded;
	const struct settings *s;
	struct classification found;

	begin(state);
	assert_int_equal(save(NULL), 0);
	assert_int_equal(access(cache, R_OK), 0);
	assert_int_equal(rules_cache_load(conf, &loaded), 0);
	s = loaded.settings;
	assert_string_equal(s->file, conf);
	assert_string_equal(s->state_dir, folder);
	assert_string_equal(s->verp_delimiters, "-=");
	assert_string_equal(s->redis.host, "redis.test");
	assert_string_equal(s->redis.password, "secret");
	assert_int_equal(s->redis.db, 3);
	assert_int_equal(s->campaign_headers.count, 2);
	assert_string_equal(s->campaign_headers.items[1], "X-B");
	assert_int_equal(s->max_message_size, 64 << 20);
	assert_int_equal(s->quarantine.rules[REASON_MAILBOX_FULL].errors, 7);
	assert_int_equal(s->quarantine.rules[REASON_MAILBOX_FULL].release_ms, 2 * 86400000);
	assert_int_equal(bounce_rules_count(loaded.rules), 2);
	found = classify_line(loaded.rules, SPAN("550 Other Words"), "");
	assert_non_null(found.rule);
	assert_string_equal(found.rule->name, "second");
	assert_int_equal(found.type, BOUNCE_SOFT);
	assert_int_equal(found.reason, REASON_REFUSED);
	assert_null(classify_line(loaded.rules, SPAN("other words"), "").rule);
	rules_cache_clear(&loaded);
}

static void
the_shipped_rules_read_back(void **state)
{
	struct conf_errors errors = { 0 };
	struct bounce_rules *a = bounce_rules_load("conf/bounce-rules.conf", NULL, &errors), *b;
	struct str bytes = { 0 };
	struct unpack in;

	(void)state;
	assert_non_null(a);
	bounce_rules_pack(a, &bytes);
	in = unpack_make(span_make(bytes.data, bytes.len));
	b = bounce_rules_unpack(&in);
	assert_non_null(b);
	assert_int_equal(bounce_rules_count(a), bounce_rules_count(b));
	for (size_t i = 0; i < bounce_rules_count(a); i++) {
		const struct bounce_rule *rule = bounce_rules_at(a, i);

		assert_string_equal(bounce_rules_at(b, i)->name, rule->name);
		for (size_t k = 0; k < rule->sample.count; k++) {
			struct span line = span_of(rule->sample.items[k]);
			const char *remote = rule->sample_remote != NULL ? rule->sample_remote : "";
			struct classification x = classify_line(a, line, remote);
			struct classification y = classify_line(b, line, remote);

			assert_int_equal(x.type, y.type);
			assert_int_equal(x.reason, y.reason);
			assert_string_equal(x.rule->name, y.rule->name);
		}
	}
	bounce_rules_free(&b);
	bounce_rules_free(&a);
	str_free(&bytes);
}

static void
another_text_makes_it_stale(void **state)
{
	begin(state);
	assert_int_equal(save(NULL), 0);
	write_rules("secunda"); /* of another length */
	assert_false(loads());
	assert_int_equal(save(NULL), 0);
	write_rules("tertium"); /* of the same */
	assert_false(loads());
	assert_int_equal(save(NULL), 0);
	assert_true(loads());
	write_conf("hold = \"1s\";\n");
	assert_false(loads());
	assert_int_equal(save(NULL), 0);
	unlink(rules);
	assert_false(loads());
}

/* -- the operator's own rules over them -------------------------------------------------------- */

static char own_rules[80];

static void
write_own(const char *type)
{
	char text[128];

	snprintf(text, sizeof(text), "text = ( { name = \"first\"; type = \"%s\"; } );\n", type);
	write_text(own_rules, text);
}

/* What the rules in the cache make of a text; -1: there is none that may be used. */
static int
cached_type(void)
{
	struct rules_cache loaded;
	int type = -1;

	if (rules_cache_load(conf, &loaded) == 0)
		type = (int)classify_line(loaded.rules, SPAN("550 first words"), "").type;
	rules_cache_clear(&loaded);
	return type;
}

/* named: by the configuration, else found beside it. */
static const struct own_row {
	const char *label;
	const char *before, *after; /* types that the own file sets; NULL: there is none */
	bool named, used;
} own_rows[] = {
	{ "none stays none", NULL, NULL, true, true },
	{ "the same stays", "ignored", "ignored", true, true },
	{ "one comes", NULL, "ignored", true, false },
	{ "one goes", "ignored", NULL, true, false },
	{ "one changes", "ignored", "soft", true, false },
	{ "one changes, of the same length", "ignored", "ignoreD", true, false },
	{ "beside: none stays none", NULL, NULL, false, true },
	{ "beside: the same stays", "ignored", "ignored", false, true },
	{ "beside: one comes", NULL, "ignored", false, false },
	{ "beside: one goes", "ignored", NULL, false, false },
};

static void
put_own(const char *type)
{
	if (type != NULL)
		write_own(type);
	else
		unlink(own_rules);
}

static void
own_rules_count_too(void **state)
{
	const struct own_row *row = *state;

	begin(state);
	snprintf(own_rules, sizeof(own_rules), "%s/%s", folder,
	    row->named ? "own.conf" : "bounce-rules.local.conf");
	write_conf(row->named ? "bounce_rules_local = \"own.conf\";\n" : "");
	put_own(row->before);
	assert_int_equal(save(NULL), 0);
	assert_int_equal(cached_type(), row->before != NULL ? BOUNCE_IGNORED : BOUNCE_SOFT);
	if (row->before == NULL || row->after == NULL || strcmp(row->before, row->after) != 0)
		put_own(row->after);
	assert_int_equal(cached_type() >= 0, row->used);
	unlink(own_rules);
}

static void
an_own_file_touched_is_used_and_renewed(void **state)
{
	struct stat before, after;

	begin(state);
	snprintf(own_rules, sizeof(own_rules), "%s/own.conf", folder);
	write_conf("bounce_rules_local = \"own.conf\";\n");
	write_own("ignored");
	assert_int_equal(save(NULL), 0);
	assert_int_equal(stat(cache, &before), 0);
	write_own("ignored");
	wait_until_settled(own_rules);
	assert_int_equal(cached_type(), BOUNCE_IGNORED);
	assert_int_equal(stat(cache, &after), 0);
	assert_true(before.st_ino != after.st_ino);
	assert_int_equal(cached_type(), BOUNCE_IGNORED);
	unlink(own_rules);
}

/* It was read with the rules and is gone before they are written, or the other way round. */
static void
an_own_file_that_comes_or_goes_meanwhile_is_not_cached(void **state)
{
	struct conf_errors errors = { 0 };
	struct settings *settings;
	struct bounce_rules *with, *without;
	struct err err;

	begin(state);
	snprintf(own_rules, sizeof(own_rules), "%s/own.conf", folder);
	write_conf("bounce_rules_local = \"own.conf\";\n");
	settings = settings_load(conf, &errors);
	without = bounce_rules_load(rules, own_rules, &errors);
	write_own("ignored");
	with = bounce_rules_load(rules, own_rules, &errors);
	assert_int_equal(rules_cache_save(settings, without, rules_cache_now_ms() + 1000, &err),
	    -1);
	assert_non_null(strstr(err.text, "come or gone"));
	unlink(own_rules);
	assert_int_equal(rules_cache_save(settings, with, rules_cache_now_ms() + 1000, &err), -1);
	assert_int_equal(rules_cache_save(settings, without, rules_cache_now_ms() + 1000, &err), 0);
	bounce_rules_free(&with);
	bounce_rules_free(&without);
	settings_release(&settings);
	conf_errors_free(&errors);
}

/* A copy with the old time stamps: only ctime tells. */
static void
the_old_times_do_not_hide_another_text(void **state)
{
	struct timespec times[2];
	struct stat st;

	begin(state);
	assert_int_equal(save(NULL), 0);
	assert_int_equal(stat(rules, &st), 0);
	write_rules("SECOND");
	times[0] = st.st_atim;
	times[1] = st.st_mtim;
	assert_int_equal(utimensat(AT_FDCWD, rules, times, 0), 0);
	assert_false(loads());
}

static void
the_same_text_touched_is_used_and_renewed(void **state)
{
	struct stat before, after;
	int64_t written_ms;

	begin(state);
	assert_int_equal(save(NULL), 0);
	assert_int_equal(stat(cache, &before), 0);
	written_ms = changed_ms(rules);
	while (changed_ms(rules) == written_ms)
		write_rules("second");
	assert_true(loads());
	assert_int_equal(stat(cache, &after), 0);
	if (!is_settled(rules)) /* changed just now: not renewed yet */
		assert_true(before.st_ino == after.st_ino);
	wait_until_settled(rules);
	assert_true(loads());
	assert_int_equal(stat(cache, &after), 0);
	assert_true(before.st_ino != after.st_ino);
	assert_int_equal(before.st_size, after.st_size);
	assert_true(loads());
}

static void
nothing_is_saved_of_what_changed_just_now(void **state)
{
	struct conf_errors errors = { 0 };
	struct settings *settings;
	struct bounce_rules *loaded;
	struct err err;

	begin(state);
	settings = settings_load(conf, &errors);
	loaded = bounce_rules_load(rules, NULL, &errors);
	assert_int_equal(rules_cache_save(settings, loaded, rules_cache_now_ms(), &err), -1);
	assert_non_null(strstr(err.text, "just now"));
	bounce_rules_free(&loaded);
	settings_release(&settings);
	assert_int_equal(access(cache, F_OK), -1);
}

static void
an_include_is_not_cached(void **state)
{
	char inner[80];
	struct err err;

	begin(state);
	snprintf(inner, sizeof(inner), "%s/inner.conf", folder);
	write_text(inner, "hold = \"1s\";\n");
	write_conf("  @include \"inner.conf\"\n");
	assert_int_equal(save(&err), -1);
	assert_non_null(strstr(err.text, "@include"));
	assert_false(loads());
	unlink(inner);
}

/* -- files that are not to be trusted ---------------------------------------------------------- */

static void
cut_off_anywhere_it_is_not_used(void **state)
{
	struct stat st;

	begin(state);
	assert_int_equal(save(NULL), 0);
	assert_int_equal(stat(cache, &st), 0);
	for (off_t len = st.st_size - 1; len >= 0; len -= 1 + len / 40) {
		assert_int_equal(truncate(cache, len), 0);
		assert_false(loads());
	}
}

/* Any byte wrong: used or not, nothing is read that is not there. */
static void
damaged_anywhere_it_does_no_harm(void **state)
{
	struct rules_cache loaded;
	struct stat st;
	int fd;

	begin(state);
	assert_int_equal(save(NULL), 0);
	assert_int_equal(stat(cache, &st), 0);
	fd = open(cache, O_RDWR);
	assert_true(fd >= 0);
	for (off_t at = 0; at < st.st_size; at += 1 + at / 200) {
		char byte, wrong;

		assert_int_equal(pread(fd, &byte, 1, at), 1);
		wrong = (char)~byte;
		assert_int_equal(pwrite(fd, &wrong, 1, at), 1);
		if (rules_cache_load(conf, &loaded) == 0)
			for (size_t i = 0; i < bounce_rules_count(loaded.rules); i++)
				if (bounce_rules_at(loaded.rules, i)->code.count == 0)
					fail_msg("a damaged rule matches everything");
		rules_cache_clear(&loaded);
		assert_int_equal(pwrite(fd, &byte, 1, at), 1);
	}
	close(fd);
	assert_true(loads());
}

static const struct head_row {
	const char *label, *from, *to;
} head_rows[] = {
	{ "the form", "mxpace rules 5", "mxpace rules 0" },
	{ "mxpace", MXPACE_VERSION, "9.9.9" },
	{ "Unicode", "Unicode ", "unicode " },
};

static void
another_version_is_not_used(void **state)
{
	const struct head_row *row = *state;
	char bytes[256];
	char *at;
	int fd;

	begin(state);
	assert_int_equal(save(NULL), 0);
	fd = open(cache, O_RDWR);
	assert_int_equal(read(fd, bytes, sizeof(bytes)), sizeof(bytes));
	at = memmem(bytes, sizeof(bytes), row->from, strlen(row->from));
	assert_non_null(at);
	memcpy(at, row->to, strlen(row->to));
	assert_int_equal(pwrite(fd, bytes, sizeof(bytes), 0), sizeof(bytes));
	close(fd);
	assert_false(loads());
}

static void
another_pcre2_is_not_used(void **state)
{
	char version[PATTERN_VERSION_SIZE], bytes[256];
	char *at;
	int fd;

	begin(state);
	assert_int_equal(save(NULL), 0);
	fd = open(cache, O_RDWR);
	assert_int_equal(read(fd, bytes, sizeof(bytes)), sizeof(bytes));
	pattern_version(version);
	at = memmem(bytes, sizeof(bytes), version, strlen(version));
	assert_non_null(at);
	*at ^= 1;
	assert_int_equal(pwrite(fd, bytes, sizeof(bytes), 0), sizeof(bytes));
	close(fd);
	assert_false(loads());
}

static const struct mode_row {
	const char *label;
	mode_t mode;
	bool used;
} mode_rows[] = {
	{ "ours", 0600, true },
	{ "readable", 0644, true },
	{ "the group can write", 0664, false },
	{ "others can write", 0606, false },
};

static void
writable_by_others_it_is_not_used(void **state)
{
	const struct mode_row *row = *state;

	begin(state);
	assert_int_equal(save(NULL), 0);
	assert_int_equal(chmod(cache, row->mode), 0);
	assert_int_equal(loads(), row->used);
}

static void
it_is_as_readable_as_the_configuration(void **state)
{
	struct stat st;

	begin(state);
	assert_int_equal(chmod(conf, 0640), 0);
	assert_int_equal(save(NULL), 0);
	assert_int_equal(stat(cache, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0640);
	assert_int_equal(chmod(conf, 0600), 0);
	assert_int_equal(save(NULL), 0);
	assert_int_equal(stat(cache, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(chmod(conf, 0644), 0);
}

static void
of_another_user_it_is_not_used(void **state)
{
	begin(state);
	if (geteuid() != 0)
		skip();
	assert_int_equal(save(NULL), 0);
	assert_true(loads());
	assert_int_equal(chown(cache, 12345, (gid_t)-1), 0);
	assert_false(loads());
}

static void
neither_a_link_nor_a_pipe_is_followed(void **state)
{
	char other[96];

	begin(state);
	assert_int_equal(save(NULL), 0);
	snprintf(other, sizeof(other), "%s.other", cache);
	assert_int_equal(rename(cache, other), 0);
	assert_int_equal(symlink(other, cache), 0);
	assert_false(loads());
	unlink(cache);
	assert_int_equal(mkfifo(cache, 0600), 0);
	assert_false(loads());
	unlink(cache);
	assert_int_equal(mkdir(cache, 0700), 0);
	assert_false(loads());
	unsetenv("HOME");
	assert_int_equal(save(NULL), -1);
	rmdir(cache);
	unlink(other);
}

/* -- where ------------------------------------------------------------------------------------- */

/* Runs it as somebody who is not root; whether all was well. */
static bool
as_nobody(void (*run)(void))
{
	pid_t child = fork();
	int status;

	if (child == 0) {
		if (geteuid() == 0 && (setgid(65534) != 0 || setuid(65534) != 0))
			_exit(1);
		run();
		_exit(0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	return status == 0;
}

static void
expect_unwritable(void)
{
	struct err err;

	if (loads() || save(&err) != -1 || loads())
		_exit(1);
}

static void
a_folder_that_cannot_be_written_is_left_alone(void **state)
{
	begin(state);
	unsetenv("HOME");
	assert_int_equal(chmod(folder, 0555), 0);
	if (!as_nobody(expect_unwritable))
		fail();
	assert_int_equal(chmod(folder, 0755), 0);
}

static void
expect_unreadable(void)
{
	if (loads())
		_exit(1);
}

static void
unreadable_it_is_not_used(void **state)
{
	begin(state);
	unsetenv("HOME");
	if (geteuid() != 0)
		skip();
	assert_int_equal(save(NULL), 0);
	assert_int_equal(chmod(cache, 0600), 0);
	if (!as_nobody(expect_unreadable))
		fail();
}

static void
without_state_dir_it_is_the_users_own(void **state)
{
	char text[256];

	begin(state);
	snprintf(text, sizeof(text),
	    "state_dir = \"%s/missing\";\nbounce_rules = \"rules.conf\";\n", folder);
	write_text(conf, text);
	assert_int_equal(save(NULL), 0);
	assert_int_equal(access(own, R_OK), 0);
	assert_true(loads());
	unsetenv("HOME");
	assert_false(loads());
	assert_int_equal(save(NULL), -1);
}

static void
of_another_configuration_it_is_not_used(void **state)
{
	char other[64];
	struct rules_cache loaded;

	begin(state);
	assert_int_equal(save(NULL), 0);
	snprintf(other, sizeof(other), "%s/other.conf", folder);
	assert_int_equal(rename(conf, other), 0);
	assert_int_equal(rules_cache_load(other, &loaded), -1);
	rename(other, conf);
}

/* Several write, one reads all the time: it always finds one that is whole. */
static void
writers_do_not_disturb_a_reader(void **state)
{
	enum { WRITERS = 4, TIMES = 25 };

	begin(state);
	assert_int_equal(save(NULL), 0);
	for (int i = 0; i < WRITERS; i++) {
		pid_t child = fork();

		assert_true(child >= 0);
		if (child == 0) {
			for (int k = 0; k < TIMES; k++)
				if (save(NULL) != 0)
					_exit(1);
			_exit(0);
		}
	}
	for (int done = 0; done < WRITERS;) {
		int status = 0;

		assert_true(loads());
		if (waitpid(-1, &status, WNOHANG) > 0) {
			assert_int_equal(status, 0);
			done++;
		}
	}
}

static int
remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st, (void)type, (void)ftw;
	return remove(path);
}

int
main(void)
{
	struct check_list list = { 0 };
	int failed;

	if (mkdtemp(folder) == NULL)
		return 1;
	snprintf(conf, sizeof(conf), "%s/mxpace.conf", folder);
	snprintf(rules, sizeof(rules), "%s/rules.conf", folder);
	snprintf(cache, sizeof(cache), "%s/mxbounce.cache", folder);
	snprintf(home, sizeof(home), "%s/home", folder);
	snprintf(own, sizeof(own), "%s/.cache/mxpace/mxbounce.cache", home);
	mkdir(home, 0700);
	CHECK(&list, nothing_there);
	CHECK(&list, gives_back_what_the_texts_say);
	CHECK(&list, the_shipped_rules_read_back);
	CHECK(&list, another_text_makes_it_stale);
	CHECK_ROWS(&list, own_rules_count_too, own_rows);
	CHECK(&list, an_own_file_touched_is_used_and_renewed);
	CHECK(&list, an_own_file_that_comes_or_goes_meanwhile_is_not_cached);
	CHECK(&list, the_old_times_do_not_hide_another_text);
	CHECK(&list, the_same_text_touched_is_used_and_renewed);
	CHECK(&list, nothing_is_saved_of_what_changed_just_now);
	CHECK(&list, an_include_is_not_cached);
	CHECK(&list, cut_off_anywhere_it_is_not_used);
	CHECK(&list, damaged_anywhere_it_does_no_harm);
	CHECK_ROWS(&list, another_version_is_not_used, head_rows);
	CHECK(&list, another_pcre2_is_not_used);
	CHECK_ROWS(&list, writable_by_others_it_is_not_used, mode_rows);
	CHECK(&list, it_is_as_readable_as_the_configuration);
	CHECK(&list, of_another_user_it_is_not_used);
	CHECK(&list, neither_a_link_nor_a_pipe_is_followed);
	CHECK(&list, a_folder_that_cannot_be_written_is_left_alone);
	CHECK(&list, unreadable_it_is_not_used);
	CHECK(&list, without_state_dir_it_is_the_users_own);
	CHECK(&list, of_another_configuration_it_is_not_used);
	CHECK(&list, writers_do_not_disturb_a_reader);
	failed = check_run(&list, "rules_cache");
	nftw(folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
	return failed;
}
