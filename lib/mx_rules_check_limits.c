#include <inttypes.h>
#include <stdio.h>

#include "mx_rules_check.h"

enum { KEY_SIZE = MX_RULE_NAME_MAX + 64, HOUR_MS = 3600000 };

struct figure { /* one message limit as somebody wrote it */
	struct limit limit;
	const char *key;
	const char *text;
	char buf[LIMIT_TEXT_SIZE + 32];
};

enum { FIGURES_MAX = MX_RULE_LIMITS_MAX * 4 };

static void
tell(const struct mx_rule *rule, const char *key, const char *other, struct findings *findings,
    const char *words)
{
	const struct conf_place *place = mx_rule_place(rule, key);
	const struct conf_place *second = mx_rule_place(rule, other);
	char name[KEY_SIZE];

	snprintf(name, sizeof(name), "%s.%s", rule->name, key);
	conf_errors_add(findings_between(findings, place, second), place, name, "%s", words);
}

/* -- what the provider has published ----------------------------------------------------------- */

static void
check_most(const struct mx_rule *rule, const char *key, int64_t value, const char *most_key,
    int64_t most, struct findings *findings)
{
	char words[160];

	if (most == 0 || value <= most)
		return;
	snprintf(words, sizeof(words), "%" PRId64 " is more than %s, %" PRId64, value, most_key,
	    most);
	tell(rule, key, most_key, findings, words);
}

/* -- message limits beside each other ---------------------------------------------------------- */

static size_t
figures_of(const struct mx_rule *rule, struct figure figures[FIGURES_MAX])
{
	size_t count = 0;

	if (rule->messages_per_hour > 0) {
		struct figure *hourly = &figures[count++];

		limit_set(&hourly->limit, rule->messages_per_hour, HOUR_MS);
		hourly->key = "messages_per_hour";
		snprintf(hourly->buf, sizeof(hourly->buf), "messages_per_hour = %" PRId64,
		    rule->messages_per_hour);
		hourly->text = hourly->buf;
	}
	for (size_t i = 0; i < rule->limits_text.count && count < FIGURES_MAX; i++) {
		struct figure *figure = &figures[count];

		if (limit_parse(span_of(rule->limits_text.items[i]), &figure->limit, NULL) != 0)
			continue;
		figure->key = "limits";
		snprintf(figure->buf, sizeof(figure->buf), "\"%s\"", rule->limits_text.items[i]);
		figure->text = figure->buf;
		count++;
	}
	return count;
}

/* What is wrong with two limits, of which `a` has the shorter period or the same; false: nothing. */
static bool
disagree(const struct figure *a, const struct figure *b, char words[320])
{
	double times = (double)b->limit.period_ms / (double)a->limit.period_ms;

	if (a->limit.period_ms == b->limit.period_ms)
		snprintf(words, 320, "%s and %s are limits of one period", a->text, b->text);
	else if (a->limit.count >= b->limit.count)
		snprintf(words, 320, "%s is never reached: %s allows no more in a longer time",
		    a->text, b->text);
	else if ((double)a->limit.count * times < (double)b->limit.count)
		snprintf(words, 320, "%s is never reached: %s lets only %.0f through in that time",
		    b->text, a->text, (double)a->limit.count * times);
	else
		return false;
	return true;
}

static void
check_pairs(const struct mx_rule *rule, struct findings *findings)
{
	struct figure figures[FIGURES_MAX];
	size_t count = figures_of(rule, figures);
	char words[320];

	for (size_t i = 0; i < count; i++)
		for (size_t k = i + 1; k < count; k++) {
			bool swap = figures[k].limit.period_ms < figures[i].limit.period_ms;

			if (disagree(&figures[swap ? k : i], &figures[swap ? i : k], words))
				tell(rule, figures[k].key, figures[i].key, findings, words);
		}
	for (size_t i = 0; i < count; i++)
		if (figures[i].limit.period_ms == HOUR_MS)
			check_most(rule, figures[i].key, figures[i].limit.count,
			    "max_messages_per_hour", rule->max_messages_per_hour, findings);
}

void
mx_rules_check_limits(const struct mx_rule *rule, struct findings *findings)
{
	check_most(rule, "connections", rule->connections, "max_connections", rule->max_connections,
	    findings);
	check_most(rule, "messages_per_connection", rule->messages_per_connection,
	    "max_messages_per_connection", rule->max_messages_per_connection, findings);
	check_pairs(rule, findings);
}
