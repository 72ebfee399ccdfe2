#include <sys/stat.h>
#include <unistd.h>

#include "check.h"
#include "conf.h"

static const char *const colours[] = { "red", "green", NULL };

struct target {
	const char *string;
	struct conf_strings strings;
	bool flag;
	int64_t number, any, duration, size;
	int word;
	int customs;
};

static void
read_custom(struct conf_reader *reader, struct config_setting_t *setting, void *target)
{
	((struct target *)target)->customs++;
	if (!conf_is_group(setting))
		conf_mistake(reader, setting, NULL, "I want a %s", "group");
}

#define AT(member) offsetof(struct target, member)
static const struct conf_key keys[] = {
	{ "string", CONF_STRING, AT(string), "fall", 0, 0, NULL, NULL },
	{ "strings", CONF_STRINGS, AT(strings), "a  b ", 0, 0, NULL, NULL },
	{ "flag", CONF_BOOL, AT(flag), "true", 0, 0, NULL, NULL },
	{ "number", CONF_NUMBER, AT(number), "7", 1, 10, NULL, NULL },
	{ "any", CONF_NUMBER, AT(any), NULL, 0, 0, NULL, NULL },
	{ "duration", CONF_DURATION, AT(duration), "5m", 1000, 3600000, NULL, NULL },
	{ "size", CONF_SIZE, AT(size), "64M", 1024, INT64_C(1) << 31, NULL, NULL },
	{ "word", CONF_WORD, AT(word), "green", 0, 0, colours, NULL },
	{ "custom", CONF_CUSTOM, 0, NULL, 0, 0, NULL, read_custom },
};

/* Reads a text; returns what was wrong, in the arena. */
static const char *
read_text(const char *text, const char *context, struct arena *arena, struct target *target)
{
	static const char *const known[] = { "known", NULL };
	struct conf_errors errors = { { 0 }, 0 };
	struct conf_file *file = conf_parse(text, "t.conf", &errors);
	struct conf_reader reader = { arena, &errors, "t.conf", context };
	const char *lines;
	unsigned count;
	int rc = -1;

	conf_defaults(arena, keys, COUNT(keys), target);
	if (file != NULL)
		rc = conf_read(&reader, conf_root(file), keys, COUNT(keys), known, target);
	assert_int_equal(rc, errors.count == 0 ? 0 : -1);
	conf_close(&file);
	assert_null(file);
	conf_close(&file);
	lines = arena_dup(arena, span_of(str_text(&errors.lines)));
	count = 0;
	for (const char *p = lines; (p = strchr(p, '\n')) != NULL; p++)
		count++;
	assert_int_equal(count, errors.count);
	conf_errors_free(&errors);
	return lines;
}

static void
defaults(void **state)
{
	struct target t = { .any = 99 };
	struct arena arena = { NULL };

	(void)state;
	assert_string_equal(read_text("", "", &arena, &t), "");
	assert_string_equal(t.string, "fall");
	assert_int_equal(t.strings.count, 2);
	assert_string_equal(t.strings.items[0], "a");
	assert_string_equal(t.strings.items[1], "b");
	assert_true(t.flag);
	assert_int_equal(t.number, 7);
	assert_int_equal(t.any, 99); /* without a default it keeps what it has */
	assert_int_equal(t.duration, 300000);
	assert_int_equal(t.size, 64 << 20);
	assert_int_equal(t.word, 1);
	assert_int_equal(t.customs, 0);
	arena_clear(&arena);
}

static void
values(void **state)
{
	struct target t = { 0 };
	struct arena arena = { NULL };

	(void)state;
	assert_string_equal(
	    read_text("string = \"x\" \"y\"; strings = [ ]; flag = false; number = 10;\n"
		      "any = 12345678901L; duration = \"1h\"; size = \"512k\";\n"
		      "word = \"red\"; custom = { }; known = 1;",
		"", &arena, &t),
	    "");
	assert_string_equal(t.string, "xy");
	assert_int_equal(t.strings.count, 0);
	assert_false(t.flag);
	assert_int_equal(t.number, 10);
	assert_true(t.any == INT64_C(12345678901));
	assert_int_equal(t.duration, 3600000);
	assert_int_equal(t.size, 512 << 10);
	assert_int_equal(t.word, 0);
	assert_int_equal(t.customs, 1);
	arena_clear(&arena);
}

