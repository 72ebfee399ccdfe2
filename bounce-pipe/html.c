#include "html.h"

#include <string.h>

enum { DIGITS_MAX = 7 }; /* of a code point */

static bool
is_breaking_tag(struct span tag)
{
	static const struct span names[] = { SPAN("br"), SPAN("p"), SPAN("/p"), SPAN("div"),
		SPAN("/div"), SPAN("tr"), SPAN("/tr"), SPAN("li"), SPAN("h"), SPAN("/h"),
		SPAN("pre"), SPAN("/pre"), SPAN("/table") };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (span_istarts(tag, names[i]))
			return true;
	return false;
}

/* UTF-8 of a code point; 0: it is none. */
static size_t
encode(unsigned long code, char out[4])
{
	if (code == 0 || code > 0x10ffff || (code >= 0xd800 && code < 0xe000))
		return 0;
	if (code < 0x80) {
		out[0] = code < ' ' ? ' ' : (char)code;
		return 1;
	}
	if (code < 0x800) {
		out[0] = (char)(0xc0 | code >> 6);
		out[1] = (char)(0x80 | (code & 0x3f));
		return 2;
	}
	if (code < 0x10000) {
		out[0] = (char)(0xe0 | code >> 12);
		out[1] = (char)(0x80 | (code >> 6 & 0x3f));
		out[2] = (char)(0x80 | (code & 0x3f));
		return 3;
	}
	out[0] = (char)(0xf0 | code >> 18);
	out[1] = (char)(0x80 | (code >> 12 & 0x3f));
	out[2] = (char)(0x80 | (code >> 6 & 0x3f));
	out[3] = (char)(0x80 | (code & 0x3f));
	return 4;
}

static int
digit_of(char c, unsigned base)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (base == 16 && (c | ' ') >= 'a' && (c | ' ') <= 'f')
		return (c | ' ') - 'a' + 10;
	return -1;
}

/* "&#12354;" and "&#x3042;": its length and how many bytes it stands for. */
static size_t
numeric(struct span text, char out[4], size_t *bytes)
{
	unsigned base = text.len > 2 && (text.ptr[2] | ' ') == 'x' ? 16 : 10;
	size_t at = base == 16 ? 3 : 2, first = at;
	unsigned long code = 0;

	if (!span_starts(text, SPAN("&#")))
		return 0;
	for (; at < text.len && at < first + DIGITS_MAX && digit_of(text.ptr[at], base) >= 0; at++)
		code = code * base + (unsigned long)digit_of(text.ptr[at], base);
	if (at == first || at >= text.len || text.ptr[at] != ';')
		return 0;
	*bytes = encode(code == 0xa0 ? ' ' : code, out);
	return *bytes > 0 ? at + 1 : 0;
}

/* Length of a character reference, what it stands for and how many bytes that is; 0: it is none.
 * What it stands for is never longer. */
static size_t
reference(struct span text, char out[4], size_t *bytes)
{
	static const struct {
		struct span name;
		char as;
	} references[] = {
		{ SPAN("&lt;"), '<' },
		{ SPAN("&gt;"), '>' },
		{ SPAN("&amp;"), '&' },
		{ SPAN("&quot;"), '"' },
		{ SPAN("&apos;"), '\'' },
		{ SPAN("&nbsp;"), ' ' },
	};

	for (size_t i = 0; i < sizeof(references) / sizeof(references[0]); i++)
		if (span_istarts(text, references[i].name)) {
			out[0] = references[i].as;
			*bytes = 1;
			return references[i].name.len;
		}
	return numeric(text, out, bytes);
}

/* What is skipped as a whole, with its end. */
static const struct {
	struct span begin, end;
} elements[] = {
	{ SPAN("<style"), SPAN("</style>") },
	{ SPAN("<script"), SPAN("</script>") },
	{ SPAN("<title"), SPAN("</title>") },
	{ SPAN("<!--"), SPAN("-->") },
	{ SPAN("<"), SPAN(">") },
};

enum { ELEMENTS = sizeof(elements) / sizeof(elements[0]) };

/* endless: ends that do not occur any more, so that a text of "<style" is not searched again and
 * again. */
static size_t
tag_length(struct span text, bool endless[ELEMENTS])
{
	for (size_t i = 0; i < ELEMENTS; i++) {
		long end;

		if (endless[i] || !span_istarts(text, elements[i].begin))
			continue;
		end = span_ifind(text, elements[i].end);
		if (end >= 0)
			return (size_t)end + elements[i].end.len;
		endless[i] = true;
	}
	return 0;
}

static bool
is_tag(struct span text)
{
	char c = text.len > 1 ? text.ptr[1] : '\0';

	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '/' || c == '!' || c == '?';
}

struct span
html_text(struct arena *arena, struct span html)
{
	char *out = arena_alloc(arena, html.len + 4);
	bool endless[ELEMENTS] = { false };
	size_t len = 0;

	for (size_t i = 0; i < html.len;) {
		struct span rest = span_from(html, i);
		size_t skip = 0, bytes;

		if (html.ptr[i] == '<' && is_tag(rest) && (skip = tag_length(rest, endless)) > 0)
			out[len++] = is_breaking_tag(span_from(rest, 1)) ? '\n' : ' ';
		else if (html.ptr[i] == '&' && (skip = reference(rest, out + len, &bytes)) > 0)
			len += bytes;
		else
			out[len++] = html.ptr[i];
		i += skip > 0 ? skip : 1;
	}
	return span_make(out, len);
}
