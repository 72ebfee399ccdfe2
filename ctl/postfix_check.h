/*
 * postfix_check - whether what Postfix was told still fits the settings and rules.
 */
#ifndef POSTFIX_CHECK_H
#define POSTFIX_CHECK_H

#include "ctl.h"
#include "postfix_draft.h"

/* Opens a draft and plans it; what `enforce` = "admission" wants is nothing of ours. -1 and words;
 * postfix_draft_free() in any case. */
int postfix_check_open(struct ctl *ctl, const char *folder, bool timers,
    struct postfix_draft *draft, struct err *err);
/* Postfix is told what it has to be told: comments and the order of lines do not count (postconf -e
 * adds lines behind ours), nor the queue's timers, as an operator may have others. */
bool postfix_check_fits(const struct postfix_draft *draft);

/* A line for each configuration directory that was set up on this host, and a warning where that
 * does not fit or is missing. Without egress or observe, and where nothing is set up: nothing. */
void postfix_check_show(struct ctl *ctl);

#endif
