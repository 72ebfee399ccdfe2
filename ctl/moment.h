/*
 * moment - a time that an option names: so long ago, or a day.
 */
#ifndef MOMENT_H
#define MOMENT_H

#include "ctl.h"

/* "7d" ago, or "2026-11-22", in UTC: its beginning, for --until its end. Unix time. -1 and a
 * complaint: neither. */
int64_t moment_read(struct ctl *ctl, enum ctl_option option, int64_t now_s);

#endif
