#include "alert_post.h"

#include <inttypes.h>
#include <string.h>

#include "alert.h"
#include "alert_mail.h"
#include "clock.h"
#include "keys.h"
#include "sendmail.h"

enum { DIGEST_LINES = 50 }; /* told of in full */

/* -- one mail ----------------------------------------------------------------------------------- */

struct letter {
	const char *to, *id;
	struct span text; /* the template */
	const struct alert_value *values;
	size_t count;
};

static enum sendmail
send_letter(struct alert_post *post, const struct letter *letter)
{
	struct ctl *ctl = post->ctl;
	struct str subject = { 0 }, body = { 0 }, whole = { 0 };
	const char *from = post->mail->from;
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
	sent = sendmail_run(post->mail->sendmail, letter->to, span_make(whole.data, whole.len),
	    post->mail->timeout_ms, &err);
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

int
alert_post_run(struct alert_post *post, struct err *err)
{
	return post->ctl->batch.count == 0 ? 0 : ctl_store_run(post->ctl, err);
}

static enum alert_post_step
mail_now(struct alert_post *post, const struct letter *letter, const char *name, struct err *err)
{
	enum sendmail sent = send_letter(post, letter);

	store_put_mail_end(&post->ctl->batch, letter->to, name, sent != SENDMAIL_LATER,
	    post->limit.busy_ms);
	if (alert_post_run(post, err) != 0)
		return ALERT_POST_AWAY;
	if (sent != SENDMAIL_LATER)
		return ALERT_POST_DONE;
	post->rests_until_ms = clock_monotonic_ms() + post->limit.busy_ms;
	return ALERT_POST_LATER;
}

/* -- events ------------------------------------------------------------------------------------- */

/* ALERT_POST_LATER: not now, or another one is about to. */
static enum alert_post_step
tell(struct alert_post *post, const struct store_event *event, enum mail_event kind,
    const struct alert_recipient *to, struct arena *arena, struct err *err)
{
	struct store_batch *batch = &post->ctl->batch;
	struct alert_value values[ALERT_VALUES_MAX];
	struct store_mail_leave leave;
	struct letter letter = { .to = to->address, .id = event->id, .values = values };

	store_put_mail_take(batch, to->address, event->id, alert_line(event, kind, arena),
	    &post->limit, &leave);
	if (alert_post_run(post, err) != 0)
		return ALERT_POST_AWAY;
	if (leave.what == STORE_MAIL_MORE)
		store_put_mail_due(batch, to->address, leave.due_ms);
	if (leave.what != STORE_MAIL_GO)
		return leave.what == STORE_MAIL_BUSY ? ALERT_POST_LATER : ALERT_POST_DONE;
	letter.text = to->is_owner && post->texts.owners[kind].len > 0 ? post->texts.owners[kind]
								       : post->texts.events[kind];
	letter.count = alert_values(event, kind, post->ctl->settings->node, arena, values);
	return mail_now(post, &letter, event->id, err);
}

enum alert_post_step
alert_post_event(struct alert_post *post, const struct store_event *event, struct arena *arena,
    struct err *err)
{
	struct alert_recipient to[ALERT_RECIPIENTS_MAX];
	enum alert_post_step step = ALERT_POST_DONE;
	enum mail_event kind;
	size_t count;

	if (!alert_kind(event, &kind))
		return ALERT_POST_DONE;
	count = alert_recipients(post->mail, kind, event, arena, to);
	for (size_t i = 0; i < count && step == ALERT_POST_DONE; i++)
		step = tell(post, event, kind, &to[i], arena, err);
	if (step == ALERT_POST_DONE)
		store_put_events_done(&post->ctl->batch, &event->id, 1);
	return step == ALERT_POST_DONE && alert_post_run(post, err) != 0 ? ALERT_POST_AWAY : step;
}

/* -- digests ------------------------------------------------------------------------------------ */

static enum alert_post_step
mail_digest(struct alert_post *post, const char *to, struct arena *arena, struct err *err)
{
	struct store_batch *batch = &post->ctl->batch;
	struct store_mail_leave leave = { .arena = arena };
	struct alert_value values[ALERT_VALUES_MAX];
	struct letter letter = { .to = to, .text = post->texts.digest, .values = values };

	store_put_mail_digest(batch, to, DIGEST_LINES, &post->limit, &leave);
	if (alert_post_run(post, err) != 0)
		return ALERT_POST_AWAY;
	if (leave.what == STORE_MAIL_NONE) { /* looked at again: one may have come in between */
		store_put_mail_not_due(batch, to);
		store_put_mail_digest(batch, to, DIGEST_LINES, &post->limit, &leave);
		if (alert_post_run(post, err) != 0)
			return ALERT_POST_AWAY;
	}
	if (leave.what == STORE_MAIL_WAIT)
		store_put_mail_due(batch, to, leave.due_ms);
	if (leave.what != STORE_MAIL_GO)
		return alert_post_run(post, err) == 0 ? ALERT_POST_DONE : ALERT_POST_AWAY;
	letter.id = leave.name + 1;
	letter.count = alert_digest_values(leave.lines, leave.line_count, leave.count,
	    post->limit.per_hour, post->ctl->settings->node, arena, values);
	return mail_now(post, &letter, leave.name, err);
}

enum alert_post_step
alert_post_digests(struct alert_post *post, struct err *err)
{
	struct store_fields due;
	enum alert_post_step step = ALERT_POST_DONE;
	struct ctl_time now;
	struct arena arena;

	if (ctl_store_time(post->ctl, &now, err) != 0)
		return ALERT_POST_AWAY;
	arena_init(&arena);
	due = (struct store_fields){ .arena = &arena };
	store_put_mails_due(&post->ctl->batch, now.ms, &due);
	step = alert_post_run(post, err) == 0 ? ALERT_POST_DONE : ALERT_POST_AWAY;
	for (size_t i = 0; step == ALERT_POST_DONE && i < due.count; i++) {
		struct str to = { 0 };

		if (keys_decode(&to, due.items[i]) == 0 && mail_address_is_plain(str_text(&to)))
			step = mail_digest(post, str_text(&to), &arena, err);
		str_free(&to);
	}
	arena_clear(&arena);
	return step;
}
