#include "xtext.h"

#include <string.h>

enum {
	DIGITS_MAX = 6, /* of a code point */
	CODE_MIN = 0x20,
	CODE_MAX = 0x10ffff,
};

/* Length of "\x{FC}" at the start of text, and its code point; 0: it is none. */
static size_t
code_point(struct span text, unsigned *code)
{
	static const char digits[] = "0123456789abcdef";
	size_t i = 3;

	if (!span_starts(text, SPAN("\\x{")))
		return 0;
	*code = 0;
	for (; i < text.len && i < 3 + DIGITS_MAX; i++) {
		int c = text.ptr[i] >= 'A' && text.ptr[i] <= 'F' ? text.ptr[i] | 32 : text.ptr[i];
		const char *digit = c != '\0' ? strchr(digits, c) : NULL;

		if (digit == NULL)
			break;
		*code = *code << 4 | (unsigned)(digit - digits);
	}
	if (i == 3 || i >= text.len || text.ptr[i] != '}' || *code > CODE_MAX || *code < CODE_MIN)
		return 0;
	return i + 1;
}

/* Fewer bytes than its escape has. */
static size_t
put_utf8(char *out, unsigned code)
{
	size_t len = 0;

	if (code < 0x80) {
		out[len++] = (char)code;
		return len;
	}
	if (code < 0x800) {
		out[len++] = (char)(0xc0 | code >> 6);
	} else {
		if (code >= 0x10000) {
			out[len++] = (char)(0xf0 | code >> 18);
			out[len++] = (char)(0x80 | (code >> 12 & 0x3f));
		} else {
			out[len++] = (char)(0xe0 | code >> 12);
		}
		out[len++] = (char)(0x80 | (code >> 6 & 0x3f));
	}
	out[len++] = (char)(0x80 | (code & 0x3f));
	return len;
}

struct span
xtext_decode(struct arena *arena, struct span text)
{
	size_t len = 0, skip;
	unsigned code;
	char *out;

	if (span_find(text, SPAN("+")) < 0 && span_find(text, SPAN("\\x{")) < 0)
		return text;
	out = arena_alloc(arena, text.len + 1);
	for (size_t i = 0; i < text.len; i += skip) {
		struct span rest = span_from(text, i);

		if (span_starts(rest, SPAN("+2B")) || span_starts(rest, SPAN("+3D"))) {
			out[len++] = rest.ptr[1] == '2' ? '+' : '=';
			skip = 3;
		} else if ((skip = code_point(rest, &code)) > 0) {
			len += put_utf8(out + len, code);
		} else {
			out[len++] = rest.ptr[0];
			skip = 1;
		}
	}
	return span_make(out, len);
}
