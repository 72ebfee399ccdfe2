#include "check.h"
#include "verp.h"

static const struct row {
	const char *label, *in, *delimiters, *want; /* want NULL: none */
} rows[] = {
	{ "plain", "bounces+user=example.org@lists.example.com", "+=", "user@example.org" },
	{ "capitals", "Bounces+User=Example.ORG@Lists.example.com", "+=", "user@example.org" },
	{ "plus in the user", "bounces+user+tag=example.org@l.test", "+=", "user+tag@example.org" },
	{ "equals in the user", "bounces+a=b=example.org@l.test", "+=", "a=b@example.org" },
	{ "both", "bounces+a+b=c=example.org@l.test", "+=", "a+b=c@example.org" },
	{ "brackets", "<bounces+user=example.org@l.test>", "+=", "user@example.org" },
	{ "signed", "bounces+user=example.org+jle5eloz44@l.test", "+=", "user@example.org" },
	{ "the sender signed", "bounces-jle5eloz44+user=example.org@l.test",
	    "+=", "user@example.org" },
	{ "signed without the name", "bounces+jle5eloz44@l.test", "+=", NULL },
	{ "other delimiters", "bounces-user#example.org@l.test", "-#", "user@example.org" },
	{ "no VERP", "bounces@l.test", "+=", NULL },
	{ "an extension only", "bounces+news@l.test", "+=", NULL },
	{ "no user", "bounces+=example.org@l.test", "+=", NULL },
	{ "no domain", "bounces+user=@l.test", "+=", NULL },
	{ "a domain without a dot", "bounces+user=local@l.test", "+=", NULL },
	{ "a bad domain", "bounces+user=exa_mple..org@l.test", "+=", NULL },
	{ "no prefix", "+user=example.org@l.test", "+=", NULL },
	{ "no at sign", "bounces+user=example.org", "+=", NULL },
	{ "null", "<>", "+=", NULL },
	{ "delimiters off", "bounces+user=example.org@l.test", "", NULL },
};

static void
parses(void **state)
{
	const struct row *row = *state;
	char out[ADDR_SIZE];
	int rc = verp_parse(span_of(row->in), row->delimiters, out);

	assert_int_equal(rc, row->want == NULL ? -1 : 0);
	assert_string_equal(out, row->want == NULL ? "" : row->want);
}

int
main(void)
{
	struct check_list list = { 0 };

	CHECK_ROWS(&list, parses, rows);
	return check_run(&list, "verp");
}
