#include "route_decide.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "addr.h"
#include "duration.h"

static const struct {
	const char *name;
	enum route_verdict verdict;
} reasons[ROUTE_REASONS] = {
	[ROUTE_NONE] = { "none", ROUTE_LEAVE },
	[ROUTE_NOT_ASKED] = { "not_asked", ROUTE_LEAVE },
	[ROUTE_INTERRUPTED] = { "interrupted", ROUTE_RETRY },
	[ROUTE_BAD_RECIPIENT] = { "bad_recipient", ROUTE_LEAVE },
	[ROUTE_LOCAL_DOMAIN] = { "local_domain", ROUTE_LEAVE },
	[ROUTE_EXCEPTION] = { "exception", ROUTE_LEAVE },
	[ROUTE_NO_RULE] = { "no_rule", ROUTE_LEAVE },
	[ROUTE_PACED] = { "paced", ROUTE_SEND },
	[ROUTE_UNKNOWN] = { "unknown", ROUTE_SEND },
	[ROUTE_MX_FAILED] = { "mx_failed", ROUTE_RETRY },
	[ROUTE_NULL_MX] = { "null_mx", ROUTE_REFUSE },
	[ROUTE_NO_DOMAIN] = { "no_domain", ROUTE_REFUSE },
	[ROUTE_NO_HOST] = { "no_host", ROUTE_REFUSE },
	[ROUTE_QUARANTINED] = { "quarantined", ROUTE_REFUSE },
	[ROUTE_QUARANTINED_DISCARDED] = { "quarantined_discarded", ROUTE_DISCARD },
	[ROUTE_NO_SENDING_IP] = { "no_sending_ip", ROUTE_RETRY },
	[ROUTE_SITE_DEAD] = { "site_dead", ROUTE_RETRY },
	[ROUTE_QUEUE_FULL] = { "queue_full", ROUTE_RETRY },
	[ROUTE_WARMUP_CAP] = { "warmup_cap", ROUTE_RETRY },
	[ROUTE_ACCOUNT_SUSPENDED] = { "account_suspended", ROUTE_REFUSE },
	[ROUTE_ACCOUNT_SUSPENDED_DEFER] = { "account_suspended_defer", ROUTE_RETRY },
	[ROUTE_COMPLAINED] = { "complained", ROUTE_REFUSE },
};

static const char *const verdict_names[] = {
	[ROUTE_NEEDS_MX] = "needs_mx",
	[ROUTE_NEEDS_STORE] = "needs_store",
	[ROUTE_NEEDS_LANES] = "needs_lanes",
	[ROUTE_LEAVE] = "leave",
	[ROUTE_SEND] = "send",
	[ROUTE_RETRY] = "retry",
	[ROUTE_REFUSE] = "refuse",
	[ROUTE_DISCARD] = "discard",
};

const char *
route_reason_name(enum route_reason reason)
{
	return reasons[reason].name;
}

enum route_verdict
route_reason_verdict(enum route_reason reason)
{
	return reasons[reason].verdict;
}

const char *
route_verdict_name(enum route_verdict verdict)
{
	return verdict_names[verdict];
}

/* Words for qmgr: "retry:4.7.1 mxpace: ...". */
__attribute__((format(printf, 3, 4))) static void
answer(struct route_decision *decision, enum route_reason reason, const char *fmt, ...)
{
	char text[SOCKMAP_TEXT_SIZE];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	decision->reason = reason;
	decision->verdict = reasons[reason].verdict;
	sockmap_reply_set(&decision->reply, ANSWER_OK, "%s", text);
}

static void
leave(struct route_decision *decision, enum route_reason reason)
{
	decision->reason = reason;
	decision->verdict = reasons[reason].verdict;
	sockmap_reply_set(&decision->reply, ANSWER_NOTFOUND, "%s", "");
}

void
route_conclude(struct route_decision *decision, enum route_reason reason)
{
	decision->lane = NULL;
	if (reasons[reason].verdict == ROUTE_LEAVE)
		leave(decision, reason);
	else
		answer(decision, reason, "retry:4.3.0 mxpace: mxpolicyd was restarted, try again");
}

