/* dns_text: TXT, PTR and address records of DNS answers, byte by byte. */
#include "check.h"

#include "dns_text.h"

static struct arena arena;

/* ID, flags, counts; the question a.test; its name is at 12. */
#define HEAD(flags, answers) "\x12\x34" flags "\0\1\0" answers "\0\0\0\0"
#define QUESTION(type)       "\1a\4test\0\0" type "\0\1"
#define RECORD(type, len)    "\xc0\x0c\0" type "\0\1\0\0\1\x2c\0" len
#define OKAY                 "\x81\x80"

#define BYTES(text)                    \
	{                              \
		text, sizeof(text) - 1 \
	}

static const struct answer_row {
	const char *label;
	struct span message;
	enum dns_text_type type;
	int rc;
	unsigned rcode;
	size_t count;
	const char *first;
} answer_rows[] = {
	{ "TXT", BYTES(HEAD(OKAY, "\1") QUESTION("\x10") RECORD("\x10", "\6") "\5hello"), DNS_TXT,
	    0, 0, 1, "hello" },
	{ "strings of one record belong together",
	    BYTES(HEAD(OKAY, "\1") QUESTION("\x10") RECORD("\x10", "\7") "\3v=s\2pf"), DNS_TXT, 0,
	    0, 1, "v=spf" },
	{ "two records",
	    BYTES(HEAD(OKAY, "\2") QUESTION("\x10")
		    RECORD("\x10", "\2") "\1x" RECORD("\x10", "\2") "\1y"),
	    DNS_TXT, 0, 0, 2, "x" },
	{ "an empty one", BYTES(HEAD(OKAY, "\1") QUESTION("\x10") RECORD("\x10", "\1") "\0"),
	    DNS_TXT, 0, 0, 1, "" },
	{ "a CNAME before it",
	    BYTES(HEAD(OKAY, "\2") QUESTION("\x10")
		    RECORD("\5", "\2") "\xc0\x0c" RECORD("\x10", "\2") "\1x"),
	    DNS_TXT, 0, 0, 1, "x" },
	{ "none", BYTES(HEAD(OKAY, "\0") QUESTION("\x10")), DNS_TXT, 0, 0, 0, NULL },
	{ "NXDOMAIN", BYTES(HEAD("\x81\x83", "\0") QUESTION("\x10")), DNS_TXT, 0, 3, 0, NULL },
	{ "PTR", BYTES(HEAD(OKAY, "\1") QUESTION("\x0c") RECORD("\x0c", "\4") "\1b\xc0\x0e"),
	    DNS_PTR, 0, 0, 1, "b.test" },
	{ "PTR without compression",
	    BYTES(HEAD(OKAY, "\1") QUESTION("\x0c") RECORD("\x0c", "\7") "\1b\3net\0"), DNS_PTR, 0,
	    0, 1, "b.net" },
	{ "A", BYTES(HEAD(OKAY, "\1") QUESTION("\1") RECORD("\1", "\4") "\xc6\x33\x64\7"), DNS_A, 0,
	    0, 1, "198.51.100.7" },
	{ "AAAA",
	    BYTES(HEAD(OKAY, "\1") QUESTION("\x1c")
		    RECORD("\x1c", "\x10") "\x20\1\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\7"),
	    DNS_AAAA, 0, 0, 1, "2001:db8::7" },
	{ "an A of 3 bytes", BYTES(HEAD(OKAY, "\1") QUESTION("\1") RECORD("\1", "\3") "abc"), DNS_A,
	    -1, 0, 0, NULL },
	{ "a string longer than its record",
	    BYTES(HEAD(OKAY, "\1") QUESTION("\x10") RECORD("\x10", "\2") "\5x"), DNS_TXT, -1, 0, 0,
	    NULL },
	{ "a name that leads to itself",
	    BYTES(HEAD(OKAY, "\1") QUESTION("\x0c") RECORD("\x0c", "\2") "\xc0\x24"), DNS_PTR, -1,
	    0, 0, NULL },
	{ "a name that leads beyond the end",
	    BYTES(HEAD(OKAY, "\1") QUESTION("\x0c") RECORD("\x0c", "\2") "\xff\xff"), DNS_PTR, -1,
	    0, 0, NULL },
	{ "more answers promised than there are", BYTES(HEAD(OKAY, "\1") QUESTION("\x10")), DNS_TXT,
	    -1, 0, 0, NULL },
	{ "a question", BYTES(HEAD("\1\0", "\0") QUESTION("\x10")), DNS_TXT, -1, 0, 0, NULL },
	{ "nothing", BYTES(""), DNS_TXT, -1, 0, 0, NULL },
};

static void
reads(void **state)
{
	const struct answer_row *row = *state;
	struct dns_texts texts;

	assert_int_equal(dns_text_parse(&arena, row->message, row->type, &texts), row->rc);
	if (row->rc != 0)
		return;
	assert_int_equal(texts.rcode, row->rcode);
	assert_int_equal(texts.count, row->count);
	if (row->first != NULL)
		assert_string_equal(texts.items[0], row->first);
}

/* In memory of just its size: a byte beyond is seen by the sanitizers. */
static void
takes_no_part_of_it(void **state)
{
	const struct answer_row *row = *state;
	struct dns_texts texts;

	for (size_t len = 0; row->rc == 0 && len < row->message.len; len++) {
		char *part = malloc(len > 0 ? len : 1);

		memcpy(part, row->message.ptr, len);
		assert_int_equal(dns_text_parse(&arena, span_make(part, len), row->type, &texts),
		    -1);
		free(part);
	}
}

int
main(void)
{
	struct check_list list = { 0 };
	int rc;

	arena_init(&arena);
	CHECK_ROWS(&list, reads, answer_rows);
	CHECK_ROWS(&list, takes_no_part_of_it, answer_rows);
	rc = check_run(&list, "dns_text");
	arena_clear(&arena);
	return rc;
}
