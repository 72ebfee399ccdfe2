#include "return_path.h"
#include "check.h"
#include "verp_keys.h"

#define SIG  "jle5eloz44" /* of ann@example.org */
#define SSIG "jlvo2hi4x6" /* of news@bounces.test */

static const struct parse_row {
	const char *label, *in, *delimiters;
	const char *sender, *whole, *recipient, *recipient_signature, *sender_signature;
} parse_rows[] = {
	{ "plain", "news@bounces.test", "+=", "news@bounces.test", "news@bounces.test", "", "",
	    "" },
	{ "VERP", "news+ann=example.org@bounces.test", "+=", "news@bounces.test",
	    "news@bounces.test", "ann@example.org", "", "" },
	{ "signed for the recipient", "news+ann=example.org+" SIG "@bounces.test",
	    "+=", "news@bounces.test", "news@bounces.test", "ann@example.org", SIG, "" },
	{ "in capitals", "NEWS+ANN=EXAMPLE.ORG+JLE5ELOZ44@BOUNCES.TEST", "+=", "news@bounces.test",
	    "news@bounces.test", "ann@example.org", SIG, "" },
	{ "brackets", "<news+ann=example.org+" SIG "@bounces.test>", "+=", "news@bounces.test",
	    "news@bounces.test", "ann@example.org", SIG, "" },
	{ "the same without the name", "news+" SIG "@bounces.test", "+=", "news@bounces.test",
	    "news@bounces.test", "", SIG, "" },
	{ "signed for the sender", "news-" SSIG "@bounces.test", "+=", "news@bounces.test",
	    "news-" SSIG "@bounces.test", "", "", SSIG },
	{ "the same by XVERP", "news-" SSIG "+ann=example.org@bounces.test",
	    "+=", "news@bounces.test", "news-" SSIG "@bounces.test", "ann@example.org", "", SSIG },
	{ "both", "news-" SSIG "+ann=example.org+" SIG "@bounces.test", "+=", "news@bounces.test",
	    "news-" SSIG "@bounces.test", "ann@example.org", SIG, SSIG },
	{ "plus and equals in the user", "n+a+b=c=example.org+" SIG "@b.test", "+=", "n@b.test",
	    "n@b.test", "a+b=c@example.org", SIG, "" },
	{ "a tag that is no signature", "news+tag@b.test", "+=", "news@b.test", "news@b.test", "",
	    "", "" },
	{ "a tag that looks like one", "news+newsletter@b.test", "+=", "news@b.test", "news@b.test",
	    "", "newsletter", "" },
	{ "a name that looks like one", "my-newsletter@b.test", "+=", "my@b.test",
	    "my-newsletter@b.test", "", "", "newsletter" },
	{ "nothing but a mark and a signature", "-newsletter@b.test", "+=", "-newsletter@b.test",
	    "-newsletter@b.test", "", "", "" },
	{ "a tag before a signature", "news+tag+" SIG "@b.test", "+=", "news@b.test", "news@b.test",
	    "", "", "" },
	{ "a signature a letter short",
	    "news+ann=example.org+"
	    "jle5eloz4@b.test",
	    "+=", "news@b.test", "news@b.test", "", "", "" },
	{ "only a signature for a domain", "news+ann=+" SIG "@b.test", "+=", "news@b.test",
	    "news@b.test", "", "", "" },
	{ "other delimiters", "news-ann#example.org-" SIG "@b.test", "-#", "news@b.test",
	    "news@b.test", "ann@example.org", SIG, "" },
	{ "other delimiters, the sender's", "news+" SSIG "-ann#example.org@b.test", "-#",
	    "news@b.test", "news+" SSIG "@b.test", "ann@example.org", "", SSIG },
	{ "a punycode domain with the mark in it", "news-ann#mail.xn--abcdefghij@b.test", "-#",
	    "news@b.test", "news@b.test", "ann@mail.xn--abcdefghij", "", "" },
	{ "quoted", "\"a+" SIG "\"@b.test", "+=", "\"a+" SIG "\"@b.test", "\"a+" SIG "\"@b.test",
	    "", "", "" },
	{ "no domain", "news-" SSIG, "+=", "", "", "", "", "" },
	{ "null", "<>", "+=", "", "", "", "", "" },
	{ "no address", "a@b@@", "+=", "", "", "", "", "" },
	{ "delimiters off", "news+" SIG "@b.test", "", "", "", "", "", "" },
};

static void
parses(void **state)
{
	const struct parse_row *row = *state;
	struct return_path path;
	int rc = return_path_parse(span_of(row->in), row->delimiters, &path);

	assert_int_equal(rc, *row->sender == '\0' ? -1 : 0);
	assert_string_equal(path.sender, row->sender);
	assert_string_equal(path.whole, row->whole);
	assert_string_equal(path.recipient, row->recipient);
	assert_string_equal(path.recipient_signature, row->recipient_signature);
	assert_string_equal(path.sender_signature, row->sender_signature);
}

