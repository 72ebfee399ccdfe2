#include "delivery_log.h"

#include "clock.h"
#include "log.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* NULL: the field is left out. */
static const char *
given(const char *text)
{
	return text != NULL && *text != '\0' ? text : NULL;
}

static const char *
group_of(const struct delivery_told *told)
{
	return told->lane != NULL ? lane_name(told->lane) : NULL;
}

static const char *
rule_of(const struct delivery_told *told)
{
	return told->lane != NULL ? told->lane->rule->name : NULL;
}

/* The limit that has no room, and until when. */
static const struct limit *
full_limit(const struct delivery_told *told, int64_t *wait_ms)
{
	const struct lane *lane = told->lane;
	int64_t now_ms = clock_monotonic_ms();

	if (lane == NULL || lane->room_ms <= now_ms || lane->full_limit >= lane->limits.limit_count)
		return NULL;
	*wait_ms = lane->room_ms - now_ms;
	return &lane->limits.limits[lane->full_limit];
}

void
delivery_log_denied(const struct delivery_told *told, bool observe, const char *words)
{
	char limit[LIMIT_TEXT_SIZE], wait[DURATION_SIZE], waited[DURATION_SIZE];
	int64_t wait_ms = 0;
	const struct limit *full = full_limit(told, &wait_ms);
	const struct log_field fields[] = {
		{ "group", group_of(told), LOG_SAME },
		{ "ip", told->ip, LOG_SAME },
		{ "domain", told->domain, LOG_SAME },
		{ "rule", rule_of(told), LOG_DETAIL },
		{ "limit", full != NULL ? limit_format(full, limit) : NULL, LOG_DETAIL },
		{ "wait", full != NULL ? duration_format_wait(wait_ms, wait) : NULL, LOG_DETAIL },
		{ "waited", duration_format_wait(told->waited_ms, waited), LOG_DETAIL },
	};

	log_event(LOG_LEVEL_INFO, observe ? "observe: would hold" : "deny", fields, COUNT(fields),
	    "%s", words);
}

void
delivery_log_held(const struct delivery_told *told, const char *waited_for)
{
	char waited[DURATION_SIZE];
	const struct log_field fields[] = {
		{ "group", group_of(told), LOG_SAME },
		{ "ip", told->ip, LOG_SAME },
		{ "domain", told->domain, LOG_SAME },
		{ "rule", rule_of(told), LOG_DETAIL },
		{ "for", waited_for, LOG_DETAIL },
		{ "waited", duration_format_wait(told->waited_ms, waited), LOG_DETAIL },
	};

	log_event(LOG_LEVEL_INFO, "held", fields, COUNT(fields), NULL);
}

void
delivery_trace(struct trace *trace, const struct delivery_told *told, const char *step,
    const char *words)
{
	struct traced *traced = trace_of_delivery(trace, told->domain, group_of(told));
	char waited[DURATION_SIZE];
	const struct log_field fields[] = {
		{ "domain", told->domain, LOG_SAME },
		{ "next_hop", given(told->next_hop), LOG_SAME },
		{ "service", given(told->service), LOG_SAME },
		{ "group", group_of(told), LOG_SAME },
		{ "rule", rule_of(told), LOG_SAME },
		{ "ip", told->ip, LOG_SAME },
		{ "waited", duration_format(told->waited_ms, waited), LOG_SAME },
	};

	if (traced != NULL)
		trace_say(trace, traced, step, fields, COUNT(fields), "%s",
		    words != NULL ? words : "");
}
