/* Configuration files of any bytes: the first tells which file ('s' mxpace.conf, 'b' bounce-rules,
 * else mx-rules). Either there is a value and no mistake, or none and at least one mistake, each a
 * line "file:line: ..."; a value keeps the promises of its header. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "bounce_rules.h"
#include "bounce_rules_check.h"
#include "mx_rules.h"
#include "mx_rules_check.h"
#include "settings.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
const char *__lsan_default_suppressions(void);
unsigned long fuzz_accepted; /* texts without a mistake */

/* libconfig 1.5 loses the string it was in when a syntax error ends the reading. */
const char *
__lsan_default_suppressions(void)
{
	return "leak:libconfig.so\n";
}

static void
hold(bool promise)
{
	if (!promise)
		abort();
}

static void
mistakes_are_lines(const struct conf_errors *errors)
{
	struct span rest = span_make(str_text(&errors->lines), errors->lines.len), line;
	unsigned count = 0;

	for (; span_line(&rest, &line); count++) {
		size_t digits = 0;

		hold(span_starts(line, SPAN("fuzz.conf:")));
		line = span_from(line, strlen("fuzz.conf:"));
		while (digits < line.len && line.ptr[digits] >= '0' && line.ptr[digits] <= '9')
			digits++;
		hold(digits > 0 && span_starts(span_from(line, digits), SPAN(": ")));
	}
	hold(count == errors->count);
}

static void
settings_are_whole(const struct settings *s)
{
	hold((*s->redis.host != '\0') != (*s->redis.path != '\0'));
	hold(*s->redis.path != '\0' || (s->redis.port > 0 && s->redis.port < 65536));
	hold(s->redis.db >= 0 && s->redis.db < 1024);
	/* What is logged has no user and password before an '@'. */
	hold(*s->redis.path != '\0' || strchr(s->redis.text, '@') == NULL);
	hold(s->socket_mode <= 0777 && strlen(s->verp_delimiters) == 2);
	hold(*s->node != '\0' && s->max_clients > 0 && s->store_timeout_ms > 0 &&
	     s->dns_timeout_ms > 0);
	hold(s->on_store_failure != ON_FAILURE_LOCAL || s->enforce != ENFORCE_ADMISSION);
	for (size_t i = 0; i < s->sending_ip_count; i++)
		hold(*s->sending_ips[i].name != '\0');
	for (size_t i = 0; i < REASON_COUNT; i++)
		hold(s->quarantine.rules[i].errors >= 0 && s->quarantine.rules[i].release_ms >= 0);
	for (size_t i = 0; i < s->local_domains.count; i++)
		(void)settings_is_local(s, "mx.example.test");
}

static void
rule_is_whole(const struct mx_rules *rules, const struct mx_rule *rule)
{
	hold(mx_rules_named(rules, span_of(rule->name)) == rule);
	hold(mx_rules_of_group(rules, rule->name) == rule);
	hold(*rule->name != '\0' && strlen(rule->name) < MX_RULE_NAME_MAX);
	hold(rule->mx.count > 0 && rule->limit_count <= MX_RULE_LIMITS_MAX);
	for (size_t i = 0; i < rule->limit_count; i++) {
		const struct limit *limit = &rule->limits[i];
		char text[LIMIT_TEXT_SIZE];
		struct limit again;

		hold(limit->count > 0 && limit->width_ms >= 50 &&
		     (limit->buckets - 1) * limit->width_ms >= limit->period_ms);
		hold(i == 0 || rule->limits[i - 1].period_ms < limit->period_ms);
		hold(limit_parse(span_of(limit_format(limit, text)), &again, NULL) == 0);
		hold(again.count == limit->count && again.period_ms == limit->period_ms);
	}
	for (size_t i = 0; i < rule->backoff_count; i++)
		hold(rule->backoff[i].match != NULL && rule->backoff[i].after.count > 0 &&
		     rule->backoff[i].factor > 0 && rule->backoff[i].factor < 1);
}

static void
rules_are_whole(const struct mx_rules *rules)
{
	struct mx_set *set = mx_set_parse(SPAN("5 mx1.example.test 10 mx2.example.test"));
	const struct mx_rule *rule = mx_rules_match(rules, set);
	struct findings findings = { 0 };
	char group[MX_GROUP_SIZE];

	for (size_t i = 0; i < rules->count; i++)
		rule_is_whole(rules, &rules->rules[i]);
	if (rule != NULL) {
		mx_rule_group(rule, set, group);
		hold(mx_rules_of_group(rules, group) == rule);
	}
	hold(mx_rules_check(rules, &findings) == findings.mistakes.count);
	mistakes_are_lines(&findings.mistakes);
	mistakes_are_lines(&findings.warnings);
	findings_free(&findings);
	mx_set_free(&set);
}

static void
bounce_rules_are_whole(const struct bounce_rules *rules)
{
	struct findings findings = { 0 };

	for (size_t i = 0; i < bounce_rules_count(rules); i++)
		hold(*bounce_rules_at(rules, i)->name != '\0' &&
		     !bounce_rules_at(rules, i)->disabled);
	hold(bounce_rules_check(rules, &findings) == findings.mistakes.count);
	mistakes_are_lines(&findings.mistakes);
	mistakes_are_lines(&findings.warnings);
	findings_free(&findings);
}

static bool
parse(char which, const char *text, struct conf_errors *errors)
{
	struct settings *settings;
	struct mx_rules *mx_rules;
	struct bounce_rules *bounce_rules;

	if (which == 's') {
		settings = settings_parse(text, "fuzz.conf", errors);
		if (settings == NULL)
			return false;
		settings_are_whole(settings);
		settings_release(&settings);
	} else if (which == 'b') {
		bounce_rules = bounce_rules_parse(text, "fuzz.conf", errors);
		if (bounce_rules == NULL)
			return false;
		bounce_rules_are_whole(bounce_rules);
		bounce_rules_free(&bounce_rules);
	} else {
		mx_rules = mx_rules_parse(text, "fuzz.conf", errors);
		if (mx_rules == NULL)
			return false;
		rules_are_whole(mx_rules);
		mx_rules_release(&mx_rules);
	}
	return true;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct conf_errors errors = { { 0 }, 0 };
	char *text;
	bool good;

	/* Other files are none of the input. */
	if (size == 0 || memmem(data, size, "@include", 8) != NULL)
		return 0;
	text = malloc(size);
	if (text == NULL)
		return 0;
	memcpy(text, data + 1, size - 1);
	text[size - 1] = '\0';
	good = parse((char)data[0], text, &errors);
	hold(good == (errors.count == 0));
	mistakes_are_lines(&errors);
	fuzz_accepted += good;
	conf_errors_free(&errors);
	free(text);
	return 0;
}
