#include "decision_log.h"

#include <inttypes.h>
#include <stdio.h>

#include "addr.h"
#include "log.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* What stands in the way, for the fields limit and wait; "": nothing. */
struct obstacle {
	char limit[LIMIT_TEXT_SIZE], wait[DURATION_SIZE];
};

static struct obstacle
obstacle_of(const struct decide_facts *facts)
{
	const struct store_took *took = facts->took;
	const struct mx_limits *limits = facts->limits;
	struct obstacle obstacle = { "", "" };

	if (took == NULL || limits == NULL || facts->store_known != FACT_KNOWN)
		return obstacle;
	switch (took->outcome) {
	case STORE_TAKEN:
		break;
	case STORE_NO_SLOT:
		snprintf(obstacle.limit, sizeof(obstacle.limit), "%" PRId64 " connections",
		    took->allowed);
		break;
	case STORE_NO_ROOM:
		limit_format(&limits->limits[took->limit < limits->limit_count ? took->limit : 0],
		    obstacle.limit);
		duration_format_wait(took->wait_ms, obstacle.wait);
		break;
	case STORE_HELD:
		if (took->held.by == STORE_HOLD_RATE)
			snprintf(obstacle.limit, sizeof(obstacle.limit), "%" PRId64 "/1h",
			    took->held.per_hour);
		if (took->held.by != STORE_HOLD_PAUSED)
			duration_format_wait(took->held.wait_ms, obstacle.wait);
		break;
	}
	return obstacle;
}

/* NULL: the field is left out. */
static const char *
given(const char *text)
{
	return text != NULL && *text != '\0' ? text : NULL;
}

static const char *
ip_of(const struct decide_facts *facts, const struct decision_asked *asked)
{
	return facts->rule != NULL ? decide_ip(facts->rule, asked->ip) : NULL;
}

void
decision_log(const struct decide_facts *facts, const struct decision *decision,
    const struct decision_asked *asked)
{
	bool passes = decision->verdict == VERDICT_PASS;
	bool observes = facts->settings->enforce == ENFORCE_OBSERVE;
	const struct obstacle obstacle = passes ? (struct obstacle){ "", "" } : obstacle_of(facts);
	const struct log_field fields[] = {
		{ "reason", decide_reason_name(decision->reason), LOG_SAME },
		{ "recipient", facts->recipient, LOG_ADDRESS },
		{ "sender", asked->sender, LOG_ADDRESS },
		{ "group", given(facts->group), LOG_SAME },
		{ "rule", facts->rule != NULL ? facts->rule->name : NULL, LOG_DETAIL },
		{ "ip", ip_of(facts, asked), LOG_DETAIL },
		{ "limit", given(obstacle.limit), LOG_DETAIL },
		{ "wait", given(obstacle.wait), LOG_DETAIL },
		{ "account", given(facts->account), LOG_DETAIL },
		{ "client", given(asked->client), LOG_DETAIL },
		{ "instance", given(asked->instance), LOG_DETAIL },
		{ "queue_id", given(asked->queue_id), LOG_DETAIL },
	};
	char event[40];

	snprintf(event, sizeof(event), "%s%s", observes ? "observe: would " : "",
	    verdict_name(decision->verdict));
	log_event(passes ? LOG_LEVEL_DEBUG : LOG_LEVEL_INFO, event, fields, COUNT(fields), "%s",
	    decision->action);
}

/* -- steps ------------------------------------------------------------------------------------- */

static const char *const taken_names[] = {
	[STORE_TAKEN] = "taken",
	[STORE_NO_SLOT] = "no_slot",
	[STORE_NO_ROOM] = "no_room",
	[STORE_HELD] = "held",
};

static void
trace_request(struct trace *trace, struct traced *traced, const struct decide_facts *facts,
    const struct decision_asked *asked)
{
	const struct log_field fields[] = {
		{ "recipient", facts->recipient, LOG_ADDRESS },
		{ "sender", asked->sender, LOG_ADDRESS },
		{ "account", given(facts->account), LOG_SAME },
		{ "client", given(asked->client), LOG_SAME },
		{ "login", given(asked->login), LOG_SAME },
		{ "instance", given(asked->instance), LOG_SAME },
		{ "queue_id", given(asked->queue_id), LOG_SAME },
	};

	trace_say(trace, traced, "request", fields, COUNT(fields), "%s",
	    facts->recipient_error != NULL ? facts->recipient_error : "");
}

