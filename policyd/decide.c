#include "decide.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "addr.h"
#include "duration.h"

static const struct {
	const char *name;
	enum verdict verdict;
} reasons[DECIDE_REASONS] = {
	[DECIDE_NONE] = { "none", VERDICT_PASS },
	[DECIDE_WITHIN_LIMITS] = { "within_limits", VERDICT_PASS },
	[DECIDE_REPEATED] = { "repeated", VERDICT_PASS },
	[DECIDE_AT_DELIVERY] = { "at_delivery", VERDICT_PASS },
	[DECIDE_NO_LIMITS] = { "no_limits", VERDICT_PASS },
	[DECIDE_NULL_SENDER] = { "null_sender", VERDICT_PASS },
	[DECIDE_LOCAL_DOMAIN] = { "local_domain", VERDICT_PASS },
	[DECIDE_BAD_RECIPIENT] = { "bad_recipient", VERDICT_DEFER },
	[DECIDE_NO_DOMAIN] = { "no_domain", VERDICT_REFUSE },
	[DECIDE_NO_HOST] = { "no_host", VERDICT_REFUSE },
	[DECIDE_NULL_MX] = { "null_mx", VERDICT_REFUSE },
	[DECIDE_MX_FAILED_PERMIT] = { "mx_failed_permit", VERDICT_PASS },
	[DECIDE_MX_FAILED_DEFER] = { "mx_failed_defer", VERDICT_DEFER },
	[DECIDE_STORE_FAILED_PERMIT] = { "store_failed_permit", VERDICT_PASS },
	[DECIDE_STORE_FAILED_DEFER] = { "store_failed_defer", VERDICT_DEFER },
	[DECIDE_QUARANTINED] = { "quarantined", VERDICT_REFUSE },
	[DECIDE_QUARANTINED_DIVERTED] = { "quarantined_diverted", VERDICT_DIVERT },
	[DECIDE_MESSAGE_LIMIT] = { "message_limit", VERDICT_DEFER },
	[DECIDE_CONNECTION_LIMIT] = { "connection_limit", VERDICT_DEFER },
	[DECIDE_PAUSED] = { "paused", VERDICT_DEFER },
	[DECIDE_SUSPENDED] = { "suspended", VERDICT_DEFER },
	[DECIDE_BACKOFF] = { "backoff", VERDICT_DEFER },
	[DECIDE_ACCOUNT_SUSPENDED] = { "account_suspended", VERDICT_REFUSE },
	[DECIDE_ACCOUNT_SUSPENDED_DEFER] = { "account_suspended_defer", VERDICT_DEFER },
	[DECIDE_ACCOUNT_PROBATION] = { "account_probation", VERDICT_DEFER },
	[DECIDE_COMPLAINED] = { "complained", VERDICT_REFUSE },
};

static const char *const verdict_names[] = {
	[VERDICT_NEEDS_MX] = "needs_mx",
	[VERDICT_NEEDS_STORE] = "needs_store",
	[VERDICT_PASS] = "pass",
	[VERDICT_DEFER] = "defer",
	[VERDICT_REFUSE] = "refuse",
	[VERDICT_DIVERT] = "divert",
};

/* What Postfix does with a quarantined recipient (access(5)); %s: address and why. */
static const char *const quarantine_actions[] = {
	[QUARANTINE_REJECT] = "550 5.1.1 mxpace: %s",
	[QUARANTINE_DISCARD] = "DISCARD mxpace: %s",
	[QUARANTINE_HOLD] = "HOLD mxpace: %s",
	[QUARANTINE_PREPEND] = "PREPEND X-Mxpace-Quarantined: %s",
};

const char *
decide_reason_name(enum decide_reason reason)
{
	return reasons[reason].name;
}

enum verdict
decide_reason_verdict(enum decide_reason reason)
{
	return reasons[reason].verdict;
}

const char *
verdict_name(enum verdict verdict)
{
	return verdict_names[verdict];
}

/* One line that Postfix takes: control bytes and bytes beyond ASCII shown as '?'. */
static void
make_printable(char *text)
{
	for (; *text != '\0'; text++)
		if (*text < ' ' || *text > '~')
			*text = '?';
}

__attribute__((format(printf, 3, 4))) static void
conclude(struct decision *decision, enum decide_reason reason, const char *fmt, ...)
{
	va_list ap;

	decision->reason = reason;
	decision->verdict = reasons[reason].verdict;
	va_start(ap, fmt);
	vsnprintf(decision->action, sizeof(decision->action), fmt, ap);
	va_end(ap);
	make_printable(decision->action);
}

static void
pass(struct decision *decision, enum decide_reason reason)
{
	decision->reason = reason;
	decision->verdict = reasons[reason].verdict;
	memcpy(decision->action, "DUNNO", sizeof("DUNNO"));
}

