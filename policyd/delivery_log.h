/*
 * delivery_log - a delivery that was held or denied, as a line in the log; what it went through, as
 * steps of a trace.
 */
#ifndef DELIVERY_LOG_H
#define DELIVERY_LOG_H

#include "lane.h"
#include "trace.h"

enum { DELIVERY_LOG_HELD_MS = 1000 }; /* held for longer, it has a line */

struct delivery_told {
	const char *service, *domain, *next_hop; /* "": not known */
	const char *ip;                          /* the sending IP's name */
	const struct lane *lane;                 /* NULL: not known, or nothing limits it */
	int64_t waited_ms;
};

void delivery_log_denied(const struct delivery_told *told, bool observe, const char *words);
/* waited_for: "slot", "message". */
void delivery_log_held(const struct delivery_told *told, const char *waited_for);
/* Nothing if nobody traces it. words may be NULL. */
void delivery_trace(struct trace *trace, const struct delivery_told *told, const char *step,
    const char *words);

#endif