static void
trace_mx(struct trace *trace, struct traced *traced, const struct decide_facts *facts,
    const struct decision_asked *asked)
{
	struct str limits = { 0 };
	const struct log_field fields[] = {
		{ "domain", addr_domain(facts->recipient), LOG_SAME },
		{ "mx", mx_state_name(facts->mx_state), LOG_SAME },
		{ "rule", facts->rule != NULL ? facts->rule->name : "none", LOG_SAME },
		{ "group", given(facts->group), LOG_SAME },
		{ "ip", ip_of(facts, asked), LOG_SAME },
	};

	if (facts->mx_known == FACT_UNKNOWN)
		return;
	if (facts->limits != NULL)
		trace_put_limits(facts->limits, &limits);
	trace_say(trace, traced, "mx", fields, COUNT(fields), "%s%s%s", facts->mx_words,
	    *facts->mx_words != '\0' && limits.len > 0 ? "; " : "", str_text(&limits));
	str_free(&limits);
}

static void
trace_store(struct trace *trace, struct traced *traced, const struct decide_facts *facts)
{
	bool known = facts->store_known == FACT_KNOWN;
	const struct obstacle obstacle = obstacle_of(facts);
	const char *entry =
	    known && facts->entry != NULL ? quarantine_status_name(facts->entry->status) : NULL;
	const char *took = facts->repeated                ? "counted before"
			   : known && facts->took != NULL ? taken_names[facts->took->outcome]
							  : NULL;
	const struct log_field fields[] = {
		{ "store", known ? "known" : "failed", LOG_SAME },
		{ "quarantine", entry, LOG_SAME },
		{ "message", took, LOG_SAME },
		{ "limit", given(obstacle.limit), LOG_SAME },
		{ "wait", given(obstacle.wait), LOG_SAME },
	};

	if (facts->store_known == FACT_UNKNOWN)
		return;
	trace_say(trace, traced, "store", fields, COUNT(fields), "%s",
	    facts->store_words != NULL ? facts->store_words : "");
}

static void
trace_verdict(struct trace *trace, struct traced *traced, const struct decide_facts *facts,
    const struct decision *decision)
{
	const struct log_field fields[] = {
		{ "verdict", verdict_name(decision->verdict), LOG_SAME },
		{ "reason", decide_reason_name(decision->reason), LOG_SAME },
		{ "recipient", facts->recipient, LOG_ADDRESS },
		{ "enforce", enforce_names[facts->settings->enforce], LOG_SAME },
	};

	trace_say(trace, traced, "verdict", fields, COUNT(fields), "%s", decision->action);
}

void
decision_trace(struct trace *trace, const struct decide_facts *facts,
    const struct decision *decision, const struct decision_asked *asked)
{
	const struct trace_about about = {
		.recipient = facts->recipient,
		.sender = asked->sender,
		.group = facts->group,
	};
	struct traced *traced = trace_of(trace, &about);

	if (traced == NULL)
		return;
	trace_request(trace, traced, facts, asked);
	trace_mx(trace, traced, facts, asked);
	trace_store(trace, traced, facts);
	trace_verdict(trace, traced, facts, decision);
}

void
decision_trace_end(struct trace *trace, const char *recipient, const struct decision_asked *asked)
{
	const struct trace_about about = { .recipient = recipient, .sender = asked->sender };
	struct traced *traced = trace_of(trace, &about);
	const struct log_field fields[] = {
		{ "recipient", given(recipient), LOG_ADDRESS },
		{ "sender", asked->sender, LOG_ADDRESS },
		{ "instance", given(asked->instance), LOG_SAME },
		{ "queue_id", given(asked->queue_id), LOG_SAME },
	};

	if (traced != NULL)
		trace_say(trace, traced, "end_of_message", fields, COUNT(fields), NULL);
}
