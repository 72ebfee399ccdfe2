#include <dirent.h>

#include "bounce_rules.h"
#include "check.h"
#include "classify.h"
#include "delivery_status.h"
#include "ndr.h"

static struct bounce_rules *rules;

static void
load_rules(void **state)
{
	struct conf_errors errors = { 0 };

	(void)state;
	rules = bounce_rules_load("conf/bounce-rules.conf", &errors);
	if (rules == NULL)
		fail_msg("%s", str_text(&errors.lines));
	conf_errors_free(&errors);
}

static void
free_rules(void **state)
{
	(void)state;
	bounce_rules_free(&rules);
}

static void
read_all(const char *path, struct str *out)
{
	FILE *file = fopen(path, "rb");
	char buf[4096];
	size_t n;

	if (file == NULL)
		fail_msg("%s cannot be read", path);
	while ((n = fread(buf, 1, sizeof(buf), file)) > 0)
		str_add(out, buf, n);
	fclose(file);
}

/* The line of --dry-run --json. Samples named so stand in a VERP return path. */
static void
report_of(struct span message, bool verp, struct str *out)
{
	static const char *const headers[] = { "X-Campaign", "List-Id", "X-Account" };
	struct conf_strings campaign = { (const char **)(uintptr_t)&headers[0], 1 };
	struct conf_strings list = { (const char **)(uintptr_t)&headers[1], 1 };
	struct conf_strings account = { (const char **)(uintptr_t)&headers[2], 1 };
	struct ndr_options options = { verp ? "verp@example.org" : "", &campaign, &list, &account };
	char *copy = malloc(message.len + 1); /* so that ASan sees a byte read beyond */
	struct report report;
	struct arena arena;

	if (message.len > 0)
		memcpy(copy, message.ptr, message.len);
	arena_init(&arena);
	ndr_read(&arena, span_make(copy, message.len), &options, &report);
	if (rules != NULL)
		classify_report(rules, &report);
	report_json(&report, out);
	arena_clear(&arena);
	free(copy);
}

static void
understands(void **state)
{
	const char *name = *state;
	struct str message = { 0 }, want = { 0 }, got = { 0 };
	char path[512];

	snprintf(path, sizeof(path), "tests/messages/%s.eml", name);
	read_all(path, &message);
	snprintf(path, sizeof(path), "tests/messages/%s.json", name);
	read_all(path, &want);
	report_of(span_make(str_text(&message), message.len), strstr(name, "verp") != NULL, &got);
	str_addc(&got, '\n');
	assert_string_equal(str_text(&got), str_text(&want));
	str_free(&message);
	str_free(&want);
	str_free(&got);
}

/* The same with the other line ends, and no byte read beyond any start of it. */
static void
endures(void **state)
{
	const char *name = *state;
	struct str message = { 0 }, lf = { 0 }, crlf = { 0 }, of_lf = { 0 }, of_crlf = { 0 };
	char path[512];

	snprintf(path, sizeof(path), "tests/messages/%s.eml", name);
	read_all(path, &message);
	for (size_t i = 0; i < message.len; i++) {
		if (message.data[i] == '\r')
			continue;
		if (message.data[i] == '\n')
			str_addc(&crlf, '\r');
		str_addc(&lf, message.data[i]);
		str_addc(&crlf, message.data[i]);
	}
	report_of(span_make(str_text(&lf), lf.len), false, &of_lf);
	report_of(span_make(str_text(&crlf), crlf.len), false, &of_crlf);
	assert_string_equal(str_text(&of_lf), str_text(&of_crlf));
	for (size_t cut = 0; cut < message.len; cut += 7) {
		str_empty(&of_lf);
		report_of(span_make(message.data, cut), false, &of_lf);
	}
	str_free(&message);
	str_free(&lf);
	str_free(&crlf);
	str_free(&of_lf);
	str_free(&of_crlf);
}

