/* Bytes of a map client: what is read does not depend on how they were split, stays inside them, and
 * every answer is one netstring of printable ASCII. */
#include <stdlib.h>
#include <string.h>

#include "sockmap.h"

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);
extern unsigned long fuzz_accepted;
unsigned long fuzz_accepted; /* inputs with at least one whole query */

static void
hold(bool promise)
{
	if (!promise)
		abort();
}

static void
is_a_query(struct span bytes, size_t used, const struct sockmap_query *query)
{
	hold(used > 0 && used <= bytes.len && used <= SOCKMAP_WIRE_MAX);
	hold(bytes.ptr[used - 1] == ',');
	hold(query->name.len > 0 && query->name.ptr > bytes.ptr);
	hold(memchr(query->name.ptr, ' ', query->name.len) == NULL);
	hold(query->name.ptr[-1] == ':' && query->name.ptr[query->name.len] == ' ');
	hold(query->key.ptr == query->name.ptr + query->name.len + 1);
	hold(query->key.ptr + query->key.len == bytes.ptr + used - 1);
	hold(memchr(query->key.ptr, '\0', query->key.len) == NULL);
	if (query->service.len == 0)
		return;
	hold(query->service.ptr > query->name.ptr && query->service.ptr[-1] == '/');
	hold(query->service.ptr + query->service.len == query->name.ptr + query->name.len);
}

/* A query of the same map and key is written as it was read. */
static void
is_written_the_same(struct span bytes, size_t used, const struct sockmap_query *query)
{
	struct str again = { 0 };

	str_addf(&again, "%zu:", query->name.len + 1 + query->key.len);
	str_add_span(&again, query->name);
	str_addc(&again, ' ');
	str_add_span(&again, query->key);
	str_addc(&again, ',');
	hold(again.len == used && memcmp(again.data, bytes.ptr, used) == 0);
	str_free(&again);
}

/* Of the first bytes alone there is no query, and what is malformed stays so. */
static void
parse_in_parts(struct span bytes, enum sockmap_parsed want, size_t whole)
{
	bool malformed = false;

	for (size_t len = 0; len < bytes.len && len < 300; len++) {
		struct sockmap_query query;
		struct err err = { "" };
		size_t used = 0;
		enum sockmap_parsed got =
		    sockmap_parse(span_make(bytes.ptr, len), &query, &used, &err);

		if (got == SOCKMAP_QUERY)
			hold(want == SOCKMAP_QUERY && used == whole && len >= whole);
		if (got == SOCKMAP_MALFORMED)
			hold(want == SOCKMAP_MALFORMED && err.text[0] != '\0');
		hold(!malformed || got == SOCKMAP_MALFORMED);
		malformed = got == SOCKMAP_MALFORMED;
	}
}

static void
answers_in_one_netstring(struct span bytes)
{
	struct str text = { 0 }, out = { 0 };
	struct sockmap_reply reply;
	char *colon;
	size_t len;

	str_add_span(&text, bytes);
	sockmap_reply_set(&reply, ANSWER_OK, "%s", str_text(&text));
	sockmap_format(&reply, &out);
	len = strtoul(out.data, &colon, 10);
	hold(*colon == ':' && strncmp(colon + 1, "OK ", 3) == 0);
	hold(colon + 1 + len + 1 == out.data + out.len && out.data[out.len - 1] == ',');
	for (size_t i = 0; i < out.len; i++)
		hold(out.data[i] >= ' ' && out.data[i] <= '~');
	str_free(&text);
	str_free(&out);
}

int
LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
	struct span rest = span_make((const char *)data, size);
	bool accepted = false;

	answers_in_one_netstring(rest);
	for (;;) {
		struct sockmap_query query;
		struct err err = { "" };
		size_t used = 0;
		enum sockmap_parsed parsed = sockmap_parse(rest, &query, &used, &err);

		parse_in_parts(rest, parsed, used);
		if (parsed == SOCKMAP_MORE)
			hold(rest.len < SOCKMAP_WIRE_MAX);
		if (parsed != SOCKMAP_QUERY)
			break;
		is_a_query(rest, used, &query);
		is_written_the_same(rest, used, &query);
		accepted = true;
		rest = span_from(rest, used);
	}
	fuzz_accepted += accepted;
	return 0;
}
