/* Keys and signatures of minisign(1) 0.11: what the tool made is read, what we make it reads (the
 * latter in e2e/test_rules_update.py); whatever is wrong with one is refused in words. */
#include "check.h"
#include "minisign.h"

/* minisign -G -W; minisign -S -t "trusted words" of "hello\n". */
static const char public_file[] = "untrusted comment: minisign public key 68BDBDE8221EE3E8\n"
				  "RWTo4x4i6L29aAr7pzP768+gD+JZI8bkYKwZaCK5ZItcQB140Y2mJnlp\n";
static const char public_line[] = "RWTo4x4i6L29aAr7pzP768+gD+JZI8bkYKwZaCK5ZItcQB140Y2mJnlp";
static const char secret_file[] =
    "untrusted comment: minisign encrypted secret key\n"
    "RWQAAEIyAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA6OMeIui9vWjo+k7Tu4u9GRO"
    "Y0h/W1MFKbgF58O4RkadblDH/wa6zbgr7pzP768+gD+JZI8bkYKwZaCK5ZItcQB140Y2mJnlpAAAAAAAAAAAAAAAAAAAAAAAAA"
    "AAAAAAAAAAAAAAAAAA=\n";
#define LINE_1 "untrusted comment: signature from minisign secret key\n"
#define LINE_2                                                                                          \
	"RUTo4x4i6L29aJ5bD5fKcyWwRKjJqA+dHeMQE546JJYPY6TNYsoNAeBsRixmN0G2AgWnHj8Nli6o5QP47JlGqtpKrQnEm" \
	"GKZDgA=\n"
#define LINE_3 "trusted comment: trusted words\n"
#define LINE_4 \
	"LnQCFKJUuFRj5guRAWg8AsaZijK1Xw8gyJ4Q9x1rsFffRfjvivsjNyFzIdQorlczfroWolCYzZvfaLsvXQFTCA==\n"
static const char signature_file[] = LINE_1 LINE_2 LINE_3 LINE_4;

static struct minisign_public
tools_key(void)
{
	struct minisign_public key;

	assert_int_equal(minisign_public_parse(span_of(public_file), &key, NULL), 0);
	return key;
}

static void
a_public_key_is_read_in_both_forms(void **state)
{
	struct minisign_public key = tools_key(), other;
	struct str out = { 0 };
	char id[MINISIGN_ID_TEXT];

	(void)state;
	assert_int_equal(minisign_public_parse(span_of(public_line), &other, NULL), 0);
	assert_memory_equal(&key, &other, sizeof(key));
	minisign_id_format(key.id, id);
	assert_string_equal(id, "68BDBDE8221EE3E8");
	minisign_public_format(&key, &out);
	assert_string_equal(str_text(&out), public_file);
	str_free(&out);
}

static void
a_secret_key_of_the_tool_is_read_and_written_alike(void **state)
{
	struct minisign_public key = tools_key(), half;
	struct minisign_secret secret;
	struct str out = { 0 };

	(void)state;
	assert_int_equal(minisign_secret_parse(span_of(secret_file), &secret, NULL), 0);
	minisign_public_of(&secret, &half);
	assert_memory_equal(&key, &half, sizeof(key));
	minisign_secret_format(&secret, &out);
	assert_string_equal(str_text(&out), secret_file);
	str_free(&out);
}

static void
what_the_tool_signed_is_verified(void **state)
{
	struct minisign_public key = tools_key();
	struct str comment = { 0 };

	(void)state;
	assert_int_equal(
	    minisign_verify(&key, 1, SPAN("hello\n"), span_of(signature_file), &comment, NULL), 0);
	assert_string_equal(str_text(&comment), "trusted words");
	str_free(&comment);
}

static const struct wrong_row {
	const char *label, *text, *signature, *words;
} wrong_rows[] = {
	{ "another text", "hello", signature_file, "this is not what was signed" },
	{ "an empty signature", "hello\n", "", "none of minisign" },
	{ "only its first line", "hello\n", LINE_1, "cut off" },
	{ "no trusted comment", "hello\n", LINE_1 LINE_2, "cut off" },
	{ "no signature of the comment", "hello\n", LINE_1 LINE_2 LINE_3, "cut off" },
	{ "another trusted comment", "hello\n",
	    LINE_1 LINE_2 "trusted comment: trusted wordz\n" LINE_4,
	    "of the trusted comment is wrong" },
	{ "something behind it", "hello\n", LINE_1 LINE_2 LINE_3 LINE_4 "x\n", "none of minisign" },
	{ "the lines changed about", "hello\n", LINE_3 LINE_4 LINE_1 LINE_2, "none of minisign" },
	{ "base64 with a wrong letter", "hello\n", LINE_1 "*" LINE_2 LINE_3 LINE_4,
	    "none of minisign" },
	{ "signed without hashing", "hello\n",
	    LINE_1
	    "RWTo4x4i6L29aJ5bD5fKcyWwRKjJqA+dHeMQE546JJYPY6TNYsoNAeBsRixmN0G2AgWnHj8Nli6o5QP47JlGqtpKr"
	    "QnEmGKZDgA=\n" LINE_3 LINE_4,
	    "without -l" },
	{ "by a key that is not trusted", "hello\n",
	    LINE_1
	    "RUTp4x4i6L29aJ5bD5fKcyWwRKjJqA+dHeMQE546JJYPY6TNYsoNAeBsRixmN0G2AgWnHj8Nli6o5QP47JlGqtpKr"
	    "QnEmGKZDgA=\n" LINE_3 LINE_4,
	    "key 68BDBDE8221EE3E9, which is none" },
};

