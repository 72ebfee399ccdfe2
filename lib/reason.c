#include "reason.h"

const char *const reason_names[] = {
	[REASON_UNDEFINED] = "undefined",
	[REASON_USER_UNKNOWN] = "user_unknown",
	[REASON_MAILBOX_FULL] = "mailbox_full",
	[REASON_INACTIVE_USER] = "inactive_user",
	[REASON_INVALID_DOMAIN] = "invalid_domain",
	[REASON_REFUSED] = "refused",
	[REASON_UNREACHABLE] = "unreachable",
	[REASON_MESSAGE_TOO_LARGE] = "message_too_large",
	[REASON_NOT_CONNECTED] = "not_connected",
	[REASON_AUTO_REPLY] = "auto_reply",
	[REASON_DELAYED] = "delayed",
	[REASON_FEEDBACK_LOOP] = "feedback_loop",
	[REASON_COUNT] = NULL,
};

const char *const bounce_type_names[] = {
	[BOUNCE_IGNORED] = "ignored",
	[BOUNCE_SOFT] = "soft",
	[BOUNCE_HARD] = "hard",
	NULL,
};

static const enum bounce_type usual_types[REASON_COUNT] = {
	[REASON_UNDEFINED] = BOUNCE_IGNORED,
	[REASON_USER_UNKNOWN] = BOUNCE_HARD,
	[REASON_MAILBOX_FULL] = BOUNCE_SOFT,
	[REASON_INACTIVE_USER] = BOUNCE_SOFT,
	[REASON_INVALID_DOMAIN] = BOUNCE_SOFT,
	[REASON_REFUSED] = BOUNCE_SOFT,
	[REASON_UNREACHABLE] = BOUNCE_SOFT,
	[REASON_MESSAGE_TOO_LARGE] = BOUNCE_SOFT,
	[REASON_NOT_CONNECTED] = BOUNCE_SOFT,
	[REASON_AUTO_REPLY] = BOUNCE_IGNORED,
	[REASON_DELAYED] = BOUNCE_IGNORED,
	[REASON_FEEDBACK_LOOP] = BOUNCE_HARD,
};

static int
find(const char *const *names, struct span name)
{
	for (int i = 0; names[i] != NULL; i++)
		if (span_eq(span_of(names[i]), name))
			return i;
	return -1;
}

const char *
reason_name(enum reason reason)
{
	return reason_names[reason];
}

enum bounce_type
reason_usual_type(enum reason reason)
{
	return usual_types[reason];
}

int
reason_parse(struct span name, enum reason *reason)
{
	int i = find(reason_names, name);

	if (i < 0)
		return -1;
	*reason = (enum reason)i;
	return 0;
}

const char *
bounce_type_name(enum bounce_type type)
{
	return bounce_type_names[type];
}

int
bounce_type_parse(struct span name, enum bounce_type *type)
{
	int i = find(bounce_type_names, name);

	if (i < 0)
		return -1;
	*type = (enum bounce_type)i;
	return 0;
}
