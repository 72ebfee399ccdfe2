#include "check.h"
#include "dnsmsg.h"
#include "mxwire.h"

enum { BAD = -1 };

static struct mxwire_answer answer;

static int
parse(const struct str *message, struct err *err)
{
	/* A copy of just these bytes, so that a sanitizer sees a read past the end. */
	char *bytes = malloc(message->len + 1);
	int rc;

	assert_non_null(bytes);
	memcpy(bytes + 1, str_text(message), message->len);
	memset(&answer, 0xa5, sizeof(answer));
	rc = mxwire_parse(span_make(bytes + 1, message->len), &answer, err);
	free(bytes);
	return rc;
}

/* "10 mx1.d.test 20 mx2.d.test", in the order of the answer. */
static void
format_hosts(struct str *out)
{
	for (size_t i = 0; i < answer.count; i++)
		str_addf(out, "%s%u %s", i > 0 ? " " : "", answer.hosts[i].preference,
		    answer.hosts[i].name);
}

#define Q   "? d.test MX;"
#define QA  "? d.test A;"
#define Q6  "? d.test AAAA;"
#define SOA "ns test 600 SOA 60;"

static const struct answer_row {
	const char *label, *message;
	unsigned rcode;
	size_t records;
	uint32_t ttl_s;
	const char *hosts;
} answer_rows[] = {
	{ "one host", Q "an d.test 300 MX 10 mx1.d.test", 0, 1, 300, "10 mx1.d.test" },
	{ "several hosts, the least TTL",
	    Q "an d.test 300 MX 20 b.test; an d.test 200 MX 10 a.test; an d.test 400 MX 30 c.test",
	    0, 3, 200, "20 b.test 10 a.test 30 c.test" },
	{ "highest preference", Q "an d.test 1 MX 65535 a.test", 0, 1, 1, "65535 a.test" },
	{ "compressed names", Q "an @12 300 MX 10 mx1.@12; an @12 300 MX 20 @14", 0, 2, 300,
	    "10 mx1.d.test 20 test" },
	{ "a pointer to a pointer", Q "an @12 300 MX 10 x.@12; an @12 300 MX 20 y.@38", 0, 2, 300,
	    "10 x.d.test 20 y.x.d.test" },
	{ "letters of any case", "? D.Test MX; an d.tEST 300 MX 10 MX1.D.TEST", 0, 1, 300,
	    "10 mx1.d.test" },
	{ "TTL 0", Q "an d.test 0 MX 10 a.test", 0, 1, 0, "10 a.test" },
	{ "greatest TTL", Q "an d.test 2147483647 MX 10 a.test", 0, 1, 2147483647, "10 a.test" },
	{ "TTL with the top bit counts as 0", Q "an d.test 2147483648 MX 10 a.test", 0, 1, 0,
	    "10 a.test" },
	{ "authority of a positive answer is not read",
	    Q "an d.test 300 MX 10 a.test; count ns 7; hex ff", 0, 1, 300, "10 a.test" },

	{ "records of another name", Q "an e.test 5 MX 10 x.test; an d.test 300 MX 10 a.test", 0, 1,
	    300, "10 a.test" },
	{ "records of a name below", Q "an x.d.test 5 MX 10 x.test;" SOA, 0, 0, 60, "" },
	{ "records of another type",
	    Q "an d.test 5 TXT hex 0161; an d.test 5 A yes; an d.test 300 MX 10 a.test", 0, 1, 300,
	    "10 a.test" },
	{ "records of another class", Q "an d.test 5 CH:MX 10 x.test; an d.test 300 MX 10 a.test",
	    0, 1, 300, "10 a.test" },
	{ "addresses in answer to MX are no MX", Q "an d.test 300 A yes;" SOA, 0, 0, 60, "" },

	{ "through a CNAME", Q "an d.test 300 CNAME e.test; an e.test 400 MX 10 a.test", 0, 1, 300,
	    "10 a.test" },
	{ "through two, in the wrong order",
	    Q "an f.test 400 MX 10 a.test; an e.test 200 CNAME f.test; an d.test 300 CNAME e.test",
	    0, 1, 200, "10 a.test" },
	{ "CNAME with other letters", Q "an d.test 300 CNAME E.test; an e.TEST 400 MX 10 a.test", 0,
	    1, 300, "10 a.test" },
	{ "CNAME of another name", Q "an x.test 3 CNAME e.test; an e.test 400 MX 10 a.test;" SOA, 0,
	    0, 60, "" },
	{ "CNAME of another class", Q "an d.test 3 CH:CNAME e.test; an e.test 4 MX 10 a.test;" SOA,
	    0, 0, 60, "" },
	{ "the first of two CNAMEs",
	    Q "an d.test 300 CNAME e.test; an d.test 300 CNAME f.test; an f.test 9 MX 9 f.test;"
	      "an e.test 400 MX 10 a.test",
	    0, 1, 300, "10 a.test" },
	{ "CNAME to nothing", Q "an d.test 30 CNAME e.test; ns test 600 SOA 60", 0, 0, 30, "" },
	{ "CNAME with a longer TTL to nothing", Q "an d.test 300 CNAME e.test;" SOA, 0, 0, 60, "" },
	{ "CNAME to nothing, no SOA", Q "an d.test 300 CNAME e.test", 0, 0, 0, "" },
	{ "CNAME to the root", Q "an d.test 300 CNAME .;" SOA, 0, 0, 60, "" },

	{ "no such domain", Q "rcode 3;" SOA, 3, 0, 60, "" },
	{ "no such domain, SOA TTL below MINIMUM", Q "rcode 3; ns test 40 SOA 3600", 3, 0, 40, "" },
	{ "no such domain, no SOA", Q "rcode 3", 3, 0, 0, "" },
	{ "no such domain, MINIMUM with the top bit", Q "rcode 3; ns test 40 SOA 2147483648", 3, 0,
	    0, "" },
	{ "no such domain behind a CNAME", Q "rcode 3; an d.test 50 CNAME e.test;" SOA, 3, 0, 50,
	    "" },
	{ "no such domain, and yet records", Q "rcode 3; an d.test 50 MX 10 a.test;" SOA, 3, 0, 60,
	    "" },
	{ "nothing", Q SOA, 0, 0, 60, "" },
	{ "nothing, no SOA", Q "", 0, 0, 0, "" },
	{ "other authority records before the SOA",
	    Q "ns test 5 TXT hex 00; ns test 5 CH:SOA 1;" SOA, 0, 0, 60, "" },
	{ "the first of two SOAs", Q SOA "ns test 5 SOA 5", 0, 0, 60, "" },

	{ "a dot beside others is no host", Q "an d.test 300 MX 0 .; an d.test 300 MX 10 a.test", 0,
	    2, 300, "10 a.test" },
	{ "the same, the dot last", Q "an d.test 300 MX 10 a.test; an d.test 300 MX 0 .", 0, 2, 300,
	    "10 a.test" },
	{ "a dot with a preference is not null MX", Q "an d.test 300 MX 10 .", 0, 1, 300, "" },
	{ "two dots are not null MX", Q "an d.test 300 MX 0 .; an d.test 300 MX 0 .", 0, 2, 300,
	    "" },
	{ "underscore", Q "an d.test 300 MX 10 _a.test", 0, 1, 300, "10 _a.test" },
	{ "a name of digits", Q "an d.test 300 MX 10 192.0.2.1", 0, 1, 300, "10 192.0.2.1" },
	{ "names that no host has",
	    Q "an d.test 300 MX 1 a\\046b.test; an d.test 300 MX 2 a\\000.test;"
	      "an d.test 300 MX 3 a\\032b.test; an d.test 300 MX 4 b\\195\\188cher.test;"
	      "an d.test 300 MX 5 [192.0.2.1]; an d.test 300 MX 6 a\\058b; an d.test 300 MX 7 "
	      "ok.test",
	    0, 7, 300, "7 ok.test" },

	{ "address", QA "an d.test 300 A yes; an d.test 200 A yes", 0, 2, 200, "" },
	{ "address of IPv6", Q6 "an d.test 300 AAAA yes", 0, 1, 300, "" },
	{ "address behind a CNAME", QA "an d.test 300 CNAME e.test; an e.test 20 A yes", 0, 1, 20,
	    "" },
	{ "no address", QA SOA, 0, 0, 60, "" },
	{ "A does not answer AAAA", Q6 "an d.test 300 A yes;" SOA, 0, 0, 60, "" },
};

