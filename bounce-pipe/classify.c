#include "classify.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "diagnostic.h"
#include "domain.h"
#include "dsn.h"
#include "feedback.h"
#include "mem.h"

/* What the rules are asked about. */
struct subject {
	struct str text; /* diagnostic_text() */
	struct dsn dsn;
	char status[DSN_STATUS_SIZE];
	char code[8];
	const char *remote_mta;
};

static void
subject_init(struct subject *subject, const struct classify_facts *facts)
{
	struct dsn found = dsn_find(facts->diagnostic);

	*subject = (struct subject){ .remote_mta = facts->remote_mta };
	dsn_parse_status(span_of(facts->status), &subject->dsn.status);
	if (found.status.class != 0 &&
	    (subject->dsn.status.class == 0 || dsn_status_is_vague(subject->dsn.status)) &&
	    !(subject->dsn.status.class != 0 && dsn_status_is_vague(found.status)))
		subject->dsn.status = found.status;
	subject->dsn.code = (unsigned short)(facts->code != 0 ? facts->code : found.code);
	dsn_format_status(subject->dsn.status, subject->status);
	if (subject->dsn.code != 0)
		snprintf(subject->code, sizeof(subject->code), "%u", subject->dsn.code);
	diagnostic_text(facts->diagnostic, &subject->text);
}

static bool
status_fits(const char *mask, const char *status)
{
	while (*mask != '\0' && *status != '\0') {
		if (*mask == '*') {
			mask++;
			status += strspn(status, "0123456789");
		} else if (*mask++ != *status++) {
			return false;
		}
	}
	return *mask == '\0' && *status == '\0';
}

static bool
code_fits(const char *mask, const char *code)
{
	for (; *mask != '\0' && *code != '\0'; mask++, code++)
		if (*mask != '?' && *mask != *code)
			return false;
	return *mask == '\0' && *code == '\0';
}

static bool
any_fits(const struct conf_strings *masks, const char *value,
    bool (*fits)(const char *mask, const char *value))
{
	for (size_t i = 0; i < masks->count; i++)
		if (fits(masks->items[i], value))
			return true;
	return masks->count == 0;
}

static int
rule_matches(const struct bounce_rule *rule, const struct subject *subject)
{
	if (!any_fits(&rule->code, subject->code, code_fits) ||
	    !any_fits(&rule->status, subject->status, status_fits) ||
	    !any_fits(&rule->remote, subject->remote_mta, domain_matches))
		return 0;
	if (rule->pattern == NULL)
		return 1;
	return pattern_match(rule->pattern, span_make(str_text(&subject->text), subject->text.len));
}

int
classify_rule_matches(const struct bounce_rule *rule, const struct classify_facts *facts)
{
	struct subject subject;
	int matches;

	subject_init(&subject, facts);
	matches = rule_matches(rule, &subject);
	str_free(&subject.text);
	return matches;
}

struct classify_view {
	struct subject subject;
};

struct classify_view *
classify_view_new(const struct classify_facts *facts)
{
	struct classify_view *view = mem_alloc(sizeof(*view));

	subject_init(&view->subject, facts);
	return view;
}

void
classify_view_free(struct classify_view **view)
{
	if (*view != NULL)
		str_free(&(*view)->subject.text);
	free(*view);
	*view = NULL;
}

struct span
classify_view_text(const struct classify_view *view)
{
	return span_make(str_text(&view->subject.text), view->subject.text.len);
}

struct classify_look
classify_look(const struct classify_view *view, const struct bounce_rule *rule)
{
	const struct subject *subject = &view->subject;
	struct classify_look look = {
		.code = any_fits(&rule->code, subject->code, code_fits),
		.status = any_fits(&rule->status, subject->status, status_fits),
		.remote = any_fits(&rule->remote, subject->remote_mta, domain_matches),
		.text = true,
		.found = SPAN(""),
	};

	if (rule->pattern == NULL)
		return look;
	look.text = pattern_match(rule->pattern, classify_view_text(view)) == 1;
	if (look.text)
		look.found = pattern_found(rule->pattern);
	return look;
}

