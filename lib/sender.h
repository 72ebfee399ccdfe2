/*
 * sender - who sent the mail that came back: accounts, campaigns and lists, what is counted of each,
 * and when an account has to stop. Pure.
 *
 * An account's state, kept by lua/sender.lua for the whole fleet:
 *
 *   ok ---rates over review---> review ---rates over suspend---> suspended ---resume---> probation
 *   ^ `----------------------rates over suspend----------------------^                      |   |
 *   `---rates below 4/5 of review (review), good days (probation)---------------------------'   |
 *                                                    suspended <---rates over suspend-----------'
 *
 * Rates are those of the last 24 hours, of what was sent since the last resume, and count only from
 * so many sent (the floors). Nothing but an order ends a suspension. On probation an account may
 * send so many recipients a day; good days raise that until it is over.
 */
#ifndef SENDER_H
#define SENDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "reason.h"
#include "str.h"

enum sender_kind { SENDER_ACCOUNT, SENDER_CAMPAIGN, SENDER_LIST, SENDER_KINDS };
enum sender_state { SENDER_OK, SENDER_REVIEW, SENDER_SUSPENDED, SENDER_PROBATION, SENDER_STATES };

/* What is counted, in recipients: fields of mxpace:{a:NAME}:stats:... */
enum sender_count {
	SENDER_SENT,      /* taken by mxpolicyd, at END-OF-MESSAGE */
	SENDER_DELIVERED, /* where it is told; sent less what came back is the better figure */
	SENDER_HARD,
	SENDER_SOFT,    /* but not refused */
	SENDER_REFUSED, /* the reason "refused", whatever its type */
	SENDER_COMPLAINT,
	SENDER_COUNTS
};

enum {
	SENDER_NAME_SIZE = 128,
	SENDER_WINDOW_S = 86400,
	SENDER_HOURS_S = 8 * 86400,
	SENDER_DAYS_S = 400 * 86400
};

struct sender_group { /* what went to one MX group and came back from it */
	const char *name;
	int64_t sent, hard, soft; /* soft: refused included */
	int64_t by_reason[REASON_COUNT];
};

struct sender_text {        /* what a provider said, normalised; of a day */
	const char *member; /* "REASON TEXT", as in mxpace:texts:DAY; in an arena */
	int64_t count;
};

struct sender_stats { /* of one hour or day, or the sum of several */
	int64_t counts[SENDER_COUNTS];
	int64_t by_reason[REASON_COUNT];
	struct sender_group *groups; /* in an arena */
	size_t group_count;
	struct sender_text *texts; /* in an arena */
	size_t text_count;
};

/* Rates are in millionths: 5 % is 50000. 0: no such threshold. */
struct sender_policy {
	int64_t review_hard, suspend_hard;
	int64_t floor; /* sent in 24 h below which hard bounces lead to nothing */
	int64_t review_complaints, suspend_complaints;
	int64_t floor_complaints;
	int64_t probation_start;  /* recipients on the first day */
	int64_t probation_factor; /* after a good day so many times as many */
	int64_t probation_days;   /* good days after which it is over; 0: no probation */
};

struct sender_figures { /* of the last 24 hours */
	int64_t sent, hard, complaint;
};

struct sender_status { /* an account, hash mxpace:{a:NAME} */
	enum sender_state state;
	bool exempt; /* by an operator's order */
	int64_t since_s;
	int64_t until_s;   /* probation: today's allowance is used up until then; 0: it is not */
	int64_t allowance; /* probation: recipients a day */
	int64_t good_days; /* probation: so many so far */
	struct sender_figures figures; /* when the state began */
	char why[160];                 /* an operator's words or "hard bounces", "complaints" */
	char by[64];                   /* "thresholds" or an operator */
};

/* The state that figures lead to, of an account that is ok or in review: ok, review or suspended.
 * lua/sender.lua decides the same. *why: "hard bounces" | "complaints" | "". */
enum sender_state sender_judge(const struct sender_policy *policy,
    const struct sender_figures *figures, enum sender_state before, const char **why);

/* Nothing of it may be sent now. */
bool sender_is_refused(const struct sender_status *status, int64_t now_s);

/* Why, for the one who is refused: "account shop.test is suspended since 2026-11-22T08:12:40Z: hard
 * bounces (25 of 200 sent in 24h, 12.5 %); stop mailing addresses that fail, then ask the
 * postmaster". */
void sender_words(const char *account, const struct sender_status *status, struct str *out);

/* Sets one field of a status or of stats from its text in Redis; what is unknown is left out. Stats
 * take groups by sender_stats_group() instead. */
void sender_status_set(struct sender_status *status, struct span field, struct span value);
void sender_stats_set(struct sender_stats *stats, struct span field, struct span value);
/* "group:google:hard" -> "google" and which of the three; false: another field. */
bool sender_stats_group(struct span field, struct span *group, enum sender_count *count);
/* "group:google:reason:mailbox_full" -> "google" and mailbox_full; false: another field. */
bool sender_stats_group_reason(struct span field, struct span *group, enum reason *reason);

char sender_kind_tag(enum sender_kind kind);            /* 'a' 'c' 'l', in keys */
const char *sender_kind_name(enum sender_kind kind);    /* "account" */
const char *sender_state_name(enum sender_state state); /* "review" */
int sender_state_parse(struct span name, enum sender_state *state);
const char *sender_count_name(enum sender_count count); /* "hard" */

/* Part of a key of statistics, in UTC: "2026112208" and "20261122". */
enum { SENDER_PERIOD_SIZE = 24 };
const char *sender_hour(int64_t unix_s, char buf[SENDER_PERIOD_SIZE]);
const char *sender_day(int64_t unix_s, char buf[SENDER_PERIOD_SIZE]);

/* Of sent, in percent; 0 where nothing was. "12.5 %", "0.04 %" */
enum { SENDER_RATE_SIZE = 24 };
const char *sender_rate(int64_t part, int64_t sent, char buf[SENDER_RATE_SIZE]);

#endif
