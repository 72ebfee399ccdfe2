#include "verbs.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "addr.h"
#include "duration.h"
#include "operator.h"
#include "show.h"

/* `quarantine show`, `add`, `remove`; the list is in quarantine_list.c. */

static enum ctl_exit
now_of_store(struct ctl *ctl, struct ctl_time *now)
{
	struct err err;

	if (ctl_store_time(ctl, now, &err) == 0)
		return CTL_DONE;
	ctl_complain(ctl, "%s", err.text);
	return CTL_AWAY;
}

enum ctl_exit
quarantine_show(struct ctl *ctl)
{
	const char *addr = ctl_quarantine_address(ctl, ctl->operands[0]);
	struct quarantine_entry entry;
	struct ctl_time now;

	if (addr == NULL)
		return CTL_USAGE;
	store_put_quarantine_read(&ctl->batch, addr, &entry);
	if (ctl_store_must(ctl) != CTL_DONE || now_of_store(ctl, &now) != CTL_DONE)
		return CTL_AWAY;
	quarantine_entry_settle(&entry, now.s);
	out_put(ctl_out(ctl), "address", "Address", out_string(addr));
	if (entry.status == QUARANTINE_NONE)
		out_put(ctl->out, NULL, "Status", out_string(show_entry_words(ctl, &entry)));
	show_entry(ctl, &entry, now.s);
	return entry.status == QUARANTINE_QUARANTINED ? CTL_DONE : CTL_NO;
}

/* -- changes ----------------------------------------------------------------------------------- */

static void
put_event(struct ctl *ctl, const char *type, const char *addr, const struct quarantine_entry *entry,
    const char *by)
{
	const struct store_event_field fields[] = {
		{ "address", addr },
		{ "reason", reason_name(entry->reason) },
		{ "text", entry->text },
		{ "by", by },
	};

	store_put_event(&ctl->batch, type, fields, sizeof(fields) / sizeof(fields[0]));
}

/* The operands as addresses: all or none, so that a typing mistake changes nothing. */
static const char **
addresses(struct ctl *ctl)
{
	const char **addrs = arena_alloc(&ctl->arena, ctl->operand_count * sizeof(*addrs));

	for (size_t i = 0; i < ctl->operand_count; i++)
		if ((addrs[i] = ctl_quarantine_address(ctl, ctl->operands[i])) == NULL)
			return NULL;
	return addrs;
}

/* Without a domain an address is none that is mailed: a slip of the keyboard. */
static bool
have_domains(struct ctl *ctl, const char *const *addrs)
{
	for (size_t i = 0; i < ctl->operand_count; i++)
		if (*addr_domain(addrs[i]) == '\0') {
			ctl_complain(ctl, "\"%s\" has no domain", ctl->operands[i]);
			return false;
		}
	return true;
}

/* The entry that the options ask for. CTL_USAGE: they make no sense. */
static enum ctl_exit
read_options(struct ctl *ctl, struct quarantine_entry *entry, int64_t *for_ms)
{
	const char *reason = ctl->options[CTL_OPTION_REASON];
	const char *duration = ctl->options[CTL_OPTION_FOR];
	const char *text = ctl->options[CTL_OPTION_TEXT];
	struct str clean = { 0 };

	*entry = (struct quarantine_entry){
		.status = QUARANTINE_QUARANTINED,
		.reason = REASON_USER_UNKNOWN,
	};
	*for_ms = 0;
	if (reason != NULL && reason_parse(span_of(reason), &entry->reason) != 0) {
		struct str names = { 0 };

		for (size_t i = 0; i < REASON_COUNT; i++)
			str_addf(&names, " %s", reason_names[i]);
		ctl_complain(ctl, "no reason \"%s\"; there are%s", reason, str_text(&names));
		str_free(&names);
		return CTL_USAGE;
	}
	if (duration != NULL && (*for_ms = duration_parse(span_of(duration))) < 1000) {
		ctl_complain(ctl, "--for: \"%s\" is no time such as \"30d\" or \"12h\"", duration);
		return CTL_USAGE;
	}
	entry->type = reason_usual_type(entry->reason);
	out_clean(&clean, span_of(text != NULL ? text : "added by hand"));
	snprintf(entry->text, sizeof(entry->text), "%s", str_text(&clean));
	str_free(&clean);
	snprintf(entry->by, sizeof(entry->by), "%s", operator_name(ctl));
	return CTL_DONE;
}

