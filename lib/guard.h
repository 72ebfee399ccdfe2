/*
 * guard - the outage guard: whether what a provider answers lately is its own trouble rather than
 * the addresses'. Pure; lua/guard_count.lua gathers the figures, mxbounce asks and acts.
 *
 * A guard stands for an MX group and a reason. While it holds, errors are counted but nobody is
 * quarantined for them (QUARANTINE_HELD) until an operator confirms or dismisses it.
 */
#ifndef GUARD_H
#define GUARD_H

#include <stdbool.h>
#include <stdint.h>

struct guard_policy { /* the group `guard` of mxpace.conf */
	int64_t window_ms;
	int64_t factor; /* so many times the usual is far above it */
	int64_t floor;  /* and not by less than so many errors; 0: no guards */
	int64_t ratio;  /* percent of what was tried that must fail so */
	int64_t quiet_ms;
};

enum guard_state {
	GUARD_NONE,
	GUARD_HELD,  /* quarantines of group and reason are held back */
	GUARD_QUIET, /* all was as usual for quiet_ms: no more are held; those that are wait on */
};

/* All counts are of errors that changed an entry, of the group and reason. Times: Unix time. */
struct guard_figures {
	int64_t state; /* enum guard_state */
	int64_t since_s;
	int64_t far_s;     /* when it was far above the usual last */
	int64_t excused_s; /* confirmed: does not trip again before */
	int64_t now_ms;
	int64_t run; /* errors in a row, since begun_ms */
	int64_t begun_ms;
	int64_t score_milli;                  /* of the run; see guard_count.lua */
	int64_t counted, tried;               /* in the window */
	int64_t counted_lately, tried_lately; /* in this minute and the one before */
	int64_t lately_ms;                    /* how long these two have lasted so far */
	int64_t outcomes; /* 1: mxpolicyd sees what becomes of deliveries (egress) */
	int64_t
	    excess_milli; /* refused beyond what the ratio allows for the delivered; answers.lua */
	int64_t usual, usual_tried, usual_all,
	    usual_minutes; /* some days before the window: errors;
		recipients tried; errors of all groups; minutes that had any */
};
enum { GUARD_FIGURES = 19 }; /* numbers in it, in the order of guard_count.lua's reply */

/* The error counted last makes it look like an outage: all of
 *
 *   run and score   at least `floor` (half as many more where no deliveries of the group are known):
 *                   one error after another of this group, hardly any of the others between them
 *   and, where mxpolicyd sees the outcomes of deliveries:
 *     excess        at least `floor` recipients refused beyond `ratio` percent
 *   or, where it only knows how many recipients it let through:
 *     the run is as fast as `ratio` percent of what was let through in this minute and the last, or
 *     the window's errors are `ratio` percent of its recipients; and the errors of these two minutes
 *     are more than usual for so many recipients (a tenth of `ratio` while nothing is usual yet)
 *   or, where it knows nothing:
 *     the run is `factor` times as fast as errors usually come, in minutes that have any
 */
bool guard_is_far(const struct guard_policy *policy, const struct guard_figures *figures);

/* What is to be done after an error was counted. */
enum guard_step {
	GUARD_STAY,
	GUARD_TRIP,    /* holds from now on */
	GUARD_GO_ON,   /* holds, and still has reason to: note the time */
	GUARD_QUIETEN, /* holds without a reason for quiet_ms */
};
enum guard_step guard_judge(const struct guard_policy *policy, const struct guard_figures *figures);

/* Errors for 1000 recipients tried: in the window, usually. -1: not known. */
int64_t guard_rate(const struct guard_figures *figures);
int64_t guard_usual_rate(const struct guard_figures *figures);

#endif
