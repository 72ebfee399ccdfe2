/*
 * returned - the message that came back: which one it was.
 *
 * Looks at its header only, for the Message-ID and the fields that name campaign, list and account.
 */
#ifndef RETURNED_H
#define RETURNED_H

#include "ndr.h"
#include "report.h"
#include "span.h"

/* Fills in message_id, campaign, list and account where the report has none yet. header: of the
 * message that was sent. */
void returned_read(struct span header, const struct ndr_options *options, struct report *report);

/* Who it went to, if its To field names one address only; "". */
const char *returned_recipient(struct arena *arena, struct span header);

/* The header of a message that stands in a plain text: from its first field on. */
struct span returned_header(struct span text);

#endif
