/*
 * plain - the last resort for a message that looks like a bounce and is of no known format: lines
 * that begin with an address and have an SMTP reply behind them, replies that name an address, the
 * only address there is.
 */
#ifndef PLAIN_H
#define PLAIN_H

#include <stdbool.h>

#include "formats.h"

/* True: report has kind, format and recipients. */
bool plain_read(const struct format_input *in, struct report *report);

#endif
