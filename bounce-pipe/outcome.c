#include "outcome.h"

#include <string.h>

#include "dsn.h"
#include "remote_host.h"

enum { WORDS_MIN = 3 }; /* letters; "spam" is a reason */

/* By their beginnings; the first that fits counts. */
static const struct {
	struct span begins;
	const char *action;
} actions[] = {
	{ SPAN("fail"), "failed" },
	{ SPAN("error"), "failed" },
	{ SPAN("fatal"), "failed" },
	{ SPAN("permanent"), "failed" },
	{ SPAN("expir"), "failed" },
	{ SPAN("reject"), "failed" },
	{ SPAN("refuse"), "failed" },
	{ SPAN("bounce"), "failed" },
	{ SPAN("return"), "failed" },
	{ SPAN("undeliver"), "failed" },
	{ SPAN("not deliver"), "failed" },
	{ SPAN("delay"), "delayed" },
	{ SPAN("defer"), "delayed" },
	{ SPAN("queue"), "delayed" },
	{ SPAN("retry"), "delayed" },
	{ SPAN("warning"), "delayed" },
	{ SPAN("temporary"), "delayed" },
	{ SPAN("deliver"), "delivered" },
	{ SPAN("success"), "delivered" },
	{ SPAN("relay"), "relayed" },
	{ SPAN("forward"), "relayed" },
	{ SPAN("transfer"), "relayed" },
	{ SPAN("expan"), "expanded" },
};

const char *
outcome_action(struct span field)
{
	field = span_trim(field);
	while (field.len > 0 && strchr("<\"'(", field.ptr[0]) != NULL && field.ptr[0] != '\0')
		field = span_from(field, 1);
	for (size_t i = 0; i < sizeof(actions) / sizeof(actions[0]); i++)
		if (span_istarts(field, actions[i].begins))
			return actions[i].action;
	return "";
}

static bool
is_success(const char *action)
{
	return strcmp(action, "delivered") == 0 || strcmp(action, "relayed") == 0 ||
	       strcmp(action, "expanded") == 0;
}

bool
outcome_has_words(struct span diagnostic)
{
	size_t letters = 0;

	for (size_t i = 0; i < diagnostic.len && letters < WORDS_MIN; i++) {
		unsigned char c = (unsigned char)diagnostic.ptr[i];

		letters += c >= 0x80 || ((c | 32) >= 'a' && (c | 32) <= 'z');
	}
	return letters >= WORDS_MIN;
}

/* "250 2.1.5 Ok", "delivery via mx.example.org[192.0.2.1]:25: 250 2.1.5 Ok" */
static unsigned
success_code(struct span said)
{
	for (size_t i = 0; i + 3 <= said.len; i++) {
		bool begins = i == 0 || said.ptr[i - 1] == ' ' || said.ptr[i - 1] == '\n';
		bool ends = i + 3 == said.len || said.ptr[i + 3] <= ' ' || said.ptr[i + 3] == '-';

		if (begins && ends && said.ptr[i] == '2')
			return dsn_parse_code(span_make(said.ptr + i, 3));
	}
	return 0;
}

/* Which of the field's status and the server's is the better one. */
static struct dsn_status
better_status(struct dsn_status field, const struct dsn *said)
{
	struct dsn_status own = said->status;

	if (own.class == 0 || (dsn_status_is_vague(own) && field.class != 0))
		return field;
	if (field.class == 0 || dsn_status_is_vague(field) || dsn_status_is_expiry(field))
		return own;
	/* A reply that contradicts itself is not better than the field. Without a code it may be the
	 * sender's own words, which the field was made from. */
	if (said->code == 0 ? field.class != own.class : said->code / 100 == own.class)
		return own;
	return field;
}

void
outcome_complete(struct arena *arena, struct report_recipient *recipient, struct span said)
{
	struct dsn found = { 0 };
	struct dsn_status status;
	char buf[DSN_STATUS_SIZE];

	dsn_parse_status(span_of(recipient->status), &status);
	if (is_success(recipient->action)) {
		found.code = (unsigned short)success_code(said);
	} else {
		found = dsn_find(said);
		if (status.class == 2)
			status = (struct dsn_status){ 0 };
		status = better_status(status, &found);
	}
	if (recipient->reply_code == 0)
		recipient->reply_code = found.code;
	recipient->status = arena_dup(arena, span_of(dsn_format_status(status, buf)));
	if (*recipient->remote_mta == '\0')
		recipient->remote_mta = remote_host_find(arena, span_of(recipient->diagnostic));
}

enum report_kind
outcome_kind(const struct report *report)
{
	bool delayed = false;

	for (size_t i = 0; i < report->count; i++) {
		const char *action = report->recipients[i].action;

		if (*action == '\0' || strcmp(action, "failed") == 0)
			return REPORT_NDR;
		delayed = delayed || strcmp(action, "delayed") == 0;
	}
	return report->count == 0 ? REPORT_NONE : delayed ? REPORT_DELAY : REPORT_SUCCESS;
}