static void
conclude_quarantined(const struct decide_facts *facts, struct decision *decision)
{
	int action = facts->settings->quarantine_action;
	struct str words = { 0 };
	char line[DECISION_TEXT_SIZE];

	str_addf(&words, "%s is ", facts->recipient);
	quarantine_entry_words(facts->entry, &words);
	snprintf(line, sizeof(line), "%.*s", DECISION_TEXT_SIZE - 64, str_text(&words));
	str_free(&words);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	conclude(decision,
	    action == QUARANTINE_REJECT ? DECIDE_QUARANTINED : DECIDE_QUARANTINED_DIVERTED,
	    quarantine_actions[action], line);
#pragma GCC diagnostic pop
}

static void
conclude_account(const struct decide_facts *facts, struct decision *decision)
{
	bool defer = facts->settings->reputation.action == SUSPENDED_DEFER;
	struct str words = { 0 };

	sender_words(facts->account, facts->refused, &words);
	if (facts->refused->state == SENDER_PROBATION)
		conclude(decision, DECIDE_ACCOUNT_PROBATION, "DEFER_IF_PERMIT 4.7.1 mxpace: %s",
		    str_text(&words));
	else if (defer)
		conclude(decision, DECIDE_ACCOUNT_SUSPENDED_DEFER,
		    "DEFER_IF_PERMIT 4.7.1 mxpace: %s", str_text(&words));
	else
		conclude(decision, DECIDE_ACCOUNT_SUSPENDED, "550 5.7.1 mxpace: %s",
		    str_text(&words));
	str_free(&words);
}

static void
conclude_complained(const struct decide_facts *facts, struct decision *decision)
{
	bool known = facts->account != NULL && *facts->account != '\0';

	conclude(decision, DECIDE_COMPLAINED,
	    "550 5.7.1 mxpace: %s complained about mail of %s%s and gets no more", facts->recipient,
	    known ? "account " : "ours", known ? facts->account : "");
}

static bool
has_limits(const struct mx_rule *rule, const struct mx_limits *limits)
{
	return rule != NULL && limits != NULL && mx_limits_any(limits);
}

/* What needs neither DNS nor Redis. True: decided. */
static bool
decide_by_request(const struct decide_facts *facts, struct decision *decision)
{
	const char *domain = addr_domain(facts->recipient);

	if (facts->recipient_error != NULL || *facts->recipient == '\0')
		conclude(decision, DECIDE_BAD_RECIPIENT, "DEFER_IF_PERMIT 4.3.5 mxpace: %s",
		    facts->recipient_error != NULL ? facts->recipient_error
						   : "RCPT request without a recipient");
	else if (facts->null_sender)
		pass(decision, DECIDE_NULL_SENDER);
	else if (*domain == '\0' || settings_is_local(facts->settings, domain))
		pass(decision, DECIDE_LOCAL_DOMAIN);
	else if (facts->refused != NULL)
		conclude_account(facts, decision);
	else
		return false;
	return true;
}

static bool
decide_by_mx(const struct decide_facts *facts, struct decision *decision)
{
	const char *domain = addr_domain(facts->recipient);

	if (facts->mx_known == FACT_UNKNOWN) {
		decision->verdict = VERDICT_NEEDS_MX;
		return true;
	}
	switch (facts->mx_state) {
	case MX_FOUND:
	case MX_IMPLICIT:
		return false;
	case MX_NULL:
		conclude(decision, DECIDE_NULL_MX,
		    "556 5.1.10 mxpace: domain %s accepts no mail (null MX)", domain);
		return true;
	case MX_NO_DOMAIN:
		conclude(decision, DECIDE_NO_DOMAIN, "550 5.1.2 mxpace: domain %s does not exist",
		    domain);
		return true;
	case MX_NO_HOST:
		conclude(decision, DECIDE_NO_HOST,
		    "550 5.1.2 mxpace: domain %s has neither MX nor address records", domain);
		return true;
	case MX_FAILED:
		if (facts->settings->on_dns_failure == ON_FAILURE_DEFER) {
			conclude(decision, DECIDE_MX_FAILED_DEFER,
			    "DEFER_IF_PERMIT 4.4.3 mxpace: MX look-up of %s failed: %s", domain,
			    facts->mx_words);
			return true;
		}
		return false;
	}
	return false;
}

