#include "verbs.h"

#include <inttypes.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "alert.h"
#include "alert_mail.h"
#include "alert_texts.h"
#include "clock.h"
#include "interrupt.h"
#include "keys.h"
#include "sendmail.h"
#include "store_mail.h"

/* `notify`: reads the stream of events as one of the consumers of a group, and mails those that the
 * configuration names. An event is acknowledged once all its mails are handed over or gathered; what
 * one that crashed had been given another one claims. */

enum {
	AT_ONCE = 100,
	WAIT_MS = 1000,    /* before a store that went away is asked again */
	DIGEST_LINES = 50, /* told of in full */
	OLD_MS = 86400000, /* not worth a mail any more */
	BEGINS_S = 3600,   /* how far back the first follower begins */
};

struct follower {
	struct ctl *ctl;
	const struct mail_settings *mail;
	struct alert_texts texts;
	struct store_mail_limit limit;
	char consumer[200];
	bool once, joined;
	bool keeps;           /* something that it was given is not acknowledged */
	int64_t claims_at_ms; /* monotonic, as the others */
	int64_t digests_at_ms;
	int64_t rests_until_ms; /* sendmail asked for another time */
};

enum step { STEP_DONE, STEP_LATER, STEP_AWAY };

/* -- one mail ----------------------------------------------------------------------------------- */

struct letter {
	const char *to, *id;
	struct span text; /* the template */
	const struct alert_value *values;
	size_t count;
};

static enum sendmail
send_letter(struct follower *follower, const struct letter *letter)
{
	struct ctl *ctl = follower->ctl;
	struct str subject = { 0 }, body = { 0 }, whole = { 0 };
	const char *from = follower->mail->from;
	struct err err = { "" };
	enum sendmail sent;

	alert_template_fill(letter->text, letter->values, letter->count, &subject, &body);
	alert_mail_format(
	    &(struct alert_mail){
		.from = *from != '\0' ? from : "mxpace",
		.to = letter->to,
		.subject = span_make(str_text(&subject), subject.len),
		.body = span_make(str_text(&body), body.len),
		.id = span_of(letter->id),
		.at_s = clock_wall_s(),
	    },
	    &whole);
	sent = sendmail_run(follower->mail->sendmail, letter->to, span_make(whole.data, whole.len),
	    follower->mail->timeout_ms, &err);
	if (sent == SENDMAIL_TAKEN)
		fprintf(ctl->stream, "mailed to %s: %s\n", letter->to, str_text(&subject));
	else
		ctl_complain(ctl, "%s to %s: %s: %s",
		    sent == SENDMAIL_LATER ? "not mailed yet" : "NOT mailed", letter->to,
		    str_text(&subject), err.text);
	fflush(ctl->stream);
	str_free(&whole);
	str_free(&body);
	str_free(&subject);
	return sent;
}

static int
run(struct follower *follower, struct err *err)
{
	return follower->ctl->batch.count == 0 ? 0 : ctl_store_run(follower->ctl, err);
}

static enum step
mail_now(struct follower *follower, const struct letter *letter, const char *name, struct err *err)
{
	enum sendmail sent = send_letter(follower, letter);

	store_put_mail_end(&follower->ctl->batch, letter->to, name, sent != SENDMAIL_LATER,
	    follower->limit.busy_ms);
	if (run(follower, err) != 0)
		return STEP_AWAY;
	if (sent != SENDMAIL_LATER)
		return STEP_DONE;
	follower->rests_until_ms = clock_monotonic_ms() + follower->limit.busy_ms;
	return STEP_LATER;
}

/* -- events ------------------------------------------------------------------------------------- */

/* STEP_LATER: not now, or another one is about to. */
static enum step
tell(struct follower *follower, const struct store_event *event, enum mail_event kind,
    const struct alert_recipient *to, struct arena *arena, struct err *err)
{
	struct store_batch *batch = &follower->ctl->batch;
	struct alert_value values[ALERT_VALUES_MAX];
	struct store_mail_leave leave;
	struct letter letter = { .to = to->address, .id = event->id, .values = values };

	store_put_mail_take(batch, to->address, event->id, alert_line(event, kind, arena),
	    &follower->limit, &leave);
	if (run(follower, err) != 0)
		return STEP_AWAY;
	if (leave.what == STORE_MAIL_MORE)
		store_put_mail_due(batch, to->address, leave.due_ms);
	if (leave.what != STORE_MAIL_GO)
		return leave.what == STORE_MAIL_BUSY ? STEP_LATER : STEP_DONE;
	letter.text = to->is_owner && follower->texts.owners[kind].len > 0
			  ? follower->texts.owners[kind]
			  : follower->texts.events[kind];
	letter.count = alert_values(event, kind, follower->ctl->settings->node, arena, values);
	return mail_now(follower, &letter, event->id, err);
}

