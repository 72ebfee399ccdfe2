/*
 * store_warmup - warm-ups of sending IPs in Redis: which there are, each one's state, a day's
 * figures, the lock of the mxpolicyd that judges them.
 */
#ifndef STORE_WARMUP_H
#define STORE_WARMUP_H

#include "store_batch.h"
#include "store_events.h"
#include "warmup_state.h"

/* Of all that are running or paused: sending IP and plan in turn. */
void store_put_warmups(struct store_batch *batch, struct store_fields *warmups);
/* plan NULL: it is none of them any more. */
void store_put_warmups_set(struct store_batch *batch, const char *ip, const char *plan);
/* One of them as text, for warmup_read(). */
void store_put_warmup_read(struct store_batch *batch, const char *ip, struct store_fields *fields);
/* What became of it, latest first, at most so many. */
void store_put_warmup_history(struct store_batch *batch, const char *ip, int64_t most,
    struct store_events *events);

/* Nodes read warm-ups again. After the change was made: in a batch behind it. */
void store_put_warmup_changed(struct store_batch *batch);

struct store_warmup_set { /* a change (lua/warmup_set.lua) */
	const char *ip;
	const char *states;         /* it must be in one of these: "|running|paused|"; "": any */
	const char *field, *before; /* and this field must be so; "" none is looked at, not there */
	bool fresh;                 /* other fields are dropped */
	int64_t ttl_s;              /* 0: it stays */
	const struct store_event_field *fields; /* to be set; a value of "" takes one away */
	size_t field_count;
	const struct store_event_field *history; /* none: nothing is added; NULL values left out */
	size_t history_count;
};
/* changed: 1, or 0: another one was quicker. */
void store_put_warmup_set(struct store_batch *batch, const struct store_warmup_set *set,
    int64_t *changed);

/* A group's figures of `count` days (at most STORE_WARMUP_DAYS) from `first` on; of each day, day,
 * over and figures are set. All days count as over. */
enum { STORE_WARMUP_DAYS = WARMUP_DAYS_BACK + 1 };
struct store_warmup_days {
	int64_t first;
	size_t count;
	struct warmup_day days[STORE_WARMUP_DAYS];
};
void store_put_warmup_days(struct store_batch *batch, const char *group, const char *ip,
    int64_t first, size_t count, struct store_warmup_days *days);

/* A feedback report of a recipient in the group that names the sending IP (lua/complained.lua). id: of
 * the report; the same report of the same address counts once. now_s: Unix time. */
void store_put_warmup_complaint(struct store_batch *batch, const char *group, const char *ip,
    const char *id, const char *addr, int64_t now_s);

/* Groups in use since then (Unix time), encoded. */
void store_put_groups_since(struct store_batch *batch, int64_t since_s,
    struct store_fields *groups);

/* The right to judge for so long, if nobody has it; holder: who has it then. */
void store_put_warmup_lock(struct store_batch *batch, const char *who, int64_t ms,
    struct str *holder);
/* For so long again; by the one who has it. */
void store_put_warmup_lock_keep(struct store_batch *batch, int64_t ms);

#endif
