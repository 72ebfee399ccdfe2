#include "check.h"
#include "dns_record.h"

#include <arpa/inet.h>

#define LABEL63 "a23456789-123456789-123456789-123456789-123456789-123456789-123"

/* A copy of just these bytes, so that a sanitizer sees a read past the end. */
static bool
parse(const char *text, size_t len, struct dns_record *record)
{
	char *copy = malloc(len > 0 ? len : 1);
	bool parsed;

	assert_non_null(copy);
	memcpy(copy, text, len);
	memset(record, 0xa5, sizeof(*record));
	parsed = dns_record_parse(span_make(copy, len), record);
	free(copy);
	return parsed;
}

static const struct record_row {
	const char *label, *in, *want; /* "OWNER TTL TYPE REST"; NULL: no record */
} record_rows[] = {
	{ "MX", "gmail.com. 300 IN MX 5 gmail-smtp-in.l.google.com.",
	    "gmail.com 300 MX 5 gmail-smtp-in.l.google.com" },
	{ "MX in capitals", "GMail.COM. 300 IN MX 5 MX1.Google.COM.",
	    "gmail.com 300 MX 5 mx1.google.com" },
	{ "the highest preference", "a.test. 0 IN MX 65535 b.test.", "a.test 0 MX 65535 b.test" },
	{ "the greatest TTL", "a.test. 4294967295 IN MX 0 b.test.",
	    "a.test 4294967295 MX 0 b.test" },
	{ "null MX", "a.test. 300 IN MX 0 .", "a.test 300 MX 0 " },
	{ "a dot with a preference", "a.test. 300 IN MX 10 .", "a.test 300 MX 10 " },
	{ "a host below a top-level domain", "test. 300 IN MX 10 mx.", "test 300 MX 10 mx" },
	{ "underscores", "_x.a.test. 300 IN MX 10 m_x.test.", "_x.a.test 300 MX 10 m_x.test" },
	{ "A", "mx1.a.test. 300 IN A 192.0.2.1", "mx1.a.test 300 A 192.0.2.1" },
	{ "AAAA", "mx1.a.test. 300 IN AAAA 2001:db8::1", "mx1.a.test 300 AAAA 2001:db8::1" },
	{ "AAAA, mapped", "mx1.a.test. 300 IN AAAA ::ffff:192.0.2.1",
	    "mx1.a.test 300 AAAA ::ffff:192.0.2.1" },
	{ "AAAA, all written out", "a.test. 1 IN AAAA 2001:db8:1111:2222:3333:4444:5555:6666",
	    "a.test 1 AAAA 2001:db8:1111:2222:3333:4444:5555:6666" },
	{ "folded to lower case", "a.test. 300 in mx 5 b.test.", "a.test 300 MX 5 b.test" },
	{ "CNAME", "a.test. 300 IN CNAME b.test.", "a.test 300 OTHER" },
	{ "TLSA", "_25._tcp.mx1.a.test. 300 IN TLSA 3 1 1 00ff", "_25._tcp.mx1.a.test 300 OTHER" },
	{ "SOA", "a.test. 300 IN SOA - - 1 2 3 4 5", "a.test 300 OTHER" },
	{ "a type without data", "a.test. 300 IN TXT ", "a.test 300 OTHER" },
	{ "a type that begins like another", "a.test. 300 IN AX 192.0.2.1", "a.test 300 OTHER" },

	{ "nothing", "", NULL },
	{ "a blank", " ", NULL },
	{ "an owner alone", "a.test.", NULL },
	{ "no owner", " 300 IN MX 5 b.test.", NULL },
	{ "the root", ". 300 IN MX 5 b.test.", NULL },
	{ "an owner that is no name", "a..test. 300 IN MX 5 b.test.", NULL },
	{ "an owner with a label too long", LABEL63 "4. 300 IN MX 5 b.test.", NULL },
	{ "an address literal for an owner", "[192.0.2.1]. 300 IN MX 5 b.test.", NULL },
	{ "no TTL", "a.test. IN MX 5 b.test.", NULL },
	{ "a negative TTL", "a.test. -1 IN MX 5 b.test.", NULL },
	{ "a TTL too great", "a.test. 4294967296 IN MX 5 b.test.", NULL },
	{ "another class", "a.test. 300 CH MX 5 b.test.", NULL },
	{ "no type", "a.test. 300 IN", NULL },
	{ "an empty type", "a.test. 300 IN  5 b.test.", NULL },
	{ "MX without data", "a.test. 300 IN MX", NULL },
	{ "MX without a host", "a.test. 300 IN MX 5", NULL },
	{ "MX with an empty host", "a.test. 300 IN MX 5 ", NULL },
	{ "MX without a preference", "a.test. 300 IN MX b.test.", NULL },
	{ "a preference too great", "a.test. 300 IN MX 65536 b.test.", NULL },
	{ "MX with more behind it", "a.test. 300 IN MX 5 b.test. x", NULL },
	{ "an address literal for a host", "a.test. 300 IN MX 5 [192.0.2.1].", NULL },
	{ "two blanks", "a.test.  300 IN MX 5 b.test.", NULL },
	{ "A without data", "a.test. 300 IN A", NULL },
	{ "A with an IPv6 address", "a.test. 300 IN A 2001:db8::1", NULL },
	{ "AAAA with an IPv4 address", "a.test. 300 IN AAAA 192.0.2.1", NULL },
	{ "A with three numbers", "a.test. 300 IN A 192.0.2", NULL },
	{ "A with a number too great", "a.test. 300 IN A 192.0.2.256", NULL },
	{ "A with more behind it", "a.test. 300 IN A 192.0.2.1 x", NULL },
	{ "A far too long", "a.test. 300 IN A 192.0.2.1222222222222222222222222222222222222222222",
	    NULL },
};

