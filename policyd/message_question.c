#include "message_question.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "clock.h"
#include "duration.h"
#include "mem.h"

/* Outlives the message it is for. */
struct asking {
	TAILQ_ENTRY(asking) link;
	struct message_questions *questions;
	struct lane *lane;       /* a reference */
	struct message *message; /* NULL: it waits no more */
	unsigned generation;     /* of the limits that were asked about */
	struct store_took took;
	struct store_call *call;
};

struct message_questions {
	struct egress *egress;
	message_question_done *done;
	void *arg;
	TAILQ_HEAD(, asking) asking;
};

static void
word_refusal(struct lane *lane, const struct store_took *took)
{
	const struct store_held *held = &took->held;
	char limit[LIMIT_TEXT_SIZE], wait[DURATION_SIZE];
	size_t at = took->limit < lane->limits.limit_count ? took->limit : 0;

	if (took->outcome == STORE_NO_ROOM) {
		snprintf(lane->message_words, sizeof(lane->message_words),
		    "limit %s reached, next message in %s",
		    limit_format(&lane->limits.limits[at], limit),
		    duration_format_wait(took->wait_ms, wait));
		return;
	}
	switch (held->by) {
	case STORE_HOLD_PAUSED:
		snprintf(lane->message_words, sizeof(lane->message_words), "paused: %s", held->why);
		return;
	case STORE_HOLD_SUSPENDED:
		snprintf(lane->message_words, sizeof(lane->message_words),
		    "suspended by backoff for %s: %s", duration_format_wait(held->wait_ms, wait),
		    held->why);
		return;
	case STORE_HOLD_RATE:
		snprintf(lane->message_words, sizeof(lane->message_words),
		    "backoff allows %" PRId64 " messages an hour, next in %s: %s", held->per_hour,
		    duration_format_wait(held->wait_ms, wait), held->why);
		return;
	}
}

/* The room that comes is asked for when it comes; what may change at any time, now and then. */
static void
note_refusal(struct lane *lane, const struct store_took *took)
{
	int64_t wait_ms = took->outcome == STORE_NO_ROOM ? took->wait_ms : took->held.wait_ms;

	if (wait_ms <= 0 || wait_ms > MESSAGE_QUESTION_AGAIN_MS)
		wait_ms = MESSAGE_QUESTION_AGAIN_MS;
	word_refusal(lane, took);
	if (took->outcome == STORE_NO_ROOM)
		lane_note_full(lane, took->limit, took->wait_ms);
	else
		lane_note_room(lane);
	if (took->outcome == STORE_HELD && took->held.by == STORE_HOLD_SUSPENDED)
		lane_note_suspended(lane, took->held.wait_ms);
	lane->short_ms = clock_monotonic_ms();
	lane->full_until_ms = lane->short_ms + wait_ms;
}

static void
note_error(struct lane *lane, const struct err *err)
{
	lane->full_until_ms = clock_monotonic_ms() + MESSAGE_QUESTION_AGAIN_MS;
	lane_note_room(lane);
	snprintf(lane->message_words, sizeof(lane->message_words), "store: %.200s", err->text);
}

static void
on_asked(void *arg, enum store_outcome outcome, const struct err *err)
{
	struct asking *asking = arg;
	struct message_questions *questions = asking->questions;
	struct lane *lane = asking->lane;
	const struct store_took *took = outcome == STORE_DONE ? &asking->took : NULL;

	lane->message_asking--;
	TAILQ_REMOVE(&questions->asking, asking, link);
	if (asking->message != NULL)
		asking->message->waiter.asks = false;
	if (outcome == STORE_REFUSED)
		note_error(lane, err);
	/* Refused by limits that hold no more: the new ones are asked about at once. */
	if (took != NULL && took->outcome != STORE_TAKEN &&
	    asking->generation != lane->limits.generation)
		took = NULL;
	if (took != NULL && took->outcome != STORE_TAKEN)
		note_refusal(lane, took);
	questions->done(questions->arg, lane, asking->message, took);
	lane_release(&lane);
	free(asking);
}

bool
message_questions_ask(struct message_questions *questions, struct message *message)
{
	struct engine *engine = questions->egress->engine;
	struct lane *lane = message->lane;
	struct asking *asking = mem_alloc(sizeof(*asking));
	struct store_take take = {
		.group = lane_name(lane),
		.ip = lane_ip(lane),
		.node = engine->settings->node,
		.limits = lane->limits.limits,
		.limit_count = lane->limits.limit_count,
		.commit = true,
		.counts = true,
	};

	asking->questions = questions;
	asking->lane = lane_hold(lane);
	asking->message = message;
	asking->generation = lane->limits.generation;
	group_put_take(lane->group, lane->limits.generation, &take,
	    store_async_batch(engine->store), &asking->took);
	asking->call = store_async_run(engine->store, on_asked, asking, NULL);
	if (asking->call == NULL) {
		lane_release(&asking->lane);
		free(asking);
		return false;
	}
	TAILQ_INSERT_TAIL(&questions->asking, asking, link);
	lane->message_asking++;
	message->waiter.asks = true;
	group_use(lane->group);
	return true;
}

void
message_questions_forget(struct message_questions *questions, const struct message *message)
{
	struct asking *asking;

	TAILQ_FOREACH (asking, &questions->asking, link)
		if (asking->message == message)
			asking->message = NULL;
}

struct message_questions *
message_questions_new(struct egress *egress, message_question_done *done, void *arg)
{
	struct message_questions *questions = mem_alloc(sizeof(*questions));

	questions->egress = egress;
	questions->done = done;
	questions->arg = arg;
	TAILQ_INIT(&questions->asking);
	return questions;
}

void
message_questions_free(struct message_questions **questions)
{
	struct message_questions *old = *questions;
	struct asking *asking;

	*questions = NULL;
	if (old == NULL)
		return;
	while ((asking = TAILQ_FIRST(&old->asking)) != NULL) {
		TAILQ_REMOVE(&old->asking, asking, link);
		store_async_cancel(&asking->call);
		lane_release(&asking->lane);
		free(asking);
	}
	free(old);
}
