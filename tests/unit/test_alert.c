/* Which events are mailed to whom, and what templates make of them. */
#include "alert.h"
#include "alert_texts.h"
#include "check.h"

/* -- templates ---------------------------------------------------------------------------------- */

static const char *const known[] = { "account", "why", "fields", NULL };

static const struct check_row {
	const char *label, *text, *words; /* NULL: passes */
} check_rows[] = {
	{ "a field", "S {account}\n\nB {why}\n", NULL },
	{ "quoted", "S\n{account|shell}\n", NULL },
	{ "a brace", "S {{x}\n", NULL },
	{ "no end of line", "S", NULL },
	{ "unknown", "S\n\nx {nobody} y\n", "t:3: there is no field {nobody}" },
	{ "unknown in the subject", "{x}\n", "t:1: there is no field {x}" },
	{ "open brace", "S\n{account\n", "t:2: a brace that begins no" },
	{ "another form", "S\n{account|html}\n", "t:2: a brace that begins no" },
	{ "no subject", "\nbody\n", "t:1: the subject is missing" },
	{ "empty", "", "t: it is empty" },
};

static void
checks(void **state)
{
	const struct check_row *row = *state;
	struct err err = { "" };
	int rc = alert_template_check(span_of(row->text), "t", known, &err);

	assert_int_equal(rc, row->words == NULL ? 0 : -1);
	if (row->words != NULL && strncmp(err.text, row->words, strlen(row->words)) != 0)
		fail_msg("%s", err.text);
}

static const struct fill_row {
	const char *label, *text, *account, *subject, *body;
} fill_rows[] = {
	{ "plain", "Of {account}\n\nIt is {account}.\n", "shop", "Of shop", "It is shop.\n" },
	{ "braces", "{{account}\n\n{{}\n", "shop", "{account}", "{}\n" },
	{ "empty lines at the begin", "S\n\n\n\na\n\nb\n", "", "S", "a\n\nb\n" },
	{ "a line of empty fields", "S\na\nwhy {why}\nb\n", "", "S", "a\nb\n" },
	{ "a line with one that is not", "S\n{account} {why}\n", "x", "S", "x \n" },
	{ "a word", "S\nctl {account|shell}\n", "shop.test", "S", "ctl shop.test\n" },
	{ "blanks and quotes", "S\nctl {account|shell}\n", "a'b; rm -rf $HOME", "S",
	    "ctl 'a'\\''b; rm -rf $HOME'\n" },
	{ "an option", "S\nctl {account|shell}\n", "-x", "S", "ctl -- -x\n" },
	{ "a value is no template", "S\n{account}\n", "{why}", "S", "{why}\n" },
};

static void
fills(void **state)
{
	const struct fill_row *row = *state;
	const struct alert_value values[] = { { "account", span_of(row->account) } };
	struct str subject = { 0 }, body = { 0 };

	alert_template_fill(span_of(row->text), values, 1, &subject, &body);
	assert_string_equal(str_text(&subject), row->subject);
	assert_string_equal(str_text(&body), row->body);
	str_free(&subject);
	str_free(&body);
}

/* -- events ------------------------------------------------------------------------------------- */

enum { FIELDS = 16 };

static struct store_event
event_of(const char *text, struct span fields[FIELDS])
{
	struct store_event event = { .id = "1795348800000-3", .fields = fields };
	struct span rest = span_of(text), line;

	while (span_line(&rest, &line) && event.field_count < FIELDS)
		fields[event.field_count++] = line;
	return event;
}

#define ACCOUNT(name, state, more) \
	"type\naccount\naccount\n" name "\nstate\n" state "\nsent\n400\nhard\n50\n" more