static const struct status_row {
	const char *label, *text, *want; /* address status code action kind, each recipient */
} status_rows[] = {
	{ "one",
	    "Reporting-MTA: dns; a.test\n\nFinal-Recipient: rfc822; u@d.test\nAction: "
	    "failed\nStatus: "
	    "5.1.1\n",
	    "u@d.test 5.1.1 0 failed; ndr" },
	{ "no empty line before the recipient",
	    "Reporting-MTA: dns; a.test\nFinal-Recipient: rfc822; u@d.test\n"
	    "Action: failed\nStatus: 5.1.1\n",
	    "u@d.test 5.1.1 0 failed; ndr" },
	{ "groups run together",
	    "Final-Recipient: rfc822; a@d.test\nAction: failed\nStatus: 5.1.1\n"
	    "Final-Recipient: rfc822; b@d.test\nAction: failed\nStatus: 5.2.2\n",
	    "a@d.test 5.1.1 0 failed; b@d.test 5.2.2 0 failed; ndr" },
	{ "original first, run together",
	    "Original-Recipient: rfc822; a@o.test\nFinal-Recipient: rfc822; "
	    "a@d.test\nStatus: 5.1.1\nOriginal-Recipient: rfc822; b@o.test\n"
	    "Final-Recipient: rfc822; b@d.test\nStatus: 5.2.2\n",
	    "a@o.test 5.1.1 0 failed; b@o.test 5.2.2 0 failed; ndr" },
	{ "original last",
	    "Final-Recipient: rfc822; a@d.test\nOriginal-Recipient: rfc822;A@o.test\nStatus: "
	    "5.1.1\n\nFinal-Recipient: rfc822; b@d.test\nOriginal-Recipient: rfc822;b@o.test\n",
	    "a@o.test 5.1.1 0 failed; b@o.test  0 failed; ndr" },
	{ "an empty line within a group",
	    "Final-Recipient: rfc822; a@d.test\n\nAction: failed\nStatus: 5.1.1\n",
	    "a@d.test 5.1.1 0 failed; ndr" },
	{ "no address type", "Final-Recipient: <u@d.test>\nStatus: 5.1.1\n",
	    "u@d.test 5.1.1 0 failed; ndr" },
	{ "misspelt type", "Final-Recipient: rfc/822;u@d.test\nStatus: 5.1.1\n",
	    "u@d.test 5.1.1 0 failed; ndr" },
	{ "empty original",
	    "Original-Recipient: rfc822;\nFinal-Recipient: rfc822;u@d.test\nStatus: 5.1.1\n",
	    "u@d.test 5.1.1 0 failed; ndr" },
	{ "xtext", "Original-Recipient: rfc822;u+2Bt+3Dx@d.test\nStatus: 5.1.1\n",
	    "u+t=x@d.test 5.1.1 0 failed; ndr" },
	{ "a tag that is no xtext", "Final-Recipient: rfc822;u+ab@d.test\nStatus: 5.1.1\n",
	    "u+ab@d.test 5.1.1 0 failed; ndr" },
	{ "utf-8 address", "Final-Recipient: utf-8;j\\x{F6}rg@d.test\nStatus: 5.1.1\n",
	    "jörg@d.test 5.1.1 0 failed; ndr" },
	{ "utf-8 escape that is none",
	    "Final-Recipient: utf-8;a\\x{}b\\x{110000}@d.test\nStatus: 5.1.1\n",
	    "a\\x{}b\\x{110000}@d.test 5.1.1 0 failed; ndr" },
	{ "X.400", "Final-Recipient: X400; /C=de/S=user\nStatus: 5.1.1\n",
	    "/C=de/S=user 5.1.1 0 failed; ndr" },
	{ "action with a comment",
	    "Final-Recipient: rfc822;u@d.test\nAction: failed (bounced)\nStatus: 5.1.1\n",
	    "u@d.test 5.1.1 0 failed; ndr" },
	{ "failure", "Final-Recipient: rfc822;u@d.test\nAction: Failure\n",
	    "u@d.test  0 failed; ndr" },
	{ "expired", "Final-Recipient: rfc822;u@d.test\nAction: expired\nStatus: 4.4.7\n",
	    "u@d.test 4.4.7 0 failed; ndr" },
	{ "no action, 4", "Final-Recipient: rfc822;u@d.test\nStatus: 4.4.7\n",
	    "u@d.test 4.4.7 0 failed; ndr" },
	{ "no action, 4 and another attempt",
	    "Final-Recipient: rfc822;u@d.test\nStatus: 4.4.7\n"
	    "Will-Retry-Until: tomorrow\n",
	    "u@d.test 4.4.7 0 delayed; delay" },
	{ "no action, 2", "Final-Recipient: rfc822;u@d.test\nStatus: 2.0.0\n",
	    "u@d.test 2.0.0 0 delivered; success" },
	{ "delayed", "Final-Recipient: rfc822;u@d.test\nAction: delayed\nStatus: 4.4.1\n",
	    "u@d.test 4.4.1 0 delayed; delay" },
	{ "one delayed, one relayed",
	    "Final-Recipient: rfc822;a@d.test\nAction: relayed\n\nFinal-Recipient: "
	    "rfc822;b@d.test\nAction: delayed\n",
	    "a@d.test  0 relayed; b@d.test  0 delayed; delay" },
	{ "one failed, one relayed",
	    "Final-Recipient: rfc822;a@d.test\nAction: relayed\n\nFinal-Recipient: "
	    "rfc822;b@d.test\nAction: failed\n",
	    "a@d.test  0 relayed; b@d.test  0 failed; ndr" },
	{ "expanded", "Final-Recipient: rfc822;u@d.test\nAction: expanded\n",
	    "u@d.test  0 expanded; success" },
	{ "the diagnostic's status is better",
	    "Final-Recipient: rfc822;u@d.test\nStatus: 5.0.0\n"
	    "Diagnostic-Code: smtp; 550 no (#5.7.1)\n",
	    "u@d.test 5.7.1 550 failed; ndr" },
	{ "4.0.0 beside 554",
	    "Final-Recipient: rfc822;u@d.test\nStatus: 4.0.0\nDiagnostic-Code: smtp;554 no\n",
	    "u@d.test 4.0.0 554 failed; ndr" },
	{ "the field's status is as good",
	    "Final-Recipient: rfc822;u@d.test\nStatus: 5.1.1\n"
	    "Diagnostic-Code: smtp; 550 no (#5.7.1)\n",
	    "u@d.test 5.1.1 550 failed; ndr" },
	{ "status with words only",
	    "Final-Recipient: rfc822;u@d.test\nStatus: 5.1.1 (550 no such user here)\n",
	    "u@d.test 5.1.1 550 failed; ndr" },
	{ "one twice",
	    "Final-Recipient: rfc822;u@d.test\nStatus: 5.1.1\n\n"
	    "Final-Recipient: rfc822;U@d.test\nStatus: 5.2.2\n",
	    "u@d.test 5.1.1 0 failed; ndr" },
	{ "no recipient", "Reporting-MTA: dns; a.test\nArrival-Date: today\n", "none" },
	{ "nothing", "", "none" },
};

