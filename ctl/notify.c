#include "verbs.h"

#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "alert.h"
#include "alert_post.h"
#include "clock.h"
#include "interrupt.h"

/* `notify`: reads the stream of events as one of the consumers of a group, and mails those that the
 * configuration names. An event is acknowledged once all its mails are handed over or gathered; what
 * one that crashed had been given another one claims. */

enum {
	AT_ONCE = 100,
	WAIT_MS = 1000,    /* before a store that went away is asked again */
	OLD_MS = 86400000, /* not worth a mail any more */
	BEGINS_S = 3600,   /* how far back the first follower begins */
};

struct follower {
	struct ctl *ctl;
	struct alert_post post;
	char consumer[200];
	bool once, joined;
	bool keeps;           /* something that it was given is not acknowledged */
	int64_t claims_at_ms; /* monotonic, as the others */
	int64_t digests_at_ms;
};

static bool
is_for_somebody(const struct follower *follower, const struct store_event *event,
    struct arena *arena)
{
	struct alert_recipient to[ALERT_RECIPIENTS_MAX];
	enum mail_event kind;

	if (!alert_kind(event, &kind) ||
	    alert_recipients(follower->post.mail, kind, event, arena, to) == 0)
		return false;
	if (store_event_ms(span_of(event->id)) >= clock_wall_s() * 1000 - OLD_MS)
		return true;
	ctl_complain(follower->ctl, "NOT mailed to %s: event %s (%s) is over a day old",
	    to[0].address, event->id, mail_event_names[kind]);
	return false;
}

/* Most are for nobody, and acknowledged at once. While the others are mailed one by one, those that
 * wait stay this follower's. */
static enum alert_post_step
take(struct follower *follower, const struct store_events *events, struct err *err)
{
	struct store_batch *batch = &follower->ctl->batch;
	const char *done[AT_ONCE], *rest[AT_ONCE];
	const struct store_event *waiting[AT_ONCE];
	size_t done_count = 0, count = 0;
	enum alert_post_step step = ALERT_POST_DONE;

	for (size_t i = 0; i < events->count && i < AT_ONCE; i++) {
		const struct store_event *event = &events->items[i];

		if (is_for_somebody(follower, event, events->arena)) {
			rest[count] = event->id;
			waiting[count++] = event;
		} else {
			done[done_count++] = event->id;
		}
	}
	if (done_count > 0)
		store_put_events_done(batch, done, done_count);
	for (size_t i = 0; i < count && step != ALERT_POST_AWAY; i++) {
		if (interrupt_seen() || follower->post.rests_until_ms > clock_monotonic_ms()) {
			follower->keeps = true;
			break;
		}
		store_put_events_keep(batch, follower->consumer, rest + i, count - i);
		step = alert_post_event(&follower->post, waiting[i], events->arena, err);
		follower->keeps = follower->keeps || step != ALERT_POST_DONE;
	}
	return step != ALERT_POST_AWAY && alert_post_run(&follower->post, err) != 0
		   ? ALERT_POST_AWAY
		   : step;
}

/* Those that a consumer was given long ago; how many there were, -1: the store is away. */
static long
claim(struct follower *follower, struct err *err)
{
	struct store_batch *batch = &follower->ctl->batch;
	struct store_event_ids ids;
	struct store_events events;
	struct arena arena;
	enum alert_post_step step;

	follower->claims_at_ms = clock_monotonic_ms() + follower->post.limit.busy_ms / 2;
	arena_init(&arena);
	ids = (struct store_event_ids){ .arena = &arena };
	events = (struct store_events){ .arena = &arena };
	store_put_events_pending(batch, follower->post.limit.busy_ms, AT_ONCE, &ids);
	step = alert_post_run(&follower->post, err) == 0 ? ALERT_POST_DONE : ALERT_POST_AWAY;
	if (step == ALERT_POST_DONE && ids.count > 0) {
		store_put_events_claim(batch, follower->consumer, follower->post.limit.busy_ms,
		    ids.items, ids.count, &events);
		step = alert_post_run(&follower->post, err) == 0 ? take(follower, &events, err)
								 : ALERT_POST_AWAY;
	}
	arena_clear(&arena);
	return step == ALERT_POST_AWAY ? -1 : (long)events.count;
}

