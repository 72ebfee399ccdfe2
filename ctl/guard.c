#include "verbs.h"

#include <inttypes.h>
#include <string.h>

#include "guards.h"
#include "keys.h"
#include "operator.h"
#include "unclassified.h"

/* `quarantine guard list`, `show`, `confirm`, `dismiss`: outage guards, and an operator's decision. */

enum { AT_ONCE = 15, EXCUSED_S = 86400 };

static enum ctl_exit
list(struct ctl *ctl)
{
	struct guards guards;
	struct err err;

	if (guards_read(ctl, &guards, &err) != 0) {
		ctl_complain(ctl, "%s", err.text);
		return CTL_AWAY;
	}
	guards_show(ctl, &guards);
	return CTL_DONE;
}

/* The guard that the operands name, from the list of all; NULL and a complaint: there is none. */
static const struct guard_row *
named(struct ctl *ctl, const struct guards *guards)
{
	if (ctl->operand_count < 3) {
		ctl_complain(ctl, "GROUP and REASON are missing: mxctl quarantine guard list");
		return NULL;
	}
	for (size_t i = 0; i < guards->count; i++)
		if (strcmp(guards->items[i].group, ctl->operands[1]) == 0 &&
		    strcmp(reason_name(guards->items[i].reason), ctl->operands[2]) == 0)
			return &guards->items[i];
	ctl_complain(ctl, "no guard holds %s for %s: mxctl quarantine guard list", ctl->operands[1],
	    ctl->operands[2]);
	return NULL;
}

/* Up to `most` of its addresses, not encoded. */
static int
read_addresses(struct ctl *ctl, const struct guard_row *row, enum store_guard_list which,
    struct arena *arena, const char **addrs, struct span *encoded, size_t most)
{
	struct store_fields fields = { .arena = arena };
	struct err err;

	store_put_guard_list(&ctl->batch, which, row->group, row->reason, &fields, most);
	if (ctl_store_run(ctl, &err) != 0) {
		ctl_complain(ctl, "%s", err.text);
		return -1;
	}
	for (size_t i = 0; i < fields.count; i++) {
		struct str text = { 0 };

		encoded[i] = fields.items[i];
		if (keys_decode(&text, fields.items[i]) != 0)
			str_empty(&text);
		addrs[i] = arena_dup(arena, span_of(str_text(&text)));
		str_free(&text);
	}
	return (int)fields.count;
}

static enum ctl_exit
show(struct ctl *ctl, const struct guards *guards, const struct guard_row *row)
{
	static const struct out_column columns[] = { { "address", "ADDRESS", OUT_LEFT } };
	const struct store_guard *guard = &row->guard;
	const char *addrs[AT_ONCE];
	struct span encoded[AT_ONCE];
	int count;

	out_put(ctl_out(ctl), "group", "Group", out_string(row->group));
	out_put(ctl->out, "reason", "Reason", out_string(reason_name(row->reason)));
	out_put(ctl->out, "state", "State", out_string(row->quiet ? "quiet" : "holds"));
	out_put(ctl->out, "since", "Since", out_time(row->since_s, guards->now_s));
	out_put(ctl->out, "last_far", "Last unusual",
	    out_time(guard->figures.far_s, guards->now_s));
	out_put(ctl->out, "held", "Held", out_count(guard->held, "address", "addresses"));
	out_put(ctl->out, "just_before", "Just before",
	    out_count(guard->lately, "address quarantined", "addresses quarantined"));
	out_put(ctl->out, "rate", "When it tripped", out_string(guard->rate));
	out_put(ctl->out, "usual_per_1000", NULL,
	    guard_usual_rate(&guard->figures) >= 0 ? out_number(guard_usual_rate(&guard->figures))
						   : out_none("-"));
	out_put(ctl->out, "text", "Text", out_string(guard->text));
	count = read_addresses(ctl, row, STORE_GUARDED, &ctl->arena, addrs, encoded, AT_ONCE);
	if (count < 0)
		return CTL_AWAY;
	out_table(ctl->out, "addresses", "The first of them", columns, 1);
	for (int i = 0; i < count; i++)
		out_cell(ctl->out, out_string(addrs[i]));
	out_table_end(ctl->out, "None.");
	return CTL_DONE;
}