static void
show_added(struct ctl *ctl, const char *addr, const struct quarantine_entry *entry,
    const struct quarantine_entry *before)
{
	bool was = before->status != QUARANTINE_NONE;

	out_note(ctl->out, "%s: %s%s%s%s", addr, show_entry_words(ctl, entry),
	    was ? " (before: " : "", was ? show_entry_words(ctl, before) : "", was ? ")" : "");
	if (addr_is_postmaster(addr))
		out_note(ctl->out, "%s: a postmaster is mailed all the same", addr);
	out_cell(ctl->out, out_string(addr));
	out_cell(ctl->out, out_string(quarantine_status_name(before->status)));
	out_cell(ctl->out, out_string(reason_name(entry->reason)));
	out_cell(ctl->out, entry->release_s > 0 ? out_time(entry->release_s, 0) : out_none("-"));
}

enum ctl_exit
quarantine_add(struct ctl *ctl)
{
	static const struct out_column columns[] = {
		{ "address", NULL, OUT_LEFT },
		{ "before", NULL, OUT_LEFT },
		{ "reason", NULL, OUT_LEFT },
		{ "release", NULL, OUT_LEFT },
	};
	const char **addrs = addresses(ctl);
	struct quarantine_entry entry, before;
	enum ctl_exit rc = CTL_DONE;
	struct ctl_time now;
	int64_t for_ms;

	if (addrs == NULL || !have_domains(ctl, addrs) ||
	    read_options(ctl, &entry, &for_ms) != CTL_DONE)
		return CTL_USAGE;
	if (now_of_store(ctl, &now) != CTL_DONE)
		return CTL_AWAY;
	entry.since_s = now.s;
	entry.release_s = for_ms > 0 ? now.s + for_ms / 1000 : 0;
	entry.quiet_s = ctl->settings->quarantine.rules[entry.reason].quiet_ms / 1000;
	out_table(ctl_out(ctl), "added", NULL, columns, sizeof(columns) / sizeof(columns[0]));
	for (size_t i = 0; i < ctl->operand_count && rc == CTL_DONE; i++) {
		store_put_quarantine_read(&ctl->batch, addrs[i], &before);
		store_put_quarantine_add(&ctl->batch, addrs[i], &entry);
		put_event(ctl, "quarantined", addrs[i], &entry, entry.by);
		rc = ctl_store_must(ctl);
		quarantine_entry_settle(&before, now.s);
		if (rc == CTL_DONE)
			show_added(ctl, addrs[i], &entry, &before);
	}
	out_table_end(ctl->out, NULL);
	return rc;
}

/* CTL_NO: there was nothing to remove. */
static enum ctl_exit
remove_one(struct ctl *ctl, const char *addr, const char *by, int64_t now_s)
{
	struct quarantine_entry before;
	struct store_removed removed = { 0 };
	const char *words;

	store_put_quarantine_read(&ctl->batch, addr, &before);
	store_put_quarantine_remove(&ctl->batch, addr, by, ctl->settings->quarantine.quiet_ms,
	    &removed);
	if (ctl_store_must(ctl) != CTL_DONE)
		return CTL_AWAY;
	quarantine_entry_settle(&before, now_s);
	words = show_entry_words(ctl, &before);
	if (removed.removed > 0)
		out_note(ctl->out, "%s: removed (before: %s)", addr, words);
	else
		out_note(ctl->out, "%s: %s", addr, words);
	out_cell(ctl->out, out_string(addr));
	out_cell(ctl->out, out_bool(removed.removed > 0));
	out_cell(ctl->out, out_string(quarantine_status_name(before.status)));
	out_cell(ctl->out,
	    removed.removed > 0 ? out_string(reason_name(before.reason)) : out_none("-"));
	if (removed.removed == 0)
		return CTL_NO;
	if (removed.expiry_s > 0)
		store_put_index(&ctl->batch, addr, removed.expiry_s);
	else
		store_put_index_gone(&ctl->batch, addr);
	put_event(ctl, "removed", addr, &before, by);
	return ctl_store_must(ctl);
}

enum ctl_exit
quarantine_remove(struct ctl *ctl)
{
	static const struct out_column columns[] = {
		{ "address", NULL, OUT_LEFT },
		{ "removed", NULL, OUT_LEFT },
		{ "before", NULL, OUT_LEFT },
		{ "reason", NULL, OUT_LEFT },
	};
	const char **addrs = addresses(ctl);
	const char *by = operator_name(ctl);
	enum ctl_exit rc = CTL_DONE;
	struct ctl_time now;

	if (addrs == NULL)
		return CTL_USAGE;
	if (now_of_store(ctl, &now) != CTL_DONE)
		return CTL_AWAY;
	out_table(ctl_out(ctl), "removed", NULL, columns, sizeof(columns) / sizeof(columns[0]));
	for (size_t i = 0; i < ctl->operand_count && rc != CTL_AWAY; i++) {
		enum ctl_exit one = remove_one(ctl, addrs[i], by, now.s);

		rc = one != CTL_DONE ? one : rc;
	}
	out_table_end(ctl->out, NULL);
	return rc;
}
