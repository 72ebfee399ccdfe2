/*
 * alert - which events are mailed, to whom, and what the templates can say about one. Pure.
 */
#ifndef ALERT_H
#define ALERT_H

#include "alert_template.h"
#include "settings_mail.h"
#include "store_events.h"

/* The kind of an event; false: none that is ever mailed. */
bool alert_kind(const struct store_event *event, enum mail_event *kind);

struct alert_recipient {
	const char *address; /* lives as long as the settings and the arena */
	bool is_owner;       /* of the account: other words */
};
enum { ALERT_RECIPIENTS_MAX = 2 };
/* Who is written to of such an event, each once; 0: nobody. */
size_t alert_recipients(const struct mail_settings *mail, enum mail_event kind,
    const struct store_event *event, struct arena *arena,
    struct alert_recipient recipients[ALERT_RECIPIENTS_MAX]);

/* What templates may name, of events and of digests; NULL-terminated. */
extern const char *const alert_fields[];

/* What an event says, each value one clean line of at most ALERT_VALUE bytes; "fields", which tells
 * of all, has one for each. node: who mails it. */
enum { ALERT_VALUE = 400, ALERT_VALUES_MAX = 40 };
size_t alert_values(const struct store_event *event, enum mail_event kind, const char *node,
    struct arena *arena, struct alert_value values[ALERT_VALUES_MAX]);

/* A line of a digest: "2026-11-22T10:15:03Z suspended: account=shop ..."; arena's. */
struct span alert_line(const struct store_event *event, enum mail_event kind, struct arena *arena);

/* What a digest says. lines: "ID LINE" as store_mail.h has them, of `count` events in all. */
size_t alert_digest_values(const struct span *lines, size_t line_count, int64_t count,
    int64_t per_hour, const char *node, struct arena *arena,
    struct alert_value values[ALERT_VALUES_MAX]);

#endif
