#include "unclassified.h"

#include <string.h>

#include "charset.h"
#include "dsn.h"

enum { ID_MIN = 6, TEXT_MAX = 2000 };

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool
is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool
is_word_byte(char c)
{
	return is_digit(c) || is_letter(c) || ((unsigned char)c & 0x80) != 0 ||
	       (c != '\0' && strchr(".-_@+%:/#?&~!$*=", c) != NULL);
}

static bool
is_trailing(char c)
{
	return c != '\0' && strchr(".:-/#?!*&", c) != NULL;
}

/* How many bytes of a word satisfy a test. */
static size_t
count(struct span word, bool (*is)(char))
{
	size_t n = 0;

	for (size_t i = 0; i < word.len; i++)
		n += is(word.ptr[i]);
	return n;
}

static bool
is_dot(char c)
{
	return c == '.';
}

static bool
is_colon(char c)
{
	return c == ':';
}

static bool
is_hex(char c)
{
	return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

static bool
is_ip(struct span word)
{
	size_t digits = count(word, is_digit), dots = count(word, is_dot);
	size_t colons = count(word, is_colon);

	if (dots == 3 && digits >= 4 && digits + dots == word.len)
		return true;
	return colons >= 2 && colons + dots + count(word, is_hex) == word.len &&
	       (colons > 2 || span_find(word, SPAN("::")) >= 0);
}

static bool
is_host(struct span word)
{
	size_t last = word.len;

	while (last > 0 && word.ptr[last - 1] != '.')
		last--;
	if (last == 0 || word.len - last < 2 || count(word, is_colon) > 0)
		return false;
	for (size_t i = last; i < word.len; i++)
		if (!is_letter(word.ptr[i]))
			return false;
	return word.ptr[0] != '.';
}

static bool
is_month(struct span word)
{
	static const char names[] = "janfebmaraprmayjunjulaugsepoctnovdec";
	struct span all = SPAN(names);

	for (size_t i = 0; i + 3 < sizeof(names); i += 3)
		if (span_ieq(word, span_make(all.ptr + i, 3)))
			return true;
	return false;
}

/* What a word is replaced by, NULL: it stays. */
static const char *
replacement(struct span word, bool first)
{
	if (dsn_is_word(word, first))
		return NULL;
	if (span_find(word, SPAN("://")) > 0)
		return "url";
	if (word.len >= 3 && memchr(word.ptr + 1, '@', word.len - 1) != NULL)
		return "address";
	if (is_ip(word))
		return "ip";
	if (is_host(word))
		return "host";
	if (count(word, is_digit) == 0)
		return NULL;
	if (count(word, is_digit) == word.len)
		return "n";
	if (count(word, is_digit) + count(word, is_colon) == word.len)
		return "time";
	return word.len >= ID_MIN ? "id" : NULL;
}

struct form {
	struct str *out;
	size_t start; /* of ours in out */
	bool number;  /* a number was the last word */
	bool full;
};

static void
add(struct form *form, struct span bytes)
{
	if (form->out->len - form->start + bytes.len > UNCLASSIFIED_MAX)
		form->full = true;
	else
		str_add_span(form->out, bytes);
}

static void
add_word(struct form *form, struct span word, bool in_brackets, bool first)
{
	const char *as = replacement(word, first);
	struct str token = { 0 };

	if (as == NULL && is_month(word) && form->number)
		as = "month";
	form->number = as != NULL && strcmp(as, "n") == 0;
	if (as == NULL)
		str_add_span(&token, word);
	else
		str_addf(&token, in_brackets ? "%s" : "<%s>", as);
	/* Already replaced in a text that is such a form. */
	if (in_brackets && span_eq(word, SPAN("n")))
		form->number = true;
	add(form, span_make(str_text(&token), token.len));
	str_free(&token);
}

void
unclassified_form(struct span text, struct str *out)
{
	struct form form = { .out = out, .start = out->len };
	bool first = true;

	text = span_trim(charset_cut(text, TEXT_MAX));
	for (size_t i = 0; i < text.len && !form.full;) {
		size_t len = 0, trailing;
		struct span word;
		bool in_brackets;

		if (!is_word_byte(text.ptr[i])) {
			bool blank = (unsigned char)text.ptr[i] <= ' ';

			if (!blank)
				add(&form, span_make(text.ptr + i, 1));
			else if (out->len > form.start && out->data[out->len - 1] != ' ')
				add(&form, SPAN(" "));
			i++;
			continue;
		}
		while (i + len < text.len && is_word_byte(text.ptr[i + len]))
			len++;
		for (trailing = 0; trailing < len && is_trailing(text.ptr[i + len - 1 - trailing]);
		     trailing++)
			;
		word = span_make(text.ptr + i, len - trailing);
		in_brackets = i > 0 && text.ptr[i - 1] == '<' && trailing == 0 &&
			      i + len < text.len && text.ptr[i + len] == '>';
		if (word.len > 0) {
			add_word(&form, word, in_brackets, first);
			first = false;
		}
		if (!form.full)
			add(&form, span_make(word.ptr + word.len, trailing));
		i += len;
	}
	while (out->len > form.start && out->data[out->len - 1] == ' ')
		out->data[--out->len] = '\0';
}
