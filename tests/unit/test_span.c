#include "check.h"
#include "span.h"

static void
equality(void **state)
{
	(void)state;
	assert_true(span_eq(SPAN(""), span_of(NULL)));
	assert_true(span_eq(SPAN(""), span_make(NULL, 0)));
	assert_true(span_eq(SPAN("ab"), span_of("ab")));
	assert_false(span_eq(SPAN("ab"), SPAN("aB")));
	assert_false(span_eq(SPAN("ab"), SPAN("abc")));
	assert_true(span_eq(SPAN("a\0b"), SPAN("a\0b")));
	assert_false(span_eq(SPAN("a\0b"), SPAN("a\0c")));
	assert_true(span_ieq(SPAN("aB-\xc3\x84"), SPAN("Ab-\xc3\x84")));
	assert_false(span_ieq(SPAN("\xc3\x84"), SPAN("\xc3\xa4"))); /* ASCII only */
	assert_false(span_ieq(SPAN("["), SPAN("{")));               /* 0x20 apart, no letters */
	assert_false(span_ieq(SPAN("@"), SPAN("`")));
	assert_true(span_starts(SPAN("abc"), SPAN("")));
	assert_true(span_starts(SPAN("abc"), SPAN("abc")));
	assert_false(span_starts(SPAN("ab"), SPAN("abc")));
	assert_false(span_starts(SPAN("abc"), SPAN("B")));
	assert_true(span_istarts(SPAN("ABC"), SPAN("ab")));
}

static void
rest(void **state)
{
	(void)state;
	assert_true(span_eq(span_from(SPAN("abc"), 1), SPAN("bc")));
	assert_int_equal(span_from(SPAN("abc"), 3).len, 0);
	assert_int_equal(span_from(SPAN("abc"), 4).len, 0);
	assert_int_equal(span_from(SPAN("abc"), SIZE_MAX).len, 0);
}

static const struct find_row {
	const char *label, *in, *needle;
	long find, ifind;
} find_rows[] = {
	{ "empty in empty", "", "", 0, 0 },
	{ "empty needle", "abc", "", 0, 0 },
	{ "longer needle", "ab", "abc", -1, -1 },
	{ "whole", "abc", "abc", 0, 0 },
	{ "at the end", "xabc", "abc", 1, 1 },
	{ "first of two", "xabab", "ab", 1, 1 },
	{ "overlapping start", "aab", "ab", 1, 1 },
	{ "other case", "xAB", "ab", -1, 1 },
	{ "none", "xyz", "ab", -1, -1 },
	{ "rarest byte last", "xxAz aaaz Abz", "abZ", -1, 10 },
	{ "rarest byte first", "zzzab Zab", "zab", 2, 2 },
	{ "its upper case first", "Zab zab", "zab", 4, 0 },
	{ "only part of it fits", "the po the pos the Post", "post", -1, 19 },
	{ "no letter in it", "1.2.3 550-", "550-", 6, 6 },
	{ "bytes beyond ASCII", "Nachricht verz\xc3\xb6gert", "VERZ\xc3\xb6", -1, 10 },
	{ "would end behind the text", "xab", "abc", -1, -1 },
};

static void
finds(void **state)
{
	const struct find_row *row = *state;

	assert_int_equal(span_find(span_of(row->in), span_of(row->needle)), row->find);
	assert_int_equal(span_ifind(span_of(row->in), span_of(row->needle)), row->ifind);
}

static const struct trim_row {
	const char *label, *in, *want;
} trim_rows[] = {
	{ "nothing to do", "a b", "a b" },
	{ "empty", "", "" },
	{ "only blanks", " \t\r\n ", "" },
	{ "both ends", "\t a\r\n", "a" },
	{ "other white space stays", "\v\fa\v", "\v\fa\v" },
};

static void
trims(void **state)
{
	const struct trim_row *row = *state;

	assert_true(span_eq(span_trim(span_of(row->in)), span_of(row->want)));
}

static const struct line_row {
	const char *label, *in;
	const char *want[5]; /* NULL-terminated */
} line_rows[] = {
	{ "empty", "", { NULL } },
	{ "one without end", "a", { "a", NULL } },
	{ "one", "a\n", { "a", NULL } },
	{ "an empty one", "\n", { "", NULL } },
	{ "CRLF", "a\r\nb\r\n", { "a", "b", NULL } },
	{ "CR alone stays", "a\rb\n", { "a\rb", NULL } },
	{ "one CR of two goes", "a\r\r\n", { "a\r", NULL } },
	{ "CR at the end of all", "a\nb\r", { "a", "b", NULL } },
	{ "empty in between", "a\n\nb", { "a", "", "b", NULL } },
};

static void
lines(void **state)
{
	const struct line_row *row = *state;
	struct span left = span_of(row->in), line;
	size_t i = 0;

	for (; row->want[i] != NULL; i++) {
		assert_true(span_line(&left, &line));
		assert_true(span_eq(line, span_of(row->want[i])));
	}
	assert_false(span_line(&left, &line));
}

static const struct number_row {
	const char *label, *in;
	bool good;
	unsigned long long want;
} number_rows[] = {
	{ "empty", "", false, 0 },
	{ "zero", "0", true, 0 },
	{ "leading zeros", "0007", true, 7 },
	{ "largest", "18446744073709551615", true, 18446744073709551615ULL },
	{ "one too many", "18446744073709551616", false, 0 },
	{ "ten times too many", "184467440737095516150", false, 0 },
	{ "sign", "-1", false, 0 },
	{ "plus", "+1", false, 0 },
	{ "blank before", " 1", false, 0 },
	{ "letter behind", "1a", false, 0 },
	{ "hexadecimal", "0x10", false, 0 },
	{ "byte below the digits", "1/", false, 0 },
	{ "byte above the digits", "1:", false, 0 },
};

static void
numbers(void **state)
{
	const struct number_row *row = *state;
	unsigned long long value = 42;

	assert_int_equal(span_number(span_of(row->in), &value), row->good);
	assert_true(value == (row->good ? row->want : 42));
}

static void
number_ends_with_its_span(void **state)
{
	unsigned long long value;

	(void)state;
	assert_true(span_number(span_make("1234", 2), &value));
	assert_int_equal(value, 12);
}

int
main(void)
{
	struct check_list list = { 0 };

	CHECK(&list, equality);
	CHECK(&list, rest);
	CHECK_ROWS(&list, finds, find_rows);
	CHECK_ROWS(&list, trims, trim_rows);
	CHECK_ROWS(&list, lines, line_rows);
	CHECK_ROWS(&list, numbers, number_rows);
	CHECK(&list, number_ends_with_its_span);
	return check_run(&list, "span");
}