static void
forms_of_values(void **state)
{
	struct target t = { 0 };
	struct arena arena = { NULL };

	(void)state;
	assert_string_equal(read_text("strings = \"one\"; size = 4096;", "", &arena, &t), "");
	assert_int_equal(t.strings.count, 1);
	assert_string_equal(t.strings.items[0], "one");
	assert_int_equal(t.size, 4096);
	assert_string_equal(
	    read_text("strings = ( \"a b\", \"\" ); size = \"2G\";", "", &arena, &t), "");
	assert_int_equal(t.strings.count, 2);
	assert_string_equal(t.strings.items[0], "a b");
	assert_string_equal(t.strings.items[1], "");
	assert_true(t.size == INT64_C(2) << 30);
	arena_clear(&arena);
}

static const struct mistake_row {
	const char *label, *text, *want;
} mistake_rows[] = {
	{ "unknown key", "strng = \"x\";", "t.conf:1: strng: unknown key\n" },
	{ "line", "\n\n// c\nstrng = 1;", "t.conf:4: strng: unknown key\n" },
	{ "string: number", "string = 5;",
	    "t.conf:1: string: must be a string in double quotes\n" },
	{ "strings: number", "strings = 5;",
	    "t.conf:1: strings: must be a list of strings: [ \"a\", \"b\" ]\n" },
	{ "strings: numbers", "strings = [ 1, 2 ];",
	    "t.conf:1: strings: element 1 is not a string\nt.conf:1: strings: element 2 is not a string\n" },
	{ "strings: one of them", "strings = ( \"a\", 2 );",
	    "t.conf:1: strings: element 2 is not a string\n" },
	{ "bool: word", "flag = \"yes\";", "t.conf:1: flag: must be true or false\n" },
	{ "bool: number", "flag = 1;", "t.conf:1: flag: must be true or false\n" },
	{ "number: string", "number = \"5\";", "t.conf:1: number: must be a whole number\n" },
	{ "number: fraction", "number = 5.5;", "t.conf:1: number: must be a whole number\n" },
	{ "number: too small", "number = 0;", "t.conf:1: number: 0 is not within 1 to 10\n" },
	{ "number: too large", "number = 11;", "t.conf:1: number: 11 is not within 1 to 10\n" },
	{ "number: far too large", "number = 5000000000L;",
	    "t.conf:1: number: 5000000000 is not within 1 to 10\n" },
	{ "number: negative", "any = -1;", "t.conf:1: any: -1 is negative\n" },
	{ "duration: number", "duration = 5;",
	    "t.conf:1: duration: must be a string in double quotes\n" },
	{ "duration: no unit", "duration = \"5\";",
	    "t.conf:1: duration: \"5\" is not a duration such as \"500ms\", \"60s\", \"5m\", \"24h\" or "
	    "\"10d\"\n" },
	{ "duration: too short", "duration = \"999ms\";",
	    "t.conf:1: duration: \"999ms\" is not within 1s to 1h\n" },
	{ "duration: too long", "duration = \"61m\";",
	    "t.conf:1: duration: \"61m\" is not within 1s to 1h\n" },
	{ "size: unit", "size = \"64MB\";",
	    "t.conf:1: size: \"64MB\" is not a size such as \"64M\" or \"512k\"\n" },
	{ "size: unit alone", "size = \"M\";",
	    "t.conf:1: size: \"M\" is not a size such as \"64M\" or \"512k\"\n" },
	{ "size: empty", "size = \"\";",
	    "t.conf:1: size: \"\" is not a size such as \"64M\" or \"512k\"\n" },
	{ "size: would overflow", "size = \"99999999999999G\";",
	    "t.conf:1: size: \"99999999999999G\" is not a size such as \"64M\" or \"512k\"\n" },
	{ "size: too large", "size = \"3G\";",
	    "t.conf:1: size: \"3G\" is not within 1024 to 2147483648\n" },
	{ "size: number too small", "size = 1023;",
	    "t.conf:1: size: 1023 is not within 1024 to 2147483648\n" },
	{ "word: unknown", "word = \"blue\";",
	    "t.conf:1: word: \"blue\" is not one of \"red\", \"green\"\n" },
	{ "word: case", "word = \"Red\";",
	    "t.conf:1: word: \"Red\" is not one of \"red\", \"green\"\n" },
	{ "word: number", "word = 1;", "t.conf:1: word: must be a string in double quotes\n" },
	{ "custom", "custom = 1;", "t.conf:1: custom: I want a group\n" },
	{ "syntax", "string = ;", "t.conf:1: syntax error\n" },
	{ "syntax on a later line", "string = \"a\";\nnumber = 5\nflag = flag;",
	    "t.conf:3: syntax error\n" },
	{ "twice", "number = 1;\nnumber = 2;", "t.conf:2: duplicate setting name\n" },
	{ "all at once",
	    "string = 1;\nnumber = 11;\nnonsense = 1;\nduration = \"x\";\nword = \"\";\nflag = 0;\n",
	    "t.conf:1: string: must be a string in double quotes\n"
	    "t.conf:2: number: 11 is not within 1 to 10\n"
	    "t.conf:3: nonsense: unknown key\n"
	    "t.conf:4: duration: \"x\" is not a duration such as \"500ms\", \"60s\", \"5m\", \"24h\" or "
	    "\"10d\"\n"
	    "t.conf:5: word: \"\" is not one of \"red\", \"green\"\n"
	    "t.conf:6: flag: must be true or false\n" },
};

