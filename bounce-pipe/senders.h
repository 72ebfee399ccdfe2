/*
 * senders - what came back, counted for the account, campaign and list that sent it, and complaints.
 *
 * The account is the one a header of the returned message names; else the envelope sender of the
 * message says it: for a notice that is its own recipient, for a complaint what the report quotes.
 * If one account alone logs in with mail of that sender (store_put_sender_users), it is meant.
 *
 * What counts: every failure that apply.c does not ignore, once per notice. Hard errors and
 * complaints in mail from outside count once in two days for an address, and what the sender's
 * signature alone speaks for is never hard: a recipient must not get an account suspended. Our own
 * refusals come back as notices too, and count for nobody.
 */
#ifndef SENDERS_H
#define SENDERS_H

#include "apply.h"
#include "consequence.h"
#include "sender_identity.h"
#include "store_sender.h"

enum {
	SENDERS_AT_ONCE = 16,
	SENDERS_LEARN = 1,      /* commands of senders_learn() */
	SENDERS_COUNT_MAX = 13, /* of senders_count() */
};

struct senders { /* of one run of apply() */
	const struct settings *settings;
	const struct report *report;
	const char *id; /* of the notice */
	int64_t now_s;
	struct arena arena;
	struct sender_identity identity;
	struct store_fields users;
	bool settled; /* users were looked at */
	bool told;    /* the indexes know the names */
	size_t verdict_count;
	struct store_sender_verdict verdicts[SENDERS_AT_ONCE];
};

void senders_init(struct senders *senders, const struct settings *settings,
    const struct report *report, const struct apply_envelope *envelope, const char *id,
    int64_t now_s);
void senders_clear(struct senders *senders);

/* Whether complaints that come to this envelope recipient count (feedback_addresses). */
bool senders_take_complaints(const struct settings *settings, const char *envelope_recipient);

/* First step: what has to be known of the sender. Once. */
void senders_learn(struct senders *senders, struct store_batch *batch);
/* Third step, for each failed recipient; outs of one step are at most SENDERS_AT_ONCE. */
void senders_count(struct senders *senders, struct store_batch *batch,
    const struct consequence *out);
/* Behind it, when the batch has run: what changed for the account, a line of it to `log`. Adds
 * commands only if something did; at most STORE_SENDER_TELL for one change. */
void senders_tell(struct senders *senders, struct store_batch *batch, struct str *log);

#endif
