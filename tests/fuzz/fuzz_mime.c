/* Any message: every part lies within it, headers and texts are what their contracts say, and the
 * line ends make no difference to the tree. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "charset.h"
#include "header.h"
#include "mime.h"

unsigned long fuzz_accepted; /* messages with parts */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
require(bool holds)
{
	if (!holds)
		abort();
}

static void
check_line(const char *value)
{
	size_t len = strlen(value);

	require(len <= HEADER_VALUE_MAX && charset_is_utf8(span_make(value, len)));
	for (size_t i = 0; i < len; i++)
		require((unsigned char)value[i] >= ' ' && value[i] != 0x7f);
}

static void
check_header(struct arena *arena, struct span header)
{
	struct span name, value;
	unsigned fields = 0;

	while (header_next(&header, &name, &value) && fields++ < 50) {
		const char *decoded = header_decode(arena, value);
		const char *parameter = header_parameter(arena, decoded, "boundary");

		require(name.len > 0);
		check_line(decoded);
		if (parameter != NULL)
			check_line(parameter);
	}
}

static void
check_part(struct arena *arena, const struct mime_part *part, struct span message)
{
	const char *end = message.ptr + message.len;
	struct span text = mime_text(arena, part), again = mime_text(arena, part);

	require(part->depth <= MIME_DEPTH_MAX);
	require(part->header.ptr >= message.ptr && part->header.ptr + part->header.len <= end);
	require(part->body.ptr >= message.ptr && part->body.ptr + part->body.len <= end);
	require(text.len <= 3 * MIME_TEXT_MAX && charset_is_utf8(text));
	require(again.ptr == text.ptr && again.len == text.len);
	require(part->header.len <= (part->parent == NULL ? HEADER_MAX : MIME_HEADER_MAX));
	if (part->parent != NULL)
		require(part->header.ptr >= part->parent->body.ptr &&
			part->body.ptr + part->body.len <=
			    part->parent->body.ptr + part->parent->body.len);
	check_header(arena, part->header);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span message = span_make((const char *)data, size);
	const struct mime_part *part;
	struct arena arena;
	unsigned parts = 0;

	arena_init(&arena);
	part = mime_parse(&arena, message);
	message = mime_message(part); /* with LF for its line ends, it may be a copy */
	require(message.len <= size);
	require(memchr(message.len > 0 ? message.ptr : "", '\r', message.len) == NULL);
	for (; part != NULL; part = mime_next(part)) {
		check_part(&arena, part, message);
		parts++;
	}
	/* Decoded once, whoever asks; what is added is of fields and boundaries. */
	require(arena_size(&arena) <= 12 * MIME_DECODED_MAX + 64 * size);
	require(parts >= 1 && parts <= MIME_PARTS_MAX);
	fuzz_accepted += parts > 1;
	arena_clear(&arena);
	return 0;
}
