/*
 * log_repeat - which lines of a log are written, and which only counted. Pure; the caller has the
 * clock and writes.
 *
 * A line like one that was written within the period is counted, also if others came in between,
 * and told of once the period is over: "... repeated 999 times in 58s". As long as it goes on, that
 * is once a period. Of lines that are all different only so many a second are written, the others
 * counted. So what was written, what was told as repeated and what was told as left out add up to
 * all there was.
 */
#ifndef LOG_REPEAT_H
#define LOG_REPEAT_H

#include <stddef.h>
#include <stdint.h>

#include "str.h"

struct log_repeat;

struct log_repeat_limits {
	int64_t period_ms;  /* 0: every line is one of its own */
	int64_t per_second; /* lines written, on average; 0: no limit */
	size_t kept;        /* lines remembered; beyond that new ones are only limited in number */
};

enum { LOG_REPEAT_BURST_S = 5 }; /* so many seconds' worth may come at once */

/* Times are monotonic, in ms. */
struct log_repeat *log_repeat_new(const struct log_repeat_limits *limits, int64_t now_ms);
void log_repeat_free(struct log_repeat **repeat);
/* Other limits; what was counted stays. `kept` stays as it was. */
void log_repeat_limit(struct log_repeat *repeat, const struct log_repeat_limits *limits);

/* same: what lines like this one agree in. True: it is to be written. */
bool log_repeat_admits(struct log_repeat *repeat, struct span same, int level, int64_t now_ms);

struct log_repeated {
	const char *same; /* good until the next call */
	int level;
	uint64_t times; /* beside those written and told of */
	int64_t in_ms;
};
/* The next one that is to be told of; false: none now. all: without waiting for its period's end. */
bool log_repeat_next(struct log_repeat *repeat, int64_t now_ms, bool all,
    struct log_repeated *repeated);
/* Lines left out since the last call, as there were too many. */
uint64_t log_repeat_left_out(struct log_repeat *repeat);

#endif
