#include "transfer.h"

static int
base64_value(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == '+' ? 62 : c == '/' ? 63 : -1;
}

struct span
transfer_base64(struct arena *arena, struct span in, size_t max)
{
	size_t most = in.len / 4 * 3 + 3;
	size_t len = 0;
	unsigned bits = 0, held = 0;
	char *out;

	if (most > max)
		most = max;
	out = arena_alloc(arena, most + 1);
	for (size_t i = 0; i < in.len && len < most; i++) {
		int value = base64_value(in.ptr[i]);

		if (in.ptr[i] == '=') {
			held = 0;
			bits = 0;
		}
		if (value < 0)
			continue;
		bits = (bits << 6 | (unsigned)value) & 0xffff;
		held += 6;
		if (held >= 8) {
			held -= 8;
			out[len++] = (char)(bits >> held & 0xff);
		}
	}
	return span_make(out, len);
}

static int
hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* A sign and two hexadecimal digits: the byte, else -1. */
static int
escape_at(struct span in, size_t at, char sign)
{
	if (in.ptr[at] != sign || at + 2 >= in.len || hex_value(in.ptr[at + 1]) < 0 ||
	    hex_value(in.ptr[at + 2]) < 0)
		return -1;
	return hex_value(in.ptr[at + 1]) << 4 | hex_value(in.ptr[at + 2]);
}

/* Length of "=", blanks and a line break; 0: it is none. */
static size_t
soft_break(struct span in)
{
	size_t i = 1;

	while (i < in.len && (in.ptr[i] == ' ' || in.ptr[i] == '\t'))
		i++;
	if (i < in.len && in.ptr[i] == '\r')
		i++;
	if (i < in.len && in.ptr[i] == '\n')
		return i + 1;
	return i == in.len ? i : 0;
}

struct span
transfer_quoted_printable(struct arena *arena, struct span in, bool underscores, size_t max)
{
	size_t most = in.len < max ? in.len : max;
	char *out = arena_alloc(arena, most + 1);
	size_t len = 0;

	for (size_t i = 0; i < in.len && len < most;) {
		char c = in.ptr[i];
		size_t skip;

		if (escape_at(in, i, '=') >= 0) {
			out[len++] = (char)escape_at(in, i, '=');
			i += 3;
		} else if (c == '=' && (skip = soft_break(span_from(in, i))) > 0) {
			i += skip;
		} else {
			out[len++] = underscores && c == '_' ? ' ' : c;
			i++;
		}
	}
	return span_make(out, len);
}

struct span
transfer_percent(struct arena *arena, struct span in)
{
	char *out = arena_alloc(arena, in.len + 1);
	size_t len = 0;

	for (size_t i = 0; i < in.len; i++) {
		int byte = escape_at(in, i, '%');

		out[len++] = byte < 0 ? in.ptr[i] : (char)byte;
		i += byte < 0 ? 0 : 2;
	}
	return span_make(out, len);
}
