#include <stdlib.h>
#include <string.h>

#include "arena.h"
#include "literals.h"
#include "mem.h"
#include "prefilter.h"
#include "prefilter_form.h"

enum { LEN_MAX = 255, NOTHING = -1 };

struct user { /* a key literal's pattern */
	unsigned literal;
	uint16_t pattern;
};

struct text { /* a literal */
	struct span span;
	unsigned bucket, key;
	unsigned number, place; /* as made, and among the sorted */
	int next;               /* with the same beginning */
};

struct builder {
	struct arena arena;
	const struct literals *needs[PREFILTER_MAX]; /* NULL: always to be run */
	struct text *texts;
	unsigned count, room;
	int first[PREFILTER_BUCKETS];     /* text by its beginning */
	unsigned uses[PREFILTER_BUCKETS]; /* of three bytes, by literals, wherever in them */
	struct user *users;
	size_t users_count, users_room;
};

static struct span
cut(struct span text)
{
	return span_make(text.ptr, text.len < LEN_MAX ? text.len : LEN_MAX);
}

/* The number of a literal, made if need be; NOTHING: there is no room. */
static int
number_of(struct builder *builder, struct span text)
{
	int *head = &builder->first[prefilter_bucket(text.ptr)];

	for (int i = *head; i != NOTHING; i = builder->texts[i].next)
		if (span_eq(builder->texts[i].span, text))
			return i;
	if (builder->count == PREFILTER_LITERALS_MAX)
		return NOTHING;
	if (builder->count == builder->room) {
		builder->room = builder->room == 0 ? 256 : builder->room * 2;
		builder->texts =
		    mem_resize(builder->texts, builder->room * sizeof(*builder->texts));
	}
	builder->texts[builder->count] =
	    (struct text){ .span = text, .number = builder->count, .next = *head };
	return *head = (int)builder->count++;
}

/* False: not all of a pattern's literals have room. */
static bool
add_literals(struct builder *builder, const struct literals *needed)
{
	struct span text = cut(needed->text);
	bool all = true;

	if (needed->kind != LITERALS_TEXT) {
		for (size_t i = 0; i < needed->count; i++)
			all = add_literals(builder, needed->parts[i]) && all;
		return all;
	}
	for (size_t i = 0; i + 3 <= text.len; i++)
		builder->uses[prefilter_bucket(text.ptr + i)]++;
	return number_of(builder, text) != NOTHING;
}

/* The three bytes that the fewest literals have: "mailbox " is looked for where "xbo" is. */
static void
choose_place(const struct builder *builder, struct text *text)
{
	text->bucket = prefilter_bucket(text->span.ptr);
	for (unsigned i = 1; i + 3 <= text->span.len; i++) {
		unsigned bucket = prefilter_bucket(text->span.ptr + i);

		if (builder->uses[bucket] >= builder->uses[text->bucket])
			continue;
		text->key = i;
		text->bucket = bucket;
	}
}

/* How often literals occur, guessed: what many patterns speak of, many texts do. */
static size_t
cost(struct builder *builder, const struct literals *needed)
{
	size_t sum = 0, least = SIZE_MAX;

	if (needed->kind == LITERALS_TEXT)
		return builder->uses[builder->texts[number_of(builder, cut(needed->text))].bucket];
	for (size_t i = 0; i < needed->count; i++) {
		size_t part = cost(builder, needed->parts[i]);

		sum += part;
		least = part < least ? part : least;
	}
	return needed->kind == LITERALS_ANY ? sum : least;
}

static void
add_user(struct builder *builder, struct user user)
{
	if (builder->users_count == builder->users_room) {
		builder->users_room = builder->users_room == 0 ? 1024 : builder->users_room * 2;
		builder->users =
		    mem_resize(builder->users, builder->users_room * sizeof(*builder->users));
	}
	builder->users[builder->users_count++] = user;
}

/* Of what must all occur, only the part that costs least. */
static void
add_keys(struct builder *builder, size_t pattern, const struct literals *needed)
{
	const struct literals *best = NULL;

	switch (needed->kind) {
	case LITERALS_TEXT:
		add_user(builder, (struct user){ (unsigned)number_of(builder, cut(needed->text)),
				      (uint16_t)pattern });
		break;
	case LITERALS_ANY:
		for (size_t i = 0; i < needed->count; i++)
			add_keys(builder, pattern, needed->parts[i]);
		break;
	case LITERALS_ALL:
		for (size_t i = 0; i < needed->count; i++)
			if (best == NULL || cost(builder, needed->parts[i]) < cost(builder, best))
				best = needed->parts[i];
		add_keys(builder, pattern, best);
		break;
	}
}

static int
compare_texts(const void *a, const void *b)
{
	const struct text *left = *(struct text *const *)a, *right = *(struct text *const *)b;

	return left->bucket != right->bucket ? (int)left->bucket - (int)right->bucket
					     : (int)left->number - (int)right->number;
}

static int
compare_users(const void *a, const void *b)
{
	const struct user *left = a, *right = b;

	return left->literal != right->literal ? (int)left->literal - (int)right->literal
					       : (int)left->pattern - (int)right->pattern;
}

/* -- writing ----------------------------------------------------------------------------------- */

static void
write_word(struct str *out, unsigned word)
{
	uint16_t value = (uint16_t)word;

	str_add(out, &value, sizeof(value));
}

