/* mxctl verify: addresses, verdicts, columns, lists. */
#include "check.h"
#include "seen.h"
#include "verify_row.h"

static const struct parse_row {
	const char *label, *in, *want; /* NULL: none */
} parse_rows[] = {
	{ "plain", "Ann@Example.org", "ann@example.org" },
	{ "brackets", " <ann@example.org> ", "ann@example.org" },
	{ "a tag", "ann+news@example.org", "ann+news@example.org" },
	{ "quoted", "\"a b\"@example.org", "\"a b\"@example.org" },
	{ "IDN",
	    "ann@b\xc3\xbc"
	    "cher.example",
	    "ann@xn--bcher-kva.example" },
	{ "empty", "", NULL },
	{ "no @", "ann.example.org", NULL },
	{ "no domain", "ann@", NULL },
	{ "no local part", "@example.org", NULL },
	{ "two @", "ann@b@example.org", NULL },
	{ "a domain without a dot", "ann@localhost", NULL },
	{ "an address literal", "ann@[192.0.2.1]", NULL },
	{ "an underscore in the domain", "ann@ex_ample.org", NULL },
	{ "two dots", "ann..b@example.org", NULL },
	{ "a dot in front", ".ann@example.org", NULL },
	{ "a dot behind", "ann.@example.org", NULL },
	{ "a comma", "ann,b@example.org", NULL },
	{ "a blank", "ann b@example.org", NULL },
	{ "a local part of 65",
	    "a1234567890123456789012345678901234567890123456789012345678901234@example.org", NULL },
};

static void
parses(void **state)
{
	const struct parse_row *row = *state;
	char out[ADDR_SIZE];
	struct err err = { "" };

	assert_int_equal(verify_parse(span_of(row->in), out, &err), row->want != NULL ? 0 : -1);
	assert_string_equal(out, row->want != NULL ? row->want : "");
	assert_int_equal(*err.text == '\0', row->want != NULL);
}

static const struct quarantine_entry bad = { .status = QUARANTINE_QUARANTINED };
static const struct quarantine_entry held = { .status = QUARANTINE_HELD };
static const struct quarantine_entry once = { .status = QUARANTINE_COUNTING };
static const struct quarantine_entry was = { .status = QUARANTINE_RELEASED };
static const struct quarantine_entry angry = { .complaints = "all\n" };

static const struct judge_row {
	const char *label;
	struct verify_facts facts;
	enum verdict_of want;
} judge_rows[] = {
	{ "ok", { "ann@a.test", false, false, MX_FOUND, NULL }, VERIFY_OK },
	{ "an implicit MX", { "ann@a.test", false, false, MX_IMPLICIT, NULL }, VERIFY_OK },
	{ "none", { "", false, false, MX_FAILED, NULL }, VERIFY_SYNTAX },
	{ "twice", { "ann@a.test", true, false, MX_FAILED, NULL }, VERIFY_DUPLICATE },
	{ "no domain", { "ann@a.test", false, false, MX_NO_DOMAIN, NULL }, VERIFY_NO_DOMAIN },
	{ "no host", { "ann@a.test", false, false, MX_NO_HOST, NULL }, VERIFY_NO_DOMAIN },
	{ "null MX", { "ann@a.test", false, false, MX_NULL, NULL }, VERIFY_NULL_MX },
	{ "no answer", { "ann@a.test", false, false, MX_FAILED, NULL }, VERIFY_UNCERTAIN },
	{ "no answer, quarantined", { "ann@a.test", false, false, MX_FAILED, &bad },
	    VERIFY_QUARANTINED },
	{ "delivered here", { "ann@a.test", false, true, MX_FAILED, NULL }, VERIFY_OK },
	{ "quarantined", { "ann@a.test", false, false, MX_FOUND, &bad }, VERIFY_QUARANTINED },
	{ "complained", { "ann@a.test", false, false, MX_FOUND, &angry }, VERIFY_QUARANTINED },
	{ "held", { "ann@a.test", false, false, MX_FOUND, &held }, VERIFY_COUNTING },
	{ "counting", { "info@a.test", false, false, MX_FOUND, &once }, VERIFY_COUNTING },
	{ "released", { "ann@a.test", false, false, MX_FOUND, &was }, VERIFY_OK },
	{ "a role", { "info@a.test", false, false, MX_FOUND, NULL }, VERIFY_ROLE },
	{ "a role with a tag", { "sales+x@a.test", false, false, MX_FOUND, NULL }, VERIFY_ROLE },
	{ "a name like one", { "infos@a.test", false, false, MX_FOUND, NULL }, VERIFY_OK },
};

static void
judges(void **state)
{
	const struct judge_row *row = *state;

	assert_int_equal(verify_judge(&row->facts), row->want);
}

static const struct column_row {
	const char *label, *line;
	size_t column;
	const char *want;
} column_rows[] = {
	{ "the first", "a@b.test,Ann,1", 1, "a@b.test" },
	{ "the second", "Ann,a@b.test,1", 2, "a@b.test" },
	{ "the last", "Ann,1,a@b.test", 3, "a@b.test" },
	{ "quoted", "\"Ann, B\",\"a@b.test\"", 2, "a@b.test" },
	{ "quotes in quotes", "\"a \"\"b\"\" c\",x", 1, "a \"b\" c" },
	{ "a comma in quotes", "x,\"a,b\"", 2, "a,b" },
	{ "empty", "x,,y", 2, "" },
	{ "empty at the end", "x,", 2, "" },
	{ "too few", "x,y", 3, NULL },
	{ "a quote that does not end", "\"x,y", 1, "x,y" },
};

