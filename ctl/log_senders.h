/*
 * log_senders - who sent the messages that a log tells of, by host and queue ID, and how far the log
 * of each host was read. What it keeps is bounded: the messages told of longest ago are forgotten.
 *
 * A line's place grows through the log of a host, and is the same when that is read again: its
 * second, or the latest before it, and its number among those that have a place in that second.
 * One who begins in the midst of a second gives smaller numbers in it.
 */
#ifndef LOG_SENDERS_H
#define LOG_SENDERS_H

#include <stdint.h>

#include "maillog.h"

enum { LOG_SENDERS_MAX = 50000, LOG_HOSTS_MAX = 1000, LOG_PLACE_SIZE = 48 };

struct log_senders;
struct log_senders *log_senders_new(size_t most); /* LOG_SENDERS_MAX */
void log_senders_free(struct log_senders **senders);

/* Takes in a line of any kind; MAILLOG_REMOVED forgets the message. */
void log_senders_take(struct log_senders *senders, enum maillog_kind kind,
    const struct maillog_line *line);

/* The message's envelope sender, "" the null one, NULL: not known; *login: who logged in, or "".
 * Good until the next call of log_senders_take(). */
const char *log_senders_find(const struct log_senders *senders, const struct maillog_line *line,
    const char **login);

/* "" without a date. */
void log_senders_place(struct log_senders *senders, const struct maillog_line *line,
    char place[LOG_PLACE_SIZE]);

#endif