/* -- decisions ---------------------------------------------------------------------------------- */

struct decision {
	struct ctl *ctl;
	const struct guard_row *row;
	enum store_guard_verb verb;
	enum store_guard_list list;
	const char *by;
	struct str form;     /* of the text that tripped it; undo: only what had that answer */
	int64_t since_s;     /* errors or quarantines from then on */
	int64_t done, other; /* changed; no longer as they were */
};

static void
put_event(const struct decision *decision, const char *addr)
{
	const struct store_event_field fields[] = {
		{ "address", addr },
		{ "reason", reason_name(decision->row->reason) },
		{ "group", decision->row->group },
		{ "why",
		    decision->verb == STORE_GUARD_CONFIRM ? "guard confirmed" : "guard dismissed" },
		{ "by", decision->by },
	};

	store_put_event(&decision->ctl->batch,
	    decision->verb == STORE_GUARD_CONFIRM ? "quarantined" : "released", fields,
	    sizeof(fields) / sizeof(fields[0]));
}

/* Which of them had the answer that tripped the guard; others stay as they are. */
static int
choose(struct decision *decision, const char *const *addrs, bool *chosen, size_t count,
    struct err *err)
{
	struct quarantine_entry entries[AT_ONCE];
	int rc;

	for (size_t i = 0; i < count; i++)
		store_put_quarantine_read(&decision->ctl->batch, addrs[i], &entries[i]);
	rc = ctl_store_run(decision->ctl, err);
	for (size_t i = 0; i < count && rc == 0; i++) {
		struct str form = { 0 };

		unclassified_form(span_of(entries[i].text), &form);
		chosen[i] = strcmp(str_text(&form), str_text(&decision->form)) == 0;
		str_free(&form);
	}
	return rc;
}

static int
decide_some(struct decision *decision, const char *const *addrs, const struct span *encoded,
    size_t count, struct arena *arena, struct err *err)
{
	struct ctl *ctl = decision->ctl;
	const struct guard_row *row = decision->row;
	struct store_guard_entry entries[AT_ONCE] = { 0 };
	bool chosen[AT_ONCE];

	memset(chosen, 1, sizeof(chosen));
	if (decision->verb == STORE_GUARD_UNDO && choose(decision, addrs, chosen, count, err) != 0)
		return -1;
	for (size_t i = 0; i < count; i++)
		if (chosen[i])
			store_put_guard_entry(&ctl->batch, decision->verb, addrs[i], row->reason,
			    decision->since_s,
			    ctl->settings->quarantine.rules[row->reason].release_ms, decision->by,
			    &entries[i]);
	if (ctl_store_run(ctl, err) != 0)
		return -1;
	for (size_t i = 0; i < count; i++) {
		if (entries[i].changed == 0) {
			decision->other++;
			continue;
		}
		decision->done++;
		put_event(decision, addrs[i]);
		if (entries[i].status == QUARANTINE_NONE)
			store_put_index_gone(&ctl->batch, addrs[i]);
		else
			store_put_index(&ctl->batch, addrs[i], entries[i].expiry_s);
	}
	if (ctl_store_run(ctl, err) != 0)
		return -1;
	for (size_t i = 0; i < count; i++)
		store_put_guard_list_gone(&ctl->batch, decision->list, row->group, row->reason,
		    arena_dup(arena, encoded[i]));
	return ctl_store_run(ctl, err);
}

/* All of a list, however long, also what is added meanwhile. Cut off, it goes on where it was. */
static int
decide_all(struct decision *decision)
{
	const char *addrs[AT_ONCE];
	struct span encoded[AT_ONCE];
	struct arena arena;
	struct err err;
	int count;

	do {
		arena_init(&arena);
		count = read_addresses(decision->ctl, decision->row, decision->list, &arena, addrs,
		    encoded, AT_ONCE);
		if (count > 0 &&
		    decide_some(decision, addrs, encoded, (size_t)count, &arena, &err) != 0) {
			ctl_complain(decision->ctl, "%s", err.text);
			count = -1;
		}
		arena_clear(&arena);
	} while (count > 0);
	return count;
}

