/*
 * lane - an MX group and sending IP at delivery time, as this node knows it: what is open, granted,
 * waiting, queued, and how fast it goes. One per group and sending IP; lives while anything
 * refers to it, and LANE_IDLE_S longer.
 *
 *   message   store take  -> ledger      (budget.c, message.c)
 *   slot      kernel view -> grants      (slots.c)
 *   queue     transport look-ups         (intake.h)
 *   site      status look-ups            (site.h)
 */
#ifndef LANE_H
#define LANE_H

#include "group.h"
#include "hold.h"
#include "intake.h"
#include "ledger.h"
#include "paces.h"
#include "site.h"

enum {
	LANE_SHARE = 5,
	LANE_IDLE_S = 600,
	LANE_FAR_S = 600,   /* deferred mail has come again by then (maximal_backoff_time) */
	LANE_SPENT_S = 300, /* then one looks again: what was given back made room earlier */
};

struct asking; /* slot_question.c: a question to the store under way */

struct lane {
	struct lane_place *place; /* lanes' own */
	struct group *group;      /* a reference: name, sending IP, what the fleet is told */
	unsigned references;
	int64_t used_ms;

	/* As of the rules in force when last asked for; the rule is theirs. Its limits, as of the
	 * levels and warm-ups now. */
	struct mx_rules *rules; /* a reference */
	const struct mx_rule *rule;
	struct mx_limits limits;

	/* Slots (slots.c). */
	int64_t bare;    /* live grants without a socket */
	int64_t sockets; /* open sockets of the lane */
	int64_t usable;  /* of them, established and not closing */
	int64_t taken;   /* of these, in use by live grants */
	int64_t passed;  /* deliveries that were let pass to reuse one */
	struct waiters for_slot;
	int64_t slot_waiters;
	int64_t ahead;          /* of the deliveries, sent ahead to `connect` */
	int64_t shared_waiters; /* deliveries that wait, for either, in a shared transport */
	struct asking *slot_asking;
	int64_t slot_retry_ms;
	int64_t over_ms; /* when more were open than allowed, all nodes together; 0: not lately */
	char slot_words[160]; /* why the last attempt was refused */

	/* Messages (budget.c, message_question.c). */
	struct ledger ledger;
	struct waiters for_message;
	int64_t message_waiters, message_asking;
	int64_t short_ms;           /* when messages were short last; 0: never */
	int64_t full_until_ms;      /* the last take found no room until then; 0: none known */
	int64_t room_ms;            /* and comes then, as Redis said at noted_ms; 0: not known */
	int64_t suspended_until_ms; /* by backoff, as Redis said at noted_ms; 0: not known */
	int64_t noted_ms;
	size_t full_limit;       /* of limits.limits: the one that has none until room_ms */
	int64_t proven;          /* taken since a warm-up's cap had no room last; -1: it had */
	int64_t under_way;       /* messages taken whose delivery has not ended */
	char message_words[320]; /* why */
	bool unrestored;         /* the ledger has what Redis may lack */

	/* What it was when Redis went away, while it is (local.h). */
	int64_t frozen_ms, frozen_open, frozen_used[MX_LIMITS_MAX];

	/* What status look-ups teach. */
	struct intake intake;
	struct site site;
	double delivery_ms; /* a delivery takes, on average; 0: not known */
	uint64_t delivered, deferred, bounced, denied; /* recipients, since the start */
	uint64_t messages;                             /* taken, since the start */
};

struct lanes;

struct lanes *lanes_new(struct groups *groups, struct paces *paces);
void lanes_free(struct lanes **lanes);
/* The lane of a group under a rule; ip: decide_ip(rule, sending IP's name). A reference. */
struct lane *lanes_get(struct lanes *lanes, struct mx_rules *rules, const struct mx_rule *rule,
    const char *group, const char *ip);
struct lane *lane_hold(struct lane *lane);
void lane_release(struct lane **lane);
const char *lane_name(const struct lane *lane); /* the group's */
const char *lane_ip(const struct lane *lane);

/* Levels or warm-ups are others: the limits of all lanes follow, and what was refused by the old
 * ones may be asked for again. Nothing that is counted changes. */
void lanes_follow(struct lanes *lanes);

/* A message found no room in the i-th limit, and there is none for so long. */
void lane_note_full(struct lane *lane, size_t limit, int64_t wait_ms);
/* A message or slot was refused as backoff suspends the sending IP there, for so long; 0: it does not,
 * or not any more. */
void lane_note_suspended(struct lane *lane, int64_t wait_ms);
/* Neither is, or is any more, what keeps messages waiting. */
void lane_note_room(struct lane *lane);
/* Just now there was no room for longer than that, and who is deferred instead of waiting for it
 * misses nothing: it is more than LANE_FAR_S away; or it is that of a warm-up's cap, beyond which
 * there are other ways (settings `warmup.overflow`). */
bool lane_is_far(const struct lane *lane, int64_t patience_ms, int64_t now_ms);
/* How long no mail should be let into the queue for it, as room is far away; 0: it may. limit: the
 * one that has none; of lane->limits. */
int64_t lane_spent_ms(const struct lane *lane, int64_t now_ms, const struct limit **limit);

/* How long mail should take another way, as backoff's end is far away; 0: it may come. */
int64_t lane_suspended_ms(const struct lane *lane, int64_t now_ms);

/* Redis is away: what of its limits was used before that. Again when the limits change. */
void lane_freeze(struct lane *lane);

/* Connections this node has there, or may have opened by now. */
int64_t lane_open(const struct lane *lane);
int64_t lane_waiting(const struct lane *lane);
/* More were open than its limit, a moment ago: a connection that becomes idle should close. */
bool lane_is_over(const struct lane *lane);
/* How many of a shared transport's processes may wait for one lane. */
int64_t lane_shared_most(int64_t processes);
/* Messages a minute this node can send there, by limits (but a warm-up's cap, which is no pace), the
 * pace of deliveries and how many nodes share them; < 0: nothing limits it. */
double lane_per_minute(const struct lane *lane, unsigned nodes);

/* Each lane; the callback must not release lanes. */
void lanes_each(struct lanes *lanes, void (*each)(void *arg, struct lane *lane), void *arg);
/* Frees lanes nobody refers to any more, once they are empty and idle. */
void lanes_sweep(struct lanes *lanes);
size_t lanes_count(const struct lanes *lanes);

#endif
