/*
 * level_show - the levels that hold, and who said so; and whether Postfix was told what they mean
 * for messages on one connection, which is the one figure that stands in its configuration.
 */
#ifndef LEVEL_SHOW_H
#define LEVEL_SHOW_H

#include "ctl.h"

/* Of one scope and name, or with PACE_ALL of everything that has a level. */
enum ctl_exit level_show(struct ctl *ctl, const struct conf_strings *ips, enum pace_scope scope,
    const char *name);

/* For status: the level of all, and how many IPs, pools and rules have another one. */
void level_show_status(struct ctl *ctl);

/* A note when transports of this host have another figure than the levels that hold now want. */
void level_show_set_up(struct ctl *ctl);

#endif
