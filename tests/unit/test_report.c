#include "check.h"
#include "report.h"

static const struct clean_row {
	const char *label, *in, *want;
} address_rows[] = {
	{ "plain", "User@Example.ORG", "user@example.org" },
	{ "brackets", " <user@example.org> ", "user@example.org" },
	{ "display name", "\"A, B\" <user@example.org>", "user@example.org" },
	{ "brackets in the name", "\"<x@y.test>\" <user@example.org>", "user@example.org" },
	{ "type", "rfc822; user@example.org", "user@example.org" },
	{ "comment", "user@example.org (User)", "user@example.org" },
	{ "source route", "<@a.test,@b.test:user@example.org>", "user@example.org" },
	{ "quotes", "'user@example.org'", "user@example.org" },
	{ "no address", "|/bin/filter x", "|/bin/filter x" },
	{ "line breaks", "a\r\n b", "a b" },
	{ "an unknown type", "x-local; user@example.org", "user@example.org" },
	{ "double quotes", "rfc822; \"user@example.org\"", "user@example.org" },
	{ "a quoted local part", "\"a b\"@example.org", "\"a b\"@example.org" },
	{ "a comma behind", "user@example.org,", "user@example.org" },
	{ "a scheme", "mailto:user@example.org", "user@example.org" },
	{ "a type in brackets", "<rfc822;user@example.org>", "user@example.org" },
	{ "a local user", "LOCAL;<user>", "user" },
	{ "a domain literal", "user@[192.0.2.1]", "user@[192.0.2.1]" },
	{ "slash in the type", "rfc/822;user@example.org", "user@example.org" },
	{ "X.400", "X400; /C=de/O=example/S=user", "/C=de/O=example/S=user" },
	{ "file", "/var/mail/user", "/var/mail/user" },
	{ "empty", "", "" },
}, host_rows[] = {
	{ "plain", "MX1.Example.org", "mx1.example.org" },
	{ "type", "dns; mx1.example.org", "mx1.example.org" },
	{ "with its address", "dns; mx1.example.org (192.0.2.1)", "mx1.example.org" },
	{ "brackets behind", "mx1.example.org[192.0.2.1]:25", "mx1.example.org" },
	{ "address", "[192.0.2.1]", "192.0.2.1" },
	{ "trailing dot", "mx1.example.org.", "mx1.example.org" },
	{ "mixed case type", "DNS; MX1.Example.org", "mx1.example.org" },
	{ "a comment behind", "dns;mx1.example.org (192.0.2.1, the server for the domain)",
	    "mx1.example.org" },
	{ "what a gateway adds", "dns; mx1.example.org\n (TCP|192.0.2.1|25|192.0.2.2|25)",
	    "mx1.example.org" },
	{ "empty", "dns;", "" },
}, identifier_rows[] = {
	{ "brackets", "<1@example.org>", "1@example.org" },
	{ "bare", "1@example.org", "1@example.org" },
	{ "name", "Weekly <weekly.example.org>", "weekly.example.org" },
	{ "empty brackets", "<>", "" },
};

static void
cleans_address(void **state)
{
	const struct clean_row *row = *state;
	struct arena arena;

	arena_init(&arena);
	assert_string_equal(report_address(&arena, span_of(row->in)), row->want);
	arena_clear(&arena);
}

static void
cleans_host(void **state)
{
	const struct clean_row *row = *state;
	struct arena arena;

	arena_init(&arena);
	assert_string_equal(report_host(&arena, span_of(row->in)), row->want);
	arena_clear(&arena);
}

static void
cleans_identifier(void **state)
{
	const struct clean_row *row = *state;
	struct arena arena;

	arena_init(&arena);
	assert_string_equal(report_identifier(&arena, span_of(row->in)), row->want);
	arena_clear(&arena);
}

static void
escapes_json(void **state)
{
	struct report_recipient *recipient;
	struct str out = { 0 };
	struct report report;
	struct arena arena;

	(void)state;
	arena_init(&arena);
	report_init(&report, &arena);
	report.kind = REPORT_NDR;
	recipient = report_add(&report);
	recipient->address = "\"a b\"@d.test";
	recipient->diagnostic = "a\\b";
	recipient->reply_code = 550;
	recipient->remote_mta = "mx.d.test";
	recipient->remote_rooted = true;
	report_json(&report, &out);
	assert_string_equal(str_text(&out),
	    "{\"kind\":\"ndr\",\"recipients\":[{\"address\":"
	    "\"\\\"a b\\\"@d.test\",\"type\":\"ignored\","
	    "\"reason\":\"undefined\",\"reply_code\":\"550\","
	    "\"status\":\"\",\"diagnostic\":\"a\\\\b\","
	    "\"remote_mta\":\"mx.d.test.\",\"action\":\"\",\"rule\":\"\","
	    "\"final_address\":\"\",\"last_attempt\":\"\"}],"
	    "\"message_id\":\"\",\"campaign\":\"\","
	    "\"list\":\"\",\"account\":\"\","
	    "\"reporting_mta\":\"\",\"arrival\":\"\","
	    "\"format\":\"\"}");
	arena_clear(&arena);
	str_free(&out);
}

static void
bounds_lines(void **state)
{
	struct arena arena;

	(void)state;
	arena_init(&arena);
	assert_string_equal(report_line(&arena, span_of(" a \n\tb\x01 "), 100), "a b");
	assert_string_equal(report_line(&arena, span_of("abcü"), 4), "abc");
	assert_string_equal(report_line(&arena, span_make("a\0b", 3), 100), "a b");
	arena_clear(&arena);
}

static void
writes_complaints(void **state)
{
	struct str out = { 0 };
	struct report report;
	struct arena arena;

	(void)state;
	arena_init(&arena);
	report_init(&report, &arena);
	report.kind = REPORT_FEEDBACK;
	report.format = "rfc5965";
	report.arrival = "today";
	report.reporting_mta = "a.test";
	report.feedback = (struct report_feedback){ "abuse", "Loop/1", "192.0.2.1", true };
	report_json(&report, &out);
	assert_string_equal(str_text(&out),
	    "{\"kind\":\"feedback\",\"recipients\":[],\"message_id\":\"\",\"campaign\":\"\","
	    "\"list\":\"\",\"account\":\"\",\"reporting_mta\":\"a.test\",\"arrival\":\"today\","
	    "\"format\":\"rfc5965\",\"feedback\":{\"type\":\"abuse\",\"user_agent\":\"Loop/1\","
	    "\"source_ip\":\"192.0.2.1\",\"redacted\":true}}");
	arena_clear(&arena);
	str_free(&out);
}

int
main(void)
{
	struct check_list list = { 0 };

	CHECK_ROWS(&list, cleans_address, address_rows);
	CHECK_ROWS(&list, cleans_host, host_rows);
	CHECK_ROWS(&list, cleans_identifier, identifier_rows);
	CHECK(&list, escapes_json);
	CHECK(&list, writes_complaints);
	CHECK(&list, bounds_lines);
	return check_run(&list, "report");
}
