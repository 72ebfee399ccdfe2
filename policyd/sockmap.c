#include "sockmap.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const struct span map_names[] = {
	[MAP_SENDER] = { "sender", 6 },
	[MAP_TRANSPORT] = { "transport", 9 },
	[MAP_DNS] = { "dns", 3 },
	[MAP_CONNECT] = { "connect", 7 },
	[MAP_CACHE] = { "cache", 5 },
	[MAP_STATUS] = { "status", 6 },
	[MAP_RETURNPATH] = { "returnpath", 10 },
};

static const char *const answer_words[] = {
	[ANSWER_OK] = "OK",
	[ANSWER_NOTFOUND] = "NOTFOUND",
	[ANSWER_TEMP] = "TEMP",
	[ANSWER_PERM] = "PERM",
};

/* -- netstrings -------------------------------------------------------------------------------- */

/* The length in front, and how many bytes it takes with its colon. What can't become one any more
 * is malformed though the colon is not there yet. */
static enum sockmap_parsed
parse_length(struct span in, size_t *len, size_t *used, struct err *err)
{
	*len = 0;
	for (size_t i = 0; i < in.len; i++) {
		char c = in.ptr[i];

		if (c == ':' && i > 0) {
			*used = i + 1;
			return SOCKMAP_QUERY;
		}
		if (c < '0' || c > '9') {
			err_set(err, "not a netstring: no length before the colon");
			return SOCKMAP_MALFORMED;
		}
		if (i > 0 && *len == 0) {
			err_set(err, "not a netstring: a length with a leading zero");
			return SOCKMAP_MALFORMED;
		}
		*len = *len * 10 + (size_t)(c - '0');
		if (*len > SOCKMAP_QUERY_MAX) {
			err_set(err, "query over %d bytes", SOCKMAP_QUERY_MAX);
			return SOCKMAP_MALFORMED;
		}
	}
	return SOCKMAP_MORE;
}

/* -- queries ----------------------------------------------------------------------------------- */

static enum sockmap_map
find_map(struct span name)
{
	for (size_t i = 0; i < sizeof(map_names) / sizeof(map_names[0]); i++)
		if (span_eq(name, map_names[i]))
			return (enum sockmap_map)i;
	return MAP_UNKNOWN;
}

static enum sockmap_parsed
parse_text(struct span text, struct sockmap_query *query, struct err *err)
{
	long blank = span_find(text, SPAN(" ")), slash;
	struct span map;

	if (memchr(text.ptr, '\0', text.len) != NULL) {
		err_set(err, "NUL byte");
		return SOCKMAP_MALFORMED;
	}
	if (blank <= 0) {
		err_set(err, "query without \"map key\"");
		return SOCKMAP_MALFORMED;
	}
	query->name = map = span_make(text.ptr, (size_t)blank);
	query->key = span_from(text, (size_t)blank + 1);
	query->service = span_make(text.ptr, 0);
	slash = span_find(map, SPAN("/"));
	if (slash >= 0) {
		query->service = span_from(map, (size_t)slash + 1);
		map.len = (size_t)slash;
	}
	query->map = find_map(map);
	return SOCKMAP_QUERY;
}

enum sockmap_parsed
sockmap_parse(struct span in, struct sockmap_query *query, size_t *used, struct err *err)
{
	size_t len, head;
	enum sockmap_parsed parsed = parse_length(in, &len, &head, err);

	if (parsed != SOCKMAP_QUERY)
		return parsed;
	if (in.len - head < len + 1)
		return SOCKMAP_MORE;
	if (in.ptr[head + len] != ',') {
		err_set(err, "not a netstring: no comma after %zu bytes", len);
		return SOCKMAP_MALFORMED;
	}
	*used = head + len + 1;
	return parse_text(span_make(in.ptr + head, len), query, err);
}

/* -- answers ----------------------------------------------------------------------------------- */

void
sockmap_reply_set(struct sockmap_reply *reply, enum sockmap_answer answer, const char *fmt, ...)
{
	va_list ap;

	reply->answer = answer;
	reply->text[0] = '\0';
	if (fmt == NULL)
		return;
	va_start(ap, fmt);
	vsnprintf(reply->text, sizeof(reply->text), fmt, ap);
	va_end(ap);
	for (char *p = reply->text; *p != '\0'; p++)
		if (*p < ' ' || *p > '~') /* bytes beyond ASCII too, char signed or not */
			*p = '?';
}

void
sockmap_format(const struct sockmap_reply *reply, struct str *out)
{
	const char *word = answer_words[reply->answer];

	str_addf(out, "%zu:%s %s,", strlen(word) + 1 + strlen(reply->text), word, reply->text);
}