static void
mistakes(void **state)
{
	const struct mistake_row *row = *state;
	struct target t = { .any = 99 };
	struct arena arena = { NULL };

	assert_string_equal(read_text(row->text, "", &arena, &t), row->want);
	/* What is wrong changes nothing. */
	assert_int_equal(t.number == 7 || t.number == 1, 1);
	assert_int_equal(t.duration, 300000);
	assert_int_equal(t.size, 64 << 20);
	assert_int_equal(t.word, 1);
	assert_int_equal(t.any, 99);
	arena_clear(&arena);
}

static void
context_comes_first(void **state)
{
	struct target t = { 0 };
	struct arena arena = { NULL };

	(void)state;
	assert_string_equal(read_text("number = 0; x = 1;", "google.", &arena, &t),
	    "t.conf:1: google.number: 0 is not within 1 to 10\nt.conf:1: google.x: unknown key\n");
	arena_clear(&arena);
}

/* A group that is none is called by its name, or by what it is in when it has none. */
static void
not_a_group(void **state)
{
	static const struct {
		const char *text, *context, *want;
	} rows[] = {
		{ "list = ( 5 );", "", "t.conf:1: must be a group: { key = value; }\n" },
		{ "list = ( 5 );", "list.", "t.conf:1: list: must be a group: { key = value; }\n" },
		{ "list = 5;", "", "t.conf:1: list: must be a group: { key = value; }\n" },
		{ "list = 5;", "list.", "t.conf:1: list: must be a group: { key = value; }\n" },
	};
	struct arena arena = { NULL };

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct conf_errors errors = { { 0 }, 0 };
		struct conf_file *file = conf_parse(rows[i].text, "t.conf", &errors);
		struct conf_reader reader = { &arena, &errors, "t.conf", rows[i].context };
		struct config_setting_t *at = conf_member(conf_root(file), "list");
		struct target t;

		if (conf_is_list(at))
			at = conf_at(at, 0);
		assert_int_equal(conf_read(&reader, at, keys, COUNT(keys), NULL, &t), -1);
		assert_string_equal(str_text(&errors.lines), rows[i].want);
		conf_errors_free(&errors);
		conf_close(&file);
	}
	arena_clear(&arena);
}

static void
walking(void **state)
{
	struct conf_errors errors = { { 0 }, 0 };
	struct conf_file *file = conf_parse(
	    "g = { a = 1; b = 0.5; c = \"x\"; }; l = ( 1, { } ); y = [ 7 ];", "t.conf", &errors);
	struct config_setting_t *g, *l;
	double fraction;

	(void)state;
	assert_non_null(file);
	g = conf_member(conf_root(file), "g");
	l = conf_member(conf_root(file), "l");
	assert_int_equal(conf_length(conf_root(file)), 3);
	assert_int_equal(conf_length(g), 3);
	assert_int_equal(conf_length(conf_member(g, "a")), 0);
	assert_true(conf_is_group(g) && !conf_is_group(l) && conf_is_list(l) && !conf_is_list(g));
	assert_true(conf_is_list(conf_member(conf_root(file), "y")));
	assert_string_equal(conf_name(g), "g");
	assert_string_equal(conf_name(conf_at(l, 1)), "");
	assert_null(conf_at(l, 2));
	assert_null(conf_member(g, "d"));
	assert_string_equal(conf_string(conf_member(g, "c")), "x");
	assert_null(conf_string(conf_member(g, "a")));
	assert_true(conf_fraction(conf_member(g, "a"), &fraction) && fraction == 1.0);
	assert_true(conf_fraction(conf_member(g, "b"), &fraction) && fraction == 0.5);
	assert_false(conf_fraction(conf_member(g, "c"), &fraction));
	conf_close(&file);
	conf_errors_free(&errors);
}

/* -- files ----------------------------------------------------------------------------------- */

static char folder[64];

