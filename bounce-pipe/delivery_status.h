/*
 * delivery_status - the machine-readable part of a delivery status notification (RFC 3464; RFC 6533
 * for addresses in UTF-8), in all its deviations: parts of the wrong type, recipient groups that run
 * together, address types missing or misspelt, replies that are not folded, fields in any order.
 * What counts where the fields contradict each other is outcome.h's.
 */
#ifndef DELIVERY_STATUS_H
#define DELIVERY_STATUS_H

#include <stdbool.h>

#include "mime.h"
#include "report.h"
#include "span.h"

/* A text begins like a report about one recipient at least. */
bool delivery_status_begins(struct span text);

/* message/delivery-status and its relatives, or a part that begins like one; in base64, the type
 * only tells. */
bool delivery_status_is(const struct mime_part *part);

/* The fields where they stand in a text that is no part of its own: the MIME structure is broken,
 * or a gateway made one text of all parts. Up to the message that came back; empty: none. */
struct span delivery_status_in(struct span text);

/* Adds a recipient for each group of fields, and fills in reporting_mta, arrival and message_id. The
 * action of a group that has none and does not tell otherwise is "". */
void delivery_status_read(struct span text, struct report *report);

#endif
