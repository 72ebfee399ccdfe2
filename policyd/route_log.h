/*
 * route_log - where a recipient's mail was sent (route_decide.h), as a line in the log and as steps
 * of a trace.
 */
#ifndef ROUTE_LOG_H
#define ROUTE_LOG_H

#include "route_decide.h"
#include "trace.h"

/* observe: nothing was done. While the lanes of the facts are good. */
void route_log(const struct route_facts *facts, const struct route_decision *decision,
    const char *sender, bool observe);
/* Nothing if nobody traces it. took_ms: since it was asked. */
void route_trace(struct trace *trace, const struct route_facts *facts,
    const struct route_decision *decision, const char *sender, int64_t took_ms);

#endif
