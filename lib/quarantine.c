#include "quarantine.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "clock.h"

#define DAY_MS INT64_C(86400000)

static const struct quarantine_rule default_rules[REASON_COUNT] = {
	[REASON_USER_UNKNOWN] = { .errors = 1 },
	[REASON_MAILBOX_FULL] = { .errors = 3, .release_ms = 30 * DAY_MS },
	[REASON_INACTIVE_USER] = { .errors = 3 },
	[REASON_INVALID_DOMAIN] = { .errors = 3 },
	[REASON_UNREACHABLE] = { .errors = 5, .release_ms = 10 * DAY_MS },
};

static const char *const status_names[] = {
	[QUARANTINE_NONE] = "none",
	[QUARANTINE_COUNTING] = "counting",
	[QUARANTINE_QUARANTINED] = "quarantined",
	[QUARANTINE_HELD] = "held",
	[QUARANTINE_RELEASED] = "released",
};

void
quarantine_policy_defaults(struct quarantine_policy *policy)
{
	policy->significant_ms = DAY_MS;
	policy->quiet_ms = 10 * DAY_MS;
	memcpy(policy->rules, default_rules, sizeof(default_rules));
	quarantine_policy_spread(policy);
}

void
quarantine_policy_spread(struct quarantine_policy *policy)
{
	for (size_t i = 0; i < REASON_COUNT; i++) {
		policy->rules[i].significant_ms = policy->significant_ms;
		policy->rules[i].quiet_ms = policy->quiet_ms;
	}
}

const char *
quarantine_status_name(enum quarantine_status status)
{
	return status_names[status];
}

enum field_type { FIELD_STATUS, FIELD_TYPE, FIELD_REASON, FIELD_NUMBER, FIELD_TEXT };

#define AT(member)   offsetof(struct quarantine_entry, member)
#define SIZE(member) sizeof(((struct quarantine_entry *)0)->member)
static const struct {
	const char *name;
	enum field_type type;
	size_t offset, size;
} fields[] = {
	{ "status", FIELD_STATUS, AT(status), 0 },
	{ "type", FIELD_TYPE, AT(type), 0 },
	{ "reason", FIELD_REASON, AT(reason), 0 },
	{ "errors", FIELD_NUMBER, AT(errors), 0 },
	{ "first", FIELD_NUMBER, AT(first_s), 0 },
	{ "last", FIELD_NUMBER, AT(last_s), 0 },
	{ "late", FIELD_NUMBER, AT(late_s), 0 },
	{ "held", FIELD_NUMBER, AT(held_s), 0 },
	{ "since", FIELD_NUMBER, AT(since_s), 0 },
	{ "release", FIELD_NUMBER, AT(release_s), 0 },
	{ "delivered", FIELD_NUMBER, AT(delivered_s), 0 },
	{ "quiet", FIELD_NUMBER, AT(quiet_s), 0 },
	{ "code", FIELD_TEXT, AT(code), SIZE(code) },
	{ "text", FIELD_TEXT, AT(text), SIZE(text) },
	{ "mx", FIELD_TEXT, AT(mx), SIZE(mx) },
	{ "message", FIELD_TEXT, AT(message), SIZE(message) },
	{ "campaign", FIELD_TEXT, AT(campaign), SIZE(campaign) },
	{ "list", FIELD_TEXT, AT(list), SIZE(list) },
	{ "account", FIELD_TEXT, AT(account), SIZE(account) },
	{ "group", FIELD_TEXT, AT(group), SIZE(group) },
	{ "rule", FIELD_TEXT, AT(rule), SIZE(rule) },
	{ "by", FIELD_TEXT, AT(by), SIZE(by) },
	{ "released", FIELD_TEXT, AT(released), SIZE(released) },
};
#undef AT
#undef SIZE

enum { PIECE = QUARANTINE_PIECE, PIECES = 4, USUAL_QUIET_S = 864000 };
#define USUAL_BY "mxbounce"

size_t
quarantine_piece(struct span field, struct span *name)
{
	*name = field;
	if (field.len < 3 || field.ptr[field.len - 2] != ':' || field.ptr[field.len - 1] < '2' ||
	    field.ptr[field.len - 1] > '0' + PIECES)
		return 0;
	name->len -= 2;
	return (size_t)(field.ptr[field.len - 1] - '1');
}

static void
set_text(char *at, size_t size, size_t piece, struct span value)
{
	size_t start = piece * PIECE;

	if (start + 1 >= size)
		return;
	if (value.len > size - 1 - start)
		value.len = size - 1 - start;
	memcpy(at + start, value.ptr, value.len);
	if (value.len != PIECE || piece + 1 == PIECES)
		at[start + value.len] = '\0';
}

static void
set_status(enum quarantine_status *status, struct span value)
{
	for (size_t i = 0; i < sizeof(status_names) / sizeof(status_names[0]); i++)
		if (span_eq(span_of(status_names[i]), value))
			*status = (enum quarantine_status)i;
}

