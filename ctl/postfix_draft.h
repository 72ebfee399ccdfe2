/*
 * postfix_draft - how main.cf and master.cf of a configuration directory are, were without us, and
 * should be. Works on copies in a folder of its own, so that looking changes nothing and what is
 * put in place is whole.
 */
#ifndef POSTFIX_DRAFT_H
#define POSTFIX_DRAFT_H

#include "postfix_plan.h"
#include "postfix_state.h"

struct postfix_draft {
	const char *folder; /* the configuration directory, absolute */
	struct postfix_state state;
	struct postfix_files now;
	struct postfix_files base; /* without what is ours; what others changed since stays */
	bool is_ours;              /* now is as we left it; base then is the original */
	struct postfix_files next;
	struct postfix_site site;
	struct postfix_plan plan; /* of setup */
	struct postfix_options overwritten;
	struct arena arena;
};

/* Reads the directory and the state kept of it; base is what remove puts in place. -1 and words;
 * postfix_draft_free() in any case. */
int postfix_draft_open(struct postfix_draft *draft, const char *folder, const char *state_dir,
    struct err *err);
/* Fills in plan and, unless it has mistakes, next. sets: levels set in Redis. timers: with those too. */
int postfix_draft_plan(struct postfix_draft *draft, const struct settings *settings,
    const struct mx_rules *rules, const struct pace_sets *sets, bool timers, struct err *err);
/* The same where nothing of ours is wanted. */
void postfix_draft_keep_base(struct postfix_draft *draft);
/* Puts `files` in place. */
int postfix_draft_install(const struct postfix_draft *draft, const struct postfix_files *files,
    struct err *err);
void postfix_draft_free(struct postfix_draft *draft);

/* `diff -u` from one to the other. */
int postfix_draft_diff(const struct postfix_draft *draft, const struct postfix_files *from,
    const struct postfix_files *to, struct str *out, struct err *err);

#endif
