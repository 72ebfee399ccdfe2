#include "header.h"

#include <string.h>
#include <strings.h>

#include "charset.h"
#include "str.h"
#include "transfer.h"

enum {
	WORD_CHARSET_SIZE = 48,
	WORD_MAX = 1000, /* bytes of an encoded word; RFC 2047 has 75 */
	PIECES_MAX = 32,
};

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* Length of the field name that a line begins with, 0: it is no field. */
static size_t
name_length(struct span line)
{
	size_t len = 0, colon;

	while (
	    len < line.len && line.ptr[len] > ' ' && line.ptr[len] < 0x7f && line.ptr[len] != ':')
		len++;
	colon = len;
	while (colon < line.len && is_blank(line.ptr[colon]))
		colon++;
	return colon < line.len && line.ptr[colon] == ':' ? len : 0;
}

static bool
is_mailbox_line(struct span line)
{
	return span_starts(line, SPAN("From ")) || span_starts(line, SPAN(">From "));
}

void
header_split(struct span message, struct span *header, struct span *body)
{
	struct span rest = message, line;
	bool fields = false;

	*header = span_make(message.ptr, 0);
	*body = message;
	while (span_line(&rest, &line)) {
		if (line.len == 0 &&
		    (fields || rest.ptr == message.ptr + 1 || rest.ptr == message.ptr + 2)) {
			*body = rest;
			break;
		}
		if (!fields && is_mailbox_line(line)) {
			header->ptr = rest.ptr;
			continue;
		}
		if (!fields && name_length(line) == 0)
			break; /* no header at all */
		fields = true;
		header->len = (size_t)(rest.ptr - header->ptr);
		*body = rest;
	}
	if (!fields)
		header->ptr = message.ptr; /* the mailbox line above is body too, or nothing was */
	if (header->len > HEADER_MAX)
		header->len = HEADER_MAX;
}

/* A line that goes on with the field above it: folded, or folded wrongly, without its blank. */
static bool
goes_on(struct span rest)
{
	struct span line;

	if (rest.len == 0 || rest.ptr[0] == '\n' || rest.ptr[0] == '\r')
		return false;
	if (is_blank(rest.ptr[0]))
		return true;
	return span_line(&rest, &line) && name_length(line) == 0 && !is_mailbox_line(line);
}

bool
header_next(struct span *rest, struct span *name, struct span *value)
{
	struct span line;

	while (span_line(rest, &line)) {
		size_t len = name_length(line);
		const char *end = line.ptr + line.len;
		size_t colon;

		if (len == 0 || is_blank(line.ptr[0]))
			continue;
		for (colon = len; line.ptr[colon] != ':'; colon++)
			;
		*name = span_make(line.ptr, len);
		while (goes_on(*rest) && span_line(rest, &line))
			end = line.ptr + line.len;
		*value = span_trim(
		    span_make(name->ptr + colon + 1, (size_t)(end - name->ptr) - colon - 1));
		return true;
	}
	return false;
}

struct span
header_raw(struct span header, const char *name)
{
	struct span wanted = span_of(name);
	struct span rest = header, line, field, value;

	for (; span_line(&header, &line); rest = header)
		if (span_istarts(line, wanted) && name_length(line) == wanted.len &&
		    header_next(&rest, &field, &value))
			return value;
	return span_make(NULL, 0);
}

const char *
header_field(struct arena *arena, struct span header, const char *name)
{
	struct span value = header_raw(header, name);

	return value.ptr == NULL ? NULL : header_decode(arena, value);
}

/* An encoded word, "=?charset*language?B?text?=". */
struct word {
	char charset[WORD_CHARSET_SIZE];
	bool base64;
	struct span text;
	size_t len; /* of all of it */
};

