/*
 * alert_texts - the templates of all mails: those that mxpace brings along, and an operator's in
 * their place.
 */
#ifndef ALERT_TEXTS_H
#define ALERT_TEXTS_H

#include "arena.h"
#include "err.h"
#include "settings_mail.h"

struct alert_texts { /* whole templates; the arena's, or static */
	struct span events[MAIL_EVENTS];
	struct span owners[MAIL_EVENTS]; /* what the owner of an account is told; empty: as all */
	struct span digest;
};

/* folder "": only what is brought along. -1 and words: one of its files cannot be read, is no
 * template, or belongs to none of them. */
int alert_texts_load(const char *folder, struct arena *arena, struct alert_texts *texts,
    struct err *err);

#endif
