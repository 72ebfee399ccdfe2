/* The signatures were made by another implementation, hashlib.blake2b of Python. */
#include "check.h"
#include "str.h"
#include "verp_keys.h"

static const struct sign_row {
	const char *label;
	unsigned char from; /* the key's first byte */
	enum verp_of of;
	const char *address;
	int64_t day;
	const char *want;
} sign_rows[] = {
	{ "a recipient", 0, VERP_OF_RECIPIENT, "ann@example.org", SIGNED_DAY, "jle5eloz44" },
	{ "with another key", 32, VERP_OF_RECIPIENT, "ann@example.org", SIGNED_DAY, "jlobnbccpq" },
	{ "a sender", 0, VERP_OF_SENDER, "news@bounces.test", SIGNED_DAY, "jlvo2hi4x6" },
	{ "another key's sender", 32, VERP_OF_SENDER, "news@bounces.test", SIGNED_DAY,
	    "jlsxlpi6dj" },
	{ "the same stamp 1024 days on", 0, VERP_OF_RECIPIENT, "ann@example.org", SIGNED_DAY + 1024,
	    "jl3cpjatwz" },
	{ "1970", 0, VERP_OF_RECIPIENT, "ann@example.org", 0, "aarpx52wo6" },
};

static void
signs(void **state)
{
	const struct sign_row *row = *state;
	char out[VERP_SIGNATURE_SIZE];
	struct verp_keys keys = { 0 };
	struct verp_checked checked;

	fill_keys(&keys, 1, row->from);
	assert_int_equal(verp_sign(&keys, row->of, row->address, row->day * 86400, out, NULL), 0);
	assert_string_equal(out, row->want);
	assert_true(verp_is_signature(span_of(out)));
	checked = verp_check(&keys, row->of, row->address, out, row->day * 86400, 30);
	assert_int_equal(checked.proof, VERP_VALID);
	assert_int_equal(checked.day, row->day);
}

#define ANN "ann@example.org"

static const struct check_row {
	const char *label, *address, *signature;
	enum verp_of of;
	int64_t day; /* on which it is looked at, from SIGNED_DAY on */
	enum verp_proof want;
	size_t key;
} check_rows[] = {
	{ "the same day", ANN, "jle5eloz44", VERP_OF_RECIPIENT, 0, VERP_VALID, 0 },
	{ "in capitals", ANN, "JLE5ELOZ44", VERP_OF_RECIPIENT, 0, VERP_VALID, 0 },
	{ "by the second key", ANN, "jlobnbccpq", VERP_OF_RECIPIENT, 0, VERP_VALID, 1 },
	{ "the last day", ANN, "jle5eloz44", VERP_OF_RECIPIENT, 30, VERP_VALID, 0 },
	{ "a day late", ANN, "jle5eloz44", VERP_OF_RECIPIENT, 31, VERP_EXPIRED, 0 },
	{ "two years late", ANN, "jle5eloz44", VERP_OF_RECIPIENT, 1000, VERP_EXPIRED, 0 },
	{ "made tomorrow by a clock ahead", ANN, "jle5eloz44", VERP_OF_RECIPIENT, -1, VERP_VALID,
	    0 },
	{ "made the day after tomorrow", ANN, "jle5eloz44", VERP_OF_RECIPIENT, -2, VERP_WRONG, 0 },
	{ "when its stamp comes round", ANN, "jle5eloz44", VERP_OF_RECIPIENT, 1024, VERP_WRONG, 0 },
	{ "of another recipient", "bob@example.org", "jle5eloz44", VERP_OF_RECIPIENT, 0, VERP_WRONG,
	    0 },
	{ "of a sender, for a recipient", "news@bounces.test", "jlvo2hi4x6", VERP_OF_RECIPIENT, 0,
	    VERP_WRONG, 0 },
	{ "of a recipient, for a sender", ANN, "jle5eloz44", VERP_OF_SENDER, 0, VERP_WRONG, 0 },
	{ "another day's stamp", ANN, "jke5eloz44", VERP_OF_RECIPIENT, 0, VERP_WRONG, 0 },
	{ "the first of the digest", ANN, "jla5eloz44", VERP_OF_RECIPIENT, 0, VERP_WRONG, 0 },
	{ "the last of the digest", ANN, "jle5eloz45", VERP_OF_RECIPIENT, 0, VERP_WRONG, 0 },
	{ "none", ANN, "", VERP_OF_RECIPIENT, 0, VERP_UNSIGNED, 0 },
	{ "too short", ANN, "jle5eloz4", VERP_OF_RECIPIENT, 0, VERP_WRONG, 0 },
	{ "too long", ANN, "jle5eloz444", VERP_OF_RECIPIENT, 0, VERP_WRONG, 0 },
	{ "no base32", ANN, "jle5eloz41", VERP_OF_RECIPIENT, 0, VERP_WRONG, 0 },
	{ "beyond ASCII", ANN, "jle5eloz\xc3\xa9", VERP_OF_RECIPIENT, 0, VERP_WRONG, 0 },
};

static void
checks(void **state)
{
	const struct check_row *row = *state;
	struct verp_keys keys = { 0 };
	struct verp_checked checked;

	fill_keys(&keys, 2, 0);
	checked = verp_check(&keys, row->of, row->address, row->signature,
	    SIGNED_S + row->day * 86400, 30);
	assert_int_equal(checked.proof, row->want);
	assert_int_equal(checked.key, row->key);
	if (row->want >= VERP_EXPIRED)
		assert_int_equal(checked.day, SIGNED_DAY);
	assert_string_not_equal(verp_proof_name(checked.proof), "");
}

static void
needs_a_key(void **state)
{
	char out[VERP_SIGNATURE_SIZE];
	struct verp_keys keys = { 0 };
	struct err err;

	(void)state;
	assert_int_equal(verp_sign(&keys, VERP_OF_SENDER, ANN, SIGNED_S, out, &err), -1);
	assert_string_equal(out, "");
	assert_int_equal(
	    verp_check(&keys, VERP_OF_RECIPIENT, ANN, "jle5eloz44", SIGNED_S, 30).proof,
	    VERP_WRONG);
}

#define HEX16 "000102030405060708090a0b0c0d0e0F"

static const struct key_row {
	const char *label, *text;
	int want;
} key_rows[] = {
	{ "a key", HEX16 HEX16, 0 },
	{ "with its line's end", HEX16 HEX16 "\n", 0 },
	{ "with blanks", " \n" HEX16 HEX16 "\r\n", 0 },
	{ "a digit short", "01" HEX16 HEX16 "2", -1 },
	{ "half of one", HEX16 "\n", -1 },
	{ "another digit", "0g" HEX16 "0102030405060708090a0b0c0d0e0f", -1 },
	{ "two keys", HEX16 HEX16 "\n" HEX16 HEX16 "\n", -1 },
	{ "nothing", "", -1 },
};

static void
reads_keys(void **state)
{
	const struct key_row *row = *state;
	unsigned char key[VERP_KEY_BYTES];

	assert_int_equal(verp_key_parse(span_of(row->text), key), row->want);
	if (row->want == 0)
		assert_int_equal(key[31], 15);
}

int
main(void)
{
	struct check_list list = { 0 };

	CHECK_ROWS(&list, signs, sign_rows);
	CHECK_ROWS(&list, checks, check_rows);
	CHECK(&list, needs_a_key);
	CHECK_ROWS(&list, reads_keys, key_rows);
	return check_run(&list, "verp_sign");
}
