/*
 * report_model - what a report says: the figures of some time, summed up from the statistics of
 * senders by hour or day. Pure: fed with what was counted (report_read.c), read by the forms
 * (report_forms.h).
 *
 *   report_model_init, report_model_row, report_model_add, ... report_model_end, a form,
 *   report_model_clear
 *
 * Figures are recipients. A report about all mail sums up accounts, of which each message has one.
 */
#ifndef REPORT_MODEL_H
#define REPORT_MODEL_H

#include "arena.h"
#include "sender.h"

enum report_scope { REPORT_ALL, REPORT_ACCOUNT, REPORT_CAMPAIGN, REPORT_LIST, REPORT_GROUP };
enum report_table_id {
	REPORT_GROUPS,
	REPORT_CAMPAIGNS,
	REPORT_LISTS,
	REPORT_ACCOUNTS,
	REPORT_TABLES
};
enum report_flag { REPORT_FINE, REPORT_REVIEW, REPORT_HARMFUL };

enum { REPORT_DAY_S = 86400, REPORT_HOUR_S = 3600, REPORT_POINTS_MAX = 400 };

struct report_time { /* points of equal length, the first one from since_s on; UTC */
	int64_t since_s, until_s;
	int64_t step_s; /* REPORT_HOUR_S or REPORT_DAY_S */
	size_t points;
	size_t days; /* that it touches; diagnostics are counted by day */
};

struct report_query {
	enum report_scope scope;
	const char *name; /* of the sender or group; "" for all */
	struct report_time time;
	int64_t made_s;                     /* now */
	const struct sender_policy *policy; /* thresholds for flags */
	size_t most;                        /* rows of each table; those behind are summed up */
};

struct report_row { /* a sender or an MX group; of a group sent, hard and soft are known */
	const char *name;
	int64_t counts[SENDER_COUNTS];
	int64_t by_reason[REASON_COUNT]; /* of an MX group; where mxbounce knew it */
	int64_t *trend;                  /* failures of each point */
	enum report_flag flag;
	const char *why; /* of the flag: "hard bounces", "complaints", "much of all failures" */
	enum sender_state state; /* of an account, now */
};

struct report_table {
	struct report_row **rows; /* worst first; groups: most sent first */
	size_t count;
	size_t more;            /* rows that were left out */
	struct report_row rest; /* their sum, where there are any */
	struct report_names *names;
	size_t all;
};

struct report_point {
	int64_t counts[SENDER_COUNTS];
	int64_t by_reason[REASON_COUNT];
};

struct report_cause {
	enum reason reason;
	int64_t count;
	int64_t *trend; /* by point */
};

struct report_text { /* a normalised diagnostic */
	enum reason reason;
	const char *form;
	int64_t count;
	int64_t *trend; /* by day */
};

struct report_model {
	struct arena *arena;
	struct report_query query;
	struct report_point *points;
	int64_t total[SENDER_COUNTS];
	int64_t before[SENDER_COUNTS]; /* in as much time before */
	bool has_before;
	bool incomplete; /* there were more senders than are read */
	struct report_table tables[REPORT_TABLES];
	struct report_cause causes[REASON_COUNT]; /* most first */
	size_t cause_count;
	struct report_text **texts; /* most first; not of a group */
	size_t text_count;
	struct report_names *text_names;
	size_t text_all;
};

/* The time from since to until, in hours if it is short and they are kept still, else in days; the
 * point of `until` is the last. -1: it is none, or too long. */
int report_time_make(int64_t since_s, int64_t until_s, int64_t now_s, struct report_time *time);
/* As many points right before it. False: they are not kept any more. */
bool report_time_before(const struct report_time *time, int64_t now_s, struct report_time *before);
/* The key's part of a point: sender_hour() or sender_day(). */
const char *report_time_period(const struct report_time *time, size_t point,
    char buf[SENDER_PERIOD_SIZE]);
/* When a point, or a day of `days`, began. */
int64_t report_time_point_s(const struct report_time *time, size_t point);
int64_t report_time_day_s(const struct report_time *time, size_t day);

/* The query's texts and the arena must live as long as the model. */
void report_model_init(struct report_model *model, struct arena *arena,
    const struct report_query *query);
void report_model_clear(struct report_model *model);

/* The kind of sender whose figures make the total. */
enum sender_kind report_model_kind(const struct report_model *model);
/* Whether a report like this has such a table. */
bool report_model_has(const struct report_model *model, enum report_table_id id);
/* The row of that name, made if there is none. */
struct report_row *report_model_row(struct report_model *model, enum report_table_id id,
    struct span name);
/* The figures of one sender in one point. row: where they are added too; NULL nowhere. */
void report_model_add(struct report_model *model, enum sender_kind kind, struct report_row *row,
    size_t point, const struct sender_stats *stats);
/* Those of a point before, of a sender of report_model_kind(). */
void report_model_add_before(struct report_model *model, const struct sender_stats *stats);
/* A diagnostic of a day, as mxpace:texts:DAY and a sender's statistics have it: "REASON TEXT". */
void report_model_add_text(struct report_model *model, size_t day, struct span member,
    int64_t count);
/* Sorts, judges, cuts. Nothing is added any more. */
void report_model_end(struct report_model *model);

/* Of figures: what came back, complaints apart, and sent without it, which is at least 0. */
int64_t report_failed(const int64_t counts[SENDER_COUNTS]);
int64_t report_accepted(const int64_t counts[SENDER_COUNTS]);
/* Whether deliveries are known: somebody has told of some. */
bool report_knows_delivered(const int64_t counts[SENDER_COUNTS]);

#endif
