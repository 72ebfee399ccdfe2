#include "addr.h"
#include "check.h"
#include "domain.h"

#define X10 "xxxxxxxxxx"
#define X80 X10 X10 X10 X10 X10 X10 X10 X10
#define L63 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define N253                    \
	L63 "." L63 "." L63 "." \
	    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

static const struct normalise_row {
	const char *label, *in, *want, *domain; /* want NULL: refused */
} normalise_rows[] = {
	{ "plain", "user@example.com", "user@example.com", "example.com" },
	{ "brackets", "<user@example.com>", "user@example.com", "example.com" },
	{ "blanks", " <user@example.com> ", "user@example.com", "example.com" },
	{ "blanks in brackets", "< user@example.com >", "user@example.com", "example.com" },
	{ "capitals", "U.Ser@EXAMPLE.com", "u.ser@example.com", "example.com" },
	{ "trailing dot", "user@example.com.", "user@example.com", "example.com" },
	{ "plus", "User+Tag=x@example.com", "user+tag=x@example.com", "example.com" },
	{ "every special character", "!#$%&'*+-/=?^_`{|}~@x.test", "!#$%&'*+-/=?^_`{|}~@x.test",
	    "x.test" },
	{ "null", "", "", "" },
	{ "null in brackets", "<>", "", "" },
	{ "null in brackets with a blank", " < > ", "", "" },
	{ "blanks only", "  ", "", "" },
	{ "no domain", "postmaster", "postmaster", "" },
	{ "address literal", "a@[192.0.2.1]", "a@[192.0.2.1]", "[192.0.2.1]" },
	{ "internationalised domain",
	    "a@b\xc3\xbc"
	    "cher.test",
	    "a@xn--bcher-kva.test", "xn--bcher-kva.test" },
	{ "internationalised local part", "j\xc3\xb6rg@x.test", "j\xc3\xb6rg@x.test", "x.test" },
	{ "quoted with a blank", "\"john doe\"@x.test", "\"john doe\"@x.test", "x.test" },
	{ "quoted at sign", "\"a@b\"@x.test", "\"a@b\"@x.test", "x.test" },
	{ "quoted brackets", "\"<a>\"@x.test", "\"<a>\"@x.test", "x.test" },
	{ "empty quotes", "\"\"@x.test", "\"\"@x.test", "x.test" },
	{ "one quote is no quoting", "\" @x.test", NULL, NULL },
	{ "two at signs: the last one counts", "a@b@x.test", "a@b@x.test", "x.test" },
	{ "longest local part", X80 X80 X80 X80 "@x.test", X80 X80 X80 X80 "@x.test", "x.test" },
	{ "longest of all", X80 X80 X80 X80 "@" N253, X80 X80 X80 X80 "@" N253, N253 },
	{ "longest local part, domain too long", X80 X80 X80 X80 "@" N253 ".a", NULL, NULL },
	{ "local part of 321", X80 X80 X80 X80 "x@x.test", NULL, NULL },
	{ "local part of 321 alone", X80 X80 X80 X80 "x", NULL, NULL },
	{ "no local part", "@x.test", NULL, NULL },
	{ "empty domain", "a@", NULL, NULL },
	{ "bad domain", "a@b..c", NULL, NULL },
	{ "blank", "a b@x.test", NULL, NULL },
	{ "blank without a domain", "a b", NULL, NULL },
	{ "bracket open", "<a@x.test", NULL, NULL },
	{ "bracket closed", "a@x.test>", NULL, NULL },
	{ "two addresses", "a@x.test, b@x.test", NULL, NULL },
	{ "display name", "A <a@x.test>", NULL, NULL },
	{ "control character", "a\x01@x.test", NULL, NULL },
	{ "control character in quotes", "\"a\n\"@x.test", NULL, NULL },
	{ "DEL", "a\x7f@x.test", NULL, NULL },
	{ "tab", "a\tb@x.test", NULL, NULL },
};

static void
normalises(void **state)
{
	const struct normalise_row *row = *state;
	char *out = malloc(ADDR_SIZE), again[ADDR_SIZE];
	struct err err = { "" };
	int rc;

	memset(out, 'Z', ADDR_SIZE);
	rc = addr_normalise(span_of(row->in), out, &err);
	if (row->want == NULL) {
		assert_int_equal(rc, -1);
		assert_string_not_equal(err.text, "");
		assert_string_equal(out, ""); /* nothing half done is left */
		assert_int_equal(addr_normalise(span_of(row->in), out, NULL), -1);
	} else {
		assert_int_equal(rc, 0);
		assert_string_equal(out, row->want);
		assert_string_equal(addr_domain(out), row->domain);
		assert_int_equal(addr_normalise(span_of(out), again, &err), 0);
		assert_string_equal(again, out);
	}
	free(out);
}

static void
nul_is_no_end(void **state)
{
	char out[ADDR_SIZE];

	(void)state;
	assert_int_equal(addr_normalise(SPAN("a\0@x.test"), out, NULL), -1);
	assert_int_equal(addr_normalise(SPAN("a@x\0.test"), out, NULL), -1);
	assert_int_equal(addr_normalise(SPAN("\0"), out, NULL), -1);
}

/* The span ends where it says, whatever stands behind. */
static void
every_length(void **state)
{
	static const char text[] = "<\"a b\"@b\xc3\xbc"
				   "cher.test>";

	(void)state;
	for (size_t len = 0; len < sizeof(text); len++) {
		char *in = malloc(len + 1), *out = malloc(ADDR_SIZE);

		memcpy(in, text, len);
		if (addr_normalise(span_make(in, len), out, NULL) == 0)
			assert_true(strlen(out) < ADDR_SIZE);
		else
			assert_string_equal(out, "");
		free(in);
		free(out);
	}
}

static const struct postmaster_row {
	const char *label, *addr;
	bool want;
} postmaster_rows[] = {
	{ "alone", "postmaster", true },
	{ "with a domain", "postmaster@x.test", true },
	{ "longer", "postmasters@x.test", false },
	{ "with an extension", "postmaster+a@x.test", false },
	{ "shorter", "postmaste@x.test", false },
	{ "as a domain", "a@postmaster", false },
	{ "null", "", false },
};

static void
postmaster(void **state)
{
	const struct postmaster_row *row = *state;

	assert_int_equal(addr_is_postmaster(row->addr), row->want);
}

static void
postmaster_in_any_case(void **state)
{
	char out[ADDR_SIZE];

	(void)state;
	assert_int_equal(addr_normalise(SPAN("<PostMaster@X.test>"), out, NULL), 0);
	assert_true(addr_is_postmaster(out));
}

int
main(void)
{
	struct check_list list = { 0 };

	CHECK_ROWS(&list, normalises, normalise_rows);
	CHECK(&list, nul_is_no_end);
	CHECK(&list, every_length);
	CHECK_ROWS(&list, postmaster, postmaster_rows);
	CHECK(&list, postmaster_in_any_case);
	return check_run(&list, "addr");
}
