#include "postfix_ours.h"

#include <string.h>

#include "postfix_map.h"
#include "transports.h"

/* A denial is no sign of a dead destination, so it must not lower the concurrency: no feedback. With
 * one recipient a message there would be a queue for each, whose connections nobody reuses. */
const struct postfix_parameter_of postfix_parameters[POSTFIX_PARAMETERS] = {
	[POSTFIX_CONCURRENCY] = { "_destination_concurrency_limit", 20 },
	[POSTFIX_INITIAL] = { "_initial_destination_concurrency", 5 },
	[POSTFIX_POSITIVE_FEEDBACK] = { "_destination_concurrency_positive_feedback", 1 },
	[POSTFIX_NEGATIVE_FEEDBACK] = { "_destination_concurrency_negative_feedback", 0 },
	[POSTFIX_COHORT_LIMIT] = { "_destination_concurrency_failed_cohort_limit", 0 },
	[POSTFIX_RECIPIENT_LIMIT] = { "_destination_recipient_limit", 50 },
};

const struct postfix_lookup postfix_lookups[POSTFIX_LOOKUPS] = {
	{ "dns", "smtp_dns_reply_filter" },
	{ "connect", "smtp_tls_policy_maps" },
	{ "status", "smtp_delivery_status_filter" },
};

/* What is deferred comes back soon enough to use up what a limit gives. */
const struct postfix_option postfix_timers[POSTFIX_TIMERS] = {
	{ "queue_run_delay", "60s" },
	{ "minimal_backoff_time", "60s" },
	{ "maximal_backoff_time", "600s" },
};

bool
postfix_ours_is_parameter(const char *name)
{
	for (size_t i = 0; i < POSTFIX_PARAMETERS; i++) {
		size_t len = strlen(name), end = strlen(postfix_parameters[i].suffix);

		if (len > end && strcmp(name + len - end, postfix_parameters[i].suffix) == 0 &&
		    transports_parse(span_make(name, len - end), NULL) > 0)
			return true;
	}
	return false;
}

bool
postfix_ours_is_timer(const char *name, const char *value)
{
	for (size_t i = 0; i < POSTFIX_TIMERS; i++)
		if (strcmp(postfix_timers[i].name, name) == 0)
			return strcmp(postfix_timers[i].value, value) == 0;
	return false;
}

bool
postfix_ours_is_service(const struct postfix_service *service)
{
	return strcmp(service->type, "unix") == 0 &&
	       (strcmp(service->name, POSTFIX_REWRITE) == 0 ||
		   transports_parse(span_of(service->name), NULL) > 0);
}

bool
postfix_ours_is_option(const char *name, const char *value)
{
	struct span first = span_make(value, strcspn(value, " ,\t"));

	if (strcmp(name, "rewrite_service_name") == 0)
		return strcmp(value, POSTFIX_REWRITE) == 0;
	for (size_t i = 0; i < POSTFIX_LOOKUPS; i++)
		if (strcmp(name, postfix_lookups[i].parameter) == 0)
			return postfix_map_is_ours(first, postfix_lookups[i].map);
	return false;
}

bool
postfix_ours_is_heading(struct span line)
{
	return span_eq(line, SPAN(POSTFIX_HEADING));
}
