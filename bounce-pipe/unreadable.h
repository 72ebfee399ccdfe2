/*
 * unreadable - a message that mxbounce fails on must neither be lost nor stay in the queue for
 * ever.
 *
 * While a message is being understood, a crash or the time limit ends the process by a handler of
 * ours: the first time with 75 (Postfix keeps the message and tries again, perhaps with a newer
 * mxbounce), the second time the message is stored as FOLDER/unreadable/ID.eml and answered 0.
 * If it cannot be stored: 75 again. Before and after, the time limit is simply 75; and so are the
 * signals that ask a process to end (pipe(8) bounces a message whose command dies of one).
 */
#ifndef UNREADABLE_H
#define UNREADABLE_H

#include "span.h"

enum { UNREADABLE_TIME_LIMIT_S = 30 };

/* At the start of the program: the time limit runs, signals end in 75. */
void unreadable_start(void);
/* The message is being understood from now on. folder: state_dir; id: names the message. All is
 * prepared here, as the handler may do little. */
void unreadable_guard(const char *folder, const char *id, struct span message);
/* It has been understood. */
void unreadable_release(void);

#endif
