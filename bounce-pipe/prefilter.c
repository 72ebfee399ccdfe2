#include "prefilter.h"

#include <stdlib.h>
#include <string.h>

#include "letters.h"
#include "literals.h"
#include "mem.h"

enum {
	BUCKET_BITS = 12,
	BUCKETS = 1 << BUCKET_BITS,
	ENTRIES_MAX = UINT16_MAX,
	FOLDED_MAX = 4096, /* bytes of a text looked at in one go */
};

struct prefilter_entry {
	uint32_t text; /* where the literal begins */
	uint16_t len;
	uint16_t key; /* its three bytes begin so far inside of it */
	uint16_t pattern;
	uint16_t bucket;
};

static unsigned
bucket_of(const char *three)
{
	const unsigned char *c = (const unsigned char *)three;

	return ((uint32_t)c[0] << 16 | (uint32_t)c[1] << 8 | c[2]) * UINT32_C(2654435761) >>
	       (32 - BUCKET_BITS);
}

/* -- building ---------------------------------------------------------------------------------- */

struct builder {
	struct prefilter_entry *list;
	size_t count, room;
	struct str text;
	uint64_t always[PREFILTER_MAX / 64];
	unsigned uses[BUCKETS]; /* by literals, wherever in them */
};

static void
add_literal(struct builder *builder, size_t pattern, struct span literal)
{
	if (builder->count == builder->room) {
		builder->room = builder->room == 0 ? 256 : builder->room * 2;
		builder->list = mem_resize(builder->list, builder->room * sizeof(*builder->list));
	}
	builder->list[builder->count++] = (struct prefilter_entry){
		.text = (uint32_t)builder->text.len,
		.len = (uint16_t)literal.len,
		.pattern = (uint16_t)pattern,
	};
	str_add_span(&builder->text, literal);
	for (size_t i = 0; i + 3 <= literal.len; i++)
		builder->uses[bucket_of(literal.ptr + i)]++;
}

static void
add_pattern(struct builder *builder, size_t i, const char *pattern)
{
	struct arena arena;
	struct literals literals;

	arena_init(&arena);
	if (pattern == NULL || !literals_of(&arena, pattern, &literals) ||
	    builder->count + literals.count > ENTRIES_MAX) {
		builder->always[i / 64] |= UINT64_C(1) << i % 64;
	} else {
		for (size_t k = 0; k < literals.count; k++)
			add_literal(builder, i,
			    span_make(literals.items[k].ptr,
				literals.items[k].len < 255 ? literals.items[k].len : 255));
	}
	arena_clear(&arena);
}

/* The three bytes that the fewest literals have: "mailbox " is looked for where "xbo" is. */
static void
choose_key(struct builder *builder, struct prefilter_entry *entry)
{
	const char *text = builder->text.data + entry->text;

	entry->bucket = (uint16_t)bucket_of(text);
	for (unsigned i = 1; i + 3 <= entry->len; i++) {
		unsigned bucket = bucket_of(text + i);

		if (builder->uses[bucket] >= builder->uses[entry->bucket])
			continue;
		entry->key = (uint16_t)i;
		entry->bucket = (uint16_t)bucket;
	}
}

static int
compare_entries(const void *a, const void *b)
{
	const struct prefilter_entry *left = a, *right = b;

	return left->bucket != right->bucket ? (int)left->bucket - (int)right->bucket
					     : (int)left->pattern - (int)right->pattern;
}

void
prefilter_build(const char *const *patterns, size_t count, struct str *out)
{
	struct builder *builder = mem_alloc(sizeof(*builder));
	uint16_t starts[BUCKETS + 1] = { 0 };

	for (size_t i = 0; i < count && i < PREFILTER_MAX; i++)
		add_pattern(builder, i, patterns[i]);
	for (size_t i = 0; i < builder->count; i++)
		choose_key(builder, &builder->list[i]);
	if (builder->count > 0)
		qsort(builder->list, builder->count, sizeof(*builder->list), compare_entries);
	for (size_t i = 0, bucket = 0; bucket <= BUCKETS; bucket++) {
		while (i < builder->count && builder->list[i].bucket < bucket)
			i++;
		starts[bucket] = (uint16_t)i;
	}
	pack_number(out, (int64_t)count);
	pack_bytes(out, span_make((const char *)builder->always, sizeof(builder->always)));
	pack_bytes(out, span_make((const char *)starts, sizeof(starts)));
	pack_bytes(out,
	    span_make((const char *)builder->list, builder->count * sizeof(*builder->list)));
	pack_bytes(out, span_make(str_text(&builder->text), builder->text.len));
	str_free(&builder->text);
	free(builder->list);
	free(builder);
}

/* -- asking ------------------------------------------------------------------------------------ */

bool
prefilter_open(struct span bytes, struct prefilter *prefilter)
{
	struct unpack in = unpack_make(bytes);
	struct span always, starts, list, text;

	prefilter->patterns = (size_t)unpack_number(&in);
	always = unpack_bytes(&in);
	starts = unpack_bytes(&in);
	list = unpack_bytes(&in);
	text = unpack_bytes(&in);
	if (in.failed || always.len != sizeof(struct prefilter_set) ||
	    starts.len != (BUCKETS + 1) * sizeof(*prefilter->starts) ||
	    list.len % sizeof(*prefilter->list) != 0)
		return false;
	prefilter->always = (const void *)always.ptr;
	prefilter->starts = (const void *)starts.ptr;
	prefilter->list = (const void *)list.ptr;
	prefilter->entries = list.len / sizeof(*prefilter->list);
	prefilter->text = text.ptr;
	prefilter->text_len = text.len;
	return true;
}

static void
try_entry(const struct prefilter *prefilter, const struct prefilter_entry *entry, struct span text,
    size_t at, struct prefilter_set *set)
{
	if (prefilter_has(set, entry->pattern) || at < entry->key ||
	    text.len - (at - entry->key) < entry->len ||
	    (size_t)entry->text + entry->len > prefilter->text_len)
		return;
	if (memcmp(text.ptr + at - entry->key, prefilter->text + entry->text, entry->len) == 0)
		set->bits[entry->pattern / 64] |= UINT64_C(1) << entry->pattern % 64;
}

/* text: folded. */
static void
ask_folded(const struct prefilter *prefilter, struct span text, struct prefilter_set *set)
{
	for (size_t at = 0; at + 3 <= text.len; at++) {
		unsigned bucket = bucket_of(text.ptr + at);
		size_t end = prefilter->starts[bucket + 1];

		for (size_t i = prefilter->starts[bucket]; i < end && i < prefilter->entries; i++)
			try_entry(prefilter, &prefilter->list[i], text, at, set);
	}
}

void
prefilter_ask(const struct prefilter *prefilter, struct span text, struct prefilter_set *set)
{
	char folded[FOLDED_MAX];

	if (text.len > sizeof(folded)) { /* longer than any diagnostic */
		memset(set, 0xff, sizeof(*set));
		return;
	}
	memcpy(set, prefilter->always, sizeof(*set));
	ask_folded(prefilter, span_make(folded, letters_fold(text, folded)), set);
}
