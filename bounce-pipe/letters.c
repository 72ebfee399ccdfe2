#include "letters.h"

#include <string.h>

/* Letters beyond ASCII that fold to something that is certain, but for the Latin and Cyrillic
 * capitals in one row, which fold_pair knows. */
static const struct {
	const char *from, *to;
} odd_letters[] = {
	{ "\u017f", "s" },
	{ "\u0178", "\u00ff" },
	{ "\u1e9e", "\u00df" },
	{ "\u212a", "k" },
	{ "\u212b", "\u00e5" },
	{ "\u1c80", "\u0432" },
	{ "\u1c81", "\u0434" },
	{ "\u1c82", "\u043e" },
	{ "\u1c83", "\u0441" },
	{ "\u1c84", "\u0442" },
	{ "\u1c85", "\u0442" },
	{ "\u1c86", "\u044a" },
};

/* U+00C0 to U+00DE, U+0400 to U+042F: two bytes in UTF-8, folded in place. */
static bool
fold_pair(unsigned char *lead, unsigned char *next)
{
	if (*lead == 0xc3 && *next >= 0x80 && *next <= 0x9e && *next != 0x97)
		*next += 0x20;
	else if (*lead == 0xd0 && *next >= 0x90 && *next <= 0x9f)
		*next += 0x20;
	else if (*lead == 0xd0 && *next >= 0xa0 && *next <= 0xaf)
		*lead = 0xd1, *next -= 0x20;
	else if (*lead == 0xd0 && *next >= 0x80 && *next <= 0x8f)
		*lead = 0xd1, *next += 0x10;
	else
		return false;
	return true;
}

static size_t
fold_odd(struct span text, char *out, size_t *len)
{
	for (size_t i = 0; i < sizeof(odd_letters) / sizeof(odd_letters[0]); i++) {
		struct span from = span_of(odd_letters[i].from);

		if (!span_starts(text, from))
			continue;
		*len = strlen(odd_letters[i].to);
		memcpy(out, odd_letters[i].to, *len);
		return from.len;
	}
	return 0;
}

size_t
letters_fold(struct span text, char *out)
{
	size_t n = 0;

	for (size_t i = 0; i < text.len;) {
		unsigned char c = (unsigned char)text.ptr[i], next;
		size_t taken, len;

		if (c < 0x80) {
			out[n++] = (char)(c >= 'A' && c <= 'Z' ? c + 0x20 : c);
			i++;
			continue;
		}
		next = i + 1 < text.len ? (unsigned char)text.ptr[i + 1] : 0;
		if (fold_pair(&c, &next)) {
			out[n++] = (char)c;
			out[n++] = (char)next;
			i += 2;
		} else if ((c == 0xc5 || c == 0xe1 || c == 0xe2) &&
			   (taken = fold_odd(span_from(text, i), out + n, &len)) > 0) {
			n += len;
			i += taken;
		} else {
			out[n++] = (char)c;
			i++;
		}
	}
	return n;
}

bool
letters_are_certain(struct span character)
{
	unsigned char c = (unsigned char)character.ptr[0];
	unsigned char next = character.len > 1 ? (unsigned char)character.ptr[1] : 0;

	switch (character.len) {
	case 1:
		return c >= ' ' && c <= '~';
	case 2:
		return (c == 0xc3 && next >= 0x9f) || (c == 0xd0 && next >= 0xb0) ||
		       (c == 0xd1 && next <= 0x9f);
	case 3: /* kana; U+4E00 to U+9FFF; Hangul syllables */
		return (c == 0xe3 && next >= 0x81 && next <= 0x83) || (c == 0xe4 && next >= 0xb8) ||
		       (c >= 0xe5 && c <= 0xe9) || (c == 0xea && next >= 0xb0) || c == 0xeb ||
		       c == 0xec || (c == 0xed && next <= 0x9d);
	default:
		return false;
	}
}