static void
set_number(int64_t *at, struct span value)
{
	unsigned long long number;

	if (span_number(value, &number) && number <= INT64_MAX)
		*at = (int64_t)number;
}

/* "errors:mailbox_full" */
static void
set_errors_by(struct quarantine_entry *entry, struct span field, struct span value)
{
	static const char prefix[] = "errors:";
	enum reason reason;

	if (span_starts(field, span_of(prefix)) &&
	    reason_parse(span_from(field, sizeof(prefix) - 1), &reason) == 0)
		set_number(&entry->errors_by[reason], value);
}

/* "not:account:shop.test" */
static void
set_complaint(struct quarantine_entry *entry, struct span field)
{
	static const char prefix[] = "not:";
	size_t used = strlen(entry->complaints);
	struct span scope;

	if (!span_starts(field, span_of(prefix)))
		return;
	scope = span_from(field, sizeof(prefix) - 1);
	if (used + scope.len + 2 > sizeof(entry->complaints))
		return;
	snprintf(entry->complaints + used, sizeof(entry->complaints) - used, "%.*s\n",
	    (int)scope.len, scope.ptr);
}

static bool
has_complaint(const struct quarantine_entry *entry, const char *kind, const char *name)
{
	struct span rest = span_of(entry->complaints), line;
	struct span prefix = span_of(kind);

	if (name == NULL || *name == '\0')
		return false;
	while (span_line(&rest, &line))
		if (span_starts(line, prefix) &&
		    span_eq(span_from(line, prefix.len), span_of(name)))
			return true;
	return false;
}

bool
quarantine_entry_forbids(const struct quarantine_entry *entry, const char *account,
    const char *list)
{
	return entry->complaints[0] != '\0' &&
	       (has_complaint(entry, "", "all") || has_complaint(entry, "account:", account) ||
		   has_complaint(entry, "list:", list));
}

void
quarantine_entry_set(struct quarantine_entry *entry, struct span field, struct span value)
{
	struct span name;
	size_t i = 0, piece = quarantine_piece(field, &name);
	void *at;

	while (i < sizeof(fields) / sizeof(fields[0]) && !span_eq(span_of(fields[i].name), name))
		i++;
	if (i == sizeof(fields) / sizeof(fields[0]) ||
	    (piece > 0 && fields[i].type != FIELD_TEXT)) {
		set_errors_by(entry, field, value);
		set_complaint(entry, field);
		return;
	}
	at = (char *)entry + fields[i].offset;
	switch (fields[i].type) {
	case FIELD_STATUS:
		set_status(at, value);
		break;
	case FIELD_TYPE:
		bounce_type_parse(value, at);
		break;
	case FIELD_REASON:
		reason_parse(value, at);
		break;
	case FIELD_NUMBER:
		set_number(at, value);
		break;
	case FIELD_TEXT:
		set_text(at, fields[i].size, piece, value);
		break;
	}
}

int64_t
quarantine_entry_expiry(const struct quarantine_entry *entry)
{
	switch (entry->status) {
	case QUARANTINE_COUNTING:
		return entry->last_s + entry->quiet_s;
	case QUARANTINE_QUARANTINED:
	case QUARANTINE_RELEASED:
		return entry->release_s > 0 ? entry->release_s + entry->quiet_s : 0;
	case QUARANTINE_NONE:
	case QUARANTINE_HELD:
		break;
	}
	return 0;
}

/* What the scripts leave out (lua/prelude/entry.lua). */
static void
fill_in(struct quarantine_entry *entry)
{
	int64_t told = 0;

	if (entry->status == QUARANTINE_NONE)
		return;
	for (size_t i = 0; i < REASON_COUNT; i++)
		told += entry->errors_by[i];
	if (told == 0)
		entry->errors_by[entry->reason] = entry->errors;
	if (entry->quiet_s == 0)
		entry->quiet_s = USUAL_QUIET_S;
	if (entry->by[0] == '\0')
		memcpy(entry->by, USUAL_BY, sizeof(USUAL_BY));
}

void
quarantine_entry_settle(struct quarantine_entry *entry, int64_t now_s)
{
	int64_t expiry_s;

	fill_in(entry);
	if (entry->status == QUARANTINE_QUARANTINED && entry->release_s > 0 &&
	    entry->release_s <= now_s)
		entry->status = QUARANTINE_RELEASED;
	expiry_s = quarantine_entry_expiry(entry);
	if (entry->quiet_s > 0 && expiry_s > 0 && expiry_s <= now_s)
		entry->status = QUARANTINE_NONE;
}

void
quarantine_entry_words(const struct quarantine_entry *entry, struct str *out)
{
	char date[CLOCK_DATE_SIZE];

	clock_format(entry->since_s, date);
	str_addf(out, "quarantined since %.10s: %s", date, reason_name(entry->reason));
	if (entry->text[0] != '\0')
		str_addf(out, " (%s)", entry->text);
	else if (entry->code[0] != '\0')
		str_addf(out, " (%s)", entry->code);
	if (entry->release_s > 0) {
		clock_format(entry->release_s, date);
		str_addf(out, ", until %.10s", date);
	}
}
