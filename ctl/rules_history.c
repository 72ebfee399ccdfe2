#include "rules_history.h"

#include <string.h>
#include <unistd.h>

#include "file.h"

static const char *
take_word(struct arena *arena, struct span *rest)
{
	long blank = span_find(*rest, SPAN(" "));
	size_t len = blank >= 0 ? (size_t)blank : rest->len;
	const char *word = arena_dup(arena, span_make(rest->ptr, len));

	*rest = span_from(*rest, len < rest->len ? len + 1 : len);
	return word;
}

/* False: a line of something else. */
static bool
parse(struct arena *arena, struct span line, struct rules_change *change)
{
	change->at = take_word(arena, &line);
	change->how = take_word(arena, &line);
	change->version = take_word(arena, &line);
	if (strcmp(take_word(arena, &line), "from") != 0)
		return false;
	change->before = take_word(arena, &line);
	if (strcmp(take_word(arena, &line), "by") != 0)
		return false;
	change->by = arena_dup(arena, line);
	return line.len > 0;
}

size_t
rules_history_read(const char *state_dir, struct arena *arena, struct rules_change **changes)
{
	const char *path = rules_place_path(arena, state_dir, NULL, "history");
	struct str text = { 0 };
	struct span rest, line;
	size_t lines = 0, count = 0;

	file_read(path, &text, NULL);
	rest = span_make(str_text(&text), text.len);
	while (span_line(&rest, &line))
		lines++;
	*changes = arena_alloc(arena, (lines + 1) * sizeof(**changes));
	rest = span_make(str_text(&text), text.len);
	while (span_line(&rest, &line))
		count += parse(arena, line, *changes + count);
	for (size_t i = 0; i < count / 2; i++) {
		struct rules_change other = (*changes)[i];

		(*changes)[i] = (*changes)[count - 1 - i];
		(*changes)[count - 1 - i] = other;
	}
	str_free(&text);
	return count;
}

static void
add_line(struct str *text, const struct rules_change *change)
{
	str_addf(text, "%s %s %s from %s by %s\n", change->at, change->how, change->version,
	    change->before, change->by);
}

int
rules_history_add(const struct settings *settings, const struct rules_change *change,
    struct err *err)
{
	struct rules_change *changes;
	struct str text = { 0 };
	struct arena arena;
	const char *path;
	size_t count;
	int rc;

	arena_init(&arena);
	path = rules_place_path(&arena, settings->state_dir, NULL, "history");
	count = rules_history_read(settings->state_dir, &arena, &changes);
	if (count > RULES_HISTORY_LINES - 1)
		count = RULES_HISTORY_LINES - 1;
	for (size_t i = count; i-- > 0;)
		add_line(&text, &changes[i]);
	add_line(&text, change);
	rc = file_write(path, span_make(text.data, text.len), access(path, F_OK) == 0 ? path : NULL,
	    err);
	str_free(&text);
	arena_clear(&arena);
	return rc;
}