/* The guard itself: it is over before its last addresses are, so that none is held after them. */
static enum ctl_exit
end_guard(struct ctl *ctl, const struct guards *guards, const struct decision *decision)
{
	bool confirmed = decision->verb == STORE_GUARD_CONFIRM;
	const struct guard_row *row = decision->row;
	const struct store_event_field fields[] = {
		{ "what", confirmed ? "confirmed" : "dismissed" },
		{ "group", row->group },
		{ "reason", reason_name(row->reason) },
		{ "text", row->guard.text },
		{ "by", decision->by },
	};
	int64_t changed;

	store_put_guard_end(&ctl->batch, row->group, row->reason,
	    confirmed ? guards->now_s + EXCUSED_S : 0, &changed);
	store_put_guards_set(&ctl->batch, row->group, row->reason, 0, false);
	store_put_event(&ctl->batch, "guard", fields, sizeof(fields) / sizeof(fields[0]));
	return ctl_store_must(ctl);
}

/* What was quarantined within the window before it tripped, by the same answer. */
static int
undo(struct ctl *ctl, const struct guard_row *row, struct decision *decision)
{
	int rc;

	decision->verb = STORE_GUARD_UNDO;
	decision->list = STORE_LATELY;
	decision->since_s = row->since_s - ctl->settings->guard.window_ms / 1000;
	unclassified_form(span_of(row->guard.text), &decision->form);
	rc = decide_all(decision);
	str_free(&decision->form);
	return rc;
}

static enum ctl_exit
decide(struct ctl *ctl, const struct guards *guards, const struct guard_row *row,
    enum store_guard_verb verb)
{
	bool undoes = ctl->options[CTL_OPTION_UNDO] != NULL;
	struct decision decision = { ctl, row, verb, STORE_GUARDED, operator_name(ctl), { 0 },
		row->since_s, 0, 0 };
	struct decision before = decision;

	if (decide_all(&decision) != 0 || (undoes && undo(ctl, row, &before) != 0) ||
	    end_guard(ctl, guards, &decision) != CTL_DONE || decide_all(&decision) != 0)
		return CTL_AWAY;
	out_put(ctl_out(ctl), "group", "Group", out_string(row->group));
	out_put(ctl->out, "reason", "Reason", out_string(reason_name(row->reason)));
	out_put(ctl->out, verb == STORE_GUARD_CONFIRM ? "quarantined" : "forgotten",
	    verb == STORE_GUARD_CONFIRM ? "Quarantined" : "Forgotten",
	    out_count(decision.done, "address", "addresses"));
	if (undoes)
		out_put(ctl->out, "undone", "Undone",
		    out_count(before.done, "address", "addresses"));
	else if (verb == STORE_GUARD_DISMISS && row->guard.lately > 0)
		out_note(ctl->out,
		    "%" PRId64 " quarantined just before the guard held stay so: mxctl quarantine "
		    "undo --group %s --reason %s",
		    row->guard.lately, row->group, reason_name(row->reason));
	return CTL_DONE;
}

enum ctl_exit
quarantine_guard(struct ctl *ctl)
{
	const char *verb = ctl->operands[0];
	bool shows = strcmp(verb, "show") == 0, confirms = strcmp(verb, "confirm") == 0;
	const struct guard_row *row;
	struct guards guards;
	struct err err;

	if (ctl->options[CTL_OPTION_UNDO] != NULL && strcmp(verb, "dismiss") != 0) {
		ctl_complain(ctl, "--undo is for dismiss");
		return CTL_USAGE;
	}
	if (strcmp(verb, "list") == 0)
		return list(ctl);
	if (!shows && !confirms && strcmp(verb, "dismiss") != 0) {
		ctl_complain(ctl,
		    "quarantine guard knows list, show, confirm and dismiss, no \"%s\"", verb);
		return CTL_USAGE;
	}
	if (guards_read(ctl, &guards, &err) != 0) {
		ctl_complain(ctl, "%s", err.text);
		return CTL_AWAY;
	}
	row = named(ctl, &guards);
	if (row == NULL)
		return ctl->operand_count < 3 ? CTL_USAGE : CTL_NO;
	if (shows)
		return show(ctl, &guards, row);
	return decide(ctl, &guards, row, confirms ? STORE_GUARD_CONFIRM : STORE_GUARD_DISMISS);
}
