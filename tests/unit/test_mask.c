#include "mask.h"

#include "check.h"
#include "domain.h"

static const struct row {
	const char *label; /* wide, a blank, narrow */
	bool covers;
} rows[] = {
	{ "a.test a.test", true },
	{ "a.test A.Test.", true },
	{ "a.test b.test", false },
	{ "* *", true },
	{ "* a", true },
	{ "* ?", true },
	{ "* *.a.test", true },
	{ "*.a.test *", false },
	{ "*.test *.a.test", true },
	{ "*.a.test *.test", false },
	{ "*.a.test a.test", false },
	{ "*.a.test mx.a.test", true },
	{ "mx?.a.test mx1.a.test", true },
	{ "mx?.a.test mx12.a.test", false },
	{ "mx?.a.test mx?.a.test", true },
	{ "mx?.a.test mx*.a.test", false },
	{ "mx*.a.test mx?.a.test", true },
	{ "mx*.a.test mx.a.test", false },
	{ "?* *", false },
	{ "* ?*", true },
	{ "*? ?*", true },
	{ "** ?*", true },
	{ "?* **", true },
	{ "** *", false },
	{ "?* *b", false }, /* it does, and is not seen */
	{ "?* a*", true },
	{ "*a* ba*", true },
	{ "*a* bab", true },
	{ "*a* a*", false },
	{ "*.mail.*.test x.mail.y.test", true },
	{ "*.mail.*.test *.mail.*.a.test", true },
	{ "*ab*ab *ab?ab", true },
	{ "*ab*ab *abab", false },
};

static void
covers(void **state)
{
	const struct row *row = *state;
	size_t wide = strcspn(row->label, " ");
	char mask[64];

	memcpy(mask, row->label, wide);
	mask[wide] = '\0';
	assert_int_equal(mask_covers(mask, row->label + wide + 1), row->covers);
}

/* Where one covers another, it matches all that the other matches: tried on every short name. */
static void
agrees_with_matching(void **state)
{
	static const char letters[] = "ab*?";
	char masks[4 + 16 + 64 + 256][5];
	size_t count = 0, covered = 0;

	(void)state;
	for (size_t len = 1; len <= 4; len++)
		for (size_t n = 0; n < (size_t)1 << (2 * len); n++, count++) {
			for (size_t i = 0; i < len; i++)
				masks[count][i] = letters[n >> (2 * i) & 3];
			masks[count][len] = '\0';
		}
	assert_int_equal(count, COUNT(masks));
	for (size_t w = 0; w < 84; w++)
		for (size_t n = 0; n < 84; n++) {
			bool found = false;

			for (size_t len = 1; len <= 7 && !found; len++)
				for (size_t bits = 0; bits < (size_t)1 << len && !found; bits++) {
					char name[8];

					for (size_t i = 0; i < len; i++)
						name[i] = (bits >> i & 1) != 0 ? 'a' : 'c';
					name[len] = '\0';
					found = domain_matches(masks[n], name) &&
						!domain_matches(masks[w], name);
				}
			if (mask_covers(masks[w], masks[n])) {
				covered++;
				if (found)
					fail_msg("%s does not cover %s", masks[w], masks[n]);
			}
		}
	assert_true(covered > 500);
}

static const struct strange_row {
	const char *label;
	char want;
} strange_rows[] = {
	{ "*.google.com", '\0' },
	{ "MX?_1-a.test.", '\0' },
	{ "[192.0.2.1]", '\0' },
	{ "*.a,test", ',' },
	{ "*.a test", ' ' },
	{ "*@a.test", '@' },
	{ "", '\0' },
};

static void
strange(void **state)
{
	const struct strange_row *row = *state;

	assert_int_equal(mask_strange(row->label), row->want);
}

static void
too_long(void **state)
{
	char mask[300];

	(void)state;
	memset(mask, '*', sizeof(mask) - 1);
	mask[sizeof(mask) - 1] = '\0';
	assert_false(mask_covers(mask, mask));
	assert_false(mask_covers("*", mask));
	mask[253] = '\0';
	assert_true(mask_covers(mask, mask));
}

int
main(void)
{
	struct check_list list = { 0 };

	CHECK_ROWS(&list, covers, rows);
	CHECK(&list, agrees_with_matching);
	CHECK_ROWS(&list, strange, strange_rows);
	CHECK(&list, too_long);
	return check_run(&list, "mask");
}
