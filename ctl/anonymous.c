#include "anonymous.h"

#include <stdlib.h>
#include <string.h>

#include "arena.h"
#include "dsn.h"
#include "mem.h"
#include "person_words.h"
#include "vocabulary.h"

enum { HIDDEN_MIN = 3, SCRIPT_SHORT = 4, BRACKETS_MAX = 120, NAMES_MAX = 256 };

struct anonymous {
	struct vocabulary *vocabulary;
	struct span names[NAMES_MAX]; /* the sender's own */
	size_t name_count;
	struct arena arena;
};

struct anonymous *
anonymous_new(const struct bounce_rules *rules)
{
	struct anonymous *anonymous = mem_alloc(sizeof(*anonymous));

	anonymous->name_count = 0;
	arena_init(&anonymous->arena);
	anonymous->vocabulary = vocabulary_new(rules);
	return anonymous;
}

void
anonymous_free(struct anonymous **anonymous)
{
	if (*anonymous == NULL)
		return;
	vocabulary_free(&(*anonymous)->vocabulary);
	arena_clear(&(*anonymous)->arena);
	free(*anonymous);
	*anonymous = NULL;
}

void
anonymous_hide(struct anonymous *anonymous, struct span name)
{
	const char *dot = name.len > 0 ? memchr(name.ptr, '.', name.len) : NULL;
	struct span first = dot != NULL ? span_make(name.ptr, (size_t)(dot - name.ptr)) : name;
	struct span both[] = { name, first };

	for (size_t i = 0; i < 2; i++)
		if (both[i].len >= HIDDEN_MIN && anonymous->name_count < NAMES_MAX)
			anonymous->names[anonymous->name_count++] =
			    span_of(arena_dup(&anonymous->arena, both[i]));
}

/* -- words ------------------------------------------------------------------------------------- */

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool
is_capital(char c)
{
	return c >= 'A' && c <= 'Z';
}

/* Signs that may stand within a word. */
static bool
is_joint(char c)
{
	return c != '\0' && strchr("._-+@%:/#&~$*=", c) != NULL;
}

/* What unclassified.h and we write in place of something. */
static bool
stands_for(struct span word)
{
	static const char *const tokens[] = { "address", "ip", "host", "url", "n", "id", "time",
		"month", "name", NULL };

	for (size_t i = 0; tokens[i] != NULL; i++)
		if (span_eq(word, span_of(tokens[i])))
			return true;
	return false;
}

/* Script without capitals (or none that we know), at the start of a word. */
static bool
is_other_script(struct span word)
{
	unsigned char first = word.len > 0 ? (unsigned char)word.ptr[0] : 0;

	return first >= 0xd4; /* from U+0500 on: behind Latin, Greek and Cyrillic */
}

/* Latin-1, Greek and Cyrillic capitals, at the start of a word. */
static bool
is_other_capital(struct span word)
{
	unsigned char a = word.len > 1 ? (unsigned char)word.ptr[0] : 0;
	unsigned char b = word.len > 1 ? (unsigned char)word.ptr[1] : 0;

	switch (a) {
	case 0xc3:
		return b < 0x9f;
	case 0xc4:
	case 0xc5: /* in pairs, nearly all */
		return b % 2 == 0;
	case 0xce:
		return b >= 0x86 && b < 0xac;
	case 0xd0:
		return b < 0xb0;
	}
	return false;
}

static size_t
characters(struct span word)
{
	size_t n = 0;

	for (size_t i = 0; i < word.len; i++)
		n += ((unsigned char)word.ptr[i] & 0xc0) != 0x80;
	return n;
}

struct kinds { /* of bytes in a word */
	size_t digits, capitals, smalls, joints;
	bool known; /* each part of letters is */
};

static bool
is_known(const struct anonymous *anonymous, struct span word)
{
	return vocabulary_has(anonymous->vocabulary, word) || person_words_has(word) ||
	       person_words_links(word);
}

static struct kinds
look(const struct anonymous *anonymous, struct span word)
{
	struct kinds kinds = { .known = true };

	for (size_t i = 0; i < word.len;) {
		size_t len = 0;

		while (i + len < word.len && vocabulary_is_letter(word.ptr[i + len])) {
			kinds.capitals += is_capital(word.ptr[i + len]);
			kinds.smalls += !is_capital(word.ptr[i + len]);
			len++;
		}
		if (len > 0 && !is_known(anonymous, span_make(word.ptr + i, len)))
			kinds.known = false;
		if (len == 0) {
			kinds.digits += is_digit(word.ptr[i]);
			kinds.joints += !is_digit(word.ptr[i]);
		}
		i += len > 0 ? len : 1;
	}
	return kinds;
}

