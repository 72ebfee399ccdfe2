#include "check.h"
#include "letters.h"
#include "literals.h"
#include "pattern.h"
#include "str.h"

static const struct row {
	const char *label, *pattern, *want; /* any of: "a/b"; all of: "a&b"; "" none */
} rows[] = {
	{ "plain", "User unknown", "user unknown" },
	{ "too short", "ab", "" },
	{ "two runs", "no .* mailbox", "no & mailbox" },
	{ "alternatives", "unknown|no such user", "unknown/no such user" },
	{ "one without literals", "unknown|.*", "" },
	{ "one too short", "unknown|ab", "" },
	{ "an empty one", "unknown|", "" },
	{ "a group", "x(unknown|invalid)y", "unknown/invalid" },
	{ "a group and a run", "(bad|ill) that you tried", "(bad/ill)& that you tried" },
	{ "a group that has none", "(bad|no) that you tried", " that you tried" },
	{ "alternatives of runs", "bad.user|(no|such)|invalid", "" },
	{ "alternatives with several", "bad.user|invalid|(none|zero).+users",
	    "(bad&user)/invalid/((none/zero)&users)" },
	{ "one in the other", "((abc|def)|ghi).(jkl.mno)", "(abc/def/ghi)&jkl&mno" },
	{ "nested", "((a|b)unknown|(?:(?>invalid)))", "unknown/invalid" },
	{ "named", "(?<n>unknown)(?P<m>not)", "unknown&not" },
	{ "optional character", "abcdx?efg", "abcd&efg" },
	{ "optional group", "(unknown)?abc", "abc" },
	{ "any number", "abcd*efgh", "abc&efgh" },
	{ "once and more", "abcd+ef", "abcd" },
	{ "counted", "abcd{2}ef", "abcd" },
	{ "counted from 0", "abcd{0,3}efg", "abc&efg" },
	{ "counted open", "abcd{1,}", "abcd" },
	{ "10 times is not 0 times", "(abc){10}", "abc" },
	{ "lazy and possessive", "abcd+?efgh?+", "abcd&efg" },
	{ "unclear braces", "abcd{,3}efg", "" },
	{ "braces of their own", "{abc}", "" },
	{ "a dot", "abc.defg", "abc&defg" },
	{ "a class", "abc[d-f]ghij", "abc&ghij" },
	{ "a class with ]", "abc[]x]defg", "abc&defg" },
	{ "a class without ]", "abc[^]x]defg", "abc&defg" },
	{ "a POSIX class", "abc[[:alpha:]]defg", "abc&defg" },
	{ "a word boundary as a class", "abc[[:<:]]defg", "" },
	{ "an escaped ] in a class", "abc[\\]x]defg", "abc&defg" },
	{ "a control character in a class", "abc[\\c]x]]defg", "" },
	{ "a quote in a class", "[\\Q]\\E]defg", "" },
	{ "escaped", "a\\.b\\[c\\]", "a.b[c]" },
	{ "escapes that match many", "abc\\d+\\bdefg\\s", "abc&defg" },
	{ "a number as a character", "\\x41bcd\\x{e9}efgh", "bcd&efgh" },
	{ "properties", "\\p{Lu}abc\\pLdefg", "abc&defg" },
	{ "a reference", "(a)bc\\1xyz", "xyz" },
	{ "anchors", "^abc$", "abc" },
	{ "lookahead", "^(?=.*(abc|def))ghi", "(abc/def)&ghi" },
	{ "a lookahead that may be left out", "abc(?=defghi)?", "abc" },
	{ "negative lookahead", "abc(?!defghi)", "abc" },
	{ "lookbehind", "(?<=defghi)abc(?<!xyzxyz)", "defghi&abc" },
	{ "in a negative lookahead", "abc(?!(?=def)ghi)", "abc" },
	{ "options", "(?i)abc", "" },
	{ "extended", "(?x)ab c", "" },
	{ "a comment", "abc(?#d)efg", "" },
	{ "a condition", "(abc)?(?(1)defg|hijk)", "" },
	{ "a recursion", "abcd(?R)?", "" },
	{ "a verb", "(*ACCEPT)abcd", "" },
	{ "a verb inside", "ab(?:c(*ACCEPT))defgh", "" },
	{ "quoted", "\\Qa.b\\Ec", "" },
	{ "ends in a backslash", "abc\\", "" },
	{ "an open group", "abc(def", "" },
	{ "an open class", "abcd[def", "" },
	{ "a closing one too many", "abc)def", "" },
	{ "empty", "", "" },
	{ "Latin", "Empf\u00c4nger", "empf\u00e4nger" },
	{ "Cyrillic", "\u042f\u0449\u0438\u043a", "\u044f\u0449\u0438\u043a" },
	{ "Japanese", "\u5b9b\u5148", "\u5b9b\u5148" },
	{ "Korean", "\uc8fc\uc18c", "\uc8fc\uc18c" },
	{ "letters of which forms are not known", "abc\u0142defg", "abc&defg" },
	{ "such a one, optional", "abc\u00e9?defg", "abc&defg" },
};

