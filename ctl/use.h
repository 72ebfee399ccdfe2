/*
 * use - what is used of a group's limits now, one row for each sending IP that they hold for.
 */
#ifndef USE_H
#define USE_H

#include "in_force.h"
#include "nodes.h"

struct use {
	const char *group;
	const char *ip;                         /* a sending IP's name, or "all" */
	const struct mx_rule *rule;             /* NULL: the rules have it no more */
	const struct mx_limits *limits;         /* of it, that hold now; NULL likewise */
	int64_t used_s;                         /* the group was last used; 0: not within a week */
	int64_t open;                           /* connections, all nodes */
	struct out_use messages[MX_LIMITS_MAX]; /* in the order of limits->limits */
	int64_t wait_ms[MX_LIMITS_MAX];         /* until there is room again; 0: there is */
	size_t count;
};

struct uses {
	struct use *items; /* ctl's arena */
	size_t count;
};

/* The groups used since then, the latest first. -1 and words: the store did not answer. */
int uses_list(struct ctl *ctl, const struct nodes *nodes, int64_t since_s, struct uses *uses,
    struct err *err);
/* One group, whether it was used or not. */
struct uses uses_of_group(struct ctl *ctl, const struct nodes *nodes, const char *group,
    const struct mx_rule *rule);
/* Fills in open, messages and wait_ms. */
int uses_read(struct ctl *ctl, struct uses *uses, const struct ctl_time *now, struct err *err);

/* A row, with the limits that hold now. ip: as decide_ip() has it. */
struct use use_of(struct ctl *ctl, const char *group, const char *ip, const struct mx_rule *rule);
/* Connections at once; 0: no limit, or no rule. */
int64_t use_connections(const struct use *use);
/* Has a connection been left? (true without a limit) */
bool use_has_slot(const struct use *use);
/* Until a message may go, by the message limits alone. */
int64_t use_wait_ms(const struct use *use);
/* The fullest of its limits, in thousandths of it. */
int64_t use_fullness(const struct use *use);

/* As out shows them. */
struct out_value use_next(const struct use *use); /* when the next message may go */
struct out_value use_open(const struct use *use, struct out_use *open);

#endif
