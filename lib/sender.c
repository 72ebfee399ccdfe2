#include "sender.h"

#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "clock.h"

static const struct {
	char tag;
	const char *name;
} kinds[SENDER_KINDS] = {
	[SENDER_ACCOUNT] = { 'a', "account" },
	[SENDER_CAMPAIGN] = { 'c', "campaign" },
	[SENDER_LIST] = { 'l', "list" },
};

static const char *const state_names[SENDER_STATES] = {
	[SENDER_OK] = "ok",
	[SENDER_REVIEW] = "review",
	[SENDER_SUSPENDED] = "suspended",
	[SENDER_PROBATION] = "probation",
};

static const char *const count_names[SENDER_COUNTS] = {
	[SENDER_SENT] = "sent",
	[SENDER_DELIVERED] = "delivered",
	[SENDER_HARD] = "hard",
	[SENDER_SOFT] = "soft",
	[SENDER_REFUSED] = "refused",
	[SENDER_COMPLAINT] = "complaint",
};

char
sender_kind_tag(enum sender_kind kind)
{
	return kinds[kind].tag;
}

const char *
sender_kind_name(enum sender_kind kind)
{
	return kinds[kind].name;
}

const char *
sender_state_name(enum sender_state state)
{
	return state_names[state];
}

int
sender_state_parse(struct span name, enum sender_state *state)
{
	for (size_t i = 0; i < SENDER_STATES; i++)
		if (span_eq(span_of(state_names[i]), name)) {
			*state = (enum sender_state)i;
			return 0;
		}
	return -1;
}

const char *
sender_count_name(enum sender_count count)
{
	return count_names[count];
}

/* -- what follows from figures ------------------------------------------------------------------ */

static bool
is_over(int64_t part, int64_t sent, double millionths, int64_t least)
{
	return millionths > 0 && sent >= least && sent > 0 &&
	       (double)part * 1000000 >= millionths * (double)sent;
}

