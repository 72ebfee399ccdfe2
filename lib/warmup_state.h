/*
 * warmup_state - the warm-up of a sending IP as Redis has it (mxpace:{w:IP}), read and written as
 * text. Pure.
 *
 *   stages    "2d:50:slow 3d:100:slow 3d:500:normal": the plan as it was when the warm-up was
 *             started; a changed configuration changes no warm-up that is under way
 *   g:GROUP   (encoded, keys.h) "STAGE GOOD DAY SINCE" or "STAGE GOOD DAY SINCE done", days as 20261122
 *   d:GROUP   "20261122 1+1+2+2^3v": its days from that one on, the stage's digit (then a, b, c...)
 *             and the day's sign; at most WARMUP_LINE_DAYS of them
 *
 * A group whose mail never came to what one day must have to count has no fields: it is in the stage
 * that `stage` names.
 */
#ifndef WARMUP_STATE_H
#define WARMUP_STATE_H

#include "arena.h"
#include "str.h"
#include "warmup.h"

enum { WARMUP_LINE_DAYS = 120, WARMUP_STATE_SIZE = 64 };

enum warmup_run { WARMUP_NONE, WARMUP_RUNNING, WARMUP_PAUSED, WARMUP_DONE, WARMUP_STOPPED };
extern const char *const warmup_run_names[]; /* "" for WARMUP_NONE */

struct warmup_group {
	const char *name; /* encoded (keys_encode) */
	struct warmup_state state;
	const char *state_text; /* as it stands in Redis */
	const char *line;       /* d:GROUP; "" there is none */
};

struct warmup { /* all of an IP; its texts are the arena's it was read with */
	enum warmup_run run;
	struct warmup_plan plan; /* name and stages */
	const char *stages_text;
	size_t stage;      /* of groups that are not among `groups` */
	int64_t began;     /* day */
	int64_t judged;    /* day: all groups were looked at; 0: none */
	int64_t started_s; /* Unix time */
	int64_t changed_s; /* of the state: when it was paused, resumed, done or stopped */
	const char *by;    /* who started it */
	struct warmup_group *groups; /* by name */
	size_t group_count;
};

/* Names and values in turn, names in any order. False: it cannot be understood; out is then of run
 * WARMUP_NONE. No fields: WARMUP_NONE as well. */
bool warmup_read(struct arena *arena, const struct span *fields, size_t count, struct warmup *out);

/* group: its name, not encoded. NULL: it has no fields. */
const struct warmup_group *warmup_group_of(const struct warmup *warmup, const char *group);
/* Groups that are through, and those of which mail came in the last week and that are not. */
void warmup_count(const struct warmup *warmup, int64_t today, size_t *done, size_t *left);
/* What holds for the group now; NULL: no warm-up, or the group is done with it. Paused ones hold. */
const struct warmup_stage *warmup_stage_of(const struct warmup *warmup, const char *group);

/* Days left if each one counts, of the group that has the longest way to go; 0: it is done. */
int64_t warmup_forecast(const struct warmup *warmup, int64_t today);

bool warmup_stages_parse(struct arena *arena, struct span text, struct warmup_plan *plan);
void warmup_stages_format(const struct warmup_plan *plan, struct str *out);
bool warmup_state_parse(struct span text, struct warmup_state *state);
const char *warmup_state_format(const struct warmup_state *state, char buf[WARMUP_STATE_SIZE]);

/* The line with one more day, over one that is there already. Days between count as unjudged. */
void warmup_line_add(struct span line, int64_t day, size_t stage, enum warmup_verdict verdict,
    struct str *out);
/* The first day of a line and its signs, two bytes a day; false: there are none. */
bool warmup_line_read(struct span line, int64_t *first, struct span *signs);
char warmup_stage_sign(size_t stage);

/* 20261122 of a day; -1: not a date. */
int64_t warmup_date(int64_t day);
int64_t warmup_day_of_date(int64_t date);

#endif
