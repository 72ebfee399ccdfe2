/*
 * decision_log - what was decided about a recipient as Postfix asked (decide.h), as a line in the
 * log and as steps of a trace.
 */
#ifndef DECISION_LOG_H
#define DECISION_LOG_H

#include "decide.h"
#include "trace.h"

struct decision_asked { /* what the request said, beside the facts; "": nothing */
	const char *sender, *client, *login, *instance, *queue_id;
	const char *ip; /* the sending IP's name */
};

void decision_log(const struct decide_facts *facts, const struct decision *decision,
    const struct decision_asked *asked);
/* Nothing if nobody traces it. */
void decision_trace(struct trace *trace, const struct decide_facts *facts,
    const struct decision *decision, const struct decision_asked *asked);
/* The message's end, of those that are traced: its queue id. */
void decision_trace_end(struct trace *trace, const char *recipient,
    const struct decision_asked *asked);

#endif
