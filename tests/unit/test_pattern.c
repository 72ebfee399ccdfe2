#include "check.h"
#include "pattern.h"

static const struct match_row {
	const char *label, *expression;
	struct span subject;
	int want;
} match_rows[] = {
	{ "somewhere inside", "no such", { "550 No Such User", 16 }, 1 },
	{ "not there", "mailbox", { "550 no such user", 16 }, 0 },
	{ "empty subject", "a", { "", 0 }, 0 },
	{ "empty subject, NULL", "^$", { NULL, 0 }, 1 },
	{ "anchors", "^a$", { "a\nb", 3 }, 0 },
	{ "dot and newline", "a.b", { "a\nb", 3 }, 0 },
	{ "NUL in the subject", "a\\x00b", { "a\0b", 3 }, 1 },
	{ "ends with its span", "abc", { "abcabc", 2 }, 0 },
	{ "UTF-8 case", "\xc3\xa4", { "\xc3\x84", 2 }, 1 },
	{ "one character of two bytes", "^.$", { "\xc3\x84", 2 }, 1 },
	{ "not UTF-8, match before it", "full", { "full \xff", 6 }, 1 },
	{ "not UTF-8, match behind it", "full", { "\xff\xfe full", 7 }, 1 },
	{ "bytes that are not UTF-8 match nothing", "^.$", { "\xff", 1 }, 0 },
	{ "cut off UTF-8", "full", { "full\xc3", 5 }, 1 },
	{ "alternatives", "quota|full", { "over QUOTA", 10 }, 1 },
};

static void
matches(void **state)
{
	const struct match_row *row = *state;
	struct pattern *p = pattern_new(row->expression, NULL);
	char *copy = malloc(row->subject.len + 1);

	assert_non_null(p);
	assert_string_equal(pattern_text(p), row->expression);
	if (row->subject.len > 0)
		memcpy(copy, row->subject.ptr, row->subject.len);
	assert_int_equal(pattern_match(p, row->subject.ptr == NULL
					      ? row->subject
					      : span_make(copy, row->subject.len)),
	    row->want);
	pattern_free(&p);
	assert_null(p);
	pattern_free(&p);
	free(copy);
}

static const struct wrong_row {
	const char *label, *expression, *want;
} wrong_rows[] = {
	{ "parenthesis", "a(", "missing closing parenthesis at offset 2 of \"a(\"" },
	{ "nothing to repeat", "a|*",
	    "quantifier does not follow a repeatable item at offset 2 of \"a|*\"" },
	{ "class", "[a", "missing terminating ] for character class at offset 2 of \"[a\"" },
	{ "group twice", "(?<n>a)(?<n>b)", "two named subpatterns have the same name" },
};

static void
wrong_expressions(void **state)
{
	const struct wrong_row *row = *state;
	struct err err;

	assert_null(pattern_new(row->expression, &err));
	assert_ptr_equal(strstr(err.text, row->want), err.text);
	assert_non_null(strstr(err.text, " at offset "));
	assert_non_null(strstr(err.text, row->expression));
	assert_null(pattern_new(row->expression, NULL));
}

static void
not_utf8_expression(void **state)
{
	struct err err = { "" };

	(void)state;
	assert_null(pattern_new("a\xff", &err));
	assert_string_not_equal(err.text, "");
}

/* A pattern that blows up ends by its limits, in bounded time, and says so. */
static void
limits(void **state)
{
	struct pattern *p = pattern_new("^(a+)+$", NULL),
		       *deep = pattern_new("^(?:(a)|b)*?c", NULL);
	char text[5001];

	(void)state;
	memset(text, 'a', 5000);
	text[5000] = '!';
	assert_int_equal(pattern_match(p, span_make(text + 4960, 41)), -1);
	assert_int_equal(pattern_match(p, SPAN("aaa")), 1); /* and works again */
	assert_int_equal(pattern_match(deep, span_make(text, 5001)), -1);
	pattern_free(&p);
	pattern_free(&deep);
}

