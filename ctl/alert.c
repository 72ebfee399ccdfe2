#include "alert.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "clock.h"
#include "domain.h"
#include "out.h"
#include "utf8.h"

const char *const alert_fields[] = { "event", "id", "time", "node", "fields", "account", "state",
	"before", "sent", "hard", "complaint", "rate_hard", "rate_complaint", "allowance", "what",
	"group", "reason", "rate", "ip", "action", "per_hour", "connections", "for", "pattern",
	"text", "why", "by", "count", "since", "until", "events", NULL };

/* Which events are of a kind: by their type, and one field's value. */
static const struct {
	const char *type, *field;
	const char *values[2];
} kinds[MAIL_EVENTS] = {
	[MAIL_SUSPENDED] = { "account", "state", { "suspended", NULL } },
	[MAIL_REVIEW] = { "account", "state", { "review", NULL } },
	[MAIL_RESUMED] = { "account", "resumed", { "yes", NULL } },
	[MAIL_GUARD] = { "guard", "what", { "tripped", NULL } },
	[MAIL_GUARD_QUIET] = { "guard", "what", { "quiet", NULL } },
	[MAIL_GUARD_DECIDED] = { "guard", "what", { "confirmed", "dismissed" } },
	[MAIL_BACKOFF] = { "backoff", NULL, { NULL, NULL } },
	[MAIL_PAUSE] = { "pause", NULL, { NULL, NULL } },
	[MAIL_RULES] = { "rules", NULL, { NULL, NULL } },
	[MAIL_LEVEL] = { "level", NULL, { NULL, NULL } },
	[MAIL_WARMUP] = { "warmup", NULL, { NULL, NULL } },
};

static struct span
field_of(const struct store_event *event, const char *name)
{
	for (size_t i = 0; i + 1 < event->field_count; i += 2)
		if (span_eq(event->fields[i], span_of(name)))
			return event->fields[i + 1];
	return SPAN("");
}

static bool
is_kind(const struct store_event *event, enum mail_event kind)
{
	struct span value;

	if (!span_eq(field_of(event, "type"), span_of(kinds[kind].type)))
		return false;
	if (kinds[kind].field == NULL)
		return true;
	value = field_of(event, kinds[kind].field);
	for (size_t i = 0; i < 2; i++)
		if (kinds[kind].values[i] != NULL && span_eq(value, span_of(kinds[kind].values[i])))
			return true;
	return false;
}

bool
alert_kind(const struct store_event *event, enum mail_event *kind)
{
	for (int i = 0; i < MAIL_EVENTS; i++)
		if (is_kind(event, (enum mail_event)i)) {
			*kind = (enum mail_event)i;
			return true;
		}
	return false;
}

/* -- to whom ------------------------------------------------------------------------------------ */

static const char *
owner_of(const struct mail_settings *mail, const char *account)
{
	for (size_t i = 0; i < mail->owner_count; i++)
		if (domain_matches(mail->owners[i].account, account))
			return mail->owners[i].mail;
	return mail->to_account && mail_address_is_plain(account) ? account : NULL;
}

size_t
alert_recipients(const struct mail_settings *mail, enum mail_event kind,
    const struct store_event *event, struct arena *arena,
    struct alert_recipient recipients[ALERT_RECIPIENTS_MAX])
{
	struct span account = field_of(event, "account");
	const char *owner = NULL;
	size_t count = 0;

	if (!mail->wanted[kind])
		return 0;
	if (strcmp(kinds[kind].type, "account") == 0 && account.len > 0 &&
	    memchr(account.ptr, '\0', account.len) == NULL)
		owner = owner_of(mail, arena_dup(arena, account));
	if (*mail->postmaster != '\0')
		recipients[count++] = (struct alert_recipient){ mail->postmaster, false };
	if (owner != NULL && strcasecmp(owner, mail->postmaster) != 0)
		recipients[count++] = (struct alert_recipient){ owner, true };
	return count;
}

/* -- what is said ------------------------------------------------------------------------------- */

/* One line of at most ALERT_VALUE bytes of UTF-8 without control characters. */
static struct span
clean(struct arena *arena, struct span text)
{
	struct str out = { 0 };
	struct span done;
	size_t at = 0, next;

	out_clean(&out, text);
	if (out.len > ALERT_VALUE) {
		while (
		    at < out.len &&
		    (next = utf8_length((const unsigned char *)out.data + at, out.len - at)) > 0 &&
		    at + next <= ALERT_VALUE - 3)
			at += next;
		out.len = at;
		str_adds(&out, "...");
	}
	done = span_make(arena_dup(arena, span_make(str_text(&out), out.len)), out.len);
	str_free(&out);
	return done;
}

