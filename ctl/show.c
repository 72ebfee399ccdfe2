#include "show.h"

#include "clock.h"

struct out_value
show_place(struct ctl *ctl, const char *file, unsigned line)
{
	return out_string(arena_printf(&ctl->arena, "%s:%u", file, line));
}

static struct out_value
time_or(int64_t unix_s, int64_t now_s, const char *words)
{
	return unix_s > 0 ? out_time(unix_s, now_s) : out_none(words);
}

/* "3 mailbox_full, 1 unreachable" */
static void
show_errors(struct ctl *ctl, const struct quarantine_entry *entry)
{
	struct str words = { 0 };

	out_put(ctl->out, "errors", NULL, out_number(entry->errors));
	out_open(ctl->out, "errors_by", NULL);
	for (size_t i = 0; i < REASON_COUNT; i++) {
		if (entry->errors_by[i] == 0)
			continue;
		out_put(ctl->out, reason_names[i], NULL, out_number(entry->errors_by[i]));
		str_addf(&words, "%s%lld %s", words.len > 0 ? ", " : "",
		    (long long)entry->errors_by[i], reason_names[i]);
	}
	out_close(ctl->out);
	if (words.len == 0)
		str_addf(&words, "%lld", (long long)entry->errors);
	out_put(ctl->out, NULL, "Errors", out_string(str_text(&words)));
	str_free(&words);
}

/* What is told of a time only where it has come. */
static void
show_step(struct ctl *ctl, const char *key, const char *label, int64_t unix_s, int64_t now_s)
{
	out_put(ctl->out, key, unix_s > 0 ? label : NULL, time_or(unix_s, now_s, "-"));
}

/* The states of an entry in the order it went through them, and what comes next. */
static void
show_steps(struct ctl *ctl, const struct quarantine_entry *entry, int64_t now_s)
{
	struct out *out = ctl->out;
	bool blocks = entry->status == QUARANTINE_QUARANTINED;
	bool released = entry->status == QUARANTINE_RELEASED;
	int64_t forgotten_s = blocks ? 0 : quarantine_entry_expiry(entry);

	out_put(out, "first", "First error", time_or(entry->first_s, now_s, "-"));
	out_put(out, "last", "Last error", time_or(entry->last_s, now_s, "-"));
	show_step(ctl, "held", "Held since", entry->held_s, now_s);
	show_step(ctl, "since", "Quarantined", entry->since_s, now_s);
	show_step(ctl, "late", "Further notice", entry->late_s, now_s);
	out_put(out, "release", blocks || released ? "Released" : NULL,
	    time_or(entry->release_s, now_s, "when removed"));
	out_put(out, "released", NULL, out_string(entry->released));
	if (released)
		out_put(out, NULL, "Released by",
		    out_string(*entry->released != '\0' ? entry->released : "its time was over"));
	show_step(ctl, "delivered", "Delivered", entry->delivered_s, now_s);
	show_step(ctl, "forgotten", "Forgotten", forgotten_s, now_s);
}

void
show_entry(struct ctl *ctl, const struct quarantine_entry *entry, int64_t now_s)
{
	struct out *out = ctl_out(ctl);

	out_put(out, "status", entry->status != QUARANTINE_NONE ? "Status" : NULL,
	    out_string(quarantine_status_name(entry->status)));
	if (entry->status == QUARANTINE_NONE) {
		show_step(ctl, "delivered", "Delivered", entry->delivered_s, now_s);
		return;
	}
	if (entry->status != QUARANTINE_QUARANTINED)
		out_put(out, NULL, "", out_string("mailed"));
	out_put(out, "reason", "Reason", out_string(reason_name(entry->reason)));
	out_put(out, "type", "Type", out_string(bounce_type_name(entry->type)));
	show_errors(ctl, entry);
	show_steps(ctl, entry, now_s);
	out_put(out, "code", "Code", out_string(entry->code));
	out_put(out, "text", "Diagnostic", out_string(entry->text));
	out_put(out, "mx", "Remote MX", out_string(entry->mx));
	out_put(out, "group", "Group", out_string(entry->group));
	out_put(out, "rule", "Bounce rule", out_string(entry->rule));
	out_put(out, "message", "Message-ID", out_string(entry->message));
	out_put(out, "campaign", "Campaign", out_string(entry->campaign));
	out_put(out, "list", "List", out_string(entry->list));
	out_put(out, "account", "Account", out_string(entry->account));
	out_put(out, "by", "By", out_string(entry->by));
}

const char *
show_entry_words(struct ctl *ctl, const struct quarantine_entry *entry)
{
	const char *reason = reason_name(entry->reason);
	struct str words = { 0 };
	const char *copy;
	char date[CLOCK_DATE_SIZE];

	switch (entry->status) {
	case QUARANTINE_NONE:
		return "not in quarantine";
	case QUARANTINE_COUNTING:
		return arena_printf(&ctl->arena, "%lld %s counted: %s", (long long)entry->errors,
		    entry->errors == 1 ? "error" : "errors", reason);
	case QUARANTINE_HELD:
		return arena_printf(&ctl->arena, "held by an outage guard since %.10s: %s",
		    clock_format(entry->held_s, date), reason);
	case QUARANTINE_RELEASED:
		return arena_printf(&ctl->arena, "released on %.10s (was quarantined: %s)",
		    clock_format(entry->release_s, date), reason);
	case QUARANTINE_QUARANTINED:
		break;
	}
	quarantine_entry_words(entry, &words);
	copy = arena_dup(&ctl->arena, span_of(str_text(&words)));
	str_free(&words);
	return copy;
}