/* What needs nothing but the request and the configuration. True: decided. */
static bool
decide_by_request(const struct route_facts *facts, struct route_decision *decision)
{
	const char *domain;

	if (facts->recipient_error != NULL || facts->recipient == NULL ||
	    *(domain = addr_domain(facts->recipient)) == '\0')
		leave(decision, ROUTE_BAD_RECIPIENT);
	else if (settings_is_local(facts->settings, domain))
		leave(decision, ROUTE_LOCAL_DOMAIN);
	else if (settings_is_exception(facts->settings, domain))
		leave(decision, ROUTE_EXCEPTION);
	else
		return false;
	return true;
}

/* What an account on probation was let in with goes out. */
static bool
decide_by_account(const struct route_facts *facts, struct route_decision *decision)
{
	bool defer = facts->settings->reputation.action == SUSPENDED_DEFER;
	struct str words = { 0 };

	if (facts->null_sender || facts->refused == NULL ||
	    facts->refused->state != SENDER_SUSPENDED)
		return false;
	sender_words(facts->account, facts->refused, &words);
	answer(decision, defer ? ROUTE_ACCOUNT_SUSPENDED_DEFER : ROUTE_ACCOUNT_SUSPENDED,
	    "%s mxpace: %s", defer ? "retry:4.7.1" : "error:5.7.1", str_text(&words));
	str_free(&words);
	return true;
}

static bool
decide_by_mx(const struct route_facts *facts, struct route_decision *decision)
{
	const char *domain = addr_domain(facts->recipient);

	if (facts->mx_known == FACT_UNKNOWN) {
		decision->verdict = ROUTE_NEEDS_MX;
		return true;
	}
	if (facts->mx_known == FACT_FAILED)
		return false;
	switch (facts->mx_state) {
	case MX_FOUND:
	case MX_IMPLICIT:
		return false;
	case MX_NULL:
		answer(decision, ROUTE_NULL_MX,
		    "error:5.1.10 mxpace: domain %s accepts no mail (null MX)", domain);
		return true;
	case MX_NO_DOMAIN:
		answer(decision, ROUTE_NO_DOMAIN, "error:5.1.2 mxpace: domain %s does not exist",
		    domain);
		return true;
	case MX_NO_HOST:
		answer(decision, ROUTE_NO_HOST,
		    "error:5.1.2 mxpace: domain %s has neither MX nor address records", domain);
		return true;
	case MX_FAILED:
		answer(decision, ROUTE_MX_FAILED, "retry:4.4.3 mxpace: MX look-up of %s failed: %s",
		    domain, facts->mx_words != NULL ? facts->mx_words : "");
		return true;
	}
	return false;
}

/* Held and tagged mail was held or tagged when it came in (decide.h), and goes on. */
static bool
decide_by_quarantine(const struct route_facts *facts, struct route_decision *decision)
{
	bool discard = facts->settings->quarantine_action == QUARANTINE_DISCARD;
	struct str words = { 0 };

	if (facts->null_sender || addr_is_postmaster(facts->recipient))
		return false;
	if (facts->store_known == FACT_UNKNOWN) {
		decision->verdict = ROUTE_NEEDS_STORE;
		return true;
	}
	if (facts->store_known == FACT_KNOWN && facts->entry != NULL && facts->account != NULL &&
	    quarantine_entry_forbids(facts->entry, facts->account, "")) {
		answer(decision, ROUTE_COMPLAINED,
		    "error:5.7.1 mxpace: %s complained about mail of account %s and gets no more",
		    facts->recipient, facts->account);
		return true;
	}
	if (facts->store_known == FACT_FAILED || facts->entry == NULL ||
	    facts->entry->status != QUARANTINE_QUARANTINED ||
	    (!discard && facts->settings->quarantine_action != QUARANTINE_REJECT))
		return false;
	quarantine_entry_words(facts->entry, &words);
	answer(decision, discard ? ROUTE_QUARANTINED_DISCARDED : ROUTE_QUARANTINED,
	    "%smxpace: %s is %s", discard ? "discard:" : "error:5.1.1 ", facts->recipient,
	    str_text(&words));
	str_free(&words);
	return true;
}

