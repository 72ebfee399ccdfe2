/*
 * ctl - one run of mxctl: what was asked, and what the commands work with. A command is a function
 * that returns how mxctl exits; command.c has the table of them.
 */
#ifndef CTL_H
#define CTL_H

#include "arena.h"
#include "mx_rules.h"
#include "out.h"
#include "pace.h"
#include "settings.h"
#include "store_sync.h"

enum ctl_exit {
	CTL_DONE,
	CTL_NO, /* the answer is no, or the configuration is wrong */
	CTL_USAGE,
	CTL_AWAY, /* store or daemon unreachable */
};

enum ctl_option {
	CTL_OPTION_SENDER,
	CTL_OPTION_RECIPIENT,
	CTL_OPTION_WATCH,
	CTL_OPTION_MATCH,
	CTL_OPTION_COUNTING,
	CTL_OPTION_REASON,
	CTL_OPTION_FOR,
	CTL_OPTION_TEXT,
	CTL_OPTION_DIRECTORY,
	CTL_OPTION_DRY_RUN,
	CTL_OPTION_TIMERS,
	CTL_OPTION_FORCE,
	CTL_OPTION_RELOAD,
	CTL_OPTION_IP,
	CTL_OPTION_RATE,
	CTL_OPTION_CONNECTIONS,
	CTL_OPTION_SUSPEND,
	CTL_OPTION_WHY,
	CTL_OPTION_ALL,
	CTL_OPTION_MAILLOG,
	CTL_OPTION_STREAM,
	CTL_OPTION_CONSUMERS,
	CTL_OPTION_FULLY,
	CTL_OPTION_OFF,
	CTL_OPTION_LISTS,
	CTL_OPTION_GROUP,
	CTL_OPTION_DOMAIN,
	CTL_OPTION_RULE,
	CTL_OPTION_CAMPAIGN,
	CTL_OPTION_OF_LIST,
	CTL_OPTION_ACCOUNT,
	CTL_OPTION_SINCE,
	CTL_OPTION_UNTIL,
	CTL_OPTION_STATUS,
	CTL_OPTION_SHOW,
	CTL_OPTION_FORMAT,
	CTL_OPTION_RESUME,
	CTL_OPTION_RELEASE,
	CTL_OPTION_LIMIT,
	CTL_OPTION_COLUMN,
	CTL_OPTION_EXPORT,
	CTL_OPTION_FORGET,
	CTL_OPTION_OUTPUT,
	CTL_OPTION_FOLLOW,
	CTL_OPTION_UNDO,
	CTL_OPTION_FROM_FLEET,
	CTL_OPTION_KEY,
	CTL_OPTION_AS,
	CTL_OPTION_ONCE,
	CTL_OPTION_ORIGIN,
	CTL_OPTION_BOUNCE,
	CTL_OPTION_PLAN,
	CTL_OPTION_HISTORY,
	CTL_OPTION_LEVEL,
	CTL_OPTION_POOL,
	CTL_OPTION_LIST,
	CTL_OPTIONS
};

struct ctl {
	FILE *in, *stream, *errors;
	const char *file; /* the configuration's name */
	bool json;
	size_t width;                     /* of the terminal */
	const char *options[CTL_OPTIONS]; /* values; "" for one without; NULL: not given */
	const char *const *operands;
	size_t operand_count;

	struct settings *settings;
	struct mx_rules *rules;
	struct pace_sets levels;        /* set in Redis (in_force.h) */
	bool levels_read, levels_known; /* asked for; answered */
	struct warmups *warmups;        /* read from Redis; NULL: not yet (warmups_read.h) */
	struct store_sync *store;
	struct store_batch batch; /* for the next ctl_store_run() */
	struct out *out;          /* ctl_out() */
	struct arena arena;       /* lives as long as the run */
};

/* What a command needs before it starts. */
enum ctl_needs {
	CTL_NEEDS_NOTHING = 0,
	CTL_NEEDS_SETTINGS = 1,
	CTL_NEEDS_RULES = 2 | CTL_NEEDS_SETTINGS,
	CTL_NEEDS_STORE = 4 | CTL_NEEDS_SETTINGS,
};

/* Says what is in the way; a run that cannot have what it needs does not start. */
enum ctl_exit ctl_open(struct ctl *ctl, unsigned needs);
/* Ends the document too. -1: it could not be written. */
int ctl_close(struct ctl *ctl);

/* "mxctl: words" on the error stream. */
void ctl_complain(struct ctl *ctl, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Mistakes of configuration files, one a line. */
void ctl_complain_mistakes(struct ctl *ctl, const struct conf_errors *errors);

/* The document of this run, begun when first asked for. */
struct out *ctl_out(struct ctl *ctl);

/* Connects; -1 and words: the store is away. For commands that have something to say without it. */
int ctl_store_open(struct ctl *ctl, struct err *err);
/* For what takes minutes and should not break off because Redis is busy: waits ten seconds for each
 * reply. The one that is open stays if there is no other. */
void ctl_store_be_patient(struct ctl *ctl);
/* Runs and empties ctl->batch. -1 and words: it did not go as it should. */
int ctl_store_run(struct ctl *ctl, struct err *err);
/* The same for commands that can do nothing else: says so. CTL_DONE or CTL_AWAY. */
enum ctl_exit ctl_store_must(struct ctl *ctl);

/* Redis TIME. */
struct ctl_time {
	int64_t s, ms; /* Unix time; ms is that same time in milliseconds */
};
int ctl_store_time(struct ctl *ctl, struct ctl_time *time, struct err *err);

/* The normal form of an address; says so when it is none (NULL). */
const char *ctl_address(struct ctl *ctl, const char *text);
/* The one that its entry is kept under (quarantine_address.h), likewise. */
const char *ctl_quarantine_address(struct ctl *ctl, const char *text);

#endif
