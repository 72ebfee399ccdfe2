/*
 * store_guard - outage guards (guard.h) in Redis: which MX group a domain is in, what a group's hosts
 * answered lately, errors counted by group and reason, the guards that hold and what they hold.
 *
 * Addresses are encoded, as in the index (keys_encode).
 */
#ifndef STORE_GUARD_H
#define STORE_GUARD_H

#include "guard.h"
#include "quarantine.h"
#include "store_batch.h"

/* mxbounce has it from there for 30 days: notices come late. */
enum { STORE_GROUP_TTL_S = 30 * 86400 };
void store_put_domain_group(struct store_batch *batch, const char *domain, const char *group);
void store_put_domain_group_read(struct store_batch *batch, const char *domain, struct str *group);

struct store_answers { /* of a group, since they were told last (lua/answers.lua) */
	int64_t tried;
	bool outcomes; /* sum and tail are known */
	int64_t sum_milli, tail_milli;
};
void store_put_answers(struct store_batch *batch, const char *group,
    const struct store_answers *answers);

/* The guards, "GROUP REASON" encoded and "SINCE" or "SINCE quiet" in turn. */
void store_put_guards(struct store_batch *batch, struct store_fields *guards);
/* Enters or changes one of them. since_s 0: takes it off. */
void store_put_guards_set(struct store_batch *batch, const char *group, enum reason reason,
    int64_t since_s, bool quiet);
/* Reasons and how many errors were ever counted, in turn; one more. */
void store_put_failed(struct store_batch *batch, struct store_fields *failed);
void store_put_failed_more(struct store_batch *batch, enum reason reason);

struct store_guard_count { /* an error that changed an entry */
	const char *group;
	enum reason reason;
	const struct guard_policy *policy;
	int64_t failed; /* of the reason, in all groups, as read before */
	const char *addr;
	const char *outcome; /* store_count_name() */
	bool guarded;
};
void store_put_guard_count(struct store_batch *batch, const struct store_guard_count *count,
    struct guard_figures *figures);

/* changed: 1, or 0: another one was quicker. */
void store_put_guard_trip(struct store_batch *batch, const char *group, enum reason reason,
    const char *text, const char *rate, int64_t *changed);
void store_put_guard_go_on(struct store_batch *batch, const char *group, enum reason reason);
/* Unless it was far from usual after far_s. */
void store_put_guard_quieten(struct store_batch *batch, const char *group, enum reason reason,
    int64_t far_s, int64_t *changed);
/* excused_s: it does not trip again before; 0: it may at once. */
void store_put_guard_end(struct store_batch *batch, const char *group, enum reason reason,
    int64_t excused_s, int64_t *changed);

struct store_guard {                     /* as an operator sees it */
	struct guard_figures figures;    /* state, since_s, far_s, usual... */
	char text[QUARANTINE_TEXT_SIZE]; /* the answer that tripped it */
	char rate[64];                   /* what it was when it tripped, in words */
	int64_t held;                    /* addresses */
	int64_t lately;                  /* quarantined just before */
};
void store_put_guard_read(struct store_batch *batch, const char *group, enum reason reason,
    struct store_guard *guard);

/* The first addresses that it holds, or that were quarantined just before it. */
enum store_guard_list { STORE_GUARDED, STORE_LATELY };
void store_put_guard_list(struct store_batch *batch, enum store_guard_list list, const char *group,
    enum reason reason, struct store_fields *addrs, size_t most);
void store_put_guard_list_gone(struct store_batch *batch, enum store_guard_list list,
    const char *group, enum reason reason, const char *addr);

enum store_guard_verb { STORE_GUARD_CONFIRM, STORE_GUARD_DISMISS, STORE_GUARD_UNDO };
struct store_guard_entry {
	int64_t changed;
	enum quarantine_status status;
	int64_t expiry_s; /* 0: never */
};
/* addr: not encoded. since_s: when the guard began. */
void store_put_guard_entry(struct store_batch *batch, enum store_guard_verb verb, const char *addr,
    enum reason reason, int64_t since_s, int64_t release_ms, const char *by,
    struct store_guard_entry *entry);

#endif
