#include "check.h"
#include "outcome.h"

/* Action and Status as the fields have them, and what counts. */
static const struct complete_row {
	const char *label, *action, *status, *said;
	unsigned code;
	const char *want, *host;
} complete_rows[] = {
	{ "the field alone", "failed", "5.1.1", "", 0, "5.1.1", "" },
	{ "both the same", "failed", "5.1.1", "550 5.1.1 no", 550, "5.1.1", "" },
	{ "no field", "failed", "", "550 5.1.1 no", 550, "5.1.1", "" },
	{ "a vague field", "failed", "5.0.0", "550 no (#5.7.1)", 550, "5.7.1", "" },
	{ "a vague field of the other class", "failed", "4.0.0", "554 5.7.1 no", 554, "5.7.1", "" },
	{ "a vague field, and nothing better", "failed", "4.0.0", "554 no", 554, "4.0.0", "" },
	{ "the field is made from the code alone", "failed", "5.1.1", "550 5.7.1 no", 550, "5.7.1",
	    "" },
	{ "words without a reply: the field is as good", "failed", "5.1.1", "no (#5.7.1)", 0,
	    "5.1.1", "" },
	{ "the server is vague", "failed", "5.1.1", "550 5.0.0 no", 550, "5.1.1", "" },
	{ "the server is vague, no field", "failed", "", "550 5.0.0 no", 550, "5.0.0", "" },
	{ "the sender gave up, the server said why", "failed", "4.4.7", "452 4.2.2 full", 452,
	    "4.2.2", "" },
	{ "the sender gave up", "failed", "4.4.7", "451 later", 451, "4.4.7", "" },
	{ "an expiry that quotes the last reply", "failed", "5.4.7",
	    "554 5.4.7 expired <421 4.4.2 timed out>", 421, "4.4.2", "" },
	{ "another class", "failed", "5.1.1", "450 4.2.0 later", 450, "4.2.0", "" },
	{ "another class, against its own reply", "failed", "5.1.1", "550 4.2.0 no", 550, "5.1.1",
	    "" },
	{ "success beside a failure", "failed", "2.0.0", "550 5.1.1 no", 550, "5.1.1", "" },
	{ "success, nothing else", "failed", "2.0.0", "no", 0, "", "" },
	{ "delivered", "delivered", "2.1.5", "250 2.1.5 Ok", 250, "2.1.5", "" },
	{ "delivered, Postfix's words", "relayed", "2.0.0",
	    "delivery via mx.d.test[192.0.2.1]:25: 250 2.0.0 Ok", 250, "2.0.0", "mx.d.test" },
	{ "delivered locally", "delivered", "2.0.0", "delivered to mailbox", 0, "2.0.0", "" },
	{ "a host in it", "failed", "5.1.1", "host mx.d.test[192.0.2.1] said: 550 no", 550, "5.1.1",
	    "mx.d.test" },
};

static void
completes(void **state)
{
	const struct complete_row *row = *state;
	struct report_recipient recipient = { .remote_mta = "" };
	struct arena arena;

	arena_init(&arena);
	recipient.action = row->action;
	recipient.status = row->status;
	recipient.diagnostic = row->said;
	outcome_complete(&arena, &recipient, span_of(row->said));
	assert_int_equal(recipient.reply_code, row->code);
	assert_string_equal(recipient.status, row->want);
	assert_string_equal(recipient.remote_mta, row->host);
	arena_clear(&arena);
}

static const struct action_row {
	const char *label, *field, *want;
} action_rows[] = {
	{ "failed", "failed", "failed" },
	{ "a comment", "failed (bounced)", "failed" },
	{ "Failure", "Failure", "failed" },
	{ "error", "error", "failed" },
	{ "expired", "expired", "failed" },
	{ "undeliverable", "undeliverable", "failed" },
	{ "delayed", " Delayed", "delayed" },
	{ "deferred", "deferred", "delayed" },
	{ "delivered", "delivered (to mailbox)", "delivered" },
	{ "deliverable", "deliverable", "delivered" },
	{ "relayed", "relayed", "relayed" },
	{ "expanded", "expanded", "expanded" },
	{ "none", "none", "" },
	{ "empty", "", "" },
};

static void
names_action(void **state)
{
	const struct action_row *row = *state;

	assert_string_equal(outcome_action(span_of(row->field)), row->want);
}

static void
tells_words(void **state)
{
	(void)state;
	assert_true(outcome_has_words(span_of("550 5.1.1 no such user")));
	assert_true(outcome_has_words(span_of("550 #5.7.1 spam")));
	assert_true(outcome_has_words(span_of("届きません")));
	assert_false(outcome_has_words(span_of("550 5.1.1")));
	assert_false(outcome_has_words(span_of("77")));
	assert_false(outcome_has_words(span_of("550 no")));
	assert_false(outcome_has_words(span_of("")));
}

int
main(void)
{
	struct check_list list = { 0 };

	CHECK_ROWS(&list, completes, complete_rows);
	CHECK_ROWS(&list, names_action, action_rows);
	CHECK(&list, tells_words);
	return check_run(&list, "outcome");
}
