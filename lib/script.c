#include "script.h"

#include "lua_scripts.inc"

#define ROW(name)                                                            \
	{                                                                    \
#name, sha1_##name, script_##name, sizeof(script_##name) - 1 \
	}
static const struct {
	const char *name, *sha1, *text;
	size_t len;
} scripts[SCRIPT_COUNT] = {
	[SCRIPT_TAKE] = ROW(take),
	[SCRIPT_GIVE_BACK] = ROW(give_back),
	[SCRIPT_ERROR] = ROW(error),
	[SCRIPT_GRANT] = ROW(grant),
	[SCRIPT_SETTLE] = ROW(settle),
	[SCRIPT_BACKOFF] = ROW(backoff),
	[SCRIPT_RESTORE] = ROW(restore),
	[SCRIPT_DELIVERED] = ROW(delivered),
	[SCRIPT_DELIVERED_COUNT] = ROW(delivered_count),
	[SCRIPT_REMOVE] = ROW(remove),
	[SCRIPT_PUT] = ROW(put),
	[SCRIPT_SENDER] = ROW(sender),
	[SCRIPT_SENDER_ORDER] = ROW(sender_order),
	[SCRIPT_COMPLAINT] = ROW(complaint),
	[SCRIPT_COMPLAINED] = ROW(complained),
	[SCRIPT_IMPORT] = ROW(import),
	[SCRIPT_UNDO] = ROW(undo),
	[SCRIPT_PRUNE] = ROW(prune),
	[SCRIPT_ANSWERS] = ROW(answers),
	[SCRIPT_GUARD_COUNT] = ROW(guard_count),
	[SCRIPT_GUARD_SET] = ROW(guard_set),
	[SCRIPT_GUARD_ENTRY] = ROW(guard_entry),
	[SCRIPT_LEVEL] = ROW(level),
	[SCRIPT_MAIL_TAKE] = ROW(mail_take),
	[SCRIPT_MAIL_DIGEST] = ROW(mail_digest),
	[SCRIPT_MAIL_END] = ROW(mail_end),
	[SCRIPT_WARMUP_DAY] = ROW(warmup_day),
	[SCRIPT_WARMUP_SET] = ROW(warmup_set),
	[SCRIPT_DENIED] = ROW(denied),
	[SCRIPT_TRACE] = ROW(trace),
};

struct span
script_text(enum script script)
{
	return span_make(scripts[script].text, scripts[script].len);
}

const char *
script_sha1(enum script script)
{
	return scripts[script].sha1;
}

const char *
script_name(enum script script)
{
	return scripts[script].name;
}
