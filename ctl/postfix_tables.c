#include "postfix_tables.h"

#include <stdlib.h>
#include <string.h>

#include "run.h"

/* Types whose entries postmap -s lists. */
static const char *const listable[] = { "hash:", "btree:", "lmdb:", "cdb:", "dbm:", "sdbm:",
	"texthash:", "inline:", NULL };

struct span
postfix_tables_next(struct span *rest)
{
	size_t len = 0, depth = 0;
	struct span table;

	while (rest->len > 0 && strchr(" ,\t", rest->ptr[0]) != NULL)
		*rest = span_from(*rest, 1);
	for (; len < rest->len && (depth > 0 || strchr(" ,\t", rest->ptr[len]) == NULL); len++) {
		depth += rest->ptr[len] == '{';
		depth -= rest->ptr[len] == '}' && depth > 0;
	}
	table = span_make(rest->ptr, len);
	*rest = span_from(*rest, len);
	return table;
}

static bool
is_listable(struct span table)
{
	for (size_t i = 0; listable[i] != NULL; i++)
		if (span_starts(table, span_of(listable[i])))
			return true;
	return false;
}

/* "key<TAB>value" lines. */
static void
take_domains(struct arena *arena, struct span text, struct postfix_words *domains)
{
	struct span line;

	while (span_line(&text, &line)) {
		long tab = span_find(line, SPAN("\t"));
		struct span key = tab < 0 ? line : span_make(line.ptr, (size_t)tab);
		long at = span_find(key, SPAN("@"));

		if (at >= 0)
			key = span_from(key, (size_t)at + 1);
		if (key.len > 0)
			postfix_words_add(arena, domains, arena_dup(arena, key));
	}
}

static int
by_name(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void
sort_once(struct postfix_words *words)
{
	size_t kept = 0;

	if (words->count > 0)
		qsort(words->items, words->count, sizeof(*words->items), by_name);
	for (size_t i = 0; i < words->count; i++)
		if (kept == 0 || strcmp(words->items[kept - 1], words->items[i]) != 0)
			words->items[kept++] = words->items[i];
	words->count = kept;
}

void
postfix_tables_list(struct arena *arena, const char *folder, const char *transport_maps,
    struct postfix_words *domains, struct postfix_words *unread)
{
	struct span rest = span_of(transport_maps), table;

	while ((table = postfix_tables_next(&rest)).len > 0) {
		struct span direct =
		    span_starts(table, SPAN("proxy:")) ? span_from(table, strlen("proxy:")) : table;
		const char *name = arena_dup(arena, direct);
		const char *const argv[] = { "postmap", "-c", folder, "-s", name, NULL };
		struct str out = { 0 };
		struct err err;

		if (is_listable(direct) && run_must(argv, &out, &err) == 0)
			take_domains(arena, span_of(str_text(&out)), domains);
		else
			postfix_words_add(arena, unread, arena_dup(arena, table));
		str_free(&out);
	}
	sort_once(domains);
}
