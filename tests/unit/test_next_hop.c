/* next_hop: keys of `connect` look-ups. */
#include "check.h"

#include "next_hop.h"

static const struct key_row {
	const char *label, *key, *domain;
} key_rows[] = {
	{ "domain", "a.test", "a.test" },
	{ "capitals", "A.Test", "a.test" },
	{ "domain and port", "a.test:submission", "a.test" },
	{ "host", "[mx.a.test]", "mx.a.test" },
	{ "host and port", "[mx.a.test]:587", "mx.a.test" },
	{ "host that begins like an address", "[192.mx.test]", "192.mx.test" },
	{ "address", "[192.0.2.1]", "[192.0.2.1]" },
	{ "address and port", "[192.0.2.1]:2525", "[192.0.2.1]" },
	{ "IPv6 address", "[IPv6:2001:DB8::1]:25", "[ipv6:2001:db8::1]" },
	{ "empty", "", "" },
	{ "empty brackets", "[]", "[]" },
	{ "not closed", "[mx.a.test", "[mx.a.test" },
	{ "port alone", ":25", ":25" },
	{ "no name", "a..b", "a..b" },
};

static void
reads(void **state)
{
	const struct key_row *row = *state;
	char domain[DOMAIN_SIZE];

	next_hop_domain(span_of(row->key), domain);
	assert_string_equal(domain, row->domain);
}

static void
cuts_one_that_is_too_long(void **state)
{
	char key[NEXT_HOP_SIZE + 100], domain[DOMAIN_SIZE];

	(void)state;
	memset(key, 'a', sizeof(key));
	next_hop_domain(span_make(key, sizeof(key)), domain);
	assert_int_equal(strlen(domain), DOMAIN_SIZE - 1);
}

int
main(void)
{
	struct check_list list = { 0 };

	CHECK_ROWS(&list, reads, key_rows);
	CHECK(&list, cuts_one_that_is_too_long);
	return check_run(&list, "next_hop");
}
