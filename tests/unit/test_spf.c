/* spf: whether a record lets an address send, as far as it says so itself. */
#include "check.h"

#include "spf.h"

#define V4 "198.51.100.7"
#define V6 "2001:db8::7"

static const struct record_row {
	const char *label, *record, *ip;
	enum spf_verdict verdict;
} record_rows[] = {
	{ "the address", "v=spf1 ip4:198.51.100.7 -all", V4, SPF_PASS },
	{ "capitals", "V=SPF1 IP4:198.51.100.7 -ALL", V4, SPF_PASS },
	{ "its network", "v=spf1 ip4:198.51.100.0/24 -all", V4, SPF_PASS },
	{ "a network that ends within a byte", "v=spf1 ip4:198.51.100.4/30 -all", V4, SPF_PASS },
	{ "the network beside it", "v=spf1 ip4:198.51.100.8/29 -all", V4, SPF_FAIL },
	{ "all addresses", "v=spf1 ip4:0.0.0.0/0 -all", V4, SPF_PASS },
	{ "the second of two", "v=spf1 ip4:203.0.113.1 ip4:198.51.100.7 ~all", V4, SPF_PASS },
	{ "another", "v=spf1 ip4:203.0.113.1 -all", V4, SPF_FAIL },
	{ "no mechanism", "v=spf1", V4, SPF_FAIL },
	{ "no end", "v=spf1 ip4:203.0.113.1", V4, SPF_FAIL },
	{ "IPv6", "v=spf1 ip6:2001:db8::/32 -all", V6, SPF_PASS },
	{ "IPv6 alone, asked for IPv4", "v=spf1 ip6:2001:db8::/32 -all", V4, SPF_FAIL },
	{ "an address that is refused", "v=spf1 -ip4:198.51.100.7 ip4:198.51.100.0/24 -all", V4,
	    SPF_FAIL },
	{ "everybody", "v=spf1 +all", V4, SPF_ANYBODY },
	{ "everybody, without a sign", "v=spf1 all", V4, SPF_ANYBODY },
	{ "neither yes nor no", "v=spf1 ?all", V4, SPF_FAIL },
	{ "include", "v=spf1 include:_spf.example.com -all", V4, SPF_UNKNOWN },
	{ "a", "v=spf1 a -all", V4, SPF_UNKNOWN },
	{ "a with a network", "v=spf1 a/24 -all", V4, SPF_UNKNOWN },
	{ "mx of another", "v=spf1 mx:example.com -all", V4, SPF_UNKNOWN },
	{ "redirect", "v=spf1 redirect=example.com", V4, SPF_UNKNOWN },
	{ "include, but named too", "v=spf1 include:x.test ip4:198.51.100.7 -all", V4, SPF_PASS },
	{ "a word that begins like one", "v=spf1 abc:x -all", V4, SPF_FAIL },
	{ "a mask that is too long", "v=spf1 ip4:198.51.100.7/33 -all", V4, SPF_FAIL },
	{ "a mask that is none", "v=spf1 ip4:198.51.100.7/x -all", V4, SPF_FAIL },
	{ "no address at all", "v=spf1 ip4: -all", V4, SPF_FAIL },
	{ "a lone sign", "v=spf1 - -all", V4, SPF_FAIL },
	{ "asked for what is no address", "v=spf1 -all", "mta1", SPF_UNKNOWN },
};

static void
judges(void **state)
{
	const struct record_row *row = *state;

	assert_int_equal(spf_judge(row->record, row->ip), row->verdict);
}

static void
tells_records(void **state)
{
	(void)state;
	assert_true(spf_is("v=spf1"));
	assert_true(spf_is("V=spf1 -all"));
	assert_false(spf_is("v=spf10 -all"));
	assert_false(spf_is("v=spf"));
	assert_false(spf_is(""));
}

int
main(void)
{
	struct check_list list = { 0 };

	CHECK_ROWS(&list, judges, record_rows);
	CHECK(&list, tells_records);
	return check_run(&list, "spf");
}
