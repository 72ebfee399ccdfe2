/*
 * warmup - ramp-up of a new sending IP: what a plan allows an MX group today, and what a day's
 * figures make of that. Pure; days are numbered from 1970-01-01, and are those of UTC.
 *
 * Each MX group climbs the plan's stages by itself, from the first. A stage has a cap of messages in
 * any 24 hours and a level; it is left for the next one after `days` days that count:
 *
 *   enough was delivered (`volume` percent of the cap), `accepted` percent of it or more were
 *   accepted, no backoff, few complaints
 *
 * A day below `trouble` percent accepted, or with a backoff, takes the group one stage back; a
 * backoff at once, before its day is over, but once a day. Any other day changes nothing: a holiday
 * without mail, one with too little mail. After its last stage a group is done.
 *
 * Accepted are, of the recipients a provider answered for, those it took:
 *
 *   delivered / (delivered + bounced + deferred - greylisted)
 *
 * A bounce counts whatever its reason, as unknown users harm a new IP as much as spam does. A
 * deferral counts each time, as it is how providers slow down an IP they do not know; a host that
 * does not answer a new IP refuses it in its own way. Greylisting says nothing of the sender: such
 * answers are taken out. What mxpolicyd itself denied never reached the provider.
 */
#ifndef WARMUP_H
#define WARMUP_H

#include <stdbool.h>
#include <stdint.h>

#include "level.h"

enum { WARMUP_STAGES_MAX = 35 }; /* each has a digit or a letter in the time line */
/* Fewer answers say nothing of how much is accepted, fewer complaints nothing of their rate. */
enum { WARMUP_ANSWERS_LEAST = 20, WARMUP_COMPLAINTS_LEAST = 3 };
/* A day's figures are in Redis for so long after it; days before are not judged. */
enum { WARMUP_DAYS_BACK = 7 };

struct warmup_stage {
	int64_t days; /* that must count */
	int64_t cap;  /* messages in 24 hours, for each MX group */
	int level;    /* enum level: at most; LEVEL_NONE: whatever is in force */
};

struct warmup_plan {
	const char *name;
	const struct warmup_stage *stages;
	size_t stage_count; /* at least 1 */
};

enum warmup_overflow { WARMUP_POOL, WARMUP_WAIT };
extern const char *const warmup_overflow_names[];

struct warmup_policy {
	int64_t volume;     /* percent of the cap that must be delivered for a day to count */
	int64_t accepted;   /* percent, at least */
	int64_t trouble;    /* percent; below, a stage back */
	int64_t complaints; /* of a thousand delivered, at most */
	int overflow;       /* enum warmup_overflow: what becomes of mail beyond the cap */
};

struct warmup_state {  /* of one MX group */
	size_t stage;  /* from 1 */
	int64_t good;  /* days that counted in this stage */
	int64_t day;   /* the last one judged */
	int64_t since; /* the first day in this stage */
	bool done;
};

struct warmup_day { /* what the sending IP's mail to the group came to */
	int64_t day;
	bool over; /* false: what there is so far */
	/* Recipients; greylisted are some of those deferred. */
	int64_t delivered, bounced, deferred, greylisted;
	int64_t complaints;
	int64_t backoffs;
};

enum warmup_verdict {
	WARMUP_UNJUDGED, /* its figures are gone, or the warm-up was paused */
	WARMUP_NO_MAIL,
	WARMUP_LITTLE,   /* too little to count */
	WARMUP_HELD,     /* enough, but not well enough taken */
	WARMUP_COUNTED,  /* one day of the stage */
	WARMUP_UP,       /* and its last one */
	WARMUP_DOWN,     /* a stage back */
	WARMUP_FINISHED, /* the last day of the last stage */
	WARMUP_VERDICTS
};

enum { WARMUP_WORDS_SIZE = 160 };

struct warmup_judgement {
	enum warmup_verdict verdict;
	size_t from; /* the stage that day */
	char words[WARMUP_WORDS_SIZE];
};

/* "up", in history and events; a sign in the time line. */
const char *warmup_verdict_name(enum warmup_verdict verdict);
char warmup_verdict_sign(enum warmup_verdict verdict);
/* The verdict of a sign; -1: there is none. */
int warmup_sign_verdict(char sign);

/* The first day to be judged of a group last judged on `judged` (0: never, began on `began`), today
 * being another; today itself: nothing but trouble. today + 1: none, today was judged as well. */
int64_t warmup_next_day(int64_t judged, int64_t began, int64_t today);

/* What the day makes of the state. A day that is not over changes it only by a backoff. The state's
 * stage is bounded by the plan's. False: nothing changed, not even the day judged last. */
bool warmup_judge(const struct warmup_plan *plan, const struct warmup_policy *policy,
    const struct warmup_day *day, struct warmup_state *state, struct warmup_judgement *judgement);

/* An operator's order: the next stage at once. */
void warmup_skip(const struct warmup_plan *plan, int64_t today, struct warmup_state *state,
    struct warmup_judgement *judgement);

/* Percent of a day's answers, rounded down; -1: there were none. */
int64_t warmup_accepted(const struct warmup_day *day);

/* Days until the plan ends if each one counts from now on, today included; 0: it is done. state
 * NULL: the whole plan. */
int64_t warmup_days_left(const struct warmup_plan *plan, const struct warmup_state *state);

#endif