static void
answers(void **state)
{
	const struct answer_row *row = *state;
	struct str message = { 0 }, hosts = { 0 };
	struct err err = { "" };

	dns_message(&message, row->message);
	assert_int_equal(parse(&message, &err), 0);
	format_hosts(&hosts);
	assert_string_equal(str_text(&hosts), row->hosts);
	assert_int_equal(answer.rcode, row->rcode);
	assert_int_equal(answer.records, row->records);
	assert_int_equal(answer.ttl_s, row->ttl_s);
	assert_false(answer.null_mx);
	assert_string_equal(answer.domain, "d.test");
	str_free(&message);
	str_free(&hosts);
}

static void
null_mx(void **state)
{
	struct str message = { 0 };

	(void)state;
	dns_message(&message, Q "an d.test 300 MX 0 .");
	assert_int_equal(parse(&message, NULL), 0);
	assert_true(answer.null_mx);
	assert_int_equal(answer.count, 0);
	assert_int_equal(answer.ttl_s, 300);
	str_free(&message);
}

static const struct error_row {
	const char *label, *message;
	unsigned rcode;
	const char *name;
} error_rows[] = {
	{ "FORMERR", Q "rcode 1", 1, "FORMERR" },
	{ "SERVFAIL", Q "rcode 2", 2, "SERVFAIL" },
	{ "SERVFAIL without the question", "rcode 2", 2, "SERVFAIL" },
	{ "NOTIMP", Q "rcode 4", 4, "NOTIMP" },
	{ "REFUSED, and nonsense behind it", "rcode 5; count an 9; hex ff", 5, "REFUSED" },
	{ "15", Q "rcode 15", 15, "unknown RCODE" },
};

