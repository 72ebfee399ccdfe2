/*
 * delivery_hold - the answer to a delivery's look-up: for how long it may be held, which it is, and
 * what is told of it.
 */
#ifndef DELIVERY_HOLD_H
#define DELIVERY_HOLD_H

#include "delivery_state.h"

/* Its timer. */
void delivery_hold_init(struct delivery *delivery);
/* The look-up under way is held until its answer, or until its time is over. */
void delivery_hold_arm(struct delivery *delivery);
/* Of the delivery's time for all its look-ups; < 0: it was too long already. */
int64_t delivery_hold_left_ms(const struct delivery *delivery);

/* Answers the look-up that is held; nothing if none is. ANSWER_NOTFOUND: it goes on; ANSWER_TEMP: with
 * the words of its denial. */
void delivery_answer(struct delivery *delivery, enum sockmap_answer kind);
/* It waits no more, and its further look-ups are TEMP at once. In observe it is told of, no more. */
void delivery_deny(struct delivery *delivery, const char *words);

/* It goes on; what it waited for, if for long, once for all its look-ups. */
void delivery_tell_held(struct delivery *delivery, enum delivery_stage stage);
/* Nothing if nobody traces it. words may be NULL. */
void delivery_tell_step(const struct delivery *delivery, const char *step, const char *words);

#endif