static bool
word_at(struct span in, struct word *word)
{
	size_t charset, i;

	if (!span_starts(in, SPAN("=?")))
		return false;
	for (i = 2; i < in.len && in.ptr[i] != '?' && in.ptr[i] > ' '; i++)
		;
	charset = i - 2;
	for (size_t k = 0; k < charset; k++)
		if (in.ptr[2 + k] == '*')
			charset = k;
	if (i + 2 >= in.len || charset == 0 || charset >= sizeof(word->charset) ||
	    in.ptr[i] != '?' || strchr("bBqQ", in.ptr[i + 1]) == NULL || in.ptr[i + 1] == '\0' ||
	    in.ptr[i + 2] != '?')
		return false;
	memcpy(word->charset, in.ptr + 2, charset);
	word->charset[charset] = '\0';
	word->base64 = in.ptr[i + 1] == 'b' || in.ptr[i + 1] == 'B';
	word->text = span_from(in, i + 3);
	for (i += 3; i + 1 < in.len && i < WORD_MAX; i++)
		if (in.ptr[i] == '?' && in.ptr[i + 1] == '=') {
			word->text.len = (size_t)(in.ptr + i - word->text.ptr);
			word->len = i + 2;
			return true;
		}
	return false;
}

static size_t
blanks(struct span in)
{
	size_t len = 0;

	while (
	    len < in.len && (is_blank(in.ptr[len]) || in.ptr[len] == '\r' || in.ptr[len] == '\n'))
		len++;
	return len;
}

/* Bytes of words that follow one another in one charset: a character may be cut between them. */
struct run {
	struct str bytes;
	char charset[WORD_CHARSET_SIZE];
};

static void
run_end(struct arena *arena, struct run *run, struct str *out)
{
	if (run->bytes.len > 0)
		str_add_span(out, charset_to_utf8(arena, span_make(run->bytes.data, run->bytes.len),
				      run->charset));
	str_empty(&run->bytes);
}

static void
run_add(struct arena *arena, struct run *run, const struct word *word, struct str *out)
{
	if (strcasecmp(run->charset, word->charset) != 0) {
		run_end(arena, run, out);
		memcpy(run->charset, word->charset, sizeof(run->charset));
	}
	str_add_span(&run->bytes,
	    word->base64 ? transfer_base64(arena, word->text, HEADER_VALUE_MAX)
			 : transfer_quoted_printable(arena, word->text, true, HEADER_VALUE_MAX));
}

static void
decode_words(struct arena *arena, struct span in, struct str *out)
{
	struct run run = { 0 };
	struct word word;
	size_t from = 0; /* of what is not yet in out */

	for (size_t i = 0; i < in.len;) {
		size_t gap;

		if (in.ptr[i] != '=' || !word_at(span_from(in, i), &word)) {
			i++;
			continue;
		}
		str_add(out, in.ptr + from, i - from);
		for (;;) {
			run_add(arena, &run, &word, out);
			i += word.len;
			gap = blanks(span_from(in, i));
			if (!word_at(span_from(in, i + gap), &word))
				break;
			i += gap;
		}
		run_end(arena, &run, out);
		from = i;
	}
	str_add(out, in.ptr + from, in.len - from);
	str_free(&run.bytes);
}

const char *
header_decode(struct arena *arena, struct span value)
{
	struct str out = { 0 };
	struct span text;
	char *line;

	if (value.len > HEADER_VALUE_MAX)
		value.len = HEADER_VALUE_MAX;
	value = charset_to_utf8(arena, value, "");
	if (span_find(value, SPAN("=?")) >= 0) {
		decode_words(arena, value, &out);
		value = span_make(str_text(&out), out.len);
	}
	text = charset_cut(value, HEADER_VALUE_MAX);
	line = arena_dup(arena, text);
	str_free(&out);
	for (size_t i = 0, to = 0; i <= text.len; i++) {
		unsigned char c = (unsigned char)line[i];

		/* The blank that follows a fold stays; where there is none, the fold is one. */
		if (i < text.len &&
		    (c == '\r' || (c == '\n' && i + 1 < text.len && is_blank(line[i + 1]))))
			continue;
		line[to++] = i == text.len ? '\0' : c < ' ' || c == 0x7f ? ' ' : (char)c;
	}
	return line;
}

