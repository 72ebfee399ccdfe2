#include "check.h"
#include "quarantine.h"

static void
policy_is_the_design(void **state)
{
	static const struct {
		enum reason reason;
		int64_t errors, release_days;
	} table[] = {
		{ REASON_UNDEFINED, 0, 0 },
		{ REASON_USER_UNKNOWN, 1, 0 },
		{ REASON_MAILBOX_FULL, 3, 30 },
		{ REASON_INACTIVE_USER, 3, 0 },
		{ REASON_INVALID_DOMAIN, 3, 0 },
		{ REASON_REFUSED, 0, 0 },
		{ REASON_UNREACHABLE, 5, 10 },
		{ REASON_MESSAGE_TOO_LARGE, 0, 0 },
		{ REASON_NOT_CONNECTED, 0, 0 },
		{ REASON_AUTO_REPLY, 0, 0 },
		{ REASON_DELAYED, 0, 0 },
		{ REASON_FEEDBACK_LOOP, 0, 0 },
	};
	struct quarantine_policy policy;

	(void)state;
	assert_int_equal(COUNT(table), REASON_COUNT);
	quarantine_policy_defaults(&policy);
	assert_int_equal(policy.significant_ms, 24 * 3600000);
	assert_int_equal(policy.quiet_ms, INT64_C(10) * 86400000);
	for (size_t i = 0; i < COUNT(table); i++) {
		const struct quarantine_rule *rule = &policy.rules[table[i].reason];

		assert_int_equal(rule->errors, table[i].errors);
		assert_int_equal(rule->release_ms, table[i].release_days * INT64_C(86400000));
		assert_int_equal(rule->significant_ms, policy.significant_ms);
		assert_int_equal(rule->quiet_ms, policy.quiet_ms);
	}
}

static void
every_field(void **state)
{
	static const char *const fields[][2] = {
		{ "status", "quarantined" },
		{ "type", "soft" },
		{ "reason", "mailbox_full" },
		{ "errors", "3" },
		{ "first", "1763780000" },
		{ "last", "1763790000" },
		{ "since", "1763790001" },
		{ "release", "1766382001" },
		{ "code", "5.2.2" },
		{ "text", "552 5.2.2 full" },
		{ "mx", "mx1.foo.test" },
		{ "campaign", "autumn" },
		{ "rule", "mailbox-full-1" },
		{ "by", "mxbounce" },
		{ "errors:mailbox_full", "2" },
		{ "late", "1763790002" },
		{ "held", "1763790003" },
		{ "delivered", "1763790004" },
		{ "quiet", "864000" },
		{ "message", "7@app.test" },
		{ "list", "news" },
		{ "account", "shop" },
		{ "group", "google" },
		{ "released", "operator ann" },
	};
	struct quarantine_entry e = { 0 };

	(void)state;
	for (size_t i = 0; i < COUNT(fields); i++)
		quarantine_entry_set(&e, span_of(fields[i][0]), span_of(fields[i][1]));
	assert_int_equal(e.status, QUARANTINE_QUARANTINED);
	assert_int_equal(e.type, BOUNCE_SOFT);
	assert_int_equal(e.reason, REASON_MAILBOX_FULL);
	assert_int_equal(e.errors, 3);
	assert_int_equal(e.first_s, 1763780000);
	assert_int_equal(e.last_s, 1763790000);
	assert_int_equal(e.since_s, 1763790001);
	assert_int_equal(e.release_s, 1766382001);
	assert_string_equal(e.code, "5.2.2");
	assert_string_equal(e.text, "552 5.2.2 full");
	assert_string_equal(e.mx, "mx1.foo.test");
	assert_string_equal(e.campaign, "autumn");
	assert_string_equal(e.rule, "mailbox-full-1");
	assert_string_equal(e.by, "mxbounce");
	assert_int_equal(e.errors_by[REASON_MAILBOX_FULL], 2);
	assert_int_equal(e.errors_by[REASON_REFUSED], 0);
	assert_int_equal(e.late_s, 1763790002);
	assert_int_equal(e.held_s, 1763790003);
	assert_int_equal(e.delivered_s, 1763790004);
	assert_int_equal(e.quiet_s, 864000);
	assert_string_equal(e.message, "7@app.test");
	assert_string_equal(e.list, "news");
	assert_string_equal(e.account, "shop");
	assert_string_equal(e.group, "google");
	assert_string_equal(e.released, "operator ann");
}

