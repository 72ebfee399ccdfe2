#include "show.h"

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

void
show_entry(struct ctl *ctl, const struct quarantine_entry *entry, int64_t now_s)
{
	struct out *out = ctl_out(ctl);
	bool quarantined = entry->status == QUARANTINE_QUARANTINED;

	out_put(out, "status", entry->status != QUARANTINE_NONE ? "Status" : NULL,
	    out_string(quarantine_status_name(entry->status)));
	if (entry->status == QUARANTINE_NONE)
		return;
	out_put(out, "reason", "Reason", out_string(reason_name(entry->reason)));
	out_put(out, "type", "Type", out_string(bounce_type_name(entry->type)));
	out_put(out, "errors", "Errors", out_number(entry->errors));
	out_put(out, "first", "First error", time_or(entry->first_s, now_s, "-"));
	out_put(out, "last", "Last error", time_or(entry->last_s, now_s, "-"));
	out_put(out, "since", quarantined ? "Quarantined" : NULL,
	    time_or(entry->since_s, now_s, "-"));
	out_put(out, "release", quarantined ? "Released" : NULL,
	    time_or(entry->release_s, now_s, "when removed"));
	out_put(out, "code", "Code", out_string(entry->code));
	out_put(out, "text", "Diagnostic", out_string(entry->text));
	out_put(out, "mx", "Remote MX", out_string(entry->mx));
	out_put(out, "rule", "Bounce rule", out_string(entry->rule));
	out_put(out, "campaign", "Campaign", out_string(entry->campaign));
	out_put(out, "by", "By", out_string(entry->by));
}

const char *
show_entry_words(struct ctl *ctl, const struct quarantine_entry *entry)
{
	struct str words = { 0 };
	const char *copy;

	switch (entry->status) {
	case QUARANTINE_NONE:
		return "not in quarantine";
	case QUARANTINE_COUNTING:
		return arena_printf(&ctl->arena, "%lld %s counted: %s", (long long)entry->errors,
		    entry->errors == 1 ? "error" : "errors", reason_name(entry->reason));
	case QUARANTINE_QUARANTINED:
		break;
	}
	quarantine_entry_words(entry, &words);
	copy = arena_dup(&ctl->arena, span_of(str_text(&words)));
	str_free(&words);
	return copy;
}