static struct span
kept(struct arena *arena, struct str *text)
{
	struct span done =
	    span_make(arena_dup(arena, span_make(str_text(text), text->len)), text->len);

	str_free(text);
	return done;
}

/* "12.5 %" of what was sent. */
static const char *
percent(struct arena *arena, const struct store_event *event, const char *part)
{
	unsigned long long sent, of;

	if (!span_number(field_of(event, "sent"), &sent) || sent == 0 ||
	    !span_number(field_of(event, part), &of))
		return "";
	return arena_printf(arena, "%.1f %%", 100.0 * (double)of / (double)sent);
}

static struct span
all_fields(const struct store_event *event, struct arena *arena)
{
	struct str out = { 0 };

	for (size_t i = 0; i + 1 < event->field_count && i < 60; i += 2) {
		struct span name = clean(arena, event->fields[i]);
		struct span value = clean(arena, event->fields[i + 1]);

		str_addf(&out, "%s%.*s: %.*s", i > 0 ? "\n" : "", (int)name.len, name.ptr,
		    (int)value.len, value.ptr);
	}
	return kept(arena, &out);
}

struct values {
	struct alert_value *items;
	size_t count;
};

static void
add(struct values *values, const char *name, struct span text)
{
	if (values->count < ALERT_VALUES_MAX)
		values->items[values->count++] = (struct alert_value){ name, text };
}

static const char *
date_of(const char *id, struct arena *arena)
{
	char date[CLOCK_DATE_SIZE];

	clock_format(store_event_ms(span_of(id)) / 1000, date);
	return arena_dup(arena, span_of(date));
}

size_t
alert_values(const struct store_event *event, enum mail_event kind, const char *node,
    struct arena *arena, struct alert_value values[ALERT_VALUES_MAX])
{
	struct values all = { values, 0 };
	struct span noticed = clean(arena, field_of(event, "node"));

	/* Ours first: an event cannot speak for them. */
	add(&all, "event", span_of(mail_event_names[kind]));
	add(&all, "id", clean(arena, span_of(event->id)));
	add(&all, "time", span_of(date_of(event->id, arena)));
	add(&all, "node", noticed.len > 0 ? noticed : clean(arena, span_of(node)));
	add(&all, "fields", all_fields(event, arena));
	add(&all, "rate_hard", span_of(percent(arena, event, "hard")));
	add(&all, "rate_complaint", span_of(percent(arena, event, "complaint")));
	for (size_t i = 0; alert_fields[i] != NULL; i++) {
		struct span value = field_of(event, alert_fields[i]);

		if (value.len > 0)
			add(&all, alert_fields[i], clean(arena, value));
	}
	return all.count;
}

struct span
alert_line(const struct store_event *event, enum mail_event kind, struct arena *arena)
{
	static const char *const named[] = { "account", "group", "ip", "reason", "rate", "sent",
		"hard", "complaint", "what", "action", "why", "text", NULL };
	enum { MOST = 300 };
	struct str out = { 0 };

	str_addf(&out, "%s %s:", date_of(event->id, arena), mail_event_names[kind]);
	for (size_t i = 0; named[i] != NULL && out.len < MOST; i++) {
		struct span value = clean(arena, field_of(event, named[i]));

		if (value.len > 0)
			str_addf(&out, " %s=%.*s", named[i], (int)value.len, value.ptr);
	}
	return kept(arena, &out);
}

size_t
alert_digest_values(const struct span *lines, size_t line_count, int64_t count, int64_t per_hour,
    const char *node, struct arena *arena, struct alert_value values[ALERT_VALUES_MAX])
{
	struct values all = { values, 0 };
	struct str events = { 0 };
	const char *since = "", *until = "";

	for (size_t i = 0; i < line_count; i++) {
		long blank = span_find(lines[i], SPAN(" "));
		struct span line = span_from(lines[i], blank > 0 ? (size_t)blank + 1 : 0);
		struct span text = clean(arena, line);
		const char *date = arena_printf(arena, "%.20s", text.ptr);

		str_addf(&events, "%s%.*s", i > 0 ? "\n" : "", (int)text.len, text.ptr);
		since = i == 0 ? date : since;
		until = date;
	}
	if ((int64_t)line_count < count)
		str_addf(&events, "\n... and %" PRId64 " more", count - (int64_t)line_count);
	add(&all, "event", SPAN("digest"));
	add(&all, "node", clean(arena, span_of(node)));
	add(&all, "count", span_of(arena_printf(arena, "%" PRId64, count)));
	add(&all, "per_hour", span_of(arena_printf(arena, "%" PRId64, per_hour)));
	add(&all, "since", span_of(since));
	add(&all, "until", span_of(until));
	add(&all, "events", kept(arena, &events));
	return all.count;
}
