/*
 * delivery_status - the machine-readable part of a delivery status notification (RFC 3464; RFC 6533
 * for addresses in UTF-8), in all its deviations: recipient groups that run together, address types
 * missing or misspelt, statuses and diagnostics in the wrong field.
 */
#ifndef DELIVERY_STATUS_H
#define DELIVERY_STATUS_H

#include <stdbool.h>

#include "mime.h"
#include "report.h"
#include "span.h"

/* message/delivery-status and its relatives, or a text part that begins like one. */
bool delivery_status_is(const struct mime_part *part);

/* Adds a recipient for each group of fields, and fills in reporting_mta and arrival. */
void delivery_status_read(struct span text, struct report *report);

/* What the words of a server tell and no field said: reply code, a better status, the remote MTA.
 * said: the diagnostic with its line breaks, where there were some. */
void delivery_status_complete(struct arena *arena, struct report_recipient *recipient,
    struct span said);

/* The remote host that such words name, "". */
const char *delivery_status_host(struct arena *arena, struct span text);

/* The kind by the actions of all recipients: one that failed makes an NDR. */
enum report_kind delivery_status_kind(const struct report *report);

#endif
