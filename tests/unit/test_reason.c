#include "check.h"
#include "reason.h"

static const struct reason_row {
	const char *label;
	enum reason reason;
	enum bounce_type type;
} reason_rows[] = {
	{ "undefined", REASON_UNDEFINED, BOUNCE_IGNORED },
	{ "user_unknown", REASON_USER_UNKNOWN, BOUNCE_HARD },
	{ "mailbox_full", REASON_MAILBOX_FULL, BOUNCE_SOFT },
	{ "inactive_user", REASON_INACTIVE_USER, BOUNCE_SOFT },
	{ "invalid_domain", REASON_INVALID_DOMAIN, BOUNCE_SOFT },
	{ "refused", REASON_REFUSED, BOUNCE_SOFT },
	{ "unreachable", REASON_UNREACHABLE, BOUNCE_SOFT },
	{ "message_too_large", REASON_MESSAGE_TOO_LARGE, BOUNCE_SOFT },
	{ "not_connected", REASON_NOT_CONNECTED, BOUNCE_SOFT },
	{ "auto_reply", REASON_AUTO_REPLY, BOUNCE_IGNORED },
	{ "delayed", REASON_DELAYED, BOUNCE_IGNORED },
	{ "feedback_loop", REASON_FEEDBACK_LOOP, BOUNCE_HARD },
};

static void
reasons(void **state)
{
	const struct reason_row *row = *state;
	enum reason reason;

	assert_int_equal(reason_parse(span_of(row->label), &reason), 0);
	assert_int_equal(reason, row->reason);
	assert_string_equal(reason_name(row->reason), row->label);
	assert_int_equal(reason_usual_type(row->reason), row->type);
}

static void
no_reasons(void **state)
{
	static const char *const names[] = { "", "User_unknown", "user_unknown ", "user", "hard" };
	enum reason reason = REASON_REFUSED;

	(void)state;
	assert_int_equal(COUNT(reason_rows), REASON_COUNT);
	assert_null(reason_names[REASON_COUNT]);
	for (size_t i = 0; i < COUNT(names); i++)
		assert_int_equal(reason_parse(span_of(names[i]), &reason), -1);
	assert_int_equal(reason, REASON_REFUSED);
}

static void
types(void **state)
{
	static const struct {
		const char *name;
		enum bounce_type type;
	} rows[] = { { "ignored", BOUNCE_IGNORED }, { "soft", BOUNCE_SOFT },
		{ "hard", BOUNCE_HARD } };
	enum bounce_type type;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		assert_int_equal(bounce_type_parse(span_of(rows[i].name), &type), 0);
		assert_int_equal(type, rows[i].type);
		assert_string_equal(bounce_type_name(rows[i].type), rows[i].name);
	}
	assert_int_equal(bounce_type_parse(SPAN("Hard"), &type), -1);
	assert_int_equal(bounce_type_parse(SPAN(""), &type), -1);
	assert_int_equal(type, BOUNCE_HARD);
	assert_null(bounce_type_names[COUNT(rows)]);
}

int
main(void)
{
	struct check_list list = { 0 };

	CHECK_ROWS(&list, reasons, reason_rows);
	CHECK(&list, no_reasons);
	CHECK(&list, types);
	return check_run(&list, "reason");
}
