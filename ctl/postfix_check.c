#include "postfix_check.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "in_force.h"
#include "postfix_ours.h"

int
postfix_check_open(struct ctl *ctl, const char *folder, bool timers, struct postfix_draft *draft,
    struct err *err)
{
	if (postfix_draft_open(draft, folder, ctl->settings->state_dir, err) != 0)
		return -1;
	if (ctl->settings->enforce == ENFORCE_ADMISSION) {
		postfix_draft_keep_base(draft);
		return 0;
	}
	return postfix_draft_plan(draft, ctl->settings, ctl->rules, in_force_sets(ctl),
	    timers || draft->state.timers, err);
}

static bool
is_timer(struct span line)
{
	size_t len = 0;

	while (len < line.len && strchr(" \t=", line.ptr[len]) == NULL)
		len++;
	for (size_t i = 0; i < POSTFIX_TIMERS; i++)
		if (span_eq(span_make(line.ptr, len), span_of(postfix_timers[i].name)))
			return true;
	return false;
}

static int
by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The lines of a file as Postfix takes them: one that begins with a blank goes on with the one before,
 * whatever comments stand in between. Sorted, without timers. */
static struct postfix_words
lines_of(struct arena *arena, const struct str *text)
{
	struct span rest = span_make(text->data, text->len), line;
	struct postfix_words lines = { 0 };

	while (span_line(&rest, &line)) {
		struct span words = span_trim(line);
		bool goes_on = line.len > 0 && (line.ptr[0] == ' ' || line.ptr[0] == '\t');

		if (words.len == 0 || words.ptr[0] == '#')
			continue;
		if (goes_on && lines.count > 0)
			lines.items[lines.count - 1] = arena_printf(arena, "%s\n%.*s",
			    lines.items[lines.count - 1], (int)words.len, words.ptr);
		else
			postfix_words_add(arena, &lines, arena_dup(arena, words));
	}
	for (size_t i = 0; i < lines.count;)
		if (is_timer(span_of(lines.items[i])))
			lines.items[i] = lines.items[--lines.count];
		else
			i++;
	if (lines.count > 0)
		qsort(lines.items, lines.count, sizeof(*lines.items), by_text);
	return lines;
}

static bool
same_lines(const struct str *a, const struct str *b)
{
	struct postfix_words left, right;
	struct arena arena;
	bool same;

	arena_init(&arena);
	left = lines_of(&arena, a);
	right = lines_of(&arena, b);
	same = left.count == right.count;
	for (size_t i = 0; same && i < left.count; i++)
		same = strcmp(left.items[i], right.items[i]) == 0;
	arena_clear(&arena);
	return same;
}

bool
postfix_check_fits(const struct postfix_draft *draft)
{
	if (draft->plan.mistakes.count > 0)
		return false;
	for (size_t i = 0; i < POSTFIX_FILES; i++)
		if (!same_lines(&draft->now.text[i], &draft->next.text[i]))
			return false;
	return true;
}

static void
check_one(struct ctl *ctl, const char *folder)
{
	struct postfix_draft draft;
	struct err err;

	out_cell(ctl->out, out_string(arena_dup(&ctl->arena, span_of(folder))));
	if (postfix_check_open(ctl, folder, false, &draft, &err) != 0) {
		out_cell(ctl->out, out_none("unknown"));
		out_cell(ctl->out, out_string(arena_dup(&ctl->arena, span_of(err.text))));
	} else {
		bool fits = postfix_check_fits(&draft);

		out_cell(ctl->out, out_bool(fits));
		out_cell(ctl->out,
		    fits ? out_none("") : out_string("mxctl postfix show tells the difference"));
		if (!fits)
			ctl_complain(ctl,
			    "Postfix in %s is set up for other rules or settings: mxctl postfix "
			    "setup -c %s",
			    folder, folder);
	}
	postfix_draft_free(&draft);
}

void
postfix_check_show(struct ctl *ctl)
{
	static const struct out_column columns[] = {
		{ "directory", "POSTFIX IN", OUT_LEFT },
		{ "fits", "FITS", OUT_LEFT },
		{ "words", "", OUT_WRAP },
	};
	struct postfix_words folders = { 0 };

	postfix_state_list(&ctl->arena, ctl->settings->state_dir, &folders);
	if (folders.count == 0 && ctl->settings->enforce != ENFORCE_ADMISSION &&
	    access("/etc/postfix/main.cf", F_OK) == 0)
		ctl_complain(ctl, "Postfix on this host is not set up: mxctl postfix setup");
	if (folders.count == 0)
		return;
	out_table(ctl->out, "postfix", NULL, columns, sizeof(columns) / sizeof(columns[0]));
	for (size_t i = 0; i < folders.count; i++)
		check_one(ctl, folders.items[i]);
	out_table_end(ctl->out, NULL);
}