static long
read_new(struct follower *follower, struct err *err)
{
	struct ctl *ctl = follower->ctl;
	int64_t wait_ms = follower->once ? 0 : ctl->settings->store_timeout_ms / 2;
	struct store_events events;
	struct arena arena;
	enum alert_post_step step;

	arena_init(&arena);
	events = (struct store_events){ .arena = &arena };
	store_put_events_take(&ctl->batch, follower->consumer, AT_ONCE, wait_ms, &events);
	step = alert_post_run(&follower->post, err) == 0 ? take(follower, &events, err)
							 : ALERT_POST_AWAY;
	arena_clear(&arena);
	return step == ALERT_POST_AWAY ? -1 : (long)events.count;
}

/* -- the command -------------------------------------------------------------------------------- */

static int
join(struct follower *follower, struct err *err)
{
	char after[STORE_EVENT_ID_SIZE];
	struct ctl_time now;

	if (ctl_store_time(follower->ctl, &now, err) != 0)
		return -1;
	store_event_id(now.s - BEGINS_S, after);
	store_put_events_group(&follower->ctl->batch, after);
	follower->joined = alert_post_run(&follower->post, err) == 0;
	return follower->joined ? 0 : -1;
}

/* One round: what others left, what is new, digests. How many events, -1: the store is away. */
static long
turn(struct follower *follower, struct err *err)
{
	int64_t now_ms = clock_monotonic_ms();
	long claimed = 0, count = 0;

	if (follower->ctl->store == NULL && ctl_store_open(follower->ctl, err) != 0)
		return -1;
	if (!follower->joined && join(follower, err) != 0)
		return -1;
	if (now_ms < follower->post.rests_until_ms) {
		poll(NULL, 0, follower->once ? 0 : 100);
		return 0;
	}
	if (now_ms >= follower->claims_at_ms && (claimed = claim(follower, err)) < 0)
		return -1;
	if ((count = read_new(follower, err)) < 0)
		return -1;
	if (clock_monotonic_ms() >= follower->digests_at_ms) {
		follower->digests_at_ms = clock_monotonic_ms() + WAIT_MS;
		if (alert_post_digests(&follower->post, err) == ALERT_POST_AWAY)
			return -1;
	}
	return claimed + count;
}

static bool
wait_for_store(struct follower *follower, struct err *err)
{
	struct ctl *ctl = follower->ctl;

	ctl_complain(ctl, "%s%s", err->text, follower->once ? "" : "; waiting for it");
	if (follower->once)
		return false;
	do {
		poll(NULL, 0, WAIT_MS);
		store_sync_close(&ctl->store);
		store_batch_empty(&ctl->batch);
		if (interrupt_seen())
			return false;
	} while (ctl_store_open(ctl, err) != 0);
	follower->joined = false;
	follower->keeps = true;
	return true;
}

static enum ctl_exit
follow(struct follower *follower)
{
	struct err err = { "" };
	long count;

	do {
		count = turn(follower, &err);
		if (count < 0 && !wait_for_store(follower, &err))
			return interrupt_seen() ? CTL_DONE : CTL_AWAY;
	} while (!interrupt_seen() && (!follower->once || count > 0));
	if (follower->once && follower->post.rests_until_ms == 0 &&
	    alert_post_digests(&follower->post, &err) == ALERT_POST_AWAY)
		return CTL_AWAY;
	if (!follower->keeps) {
		store_put_events_leave(&follower->ctl->batch, follower->consumer);
		alert_post_run(&follower->post, &err);
	}
	return follower->post.rests_until_ms > 0 && follower->once ? CTL_AWAY : CTL_DONE;
}

enum ctl_exit
notify(struct ctl *ctl)
{
	const struct mail_settings *mail = &ctl->settings->mail;
	int64_t busy_ms = 2 * mail->timeout_ms + 1000; /* longer than two mails of one event take */
	struct follower follower = { .ctl = ctl,
		.post = { .ctl = ctl,
		    .mail = mail,
		    .limit = { mail->per_hour, mail->digest_after_ms, busy_ms } },
		.once = ctl->options[CTL_OPTION_ONCE] != NULL };
	enum ctl_exit rc;
	struct err err;

	if (mail->events.count == 0) {
		ctl_complain(ctl, "%s: mail.events names no event, so nobody is written to",
		    ctl->file);
		return CTL_NO;
	}
	if (alert_texts_load(mail->templates, &ctl->arena, &follower.post.texts, &err) != 0) {
		ctl_complain(ctl, "%s", err.text);
		return CTL_NO;
	}
	snprintf(follower.consumer, sizeof(follower.consumer), "%s:%ld", ctl->settings->node,
	    (long)getpid());
	interrupt_catch();
	rc = follow(&follower);
	interrupt_release();
	return rc;
}
