#include "delivery_hold.h"

#include <event2/event.h>
#include <stdio.h>

#include "clock.h"
#include "delivery_log.h"
#include "duration.h"
#include "slots.h"

enum {
	OBSERVE_MS = 250,
	HELD_MS = 5,
	SHORT_MS = 1000,   /* of a hold, not worth another look-up */
	ANSWER_MS = 60000, /* Postfix 3.7 waits 100 s for a socketmap's answer (dict_sockmap.c) */
};

/* -- what is told of it ------------------------------------------------------------------------ */

static int64_t
waited_ms(const struct delivery *delivery)
{
	return delivery->held_ms +
	       (delivery->waiting ? clock_monotonic_ms() - delivery->asked_ms : 0);
}

static struct delivery_told
told_of(const struct delivery *delivery)
{
	return (struct delivery_told){ delivery->service, delivery->domain, delivery->next_hop,
		delivery->from.name, delivery->lane, waited_ms(delivery) };
}

void
delivery_tell_step(const struct delivery *delivery, const char *step, const char *words)
{
	struct trace *trace = delivery->egress->engine->trace;
	struct delivery_told told;

	if (!trace_is_on(trace))
		return;
	told = told_of(delivery);
	delivery_trace(trace, &told, step, words);
}

static void
tell_denied(const struct delivery *delivery, int64_t since_ms, const char *words)
{
	struct delivery_told told = told_of(delivery);

	told.waited_ms = since_ms;
	delivery_log_denied(&told, !egress_enforces(delivery->egress), words);
	delivery_tell_step(delivery, "deny", words);
}

void
delivery_tell_held(struct delivery *delivery, enum delivery_stage stage)
{
	struct delivery_told told = told_of(delivery);

	if (told.waited_ms - delivery->told_ms < DELIVERY_LOG_HELD_MS || delivery->lane == NULL)
		return;
	delivery->told_ms = told.waited_ms;
	delivery_log_held(&told, stage == DELIVERY_SLOT ? "slot" : "message");
}

/* -- answers ----------------------------------------------------------------------------------- */

static void
note_held(struct delivery *delivery)
{
	int64_t took_ms = clock_monotonic_ms() - delivery->asked_ms;

	delivery->held_ms += took_ms;
	if (took_ms < HELD_MS)
		return;
	histogram_observe(&delivery->egress->figures.holds, took_ms * 1000);
}

/* In observe the answer went out before. */
void
delivery_answer(struct delivery *delivery, enum sockmap_answer kind)
{
	struct sockmap_reply reply;

	evtimer_del(delivery->timer);
	if (!delivery->waiting)
		return;
	delivery->waiting = false;
	note_held(delivery);
	sockmap_reply_set(&reply, kind, "%s", kind == ANSWER_NOTFOUND ? "" : delivery->denied);
	delivery->done(delivery->arg, &reply);
}

void
delivery_deny(struct delivery *delivery, const char *words)
{
	bool enforces = egress_enforces(delivery->egress);
	const char *group = delivery->lane != NULL ? lane_name(delivery->lane) : "";
	int64_t waited_ms = delivery->held_ms + clock_monotonic_ms() - delivery->asked_ms;
	char waited[DURATION_SIZE];

	if (!delivery->message.taken)
		budgets_cancel(delivery->egress->budgets, &delivery->message);
	slots_end(delivery->egress->slots, &delivery->grant, delivery->talked);
	delivery->stage = DELIVERY_READY;
	delivery_wait_in_shared(delivery, false);
	tell_denied(delivery, waited_ms, words);
	duration_format_wait(waited_ms, waited);
	if (!enforces) { /* held all the same, if a reload ended enforcing meanwhile */
		delivery_answer(delivery, ANSWER_NOTFOUND);
		return;
	}
	delivery->egress->figures.denied++;
	if (*group == '\0')
		snprintf(delivery->denied, sizeof(delivery->denied), "mxpace: %s: %s",
		    delivery->domain, words);
	else
		snprintf(delivery->denied, sizeof(delivery->denied),
		    "mxpace: group %s: %s; waited %s, to be tried again", group, words, waited);
	delivery_answer(delivery, ANSWER_TEMP);
}

/* -- its time ---------------------------------------------------------------------------------- */

/* So long it may wait for its turn: in a transport that others share, one look-up's time. */
static int64_t
hold_ms(const struct delivery *delivery)
{
	int64_t all_ms = delivery->egress->engine->settings->hold_ms;

	return delivery->shared && all_ms > ANSWER_MS ? ANSWER_MS : all_ms;
}

int64_t
delivery_hold_left_ms(const struct delivery *delivery)
{
	return hold_ms(delivery) - delivery->held_ms - (clock_monotonic_ms() - delivery->asked_ms);
}

/* Its next look-up is held on, in its place of the queue; behind `connect` there is none. */
static bool
goes_on(const struct delivery *delivery)
{
	return egress_enforces(delivery->egress) && !delivery->wants_slot &&
	       delivery_hold_left_ms(delivery) > SHORT_MS;
}

/* What it waits for in vain. */
static const char *
words_of(const struct delivery *delivery)
{
	const struct lane *lane = delivery->lane;

	if (delivery->stage == DELIVERY_MESSAGE && *lane->message_words != '\0')
		return lane->message_words;
	if (delivery->stage == DELIVERY_SLOT && *lane->slot_words != '\0')
		return lane->slot_words;
	return "others were first";
}

static void
on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct delivery *delivery = arg;
	char words[sizeof(delivery->lane->message_words)]; /* the lane's may change meanwhile */

	(void)fd;
	(void)what;
	if (goes_on(delivery)) {
		delivery_answer(delivery, ANSWER_NOTFOUND);
		return;
	}
	snprintf(words, sizeof(words), "%s", words_of(delivery));
	delivery_deny(delivery, words);
}

void
delivery_hold_arm(struct delivery *delivery)
{
	int64_t answer_ms = delivery->asked_ms + ANSWER_MS - clock_monotonic_ms();
	int64_t left_ms =
	    egress_enforces(delivery->egress) ? delivery_hold_left_ms(delivery) : OBSERVE_MS;
	struct timeval wait;

	if (left_ms > answer_ms)
		left_ms = answer_ms;
	if (left_ms < 1)
		left_ms = 1;
	wait = (struct timeval){ left_ms / 1000, left_ms % 1000 * 1000 };
	evtimer_add(delivery->timer, &wait);
}

void
delivery_hold_init(struct delivery *delivery)
{
	delivery->timer = evtimer_new(delivery->egress->engine->base, on_timer, delivery);
}
