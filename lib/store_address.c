#include "store_address.h"

#include <string.h>

static bool
parse_port_and_db(struct span text, int64_t *port, int64_t *db)
{
	unsigned long long n;
	long slash = span_find(text, SPAN("/"));
	struct span port_text = slash < 0 ? text : span_make(text.ptr, (size_t)slash);
	struct span db_text = slash < 0 ? SPAN("") : span_from(text, (size_t)slash + 1);

	*port = 6379;
	*db = 0;
	if (port_text.len > 0) {
		if (!span_number(span_from(port_text, 1), &n) || n < 1 || n > 65535 ||
		    port_text.ptr[0] != ':')
			return false;
		*port = (int64_t)n;
	}
	if (db_text.len > 0) {
		if (!span_number(db_text, &n) || n > 1023)
			return false;
		*db = (int64_t)n;
	}
	return true;
}

static bool
parse_unix(struct arena *arena, struct span rest, struct store_address *address)
{
	long query = span_find(rest, SPAN("?db="));
	unsigned long long db = 0;

	if (query >= 0 && (!span_number(span_from(rest, (size_t)query + 4), &db) || db > 1023))
		return false;
	address->path = arena_dup(arena, query < 0 ? rest : span_make(rest.ptr, (size_t)query));
	address->db = (int64_t)db;
	address->text = arena_printf(arena, "unix:%s", address->path);
	return address->path[0] == '/' && strlen(address->path) < 108;
}

bool
store_address_parse(struct arena *arena, const char *text, struct store_address *address)
{
	struct span rest = span_of(text);
	long at, colon;
	size_t host_len;

	*address = (struct store_address){ "", 0, "", "", "", 0, text };
	if (span_starts(rest, SPAN("unix:")))
		return parse_unix(arena, span_from(rest, 5), address);
	if (!span_starts(rest, SPAN("redis://")))
		return false;
	rest = span_from(rest, 8);
	for (at = (long)rest.len - 1; at >= 0 && rest.ptr[at] != '@'; at--)
		;
	if (at >= 0) {
		struct span login = span_make(rest.ptr, (size_t)at);

		address->text = arena_printf(arena, "redis://%s", rest.ptr + at + 1);
		colon = span_find(login, SPAN(":"));
		if (colon < 0)
			return false;
		address->user = arena_dup(arena, span_make(login.ptr, (size_t)colon));
		address->password = arena_dup(arena, span_from(login, (size_t)colon + 1));
		rest = span_from(rest, (size_t)at + 1);
	}
	if (rest.len > 0 && rest.ptr[0] == '[') {
		long close = span_find(rest, SPAN("]"));

		if (close < 0)
			return false;
		address->host = arena_dup(arena, span_make(rest.ptr + 1, (size_t)close - 1));
		host_len = (size_t)close + 1;
	} else {
		for (host_len = 0;
		     host_len < rest.len && rest.ptr[host_len] != ':' && rest.ptr[host_len] != '/';
		     host_len++)
			;
		address->host = arena_dup(arena, span_make(rest.ptr, host_len));
	}
	return address->host[0] != '\0' &&
	       parse_port_and_db(span_from(rest, host_len), &address->port, &address->db);
}