static const struct kind_row {
	const char *label, *event;
	int kind; /* -1: none */
} kind_rows[] = {
	{ "suspended", ACCOUNT("a", "suspended", ""), MAIL_SUSPENDED },
	{ "review", ACCOUNT("a", "review", ""), MAIL_REVIEW },
	{ "resumed", ACCOUNT("a", "probation", "resumed\nyes"), MAIL_RESUMED },
	{ "ok again", ACCOUNT("a", "ok", ""), -1 },
	{ "guard", "type\nguard\nwhat\ntripped", MAIL_GUARD },
	{ "guard quiet", "type\nguard\nwhat\nquiet", MAIL_GUARD_QUIET },
	{ "confirmed", "type\nguard\nwhat\nconfirmed", MAIL_GUARD_DECIDED },
	{ "dismissed", "type\nguard\nwhat\ndismissed", MAIL_GUARD_DECIDED },
	{ "backoff", "type\nbackoff\ngroup\ng", MAIL_BACKOFF },
	{ "level", "type\nlevel", MAIL_LEVEL },
	{ "a bounce", "type\nquarantined\nstate\nsuspended", -1 },
	{ "no type", "state\nsuspended", -1 },
	{ "a name without value", "type", -1 },
};

static void
knows_kinds(void **state)
{
	const struct kind_row *row = *state;
	struct span fields[FIELDS];
	struct store_event event = event_of(row->event, fields);
	enum mail_event kind;
	bool found = alert_kind(&event, &kind);

	assert_int_equal(found ? (int)kind : -1, row->kind);
}

static const struct mail_owner owners[] = { { "shop*", "shop@owners.test" },
	{ "*", "all@owners.test" } };

static const struct to_row {
	const char *label;
	const char *postmaster;
	size_t owner_count;
	bool to_account;
	const char *account, *want;
} to_rows[] = {
	{ "the postmaster", "p@x.test", 0, false, "shop1", "p@x.test" },
	{ "an owner too", "p@x.test", 1, false, "shop1", "p@x.test shop@owners.test*" },
	{ "the first mask decides", "", 2, false, "shop1", "shop@owners.test*" },
	{ "another", "", 2, true, "ann@y.test", "all@owners.test*" },
	{ "the account itself", "p@x.test", 0, true, "ann@y.test", "p@x.test ann@y.test*" },
	{ "one that is no address", "p@x.test", 0, true, "y.test", "p@x.test" },
	{ "one with a header in it", "", 0, true, "a@y.test\rBcc: b@z.test", "" },
	{ "several addresses", "", 0, true, "a@y.test,b@z.test", "" },
	{ "nobody twice", "P@x.test", 0, true, "p@x.test", "P@x.test" },
};

static void
chooses_recipients(void **state)
{
	const struct to_row *row = *state;
	struct mail_settings mail = { .postmaster = row->postmaster,
		.wanted = { [MAIL_SUSPENDED] = true },
		.to_account = row->to_account,
		.owners = (struct mail_owner *)(uintptr_t)owners,
		.owner_count = row->owner_count };
	struct alert_recipient to[ALERT_RECIPIENTS_MAX];
	struct span fields[] = { SPAN("type"), SPAN("account"), SPAN("account"),
		span_of(row->account) };
	struct store_event event = { "1-1", 4, fields };
	struct str got = { 0 };
	struct arena arena;
	size_t count;

	arena_init(&arena);
	count = alert_recipients(&mail, MAIL_SUSPENDED, &event, &arena, to);
	for (size_t i = 0; i < count; i++)
		str_addf(&got, "%s%s%s", i > 0 ? " " : "", to[i].address,
		    to[i].is_owner ? "*" : "");
	assert_string_equal(str_text(&got), row->want);
	assert_int_equal(alert_recipients(&mail, MAIL_REVIEW, &event, &arena, to), 0);
	str_free(&got);
	arena_clear(&arena);
}

/* -- the texts that come along ------------------------------------------------------------------ */

static void
shipped_texts_pass(void **state)
{
	struct alert_texts texts;
	struct err err = { "" };
	struct arena arena;

	(void)state;
	arena_init(&arena);
	assert_int_equal(alert_texts_load("", &arena, &texts, &err), 0);
	for (int i = 0; i < MAIL_EVENTS; i++) {
		if (alert_template_check(texts.events[i], mail_event_names[i], alert_fields,
			&err) != 0)
			fail_msg("%s", err.text);
		if (texts.owners[i].len > 0 && alert_template_check(texts.owners[i],
						   mail_event_names[i], alert_fields, &err) != 0)
			fail_msg("%s", err.text);
	}
	assert_int_equal(alert_template_check(texts.digest, "digest", alert_fields, &err), 0);
	arena_clear(&arena);
}