static bool
is_hidden(const struct anonymous *anonymous, struct span word)
{
	for (size_t i = 0; i < anonymous->name_count; i++)
		if (span_ifind(word, anonymous->names[i]) >= 0)
			return true;
	return false;
}

/* -- a text ------------------------------------------------------------------------------------ */

struct place {       /* of a word */
	bool first;  /* of the text */
	bool quoted; /* alone, or in a quotation */
	bool person; /* beside a word of a person */
};

/* What a word is replaced by; NULL: it stays. */
static const char *
replacement(const struct anonymous *anonymous, struct span word, struct place place)
{
	struct kinds kinds;

	if (dsn_is_word(word, place.first))
		return NULL;
	if (is_hidden(anonymous, word))
		return "<host>";
	kinds = look(anonymous, word);
	if (kinds.digits > 0 && kinds.capitals + kinds.smalls == 0)
		return "<n>";
	if (kinds.digits > 0)
		return kinds.smalls == 0 && kinds.capitals > 1 && !place.person && !place.quoted
			   ? NULL
			   : "<id>";
	if (kinds.known || kinds.capitals + kinds.smalls == 0)
		return NULL;
	if (kinds.joints > 0)
		return "<id>";
	if (kinds.capitals > 0 || place.quoted || place.person || is_other_capital(word) ||
	    (is_other_script(word) && characters(word) <= SCRIPT_SHORT))
		return "<name>";
	return NULL;
}

static size_t
word_length(struct span text)
{
	size_t len = 0, end = 0;

	while (len < text.len && (vocabulary_is_letter(text.ptr[len]) || is_digit(text.ptr[len]) ||
				     is_joint(text.ptr[len]))) {
		len++;
		if (!is_joint(text.ptr[len - 1]))
			end = len; /* "no." is a word and the end of a sentence */
	}
	return end;
}

/* The length of what a '<' begins, its '>' included; 0: no bracket. */
static size_t
bracket_length(struct span text)
{
	size_t most = text.len < BRACKETS_MAX ? text.len : BRACKETS_MAX;
	const char *end = text.len > 1 ? memchr(text.ptr + 1, '>', most - 1) : NULL;

	return end != NULL ? (size_t)(end - text.ptr) + 1 : 0;
}

static bool
is_quote(char c)
{
	return c == '"' || c == '\'' || c == '`';
}

/* Whether a word at text[i] is alone between quotes or brackets. */
static bool
is_alone(struct span text, size_t i, size_t len)
{
	char before = i > 0 ? text.ptr[i - 1] : ' ',
	     after = i + len < text.len ? text.ptr[i + len] : ' ';

	return (is_quote(before) && is_quote(after)) || (before == '(' && after == ')') ||
	       (before == '[' && after == ']') || (before == '{' && after == '}');
}

/* Whether the next word, links between left out, is one of a person. */
static bool
goes_before_person(struct span text)
{
	for (size_t i = 0; i < text.len;) {
		size_t len = word_length(span_from(text, i));
		struct span word = span_make(text.ptr + i, len);

		if (len > 0 && !person_words_links(word))
			return person_words_has(word);
		if (len == 0 && text.ptr[i] != ' ')
			return false;
		i += len > 0 ? len : 1;
	}
	return false;
}

void
anonymous_text(const struct anonymous *anonymous, struct span text, struct str *out)
{
	struct place place = { .first = true };
	bool quotation = false, after_person = false;
	size_t len;

	for (size_t i = 0; i < text.len; i += len) {
		struct span rest = span_from(text, i), word;
		const char *as;

		if (rest.ptr[0] == '<' && (len = bracket_length(rest)) > 0) {
			struct span inner = span_make(rest.ptr + 1, len - 2);

			if (stands_for(inner))
				str_add(out, rest.ptr, len);
			else
				str_adds(out, "<name>");
			after_person = false;
			continue;
		}
		len = word_length(rest);
		if (len == 0) {
			quotation = rest.ptr[0] == '"' ? !quotation : quotation;
			str_addc(out, rest.ptr[0]);
			len = 1;
			continue;
		}
		word = span_make(rest.ptr, len);
		place.quoted = quotation || is_alone(text, i, len);
		place.person = after_person || goes_before_person(span_from(rest, len));
		as = replacement(anonymous, word, place);
		if (as != NULL)
			str_adds(out, as);
		else
			str_add_span(out, word);
		place.first = false;
		after_person = person_words_has(word) || (after_person && person_words_links(word));
	}
}
