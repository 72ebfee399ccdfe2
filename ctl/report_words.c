#include "report_words.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "clock.h"

/* -- figures ------------------------------------------------------------------------------------ */

const char *
report_number(int64_t number, char buf[REPORT_WORDS_SIZE])
{
	char digits[24];
	size_t len, at = 0;

	snprintf(digits, sizeof(digits), "%" PRId64, number < 0 ? 0 : number);
	len = strlen(digits);
	for (size_t i = 0; i < len; i++) {
		if (i > 0 && (len - i) % 3 == 0)
			buf[at++] = ',';
		buf[at++] = digits[i];
	}
	buf[at] = '\0';
	return buf;
}

const char *
report_short(int64_t number, char buf[REPORT_WORDS_SIZE])
{
	static const struct {
		int64_t unit;
		const char *name;
	} units[] = { { 1000000000, " G" }, { 1000000, " M" }, { 1000, " k" }, { 1, "" } };
	size_t i = 0;

	while (units[i].unit > 1 && number < units[i].unit)
		i++;
	if (number % units[i].unit == 0 || number / units[i].unit >= 100)
		snprintf(buf, REPORT_WORDS_SIZE, "%" PRId64 "%s", number / units[i].unit,
		    units[i].name);
	else
		snprintf(buf, REPORT_WORDS_SIZE, "%.1f%s", (double)number / (double)units[i].unit,
		    units[i].name);
	return buf;
}

const char *
report_share(int64_t part, int64_t whole, char buf[REPORT_WORDS_SIZE])
{
	double percent = whole > 0 ? 100.0 * (double)part / (double)whole : 0;

	if (whole <= 0)
		return strcpy(buf, "-");
	snprintf(buf, REPORT_WORDS_SIZE, percent < 1 && part > 0 ? "%.2f %%" : "%.1f %%", percent);
	return buf;
}

const char *
report_change(double points, char buf[REPORT_WORDS_SIZE])
{
	bool small = points > -1 && points < 1;

	snprintf(buf, REPORT_WORDS_SIZE, small ? "%+.2f" : "%+.1f", points);
	return buf;
}

const char *
report_date(int64_t at_s, enum report_date form, char buf[REPORT_WORDS_SIZE])
{
	static const char *const months[] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul",
		"Aug", "Sep", "Oct", "Nov", "Dec" };
	char stamp[CLOCK_DATE_SIZE];
	int year = 0, month = 1, day = 0, hour = 0, minute = 0;
	const char *name;

	sscanf(clock_format(at_s, stamp), "%4d-%2d-%2dT%2d:%2d", &year, &month, &day, &hour,
	    &minute);
	name = months[month >= 1 && month <= 12 ? month - 1 : 0];
	switch (form) {
	case REPORT_DATE_DAY:
		snprintf(buf, REPORT_WORDS_SIZE, "%d %s", day, name);
		break;
	case REPORT_DATE_YEAR:
		snprintf(buf, REPORT_WORDS_SIZE, "%d %s %d", day, name, year);
		break;
	case REPORT_DATE_HOUR:
		snprintf(buf, REPORT_WORDS_SIZE, "%02d:%02d", hour, minute);
		break;
	case REPORT_DATE_BOTH:
		snprintf(buf, REPORT_WORDS_SIZE, "%d %s %02d:%02d", day, name, hour, minute);
		break;
	}
	return buf;
}

int64_t
report_scale(int64_t most, int64_t *step)
{
	static const int64_t leads[] = { 1, 2, 5 };

	for (int64_t ten = 1; ten <= INT64_MAX / 1000; ten *= 10)
		for (size_t i = 0; i < sizeof(leads) / sizeof(leads[0]); i++) {
			*step = leads[i] * ten;
			if (*step * 4 >= most)
				return most > 0 ? (most + *step - 1) / *step * *step : *step;
		}
	return most;
}

int64_t
report_most(const int64_t *numbers, size_t count)
{
	int64_t most = 0;

	for (size_t i = 0; i < count; i++)
		most = numbers[i] > most ? numbers[i] : most;
	return most;
}