static void
reads_delivery_status(void **state)
{
	const struct status_row *row = *state;
	struct str got = { 0 };
	struct report report;
	struct arena arena;

	arena_init(&arena);
	report_init(&report, &arena);
	delivery_status_read(span_of(row->text), &report);
	for (size_t i = 0; i < report.count; i++) {
		const struct report_recipient *recipient = &report.recipients[i];

		str_addf(&got, "%s %s %u %s; ", recipient->address, recipient->status,
		    recipient->reply_code, recipient->action);
	}
	str_adds(&got, report_kind_name(delivery_status_kind(&report)));
	assert_string_equal(str_text(&got), row->want);
	arena_clear(&arena);
	str_free(&got);
}

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
	{ "empty", "", "" },
}, host_rows[] = {
	{ "plain", "MX1.Example.org", "mx1.example.org" },
	{ "type", "dns; mx1.example.org", "mx1.example.org" },
	{ "with its address", "dns; mx1.example.org (192.0.2.1)", "mx1.example.org" },
	{ "brackets behind", "mx1.example.org[192.0.2.1]:25", "mx1.example.org" },
	{ "address", "[192.0.2.1]", "192.0.2.1" },
	{ "trailing dot", "mx1.example.org.", "mx1.example.org" },
	{ "empty", "dns;", "" },
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
limits_recipients(void **state)
{
	struct str text = { 0 };
	struct report report;
	struct arena arena;

	(void)state;
	for (int i = 0; i < 2 * REPORT_RECIPIENTS_MAX; i++)
		str_addf(&text, "Final-Recipient: rfc822;u%d@d.test\n\n", i);
	arena_init(&arena);
	report_init(&report, &arena);
	delivery_status_read(span_make(text.data, text.len), &report);
	assert_int_equal(report.count, REPORT_RECIPIENTS_MAX);
	assert_string_equal(report.recipients[999].address, "u999@d.test");
	arena_clear(&arena);
	str_free(&text);
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
	report_json(&report, &out);
	assert_string_equal(str_text(&out), "{\"kind\":\"ndr\",\"recipients\":[{\"address\":"
					    "\"\\\"a b\\\"@d.test\",\"type\":\"ignored\","
					    "\"reason\":\"undefined\",\"reply_code\":\"550\","
					    "\"status\":\"\",\"diagnostic\":\"a\\\\b\","
					    "\"remote_mta\":\"\",\"action\":\"\",\"rule\":\"\"}],"
					    "\"message_id\":\"\",\"campaign\":\"\","
					    "\"list\":\"\",\"account\":\"\"}");
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

/* A row for each sample, in the order of the folder's names. */
static size_t
add_samples(struct check_list *list, char **names)
{
	struct dirent **entries;
	int n = scandir("tests/messages", &entries, NULL, alphasort);
	size_t samples = 0;

	for (int i = 0; i < n; i++) {
		char *dot = strrchr(entries[i]->d_name, '.');

		if (dot != NULL && strcmp(dot, ".eml") == 0 && samples < 200) {
			*dot = '\0';
			names[samples] = strdup(entries[i]->d_name);
			check_add(list, "understands", names[samples], understands, names[samples]);
			check_add(list, "endures", names[samples], endures, names[samples]);
			samples++;
		}
		free(entries[i]);
	}
	if (n >= 0)
		free(entries);
	return samples;
}

static size_t samples;

static void
has_samples(void **state)
{
	(void)state;
	assert_in_range(samples, 20, 199);
}

int
main(void)
{
	struct check_list list = { 0 };
	char *names[200];
	int rc;

	CHECK(&list, load_rules);
	samples = add_samples(&list, names);
	CHECK(&list, has_samples);
	CHECK_ROWS(&list, reads_delivery_status, status_rows);
	CHECK_ROWS(&list, cleans_address, address_rows);
	CHECK_ROWS(&list, cleans_host, host_rows);
	CHECK(&list, limits_recipients);
	CHECK(&list, escapes_json);
	CHECK(&list, bounds_lines);
	CHECK(&list, free_rules);
	rc = check_run(&list, "ndr");
	for (size_t i = 0; i < samples; i++)
		free(names[i]);
	return rc;
}
