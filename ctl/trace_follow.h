/*
 * trace_follow - the lines of traces as they come from all nodes, one a line.
 */
#ifndef TRACE_FOLLOW_H
#define TRACE_FOLLOW_H

#include "ctl.h"
#include "store_events.h"

struct trace_follow {
	struct ctl *ctl;
	const char *pattern;             /* only of this one; NULL: of all */
	int64_t until_ms;                /* monotonic; 0: for ever */
	char after[STORE_EVENT_ID_SIZE]; /* the last line that was shown */
};

enum ctl_exit trace_follow(struct trace_follow *follow);

#endif