/* A sending IP in its warm-up, which may send something there. */
static bool
is_warming(const struct route_lane *lane)
{
	return lane->limits != NULL && lane->limits->day_cap > 0 && lane->dead_ms == 0;
}

/* By the warm-up, not by another limit. */
static bool
is_capped(const struct route_lane *lane)
{
	return lane->limits != NULL && lane->spent != NULL &&
	       mx_limits_is_cap(lane->limits, (size_t)(lane->spent - lane->limits->limits));
}

static bool
has_room(const struct route_lane *lane)
{
	return lane->dead_ms == 0 && lane->spent_ms == 0 && lane->allowed > lane->inside;
}

/* Mail goes there at once. */
static bool
is_free(const struct route_lane *lane)
{
	return has_room(lane) && lane->suspended_ms == 0;
}

/* A new sending IP comes first, or it would never have the mail its plan needs: a warm one always
 * has more room. Beyond its cap the warm ones follow; or, if mail is to wait, none. */
static bool
yields_to(const struct route_facts *facts, const struct route_lane *lane,
    const struct route_lane *other)
{
	bool waits = facts->settings->warmup.overflow == WARMUP_WAIT;

	return !is_warming(lane) && is_warming(other) && (waits || is_free(other));
}

/* One that is suspended for long too, while there is another way: where there is none, mail waits
 * for it as for room. */
static bool
is_passed_over(const struct route_facts *facts, const struct route_lane *lane)
{
	for (size_t i = 0; i < facts->lane_count; i++) {
		const struct route_lane *other = &facts->lanes[i];

		if (yields_to(facts, lane, other) ||
		    (lane->suspended_ms > 0 && is_free(other) && !yields_to(facts, other, lane)))
			return true;
	}
	return false;
}

/* The lane with the most room, of equals the one with the least inside; NULL: none has any. */
static const struct route_lane *
roomiest(const struct route_facts *facts)
{
	const struct route_lane *best = NULL;

	for (size_t i = 0; i < facts->lane_count; i++) {
		const struct route_lane *lane =
		    &facts->lanes[(facts->turn + i) % facts->lane_count];
		int64_t room = lane->allowed - lane->inside;

		if (!has_room(lane) || is_passed_over(facts, lane))
			continue;
		if (best == NULL || room > best->allowed - best->inside ||
		    (room == best->allowed - best->inside && lane->inside < best->inside))
			best = lane;
	}
	return best;
}

/* Of the lanes that have none: of those that are alive and not spent, else the one to be tried
 * soonest. */
static const struct route_lane *
soonest(const struct route_facts *facts)
{
	const struct route_lane *best = NULL;

	for (size_t i = 0; i < facts->lane_count; i++) {
		const struct route_lane *lane = &facts->lanes[i];
		int64_t wait = lane->dead_ms + lane->spent_ms;

		if (is_passed_over(facts, lane) && lane->dead_ms == 0)
			continue;
		if (best == NULL || wait < best->dead_ms + best->spent_ms ||
		    (wait == best->dead_ms + best->spent_ms && lane->inside < best->inside))
			best = lane;
	}
	return best != NULL ? best : facts->lanes;
}

/* What lets the least through: "1000/1h", "5 connections". */
static void
put_limit(const struct mx_limits *limits, struct str *words)
{
	const struct limit *least = mx_limits_least(limits);
	char text[LIMIT_TEXT_SIZE];

	if (least != NULL)
		str_addf(words, " at %s", limit_format(least, text));
	else if (limits->connections > 0)
		str_addf(words, " at %" PRId64 " connection%s", limits->connections,
		    limits->connections == 1 ? "" : "s");
}

static void
decide_full(const struct route_facts *facts, const struct route_lane *lane,
    struct route_decision *decision)
{
	struct str words = { 0 };
	char wait[DURATION_SIZE], limit[LIMIT_TEXT_SIZE];

