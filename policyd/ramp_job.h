/*
 * ramp_job - a group of a warming IP that is being judged, one day after the other. For ramp.
 *
 *   begin ─▶ (its days are read) ─▶ judge ─▶ (a change is written) ─▶ hear ─▶ judge ─▶ ...
 */
#ifndef RAMP_JOB_H
#define RAMP_JOB_H

#include "settings.h"
#include "store_warmup.h"

struct ramp_at { /* the IP, and the days at hand, as unix days */
	const char *ip;
	struct warmup warmup;
	int64_t today, first;
};

struct ramp_job {
	const char *group;   /* not encoded */
	const char *encoded; /* in fields */
	struct store_warmup_days days;
	size_t next; /* of the days */
	struct warmup_state state;
	struct str before, line; /* its fields as they are in Redis; "" none */
	struct str line_after;
	char after[WARMUP_STATE_SIZE];
	struct warmup_judgement judgement;
	int64_t day;
	int64_t changed; /* by the script */
	bool written;    /* a change of it is under way */
};

/* Asks for its days, if there are any to be judged. encoded, and at, live longer. False: its name
 * cannot be read; job is nothing then. */
bool ramp_job_begin(struct ramp_job *job, const struct ramp_at *at, const char *encoded,
    struct arena *arena, struct store_batch *batch);
void ramp_job_clear(struct ramp_job *job);

/* Up to the next of its days that changes anything; the change is in the batch then, and `written`.
 * Returns how many days were judged. */
uint64_t ramp_job_judge(struct ramp_job *job, const struct ramp_at *at,
    const struct settings *settings, struct store_batch *batch);
/* What was written is done. True: it moved to another stage, or is through; it was told of, in the
 * batch too. */
bool ramp_job_hear(struct ramp_job *job, const struct ramp_at *at, const struct settings *settings,
    struct store_batch *batch);

#endif
