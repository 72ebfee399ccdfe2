/*
 * slot_question - asks the store for a slot for the first delivery that waits in a lane: one
 * question per lane at a time (lane.slot_asking), and when to ask again after a refusal.
 */
#ifndef SLOT_QUESTION_H
#define SLOT_QUESTION_H

#include "egress.h"
#include "grant.h"
#include "store_egress.h"

enum { SLOT_QUESTION_AGAIN_MS = 10 }; /* a lane that waits for another node's slot */

struct slot_questions;

/* granted NULL: the store did not answer. grant NULL: it waits no more. The lane's slot_asking is
 * NULL again; after a refusal slot_words say why and slot_retry_ms until when not to ask. */
typedef void slot_question_done(void *arg, struct lane *lane, struct grant *grant,
    const struct store_granted *granted);

struct slot_questions *slot_questions_new(struct egress *egress, slot_question_done *done,
    void *arg);
/* Without their callbacks. */
void slot_questions_free(struct slot_questions **questions);

/* `done` comes later. False: the store does not take it. */
bool slot_questions_ask(struct slot_questions *questions, struct grant *grant);
/* The question under way, if it is for this grant, is for it no more. */
void slot_question_forget(struct grant *grant);

#endif
