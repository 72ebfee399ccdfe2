#include "slot_question.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "clock.h"
#include "duration.h"
#include "mem.h"

/* Outlives the grant it is for. */
struct asking {
	TAILQ_ENTRY(asking) link;
	struct slot_questions *questions;
	struct lane *lane;   /* a reference */
	struct grant *grant; /* NULL: it waits no more */
	struct store_granted granted;
	struct store_call *call;
};

struct slot_questions {
	struct egress *egress;
	slot_question_done *done;
	void *arg;
	TAILQ_HEAD(, asking) asking;
};

static void
note_refusal(struct lane *lane, const struct store_granted *granted)
{
	int64_t now_ms = clock_monotonic_ms(), wait_ms = granted->held.wait_ms;
	const struct store_held *held = &granted->held;
	char wait[DURATION_SIZE];

	if (granted->outcome == STORE_NO_SLOT) {
		/* The one that is asked for counts among those open. */
		lane->over_ms = granted->open - 1 > granted->allowed ? now_ms : 0;
		lane->slot_retry_ms = now_ms + SLOT_QUESTION_AGAIN_MS;
		snprintf(lane->slot_words, sizeof(lane->slot_words),
		    "%" PRId64 " of %" PRId64 " connections in use", granted->open,
		    granted->allowed);
		return;
	}
	lane->slot_retry_ms =
	    now_ms + (wait_ms > SLOT_QUESTION_AGAIN_MS && wait_ms < 1000 ? wait_ms : 1000);
	lane_note_suspended(lane, held->by == STORE_HOLD_SUSPENDED ? wait_ms : 0);
	if (held->by == STORE_HOLD_PAUSED)
		snprintf(lane->slot_words, sizeof(lane->slot_words), "paused: %.140s", held->why);
	else
		snprintf(lane->slot_words, sizeof(lane->slot_words),
		    "suspended by backoff for %s: %.100s",
		    duration_format_wait(held->wait_ms, wait), held->why);
}

static void
on_asked(void *arg, enum store_outcome outcome, const struct err *err)
{
	struct asking *asking = arg;
	struct slot_questions *questions = asking->questions;
	struct lane *lane = asking->lane;

	(void)err;
	lane->slot_asking = NULL;
	TAILQ_REMOVE(&questions->asking, asking, link);
	if (outcome == STORE_REFUSED)
		lane->slot_retry_ms = clock_monotonic_ms() + SLOT_QUESTION_AGAIN_MS;
	else if (outcome == STORE_DONE && asking->granted.outcome != STORE_TAKEN)
		note_refusal(lane, &asking->granted);
	else if (outcome == STORE_DONE)
		lane_note_suspended(lane, 0);
	questions->done(questions->arg, lane, asking->grant,
	    outcome == STORE_DONE ? &asking->granted : NULL);
	lane_release(&lane);
	free(asking);
}

static void
put(struct store_async *store, const struct egress *egress, const struct grant *grant,
    struct store_granted *granted)
{
	const struct lane *lane = grant->lane;
	struct store_grant question = {
		.group = lane_name(lane),
		.ip = lane_ip(lane),
		.node = egress->engine->settings->node,
		.open = lane_open(lane) + 1,
		.connections = lane->limits.connections,
		.waited_ms = clock_monotonic_ms() - grant->waiter.since_ms,
		.more_wait = lane->slot_waiters > 1,
		.stamp_ms = grant->message_ms != NULL ? *grant->message_ms : 0,
		.limits = lane->limits.limits,
		.limit_count = lane->limits.limit_count,
	};

	store_put_grant(store_async_batch(store), &question, granted);
}

bool
slot_questions_ask(struct slot_questions *questions, struct grant *grant)
{
	struct store_async *store = questions->egress->engine->store;
	struct asking *asking = mem_alloc(sizeof(*asking));

	asking->questions = questions;
	asking->lane = lane_hold(grant->lane);
	asking->grant = grant;
	put(store, questions->egress, grant, &asking->granted);
	asking->call = store_async_run(store, on_asked, asking, NULL);
	if (asking->call == NULL) {
		lane_release(&asking->lane);
		free(asking);
		return false;
	}
	TAILQ_INSERT_TAIL(&questions->asking, asking, link);
	asking->lane->slot_asking = asking;
	group_use(asking->lane->group);
	return true;
}

void
slot_question_forget(struct grant *grant)
{
	struct asking *asking = grant->lane->slot_asking;

	if (asking != NULL && asking->grant == grant)
		asking->grant = NULL;
}

struct slot_questions *
slot_questions_new(struct egress *egress, slot_question_done *done, void *arg)
{
	struct slot_questions *questions = mem_alloc(sizeof(*questions));

	questions->egress = egress;
	questions->done = done;
	questions->arg = arg;
	TAILQ_INIT(&questions->asking);
	return questions;
}

void
slot_questions_free(struct slot_questions **questions)
{
	struct slot_questions *old = *questions;
	struct asking *asking;

	*questions = NULL;
	if (old == NULL)
		return;
	while ((asking = TAILQ_FIRST(&old->asking)) != NULL) {
		TAILQ_REMOVE(&old->asking, asking, link);
		store_async_cancel(&asking->call);
		asking->lane->slot_asking = NULL;
		lane_release(&asking->lane);
		free(asking);
	}
	free(old);
}