static struct classification
by_rules(const struct bounce_rules *rules, const struct subject *subject)
{
	struct prefilter_set candidates;

	bounce_rules_candidates(rules, span_make(str_text(&subject->text), subject->text.len),
	    &candidates);
	for (size_t i = 0; i < bounce_rules_count(rules); i++) {
		const struct bounce_rule *rule;
		enum bounce_type type;

		if (!prefilter_has(&candidates, i))
			continue;
		rule = bounce_rules_at(rules, i);
		type = (enum bounce_type)rule->type;
		if (rule_matches(rule, subject) != 1)
			continue;
		if (type == BOUNCE_HARD && dsn_is_temporary(&subject->dsn))
			type = BOUNCE_SOFT;
		return (struct classification){ type, (enum reason)rule->reason, rule };
	}
	return (struct classification){ BOUNCE_IGNORED, REASON_UNDEFINED, NULL };
}

/* No word but the recipient's address. */
static bool
says_nothing(struct span text)
{
	static const struct span address = SPAN("<address>");

	while (text.len > 0) {
		unsigned char c = (unsigned char)text.ptr[0];

		if (span_starts(text, address)) {
			text = span_from(text, address.len);
			continue;
		}
		if (c >= 0x80 || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'))
			return false;
		text = span_from(text, 1);
	}
	return true;
}

struct classification
classify(const struct bounce_rules *rules, const struct classify_facts *facts)
{
	struct subject subject;
	struct classification found;

	if (strcmp(facts->action, "delayed") == 0)
		return (struct classification){ BOUNCE_IGNORED, REASON_DELAYED, NULL };
	if (*facts->action != '\0' && strcmp(facts->action, "failed") != 0)
		return (struct classification){ BOUNCE_IGNORED, REASON_UNDEFINED, NULL };
	subject_init(&subject, facts);
	found = by_rules(rules, &subject);
	if (found.rule == NULL &&
	    says_nothing(span_make(str_text(&subject.text), subject.text.len)))
		found.type = BOUNCE_SOFT;
	str_free(&subject.text);
	return found;
}

struct classification
classify_line(const struct bounce_rules *rules, struct span line, const char *remote_mta)
{
	return classify(rules, &(struct classify_facts){ .status = "",
				   .diagnostic = line,
				   .remote_mta = remote_mta,
				   .action = "" });
}

static struct classification
classify_recipient(const struct bounce_rules *rules, const struct report *report,
    const struct report_recipient *recipient)
{
	switch (report->kind) {
	case REPORT_NDR:
	case REPORT_DELAY:
	case REPORT_SUCCESS:
		return classify(rules, &(struct classify_facts){ .code = recipient->reply_code,
					   .status = recipient->status,
					   .diagnostic = span_of(recipient->diagnostic),
					   .remote_mta = recipient->remote_mta,
					   .action = recipient->action });
	case REPORT_AUTO_REPLY:
		return (struct classification){ BOUNCE_IGNORED, REASON_AUTO_REPLY, NULL };
	case REPORT_FEEDBACK:
		return (struct classification){
			feedback_is_complaint(report) ? BOUNCE_HARD : BOUNCE_IGNORED,
			REASON_FEEDBACK_LOOP,
			NULL,
		};
	case REPORT_NONE:
		break;
	}
	return (struct classification){ BOUNCE_IGNORED, REASON_UNDEFINED, NULL };
}

static bool
is_same_answer(const struct report_recipient *a, const struct report_recipient *b)
{
	return a->reply_code == b->reply_code && strcmp(a->status, b->status) == 0 &&
	       strcmp(a->diagnostic, b->diagnostic) == 0 &&
	       strcmp(a->remote_mta, b->remote_mta) == 0 && strcmp(a->action, b->action) == 0;
}

void
classify_report(const struct bounce_rules *rules, struct report *report)
{
	struct classification found = { BOUNCE_IGNORED, REASON_UNDEFINED, NULL };

	for (size_t i = 0; i < report->count; i++) {
		struct report_recipient *recipient = &report->recipients[i];

		/* One answer to many recipients is the rule. */
		if (i == 0 || !is_same_answer(recipient, recipient - 1))
			found = classify_recipient(rules, report, recipient);
		recipient->type = found.type;
		recipient->reason = found.reason;
		recipient->rule =
		    found.rule != NULL ? arena_dup(report->arena, span_of(found.rule->name)) : "";
	}
}
