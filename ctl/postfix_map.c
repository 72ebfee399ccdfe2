#include "postfix_map.h"

#include <string.h>

static struct span
next_address(struct span *rest)
{
	struct span word;
	size_t len = 0;

	while (rest->len > 0 && strchr(" ,\t", rest->ptr[0]) != NULL)
		*rest = span_from(*rest, 1);
	while (len < rest->len && strchr(" ,\t", rest->ptr[len]) == NULL)
		len++;
	word = span_make(rest->ptr, len);
	*rest = span_from(*rest, len);
	return word;
}

const char *
postfix_map_name(struct arena *arena, const char *map_listen, const char *queue_directory)
{
	const char *inside = arena_printf(arena, "unix:%s%s", queue_directory,
	    *queue_directory != '\0' && queue_directory[strlen(queue_directory) - 1] == '/' ? ""
											    : "/");
	struct span rest = span_of(map_listen), first = SPAN(""), address;

	while ((address = next_address(&rest)).len > 0) {
		if (span_starts(address, span_of(inside)))
			return arena_printf(arena, "unix:%s",
			    arena_dup(arena, span_from(address, strlen(inside))));
		if (first.len == 0)
			first = address;
	}
	return first.len > 0 ? arena_dup(arena, first) : NULL;
}

bool
postfix_map_is_outside(const char *name)
{
	return span_starts(span_of(name), SPAN("unix:/"));
}

bool
postfix_map_is_ours(struct span table, const char *map)
{
	struct span name = SPAN("");

	if (!span_starts(table, SPAN("socketmap:")))
		return false;
	for (size_t i = table.len; i > 0 && name.len == 0; i--)
		if (table.ptr[i - 1] == ':')
			name = span_from(table, i);
	return span_starts(name, span_of(map)) &&
	       (name.len == strlen(map) || name.ptr[strlen(map)] == '/');
}