static void
write_condition(struct builder *builder, const struct literals *needed, struct str *out)
{
	size_t at = out->len, words;
	uint16_t head;

	if (needed->kind == LITERALS_TEXT) {
		write_word(out, builder->texts[number_of(builder, cut(needed->text))].place);
		return;
	}
	write_word(out, 0);
	for (int texts = 1; texts >= 0; texts--) /* what is answered soonest first */
		for (size_t i = 0; i < needed->count; i++)
			if ((needed->parts[i]->kind == LITERALS_TEXT) == texts)
				write_condition(builder, needed->parts[i], out);
	words = (out->len - at) / sizeof(head) - 1;
	head = (uint16_t)((needed->kind == LITERALS_ANY ? PREFILTER_ANY : PREFILTER_ALL) | words);
	if (words > PREFILTER_VALUE) { /* too long: what has a key literal is let through */
		out->len = at;
		head = PREFILTER_ALL;
		str_add(out, &head, sizeof(head));
		return;
	}
	memcpy(out->data + at, &head, sizeof(head));
}

static bool
keys_say_all(const struct literals *needed)
{
	if (needed->kind == LITERALS_ANY)
		for (size_t i = 0; i < needed->count; i++)
			if (needed->parts[i]->kind != LITERALS_TEXT)
				return false;
	return needed->kind != LITERALS_ALL;
}

/* Where each pattern's condition begins and the next one's; none: its keys say all. */
static void
write_conditions(struct builder *builder, size_t count, struct str *out)
{
	struct str words = { 0 };
	uint32_t *starts = arena_alloc(&builder->arena, (count + 1) * sizeof(*starts));

	for (size_t i = 0; i < count; i++) {
		if (builder->needs[i] != NULL && !keys_say_all(builder->needs[i]))
			write_condition(builder, builder->needs[i], &words);
		starts[i + 1] = (uint32_t)(words.len / sizeof(uint16_t));
	}
	pack_bytes(out, span_make((const char *)starts, (count + 1) * sizeof(*starts)));
	pack_bytes(out, span_make(str_text(&words), words.len));
	str_free(&words);
}

static void
write_users(struct builder *builder, struct prefilter_literal *list, struct str *out)
{
	uint16_t *patterns =
	    arena_alloc(&builder->arena, (builder->users_count + 1) * sizeof(*patterns));
	size_t count = 0, next = 0;

	for (size_t i = 0; i < builder->users_count; i++)
		builder->users[i].literal = builder->texts[builder->users[i].literal].place;
	if (builder->users_count > 0)
		qsort(builder->users, builder->users_count, sizeof(*builder->users), compare_users);
	for (size_t i = 0; i < builder->users_count; i++) {
		if (i > 0 && compare_users(&builder->users[i - 1], &builder->users[i]) == 0)
			continue;
		while (next <= builder->users[i].literal)
			list[next++].users = (uint32_t)count;
		patterns[count++] = builder->users[i].pattern;
	}
	while (next <= builder->count)
		list[next++].users = (uint32_t)count;
	pack_bytes(out, span_make((const char *)patterns, count * sizeof(*patterns)));
}

static void
write_literals(struct builder *builder, struct str *out)
{
	struct text **sorted = mem_alloc((builder->count + 1) * sizeof(struct text *));
	struct prefilter_literal *list = mem_alloc((builder->count + 1) * sizeof(*list));
	uint16_t starts[PREFILTER_BUCKETS + 1] = { 0 };
	struct str text = { 0 };

	for (unsigned i = 0; i < builder->count; i++)
		sorted[i] = &builder->texts[i];
	if (builder->count > 0)
		qsort(sorted, builder->count, sizeof(struct text *), compare_texts);
	for (unsigned i = 0; i < builder->count; i++) {
		sorted[i]->place = i;
		list[i] = (struct prefilter_literal){ .text = (uint32_t)text.len,
			.len = (uint16_t)sorted[i]->span.len,
			.key = (uint16_t)sorted[i]->key };
		str_add_span(&text, sorted[i]->span);
		starts[sorted[i]->bucket + 1]++;
	}
	for (unsigned i = 1; i <= PREFILTER_BUCKETS; i++)
		starts[i] = (uint16_t)(starts[i] + starts[i - 1]);
	pack_bytes(out, span_make((const char *)starts, sizeof(starts)));
	pack_bytes(out, span_make(str_text(&text), text.len));
	write_users(builder, list, out);
	pack_bytes(out, span_make((const char *)list, (builder->count + 1) * sizeof(*list)));
	str_free(&text);
	free(list);
	free(sorted);
}

void
prefilter_build(const char *const *patterns, size_t count, struct str *out)
{
	struct builder *builder = mem_alloc(sizeof(*builder));
	size_t known = count < PREFILTER_MAX ? count : PREFILTER_MAX;
	struct prefilter_set always = { 0 };

	arena_init(&builder->arena);
	for (size_t i = 0; i < PREFILTER_BUCKETS; i++)
		builder->first[i] = NOTHING;
	for (size_t i = 0; i < known; i++) {
		const struct literals *needs =
		    patterns[i] != NULL ? literals_of(&builder->arena, patterns[i]) : NULL;

		if (needs != NULL && add_literals(builder, needs))
			builder->needs[i] = needs;
		else
			always.bits[i / 64] |= UINT64_C(1) << i % 64;
	}
	for (unsigned i = 0; i < builder->count; i++)
		choose_place(builder, &builder->texts[i]);
	for (size_t i = 0; i < known; i++)
		if (builder->needs[i] != NULL)
			add_keys(builder, i, builder->needs[i]);
	pack_number(out, (int64_t)count);
	pack_bytes(out, span_make((const char *)&always, sizeof(always)));
	write_literals(builder, out);
	write_conditions(builder, known, out);
	free(builder->texts);
	free(builder->users);
	arena_clear(&builder->arena);
	free(builder);
}