	if (lane->spent != NULL) {
		answer(decision, ROUTE_QUEUE_FULL,
		    "retry:4.7.1 mxpace: group %s: limit %s reached, next attempt in %s",
		    facts->group, limit_format(lane->spent, limit),
		    duration_format_wait(lane->spent_ms, wait));
		return;
	}
	str_addf(&words, "%" PRId64 " message%s queued for it", lane->inside,
	    lane->inside == 1 ? " is" : "s are");
	if (lane->limits != NULL)
		put_limit(lane->limits, &words);
	if (lane->per_minute > 0)
		str_addf(&words, ", next attempt in about %s",
		    duration_format_wait((int64_t)((double)lane->inside / lane->per_minute * 60000),
			wait));
	else
		str_adds(&words, ", next attempt in some minutes");
	answer(decision, ROUTE_QUEUE_FULL, "retry:4.7.1 mxpace: group %s: %s", facts->group,
	    str_text(&words));
	str_free(&words);
}

static void
decide_by_lanes(const struct route_facts *facts, struct route_decision *decision)
{
	const struct route_lane *lane = roomiest(facts);
	struct transport_class class;
	char name[TRANSPORT_NAME_SIZE], wait[DURATION_SIZE];

	if (lane != NULL) {
		transports_choose(facts->transports, facts->rules, facts->rule, lane->number,
		    &class);
		transports_name(&class, lane->number, name);
		answer(decision, facts->rule != NULL ? ROUTE_PACED : ROUTE_UNKNOWN, "%s:", name);
		decision->lane = lane;
		return;
	}
	lane = soonest(facts);
	if (lane->dead_ms > 0)
		answer(decision, ROUTE_SITE_DEAD,
		    "retry:4.4.1 mxpace: group %s: not reachable (%s), next attempt in %s",
		    facts->group, lane->dead_words != NULL ? lane->dead_words : "",
		    duration_format_wait(lane->dead_ms, wait));
	else if (lane->spent_ms > 0 && is_capped(lane))
		answer(decision, ROUTE_WARMUP_CAP,
		    "retry:4.7.1 mxpace: group %s: the sending IP is being warmed up, its %" PRId64
		    " messages of 24 hours are sent, next attempt in %s",
		    facts->group, lane->limits->day_cap,
		    duration_format_wait(lane->spent_ms, wait));
	else
		decide_full(facts, lane, decision);
}

static void
decide_without_ip(const struct route_facts *facts, struct route_decision *decision)
{
	if (facts->pool != NULL)
		answer(decision, ROUTE_NO_SENDING_IP,
		    "retry:4.3.5 mxpace: pool %s: none of its sending_ips is on node %s",
		    facts->pool->name, facts->settings->node);
	else
		answer(decision, ROUTE_NO_SENDING_IP,
		    "retry:4.3.5 mxpace: none of sending_ips is on node %s", facts->settings->node);
}

/* Mail for a group that takes no more now comes again anyway: thousands of them need not be looked up
 * in quarantine each time. */
static bool
decide_at_once(const struct route_facts *facts, struct route_decision *decision)
{
	if (facts->store_known != FACT_UNKNOWN || facts->mx_known != FACT_KNOWN ||
	    facts->rule == NULL)
		return false;
	if (facts->lanes_known == FACT_UNKNOWN) {
		decision->verdict = ROUTE_NEEDS_LANES;
		return true;
	}
	if (facts->lane_count == 0 || roomiest(facts) != NULL)
		return false;
	decide_by_lanes(facts, decision);
	return true;
}

void
route_decide(const struct route_facts *facts, struct route_decision *decision)
{
	decision->reason = ROUTE_NONE;
	decision->lane = NULL;
	sockmap_reply_set(&decision->reply, ANSWER_NOTFOUND, "%s", "");
	if (decide_by_request(facts, decision) || decide_by_account(facts, decision) ||
	    decide_by_mx(facts, decision) || decide_at_once(facts, decision) ||
	    decide_by_quarantine(facts, decision))
		return;
	if (facts->mx_known == FACT_KNOWN && facts->rule == NULL)
		leave(decision, ROUTE_NO_RULE);
	else if (facts->lanes_known == FACT_UNKNOWN)
		decision->verdict = ROUTE_NEEDS_LANES;
	else if (facts->lane_count == 0)
		decide_without_ip(facts, decision);
	else
		decide_by_lanes(facts, decision);
}
