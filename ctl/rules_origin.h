/*
 * rules_origin - where the rules in force come from, key by key, and what is switched off.
 */
#ifndef RULES_ORIGIN_H
#define RULES_ORIGIN_H

#include "ctl.h"

/* `rules show [NAME] --origin`, and with --bounce. */
enum ctl_exit rules_show_origin(struct ctl *ctl);
enum ctl_exit rules_show_bounce(struct ctl *ctl);

/* The MX rules that are switched off; nothing if there are none. */
void rules_show_off(struct ctl *ctl);
/* Says that no MX rule of this name is in force, and whether one is switched off. */
void rules_complain_unknown(struct ctl *ctl, const char *name);

#endif