static void
groups(void **state)
{
	struct pattern *p =
	    pattern_new("^(?<code>\\d{3})(?: (?<status>\\d\\.\\d\\.\\d))? (?<rest>.*)", NULL);
	static const char subject[] = "550 5.1.1 no such user";

	(void)state;
	assert_int_equal(pattern_match(p, SPAN("550 5.1.1 no such user")), 1);
	assert_true(span_eq(pattern_group(p, "code"), SPAN("550")));
	assert_true(span_eq(pattern_group(p, "status"), SPAN("5.1.1")));
	assert_true(span_eq(pattern_group(p, "rest"), SPAN("no such user")));
	assert_int_equal(pattern_group(p, "none").len, 0);
	assert_int_equal(pattern_match(p, span_of(subject)), 1);
	assert_ptr_equal(pattern_group(p, "rest").ptr, subject + 10); /* points into the subject */
	assert_int_equal(pattern_match(p, SPAN("550 gone")), 1);
	assert_int_equal(pattern_group(p, "status").len, 0); /* took no part */
	assert_true(span_eq(pattern_group(p, "rest"), SPAN("gone")));
	pattern_free(&p);

	p = pattern_new("a(?<last>b)?", NULL); /* a group at the end that took no part */
	assert_int_equal(pattern_match(p, SPAN("xa")), 1);
	assert_int_equal(pattern_group(p, "last").len, 0);
	pattern_free(&p);
}

/* -- packed ------------------------------------------------------------------------------------ */

static const struct packed_row {
	const char *label;
	long damaged; /* a byte so far from the end; 0: none */
	size_t missing;
	bool wanted;
} packed_rows[] = {
	{ "whole", 0, 0, true },
	{ "damaged at the end, read from its text", 1, 0, true },
	{ "damaged in the middle, read from its text", 60, 0, true },
	{ "cut off", 0, 1, false },
	{ "cut off in its text", 0, 999999, false },
};

static void
packed(void **state)
{
	const struct packed_row *row = *state;
	struct pattern *p = pattern_new("(?<who>user|mailbox) unknown", NULL);
	struct span said = SPAN("550 Mailbox unknown");
	struct str bytes = { 0 };
	struct unpack in;

	pattern_pack(p, &bytes);
	pattern_free(&p);
	if (row->damaged > 0)
		bytes.data[(long)bytes.len - row->damaged] ^= 1;
	in = unpack_make(
	    span_make(bytes.data, row->missing < bytes.len ? bytes.len - row->missing : 12));
	p = pattern_unpack(&in);
	assert_int_equal(p != NULL, row->wanted);
	if (p != NULL) {
		assert_string_equal(pattern_text(p), "(?<who>user|mailbox) unknown");
		assert_int_equal(pattern_match(p, SPAN("quota")), 0);
		assert_int_equal(pattern_match(p, said), 1);
		assert_true(span_eq(pattern_group(p, "who"), SPAN("Mailbox")));
		assert_true(span_eq(pattern_found(p), SPAN("Mailbox unknown")));
	}
	pattern_free(&p);
	str_free(&bytes);
}

static void
packed_twice(void **state)
{
	struct pattern *p = pattern_new("user unknown", NULL), *q, *r;
	struct str first = { 0 }, second = { 0 };
	struct unpack in;

	(void)state;
	pattern_pack(p, &first);
	in = unpack_make(span_make(first.data, first.len));
	q = pattern_unpack(&in);
	pattern_pack(q, &second); /* never matched */
	in = unpack_make(span_make(second.data, second.len));
	r = pattern_unpack(&in);
	assert_int_equal(pattern_match(r, SPAN("550 User unknown")), 1);
	assert_int_equal(pattern_match(r, SPAN("550 User known")), 0);
	pattern_free(&p);
	pattern_free(&q);
	pattern_free(&r);
	str_free(&first);
	str_free(&second);
}

int
main(void)
{
	struct check_list list = { 0 };

	CHECK_ROWS(&list, matches, match_rows);
	CHECK_ROWS(&list, wrong_expressions, wrong_rows);
	CHECK(&list, not_utf8_expression);
	CHECK(&list, limits);
	CHECK(&list, groups);
	CHECK_ROWS(&list, packed, packed_rows);
	CHECK(&list, packed_twice);
	return check_run(&list, "pattern");
}