static void
show(const struct literals *literals, struct str *out)
{
	if (literals->kind == LITERALS_TEXT)
		str_add_span(out, literals->text);
	for (size_t i = 0; i < literals->count; i++) {
		bool inner = literals->parts[i]->kind != LITERALS_TEXT;

		str_adds(out, i == 0 ? "" : literals->kind == LITERALS_ANY ? "/" : "&");
		str_adds(out, inner ? "(" : "");
		show(literals->parts[i], out);
		str_adds(out, inner ? ")" : "");
	}
}

static void
derives(void **state)
{
	const struct row *row = *state;
	const struct literals *literals;
	struct arena arena;
	struct str found = { 0 };

	arena_init(&arena);
	literals = literals_of(&arena, row->pattern);
	if (literals != NULL)
		show(literals, &found);
	assert_string_equal(str_text(&found), row->want);
	str_free(&found);
	arena_clear(&arena);
}

static void
deep_nesting_is_given_up(void **state)
{
	struct arena arena;
	struct str pattern = { 0 };

	(void)state;
	for (int i = 0; i < 100000; i++)
		str_addc(&pattern, '(');
	arena_init(&arena);
	assert_null(literals_of(&arena, str_text(&pattern)));
	arena_clear(&arena);
	str_free(&pattern);
}

static size_t
put_utf8(char *out, unsigned c)
{
	if (c < 0x80)
		return out[0] = (char)c, 1;
	if (c < 0x800)
		return out[0] = (char)(0xc0 | c >> 6), out[1] = (char)(0x80 | (c & 0x3f)), 2;
	if (c < 0x10000)
		return out[0] = (char)(0xe0 | c >> 12), out[1] = (char)(0x80 | (c >> 6 & 0x3f)),
		       out[2] = (char)(0x80 | (c & 0x3f)), 3;
	return out[0] = (char)(0xf0 | c >> 18), out[1] = (char)(0x80 | (c >> 12 & 0x3f)),
	       out[2] = (char)(0x80 | (c >> 6 & 0x3f)), out[3] = (char)(0x80 | (c & 0x3f)), 4;
}

/* The folded form of what the pattern matches in `rest`, which must be `want`'s. */
static void
check_forms(const char *expression, struct span rest, struct span want)
{
	struct pattern *pattern = pattern_new(expression, NULL);

	assert_non_null(pattern);
	while (pattern_match(pattern, rest) == 1) {
		struct span form = pattern_group(pattern, "c");
		char folded[4];

		if (!span_eq(span_make(folded, letters_fold(form, folded)), want))
			fail_msg("%s matches %.*s", expression, (int)form.len, form.ptr);
		rest = span_from(rest, (size_t)(form.ptr - rest.ptr) + form.len);
	}
	pattern_free(&pattern);
}

/* Every character that literals may contain, against all there are: what PCRE2 takes for the same
 * must fold to the same. */
static void
folds_all_that_pcre2_takes_for_the_same(void **state)
{
	struct str all = { 0 };
	unsigned tried = 0;

	(void)state;
	for (unsigned c = 1; c < 0x20000; c++) {
		char utf8[4];

		if (c < 0xd800 || c > 0xdfff)
			str_add(&all, utf8, put_utf8(utf8, c));
	}
	for (unsigned c = ' '; c < 0x10000; c += c < 0x1000 ? 1 : 97) {
		char expression[64], three[16], utf8[4], want[4];
		struct span character = span_make(utf8, put_utf8(utf8, c));
		struct arena arena;

		if (c < 0x80 && strchr("\\[](){}.^$|*+?", (int)c) != NULL)
			continue;
		snprintf(three, sizeof(three), "%.*s%.*s%.*s", (int)character.len, utf8,
		    (int)character.len, utf8, (int)character.len, utf8);
		arena_init(&arena);
		if (literals_of(&arena, three) != NULL) {
			snprintf(expression, sizeof(expression), "(?<c>\\x{%x})", c);
			check_forms(expression, span_make(all.data, all.len),
			    span_make(want, letters_fold(character, want)));
			tried++;
		}
		arena_clear(&arena);
	}
	assert_true(tried > 400);
	str_free(&all);
}

int
main(void)
{
	struct check_list list = { 0 };

	CHECK_ROWS(&list, derives, rows);
	CHECK(&list, deep_nesting_is_given_up);
	CHECK(&list, folds_all_that_pcre2_takes_for_the_same);
	return check_run(&list, "literals");
}
