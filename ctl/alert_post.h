/*
 * alert_post - gets the mails out that events call for: leave from the store (several nodes mail to the
 * same people), the mail itself, sendmail, and what became of it.
 */
#ifndef ALERT_POST_H
#define ALERT_POST_H

#include "alert_texts.h"
#include "ctl.h"
#include "store_events.h"
#include "store_mail.h"

struct alert_post {
	struct ctl *ctl; /* its store is open, its batch empty or of the same business */
	const struct mail_settings *mail;
	struct alert_texts texts;
	struct store_mail_limit limit;
	int64_t rests_until_ms; /* monotonic; sendmail asked for another time */
};

enum alert_post_step {
	ALERT_POST_DONE,
	ALERT_POST_LATER, /* not now, or another one is about to */
	ALERT_POST_AWAY,  /* the store is: words in err */
};

/* Runs what is in the batch, if anything is. */
int alert_post_run(struct alert_post *post, struct err *err);

/* To all that it is for. DONE: each mail was handed over, refused for good or gathered for a digest,
 * and the event is acknowledged. What is mailed, and what not, is said on the command's streams. */
enum alert_post_step alert_post_event(struct alert_post *post, const struct store_event *event,
    struct arena *arena, struct err *err);

/* Those that are due. */
enum alert_post_step alert_post_digests(struct alert_post *post, struct err *err);

#endif
