#include "rules_diff.h"

#include <string.h>

#include "rules_trial.h"

static const char *const kind_names[] = {
	[RULES_DIFF_ADDED] = "added",
	[RULES_DIFF_REMOVED] = "removed",
	[RULES_DIFF_CHANGED] = "changed",
};

/* -- comparing --------------------------------------------------------------------------------- */

struct walk {
	const struct rules_text *before, *after, *local;
	struct arena *arena;
	rules_diff_each *each;
	void *arg;
};

static bool
same_rule(const struct rules_text_value *a, const struct rules_text_value *b)
{
	return strcmp(a->list, b->list) == 0 && strcmp(a->rule, b->rule) == 0;
}

/* The values from i on that are of one rule. */
static size_t
rule_length(const struct rules_text *text, size_t i)
{
	size_t end = i + 1;

	while (end < text->count && same_rule(&text->values[i], &text->values[end]))
		end++;
	return end - i;
}

static void
tell(const struct walk *walk, enum rules_diff_kind kind, const struct rules_text_value *at,
    const char *key, const char *before, const char *after)
{
	const struct rules_text_value *local =
	    *key != '\0' ? rules_text_find(walk->local, at->list, at->rule, key) : NULL;
	struct rules_diff_row row = { kind, at->list, at->rule, key, before, after,
		local != NULL ? local->value : NULL };

	walk->each(walk->arg, &row);
}

/* What a rule sets, in one line; what only proves it is left out. */
static const char *
summary(struct arena *arena, const struct rules_text_value *values, size_t count)
{
	struct str out = { 0 };
	const char *text;

	for (size_t i = 0; i < count; i++)
		if (strstr(values[i].key, "sample") == NULL && strcmp(values[i].key, "origin") != 0)
			str_addf(&out, "%s%s = %s", out.len > 0 ? "; " : "", values[i].key,
			    values[i].value);
	text = arena_dup(arena, span_make(str_text(&out), out.len));
	str_free(&out);
	return text;
}

static void
compare_rule(const struct walk *walk, size_t i, size_t n, size_t k, size_t m)
{
	const struct rules_text_value *a = &walk->before->values[i], *b = &walk->after->values[k];
	const struct rules_text_value *a_end = a + n, *b_end = b + m;

	while (a < a_end || b < b_end) {
		int order = a == a_end ? 1 : b == b_end ? -1 : strcmp(a->key, b->key);

		if (order < 0)
			tell(walk, RULES_DIFF_CHANGED, a, a->key, a->value, NULL);
		else if (order > 0)
			tell(walk, RULES_DIFF_CHANGED, b, b->key, NULL, b->value);
		else if (strcmp(a->value, b->value) != 0)
			tell(walk, RULES_DIFF_CHANGED, a, a->key, a->value, b->value);
		a += order <= 0;
		b += order >= 0;
	}
}

static int
compare_rules(const struct rules_text_value *a, const struct rules_text_value *b)
{
	int order = strcmp(a->list, b->list);

	return order != 0 ? order : strcmp(a->rule, b->rule);
}

void
rules_diff_compare(const struct rules_text *before, const struct rules_text *after,
    const struct rules_text *local, struct arena *arena, rules_diff_each *each, void *arg)
{
	const struct walk walk = { before, after, local, arena, each, arg };
	size_t i = 0, k = 0;

	while (i < before->count || k < after->count) {
		size_t n = i < before->count ? rule_length(before, i) : 0;
		size_t m = k < after->count ? rule_length(after, k) : 0;
		int order = n == 0   ? 1
			    : m == 0 ? -1
				     : compare_rules(&before->values[i], &after->values[k]);

		if (order < 0)
			tell(&walk, RULES_DIFF_REMOVED, &before->values[i], "",
			    summary(arena, &before->values[i], n), NULL);
		else if (order > 0)
			tell(&walk, RULES_DIFF_ADDED, &after->values[k], "", NULL,
			    summary(arena, &after->values[k], m));
		else
			compare_rule(&walk, i, n, k, m);
		i += order <= 0 ? n : 0;
		k += order >= 0 ? m : 0;
	}
}

/* -- showing ----------------------------------------------------------------------------------- */

struct shown {
	struct ctl *ctl;
	size_t count, local;
};

static struct out_value
value_or(const char *value, const char *words)
{
	return value != NULL ? out_string(value) : out_none(words);
}

static void
show_row(void *arg, const struct rules_diff_row *row)
{
	struct shown *shown = arg;
	struct out *out = shown->ctl->out;
	bool changed = row->kind == RULES_DIFF_CHANGED;

	out_cell(out, out_string(row->rule));
	out_cell(out, out_string(row->list));
	out_cell(out, out_string(kind_names[row->kind]));
	out_cell(out, changed ? out_string(row->key) : out_none("-"));
	out_cell(out, value_or(row->before, changed ? "default" : "-"));
	out_cell(out, value_or(row->after, changed ? "default" : "-"));
	out_cell(out, value_or(row->local, "-"));
	shown->count++;
	shown->local += row->local != NULL;
}

static int
read_all(struct ctl *ctl, const char *const paths[RULES_FILES], struct rules_text *text)
{
	struct conf_errors errors = { 0 };
	int rc = 0;

	for (size_t i = 0; i < RULES_FILES; i++)
		rc |= rules_text_read(paths[i], &ctl->arena, text, &errors);
	ctl_complain_mistakes(ctl, &errors);
	conf_errors_free(&errors);
	return rc;
}

int
rules_diff_show(struct ctl *ctl, const struct rules_diff_files *before,
    const struct rules_diff_files *after, size_t *count)
{
	static const struct out_column columns[] = {
		{ "rule", "RULE", OUT_LEFT },
		{ "list", "LIST", OUT_SAME },
		{ "change", "CHANGE", OUT_LEFT },
		{ "key", "KEY", OUT_LEFT },
		{ "before", "BEFORE", OUT_WRAP },
		{ "after", "AFTER", OUT_WRAP },
		{ "local", "YOURS", OUT_WRAP },
	};
	const char *const own[RULES_FILES] = { rules_trial_own(ctl->settings, RULES_FILE_MX),
		rules_trial_own(ctl->settings, RULES_FILE_BOUNCE) };
	struct rules_text a = { 0 }, b = { 0 }, local = { 0 };
	struct shown shown = { ctl, 0, 0 };
	int rc = read_all(ctl, before->paths, &a) | read_all(ctl, after->paths, &b) |
		 read_all(ctl, own, &local);

	if (rc == 0) {
		out_put(ctl_out(ctl), "before", "Before", out_string(before->name));
		out_put(ctl->out, "after", "After", out_string(after->name));
		out_table(ctl->out, "changes", NULL, columns, sizeof(columns) / sizeof(columns[0]));
		rules_diff_compare(&a, &b, &local, &ctl->arena, show_row, &shown);
		out_table_end(ctl->out, "No rule differs.");
		if (shown.local > 0)
			out_note(ctl->out, "What your own files say (YOURS) stays in force.");
	}
	rules_text_free(&a);
	rules_text_free(&b);
	rules_text_free(&local);
	*count = shown.count;
	return rc;
}
