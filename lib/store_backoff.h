/*
 * store_backoff - what a provider's replies lead to, for a group and sending IP on all nodes
 * (lua/backoff.lua), and what operators order: backoff by hand, pauses.
 *
 * It takes effect where mail asks: take and grant look at it first (store_held in store_limits.h).
 */
#ifndef STORE_BACKOFF_H
#define STORE_BACKOFF_H

#include "store_batch.h"

struct backoff_rule; /* mx_rules.h */

struct store_hit { /* a reply that a backoff rule matched; never one whose action is as_soft */
	const char *group, *ip, *node;
	const struct backoff_rule *rule;
	size_t number;       /* of the rule among its MX rule's, from 0 */
	int64_t per_hour;    /* messages the MX rule allows; 0: no limit */
	int64_t connections; /* it allows; 0: no limit */
	const char *text;    /* the reply, printable */
};

struct store_backoff {       /* what is in force */
	bool any, changed;   /* changed: begun or made sterner by this hit or order */
	char action[16];     /* "reduce" "one_connection" "suspend"; "connections": by hand */
	int64_t per_hour;    /* messages now; 0: not limited by it */
	int64_t connections; /* now; 0: not limited by it */
	int64_t hold_ms;     /* from now until recovery begins (suspend: until mail flows) */
	int64_t hits;        /* of a hit: within `after`, this one included */
	char text[256], by[64], why[128];
};
void store_put_hit(struct store_batch *batch, const struct store_hit *hit,
    struct store_backoff *backoff);

void store_put_backoff_read(struct store_batch *batch, const char *group, const char *ip,
    struct store_backoff *backoff);

struct store_order { /* backoff by hand, in place of what was in force */
	const char *group, *ip;
	bool suspend;
	int64_t per_hour;    /* messages; 0: not limited */
	int64_t connections; /* 0: not limited */
	int64_t for_ms;      /* then it grows to what the MX rule allows */
	const char *why, *by;
	int64_t rule_per_hour, rule_connections; /* 0: no limit */
};
void store_put_backoff_set(struct store_batch *batch, const struct store_order *order,
    struct store_backoff *backoff);
/* Forgets hits too. cleared: keys that were there; may be NULL. */
void store_put_backoff_clear(struct store_batch *batch, const char *group, const char *ip,
    int64_t *cleared);

/* why: the operator's words; "-" stands for none. */
void store_put_pause(struct store_batch *batch, const char *group, const char *why);
/* "" where the group is not paused. */
void store_put_pause_read(struct store_batch *batch, const char *group, struct str *why);
/* resumed: 1 if it was paused; may be NULL. */
void store_put_resume(struct store_batch *batch, const char *group, int64_t *resumed);

#endif
