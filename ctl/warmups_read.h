/*
 * warmups_read - warm-ups as the commands of mxctl look at them.
 */
#ifndef WARMUPS_READ_H
#define WARMUPS_READ_H

#include "ctl.h"
#include "store_warmup.h"

struct warmups;

/* All that run or are paused, read once a run; what holds for groups (in_force.h). If Redis does not
 * answer: none. Commands that do not need the store may ask too. */
const struct warmups *warmups_in_force(struct ctl *ctl);

/* One IP's, over ones included. -1 and a complaint: Redis did not answer, or what it has of it makes
 * no sense. */
int warmup_read_ip(struct ctl *ctl, const char *ip, struct warmup *warmup);

/* The names of all that run or are paused, sorted, in ctl's arena. */
int warmups_read_names(struct ctl *ctl, struct conf_strings *names);

/* Days, as Redis TIME has it. -1 and a complaint. */
int warmup_today(struct ctl *ctl, int64_t *today, int64_t *now_s);

#endif
