/*
 * budget - who may send a message: takes from the group's limits, the queue for a message, and what
 * becomes of the message afterwards.
 *
 * A message is taken at the first `dns` look-up of a delivery; stamped anew when its connection is
 * granted, when it takes longer than half of the shortest period, and at its `status`; given back
 * when no connection came about.
 */
#ifndef BUDGET_H
#define BUDGET_H

#include "egress.h"
#include "hold.h"
#include "store_egress.h"

enum { BUDGET_ASK_AT_ONCE = 16, BUDGET_RECHECK_MS = 1000 };

enum budget_answer {
	BUDGET_TAKEN,
	BUDGET_FAR, /* not taken, and it waits no more: room is further away than it has patience */
};
/* Until it comes, and when room is far, the lane's message_words say why there is none. */
typedef void budget_done(void *arg, enum budget_answer answer);

struct renewal; /* budget.c */
struct budgets;

struct message {                   /* part of a delivery; { 0 } is idle */
	TAILQ_ENTRY(message) link; /* of those under way */
	struct waiter waiter;
	struct budgets *budgets; /* once taken */
	struct lane *lane;       /* a reference while it waits or is taken */
	bool taken;
	bool local;              /* without Redis; its rings have it from the ledger, if at all */
	int64_t until_ms;        /* monotonic: it has patience (lane_is_far()) */
	int64_t taken_ms;        /* monotonic */
	int64_t stamp_ms;        /* Redis time; 0: not in its rings */
	int64_t local_ms;        /* monotonic */
	struct renewal *renewal; /* under way; NULL: none */
	budget_done *done;
	void *arg;
};

/* Recipients a delivery ended with. */
struct budget_ended {
	int64_t delivered, deferred, bounced, denied;
	int64_t greylisted; /* of those deferred */
};

struct budgets *budgets_new(struct egress *egress);
void budgets_free(struct budgets **budgets);

/* `done` comes later, never within this call. */
void budgets_ask(struct budgets *budgets, struct message *message, struct lane *lane,
    int64_t patience_ms, budget_done *done, void *arg);
/* It waits no more. One that was taken is given back. */
void budgets_cancel(struct budgets *budgets, struct message *message);
/* A slot was granted; Redis stamped the message anew at that time. 0: Redis was not asked, or does
 * not have it. */
void budgets_stamped(struct budgets *budgets, struct message *message, int64_t stamp_ms);
/* Its delivery has ended. sent: a transaction may have been begun with the provider. */
void budgets_end(struct budgets *budgets, struct message *message, bool sent,
    const struct budget_ended *ended);

/* To another process, which adopts it: message has local, taken_ms and stamp_ms of there. */
void budgets_forget(struct message *message);
void budgets_adopt(struct budgets *budgets, struct message *message, struct lane *lane);

/* Further recipients of a delivery whose message has ended. */
void budgets_count(struct budgets *budgets, struct lane *lane, const struct budget_ended *ended);

/* Limits are others: who waits asks again, from the event loop. */
void budgets_wake(struct budgets *budgets);

/* Tells Redis what its rings lack of what this node sent. all: of every lane, not of those alone
 * that decided for themselves. */
void budgets_restore(struct budgets *budgets, bool all);

#endif
