/* Any line of a server: what the shipped rules say of it is consistent, temporary replies are never
 * hard, and the form of an unclassified text is its own form. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "charset.h"
#include "classify.h"
#include "diagnostic.h"
#include "dsn.h"
#include "unclassified.h"

unsigned long fuzz_accepted; /* lines that a rule knew */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
require(bool holds)
{
	if (!holds)
		abort();
}

static struct bounce_rules *
shipped(void)
{
	static struct bounce_rules *rules; /* compiled once for all inputs */
	struct conf_errors errors = { 0 };

	if (rules == NULL)
		rules = bounce_rules_load("conf/bounce-rules.conf", NULL, &errors);
	require(rules != NULL);
	return rules;
}

static void
check_verdict(struct span line)
{
	struct classification found = classify_line(shipped(), line, "");
	struct dsn dsn = dsn_find(line);

	if (found.rule == NULL) {
		require(found.type != BOUNCE_HARD && found.reason == REASON_UNDEFINED);
		return;
	}
	fuzz_accepted++;
	require((int)found.reason == found.rule->reason);
	require(found.type <= (enum bounce_type)found.rule->type);
	require(found.type != BOUNCE_HARD || !dsn_is_temporary(&dsn));
}

static void
check_texts(struct span line)
{
	struct str text = { 0 }, once = { 0 }, twice = { 0 };

	diagnostic_text(line, &text);
	require(span_find(span_make(str_text(&text), text.len), SPAN("  ")) < 0);
	unclassified_form(line, &once);
	require(once.len <= UNCLASSIFIED_MAX);
	unclassified_form(span_make(str_text(&once), once.len), &twice);
	require(strcmp(str_text(&once), str_text(&twice)) == 0);
	str_free(&text);
	str_free(&once);
	str_free(&twice);
}

static void
check_status(struct span line)
{
	struct dsn dsn = dsn_find(line);
	struct dsn_status again;
	char buf[DSN_STATUS_SIZE], twice[DSN_STATUS_SIZE];

	require(dsn.code == 0 || (dsn.code >= 400 && dsn.code < 600));
	dsn_format_status(dsn.status, buf);
	if (dsn.status.class == 0)
		return;
	require(dsn_parse_status(span_of(buf), &again) == 0);
	require(strcmp(buf, dsn_format_status(again, twice)) == 0);
}

/* No rule is left out that would match. */
static void
check_prefilter(struct span line)
{
	const struct bounce_rules *rules = shipped();
	struct prefilter_set candidates;
	struct str text = { 0 };
	struct span span;

	diagnostic_text(line, &text);
	span = span_make(str_text(&text), text.len);
	bounce_rules_candidates(rules, span, &candidates);
	for (size_t i = 0; i < bounce_rules_count(rules); i++)
		if (!prefilter_has(&candidates, i))
			require(pattern_match(bounce_rules_at(rules, i)->pattern, span) != 1);
	str_free(&text);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span line = span_make((const char *)data, size);

	check_status(line);
	check_texts(line);
	check_verdict(line);
	check_prefilter(line);
	return 0;
}
