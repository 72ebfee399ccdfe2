/*
 * message_question - asks the store for a message for one delivery that waits in a lane, and words a
 * refusal; several per lane at a time (lane.message_asking).
 */
#ifndef MESSAGE_QUESTION_H
#define MESSAGE_QUESTION_H

#include "message.h"
#include "store_limits.h"

enum { MESSAGE_QUESTION_AGAIN_MS = 1000 }; /* for what an operator or another node may change */

struct message_questions;

/* took NULL: the store did not answer, or by limits that hold no more. message NULL: it waits no
 * more. After a refusal message_words say why and full_until_ms until when not to ask. */
typedef void message_question_done(void *arg, struct lane *lane, struct message *message,
    const struct store_took *took);

struct message_questions *message_questions_new(struct egress *egress, message_question_done *done,
    void *arg);
/* Without their callbacks. */
void message_questions_free(struct message_questions **questions);

/* `done` comes later; until then its waiter `asks`. False: the store does not take it. */
bool message_questions_ask(struct message_questions *questions, struct message *message);
/* A question under way for this message is for it no more. */
void message_questions_forget(struct message_questions *questions, const struct message *message);

#endif
