#include "check.h"
#include "domain.h"

#define L63 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define N253                    \
	L63 "." L63 "." L63 "." \
	    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define U10 "\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc"
#define L10 \
	"\xc3\xbc.\xc3\xbc.\xc3\xbc.\xc3\xbc.\xc3\xbc.\xc3\xbc.\xc3\xbc.\xc3\xbc.\xc3\xbc.\xc3\xbc."

static const struct normalise_row {
	const char *label;
	struct span in;
	const char *want; /* NULL: refused */
} normalise_rows[] = {
	{ "plain", { "example.com", 11 }, "example.com" },
	{ "capitals", { "EXAMPLE.Com", 11 }, "example.com" },
	{ "trailing dot", { "example.com.", 12 }, "example.com" },
	{ "one label", { "localhost", 9 }, "localhost" },
	{ "digits and hyphens", { "1-2--3.x9", 9 }, "1-2--3.x9" },
	{ "underscore", { "_dmarc.a_b.test", 15 }, "_dmarc.a_b.test" },
	{ "A-label", { "XN--Bcher-KVA.test", 18 }, "xn--bcher-kva.test" },
	{ "address literal", { "[192.0.2.1]", 11 }, "[192.0.2.1]" },
	{ "IPv6 literal", { "[IPv6:2001:DB8::1]", 18 }, "[ipv6:2001:db8::1]" },
	{ "longest label", { L63 ".test", 68 }, L63 ".test" },
	{ "label of 64", { L63 "a.test", 69 }, NULL },
	{ "longest name", { N253, 253 }, N253 },
	{ "longest name with its dot", { N253 ".", 254 }, N253 },
	{ "254 bytes", { N253 "a", 254 }, NULL },
	{ "255 bytes", { N253 ".a", 255 }, NULL },
	{ "256 bytes", { N253 ".ab", 256 }, NULL },
	{ "literal of 254 bytes", { "[" N253 "]", 255 }, NULL },
	{ "empty", { "", 0 }, NULL },
	{ "dot", { ".", 1 }, NULL },
	{ "two dots", { "..", 2 }, NULL },
	{ "two trailing dots", { "example.com..", 13 }, NULL },
	{ "leading dot", { ".example.com", 12 }, NULL },
	{ "empty label", { "a..b", 4 }, NULL },
	{ "blank", { "exa mple.com", 12 }, NULL },
	{ "NUL", { "exam\0ple.com", 12 }, NULL },
	{ "NUL in an IDN", { "b\xc3\xbc\0.test", 9 }, NULL },
	{ "newline", { "example.com\n", 12 }, NULL },
	{ "slash", { "a/b.test", 8 }, NULL },
	{ "at sign", { "a@b.test", 8 }, NULL },
	{ "star", { "*.example.com", 13 }, NULL },
	{ "braces", { "{a}.test", 8 }, NULL },
	{ "DEL", { "a\x7f.test", 7 }, NULL },
	{ "empty literal", { "[]", 2 }, NULL },
	{ "open literal", { "[192.0.2.1", 10 }, NULL },
	{ "bracket within a literal", { "[192.0]2.1]", 11 }, NULL },
	{ "blank in a literal", { "[192.0.2 1]", 11 }, NULL },
	{ "bracket alone", { "[", 1 }, NULL },
	{ "literal as a label", { "[192.0.2.1].test", 16 }, NULL },
	{ "umlaut",
	    { "b\xc3\xbc"
	      "cher.test",
		12 },
	    "xn--bcher-kva.test" },
	{ "umlaut in capitals",
	    { "B\xc3\x9c"
	      "CHER.TEST",
		12 },
	    "xn--bcher-kva.test" },
	{ "decomposed umlaut",
	    { "bu\xcc\x88"
	      "cher.test",
		13 },
	    "xn--bcher-kva.test" },
	{ "sharp s keeps itself",
	    { "stra\xc3\x9f"
	      "e.test",
		12 },
	    "xn--strae-oqa.test" },
	{ "ideographic dot", { "\xe4\xbe\x8b\xe3\x80\x82test", 10 }, "xn--fsq.test" },
	{ "IDN and trailing dot",
	    { "b\xc3\xbc"
	      "cher.test.",
		13 },
	    "xn--bcher-kva.test" },
	{ "not UTF-8",
	    { "b\xfc"
	      "cher.test",
		11 },
	    NULL },
	{ "cut off UTF-8", { "b\xc3", 2 }, NULL },
	{ "UTF-8 surrogate", { "\xed\xa0\x80.test", 8 }, NULL },
	{ "IDN label too long", { U10 U10 U10 U10 U10 U10 ".test", 125 }, NULL },
	{ "IDN name grows too long", { L10 L10 L10 L10 "test", 124 }, NULL },
	{ "zero width joiner alone", { "\xe2\x80\x8d.test", 8 }, NULL },
	{ "control character in an IDN", { "\xc3\xbc\x01.test", 8 }, NULL },
};

static void
normalises(void **state)
{
	const struct normalise_row *row = *state;
	char again[DOMAIN_SIZE];
	/* Of exactly the promised size, on the heap, so that ASan and valgrind see a byte too many. */
	char *out = malloc(DOMAIN_SIZE);
	struct err err = { "" };
	int rc = domain_normalise(row->in, out, &err);

	if (row->want == NULL) {
		assert_int_equal(rc, -1);
		assert_string_not_equal(err.text, "");
		assert_int_equal(domain_normalise(row->in, out, NULL), -1);
	} else {
		assert_int_equal(rc, 0);
		assert_string_equal(out, row->want);
		assert_int_equal(domain_normalise(span_of(out), again, &err), 0);
		assert_string_equal(again, out);
	}
	free(out);
}

