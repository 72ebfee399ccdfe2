/*
 * apply - what follows from an understood message: errors counted, addresses quarantined, events
 * for the application. The only part of mxbounce that writes to Redis.
 *
 * For every failed recipient that may count (trust.h) one atomic script decides, by the NDR's id, so
 * that the same notice counts once however often it is brought; then its place in the index and an
 * event follow. A recipient that may not count is recorded as an event of type "ignored".
 */
#ifndef APPLY_H
#define APPLY_H

#include "report.h"
#include "settings.h"
#include "store_sync.h"
#include "trust.h"

struct apply_envelope {
	const char *sender; /* as pipe(8) gives it; "" is null */
	const char *recipient;
	const char *verp_recipient;             /* "" none */
	const struct trust_signed *signed_path; /* NULL: signatures are not asked for */
	const char *queue_id;                   /* for the log; NULL or "" not known */
};

enum { APPLY_ID_SIZE = 17 };

/* Names the notice: the same one brought again, whatever trace fields it gathered, has the same. */
void apply_id(struct span message, struct span header, char id[APPLY_ID_SIZE]);

/* Whether anything of this report goes to Redis at all. */
bool apply_needs_store(const struct report *report);

/* -1 and words: not all of it was written; trying again later does no harm. Adds a line of what
 * happened for each recipient to `log`. */
int apply(const struct settings *settings, struct store_sync *store, const struct report *report,
    const struct apply_envelope *envelope, const char *id, struct str *log, struct err *err);

#endif