static void
format(const struct dns_record *record, char *out, size_t size)
{
	char address[INET6_ADDRSTRLEN] = "";

	switch (record->type) {
	case DNS_RECORD_MX:
		assert_int_equal(record->family, 0);
		snprintf(out, size, "%s %lld MX %u %s", record->owner, (long long)record->ttl_s,
		    record->preference, record->target);
		return;
	case DNS_RECORD_ADDRESS:
		assert_string_equal(record->target, "");
		assert_non_null(
		    inet_ntop(record->family, record->address, address, sizeof(address)));
		snprintf(out, size, "%s %lld %s %s", record->owner, (long long)record->ttl_s,
		    record->family == AF_INET ? "A" : "AAAA", address);
		return;
	case DNS_RECORD_OTHER:
		assert_int_equal(record->family, 0);
		assert_string_equal(record->target, "");
		snprintf(out, size, "%s %lld OTHER", record->owner, (long long)record->ttl_s);
		return;
	}
	fail();
}

static void
parses(void **state)
{
	const struct record_row *row = *state;
	struct dns_record record;
	char text[1024];

	assert_int_equal(parse(row->in, strlen(row->in), &record), row->want != NULL);
	if (row->want == NULL)
		return;
	format(&record, text, sizeof(text));
	assert_string_equal(text, row->want);
}

static void
refuses_a_nul(void **state)
{
	static const char address[] = "a.test. 300 IN A 192.0.2.1\0";
	static const char host[] = "a.test. 300 IN MX 5 b.test.\0";
	struct dns_record record;

	(void)state;
	assert_true(parse(address, sizeof(address) - 2, &record));
	assert_false(parse(address, sizeof(address) - 1, &record));
	assert_true(parse(host, sizeof(host) - 2, &record));
	assert_false(parse(host, sizeof(host) - 1, &record));
}

/* Cut anywhere it is another record or none, and read within its bytes. */
static void
reads_nothing_beyond_its_end(void **state)
{
	struct dns_record record;

	(void)state;
	for (size_t i = 0; i < COUNT(record_rows); i++)
		for (size_t len = 0; len < strlen(record_rows[i].in); len++)
			if (parse(record_rows[i].in, len, &record))
				assert_true(strlen(record.owner) < len);
}

int
main(void)
{
	struct check_list list = { 0 };

	CHECK_ROWS(&list, parses, record_rows);
	CHECK(&list, refuses_a_nul);
	CHECK(&list, reads_nothing_beyond_its_end);
	return check_run(&list, "dns_record");
}