/* -- names -------------------------------------------------------------------------------------- */

const struct report_measure report_measures[REPORT_MEASURES] = {
	{ "Sent", "sent", MEASURE_SENT, SENDER_SENT, 0 },
	{ "Accepted", "accepted", MEASURE_ACCEPTED, SENDER_SENT, 1 },
	{ "Hard bounces", "hard", MEASURE_COUNT, SENDER_HARD, -1 },
	{ "Soft bounces", "soft", MEASURE_COUNT, SENDER_SOFT, -1 },
	{ "Refused", "refused", MEASURE_COUNT, SENDER_REFUSED, -1 },
	{ "Complaints", "complaint", MEASURE_COUNT, SENDER_COMPLAINT, -1 },
};

int64_t
report_measure(const struct report_measure *measure, const int64_t counts[SENDER_COUNTS])
{
	return measure->kind == MEASURE_ACCEPTED ? report_accepted(counts) : counts[measure->count];
}

const char *
report_reason_words(enum reason reason)
{
	static const char *const words[REASON_COUNT] = {
		[REASON_UNDEFINED] = "not understood",
		[REASON_USER_UNKNOWN] = "user unknown",
		[REASON_MAILBOX_FULL] = "mailbox full",
		[REASON_INACTIVE_USER] = "inactive user",
		[REASON_INVALID_DOMAIN] = "invalid domain",
		[REASON_REFUSED] = "refused",
		[REASON_UNREACHABLE] = "unreachable",
		[REASON_MESSAGE_TOO_LARGE] = "message too large",
		[REASON_NOT_CONNECTED] = "not connected",
		[REASON_AUTO_REPLY] = "auto-reply",
		[REASON_DELAYED] = "delayed",
		[REASON_FEEDBACK_LOOP] = "complaint",
	};

	return words[reason];
}

enum { ROW_REASONS = 3 };

/* The one that comes behind `last` (NULL: none before): less often, or as often and later. */
static int
next_reason(const int64_t by_reason[REASON_COUNT], const int *last)
{
	int next = -1;

	for (int r = 0; r < REASON_COUNT; r++) {
		int64_t count = by_reason[r];

		if (count == 0 || (last != NULL && (count > by_reason[*last] ||
						       (count == by_reason[*last] && r <= *last))))
			continue;
		if (next < 0 || count > by_reason[next])
			next = r;
	}
	return next;
}

void
report_row_reasons(const struct report_row *row, struct str *out)
{
	int reason = next_reason(row->by_reason, NULL);
	char share[REPORT_WORDS_SIZE];
	int64_t all = 0;

	for (size_t r = 0; r < REASON_COUNT; r++)
		all += row->by_reason[r];
	for (size_t i = 0; i < ROW_REASONS && reason >= 0; i++) {
		str_addf(out, "%s%s %s", i > 0 ? ", " : "",
		    report_reason_words((enum reason)reason),
		    report_share(row->by_reason[reason], all, share));
		reason = next_reason(row->by_reason, &reason);
	}
}

void
report_delivered(const int64_t counts[SENDER_COUNTS], struct str *out)
{
	char number[REPORT_WORDS_SIZE], share[REPORT_WORDS_SIZE];

	if (!report_knows_delivered(counts)) {
		str_adds(out, "not known");
		return;
	}
	str_adds(out, report_number(counts[SENDER_DELIVERED], number));
	if (counts[SENDER_SENT] > 0)
		str_addf(out, " (%s)",
		    report_share(counts[SENDER_DELIVERED], counts[SENDER_SENT], share));
}

static const struct {
	const char *name, *title;
} tables[REPORT_TABLES] = {
	[REPORT_GROUPS] = { "group", "Providers" },
	[REPORT_CAMPAIGNS] = { "campaign", "Campaigns" },
	[REPORT_LISTS] = { "list", "Lists" },
	[REPORT_ACCOUNTS] = { "account", "Accounts" },
};

const char *
report_table_title(enum report_table_id id)
{
	return tables[id].title;
}