static void
conclude_held(const struct decide_facts *facts, struct decision *decision)
{
	const struct store_held *held = &facts->took->held;
	const char *colon = *held->why != '\0' ? ": " : "";
	char wait[DURATION_SIZE];

	duration_format_wait(held->wait_ms, wait);
	switch (held->by) {
	case STORE_HOLD_PAUSED:
		conclude(decision, DECIDE_PAUSED,
		    "DEFER_IF_PERMIT 4.7.1 mxpace: group %s: paused by an operator%s%s",
		    facts->group, colon, held->why);
		break;
	case STORE_HOLD_SUSPENDED:
		conclude(decision, DECIDE_SUSPENDED,
		    "DEFER_IF_PERMIT 4.7.1 mxpace: group %s: suspended by backoff for another "
		    "%s%s%s",
		    facts->group, wait, colon, held->why);
		break;
	case STORE_HOLD_RATE:
		conclude(decision, DECIDE_BACKOFF,
		    "DEFER_IF_PERMIT 4.7.1 mxpace: group %s: backoff allows %" PRId64
		    " messages an hour, next in %s%s%s",
		    facts->group, held->per_hour, wait, colon, held->why);
		break;
	}
}

static void
decide_by_limits(const struct decide_facts *facts, struct decision *decision)
{
	const struct store_took *took = facts->took;
	const struct limit *limit;
	char text[LIMIT_TEXT_SIZE], wait[DURATION_SIZE];

	switch (took->outcome) {
	case STORE_TAKEN:
		pass(decision, DECIDE_WITHIN_LIMITS);
		break;
	case STORE_NO_SLOT:
		conclude(decision, DECIDE_CONNECTION_LIMIT,
		    "DEFER_IF_PERMIT 4.7.1 mxpace: group %s: %" PRId64 " of %" PRId64
		    " connections in use, try again in a minute",
		    facts->group, took->open - 1, took->allowed);
		break;
	case STORE_NO_ROOM:
		limit = &facts->limits
			     ->limits[took->limit < facts->limits->limit_count ? took->limit : 0];
		conclude(decision, DECIDE_MESSAGE_LIMIT,
		    "DEFER_IF_PERMIT 4.7.1 mxpace: group %s: limit %s reached, next message in %s",
		    facts->group, limit_format(limit, text),
		    duration_format_wait(took->wait_ms, wait));
		break;
	case STORE_HELD:
		conclude_held(facts, decision);
		break;
	}
}

static void
decide_by_store(const struct decide_facts *facts, struct decision *decision)
{
	bool quarantined = facts->store_known == FACT_KNOWN && facts->entry != NULL &&
			   facts->entry->status == QUARANTINE_QUARANTINED &&
			   !addr_is_postmaster(facts->recipient);
	bool complained = facts->store_known == FACT_KNOWN && facts->entry != NULL &&
			  quarantine_entry_forbids(facts->entry, facts->account, facts->list) &&
			  !addr_is_postmaster(facts->recipient);

	if (facts->store_known == FACT_UNKNOWN)
		decision->verdict = VERDICT_NEEDS_STORE;
	else if (quarantined)
		conclude_quarantined(facts, decision);
	else if (complained)
		conclude_complained(facts, decision);
	else if (facts->store_known == FACT_FAILED &&
		 facts->settings->on_store_failure == ON_FAILURE_DEFER)
		conclude(decision, DECIDE_STORE_FAILED_DEFER,
		    "DEFER_IF_PERMIT 4.3.0 mxpace: store away: %s", facts->store_words);
	else if (facts->store_known == FACT_FAILED)
		pass(decision, DECIDE_STORE_FAILED_PERMIT);
	else if (facts->mx_state == MX_FAILED)
		pass(decision, DECIDE_MX_FAILED_PERMIT);
	else if (facts->settings->enforce != ENFORCE_ADMISSION)
		pass(decision, DECIDE_AT_DELIVERY);
	else if (facts->repeated)
		pass(decision, DECIDE_REPEATED);
	else if (!has_limits(facts->rule, facts->limits) || facts->took == NULL)
		pass(decision, DECIDE_NO_LIMITS);
	else
		decide_by_limits(facts, decision);
	decision->gives_back = (quarantined || complained) && decision->verdict == VERDICT_REFUSE &&
			       facts->took != NULL && facts->took->outcome == STORE_TAKEN;
}

void
decide(const struct decide_facts *facts, struct decision *decision)
{
	decision->verdict = VERDICT_PASS;
	decision->reason = DECIDE_NONE;
	decision->action[0] = '\0';
	decision->gives_back = false;
	if (!decide_by_request(facts, decision) && !decide_by_mx(facts, decision))
		decide_by_store(facts, decision);
}

const char *
decide_ip(const struct mx_rule *rule, const char *ip)
{
	return rule->per == MX_PER_GROUP ? "all" : ip;
}

bool
decide_take(const struct mx_rule *rule, const struct mx_limits *limits, const char *group,
    const char *ip, const char *node, int64_t open, struct store_take *take)
{
	if (!has_limits(rule, limits))
		return false;
	*take = (struct store_take){
		.group = group,
		.ip = decide_ip(rule, ip),
		.node = node,
		.open = open,
		.connections = limits->connections,
		.limits = limits->limits,
		.limit_count = limits->limit_count,
		.commit = true,
	};
	return true;
}
