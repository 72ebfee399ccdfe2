/*
 * intake - how many messages of one MX group and sending IP stand in Postfix' active queue, as the
 * transport look-ups let them in and the status look-ups see them out. Pure.
 *
 * An estimate that heals: what has not come out after INTAKE_FORGET_S is forgotten (mail deleted,
 * verification probes, look-ups that resolve_clnt answered from its cache...).
 */
#ifndef INTAKE_H
#define INTAKE_H

#include <stdbool.h>
#include <stdint.h>

enum { INTAKE_SLICES = 16, INTAKE_SLICE_S = 60, INTAKE_FORGET_S = INTAKE_SLICES * INTAKE_SLICE_S };

struct intake {                        /* { 0 } is empty */
	int64_t slices[INTAKE_SLICES]; /* let in per slice of time, less those that came out */
	int64_t head;                  /* number of the newest slice */
	int64_t inside;                /* sum */
	int64_t refused_ms;            /* when one was last told to come again; 0: never */
	int64_t refused;               /* since the group was last not behind */
};

/* A group that has refused is behind for so long. */
enum { INTAKE_BEHIND_MS = 120000 };

void intake_enter(struct intake *intake, int64_t now_ms);
void intake_leave(struct intake *intake, int64_t now_ms); /* the oldest */
int64_t intake_inside(struct intake *intake, int64_t now_ms);
/* One was told to come again. */
void intake_refuse(struct intake *intake, int64_t now_ms);
/* waiting: look-ups held for it. */
bool intake_is_behind(const struct intake *intake, int64_t waiting, int64_t now_ms);

struct intake_facts {
	int64_t inside;        /* this group's, on this node */
	double per_minute;     /* messages this node can send to it; < 0: no limit known */
	int64_t horizon_s;     /* for which it may hold messages ready */
	int64_t behind_inside; /* of all groups that are behind together, this one included */
	int64_t behind_groups; /* how many, this one included */
	int64_t behind_max;    /* a quarter of Postfix' active queue */
};
/* How many this group may have inside: what it can send in horizon_s, at least INTAKE_MIN, within a
 * fair share of behind_max, and never less than what it sends in a minute as long as behind_max is
 * not used up; always one. */
enum { INTAKE_MIN = 20 };
int64_t intake_allowed(const struct intake_facts *facts);

#endif