const char *
report_table_name(enum report_table_id id)
{
	return tables[id].name;
}

const char *
report_flag_name(enum report_flag flag)
{
	static const char *const names[] = {
		[REPORT_FINE] = "",
		[REPORT_REVIEW] = "review",
		[REPORT_HARMFUL] = "harmful",
	};

	return names[flag];
}

const char *
report_scope_name(enum report_scope scope)
{
	static const char *const names[] = {
		[REPORT_ALL] = "all",
		[REPORT_ACCOUNT] = "account",
		[REPORT_CAMPAIGN] = "campaign",
		[REPORT_LIST] = "list",
		[REPORT_GROUP] = "group",
	};

	return names[scope];
}

const char *
report_title(const struct report_model *model)
{
	return model->query.scope == REPORT_ALL ? "All mail" : model->query.name;
}

/* -- sentences ---------------------------------------------------------------------------------- */

void
report_span(const struct report_model *model, struct str *out)
{
	const struct report_time *time = &model->query.time;
	bool hours = time->step_s == REPORT_HOUR_S;
	char from[REPORT_WORDS_SIZE], to[REPORT_WORDS_SIZE];

	report_date(time->since_s, hours ? REPORT_DATE_BOTH : REPORT_DATE_YEAR, from);
	report_date(hours ? time->until_s : time->until_s - 1,
	    hours ? REPORT_DATE_BOTH : REPORT_DATE_YEAR, to);
	str_addf(out, "%s to %s, by %s, UTC", from, to, hours ? "hour" : "day");
}

/* " 2 campaigns and 1 list do harm.": how many rows have a flag. */
static void
add_flagged(const struct report_model *model, enum report_flag flag, struct str *out)
{
	static const enum report_table_id senders[] = { REPORT_CAMPAIGNS, REPORT_LISTS,
		REPORT_ACCOUNTS };
	enum { SENDERS = sizeof(senders) / sizeof(senders[0]) };
	size_t flagged[SENDERS] = { 0 }, all = 0, parts = 0, part = 0;

	for (size_t i = 0; i < SENDERS; i++) {
		const struct report_table *table = &model->tables[senders[i]];

		for (size_t k = 0; k < table->count; k++)
			flagged[i] += table->rows[k]->flag == flag;
		all += flagged[i];
		parts += flagged[i] > 0;
	}
	for (size_t i = 0; i < SENDERS; i++) {
		if (flagged[i] == 0)
			continue;
		part++;
		str_addf(out, "%s%zu %s%s",
		    part == 1       ? " "
		    : part == parts ? " and "
				    : ", ",
		    flagged[i], report_table_name(senders[i]), flagged[i] > 1 ? "s" : "");
	}
	if (all > 0)
		str_addf(out, " %s.",
		    flag == REPORT_HARMFUL ? (all > 1 ? "do harm" : "does harm")
					   : (all > 1 ? "need a look" : "needs a look"));
}

void
report_lead(const struct report_model *model, struct str *out)
{
	char number[REPORT_WORDS_SIZE], share[REPORT_WORDS_SIZE];
	const int64_t *total = model->total;
	int64_t causes = 0;

	if (total[SENDER_SENT] == 0 && report_failed(total) == 0) {
		str_adds(out, "Nothing was sent and nothing came back.");
		return;
	}
	if (total[SENDER_SENT] > 0)
		str_addf(out, "%s of %s recipients accepted.",
		    report_share(report_accepted(total), total[SENDER_SENT], share),
		    report_number(total[SENDER_SENT], number));
	else
		str_addf(out, "%s failures; how much was sent is not known.",
		    report_number(report_failed(total), number));
	for (size_t i = 0; i < model->cause_count; i++)
		causes += model->causes[i].count;
	if (model->cause_count > 0)
		str_addf(out, " Most failures: %s, %s of them.",
		    report_reason_words(model->causes[0].reason),
		    report_share(model->causes[0].count, causes, share));
	add_flagged(model, REPORT_HARMFUL, out);
	add_flagged(model, REPORT_REVIEW, out);
}