/* What time alone makes of an entry: at `now` it is `want`, and it ends at `expiry`. */
static const struct settle_row {
	const char *label;
	struct quarantine_entry entry;
	int64_t now;
	enum quarantine_status want;
	int64_t expiry; /* of the settled entry */
} settle_rows[] = {
	{ "none", { .last_s = 5 }, 1000, QUARANTINE_NONE, 0 },
	{ "counting", { .status = QUARANTINE_COUNTING, .last_s = 100, .quiet_s = 10 }, 109,
	    QUARANTINE_COUNTING, 110 },
	{ "quiet for long enough", { .status = QUARANTINE_COUNTING, .last_s = 100, .quiet_s = 10 },
	    110, QUARANTINE_NONE, 0 },
	{ "quarantined", { .status = QUARANTINE_QUARANTINED, .release_s = 100, .quiet_s = 10 }, 99,
	    QUARANTINE_QUARANTINED, 110 },
	{ "released, to the second",
	    { .status = QUARANTINE_QUARANTINED, .release_s = 100, .quiet_s = 10 }, 100,
	    QUARANTINE_RELEASED, 110 },
	{ "released by somebody",
	    { .status = QUARANTINE_RELEASED, .release_s = 100, .quiet_s = 10 }, 100,
	    QUARANTINE_RELEASED, 110 },
	{ "released and forgotten",
	    { .status = QUARANTINE_QUARANTINED, .release_s = 100, .quiet_s = 10 }, 110,
	    QUARANTINE_NONE, 0 },
	{ "until removed", { .status = QUARANTINE_QUARANTINED, .quiet_s = 10 }, INT64_MAX,
	    QUARANTINE_QUARANTINED, 0 },
	{ "held", { .status = QUARANTINE_HELD, .last_s = 1, .quiet_s = 10 }, INT64_MAX,
	    QUARANTINE_HELD, 0 },
	{ "ten days where quiet is left out", { .status = QUARANTINE_COUNTING, .last_s = 100 },
	    864099, QUARANTINE_COUNTING, 864100 },
	{ "and forgotten then", { .status = QUARANTINE_COUNTING, .last_s = 100 }, 864100,
	    QUARANTINE_NONE, 0 },
};

static void
settles(void **state)
{
	const struct settle_row *row = *state;
	struct quarantine_entry entry = row->entry;

	quarantine_entry_settle(&entry, row->now);
	assert_int_equal(entry.status, row->want);
	assert_int_equal(quarantine_entry_expiry(&entry), row->expiry);
}

static void
fills_in_what_is_left_out(void **state)
{
	struct quarantine_entry entry = { .status = QUARANTINE_COUNTING,
		.reason = REASON_MAILBOX_FULL,
		.errors = 2 };

	(void)state;
	quarantine_entry_settle(&entry, 0);
	assert_int_equal(entry.errors_by[REASON_MAILBOX_FULL], 2);
	assert_string_equal(entry.by, "mxbounce");
	entry.errors = 3;
	entry.errors_by[REASON_UNREACHABLE] = 1;
	quarantine_entry_settle(&entry, 0);
	assert_int_equal(entry.errors_by[REASON_MAILBOX_FULL], 2);
	entry = (struct quarantine_entry){ 0 };
	quarantine_entry_settle(&entry, 0);
	assert_string_equal(entry.by, "");
}

/* A text in pieces is read in whatever order Redis has them. */
static void
joins_pieces(void **state)
{
	static const char *const names[] = { "text", "text:2", "text:3", "text:4" };
	char text[QUARANTINE_TEXT_SIZE];

	(void)state;
	for (size_t i = 0; i < sizeof(text) - 1; i++)
		text[i] = (char)('a' + i % 25);
	text[sizeof(text) - 1] = '\0';
	for (size_t len = 1; len < sizeof(text); len++)
		for (size_t first = 0; first < 4; first++) {
			struct quarantine_entry entry = { 0 };

			for (size_t i = 0; i < 4; i++) {
				size_t piece = (first + i) % 4, rest = len - piece * 64;

				if (piece * 64 >= len)
					continue;
				quarantine_entry_set(&entry, span_of(names[piece]),
				    span_make(text + piece * 64, rest < 64 ? rest : 64));
			}
			assert_int_equal(strlen(entry.text), len);
			assert_memory_equal(entry.text, text, len);
		}
}

static const struct bad_row {
	const char *label, *field, *value;
} bad_rows[] = {
	{ "unknown field", "ndrs", "a b c" },
	{ "field of no reason", "errors:greylisted", "7" },
	{ "bad number of a reason", "errors:user_unknown", "-7" },
	{ "empty field", "", "7" },
	{ "field is case-sensitive", "Errors", "7" },
	{ "unknown status", "status", "lost" },
	{ "status with a blank", "status", "quarantined " },
	{ "unknown type", "type", "medium" },
	{ "unknown reason", "reason", "greylisted" },
	{ "empty reason", "reason", "" },
	{ "negative number", "errors", "-1" },
	{ "fraction", "errors", "1.5" },
	{ "empty number", "errors", "" },
	{ "number over 63 bits", "release", "9223372036854775808" },
	{ "number over 64 bits", "release", "99999999999999999999" },
};

