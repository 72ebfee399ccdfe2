#include "transports.h"

#include <stdio.h>
#include <string.h>

/* Domains whose MX set is not known yet: one message on each connection, whoever answers. */
static const struct transport_class unknown = { TRANSPORTS_UNKNOWN, 1, true };

static const struct mx_rule *
last_rule(const struct mx_rules *rules)
{
	return &rules->rules[rules->count - 1];
}

static bool
is_of_last(const struct mx_rules *rules, const struct mx_rule *rule)
{
	const struct mx_rule *last = last_rule(rules);

	return rule == last || (rule->scope == MX_SCOPE_SITE &&
				   rule->messages_per_connection == last->messages_per_connection);
}

void
transports_class(const struct mx_rules *rules, const struct mx_rule *rule,
    struct transport_class *class)
{
	size_t sharing = 0;

	if (rule == NULL) {
		*class = unknown;
		return;
	}
	class->name = is_of_last(rules, rule) ? last_rule(rules)->name : rule->name;
	class->messages_per_connection = rule->messages_per_connection;
	for (size_t i = 0; i < rules->count && is_of_last(rules, rule); i++)
		sharing += is_of_last(rules, &rules->rules[i]);
	class->shared = sharing > 1 || rule->scope == MX_SCOPE_SITE;
}

bool
transports_at(const struct mx_rules *rules, size_t at, struct transport_class *class)
{
	for (size_t i = 0; i < rules->count; i++) {
		const struct mx_rule *rule = &rules->rules[i];

		if (is_of_last(rules, rule) && rule != last_rule(rules))
			continue;
		if (at-- > 0)
			continue;
		transports_class(rules, rule, class);
		return true;
	}
	if (at == 0)
		*class = unknown;
	return at == 0;
}

void
transports_name(const struct transport_class *class, size_t ip_number,
    char out[TRANSPORT_NAME_SIZE])
{
	snprintf(out, TRANSPORT_NAME_SIZE, TRANSPORTS_PREFIX "%s-%zu", class->name, ip_number);
}

size_t
transports_parse(struct span service, struct span *class)
{
	struct span rest;
	size_t dash;
	unsigned long long number;

	if (!span_starts(service, SPAN(TRANSPORTS_PREFIX)))
		return 0;
	rest = span_from(service, sizeof(TRANSPORTS_PREFIX) - 1);
	for (dash = rest.len; dash > 0 && rest.ptr[dash - 1] != '-'; dash--)
		;
	if (dash < 2 || dash == rest.len || rest.ptr[dash] == '0' ||
	    !span_number(span_from(rest, dash), &number))
		return 0;
	if (class != NULL)
		*class = span_make(rest.ptr, dash - 1);
	return (size_t)number;
}