static const struct sign_row {
	const char *label, *sender, *recipient, *delimiters, *want; /* recipient NULL: the sender */
} sign_rows[] = {
	{ "for a recipient", "news@bounces.test", "ann@example.org",
	    "+=", "news+ann=example.org+" SIG "@bounces.test" },
	{ "capitals and brackets", "<News@Bounces.test>", "ANN@Example.org",
	    "+=", "news+ann=example.org+" SIG "@bounces.test" },
	{ "other delimiters", "news@bounces.test", "ann@example.org", "-#",
	    "news-ann#example.org-" SIG "@bounces.test" },
	{ "for the sender", "news@bounces.test", NULL, "+=", "news-" SSIG "@bounces.test" },
	{ "for the sender, a recipient named", "news+ann=example.org@bounces.test", NULL,
	    "+=", "news-" SSIG "+ann=example.org@bounces.test" },
	{ "for the sender, a tag", "news+newsletter@bounces.test", NULL,
	    "+=", "news-" SSIG "+newsletter@bounces.test" },
	{ "for the sender, other delimiters", "news@bounces.test", NULL,
	    "-=", "news+" SSIG "@bounces.test" },
	{ "for the sender, which ends in its mark", "news-@bounces.test", NULL, "+=", NULL },
	{ "a delimiter in the sender", "news+tag@bounces.test", "ann@example.org", "+=", NULL },
	{ "a quoted sender", "\"n\"@bounces.test", "ann@example.org", "+=", NULL },
	{ "no sender", "", "ann@example.org", "+=", NULL },
	{ "a sender without a domain", "news", "ann@example.org", "+=", NULL },
	{ "a recipient without a dot", "news@bounces.test", "ann@local", "+=", NULL },
	{ "no recipient", "news@bounces.test", "", "+=", NULL },
	{ "a recipient that ends in the mark", "news@bounces.test", "ann@example.org-", "-#",
	    NULL },
	{ "a bad recipient", "news@bounces.test", "a<b@example.org", "+=", NULL },
};

static void
signs(void **state)
{
	const struct sign_row *row = *state;
	char out[ADDR_SIZE];
	struct verp_keys keys = { 0 };
	struct return_path path;
	struct err err = { "" };
	int rc;

	fill_keys(&keys, 1, 0);
	return_path_parse(span_of(row->sender), row->delimiters, &path);
	rc = row->recipient != NULL
		 ? return_path_sign(&keys, row->delimiters, span_of(row->sender),
		       span_of(row->recipient), SIGNED_S, out, &err)
		 : return_path_sign_sender(&keys, row->delimiters, &path, SIGNED_S, out, &err);
	assert_int_equal(rc, row->want != NULL ? 0 : -1);
	assert_string_equal(out, row->want != NULL ? row->want : "");
	assert_int_equal(*err.text == '\0', row->want != NULL);
}

/* What was signed proves itself, however long the recipient; over 64 bytes it does without the
 * name. */
static void
signs_any_length(void **state)
{
	struct verp_keys keys = { 0 };

	(void)state;
	fill_keys(&keys, 2, 0);
	for (int user = 1; user <= 64; user++) {
		char recipient[ADDR_SIZE], out[ADDR_SIZE];
		struct return_path_checked checked;
		struct return_path path;

		snprintf(recipient, sizeof(recipient), "%.*s@example.org", user,
		    "0123456789012345678901234567890123456789012345678901234567890123");
		assert_int_equal(return_path_sign(&keys, "+=", SPAN("news@bounces.test"),
				     span_of(recipient), SIGNED_S, out, NULL),
		    0);
		assert_true(strchr(out, '@') - out <= RETURN_PATH_LOCAL_MAX);
		assert_int_equal(return_path_parse(span_of(out), "+=", &path), 0);
		assert_string_equal(path.recipient, user <= 36 ? recipient : "");
		checked = return_path_check(&path, recipient, &keys, SIGNED_S, 30);
		assert_int_equal(checked.recipient.proof, VERP_VALID);
		assert_int_equal(checked.sender.proof, VERP_UNSIGNED);
		checked = return_path_check(&path, "bob@example.org", &keys, SIGNED_S, 30);
		assert_int_equal(checked.recipient.proof, VERP_WRONG);
	}
}

static void
refuses_what_is_too_long(void **state)
{
	char sender[ADDR_SIZE], out[ADDR_SIZE];
	struct verp_keys keys = { 0 };
	struct return_path path;
	size_t len = 0;

	(void)state;
	fill_keys(&keys, 1, 0);
	memset(sender, 'a', 320);
	len = 320;
	sender[len++] = '@';
	while (len < 320 + 1 + 240) {
		memcpy(sender + len, "abcdefghi.", 10);
		len += 10;
	}
	memcpy(sender + len, "testing", 8);
	assert_int_equal(return_path_parse(span_of(sender), "+=", &path), 0);
	assert_int_equal(return_path_sign_sender(&keys, "+=", &path, SIGNED_S, out, NULL), -1);
	assert_string_equal(out, "");
}

/* Signing may make a local part over 320 bytes, which is no address any more. */
static void
signs_no_longer_local_part_than_an_address_has(void **state)
{
	struct verp_keys keys = { 0 };
	struct return_path path;
	char sender[ADDR_SIZE], out[ADDR_SIZE];

	(void)state;
	fill_keys(&keys, 1, 0);
	memset(sender, 'a', 315);
	strcpy(sender + 315, "@bounces.test");
	assert_int_equal(return_path_parse(span_of(sender), "+=", &path), 0);
	assert_int_equal(return_path_sign_sender(&keys, "+=", &path, SIGNED_S, out, NULL), -1);
	assert_string_equal(out, "");
	assert_int_equal(return_path_sign(&keys, "+=", span_of(sender), SPAN("ann@example.org"),
			     SIGNED_S, out, NULL),
	    -1);
	assert_string_equal(out, "");
}

int
main(void)
{
	struct check_list list = { 0 };

	CHECK_ROWS(&list, parses, parse_rows);
	CHECK_ROWS(&list, signs, sign_rows);
	CHECK(&list, signs_any_length);
	CHECK(&list, refuses_what_is_too_long);
	CHECK(&list, signs_no_longer_local_part_than_an_address_has);
	return check_run(&list, "return_path");
}
