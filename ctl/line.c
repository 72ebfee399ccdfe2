#include "line.h"

#include <string.h>

size_t
line_width(struct span text)
{
	size_t width = 0;

	for (size_t i = 0; i < text.len; i++)
		width += ((unsigned char)text.ptr[i] & 0xc0) != 0x80;
	return width;
}

/* The bytes of the first `width` characters. */
static size_t
bytes_of(struct span text, size_t width)
{
	size_t i = 0;

	for (; i < text.len; i++)
		if (((unsigned char)text.ptr[i] & 0xc0) != 0x80 && width-- == 0)
			break;
	return i;
}

/* Where a word that is too long for its line is best broken: behind a mark in its second half. */
static size_t
break_word(struct span word)
{
	for (size_t i = word.len; i > word.len / 2; i--)
		if (strchr("./@+,=", word.ptr[i - 1]) != NULL)
			return i;
	return word.len;
}

struct span
line_take(struct span *rest, size_t width)
{
	size_t fits = bytes_of(*rest, width);
	struct span line = span_make(rest->ptr, fits);

	if (fits < rest->len) {
		size_t blank = fits;

		while (blank > 0 && rest->ptr[blank] != ' ')
			blank--;
		line.len = fits = blank > 0 ? blank : break_word(line);
	}
	*rest = span_from(*rest, fits);
	while (rest->len > 0 && rest->ptr[0] == ' ')
		*rest = span_from(*rest, 1);
	return line;
}

void
line_add(struct str *buf, struct span line)
{
	for (size_t i = 0; i < line.len; i++)
		str_addc(buf, line.ptr[i] == LINE_NO_BREAK ? ' ' : line.ptr[i]);
}

void
line_add_blanks(struct str *buf, size_t count)
{
	while (count-- > 0)
		str_addc(buf, ' ');
}

size_t
line_longest_word(struct span text)
{
	size_t longest = 0, start = 0;

	for (size_t i = 0; i <= text.len; i++) {
		if (i < text.len && text.ptr[i] != ' ')
			continue;
		if (line_width(span_make(text.ptr + start, i - start)) > longest)
			longest = line_width(span_make(text.ptr + start, i - start));
		start = i + 1;
	}
	return longest;
}