/* To all that it is for; it is acknowledged with the next batch. */
static enum step
tell_all(struct follower *follower, const struct store_event *event, struct arena *arena,
    struct err *err)
{
	struct alert_recipient to[ALERT_RECIPIENTS_MAX];
	enum step step = STEP_DONE;
	enum mail_event kind;
	size_t count;

	if (!alert_kind(event, &kind))
		return STEP_DONE;
	count = alert_recipients(follower->mail, kind, event, arena, to);
	for (size_t i = 0; i < count && step == STEP_DONE; i++)
		step = tell(follower, event, kind, &to[i], arena, err);
	if (step == STEP_DONE)
		store_put_events_done(&follower->ctl->batch, &event->id, 1);
	return step == STEP_DONE && run(follower, err) != 0 ? STEP_AWAY : step;
}

static bool
is_for_somebody(const struct follower *follower, const struct store_event *event,
    struct arena *arena)
{
	struct alert_recipient to[ALERT_RECIPIENTS_MAX];
	enum mail_event kind;

	if (!alert_kind(event, &kind) ||
	    alert_recipients(follower->mail, kind, event, arena, to) == 0)
		return false;
	if (store_event_ms(span_of(event->id)) >= clock_wall_s() * 1000 - OLD_MS)
		return true;
	ctl_complain(follower->ctl, "NOT mailed to %s: event %s (%s) is over a day old",
	    to[0].address, event->id, mail_event_names[kind]);
	return false;
}

/* Most are for nobody, and acknowledged at once. While the others are mailed one by one, those that
 * wait stay this follower's. */
static enum step
take(struct follower *follower, const struct store_events *events, struct err *err)
{
	struct store_batch *batch = &follower->ctl->batch;
	const char *done[AT_ONCE], *rest[AT_ONCE];
	const struct store_event *waiting[AT_ONCE];
	size_t done_count = 0, count = 0;
	enum step step = STEP_DONE;

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
	for (size_t i = 0; i < count && step != STEP_AWAY; i++) {
		if (interrupt_seen() || follower->rests_until_ms > clock_monotonic_ms()) {
			follower->keeps = true;
			break;
		}
		store_put_events_keep(batch, follower->consumer, rest + i, count - i);
		step = tell_all(follower, waiting[i], events->arena, err);
		follower->keeps = follower->keeps || step != STEP_DONE;
	}
	return step != STEP_AWAY && run(follower, err) != 0 ? STEP_AWAY : step;
}

/* Those that a consumer was given long ago; how many there were, -1: the store is away. */
static long
claim(struct follower *follower, struct err *err)
{
	struct store_batch *batch = &follower->ctl->batch;
	struct store_event_ids ids;
	struct store_events events;
	struct arena arena;
	enum step step;

	follower->claims_at_ms = clock_monotonic_ms() + follower->limit.busy_ms / 2;
	arena_init(&arena);
	ids = (struct store_event_ids){ .arena = &arena };
	events = (struct store_events){ .arena = &arena };
	store_put_events_pending(batch, follower->limit.busy_ms, AT_ONCE, &ids);
	step = run(follower, err) == 0 ? STEP_DONE : STEP_AWAY;
	if (step == STEP_DONE && ids.count > 0) {
		store_put_events_claim(batch, follower->consumer, follower->limit.busy_ms,
		    ids.items, ids.count, &events);
		step = run(follower, err) == 0 ? take(follower, &events, err) : STEP_AWAY;
	}
	arena_clear(&arena);
	return step == STEP_AWAY ? -1 : (long)events.count;
}

static long
read_new(struct follower *follower, struct err *err)
{
	struct ctl *ctl = follower->ctl;
	int64_t wait_ms = follower->once ? 0 : ctl->settings->store_timeout_ms / 2;
	struct store_events events;
	struct arena arena;
	enum step step;

	arena_init(&arena);
	events = (struct store_events){ .arena = &arena };
	store_put_events_take(&ctl->batch, follower->consumer, AT_ONCE, wait_ms, &events);
	step = run(follower, err) == 0 ? take(follower, &events, err) : STEP_AWAY;
	arena_clear(&arena);
	return step == STEP_AWAY ? -1 : (long)events.count;
}

