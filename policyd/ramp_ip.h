/*
 * ramp_ip - judges the warm-up of one IP: some groups at a time, those in use once a day, and at last
 * whether it is warm. For ramp.
 */
#ifndef RAMP_IP_H
#define RAMP_IP_H

#include "ramp.h"
#include "ramp_job.h"

enum { RAMP_IP_AT_ONCE = 8 }; /* groups */

struct ramp_ip { /* part of ramp; ramp_ip_init() */
	struct store_async *store;
	const struct settings *settings; /* ramp's */
	store_done *done;
	void *arg;
	struct ramp_figures figures;
	bool changed; /* nodes are to read warm-ups again; ramp tells them */

	/* Of the IP at hand. */
	struct store_call *call; /* NULL: none is */
	struct arena arena;
	struct ramp_at at;
	int64_t now_s;
	struct store_fields fields, groups;
	bool whole;         /* there are days that are over */
	const char **names; /* encoded, of groups to be judged */
	size_t name_count, next_name;
	int64_t judged_set;
	struct ramp_job jobs[RAMP_IP_AT_ONCE];
	size_t job_count;
};

/* done: STORE_DONE once an IP is judged, or needs not be; otherwise Redis did not do it. */
void ramp_ip_init(struct ramp_ip *ip, store_done *done, void *arg);
/* name lives until it is done. now_s: Redis time. If Redis is away, done comes within the call. */
void ramp_ip_judge(struct ramp_ip *ip, const char *name, int64_t now_s);
/* Without `done`. */
void ramp_ip_cancel(struct ramp_ip *ip);

#endif
