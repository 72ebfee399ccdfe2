#include "vocabulary.h"

#include <stdlib.h>
#include <string.h>

#include "arena.h"
#include "mem.h"
#include "unclassified.h"

enum { WORD_MAX = 64 };

struct vocabulary {
	const char **words; /* lower case, sorted, each once */
	size_t count, room;
	struct arena arena;
};

bool
vocabulary_is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || ((unsigned char)c & 0x80) != 0;
}

static void
lower(struct span word, char out[WORD_MAX])
{
	size_t i = 0;

	for (; i < word.len && i < WORD_MAX - 1; i++) {
		char c = word.ptr[i];

		out[i] = (char)(c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c);
	}
	out[i] = '\0';
}

static void
add(struct vocabulary *vocabulary, struct span word)
{
	char text[WORD_MAX];

	if (word.len >= WORD_MAX)
		return;
	if (vocabulary->count == vocabulary->room) {
		vocabulary->room = vocabulary->room * 2 + 1024;
		vocabulary->words =
		    mem_resize(vocabulary->words, vocabulary->room * sizeof(*vocabulary->words));
	}
	lower(word, text);
	vocabulary->words[vocabulary->count++] = arena_dup(&vocabulary->arena, span_of(text));
}

static size_t
letters(struct span text)
{
	size_t len = 0;

	while (len < text.len && vocabulary_is_letter(text.ptr[len]))
		len++;
	return len;
}

/* Words of an expression: what follows a backslash is none ("\bno"). */
static void
add_pattern(struct vocabulary *vocabulary, struct span text)
{
	for (size_t i = 0; i < text.len;) {
		size_t len = letters(span_from(text, i));

		if (len > 0)
			add(vocabulary, span_make(text.ptr + i, len));
		i += len > 0 ? len : text.ptr[i] == '\\' ? 2 : 1;
	}
}

/* Words of a text in the form of unclassified.h: what stands in < > is none. */
static void
add_text(struct vocabulary *vocabulary, struct span sample)
{
	struct str form = { 0 };
	struct span text;

	unclassified_form(sample, &form);
	text = span_make(str_text(&form), form.len);
	for (size_t i = 0; i < text.len;) {
		size_t len = letters(span_from(text, i));
		bool stands_for = len > 0 && i > 0 && text.ptr[i - 1] == '<';

		if (len > 0 && !stands_for)
			add(vocabulary, span_make(text.ptr + i, len));
		i += len > 0 ? len : 1;
	}
	str_free(&form);
}

static int
by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void
sort(struct vocabulary *vocabulary)
{
	size_t kept = 0;

	if (vocabulary->count > 0)
		qsort(vocabulary->words, vocabulary->count, sizeof(*vocabulary->words), by_text);
	for (size_t i = 0; i < vocabulary->count; i++)
		if (kept == 0 || strcmp(vocabulary->words[i], vocabulary->words[kept - 1]) != 0)
			vocabulary->words[kept++] = vocabulary->words[i];
	vocabulary->count = kept;
}

struct vocabulary *
vocabulary_new(const struct bounce_rules *rules)
{
	struct vocabulary *vocabulary = mem_alloc(sizeof(*vocabulary));

	arena_init(&vocabulary->arena);
	for (size_t i = 0; i < bounce_rules_count(rules); i++) {
		const struct bounce_rule *rule = bounce_rules_at(rules, i);

		if (rule->pattern != NULL)
			add_pattern(vocabulary, span_of(pattern_text(rule->pattern)));
		for (size_t k = 0; k < rule->sample.count; k++)
			add_text(vocabulary, span_of(rule->sample.items[k]));
		for (size_t k = 0; k < rule->not_sample.count; k++)
			add_text(vocabulary, span_of(rule->not_sample.items[k]));
	}
	sort(vocabulary);
	return vocabulary;
}

void
vocabulary_free(struct vocabulary **vocabulary)
{
	if (*vocabulary == NULL)
		return;
	arena_clear(&(*vocabulary)->arena);
	free((*vocabulary)->words);
	free(*vocabulary);
	*vocabulary = NULL;
}

bool
vocabulary_has(const struct vocabulary *vocabulary, struct span word)
{
	char text[WORD_MAX];
	const char *key = text;

	if (word.len >= WORD_MAX || vocabulary->count == 0)
		return false;
	lower(word, text);
	return bsearch(&key, vocabulary->words, vocabulary->count, sizeof(*vocabulary->words),
		   by_text) != NULL;
}
