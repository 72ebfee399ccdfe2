#include "check.h"
#include "quarantine_address.h"

static const char rules[] =
    "address_rules = (\n"
    "  { domains = [ \"gmail.com\", \"googlemail.com\" ]; domain = \"Gmail.com\";\n"
    "    strip_tag = \"+\"; strip_dots = true; },\n"
    "  { domains = \"*.plus.test\"; strip_tag = \"+\"; },\n"
    "  { domains = \"minus.test\"; strip_tag = \"-\"; } );\n";

static const struct address_row {
	const char *label, *text, *bare, *ruled; /* without and with the rules; NULL: no address */
} address_rows[] = {
	{ "no rule", "<Ann+Shop@Foo.Test.>", "ann+shop@foo.test", "ann+shop@foo.test" },
	{ "tag and dots", "a.n.n+shop@gmail.com", "a.n.n+shop@gmail.com", "ann@gmail.com" },
	{ "another domain", "a.nn@GoogleMail.com", "a.nn@googlemail.com", "ann@gmail.com" },
	{ "tag alone", "a.n+x+y@b.plus.test", "a.n+x+y@b.plus.test", "a.n@b.plus.test" },
	{ "not the domain above", "a+x@plus.test", "a+x@plus.test", "a+x@plus.test" },
	{ "another character", "a-x+y@minus.test", "a-x+y@minus.test", "a@minus.test" },
	{ "all of it is a tag", "+x@b.plus.test", "+x@b.plus.test", "+x@b.plus.test" },
	{ "quoted", "\"a+b\"@b.plus.test", "\"a+b\"@b.plus.test", "\"a+b\"@b.plus.test" },
	{ "no domain", "postmaster+x", "postmaster+x", "postmaster+x" },
	{ "null", "<>", "", "" },
	{ "none", "a b@foo.test", NULL, NULL },
};

static void
maps(void **state)
{
	const struct address_row *row = *state;

	for (int ruled = 0; ruled < 2; ruled++) {
		struct conf_errors errors = { 0 };
		struct settings *settings = settings_parse(ruled ? rules : "", "test", &errors);
		const char *want = ruled ? row->ruled : row->bare;
		char out[ADDR_SIZE];
		struct err err;

		assert_string_equal(str_text(&errors.lines), "");
		assert_int_equal(quarantine_address(settings, span_of(row->text), out, &err),
		    want != NULL ? 0 : -1);
		assert_string_equal(out, want != NULL ? want : "");
		settings_release(&settings);
	}
}

/* What mxbounce reads from its cache maps the same. */
static void
survives_packing(void **state)
{
	struct conf_errors errors = { 0 };
	struct settings *settings = settings_parse(rules, "test", &errors), *copy;
	struct str packed = { 0 };
	struct unpack in;
	char out[ADDR_SIZE];

	(void)state;
	settings_pack(settings, &packed);
	in = unpack_make(span_make(packed.data, packed.len));
	copy = settings_unpack(&in);
	assert_non_null(copy);
	quarantine_address_of(copy, "a.n.n+shop@googlemail.com", out);
	assert_string_equal(out, "ann@gmail.com");
	settings_release(&copy);
	settings_release(&settings);
	str_free(&packed);
}

static const struct mistake_row {
	const char *label, *text, *want;
} mistake_rows[] = {
	{ "no list", "address_rules = 5;", "must be a list" },
	{ "no mask", "address_rules = ( { strip_tag = \"+\"; } );", "can match no address" },
	{ "a long tag", "address_rules = ( { domains = \"*\"; strip_tag = \"++\"; } );",
	    "not one character" },
	{ "no domain", "address_rules = ( { domains = \"*\"; domain = \"a b\"; } );",
	    "address_rules.domain: " },
	{ "no such key", "address_rules = ( { domains = \"*\"; dots = true; } );", "dots" },
};

static void
mistakes(void **state)
{
	const struct mistake_row *row = *state;
	struct conf_errors errors = { 0 };

	assert_null(settings_parse(row->text, "test", &errors));
	if (strstr(str_text(&errors.lines), row->want) == NULL)
		fail_msg("\"%s\" is not in \"%s\"", row->want, str_text(&errors.lines));
	conf_errors_free(&errors);
}

/* Figures of a reason go before those of all. */
static void
figures_per_reason(void **state)
{
	struct conf_errors errors = { 0 };
	struct settings *settings = settings_parse(
	    "quarantine = { mailbox_full = { quiet_reset = \"20d\"; significant_period = \"1h\"; };"
	    " quiet_reset = \"5d\"; };",
	    "test", &errors);
	const struct quarantine_rule *rules_of = settings->quarantine.rules;

	(void)state;
	assert_int_equal(rules_of[REASON_MAILBOX_FULL].quiet_ms, INT64_C(20) * 86400000);
	assert_int_equal(rules_of[REASON_MAILBOX_FULL].significant_ms, 3600000);
	assert_int_equal(rules_of[REASON_MAILBOX_FULL].errors, 3);
	assert_int_equal(rules_of[REASON_UNREACHABLE].quiet_ms, INT64_C(5) * 86400000);
	assert_int_equal(rules_of[REASON_UNREACHABLE].significant_ms, 86400000);
	settings_release(&settings);
}

int
main(void)
{
	struct check_list list = { 0 };

	CHECK_ROWS(&list, maps, address_rows);
	CHECK(&list, survives_packing);
	CHECK_ROWS(&list, mistakes, mistake_rows);
	CHECK(&list, figures_per_reason);
	return check_run(&list, "quarantine_address");
}
