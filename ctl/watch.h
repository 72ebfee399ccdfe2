/*
 * watch - the same picture again and again, once a second at most: in place on a terminal, else one
 * below the other with an empty line between.
 */
#ifndef WATCH_H
#define WATCH_H

#include "ctl.h"

/* From one picture to the next; a test has less time. */
extern int64_t watch_every_ms;

/* One picture, into ctl_out(); ctl's arena is its own. */
typedef enum ctl_exit watch_draw(struct ctl *ctl);

/* For so long (0: no end); on a terminal only what fits is shown. Returns what the last picture
 * came to. SIGINT and SIGTERM end the program (CTL_DONE). */
enum ctl_exit watch(struct ctl *ctl, int64_t for_ms, watch_draw *draw);

#endif
