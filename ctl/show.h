/*
 * show - what several commands show alike: a rule, a quarantine entry.
 */
#ifndef SHOW_H
#define SHOW_H

#include "ctl.h"

/* "/etc/mxpace/mx-rules.conf:12" */
struct out_value show_place(struct ctl *ctl, const char *file, unsigned line);

/* The values of an entry, into the part that is open. For people nothing if there is none. */
void show_entry(struct ctl *ctl, const struct quarantine_entry *entry, int64_t now_s);

/* "quarantined since 2026-11-22: user_unknown (550 5.1.1 ...)", "2 errors counted: mailbox_full",
 * "not in quarantine". ctl's arena. */
const char *show_entry_words(struct ctl *ctl, const struct quarantine_entry *entry);

#endif