static void
errors_are_answers(void **state)
{
	const struct error_row *row = *state;
	struct str message = { 0 };

	dns_message(&message, row->message);
	assert_int_equal(parse(&message, NULL), 0);
	assert_int_equal(answer.rcode, row->rcode);
	assert_string_equal(mxwire_rcode_name(answer.rcode), row->name);
	assert_int_equal(answer.records, 0);
	str_free(&message);
}

#define L63 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define L61 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define L62 L61 "a"

static const struct bad_row {
	const char *label, *message, *words;
} bad_rows[] = {
	{ "a query", "flags 0100;" Q, "header" },
	{ "another OPCODE", "flags a180;" Q, "header" },
	{ "no question", "", "question" },
	{ "two questions", Q Q, "question" },
	{ "a question of another type", "? d.test TXT", "question" },
	{ "a question of another class", "? d.test CH:MX", "question" },
	{ "a question for the root", "? . MX", "question" },
	{ "a question with a space", "? a\\032b.test MX", "question" },
	{ "half a question", "count qd 1; hex 0161", "question" },
	{ "fewer records than it says", Q "an d.test 300 MX 10 a.test; count an 2",
	    "answer section" },
	{ "65535 records", Q "count an 65535", "answer section" },
	{ "RDATA beyond the end", Q "count an 1; hex c00c000f000100000000000401",
	    "answer section" },
	{ "a malformed record of another name", Q "an @12 300 MX 10 a.test; count an 2; hex 41",
	    "answer section" },
	{ "MX without a name", Q "an d.test 300 MX hex 000a", "record" },
	{ "MX with half a preference", Q "an d.test 300 MX hex 00", "record" },
	{ "MX with bytes behind the name", Q "an d.test 300 MX hex 000a016100ff", "record" },
	{ "MX name that leaves its RDATA", Q "an d.test 300 MX hex 000a0161; an x 1 A yes",
	    "record" },
	{ "MX empty", Q "an d.test 300 MX hex", "record" },
	{ "CNAME empty", Q "an d.test 300 CNAME hex", "record" },
	{ "CNAME with a byte behind it", Q "an d.test 300 CNAME hex 016100ff", "record" },
	{ "A of 3 bytes", QA "an d.test 300 A hex 010203", "record" },
	{ "A of 5 bytes", QA "an d.test 300 A hex 0102030405", "record" },
	{ "AAAA of 4 bytes", Q6 "an d.test 300 AAAA hex 01020304", "record" },
	{ "SOA too short", Q "ns test 60 SOA hex 0000", "authority section" },
	{ "SOA with a byte too many",
	    Q "ns test 60 SOA hex 00000000000000000000000000000000000000000000ff",
	    "authority section" },
	{ "fewer authority records than it says", Q "count ns 1", "authority section" },

	{ "pointer to itself", "count qd 1; hex c00c000f0001", "question" },
	{ "pointer forward", "count qd 1; hex c00e0161000f0001", "question" },
	{ "pointer into the header", "count qd 1; hex 0161c008000f0001", "question" },
	{ "pointer beyond the end", "count qd 1; hex ffff000f0001", "question" },
	{ "half a pointer", "count qd 1; hex c0", "question" },
	{ "pointer back to its own label", "count qd 1; hex 0161c00c000f0001", "question" },
	{ "two pointers at each other", Q "count an 2; hex 0161c01a0161c017", "answer section" },
	{ "label type 01", "count qd 1; hex 4161000f0001", "question" },
	{ "label type 10", "count qd 1; hex 8161000f0001", "question" },
	{ "a name over 255 bytes", "? " L63 "." L63 "." L63 "." L62 ".a MX", "question" },
	{ "a name of 256 bytes", Q "an " L63 "." L63 "." L63 "." L62 " 300 MX 10 a.test",
	    "answer section" },
	{ "a name over 255 bytes by a pointer",
	    "? " L63 "." L63 "." L63 "." L61 " MX; an a.@12 300 MX 10 a.test", "answer section" },
	{ "a CNAME to itself", Q "an d.test 300 CNAME d.test", "too many CNAMEs" },
	{ "a loop of CNAMEs", Q "an d.test 300 CNAME e.test; an e.test 300 CNAME d.test",
	    "too many CNAMEs" },
};

