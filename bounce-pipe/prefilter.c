#include "prefilter.h"

#include <string.h>

#include "letters.h"
#include "prefilter_form.h"

enum { FOLDED_MAX = 4096 /* bytes of a text looked at in one go */ };

struct found { /* in a text */
	uint64_t literals[PREFILTER_LITERALS_MAX / 64];
	struct prefilter_set *patterns; /* a key of theirs */
};

/* NULL: not whole elements of this size. */
static const void *
take_array(struct unpack *in, size_t size, size_t *count)
{
	struct span bytes = unpack_bytes(in);

	*count = bytes.len / size;
	in->failed = in->failed || bytes.len % size != 0;
	return in->failed ? NULL : bytes.ptr;
}

bool
prefilter_open(struct span bytes, struct prefilter *prefilter)
{
	struct unpack in = unpack_make(bytes);
	size_t always, buckets, starts, known;

	prefilter->patterns = (size_t)unpack_number(&in);
	prefilter->always = take_array(&in, sizeof(*prefilter->always), &always);
	prefilter->buckets = take_array(&in, sizeof(*prefilter->buckets), &buckets);
	prefilter->text = take_array(&in, 1, &prefilter->text_len);
	prefilter->users = take_array(&in, sizeof(*prefilter->users), &prefilter->users_count);
	prefilter->literals = take_array(&in, sizeof(*prefilter->literals), &prefilter->count);
	prefilter->starts = take_array(&in, sizeof(*prefilter->starts), &starts);
	prefilter->words = take_array(&in, sizeof(*prefilter->words), &prefilter->words_count);
	known = prefilter->patterns < PREFILTER_MAX ? prefilter->patterns : PREFILTER_MAX;
	if (in.failed || always != PREFILTER_MAX / 64 || buckets != PREFILTER_BUCKETS + 1 ||
	    starts != known + 1 || prefilter->count == 0 ||
	    --prefilter->count > PREFILTER_LITERALS_MAX)
		return false;
	return true;
}

static bool
has_literal(const struct found *found, unsigned i)
{
	return (found->literals[i / 64] >> i % 64 & 1) != 0;
}

/* A condition's words from `at` to before `end`. */
static bool
holds(const struct prefilter *prefilter, const struct found *found, size_t at, size_t end)
{
	unsigned head = prefilter->words[at++];
	bool all = (head & PREFILTER_ALL) != 0;

	while (at < end) {
		unsigned word = prefilter->words[at], value = word & PREFILTER_VALUE;
		size_t next = at + 1;
		bool one;

		if (word == value) {
			one = has_literal(found, value);
		} else {
			next += end - next < value ? end - next : value;
			one = holds(prefilter, found, at, next);
		}
		if (one != all)
			return one;
		at = next;
	}
	return all;
}

/* Of the patterns with a key literal, those of which the whole condition holds. */
static void
ask_conditions(const struct prefilter *prefilter, const struct found *found)
{
	for (size_t i = 0; i < PREFILTER_MAX / 64; i++) {
		uint64_t left = found->patterns->bits[i];

		for (; left != 0; left &= left - 1) {
			size_t pattern = i * 64 + (size_t)__builtin_ctzll(left), at, end;

			if (pattern >= prefilter->patterns)
				break;
			at = prefilter->starts[pattern];
			end = prefilter->starts[pattern + 1];
			if (at < end && end <= prefilter->words_count &&
			    !holds(prefilter, found, at, end))
				found->patterns->bits[i] ^= left & -left;
		}
	}
}

static void
try_literal(const struct prefilter *prefilter, size_t i, struct span text, size_t at,
    struct found *found)
{
	const struct prefilter_literal *literal = &prefilter->literals[i];
	size_t end = literal[1].users;

	if (at < literal->key || text.len - (at - literal->key) < literal->len ||
	    (size_t)literal->text + literal->len > prefilter->text_len ||
	    memcmp(text.ptr + at - literal->key, prefilter->text + literal->text, literal->len) !=
		0)
		return;
	found->literals[i / 64] |= UINT64_C(1) << i % 64;
	for (size_t k = literal->users; k < end && k < prefilter->users_count; k++) {
		unsigned pattern = prefilter->users[k] % PREFILTER_MAX;

		found->patterns->bits[pattern / 64] |= UINT64_C(1) << pattern % 64;
	}
}

/* text: folded. */
static void
ask_folded(const struct prefilter *prefilter, struct span text, struct found *found)
{
	for (size_t at = 0; at + 3 <= text.len; at++) {
		unsigned bucket = prefilter_bucket(text.ptr + at);
		size_t end = prefilter->buckets[bucket + 1];

		for (size_t i = prefilter->buckets[bucket]; i < end && i < prefilter->count; i++)
			if ((found->literals[i / 64] >> i % 64 & 1) == 0)
				try_literal(prefilter, i, text, at, found);
	}
}

void
prefilter_ask(const struct prefilter *prefilter, struct span text, struct prefilter_set *set)
{
	struct found found = { .patterns = set };
	char folded[FOLDED_MAX];

	if (text.len > sizeof(folded)) { /* longer than any diagnostic */
		memset(set, 0xff, sizeof(*set));
		return;
	}
	memset(set, 0, sizeof(*set));
	ask_folded(prefilter, span_make(folded, letters_fold(text, folded)), &found);
	ask_conditions(prefilter, &found);
	for (size_t i = 0; i < PREFILTER_MAX / 64; i++)
		set->bits[i] |= prefilter->always[i];
}