/* One parameter of a structured value: name and value as they stand, quotes taken off. */
static bool
next_parameter(struct span *rest, struct span *name, struct str *value)
{
	size_t i = 0;

	while (i < rest->len && (is_blank(rest->ptr[i]) || rest->ptr[i] == ';'))
		i++;
	*rest = span_from(*rest, i);
	if (rest->len == 0)
		return false;
	for (i = 0; i < rest->len && rest->ptr[i] != '=' && rest->ptr[i] != ';'; i++)
		;
	*name = span_trim(span_make(rest->ptr, i));
	str_empty(value);
	if (i < rest->len && rest->ptr[i] == '=')
		i++;
	while (i < rest->len && is_blank(rest->ptr[i]))
		i++;
	if (i < rest->len && rest->ptr[i] == '"') {
		for (i++; i < rest->len && rest->ptr[i] != '"'; i++) {
			if (rest->ptr[i] == '\\' && i + 1 < rest->len)
				i++;
			str_addc(value, rest->ptr[i]);
		}
		while (i < rest->len && rest->ptr[i] != ';')
			i++;
	} else {
		/* Boundaries with '/' and '=' are often not quoted. */
		while (i < rest->len && rest->ptr[i] != ';' && !is_blank(rest->ptr[i]))
			str_addc(value, rest->ptr[i++]);
		while (i < rest->len && rest->ptr[i] != ';')
			i++;
	}
	*rest = span_from(*rest, i);
	return true;
}

/* RFC 2231: "name*1*" is piece 1 of name, percent-encoded. -1: another parameter. */
static int
piece_number(struct span name, struct span wanted, bool *encoded)
{
	unsigned long long n = 0;

	*encoded = false;
	if (!span_istarts(name, wanted))
		return -1;
	name = span_from(name, wanted.len);
	if (name.len == 0)
		return 0;
	if (name.ptr[0] != '*')
		return -1;
	name = span_from(name, 1);
	if (name.len == 0 || name.ptr[name.len - 1] == '*') {
		*encoded = true;
		name.len -= name.len > 0;
	}
	if (name.len > 0 && (!span_number(name, &n) || n >= PIECES_MAX))
		return -1;
	return (int)n;
}

const char *
header_parameter(struct arena *arena, const char *value, const char *name)
{
	struct span pieces[PIECES_MAX] = { { NULL, 0 } };
	struct span rest = span_of(value), found;
	struct str text = { 0 }, all = { 0 };
	const char *charset = "";
	const char *result;

	while (rest.len > 0 && rest.ptr[0] != ';')
		rest = span_from(rest, 1);
	while (next_parameter(&rest, &found, &text)) {
		bool encoded;
		int n = piece_number(found, span_of(name), &encoded);
		struct span piece = span_make(str_text(&text), text.len);

		if (n < 0 || pieces[n].ptr != NULL)
			continue;
		if (encoded && n == 0) { /* charset'language'text */
			long quote = span_find(piece, SPAN("'"));
			long second =
			    quote < 0 ? -1
				      : span_find(span_from(piece, (size_t)quote + 1), SPAN("'"));

			if (second >= 0) {
				charset = arena_dup(arena, span_make(piece.ptr, (size_t)quote));
				piece = span_from(piece, (size_t)quote + (size_t)second + 2);
			}
		}
		pieces[n] = encoded ? transfer_percent(arena, piece)
				    : span_make(arena_dup(arena, piece), piece.len);
	}
	for (size_t i = 0; i < PIECES_MAX && pieces[i].ptr != NULL; i++)
		str_add_span(&all, pieces[i]);
	result = pieces[0].ptr == NULL
		     ? NULL
		     : header_decode(arena,
			   charset_to_utf8(arena, span_make(str_text(&all), all.len), charset));
	/* A text that needed no other charset still points into `all`, but header_decode copied it.
	 */
	str_free(&text);
	str_free(&all);
	return result;
}
