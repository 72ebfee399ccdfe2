/*
 * message - the right of one delivery to send one message, and its place in the queue for it. budget.h
 * gives it; from then on it is under way, until its delivery ends.
 *
 * It counts in its group's limits at the time it was stamped with: when it was taken, when its
 * connection was granted, when it takes longer than half of the shortest period, and at its `status`.
 * It is given back when no connection came about.
 */
#ifndef MESSAGE_H
#define MESSAGE_H

#include "egress.h"
#include "hold.h"

enum budget_answer {
	BUDGET_TAKEN,
	BUDGET_FAR, /* not taken, and it waits no more: room is further away than it has patience */
};
/* Until it comes, and when room is far, the lane's message_words say why there is none. */
typedef void budget_done(void *arg, enum budget_answer answer);

struct renewal; /* message.c */

struct message {                   /* part of a delivery; { 0 } is idle */
	TAILQ_ENTRY(message) link; /* of those under way */
	struct waiter waiter;
	struct lane *lane; /* a reference while it waits or is taken */
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
struct message_ended {
	int64_t delivered, deferred, bounced, denied;
	int64_t greylisted; /* of those deferred */
};

struct messages; /* all that are under way on this node */

struct messages *messages_new(struct egress *egress);
void messages_free(struct messages **messages);

/* It was taken. message->lane is a reference. */
void messages_add(struct messages *messages, struct message *message);
/* A slot was granted; Redis stamped the message anew at that time. 0: Redis was not asked, or does
 * not have it. */
void message_stamped(struct message *message, int64_t stamp_ms);
/* Its delivery has ended. sent: a transaction may have been begun with the provider; if not, it is
 * given back. ended may be NULL: it goes on, without this message. Nothing if it was not taken. */
void messages_end(struct messages *messages, struct message *message, bool sent,
    const struct message_ended *ended);
/* Further recipients of a delivery whose message has ended. */
void messages_count(struct messages *messages, struct lane *lane,
    const struct message_ended *ended);
/* One that was taken at that Redis time, and nobody waits for any more. */
void messages_give_back(struct messages *messages, struct lane *lane, int64_t stamp_ms);

/* To another process, which adopts it: message has local, taken_ms and stamp_ms of there. */
void messages_forget(struct messages *messages, struct message *message);
void messages_adopt(struct messages *messages, struct message *message, struct lane *lane);

#endif