static void
one_reads_so(void **state)
{
	struct span fields[FIELDS];
	struct store_event event = event_of(
	    ACCOUNT("shop\x1b[1m", "suspended", "why\nhard bounces\nby\nthresholds"), fields);
	struct alert_value values[ALERT_VALUES_MAX];
	struct str subject = { 0 }, body = { 0 };
	struct alert_texts texts;
	struct arena arena;
	size_t count;

	(void)state;
	arena_init(&arena);
	assert_int_equal(alert_texts_load("", &arena, &texts, NULL), 0);
	count = alert_values(&event, MAIL_SUSPENDED, "mta1", &arena, values);
	alert_template_fill(texts.events[MAIL_SUSPENDED], values, count, &subject, &body);
	assert_string_equal(str_text(&subject), "Account shop?[1m is suspended");
	assert_non_null(strstr(str_text(&body), "recipients mailed in 24 h   400\n"));
	assert_non_null(strstr(str_text(&body), "hard bounces                50  (12.5 %)\n"));
	assert_null(strstr(str_text(&body), "complaints    "));
	assert_non_null(strstr(str_text(&body), "\n  mxctl account resume 'shop?[1m'\n"));
	assert_non_null(strstr(str_text(&body), "mxpace on mta1, 2026-11-22T12:00:00Z\n"));
	str_free(&subject);
	str_free(&body);
	arena_clear(&arena);
}

static void
long_values_are_cut_between_characters(void **state)
{
	struct alert_value values[ALERT_VALUES_MAX];
	struct span fields[4] = { SPAN("type"), SPAN("pause"), SPAN("why") };
	struct store_event event = { "1-1", 4, fields };
	char text[2000];
	struct arena arena;
	size_t count;

	(void)state;
	for (size_t i = 0; i < sizeof(text); i += 2)
		memcpy(text + i, "\xc3\xa9", 2);
	fields[3] = span_make(text, sizeof(text));
	arena_init(&arena);
	count = alert_values(&event, MAIL_PAUSE, "n", &arena, values);
	for (size_t i = 0; i < count; i++) {
		if (strcmp(values[i].name, "why") != 0)
			continue;
		assert_true(values[i].text.len <= ALERT_VALUE && values[i].text.len > 390);
		assert_int_equal((values[i].text.len - 3) % 2, 0);
		assert_memory_equal(values[i].text.ptr + values[i].text.len - 3, "...", 3);
		arena_clear(&arena);
		return;
	}
	fail();
}

static void
a_digest_tells_how_many(void **state)
{
	const struct span lines[] = { SPAN("5-1 2026-11-22T12:00:00Z review: account=a"),
		SPAN("6-1 2026-11-22T12:05:00Z review: account=b") };
	struct alert_value values[ALERT_VALUES_MAX];
	struct str subject = { 0 }, body = { 0 };
	struct alert_texts texts;
	struct arena arena;
	size_t count;

	(void)state;
	arena_init(&arena);
	assert_int_equal(alert_texts_load("", &arena, &texts, NULL), 0);
	count = alert_digest_values(lines, 2, 17, 10, "mta1", &arena, values);
	alert_template_fill(texts.digest, values, count, &subject, &body);
	assert_string_equal(str_text(&subject), "17 further events of mxpace");
	assert_non_null(strstr(str_text(&body),
	    "\n2026-11-22T12:00:00Z review: account=a\n2026-11-22T12:05:00Z review: "
	    "account=b\n... and 15 more\n"));
	assert_non_null(strstr(str_text(&body), "mxctl events --since 2026-11-22T12:00:00Z\n"));
	str_free(&subject);
	str_free(&body);
	arena_clear(&arena);
}

int
main(void)
{
	struct check_list list = { 0 };

	CHECK_ROWS(&list, checks, check_rows);
	CHECK_ROWS(&list, fills, fill_rows);
	CHECK_ROWS(&list, knows_kinds, kind_rows);
	CHECK_ROWS(&list, chooses_recipients, to_rows);
	CHECK(&list, shipped_texts_pass);
	CHECK(&list, one_reads_so);
	CHECK(&list, long_values_are_cut_between_characters);
	CHECK(&list, a_digest_tells_how_many);
	return check_run(&list, "alert");
}
