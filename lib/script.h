/*
 * script - the Lua scripts of lib/lua/, embedded at build time with the preludes they name before
 * them, and their SHA-1 for EVALSHA.
 */
#ifndef SCRIPT_H
#define SCRIPT_H

#include "span.h"

enum script {
	SCRIPT_NONE = -1,
	SCRIPT_TAKE,
	SCRIPT_GIVE_BACK,
	SCRIPT_ERROR,
	SCRIPT_GRANT,
	SCRIPT_SETTLE,
	SCRIPT_BACKOFF,
	SCRIPT_RESTORE,
	SCRIPT_DELIVERED,
	SCRIPT_DELIVERED_COUNT,
	SCRIPT_REMOVE,
	SCRIPT_PUT,
	SCRIPT_SENDER,
	SCRIPT_SENDER_ORDER,
	SCRIPT_COMPLAINT,
	SCRIPT_COMPLAINED,
	SCRIPT_IMPORT,
	SCRIPT_UNDO,
	SCRIPT_PRUNE,
	SCRIPT_ANSWERS,
	SCRIPT_GUARD_COUNT,
	SCRIPT_GUARD_SET,
	SCRIPT_GUARD_ENTRY,
	SCRIPT_LEVEL,
	SCRIPT_MAIL_TAKE,
	SCRIPT_MAIL_DIGEST,
	SCRIPT_MAIL_END,
	SCRIPT_WARMUP_DAY,
	SCRIPT_WARMUP_SET,
	SCRIPT_DENIED,
	SCRIPT_TRACE,
	SCRIPT_COUNT
};

struct span script_text(enum script script);
const char *script_sha1(enum script script); /* 40 hex digits */
const char *script_name(enum script script); /* "take" */

#endif