static void
bad_values_change_nothing(void **state)
{
	const struct bad_row *row = *state;
	struct quarantine_entry e = { .status = QUARANTINE_COUNTING,
		.type = BOUNCE_SOFT,
		.reason = REASON_REFUSED,
		.errors = 2,
		.release_s = 5 },
				before = e;

	quarantine_entry_set(&e, span_of(row->field), span_of(row->value));
	assert_memory_equal(&e, &before, sizeof(e));
}

/* Text longer than its place is cut, and ends in a NUL. */
static void
long_text_is_cut(void **state)
{
	static const char *const fields[] = { "code", "text", "mx", "campaign", "rule", "by" };
	char value[1001];

	(void)state;
	memset(value, 'x', 1000);
	value[1000] = '\0';
	for (size_t i = 0; i < COUNT(fields); i++) {
		struct quarantine_entry *e = calloc(1, sizeof(*e));

		quarantine_entry_set(e, span_of(fields[i]), span_of(value));
		assert_int_equal(strlen(e->code) + strlen(e->text) + strlen(e->mx) +
				     strlen(e->campaign) + strlen(e->rule) + strlen(e->by),
		    i == 0  ? sizeof(e->code) - 1
		    : i < 4 ? QUARANTINE_TEXT_SIZE - 1
			    : sizeof(e->by) - 1);
		free(e);
	}
}

static void
text_ends_with_its_span(void **state)
{
	struct quarantine_entry e = { 0 };

	(void)state;
	quarantine_entry_set(&e, SPAN("text"), span_make("abcdef", 3));
	assert_string_equal(e.text, "abc");
	quarantine_entry_set(&e, SPAN("errors"), span_make("1234", 2));
	assert_int_equal(e.errors, 12);
}

static const struct words_row {
	const char *label;
	struct quarantine_entry entry;
	const char *want;
} words_rows[] = {
	{ "with text",
	    { .reason = REASON_USER_UNKNOWN,
		.since_s = 1795305653,
		.text = "550 5.1.1 no such user",
		.code = "5.1.1" },
	    "quarantined since 2026-11-22: user_unknown (550 5.1.1 no such user)" },
	{ "with a code alone",
	    { .reason = REASON_USER_UNKNOWN, .since_s = 1795305653, .code = "5.1.1" },
	    "quarantined since 2026-11-22: user_unknown (5.1.1)" },
	{ "bare", { .reason = REASON_UNREACHABLE, .since_s = 1795305653 },
	    "quarantined since 2026-11-22: unreachable" },
	{ "with a release",
	    { .reason = REASON_MAILBOX_FULL,
		.since_s = 1795305653,
		.release_s = 1797897653,
		.text = "552 full" },
	    "quarantined since 2026-11-22: mailbox_full (552 full), until 2026-12-22" },
};

static void
words(void **state)
{
	const struct words_row *row = *state;
	struct str out = { 0 };

	str_adds(&out, "a@x.test is ");
	quarantine_entry_words(&row->entry, &out);
	assert_string_equal(str_text(&out) + strlen("a@x.test is "), row->want);
	str_free(&out);
}

static void
status_names(void **state)
{
	(void)state;
	assert_string_equal(quarantine_status_name(QUARANTINE_NONE), "none");
	assert_string_equal(quarantine_status_name(QUARANTINE_COUNTING), "counting");
	assert_string_equal(quarantine_status_name(QUARANTINE_QUARANTINED), "quarantined");
	assert_string_equal(quarantine_status_name(QUARANTINE_HELD), "held");
	assert_string_equal(quarantine_status_name(QUARANTINE_RELEASED), "released");
}

int
main(void)
{
	struct check_list list = { 0 };

	CHECK(&list, policy_is_the_design);
	CHECK(&list, every_field);
	CHECK_ROWS(&list, settles, settle_rows);
	CHECK(&list, fills_in_what_is_left_out);
	CHECK(&list, joins_pieces);
	CHECK_ROWS(&list, bad_values_change_nothing, bad_rows);
	CHECK(&list, long_text_is_cut);
	CHECK(&list, text_ends_with_its_span);
	CHECK_ROWS(&list, words, words_rows);
	CHECK(&list, status_names);
	return check_run(&list, "quarantine");
}
