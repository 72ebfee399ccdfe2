#include "backoff.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backoff_end.h"
#include "duration.h"
#include "log.h"
#include "mem.h"
#include "pattern.h"
#include "store_egress.h"

enum { TEXT_MAX = 400 };

/* A hit on its way to Redis. */
struct complaint {
	struct egress *egress;
	struct complaint *next, **back; /* in the egress's list */
	struct lane *lane;              /* a reference */
	struct mx_rules *rules;         /* a reference: the hit's rule is theirs */
	struct store_call *call;
	struct store_hit hit;
	struct store_backoff backoff;
	char text[TEXT_MAX];
};

bool
backoff_is_greylisting(struct span status)
{
	static struct pattern *greylisting;
	struct err err;

	if (greylisting == NULL)
		greylisting = pattern_new("gr[ae]y[- ]?list|postgrey|policyd-weight.*try again|"
					  "temporar\\w+ (?:deferred|rejected).{0,40}first time",
		    &err);
	return greylisting != NULL && pattern_match(greylisting, status) == 1;
}

static void
put_event(const struct complaint *complaint)
{
	const struct store_backoff *backoff = &complaint->backoff;
	struct store_async *store = complaint->egress->engine->store;
	char per_hour[24], connections[24], hold_s[24];
	const struct store_event_field fields[] = {
		{ "group", lane_name(complaint->lane) },
		{ "ip", lane_ip(complaint->lane) },
		{ "action", backoff->action },
		{ "per_hour", backoff->per_hour > 0 ? per_hour : NULL },
		{ "connections", backoff->connections > 0 ? connections : NULL },
		{ "for", hold_s },
		{ "pattern", pattern_text(complaint->hit.rule->match) },
		{ "text", complaint->text },
		{ "by", complaint->egress->engine->settings->node },
	};

	snprintf(per_hour, sizeof(per_hour), "%" PRId64, backoff->per_hour);
	snprintf(connections, sizeof(connections), "%" PRId64, backoff->connections);
	snprintf(hold_s, sizeof(hold_s), "%" PRId64, backoff->hold_ms / 1000);
	store_put_event(store_async_batch(store), "backoff", fields,
	    sizeof(fields) / sizeof(fields[0]));
	store_async_send(store);
}

static void
tell_change(const struct complaint *complaint)
{
	const struct store_backoff *backoff = &complaint->backoff;
	char hold[DURATION_SIZE], per_hour[24], connections[24], hits[24];
	const struct log_field fields[] = {
		{ "group", lane_name(complaint->lane), LOG_SAME },
		{ "ip", lane_ip(complaint->lane), LOG_SAME },
		{ "rule", complaint->lane->rule->name, LOG_SAME },
		{ "action", backoff->action, LOG_SAME },
		{ "for", duration_format_wait(backoff->hold_ms, hold), LOG_SAME },
		{ "per_hour", backoff->per_hour > 0 ? per_hour : NULL, LOG_SAME },
		{ "connections", backoff->connections > 0 ? connections : NULL, LOG_SAME },
		{ "hits", hits, LOG_SAME },
	};

	snprintf(per_hour, sizeof(per_hour), "%" PRId64, backoff->per_hour);
	snprintf(connections, sizeof(connections), "%" PRId64, backoff->connections);
	snprintf(hits, sizeof(hits), "%" PRId64, backoff->hits);
	log_always(LOG_LEVEL_WARNING, "backoff", fields, sizeof(fields) / sizeof(fields[0]), "%s",
	    complaint->text);
}

static void
list(struct complaint *complaint, struct egress *egress)
{
	complaint->next = egress->complaints;
	complaint->back = &egress->complaints;
	if (complaint->next != NULL)
		complaint->next->back = &complaint->next;
	egress->complaints = complaint;
}

static void
free_complaint(struct complaint *complaint)
{
	*complaint->back = complaint->next;
	if (complaint->next != NULL)
		complaint->next->back = complaint->back;
	lane_release(&complaint->lane);
	mx_rules_release(&complaint->rules);
	free(complaint);
}

void
backoff_free(struct egress *egress)
{
	while (egress->complaints != NULL) {
		store_async_cancel(&egress->complaints->call);
		free_complaint(egress->complaints);
	}
}

static void
on_counted(void *arg, enum store_outcome outcome, const struct err *err)
{
	struct complaint *complaint = arg;

	(void)err;
	if (outcome == STORE_DONE && complaint->backoff.changed) {
		complaint->egress->figures.backoffs++;
		complaint->lane->full_until_ms = 0;
		tell_change(complaint);
		backoff_end_await(complaint->egress, lane_name(complaint->lane),
		    lane_ip(complaint->lane), complaint->backoff.hold_ms);
		put_event(complaint);
	}
	free_complaint(complaint);
}

static void
complain(struct egress *egress, struct lane *lane, size_t number, struct span status)
{
	struct store_async *store = egress->engine->store;
	struct complaint *complaint = mem_alloc(sizeof(*complaint));
	size_t len =
	    status.len < sizeof(complaint->text) ? status.len : sizeof(complaint->text) - 1;

	memcpy(complaint->text, status.ptr, len);
	for (size_t i = 0; i < len; i++)
		if (complaint->text[i] < ' ' || complaint->text[i] > '~')
			complaint->text[i] = '?';
	complaint->egress = egress;
	complaint->lane = lane_hold(lane);
	complaint->rules = mx_rules_hold(lane->rules);
	list(complaint, egress);
	complaint->hit = (struct store_hit){
		.group = lane_name(lane),
		.ip = lane_ip(lane),
		.node = egress->engine->settings->node,
		.rule = &lane->rule->backoff[number],
		.number = number,
		.per_hour = mx_limits_per_hour(&lane->limits),
		.connections = lane->limits.connections,
		.text = complaint->text,
	};
	store_put_hit(store_async_batch(store), &complaint->hit, &complaint->backoff);
	complaint->call = store_async_run(store, on_counted, complaint, NULL);
	if (complaint->call == NULL)
		free_complaint(complaint);
}

/* "5.7.1 host ... said: 550 ..." reads 4.7.1 from now on. */
static void
make_soft(struct span status, struct sockmap_reply *reply)
{
	sockmap_reply_set(reply, ANSWER_OK, "4%.*s", (int)(status.len - 1), status.ptr + 1);
}

bool
backoff_hear(struct egress *egress, struct lane *lane, struct span status,
    struct sockmap_reply *reply)
{
	const struct mx_rule *rule = lane->rule;
	bool soft = false;

	if (status.len == 0 || status.ptr[0] == '2' || rule->backoff_count == 0 ||
	    backoff_is_greylisting(status))
		return false;
	for (size_t i = 0; i < rule->backoff_count; i++) {
		if (pattern_match(rule->backoff[i].match, status) != 1)
			continue;
		if (rule->backoff[i].action != BACKOFF_AS_SOFT)
			complain(egress, lane, i, status);
		else if (status.ptr[0] == '5' && !soft) {
			make_soft(status, reply);
			soft = true;
		}
	}
	return soft;
}