/* -- digests ------------------------------------------------------------------------------------ */

static enum step
mail_digest(struct follower *follower, const char *to, struct arena *arena, struct err *err)
{
	struct store_batch *batch = &follower->ctl->batch;
	struct store_mail_leave leave = { .arena = arena };
	struct alert_value values[ALERT_VALUES_MAX];
	struct letter letter = { .to = to, .text = follower->texts.digest, .values = values };
	enum step step;

	store_put_mail_digest(batch, to, DIGEST_LINES, &follower->limit, &leave);
	if (run(follower, err) != 0)
		return STEP_AWAY;
	if (leave.what == STORE_MAIL_NONE) { /* looked at again: one may have come in between */
		store_put_mail_not_due(batch, to);
		store_put_mail_digest(batch, to, DIGEST_LINES, &follower->limit, &leave);
		if (run(follower, err) != 0)
			return STEP_AWAY;
	}
	if (leave.what == STORE_MAIL_WAIT)
		store_put_mail_due(batch, to, leave.due_ms);
	if (leave.what != STORE_MAIL_GO)
		return run(follower, err) == 0 ? STEP_DONE : STEP_AWAY;
	letter.id = leave.name + 1;
	letter.count = alert_digest_values(leave.lines, leave.line_count, leave.count,
	    follower->limit.per_hour, follower->ctl->settings->node, arena, values);
	step = mail_now(follower, &letter, leave.name, err);
	return step;
}

static enum step
mail_digests(struct follower *follower, struct err *err)
{
	struct store_fields due;
	enum step step = STEP_DONE;
	struct ctl_time now;
	struct arena arena;

	follower->digests_at_ms = clock_monotonic_ms() + WAIT_MS;
	if (ctl_store_time(follower->ctl, &now, err) != 0)
		return STEP_AWAY;
	arena_init(&arena);
	due = (struct store_fields){ .arena = &arena };
	store_put_mails_due(&follower->ctl->batch, now.ms, &due);
	step = run(follower, err) == 0 ? STEP_DONE : STEP_AWAY;
	for (size_t i = 0; step == STEP_DONE && i < due.count; i++) {
		struct str to = { 0 };

		if (keys_decode(&to, due.items[i]) == 0 && mail_address_is_plain(str_text(&to)))
			step = mail_digest(follower, str_text(&to), &arena, err);
		str_free(&to);
	}
	arena_clear(&arena);
	return step;
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
	follower->joined = run(follower, err) == 0;
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
	if (now_ms < follower->rests_until_ms) {
		poll(NULL, 0, follower->once ? 0 : 100);
		return 0;
	}
	if (now_ms >= follower->claims_at_ms && (claimed = claim(follower, err)) < 0)
		return -1;
	if ((count = read_new(follower, err)) < 0)
		return -1;
	if (clock_monotonic_ms() >= follower->digests_at_ms &&
	    mail_digests(follower, err) == STEP_AWAY)
		return -1;
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
	if (follower->once && follower->rests_until_ms == 0 &&
	    mail_digests(follower, &err) == STEP_AWAY)
		return CTL_AWAY;
	if (!follower->keeps) {
		store_put_events_leave(&follower->ctl->batch, follower->consumer);
		run(follower, &err);
	}
	return follower->rests_until_ms > 0 && follower->once ? CTL_AWAY : CTL_DONE;
}

enum ctl_exit
notify(struct ctl *ctl)
{
	const struct mail_settings *mail = &ctl->settings->mail;
	int64_t busy_ms = 2 * mail->timeout_ms + 1000; /* longer than two mails of one event take */
	struct follower follower = { .ctl = ctl,
		.mail = mail,
		.limit = { mail->per_hour, mail->digest_after_ms, busy_ms },
		.once = ctl->options[CTL_OPTION_ONCE] != NULL };
	enum ctl_exit rc;
	struct err err;

	if (mail->events.count == 0) {
		ctl_complain(ctl, "%s: mail.events names no event, so nobody is written to",
		    ctl->file);
		return CTL_NO;
	}
	if (alert_texts_load(mail->templates, &ctl->arena, &follower.texts, &err) != 0) {
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