static void
refuses(void **state)
{
	const struct wrong_row *row = *state;
	struct minisign_public key = tools_key();
	struct str comment = { 0 };
	struct err err = { "" };

	assert_int_equal(
	    minisign_verify(&key, 1, span_of(row->text), span_of(row->signature), &comment, &err),
	    -1);
	assert_int_equal(comment.len, 0);
	if (strstr(err.text, row->words) == NULL)
		fail_msg("\"%s\" instead of \"%s\"", err.text, row->words);
}

/* Any byte of the signature changed, or all cut off behind it: never valid. */
static void
no_changed_signature_is_valid(void **state)
{
	struct minisign_public key = tools_key();
	size_t start = sizeof(LINE_1) - 1, size = sizeof(signature_file) - 1;

	(void)state;
	for (size_t i = start; i < size - 1; i++) {
		char text[sizeof(signature_file)];
		struct str comment = { 0 };

		memcpy(text, signature_file, sizeof(text));
		text[i] = text[i] == 'A' ? 'B' : 'A';
		assert_int_equal(minisign_verify(&key, 1, SPAN("hello\n"), span_make(text, size),
				     &comment, NULL),
		    -1);
		assert_int_equal(minisign_verify(&key, 1, SPAN("hello\n"),
				     span_make(signature_file, i), &comment, NULL),
		    -1);
		str_free(&comment);
	}
}

static void
what_we_sign_we_verify(void **state)
{
	struct minisign_public keys[2] = { tools_key() };
	struct minisign_secret secret;
	struct str signature = { 0 }, comment = { 0 };

	(void)state;
	assert_int_equal(minisign_make(&secret, NULL), 0);
	minisign_public_of(&secret, &keys[1]);
	assert_int_equal(
	    minisign_sign(&secret, SPAN("a text"), "rules 2026112201", &signature, NULL), 0);
	assert_int_equal(minisign_verify(keys, 2, SPAN("a text"),
			     span_make(signature.data, signature.len), &comment, NULL),
	    0);
	assert_string_equal(str_text(&comment), "rules 2026112201");
	assert_int_equal(minisign_sign(&secret, SPAN("a text"), "two\nlines", &signature, NULL),
	    -1);
	str_free(&signature);
	str_free(&comment);
}

static const struct key_row {
	const char *label, *text, *words;
} secret_rows[] = {
	{ "nothing", "", "no secret key" },
	{ "a public key", public_file, "no secret key" },
	{ "with a password",
	    "untrusted comment: minisign encrypted secret key\n"
	    "RWRTY0IyAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA6OMeIui9vWjo+k7Tu4u"
	    "9GROY0h/W1MFKbgF58O4RkadblDH/wa6zbgr7pzP768+gD+JZI8bkYKwZaCK5ZItcQB140Y2mJnlpAAAAAAAAAAAAAAAA"
	    "AAAAAAAAAAAAAAAAAAAAAAAAAAA=\n",
	    "minisign -G -W" },
	{ "halves of two keys",
	    "untrusted comment: minisign encrypted secret key\n"
	    "RWQAAEIyAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA6OMeIui9vWjp+k7Tu4u"
	    "9GROY0h/W1MFKbgF58O4RkadblDH/wa6zbgr7pzP768+gD+JZI8bkYKwZaCK5ZItcQB140Y2mJnlpAAAAAAAAAAAAAAAA"
	    "AAAAAAAAAAAAAAAAAAAAAAAAAAA=\n",
	    "its halves differ" },
};

static void
refuses_secret(void **state)
{
	const struct key_row *row = *state;
	struct minisign_secret key;
	struct err err = { "" };

	assert_int_equal(minisign_secret_parse(span_of(row->text), &key, &err), -1);
	if (strstr(err.text, row->words) == NULL)
		fail_msg("\"%s\" instead of \"%s\"", err.text, row->words);
}

static const struct key_row public_rows[] = {
	{ "nothing", "", NULL },
	{ "only a comment", "untrusted comment: x\n", NULL },
	{ "cut off", "RWTo4x4i6L29aAr7pzP768", NULL },
	{ "two keys", "RWTo4x4i6L29aAr7pzP768+gD+JZI8bkYKwZaCK5ZItcQB140Y2mJnlp\nRW", NULL },
	{ "of another kind", "RXTo4x4i6L29aAr7pzP768+gD+JZI8bkYKwZaCK5ZItcQB140Y2mJnlp", NULL },
};

static void
refuses_public(void **state)
{
	const struct key_row *row = *state;
	struct minisign_public key;

	assert_int_equal(minisign_public_parse(span_of(row->text), &key, NULL), -1);
}

int
main(void)
{
	struct check_list list = { 0 };

	CHECK(&list, a_public_key_is_read_in_both_forms);
	CHECK(&list, a_secret_key_of_the_tool_is_read_and_written_alike);
	CHECK(&list, what_the_tool_signed_is_verified);
	CHECK_ROWS(&list, refuses, wrong_rows);
	CHECK(&list, no_changed_signature_is_valid);
	CHECK(&list, what_we_sign_we_verify);
	CHECK_ROWS(&list, refuses_secret, secret_rows);
	CHECK_ROWS(&list, refuses_public, public_rows);
	return check_run(&list, "minisign");
}