/* Every byte in a name: letters, digits, '-', '_' and '.' pass, no other ASCII does. */
static void
every_byte(void **state)
{
	(void)state;
	for (int c = 0; c < 0x80; c++) {
		char in[] = "ax.test", out[DOMAIN_SIZE];
		int good = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
			   (c >= '0' && c <= '9') || c == '-' || c == '_';

		in[1] = (char)c;
		if (c == '.') /* "a..test" */
			continue;
		assert_int_equal(domain_normalise(span_make(in, 7), out, NULL), good ? 0 : -1);
	}
}

static const struct match_row {
	const char *label, *mask, *name;
	bool want;
} match_rows[] = {
	{ "the same", "mx.google.com", "mx.google.com", true },
	{ "case", "MX.Google.com", "mx.google.com", true },
	{ "trailing dot of the mask", "mx.google.com.", "mx.google.com", true },
	{ "trailing dot of the name", "mx.google.com", "mx.google.com.", true },
	{ "prefix", "mx.google.co", "mx.google.com", false },
	{ "longer mask", "mx.google.comm", "mx.google.com", false },
	{ "star takes a label", "*.google.com", "mx.google.com", true },
	{ "star takes labels", "*.google.com", "a.b.google.com", true },
	{ "star takes no nothing", "*.google.com", ".google.com", false },
	{ "star needs the dot", "*.google.com", "google.com", false },
	{ "and no look-alike", "*.google.com", "evilgoogle.com", false },
	{ "nor one behind", "*.google.com", "mx.google.com.evil.test", false },
	{ "star alone", "*", "x", true },
	{ "star alone, nothing", "*", "", false },
	{ "star at the end", "mx.*", "mx.test", true },
	{ "star at the end, nothing", "mx.*", "mx.", false },
	{ "two stars", "*.mail.*.test", "a.mail.b.test", true },
	{ "two stars need two bytes", "**", "a", false },
	{ "two stars, two bytes", "**", "ab", true },
	{ "star goes back", "*ab", "aabab", true },
	{ "star goes back twice", "*a*b*c", "xaabb", false },
	{ "star goes back, found", "*a*b*c", "xaxbxc", true },
	{ "question mark", "mx?.test", "mx1.test", true },
	{ "question mark takes no nothing", "mx?.test", "mx.test", false },
	{ "question mark takes one", "mx?.test", "mx12.test", false },
	{ "question mark takes a dot", "mx?test", "mx.test", true },
	{ "star and question mark", "*?.test", "ab.test", true },
	{ "star and question mark need two", "*?.test", "a.test", false },
	{ "empty mask", "", "a", false },
	{ "both empty", "", "", true },
	{ "no regular expression", "mx.test", "mxxtest", false },
	{ "no class", "[m]x.test", "mx.test", false },
};

static void
matches(void **state)
{
	const struct match_row *row = *state;

	assert_int_equal(domain_matches(row->mask, row->name), row->want);
}

/* What the header says, as plainly as possible. */
static bool
plain(const char *mask, const char *name)
{
	if (*mask == '\0')
		return *name == '\0';
	if (*name == '\0')
		return false;
	if (*mask == '*')
		return plain(mask + 1, name + 1) || plain(mask, name + 1);
	return (*mask == '?' || *mask == *name) && plain(mask + 1, name + 1);
}

/* The n-th text over an alphabet, shortest first. */
static void
nth(const char *alphabet, size_t n, char *out)
{
	size_t letters = strlen(alphabet);

	for (; n > 0; n = (n - 1) / letters)
		*out++ = alphabet[(n - 1) % letters];
	*out = '\0';
}

static void
all_short_masks_and_names(void **state)
{
	char mask[8], name[8];

	(void)state;
	for (size_t m = 0; m < 1 + 4 + 16 + 64 + 256 + 1024; m++) /* up to five of "ab*?" */
		for (size_t n = 0; n < 1 + 2 + 4 + 8 + 16 + 32 + 64; n++) { /* up to six of "ab" */
			nth("ab*?", m, mask);
			nth("ab", n, name);
			if (domain_matches(mask, name) != plain(mask, name))
				fail_msg("mask \"%s\", name \"%s\"", mask, name);
		}
}

/* A mask made to blow up takes no time worth speaking of: m * n steps at most. */
static void
hostile_mask(void **state)
{
	char mask[201], name[254];

	(void)state;
	for (size_t i = 0; i < 200; i++)
		mask[i] = i % 2 == 0 ? '*' : 'a';
	memset(name, 'a', 253);
	mask[199] = 'b';
	mask[200] = name[253] = '\0';
	for (int i = 0; i < 10000; i++)
		assert_false(domain_matches(mask, name));
}

int
main(void)
{
	struct check_list list = { 0 };

	CHECK_ROWS(&list, normalises, normalise_rows);
	CHECK(&list, every_byte);
	CHECK_ROWS(&list, matches, match_rows);
	CHECK(&list, all_short_masks_and_names);
	CHECK(&list, hostile_mask);
	return check_run(&list, "domain");
}
