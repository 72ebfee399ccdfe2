#include "span.h"

#include <limits.h>
#include <string.h>
#include <strings.h>

struct span
span_of(const char *string)
{
	return string == NULL ? (struct span){ "", 0 } : (struct span){ string, strlen(string) };
}

bool
span_ieq(struct span a, struct span b)
{
	return a.len == b.len && span_istarts(a, b);
}

bool
span_starts(struct span s, struct span prefix)
{
	return s.len >= prefix.len &&
	       (prefix.len == 0 || memcmp(s.ptr, prefix.ptr, prefix.len) == 0);
}

static unsigned char
lower(char c)
{
	return (unsigned char)(c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c);
}

bool
span_istarts(struct span s, struct span prefix)
{
	if (s.len < prefix.len)
		return false;
	for (size_t i = 0; i < prefix.len; i++)
		if (lower(s.ptr[i]) != lower(prefix.ptr[i]))
			return false;
	return true;
}

long
span_find(struct span s, struct span needle)
{
	const char *hit;

	if (needle.len == 0)
		return 0;
	if (s.len < needle.len)
		return -1;
	hit = memmem(s.ptr, s.len, needle.ptr, needle.len);
	return hit == NULL ? -1 : (long)(hit - s.ptr);
}

/* How rarely a byte of a needle occurs in text: letters by their frequency in English, then what is
 * no letter; blanks are the most common. */
static unsigned
rarity(char c)
{
	static const unsigned char ranks[26] = { 4, 21, 13, 12, 2, 16, 18, 10, 6, 25, 23, 11, 15, 7,
		5, 17, 26, 9, 8, 3, 14, 22, 19, 24, 20, 27 }; /* a to z */
	unsigned letter = (unsigned char)(c | 0x20) - (unsigned)'a';

	return letter < sizeof(ranks) ? ranks[letter] : c == ' ' ? 1 : UINT_MAX;
}

/* The next place of one byte, by memchr(). */
struct scan {
	const char *next; /* NULL: there is none any more */
	char byte;
};

static void
scan_from(struct scan *scan, const char *from, const char *end)
{
	if (scan->next != NULL && scan->next < from)
		scan->next = memchr(from, scan->byte, (size_t)(end - from));
}

/* Looks for the needle's rarest byte in both of its cases, which memchr() does many bytes at once,
 * and compares only there. */
long
span_ifind(struct span s, struct span needle)
{
	struct scan low, high;
	const char *at, *end;
	unsigned rarest, rank;
	size_t rare = 0;

	if (needle.len == 0)
		return 0;
	if (s.len < needle.len)
		return -1;
	rarest = rarity(needle.ptr[0]);
	for (size_t i = 1; i < needle.len; i++)
		if ((rank = rarity(needle.ptr[i])) > rarest) {
			rarest = rank;
			rare = i;
		}
	at = s.ptr + rare;
	end = s.ptr + s.len - needle.len + rare + 1;
	low.byte = (char)lower(needle.ptr[rare]);
	low.next = memchr(at, low.byte, (size_t)(end - at));
	high.byte = low.byte >= 'a' && low.byte <= 'z' ? (char)(low.byte - ('a' - 'A')) : low.byte;
	high.next = high.byte == low.byte ? NULL : memchr(at, high.byte, (size_t)(end - at));
	while (low.next != NULL || high.next != NULL) {
		at = low.next == NULL || (high.next != NULL && high.next < low.next) ? high.next
										     : low.next;
		if (span_istarts(span_make(at - rare, needle.len), needle))
			return at - rare - s.ptr;
		scan_from(&low, at + 1, end);
		scan_from(&high, at + 1, end);
	}
	return -1;
}

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

struct span
span_trim(struct span s)
{
	while (s.len > 0 && is_blank(s.ptr[0]))
		s = span_from(s, 1);
	while (s.len > 0 && is_blank(s.ptr[s.len - 1]))
		s.len--;
	return s;
}

bool
span_line(struct span *rest, struct span *line)
{
	const char *lf;

	if (rest->len == 0)
		return false;
	lf = memchr(rest->ptr, '\n', rest->len);
	if (lf == NULL) {
		*line = *rest;
		*rest = span_from(*rest, rest->len);
	} else {
		*line = span_make(rest->ptr, (size_t)(lf - rest->ptr));
		*rest = span_from(*rest, line->len + 1);
	}
	if (line->len > 0 && line->ptr[line->len - 1] == '\r')
		line->len--;
	return true;
}

bool
span_number(struct span s, unsigned long long *value)
{
	unsigned long long n = 0;

	if (s.len == 0)
		return false;
	for (size_t i = 0; i < s.len; i++) {
		unsigned digit = (unsigned)(s.ptr[i] - '0');

		if (digit > 9 || n > (ULLONG_MAX - digit) / 10)
			return false;
		n = n * 10 + digit;
	}
	*value = n;
	return true;
}
