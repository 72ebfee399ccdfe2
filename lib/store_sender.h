/*
 * store_sender - accounts, campaigns and lists in Redis: counts by hour and day, the state of an
 * account (lua/sender.lua), orders of operators (lua/sender_order.lua), and the normalised texts of
 * failures by day.
 */
#ifndef STORE_SENDER_H
#define STORE_SENDER_H

#include "sender.h"
#include "store_batch.h"

/* -- counting ---------------------------------------------------------------------------------- */

struct store_sender_part { /* one field of the statistics and how much it grows */
	const char *name;  /* "hard", "reason:mailbox_full", "group:google:hard" */
	int64_t count;
};

struct store_sender_count {
	enum sender_kind kind;
	const char *name;
	int64_t now_s;                      /* 0: Redis time */
	const char *id;                     /* the same one counts once in two days; "" always */
	const struct sender_policy *policy; /* NULL: nothing follows; accounts alone have one */
	bool exempt;                        /* by the configuration: it is always ok */
	const struct store_sender_part *parts;
	size_t part_count;
};

struct store_sender_verdict {
	bool again;   /* this id was counted before */
	bool changed; /* by this very call: to be told */
	bool full;    /* by this very call: today's allowance is used up */
	enum sender_state before;
	struct sender_status status;
};

/* One call, atomic. verdict may be NULL where there is no policy. */
void store_put_sender_count(struct store_batch *batch, const struct store_sender_count *count,
    struct store_sender_verdict *verdict);
/* Keeps the index of a kind; what was not used for 400 days leaves it. Once in a while is enough. */
void store_put_sender_use(struct store_batch *batch, enum sender_kind kind, const char *name,
    int64_t now_s);

/* After a verdict or an order: the event, and what every mxpolicyd reads, if something changed. At
 * most STORE_SENDER_TELL commands. by: "" none; node: "" none. */
enum { STORE_SENDER_TELL = 4 };
void store_put_sender_tell(struct store_batch *batch, const char *account,
    const struct store_sender_verdict *verdict, const char *node);

/* A failure's text, normalised, once more on that day ("20261122"); 2000 a day stay. */
void store_put_sender_text(struct store_batch *batch, const char *day, enum reason reason,
    const char *form);
/* Most frequent first: "REASON TEXT" and count in turn. */
void store_put_sender_texts(struct store_batch *batch, const char *day, int64_t most,
    struct store_fields *texts);

/* -- orders ------------------------------------------------------------------------------------ */

enum store_sender_order {
	STORE_SENDER_SUSPEND,
	STORE_SENDER_RESUME, /* on probation, if the policy has one */
	STORE_SENDER_RESUME_FULLY,
	STORE_SENDER_EXEMPT, /* and ok */
	STORE_SENDER_UNEXEMPT,
};
void store_put_sender_order(struct store_batch *batch, const char *account,
    enum store_sender_order order, const struct sender_policy *policy, const char *why,
    const char *by, struct store_sender_verdict *verdict);

/* -- reading ----------------------------------------------------------------------------------- */

void store_put_sender_status(struct store_batch *batch, const char *account,
    struct sender_status *status);
struct store_sender_stats { /* arena set by the caller */
	struct arena *arena;
	struct sender_stats stats;
};
/* period: sender_hour() or sender_day(). All 0 where nothing was counted. */
void store_put_sender_stats(struct store_batch *batch, enum sender_kind kind, const char *name,
    const char *period, struct store_sender_stats *stats);
/* Names used last, latest first, at most so many: encoded names (keys_decode) and last use in turn. */
void store_put_sender_names(struct store_batch *batch, enum sender_kind kind, int64_t most,
    struct store_fields *names);

/* Accounts that nothing is taken from: encoded names in turn with since when. The version changes
 * with each change of it. */
void store_put_suspended_version(struct store_batch *batch, struct str *version);
void store_put_suspended(struct store_batch *batch, struct store_fields *accounts);
/* One of them that is not refused any more. */
void store_put_suspended_gone(struct store_batch *batch, const char *account);

/* -- who a sender is ---------------------------------------------------------------------------- */

/* The account that logged in with mail of this sender's account (its domain), now. */
void store_put_sender_user(struct store_batch *batch, const char *sender, const char *account,
    int64_t now_s);
/* Those that did within 30 days: encoded names and when in turn. */
void store_put_sender_users(struct store_batch *batch, const char *sender,
    struct store_fields *users);

/* -- complaints ---------------------------------------------------------------------------------- */

/* A recipient complained (lua/complaint.lua): scope is "all", "account:NAME" or "list:NAME". */
void store_put_complaint(struct store_batch *batch, const char *addr, const char *scope,
    int64_t now_s);

#endif