static void
malformed(void **state)
{
	const struct bad_row *row = *state;
	struct str message = { 0 };
	struct err err = { "" };
	char words[80];

	dns_message(&message, row->message);
	snprintf(words, sizeof(words), "malformed DNS answer: %s", row->words);
	assert_int_equal(parse(&message, &err), BAD);
	assert_string_equal(err.text, words);
	str_free(&message);
}

static void
longest_name(void **state)
{
	struct str message = { 0 };

	(void)state;
	dns_message(&message, "? " L63 "." L63 "." L63 "." L61 " MX; an @12 300 MX 10 @12");
	assert_int_equal(parse(&message, NULL), 0);
	assert_int_equal(strlen(answer.domain), 253);
	assert_int_equal(answer.count, 1);
	assert_string_equal(answer.hosts[0].name, answer.domain);
	str_free(&message);
}

static void
chain_of(struct str *message, unsigned aliases)
{
	char statement[80];

	str_empty(message);
	dns_message(message, "? n0.test MX");
	for (unsigned i = 0; i < aliases; i++) {
		snprintf(statement, sizeof(statement), "an n%u.test 300 CNAME n%u.test", i, i + 1);
		dns_message(message, statement);
	}
	snprintf(statement, sizeof(statement), "an n%u.test 300 MX 10 a.test", aliases);
	dns_message(message, statement);
}

static void
chains_are_bounded(void **state)
{
	struct str message = { 0 };
	struct err err = { "" };

	(void)state;
	chain_of(&message, MXWIRE_CHAIN_MAX);
	assert_int_equal(parse(&message, &err), 0);
	assert_int_equal(answer.count, 1);
	chain_of(&message, MXWIRE_CHAIN_MAX + 1);
	assert_int_equal(parse(&message, &err), BAD);
	assert_string_equal(err.text, "malformed DNS answer: too many CNAMEs");
	str_free(&message);
}

static void
hosts_are_bounded(void **state)
{
	struct str message = { 0 };
	char statement[80];

	(void)state;
	dns_message(&message, Q);
	for (unsigned i = 0; i < MXWIRE_HOSTS_MAX + 50; i++) {
		snprintf(statement, sizeof(statement), "an d.test %u MX %u h%u.test", 1000 - i, i,
		    i);
		dns_message(&message, statement);
	}
	assert_int_equal(parse(&message, NULL), 0);
	assert_int_equal(answer.records, MXWIRE_HOSTS_MAX + 50);
	assert_int_equal(answer.count, MXWIRE_HOSTS_MAX);
	assert_int_equal(answer.ttl_s, 1000 - (MXWIRE_HOSTS_MAX + 49));
	assert_string_equal(answer.hosts[MXWIRE_HOSTS_MAX - 1].name, "h127.test");
	str_free(&message);
}

