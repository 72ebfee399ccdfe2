#include "json_value.h"

#include <string.h>

static struct span
behind_blanks(struct span s)
{
	while (s.len > 0 &&
	       (s.ptr[0] == ' ' || s.ptr[0] == '\t' || s.ptr[0] == '\r' || s.ptr[0] == '\n'))
		s = span_from(s, 1);
	return s;
}

/* Length of a string with its quotes; 0: it has no end. */
static size_t
string_length(struct span s)
{
	for (size_t i = 1; i < s.len; i++) {
		if (s.ptr[i] == '\\')
			i++;
		else if (s.ptr[i] == '"')
			return i + 1;
	}
	return 0;
}

/* Of an object or an array. What closes it is only counted: "[}" is nobody's value. */
static size_t
structure_length(struct span s)
{
	size_t depth = 0;

	for (size_t i = 0; i < s.len; i++) {
		char c = s.ptr[i];

		if (c == '"') {
			size_t len = string_length(span_from(s, i));

			if (len == 0)
				return 0;
			i += len - 1;
		} else if (c == '{' || c == '[') {
			depth++;
		} else if ((c == '}' || c == ']') && --depth == 0) {
			return i + 1;
		}
	}
	return 0;
}

static size_t
word_length(struct span s)
{
	size_t i = 0;

	while (i < s.len && (unsigned char)s.ptr[i] > ' ' && strchr(",:{}[]\"", s.ptr[i]) == NULL)
		i++;
	return i;
}

struct span
json_value(struct span text)
{
	text = behind_blanks(text);
	if (text.len == 0)
		return text;
	if (text.ptr[0] == '"')
		return span_make(text.ptr, string_length(text));
	if (text.ptr[0] == '{' || text.ptr[0] == '[')
		return span_make(text.ptr, structure_length(text));
	return span_make(text.ptr, word_length(text));
}

/* The value, and what is behind it and the one sign that may follow. */
static struct span
take(struct span *rest, char sign)
{
	struct span value = json_value(*rest);

	if (value.len == 0)
		return value;
	*rest = behind_blanks(span_make(value.ptr + value.len,
	    (size_t)(rest->ptr + rest->len - (value.ptr + value.len))));
	if (rest->len > 0 && rest->ptr[0] == sign)
		*rest = span_from(*rest, 1);
	return value;
}

struct span
json_member(struct span object, const char *name)
{
	struct span wanted = span_of(name), rest;

	if (object.len < 2 || object.ptr[0] != '{')
		return span_make("", 0);
	rest = span_make(object.ptr + 1, object.len - 2);
	for (;;) {
		struct span key = take(&rest, ':'), value = take(&rest, ',');

		if (key.len < 2 || value.len == 0)
			return span_make("", 0);
		if (key.ptr[0] == '"' && span_eq(span_make(key.ptr + 1, key.len - 2), wanted))
			return value;
	}
}

struct span
json_elements(struct span array)
{
	return array.len >= 2 && array.ptr[0] == '[' ? span_make(array.ptr + 1, array.len - 2)
						     : span_make("", 0);
}

bool
json_element(struct span *elements, struct span *element)
{
	*element = take(elements, ',');
	return element->len > 0;
}

/* Four hexadecimal digits behind "\u"; -1: they are none. */
static long
code_unit(struct span s)
{
	long unit = 0;

	if (s.len < 6 || s.ptr[0] != '\\' || s.ptr[1] != 'u')
		return -1;
	for (size_t i = 2; i < 6; i++) {
		static const char digits[] = "0123456789abcdef";
		const char *at = s.ptr[i] == '\0' ? NULL : strchr(digits, s.ptr[i] | 0x20);

		if (at == NULL)
			return -1;
		unit = unit << 4 | (at - digits);
	}
	return unit;
}

static char *
put_utf8(char *out, unsigned long code)
{
	if (code < 0x80) {
		*out++ = (char)code;
		return out;
	}
	if (code < 0x800) {
		*out++ = (char)(0xc0 | code >> 6);
	} else {
		if (code < 0x10000) {
			*out++ = (char)(0xe0 | code >> 12);
		} else {
			*out++ = (char)(0xf0 | code >> 18);
			*out++ = (char)(0x80 | (code >> 12 & 0x3f));
		}
		*out++ = (char)(0x80 | (code >> 6 & 0x3f));
	}
	*out++ = (char)(0x80 | (code & 0x3f));
	return out;
}

/* What stands at a backslash; returns how many bytes of s it took. It never grows: "\u" and four
 * digits become three bytes at most, a pair of them four. */
static size_t
unescape(struct span s, char **out)
{
	static const char from[] = "bfnrt", to[] = "\b\f\n\r\t";
	long unit = code_unit(s), low;
	const char *at;

	if (unit >= 0xd800 && unit < 0xdc00 && (low = code_unit(span_from(s, 6))) >= 0xdc00 &&
	    low < 0xe000) {
		*out = put_utf8(*out, 0x10000 + ((unsigned long)(unit - 0xd800) << 10) +
					  (unsigned long)(low - 0xdc00));
		return 12;
	}
	if (unit >= 0) {
		bool is_text = unit > 0 && (unit < 0xd800 || unit >= 0xe000);

		*out = put_utf8(*out, is_text ? (unsigned long)unit : 0xfffd);
		return 6;
	}
	if (s.len < 2)
		return s.len;
	at = s.ptr[1] == '\0' ? NULL : strchr(from, s.ptr[1]);
	*(*out)++ = at != NULL ? to[at - from] : s.ptr[1];
	return 2;
}

const char *
json_text(struct arena *arena, struct span value)
{
	char *text, *out;

	if (value.len == 0 || value.ptr[0] == '{' || value.ptr[0] == '[')
		return "";
	if (value.ptr[0] != '"' || value.len < 2)
		return arena_dup(arena, value);
	value = span_make(value.ptr + 1, value.len - 2);
	out = text = arena_alloc(arena, value.len + 1);
	for (size_t i = 0; i < value.len;) {
		if (value.ptr[i] == '\\')
			i += unescape(span_from(value, i), &out);
		else
			*out++ = value.ptr[i++];
	}
	return text;
}

const char *
json_member_text(struct arena *arena, struct span object, const char *name)
{
	return json_text(arena, json_member(object, name));
}
