/*
 * bounce_date - when a message bounced. Notices come late: the queue waited for Redis, the remote
 * host wrote days after it had accepted the mail, somebody feeds an old mailbox in.
 */
#ifndef BOUNCE_DATE_H
#define BOUNCE_DATE_H

#include <stdint.h>

#include "report.h"

/* Older than this a date is somebody's wrong clock. */
#define BOUNCE_DATE_MAX_AGE_S (INT64_C(90) * 86400)

/* Unix time before now_s: Last-Attempt-Date of the recipient, the notice's own Date field,
 * Arrival-Date (RFC 3464), the first of them that can be. 0: just now, for all that is known. */
int64_t bounce_date(const struct report *report, const struct report_recipient *recipient,
    int64_t now_s);

#endif
