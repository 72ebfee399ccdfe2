/*
 * plain - the last resort for a message that is the notice of a mail system (evidence.h) and of no
 * known format.
 *
 * Looks for lines that begin with an address and have an SMTP reply behind them, replies that name
 * an address, the only address there is, addresses behind words like "recipient"; then for a report
 * inside the message that came back, and for who that was sent to. A notice that is one beyond
 * doubt is reported even if nobody can tell who did not get the message: without recipients.
 */
#ifndef PLAIN_H
#define PLAIN_H

#include <stdbool.h>

#include "formats.h"

/* True: report has kind, format and recipients. */
bool plain_read(const struct format_input *in, struct report *report);

#endif