static void
finds_columns(void **state)
{
	const struct column_row *row = *state;
	struct str out = { 0 };
	int rc = verify_column(span_of(row->line), row->column, &out);

	assert_int_equal(rc, row->want != NULL ? 0 : -1);
	assert_string_equal(str_text(&out), row->want != NULL ? row->want : "");
	str_free(&out);
}

static const struct format_row {
	const char *label;
	enum verify_format format;
	enum verdict_of verdict;
	const char *why;
	int64_t until_s;
	bool header;
	const char *want;
} format_rows[] = {
	{ "text", VERIFY_TEXT, VERIFY_OK, "", 0, false, "a@b.test\tok\n" },
	{ "text, why", VERIFY_TEXT, VERIFY_SYNTAX, "no @", 0, false, "a@b.test\tsyntax\tno @\n" },
	{ "CSV", VERIFY_CSV, VERIFY_QUARANTINED, "user_unknown: \"no\", he said", 86400, false,
	    "Ann,a@b.test,quarantined,\"user_unknown: \"\"no\"\", he said\",1970-01-02T00:00:00Z\n" },
	{ "CSV, header", VERIFY_CSV, VERIFY_SYNTAX, "", 0, true,
	    "Ann,a@b.test,verdict,why,until\n" },
	{ "list", VERIFY_LIST, VERIFY_ROLE, "", 0, false, "a@b.test\n" },
	{ "list, without", VERIFY_LIST, VERIFY_NULL_MX, "", 0, false, "" },
	{ "JSON", VERIFY_JSON, VERIFY_COUNTING, "mailbox_full, 1 error", 0, false,
	    "{\"address\":\"a@b.test\",\"verdict\":\"counting\",\"why\":\"mailbox_full, 1 error\","
	    "\"until\":\"\"}\n" },
	{ "JSON, header", VERIFY_JSON, VERIFY_SYNTAX, "", 0, true, "" },
};

static void
formats(void **state)
{
	const struct format_row *row = *state;
	const struct verify_row in = { SPAN("Ann,a@b.test"), SPAN("a@b.test"), "a@b.test",
		"a@b.test", row->verdict, row->why, row->until_s, row->header };
	struct str out = { 0 };

	verify_row_format(&in, row->format, &out);
	assert_string_equal(str_text(&out), row->want);
	str_free(&out);
}

static const struct opinion_row {
	const char *label;
	struct verify_summary summary;
	int64_t dead_pm;
	enum verify_opinion want;
} opinion_rows[] = {
	{ "empty", { .total = 0 }, 0, VERIFY_TOO_SHORT },
	{ "short", { .total = 99, .verdicts = { [VERIFY_NO_DOMAIN] = 99 } }, 1000,
	    VERIFY_TOO_SHORT },
	{ "short without duplicates", { .total = 199, .verdicts = { [VERIFY_DUPLICATE] = 100 } }, 0,
	    VERIFY_TOO_SHORT },
	{ "clean", { .total = 1000, .verdicts = { [VERIFY_QUARANTINED] = 19 } }, 19, VERIFY_CLEAN },
	{ "aged",
	    { .total = 1000, .verdicts = { [VERIFY_QUARANTINED] = 10, [VERIFY_NULL_MX] = 10 } }, 20,
	    VERIFY_AGED },
	{ "bought",
	    { .total = 1000, .verdicts = { [VERIFY_NO_DOMAIN] = 30, [VERIFY_SYNTAX] = 20 } }, 50,
	    VERIFY_BOUGHT },
	{ "gathered", { .total = 1000, .verdicts = { [VERIFY_ROLE] = 100 } }, 0, VERIFY_BOUGHT },
};

static void
has_an_opinion(void **state)
{
	const struct opinion_row *row = *state;

	assert_int_equal(verify_dead_pm(&row->summary), row->dead_pm);
	assert_int_equal(verify_opinion_of(&row->summary), row->want);
	assert_true(*verify_opinion_words(row->want) != '\0');
}

static void
remembers(void **state)
{
	struct seen seen = { NULL, 0, 0 };
	char text[32];

	(void)state;
	for (int round = 0; round < 2; round++) {
		for (int i = 0; i < 100000; i++) {
			snprintf(text, sizeof(text), "user%d@example.org", i);
			assert_int_equal(seen_before(&seen, span_of(text)), round);
		}
	}
	assert_int_equal(seen.count, 100000);
	assert_true(seen.size <= 4 * seen.count);
	seen_free(&seen);
}

int
main(void)
{
	struct check_list list = { 0 };

	CHECK_ROWS(&list, parses, parse_rows);
	CHECK_ROWS(&list, judges, judge_rows);
	CHECK_ROWS(&list, finds_columns, column_rows);
	CHECK_ROWS(&list, formats, format_rows);
	CHECK_ROWS(&list, has_an_opinion, opinion_rows);
	CHECK(&list, remembers);
	return check_run(&list, "verify");
}
