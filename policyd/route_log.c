#include "route_log.h"

#include <inttypes.h>
#include <stdio.h>

#include "addr.h"
#include "log.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* NULL: the field is left out. */
static const char *
given(const char *text)
{
	return text != NULL && *text != '\0' ? text : NULL;
}

void
route_log(const struct route_facts *facts, const struct route_decision *decision,
    const char *sender, bool observe)
{
	bool passes = decision->verdict == ROUTE_LEAVE || decision->verdict == ROUTE_SEND;
	const struct log_field fields[] = {
		{ "reason", route_reason_name(decision->reason), LOG_SAME },
		{ "recipient", facts->recipient, LOG_ADDRESS },
		{ "sender", sender, LOG_ADDRESS },
		{ "group", given(facts->group), LOG_SAME },
		{ "rule", facts->rule != NULL ? facts->rule->name : NULL, LOG_DETAIL },
		{ "account", given(facts->account), LOG_DETAIL },
	};
	char event[40];

	snprintf(event, sizeof(event), "%s%s", observe ? "observe: would " : "",
	    route_verdict_name(decision->verdict));
	log_event(passes ? LOG_LEVEL_DEBUG : LOG_LEVEL_INFO, event, fields, COUNT(fields), "%s",
	    decision->reply.text);
}

/* -- steps ------------------------------------------------------------------------------------- */

static void
trace_mx(struct trace *trace, struct traced *traced, const struct route_facts *facts)
{
	bool known = facts->mx_known == FACT_KNOWN;
	const struct log_field fields[] = {
		{ "domain", addr_domain(facts->recipient), LOG_SAME },
		{ "mx", known ? mx_state_name(facts->mx_state) : "not known yet", LOG_SAME },
		{ "rule", facts->rule != NULL ? facts->rule->name : "none", LOG_SAME },
		{ "group", given(facts->group), LOG_SAME },
	};

	if (facts->mx_known != FACT_UNKNOWN)
		trace_say(trace, traced, "mx", fields, COUNT(fields), "%s",
		    facts->mx_words != NULL ? facts->mx_words : "");
}

static void
trace_store(struct trace *trace, struct traced *traced, const struct route_facts *facts)
{
	bool known = facts->store_known == FACT_KNOWN && facts->entry != NULL;
	const struct log_field fields[] = {
		{ "store", facts->store_known == FACT_KNOWN ? "known" : "failed", LOG_SAME },
		{ "quarantine", known ? quarantine_status_name(facts->entry->status) : NULL,
		    LOG_SAME },
	};

	if (facts->store_known != FACT_UNKNOWN)
		trace_say(trace, traced, "store", fields, COUNT(fields), NULL);
}

static void
trace_lane(struct trace *trace, struct traced *traced, const struct route_lane *lane)
{
	char number[24], inside[24], allowed[24], minute[24], limit[LIMIT_TEXT_SIZE];
	char wait[DURATION_SIZE];
	const char *dead = lane->dead_words != NULL ? lane->dead_words : "";
	int64_t wait_ms = lane->dead_ms > lane->spent_ms ? lane->dead_ms : lane->spent_ms;
	struct str limits = { 0 };
	const struct log_field fields[] = {
		{ "sending_ip", number, LOG_SAME },
		{ "queued", inside, LOG_SAME },
		{ "allowed", allowed, LOG_SAME },
		{ "per_minute", lane->per_minute >= 0 ? minute : NULL, LOG_SAME },
		{ "limit", lane->spent != NULL ? limit_format(lane->spent, limit) : NULL,
		    LOG_SAME },
		{ "wait", wait_ms > 0 ? duration_format_wait(wait_ms, wait) : NULL, LOG_SAME },
	};

	snprintf(number, sizeof(number), "%zu", lane->number);
	snprintf(inside, sizeof(inside), "%" PRId64, lane->inside);
	snprintf(allowed, sizeof(allowed), "%" PRId64, lane->allowed);
	snprintf(minute, sizeof(minute), "%.0f", lane->per_minute);
	if (lane->limits != NULL)
		trace_put_limits(lane->limits, &limits);
	trace_say(trace, traced, "lane", fields, COUNT(fields), "%s%s%s", dead,
	    *dead != '\0' && limits.len > 0 ? "; " : "", str_text(&limits));
	str_free(&limits);
}

static void
trace_verdict(struct trace *trace, struct traced *traced, const struct route_facts *facts,
    const struct route_decision *decision, int64_t took_ms)
{
	char took[24];
	const struct log_field fields[] = {
		{ "verdict", route_verdict_name(decision->verdict), LOG_SAME },
		{ "reason", route_reason_name(decision->reason), LOG_SAME },
		{ "recipient", facts->recipient, LOG_ADDRESS },
		{ "enforce", enforce_names[facts->settings->enforce], LOG_SAME },
		{ "took", took, LOG_SAME },
	};

	snprintf(took, sizeof(took), "%" PRId64 "ms", took_ms);
	trace_say(trace, traced, "route", fields, COUNT(fields), "%s", decision->reply.text);
}

void
route_trace(struct trace *trace, const struct route_facts *facts,
    const struct route_decision *decision, const char *sender, int64_t took_ms)
{
	const struct trace_about about = {
		.recipient = facts->recipient,
		.sender = sender,
		.group = facts->group,
	};
	struct traced *traced = trace_of(trace, &about);
	const struct log_field fields[] = {
		{ "recipient", facts->recipient, LOG_ADDRESS },
		{ "sender", sender, LOG_ADDRESS },
		{ "account", given(facts->account), LOG_SAME },
		{ "pool", facts->pool != NULL ? facts->pool->name : NULL, LOG_SAME },
	};

	if (traced == NULL)
		return;
	trace_say(trace, traced, "transport", fields, COUNT(fields), "%s",
	    facts->recipient_error != NULL ? facts->recipient_error : "");
	trace_mx(trace, traced, facts);
	trace_store(trace, traced, facts);
	for (size_t i = 0; facts->lanes_known == FACT_KNOWN && i < facts->lane_count; i++)
		trace_lane(trace, traced, &facts->lanes[i]);
	trace_verdict(trace, traced, facts, decision, took_ms);
	/* Not where it is the sender's. */
	if (decision->verdict == ROUTE_SEND &&
	    trace_pattern_may_fit(&traced->pattern, addr_domain(facts->recipient)))
		trace_expect(traced);
}
