/*
 * transports_watch - which transports Postfix has been set up with (transports_known.h), looked at again
 * each second; and a word in the log when rules have none yet.
 */
#ifndef TRANSPORTS_WATCH_H
#define TRANSPORTS_WATCH_H

#include "egress.h"

/* begins: with other rules or settings, so that what is missing is said anew. Does nothing unless
 * enforce = "egress". */
void transports_watch(struct egress *egress, bool begins);

#endif