enum sender_state
sender_judge(const struct sender_policy *policy, const struct sender_figures *figures,
    enum sender_state before, const char **why)
{
	const double kept = before == SENDER_REVIEW ? 0.8 : 1;
	const struct {
		enum sender_state state;
		const char *why;
		int64_t part, least;
		double millionths;
	} rows[] = {
		{ SENDER_SUSPENDED, "hard bounces", figures->hard, policy->floor,
		    (double)policy->suspend_hard },
		{ SENDER_SUSPENDED, "complaints", figures->complaint, policy->floor_complaints,
		    (double)policy->suspend_complaints },
		{ SENDER_REVIEW, "hard bounces", figures->hard, policy->floor,
		    (double)policy->review_hard * kept },
		{ SENDER_REVIEW, "complaints", figures->complaint, policy->floor_complaints,
		    (double)policy->review_complaints * kept },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (is_over(rows[i].part, figures->sent, rows[i].millionths, rows[i].least)) {
			*why = rows[i].why;
			return rows[i].state;
		}
	*why = "";
	return SENDER_OK;
}

bool
sender_is_refused(const struct sender_status *status, int64_t now_s)
{
	return !status->exempt &&
	       (status->state == SENDER_SUSPENDED ||
		   (status->state == SENDER_PROBATION && status->until_s > now_s));
}

const char *
sender_rate(int64_t part, int64_t sent, char buf[SENDER_RATE_SIZE])
{
	double percent = sent > 0 ? 100.0 * (double)part / (double)sent : 0;

	snprintf(buf, SENDER_RATE_SIZE, percent < 1 && percent > 0 ? "%.2f %%" : "%.1f %%",
	    percent);
	return buf;
}

void
sender_words(const char *account, const struct sender_status *status, struct str *out)
{
	const struct sender_figures *figures = &status->figures;
	bool complaints = strcmp(status->why, "complaints") == 0;
	int64_t part = complaints ? figures->complaint : figures->hard;
	char date[CLOCK_DATE_SIZE], rate[SENDER_RATE_SIZE];

	str_addf(out, "account %s is ", account);
	if (status->state == SENDER_PROBATION) {
		clock_format(status->until_s, date);
		str_addf(out,
		    "on probation: its %" PRId64
		    " recipients of today are used up, more from %s on",
		    status->allowance, date);
		return;
	}
	clock_format(status->since_s, date);
	str_addf(out, "%s since %s", sender_state_name(status->state), date);
	if (*status->why != '\0')
		str_addf(out, ": %s", status->why);
	if (strcmp(status->by, "thresholds") == 0)
		str_addf(out, " (%" PRId64 " of %" PRId64 " sent in 24h, %s)", part, figures->sent,
		    sender_rate(part, figures->sent, rate));
	if (status->state == SENDER_SUSPENDED)
		str_adds(out, "; stop mailing addresses that fail or complain, then ask the "
			      "postmaster to resume it");
}

/* -- from Redis --------------------------------------------------------------------------------- */

enum field_type { FIELD_STATE, FIELD_NUMBER, FIELD_BOOL, FIELD_TEXT };

#define AT(member)   offsetof(struct sender_status, member)
#define SIZE(member) sizeof(((struct sender_status *)0)->member)
static const struct {
	const char *name;
	enum field_type type;
	size_t offset, size;
} fields[] = {
	{ "state", FIELD_STATE, AT(state), 0 },
	{ "exempt", FIELD_BOOL, AT(exempt), 0 },
	{ "since", FIELD_NUMBER, AT(since_s), 0 },
	{ "until", FIELD_NUMBER, AT(until_s), 0 },
	{ "allowance", FIELD_NUMBER, AT(allowance), 0 },
	{ "stage", FIELD_NUMBER, AT(good_days), 0 },
	{ "sent", FIELD_NUMBER, AT(figures.sent), 0 },
	{ "hard", FIELD_NUMBER, AT(figures.hard), 0 },
	{ "complaint", FIELD_NUMBER, AT(figures.complaint), 0 },
	{ "why", FIELD_TEXT, AT(why), SIZE(why) },
	{ "by", FIELD_TEXT, AT(by), SIZE(by) },
};
#undef AT
#undef SIZE

static int64_t
number_of(struct span text)
{
	unsigned long long number;

	return span_number(text, &number) && number <= INT64_MAX ? (int64_t)number : 0;
}

void
sender_status_set(struct sender_status *status, struct span field, struct span value)
{
	size_t i = 0;
	void *at;

	while (i < sizeof(fields) / sizeof(fields[0]) && !span_eq(span_of(fields[i].name), field))
		i++;
	if (i == sizeof(fields) / sizeof(fields[0]))
		return;
	at = (char *)status + fields[i].offset;
	switch (fields[i].type) {
	case FIELD_STATE:
		sender_state_parse(value, at);
		break;
	case FIELD_NUMBER:
		*(int64_t *)at = number_of(value);
		break;
	case FIELD_BOOL:
		*(bool *)at = span_eq(value, SPAN("1"));
		break;
	case FIELD_TEXT:
		snprintf(at, fields[i].size, "%.*s", (int)value.len, value.ptr);
		break;
	}
}

void
sender_stats_set(struct sender_stats *stats, struct span field, struct span value)
{
	static const char prefix[] = "reason:";
	enum reason reason;

	for (size_t i = 0; i < SENDER_COUNTS; i++)
		if (span_eq(span_of(count_names[i]), field))
			stats->counts[i] = number_of(value);
	if (span_starts(field, span_of(prefix)) &&
	    reason_parse(span_from(field, sizeof(prefix) - 1), &reason) == 0)
		stats->by_reason[reason] = number_of(value);
}

bool
sender_stats_group(struct span field, struct span *group, enum sender_count *count)
{
	static const enum sender_count of_groups[] = { SENDER_SENT, SENDER_HARD, SENDER_SOFT };

	if (!span_starts(field, SPAN("group:")))
		return false;
	field = span_from(field, sizeof("group:") - 1);
	for (size_t i = 0; i < sizeof(of_groups) / sizeof(of_groups[0]); i++) {
		struct span end = span_of(count_names[of_groups[i]]);

		if (field.len <= end.len + 1 ||
		    !span_eq(span_from(field, field.len - end.len), end) ||
		    field.ptr[field.len - end.len - 1] != ':')
			continue;
		*group = span_make(field.ptr, field.len - end.len - 1);
		*count = of_groups[i];
		return true;
	}
	return false;
}

bool
sender_stats_group_reason(struct span field, struct span *group, enum reason *reason)
{
	static const struct span before = { ":reason", sizeof(":reason") - 1 };
	size_t end = field.len;

	if (!span_starts(field, SPAN("group:")))
		return false;
	while (end > 0 && field.ptr[end - 1] != ':')
		end--;
	if (end == 0 || reason_parse(span_from(field, end), reason) != 0)
		return false;
	*group = span_make(field.ptr + 6, end > 7 ? end - 7 : 0);
	if (group->len <= before.len ||
	    !span_eq(span_from(*group, group->len - before.len), before))
		return false;
	group->len -= before.len;
	return true;
}

/* -- periods ------------------------------------------------------------------------------------ */

const char *
sender_day(int64_t unix_s, char buf[SENDER_PERIOD_SIZE])
{
	char date[CLOCK_DATE_SIZE]; /* "2026-11-22T03:20:53Z" */

	clock_format(unix_s, date);
	snprintf(buf, SENDER_PERIOD_SIZE, "%.4s%.2s%.2s", date, date + 5, date + 8);
	return buf;
}

const char *
sender_hour(int64_t unix_s, char buf[SENDER_PERIOD_SIZE])
{
	char date[CLOCK_DATE_SIZE];

	clock_format(unix_s, date);
	snprintf(buf, SENDER_PERIOD_SIZE, "%.4s%.2s%.2s%.2s", date, date + 5, date + 8, date + 11);
	return buf;
}
