#include "charset_guess.h"

#include <string.h>

enum {
	LOOKED_AT = 8 * 1024, /* bytes */
	HIGH_MIN = 6,         /* bytes beyond ASCII, below which nothing is guessed */
};

/* What the bytes would be in each charset. */
struct census {
	unsigned high;
	unsigned runs, beside_letters; /* runs of high bytes; those that touch an ASCII letter */
	unsigned first, later;         /* of a run's bytes from 0xc0 on: where the first stands */
	unsigned low_half, high_half;  /* 0xc0 to 0xdf and 0xe0 to 0xff, of later ones */
	unsigned pairs, broken;        /* of two high bytes; what is left alone */
	unsigned kana, hangul, hanzi, late_hanzi;
};

static unsigned char
at(struct span s, size_t i)
{
	return i < s.len ? (unsigned char)s.ptr[i] : 0;
}

static bool
is_letter(unsigned char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool
is_high(unsigned char c)
{
	return (c & 0x80) != 0;
}

/* Pairs of EUC charsets: both bytes from 0xa1 to 0xfe. */
static void
count_pairs(struct span run, struct census *census)
{
	for (size_t i = 0; i < run.len; i += 2) {
		unsigned char lead = at(run, i);

		if (lead < 0xa1 || at(run, i + 1) < 0xa1) {
			census->broken++;
			continue;
		}
		census->pairs++;
		census->kana += lead == 0xa4 || lead == 0xa5;
		census->hangul += lead >= 0xb0 && lead <= 0xc8;
		census->hanzi += lead >= 0xb0 && lead <= 0xf7;
		census->late_hanzi += lead >= 0xc9 && lead <= 0xf7;
	}
}

static void
count_letters(struct span run, struct census *census)
{
	census->first += at(run, 0) >= 0xc0;
	for (size_t i = 1; i < run.len; i++) {
		census->later += at(run, i) >= 0xc0;
		census->low_half += at(run, i) >= 0xc0 && at(run, i) < 0xe0;
		census->high_half += at(run, i) >= 0xe0;
	}
}

static struct census
count(struct span bytes)
{
	struct census census = { 0 };

	for (size_t i = 0; i < bytes.len;) {
		size_t start = i;

		while (i < bytes.len && is_high(at(bytes, i)))
			i++;
		if (i > start) {
			struct span run = span_make(bytes.ptr + start, i - start);

			census.runs++;
			census.high += (unsigned)run.len;
			census.beside_letters += (start > 0 && is_letter(at(bytes, start - 1))) ||
						 is_letter(at(bytes, i));
			count_pairs(run, &census);
			count_letters(run, &census);
		} else {
			i++;
		}
	}
	return census;
}

/* Of charsets whose second bytes may be ASCII: Shift_JIS and Big5. */
struct double_bytes {
	unsigned pairs, broken, common;
};

static struct double_bytes
count_shift_jis(struct span bytes)
{
	struct double_bytes found = { 0 };

	for (size_t i = 0; i < bytes.len; i++) {
		unsigned char lead = at(bytes, i), trail = at(bytes, i + 1);

		if (!is_high(lead) || (lead >= 0xa1 && lead <= 0xdf)) /* half-width kana */
			continue;
		if (lead > 0xfc || lead == 0x80 || lead == 0xa0 || trail < 0x40 || trail == 0x7f ||
		    trail > 0xfc) {
			found.broken++;
			continue;
		}
		found.pairs++;
		found.common += (lead == 0x82 && trail >= 0x9f && trail <= 0xf1) ||
				(lead == 0x83 && trail <= 0x96); /* kana */
		i++;
	}
	return found;
}

static struct double_bytes
count_big5(struct span bytes)
{
	struct double_bytes found = { 0 };
	unsigned low_trails = 0;

	for (size_t i = 0; i < bytes.len; i++) {
		unsigned char lead = at(bytes, i), trail = at(bytes, i + 1);

		if (!is_high(lead))
			continue;
		if (lead < 0xa1 || lead > 0xf9 || trail < 0x40 || (trail > 0x7e && trail < 0xa1) ||
		    trail == 0xff) {
			found.broken++;
			continue;
		}
		found.pairs++;
		found.common += lead <= 0xc6; /* punctuation and the frequent half of the table */
		low_trails += trail <= 0x7e;
		i++;
	}
	if (low_trails * 5 < found.pairs) /* in Big5 it is every third */
		found.common = 0;
	return found;
}

/* Words of Russian: runs of letters that touch no ASCII letters. Within a word letters are small:
 * in windows-1251 the upper half, in KOI8-R the lower. */
static const char *
cyrillic(const struct census *census)
{
	if (census->runs == 0 || census->high < census->runs * 3 ||
	    census->beside_letters * 5 > census->runs ||
	    (census->first + census->later) * 10 < census->high * 9)
		return NULL;
	if (census->high_half > census->low_half * 3)
		return "WINDOWS-1251";
	return census->low_half > census->high_half * 3 ? "KOI8-R" : NULL;
}

static const char *
east_asian(const struct census *census, struct span bytes)
{
	struct double_bytes sjis = count_shift_jis(bytes), big5 = count_big5(bytes);
	bool euc = census->broken * 50 <= census->pairs && census->pairs > 0;

	if (euc && census->kana * 5 >= census->pairs)
		return "EUC-JP-MS";
	if (sjis.broken * 50 <= sjis.pairs && sjis.common * 5 >= sjis.pairs && sjis.pairs > 0)
		return "CP932";
	if (euc && census->late_hanzi * 20 <= census->pairs &&
	    census->hangul * 10 >= census->pairs * 8)
		return "CP949";
	if (euc && census->hanzi * 10 >= census->pairs * 6)
		return "GB18030";
	if (big5.broken * 50 <= big5.pairs && big5.common * 10 >= big5.pairs * 8 && big5.pairs > 0)
		return "BIG5-HKSCS";
	return NULL;
}

const char *
charset_escapes(struct span bytes)
{
	static const struct {
		struct span begins;
		const char *charset;
	} sequences[] = {
		{ SPAN("\x1b$B"), "ISO-2022-JP-3" },
		{ SPAN("\x1b$@"), "ISO-2022-JP-3" },
		{ SPAN("\x1b$(Q"), "ISO-2022-JP-3" },
		{ SPAN("\x1b(I"), "ISO-2022-JP-3" },
		{ SPAN("\x1b(J"), "ISO-2022-JP-3" },
		{ SPAN("\x1b$)C"), "ISO-2022-KR" },
		{ SPAN("\x1b$)A"), "ISO-2022-CN" },
	};
	struct span rest = bytes;
	const char *at_escape;

	while (rest.len > 0 && (at_escape = memchr(rest.ptr, '\x1b', rest.len)) != NULL) {
		rest = span_from(rest, (size_t)(at_escape - rest.ptr));
		for (size_t i = 0; i < sizeof(sequences) / sizeof(sequences[0]); i++)
			if (span_starts(rest, sequences[i].begins))
				return sequences[i].charset;
		rest = span_from(rest, 1);
	}
	return NULL;
}

const char *
charset_guess(struct span bytes)
{
	const char *found = charset_escapes(bytes);
	struct census census;
	struct span rest = bytes;

	if (found != NULL)
		return found;
	/* From the first byte that is not ASCII. */
	while (rest.len > 0 && !is_high(at(rest, 0)))
		rest = span_from(rest, 1);
	if (rest.len > LOOKED_AT)
		rest.len = LOOKED_AT;
	census = count(rest);
	if (census.high < HIGH_MIN)
		return NULL;
	found = cyrillic(&census);
	if (found != NULL)
		return found;
	/* Latin: single letters within words. */
	return census.beside_letters * 2 > census.runs && census.high < census.runs * 2
		   ? NULL
		   : east_asian(&census, rest);
}
