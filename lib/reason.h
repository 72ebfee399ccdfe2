/*
 * reason - why a recipient did not get a message, and how final that is. The words are those that
 * bounce rules, Redis, reports and logs use.
 */
#ifndef REASON_H
#define REASON_H

#include "span.h"

enum bounce_type { BOUNCE_IGNORED, BOUNCE_SOFT, BOUNCE_HARD };

enum reason {
	REASON_UNDEFINED,
	REASON_USER_UNKNOWN,
	REASON_MAILBOX_FULL,
	REASON_INACTIVE_USER,
	REASON_INVALID_DOMAIN,
	REASON_REFUSED,
	REASON_UNREACHABLE,
	REASON_MESSAGE_TOO_LARGE,
	REASON_NOT_CONNECTED,
	REASON_AUTO_REPLY,
	REASON_DELAYED,
	REASON_FEEDBACK_LOOP,
	REASON_COUNT
};

const char *reason_name(enum reason reason);             /* "user_unknown" */
enum bounce_type reason_usual_type(enum reason reason);  /* design section 3 */
int reason_parse(struct span name, enum reason *reason); /* -1: no such */
const char *bounce_type_name(enum bounce_type type);     /* "hard" "soft" "ignored" */
int bounce_type_parse(struct span name, enum bounce_type *type);

/* NULL-terminated, in the order of the enums; for tables of configuration keys. */
extern const char *const reason_names[];
extern const char *const bounce_type_names[];

#endif
