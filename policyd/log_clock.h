/*
 * log_clock - keeps mxpolicyd's log within log_period and log_rate, and tells once a second of what
 * was only counted.
 */
#ifndef LOG_CLOCK_H
#define LOG_CLOCK_H

#include "settings.h"

struct event_base;
struct log_clock;

struct log_clock *log_clock_new(struct event_base *base, const struct settings *settings);
/* After a reload. */
void log_clock_follow(struct log_clock *clock, const struct settings *settings);
/* Tells of all that was counted. */
void log_clock_free(struct log_clock **clock);

#endif
