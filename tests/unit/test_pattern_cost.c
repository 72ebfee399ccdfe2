#include "pattern_cost.h"

#include "check.h"
#include "pattern.h"
#include "pattern_shape.h"

#include <time.h>

/* -- what it repeats --------------------------------------------------------------------------- */

static const struct shape_row {
	const char *label; /* the expression */
	const char *want;  /* before|unit, one a line */
} shape_rows[] = {
	{ "user unknown", "" },
	{ "a?b{2}c{0,7}", "" },
	{ "a+", "|a\n" },
	{ "^550 (a+ )+x", "550 |a\n550 |a \n" },
	{ "x(a|bc)*", "x|a\nx|bc\n" },
	{ "(a|b)c+", "a|c\n" },
	{ "ab{3}.{0,40}", "abbb|a\n" },
	{ "\\bfoo\\d+\\.\\S*", "foo|1\nfoo1.|a\n" },
	{ "[abc]*[^a]*[\\d.]*[[:digit:]]*", "|a\na|1\na1|1\na11|1\n" },
	{ "(?i:a)+(?<name>b)+(?:c)+(?>d)+", "|a\na|b\nab|c\nabc|d\n" },
	{ "(?=a)(?!b)(?<=c)(?<!d)e+", "|e\n" },
	{ "\\x41+\\x{263a}+\\p{L}+\\pL+", "|a\na|a\naa|a\naaa|a\n" },
	{ "(a)\\1+b*", "a|b\n" },
	{ "a++b*?", "|a\na|b\n" },
	{ "a{2,}", "|a\n" },
	{ "((((a+", "|a\n" },
	{ "a)b+", "a|b\n" },
	{ "[", "" },
	{ "\\", "" },
	{ "a{", "" },
	{ "(?", "" },
	{ "(?<", "" },
	{ "(?'name'a)+(?P<name>b)+(?P=name)c+", "|a\na|b\nab|c\n" },
	{ "\\x{", "" },
	{ "[[:a", "" },
};

static void
shapes(void **state)
{
	const struct shape_row *row = *state;
	size_t len = strlen(row->label);
	char *text = malloc(len + 1); /* of just its size */
	struct pattern_shape shape;
	struct str got = { 0 };

	assert_non_null(text);
	memcpy(text, row->label, len + 1);
	pattern_shape_of(text, &shape);
	for (size_t i = 0; i < shape.count; i++)
		str_addf(&got, "%s|%s\n", str_text(&shape.repeats[i].before),
		    str_text(&shape.repeats[i].unit));
	assert_string_equal(str_text(&got), row->want);
	pattern_shape_clear(&shape);
	str_free(&got);
	free(text);
}

/* Every beginning of every expression: nothing beyond its end is read. */
static void
cut_anywhere(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(shape_rows); i++)
		for (size_t len = 0; len <= strlen(shape_rows[i].label); len++) {
			char *text = malloc(len + 1);
			struct pattern_shape shape;

			assert_non_null(text);
			memcpy(text, shape_rows[i].label, len);
			text[len] = '\0';
			pattern_shape_of(text, &shape);
			pattern_shape_clear(&shape);
			free(text);
		}
}

static void
many_repeats(void **state)
{
	struct str text = { 0 };
	struct pattern_shape shape;

	(void)state;
	for (size_t i = 0; i < 1000; i++)
		str_adds(&text, "(a+");
	pattern_shape_of(str_text(&text), &shape);
	assert_true(shape.count <= PATTERN_REPEATS_MAX && shape.count > 0);
	pattern_shape_clear(&shape);
	str_free(&text);
}

/* -- what it costs ----------------------------------------------------------------------------- */

static const struct cost_row {
	const char *label; /* the expression */
	bool high;
} cost_rows[] = {
	{ "(a+)+$", true }, { "(a|aa)+$", true }, { "^550 (a|aa)+$", true },
	{ "(\\w+\\s?)+$", true }, { "(.*)*x", true }, { "(.+)+xy", true }, { "([a-z]+)*!", true },
	{ "x(\\d+|\\w+)*y", true }, { "(a|b|ab)*c", true }, { "user (.*,)+ unknown", true },
	{ "(x+x+)+y", true }, { "^(([a-z])+.)+[A-Z]([a-z])+$", true }, { "user unknown", false },
	{ "unusual rate|4\\.7\\.28", false }, { "\\bfoo\\b.{0,30}bar", false },
	{ "554.*policy", false }, { "421.*too many connections", false }, { "(a+,)+$", false },
	{ "(?>a+)+$", false }, { "(a++)+$", false }, { "^[a-z]+ [0-9]+$", false },
	{ "(", false }, /* none at all */
};

static void
costs(void **state)
{
	const struct cost_row *row = *state;
	struct str text = { 0 };

	assert_int_equal(pattern_cost_is_high(row->label, NULL, &text), row->high);
	assert_int_equal(text.len > 0, row->high);
	str_free(&text);
}

/* A sample's own words hurt where the expression alone does not tell how. */
static void
samples_help(void **state)
{
	const char *samples[] = { "550 \xc3\xa9\xc3\xa9" };
	struct conf_strings strings = { samples, 1 };
	struct str text = { 0 };

	(void)state;
	assert_false(pattern_cost_is_high("^(?:\\x{e9}+)+$", NULL, &text));
	assert_false(pattern_cost_is_high("^x(?:\\x{e9}+)+$", &strings, &text));
	strings.items[0] = "\xc3\xa9";
	assert_true(pattern_cost_is_high("^(?:\\x{e9}+)+$", &strings, &text));
	str_free(&text);
}

/* What looks like a count is none, or is one of nothing. */
static void
huge_counts_take_no_time(void **state)
{
	static const char *const texts[] = { "(){4294967295", "(){4294967295}a+", "(?:){65535}a+" };
	clock_t cpu = clock();

	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++) {
		struct pattern_shape shape;

		pattern_shape_of(texts[i], &shape);
		pattern_shape_clear(&shape);
	}
	assert_true(clock() - cpu < CLOCKS_PER_SEC);
}

int
main(void)
{
	struct check_list list = { 0 };

	CHECK_ROWS(&list, shapes, shape_rows);
	CHECK(&list, cut_anywhere);
	CHECK(&list, many_repeats);
	CHECK(&list, huge_counts_take_no_time);
	CHECK_ROWS(&list, costs, cost_rows);
	CHECK(&list, samples_help);
	return check_run(&list, "pattern_cost");
}
