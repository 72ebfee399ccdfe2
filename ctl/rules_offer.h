/*
 * rules_offer - rules that somebody offers: a bundle whose signature is one of those that are
 * trusted (rules_keys), from a server, from Redis, or kept here.
 */
#ifndef RULES_OFFER_H
#define RULES_OFFER_H

#include "bundle.h"
#include "ctl.h"

struct rules_offer { /* all in ctl's arena */
	struct bundle bundle;
	struct span text, signature; /* as signed */
	const char *comment;         /* the trusted one */
	const char *from;            /* where it was found */
};

/* Each: -1 and words that say where it was looked for. What a server offers must not be of a day to come
 * (rules_version_check()). */
int rules_offer_fetch(struct ctl *ctl, struct rules_offer *offer, struct err *err);
int rules_offer_kept(struct ctl *ctl, const char *version, struct rules_offer *offer,
    struct err *err);
/* The bundle in a file, FILE.minisig beside it. */
int rules_offer_file(struct ctl *ctl, const char *path, struct rules_offer *offer, struct err *err);
/* text and signature stay the caller's. */
int rules_offer_open(struct ctl *ctl, const char *from, struct span text, struct span signature,
    struct rules_offer *offer, struct err *err);

#endif
