/*
 * rules_status - which rules are in force on this host, and how their updates go.
 */
#ifndef RULES_STATUS_H
#define RULES_STATUS_H

#include "ctl.h"

/* Adds `mx_rules` (file, version, how many) and `rules_updates` to the document. */
void rules_status_show(struct ctl *ctl);

/* Adds the file of the MX rules in force and their version. */
void rules_status_place(struct ctl *ctl);

#endif
