/* trace_pattern: what is to be traced, and what that fits. */
#include "check.h"
#include "trace_pattern.h"

static const struct form_row {
	const char *label, *in, *out; /* NULL: refused */
} form_rows[] = {
	{ "an address", "Ann@Example.ORG", "ann@example.org" },
	{ "in angle brackets", "<ann@example.org>", "ann@example.org" },
	{ "a domain", "Example.org", "@example.org" },
	{ "a domain as it is stored", "@example.org", "@example.org" },
	{ "a group", "group:default/mx1.Foo.test", "group:default/mx1.Foo.test" },
	{ "a group with an @", "group:a@b", "group:a@b" },
	{ "nothing", "", NULL },
	{ "no domain", "@", NULL },
	{ "no group", "group:", NULL },
	{ "no address", "a b@", NULL },
	{ "control bytes", "a\n.test", NULL },
};

static void
forms(void **state)
{
	const struct form_row *row = *state;
	struct trace_pattern pattern, again;
	struct str out = { 0 };
	struct err err = { "" };

	if (row->out == NULL) {
		assert_int_equal(trace_pattern_parse(span_of(row->in), &pattern, &err), -1);
		assert_string_not_equal(err.text, "");
		return;
	}
	assert_int_equal(trace_pattern_parse(span_of(row->in), &pattern, &err), 0);
	trace_pattern_format(&pattern, &out);
	assert_string_equal(str_text(&out), row->out);
	assert_int_equal(trace_pattern_parse(span_of(str_text(&out)), &again, &err), 0);
	assert_int_equal(again.kind, pattern.kind);
	assert_string_equal(again.name, pattern.name);
	str_free(&out);
}

static const struct fit_row {
	const char *label, *pattern;
	struct trace_about about;
	bool fits;
} fit_rows[] = {
	{ "the recipient", "u@a.test", { .recipient = "u@a.test" }, true },
	{ "another recipient", "u@a.test", { .recipient = "v@a.test" }, false },
	{ "the sender, as it came", "u@a.test", { .recipient = "v@b.test", .sender = "U@A.test" },
	    true },
	{ "nobody", "u@a.test", { .recipient = "", .sender = "" }, false },
	{ "nothing known", "u@a.test", { .group = "google" }, false },
	{ "an address and a delivery to its domain", "u@a.test", { .domain = "a.test" }, false },
	{ "the domain of the recipient", "a.test", { .recipient = "u@a.test" }, true },
	{ "a domain below", "a.test", { .recipient = "u@b.a.test" }, false },
	{ "the domain of the sender alone", "a.test",
	    { .recipient = "u@b.test", .sender = "u@a.test" }, false },
	{ "a delivery to the domain", "a.test", { .domain = "a.test" }, true },
	{ "the group", "group:google", { .recipient = "u@a.test", .group = "google" }, true },
	{ "another group", "group:google", { .group = "googles" }, false },
	{ "no group", "group:google", { .recipient = "u@a.test" }, false },
};

static void
fits(void **state)
{
	const struct fit_row *row = *state;
	struct trace_pattern pattern;

	assert_int_equal(trace_pattern_parse(span_of(row->pattern), &pattern, NULL), 0);
	assert_int_equal(trace_pattern_fits(&pattern, &row->about), row->fits);
}

static void
a_delivery_may_be_to_the_address(void **state)
{
	struct trace_pattern pattern;

	(void)state;
	assert_int_equal(trace_pattern_parse(span_of("u@a.test"), &pattern, NULL), 0);
	assert_true(trace_pattern_may_fit(&pattern, "a.test"));
	assert_false(trace_pattern_may_fit(&pattern, "b.test"));
	assert_int_equal(trace_pattern_parse(span_of("a.test"), &pattern, NULL), 0);
	assert_false(trace_pattern_may_fit(&pattern, "a.test"));
}

int
main(void)
{
	struct check_list list = { 0 };

	CHECK_ROWS(&list, forms, form_rows);
	CHECK_ROWS(&list, fits, fit_rows);
	CHECK(&list, a_delivery_may_be_to_the_address);
	return check_run(&list, "trace_pattern");
}