static void
write_file(const char *name, const char *text, char path[128])
{
	FILE *f;

	snprintf(path, 128, "%s/%s", folder, name);
	f = fopen(path, "w");
	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
}

static int
make_folder(void **state)
{
	(void)state;
	strcpy(folder, "/tmp/mxpace-test-XXXXXX");
	return mkdtemp(folder) == NULL ? -1 : 0;
}

static int
remove_folder(void **state)
{
	(void)state;
	return rmdir(folder);
}

static void
files_that_cannot_be_read(void **state)
{
	struct conf_errors errors = { { 0 }, 0 };
	struct str want = { 0 };
	char path[128];

	(void)state;
	snprintf(path, sizeof(path), "%s/none.conf", folder);
	assert_null(conf_open(path, &errors));
	str_addf(&want, "%s:0: No such file or directory\n", path);
	assert_null(conf_open(folder, &errors));
	str_addf(&want, "%s:0: not a regular file\n", folder);
	assert_int_equal(errors.count, 2);
	assert_string_equal(str_text(&errors.lines), str_text(&want));
	str_free(&want);
	conf_errors_free(&errors);
}

/* A mistake in an included file is told there, under the name that @include has. */
static void
included_files(void **state)
{
	struct conf_errors errors = { { 0 }, 0 };
	struct arena arena = { NULL };
	struct str want = { 0 };
	struct target t = { 0 };
	char main_path[128], inner_path[128];
	struct conf_file *file;

	(void)state;
	write_file("inner.conf", "\nnumber = 11;\n", inner_path);
	write_file("main.conf", "@include \"inner.conf\"\nflag = 3;\n", main_path);
	file = conf_open(main_path, &errors);
	assert_non_null(file);
	conf_defaults(&arena, keys, COUNT(keys), &t);
	struct conf_reader reader = { &arena, &errors, main_path, "" };
	assert_int_equal(conf_read(&reader, conf_root(file), keys, COUNT(keys), NULL, &t), -1);
	str_addf(&want,
	    "inner.conf:2: number: 11 is not within 1 to 10\n%s:2: flag: must be true or false\n",
	    main_path);
	assert_string_equal(str_text(&errors.lines), str_text(&want));
	conf_close(&file);
	conf_errors_free(&errors);

	write_file("inner.conf", "\n\nnumber = ;\n", inner_path);
	assert_null(conf_open(main_path, &errors));
	assert_string_equal(str_text(&errors.lines), "inner.conf:3: syntax error\n");
	conf_errors_free(&errors);

	unlink(inner_path);
	assert_null(conf_open(main_path, &errors));
	assert_int_equal(errors.count, 1);
	assert_int_equal(strncmp(str_text(&errors.lines), main_path, strlen(main_path)), 0);
	assert_non_null(strstr(str_text(&errors.lines), ":1: "));
	conf_errors_free(&errors);
	unlink(main_path);
	str_free(&want);
	arena_clear(&arena);
}

/* A mistake's words are one line of bounded length whatever the value. */
static void
long_values(void **state)
{
	struct target t = { 0 };
	struct arena arena = { NULL };
	char text[2100];
	const char *lines;

	(void)state;
	snprintf(text, sizeof(text), "duration = \"%02000d\";", 0);
	lines = read_text(text, "", &arena, &t);
	assert_true(strlen(lines) < 600);
	assert_ptr_equal(strchr(lines, '\n'), lines + strlen(lines) - 1);
	arena_clear(&arena);
}

/* One log line a mistake, even if a value holds line ends. */
static void
line_ends_in_values(void **state)
{
	struct target t = { 0 };
	struct arena arena = { NULL };

	(void)state;
	assert_string_equal(read_text("word = \"a\\nb\";", "", &arena, &t),
	    "t.conf:1: word: \"a?b\" is not one of \"red\", \"green\"\n");
	assert_string_equal(read_text("flag = 1;", "a\nb.", &arena, &t),
	    "t.conf:1: a?b.flag: must be true or false\n");
	arena_clear(&arena);
}

int
main(void)
{
	struct check_list list = { 0 };

	CHECK(&list, defaults);
	CHECK(&list, values);
	CHECK(&list, forms_of_values);
	CHECK_ROWS(&list, mistakes, mistake_rows);
	CHECK(&list, context_comes_first);
	CHECK(&list, not_a_group);
	CHECK(&list, walking);
	CHECK(&list, files_that_cannot_be_read);
	CHECK(&list, included_files);
	CHECK(&list, long_values);
	CHECK(&list, line_ends_in_values);
	make_folder(NULL);
	int rc = check_run(&list, "conf");
	return remove_folder(NULL) != 0 ? 1 : rc;
}