/* Pointers to pointers are allowed, but thousands in a row for each record would be an attack on
 * the reader's time. */
static void
pointers_are_bounded(void **state)
{
	static const struct {
		unsigned jumps;
		int rc;
	} rows[] = { { 20, 0 }, { 127, 0 }, { 128, BAD } };

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct str message = { 0 };
		unsigned at = 12;

		/* A record whose RDATA is a ladder of pointers, each to the one before; then an
		 * owner name that points at its last. */
		dns_message(&message, Q "count an 2");
		dns_message(&message, "hex c00c0010000100000000"); /* TXT */
		dns_u16(&message, 2 * (rows[i].jumps - 1));
		for (unsigned k = 1; k < rows[i].jumps; k++) {
			unsigned here = (unsigned)message.len;

			dns_u16(&message, 0xc000U | at);
			at = here;
		}
		dns_u16(&message, 0xc000U | at);
		dns_message(&message, "hex 000f00010000012c0005000a016100"); /* MX 10 a */
		assert_int_equal(parse(&message, NULL), rows[i].rc);
		if (rows[i].rc == 0)
			assert_int_equal(answer.count, 1);
		str_free(&message);
	}
}

static const struct whole_row {
	const char *label, *message;
} whole_rows[] = {
	{ "hosts", Q "an d.test 300 MX 10 mx1.d.test; an @12 200 MX 20 mx2.@12" },
	{ "CNAME", Q "an d.test 300 CNAME e.test; an e.test 400 MX 10 a.test" },
	{ "no such domain", Q "rcode 3;" SOA },
	{ "address", Q6 "an d.test 300 AAAA yes" },
};

/* Cut off anywhere, no part of an answer passes for it. */
static void
cut_off(void **state)
{
	const struct whole_row *row = *state;
	struct str message = { 0 };

	dns_message(&message, row->message);
	for (size_t len = message.len; len-- > 0;) {
		message.len = len;
		assert_int_equal(parse(&message, NULL), BAD);
	}
	str_free(&message);
}

/* Every byte with every value: whatever comes out keeps the promises of the header. */
static void
changed_bytes(void **state)
{
	const struct whole_row *row = *state;
	struct str message = { 0 };
	char again[DOMAIN_SIZE];
	size_t good = 0;

	dns_message(&message, row->message);
	for (size_t at = 0; at < message.len; at++) {
		char old = message.data[at];

		for (int value = 0; value < 256; value++) {
			message.data[at] = (char)value;
			if (parse(&message, NULL) != 0 ||
			    (answer.rcode != MXWIRE_NOERROR && answer.rcode != MXWIRE_NXDOMAIN))
				continue;
			good++;
			assert_true(answer.count <= answer.records);
			assert_true(answer.ttl_s <= INT32_MAX);
			assert_true(answer.rcode == MXWIRE_NOERROR || answer.records == 0);
			for (size_t i = 0; i < answer.count; i++) {
				assert_int_equal(
				    domain_normalise(span_of(answer.hosts[i].name), again, NULL),
				    0);
				assert_string_equal(again, answer.hosts[i].name);
			}
		}
		message.data[at] = old;
	}
	assert_true(good > 512); /* the id alone */
	str_free(&message);
}

int
main(void)
{
	struct check_list list = { 0 };

	CHECK_ROWS(&list, answers, answer_rows);
	CHECK(&list, null_mx);
	CHECK_ROWS(&list, errors_are_answers, error_rows);
	CHECK_ROWS(&list, malformed, bad_rows);
	CHECK(&list, longest_name);
	CHECK(&list, chains_are_bounded);
	CHECK(&list, hosts_are_bounded);
	CHECK(&list, pointers_are_bounded);
	CHECK_ROWS(&list, cut_off, whole_rows);
	CHECK_ROWS(&list, changed_bytes, whole_rows);
	return check_run(&list, "mxwire");
}
