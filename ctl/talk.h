/*
 * talk - one question to a listening socket, with a deadline: what `mxctl doctor` asks mxpolicyd.
 */
#ifndef TALK_H
#define TALK_H

#include "listen.h"
#include "str.h"

enum { TALK_MS = 700 }; /* connecting and the answer together */

/* Connects, sends the question and reads until the answer has `end` in it. -1 and words: nobody
 * listens, or no whole answer came in time. */
int talk(const struct listen_address *address, struct span question, const char *end,
    struct str *answer, struct err *err);

#endif
