#include "charset.h"

#include <errno.h>
#include <iconv.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>

#include "charset_guess.h"
#include "str.h"
#include "utf8.h"

#define REPLACEMENT "\xef\xbf\xbd"

enum { FEW_WRONG = 2 }; /* bytes, which prove no label wrong */

/* Of the ASCII at the start, eight bytes at a time. */
static size_t
ascii_length(struct span bytes)
{
	size_t i = 0;
	uint64_t eight;

	for (; i + sizeof(eight) <= bytes.len; i += sizeof(eight)) {
		memcpy(&eight, bytes.ptr + i, sizeof(eight));
		if ((eight & UINT64_C(0x8080808080808080)) != 0)
			break;
	}
	while (i < bytes.len && ((unsigned char)bytes.ptr[i] & 0x80) == 0)
		i++;
	return i;
}

bool
charset_is_utf8(struct span bytes)
{
	const unsigned char *p = (const unsigned char *)bytes.ptr;

	for (size_t i = ascii_length(bytes), len; i < bytes.len; i += len) {
		len = utf8_length(p + i, bytes.len - i);
		if (len == 0)
			return false;
		len += ascii_length(span_from(bytes, i + len));
	}
	return true;
}

struct span
charset_cut(struct span text, size_t max)
{
	if (text.len <= max)
		return text;
	while (max > 0 && ((unsigned char)text.ptr[max] & 0xc0) == 0x80)
		max--;
	return span_make(text.ptr, max);
}

static bool
is_ascii(struct span bytes)
{
	return ascii_length(bytes) == bytes.len;
}

static struct span
keep(struct arena *arena, struct str *text)
{
	struct span kept =
	    span_make(arena_dup(arena, span_make(str_text(text), text->len)), text->len);

	str_free(text);
	return kept;
}

static struct span
mend_utf8(struct arena *arena, struct span bytes)
{
	struct str out = { 0 };

	for (size_t i = 0, len; i < bytes.len; i += len) {
		len = utf8_length((const unsigned char *)bytes.ptr + i, bytes.len - i);
		if (len > 0) {
			str_add(&out, bytes.ptr + i, len);
		} else {
			str_adds(&out, REPLACEMENT);
			len = 1;
		}
	}
	return keep(arena, &out);
}

static struct span
from_windows_1252(struct arena *arena, struct span bytes)
{
	/* 0x80 to 0x9f; 0: no character */
	static const unsigned short high[32] = { 0x20ac, 0, 0x201a, 0x192, 0x201e, 0x2026, 0x2020,
		0x2021, 0x2c6, 0x2030, 0x160, 0x2039, 0x152, 0, 0x17d, 0, 0, 0x2018, 0x2019, 0x201c,
		0x201d, 0x2022, 0x2013, 0x2014, 0x2dc, 0x2122, 0x161, 0x203a, 0x153, 0, 0x17e,
		0x178 };
	struct str out = { 0 };

	str_reserve(&out, bytes.len * 2);
	for (size_t i = 0; i < bytes.len; i++) {
		unsigned c = (unsigned char)bytes.ptr[i];

		if (c >= 0x80 && c < 0xa0)
			c = high[c - 0x80] != 0 ? high[c - 0x80] : 0xfffd;
		if (c < 0x80) {
			str_addc(&out, (char)c);
		} else if (c < 0x800) {
			str_addc(&out, (char)(0xc0 | c >> 6));
			str_addc(&out, (char)(0x80 | (c & 0x3f)));
		} else {
			str_addc(&out, (char)(0xe0 | c >> 12));
			str_addc(&out, (char)(0x80 | (c >> 6 & 0x3f)));
			str_addc(&out, (char)(0x80 | (c & 0x3f)));
		}
	}
	return keep(arena, &out);
}

/* wrong: bytes that the charset does not have. */
static struct span
from_iconv(struct arena *arena, struct span bytes, iconv_t cd, size_t *wrong)
{
	struct str out = { 0 };
	char *in = (char *)(uintptr_t)bytes.ptr;
	size_t left = bytes.len;
	bool flushed = false;

	*wrong = 0;
	while (!flushed) {
		char buf[4096];
		char *to = buf;
		size_t room = sizeof(buf);
		size_t rc;

		flushed = left == 0;
		rc =
		    flushed ? iconv(cd, NULL, NULL, &to, &room) : iconv(cd, &in, &left, &to, &room);
		str_add(&out, buf, sizeof(buf) - room);
		if (rc == (size_t)-1 && errno == EILSEQ && left > 0) {
			str_adds(&out, REPLACEMENT);
			++*wrong;
			in++;
			left--;
		} else if (rc == (size_t)-1 && errno != E2BIG) {
			flushed = true; /* EINVAL: the text ends within a character */
		}
	}
	return keep(arena, &out);
}

/* Text by a name for iconv; ptr is NULL if it has no such charset. */
static struct span
convert(struct arena *arena, struct span bytes, const char *charset, size_t *wrong)
{
	iconv_t cd = iconv_open("UTF-8", charset);
	struct span text;

	*wrong = 0;
	if (cd == (iconv_t)-1)
		return span_make(NULL, 0);
	text = from_iconv(arena, bytes, cd, wrong);
	iconv_close(cd);
	/* A few tables of glibc give surrogates and the like. */
	return charset_is_utf8(text) ? text : mend_utf8(arena, text);
}

#define AS_UNKNOWN      ""
#define AS_UTF8         "UTF-8"
#define AS_WINDOWS_1252 "WINDOWS-1252"

struct alias {
	const char *name, *as;
};

/* Labels that mean a larger charset than they say, that iconv does not know, or that need none; in
 * small letters. */
static const struct alias aliases[] = {
	{ "us-ascii", AS_UNKNOWN },
	{ "ascii", AS_UNKNOWN },
	{ "ansi_x3.4-1968", AS_UNKNOWN },
	{ "unknown", AS_UNKNOWN },
	{ "unknown-8bit", AS_UNKNOWN },
	{ "x-unknown", AS_UNKNOWN },
	{ "x-user-defined", AS_UNKNOWN },
	{ "default", AS_UNKNOWN },
	{ "none", AS_UNKNOWN },
	{ "8bit", AS_UNKNOWN },
	{ "binary", AS_UNKNOWN },
	{ "utf-8", AS_UTF8 },
	{ "utf8", AS_UTF8 },
	{ "unicode-1-1-utf-8", AS_UTF8 },
	{ "iso-8859-1", AS_WINDOWS_1252 },
	{ "iso8859-1", AS_WINDOWS_1252 },
	{ "iso_8859-1", AS_WINDOWS_1252 },
	{ "8859_1", AS_WINDOWS_1252 },
	{ "latin1", AS_WINDOWS_1252 },
	{ "windows-1252", AS_WINDOWS_1252 },
	{ "cp1252", AS_WINDOWS_1252 },
	{ "x-ansi", AS_WINDOWS_1252 },
	{ "iso-8859-9", "CP1254" },
	{ "iso-8859-8-i", "CP1255" },
	{ "iso-8859-8-e", "CP1255" },
	{ "tis-620", "CP874" },
	{ "windows-874", "CP874" },
	{ "koi8", "KOI8-R" },
	{ "koi", "KOI8-R" },
	{ "x-mac-roman", "MACINTOSH" },
	{ "macroman", "MACINTOSH" },
	{ "x-mac-cyrillic", "MAC-CYRILLIC" },
	{ "unicode-1-1-utf-7", "UTF-7" },
	{ "iso-2022-jp", "ISO-2022-JP-3" },
	{ "iso-2022-jp-ms", "ISO-2022-JP-3" },
	{ "csiso2022jp", "ISO-2022-JP-3" },
	{ "jis", "ISO-2022-JP-3" },
	{ "shift_jis", "CP932" },
	{ "shift-jis", "CP932" },
	{ "sjis", "CP932" },
	{ "x-sjis", "CP932" },
	{ "ms_kanji", "CP932" },
	{ "windows-31j", "CP932" },
	{ "euc-jp", "EUC-JP-MS" },
	{ "x-euc-jp", "EUC-JP-MS" },
	{ "euc-kr", "CP949" },
	{ "ks_c_5601-1987", "CP949" },
	{ "ks_c_5601", "CP949" },
	{ "ksc5601", "CP949" },
	{ "korean", "CP949" },
	{ "windows-949", "CP949" },
	{ "x-windows-949", "CP949" },
	{ "gb2312", "GB18030" },
	{ "gb_2312-80", "GB18030" },
	{ "x-gb2312", "GB18030" },
	{ "euc-cn", "GB18030" },
	{ "gbk", "GB18030" },
	{ "x-gbk", "GB18030" },
	{ "cp936", "GB18030" },
	{ "big5", "BIG5-HKSCS" },
	{ "big-5", "BIG5-HKSCS" },
	{ "x-big5", "BIG5-HKSCS" },
	{ "cp950", "BIG5-HKSCS" },
};

static const char *
meant(const char *charset)
{
	for (size_t i = 0; i < sizeof(aliases) / sizeof(aliases[0]); i++)
		if (((unsigned char)*charset | 0x20) == (unsigned char)*aliases[i].name &&
		    strcasecmp(charset, aliases[i].name) == 0)
			return aliases[i].as;
	return strncasecmp(charset, "x-cp", 4) == 0 ? charset + 2 : charset;
}

static bool
begins(const char *charset, const char *const *starts)
{
	for (; *starts != NULL; starts++)
		if (strncasecmp(charset, *starts, strlen(*starts)) == 0)
			return true;
	return false;
}

/* Charsets in which ASCII bytes may stand for something else. */
static bool
is_beyond_ascii(const char *charset)
{
	static const char *const starts[] = { "iso-2022", "utf-7", "utf7", "hz", "utf-16", "utf16",
		"utf-32", "utf32", "ucs", NULL };

	return begins(charset, starts);
}

/* Charsets of one byte a character, which have no wrong bytes to tell them by. */
static bool
is_single_byte(const char *charset)
{
	static const char *const starts[] = { "iso-8859", "iso8859", "windows-125", "cp125",
		"latin", NULL };

	return begins(charset, starts);
}

/* Names that iconv may be asked for: no "//TRANSLIT" and no paths. */
static bool
is_name(const char *charset)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789-_.:()+";
	size_t len = strlen(charset);

	return len > 0 && len <= 40 && strspn(charset, allowed) == len;
}

static struct span
guessed(struct arena *arena, struct span bytes)
{
	const char *charset = charset_guess(bytes);
	struct span text = { NULL, 0 };
	size_t wrong = 0;

	if (charset != NULL)
		text = convert(arena, bytes, charset, &wrong);
	return text.ptr != NULL && wrong * 10 <= bytes.len ? text : from_windows_1252(arena, bytes);
}

/* More of it is UTF-8 beyond ASCII than is not. */
static bool
is_mostly_utf8(struct span bytes)
{
	size_t good = 0, bad = 0;

	for (size_t i = ascii_length(bytes), len; i < bytes.len; i += len) {
		len = utf8_length((const unsigned char *)bytes.ptr + i, bytes.len - i);
		good += len > 1;
		bad += len == 0;
		len += len == 0;
	}
	return good >= bad;
}

static struct span
from_utf8(struct arena *arena, struct span bytes)
{
	return is_mostly_utf8(bytes) ? mend_utf8(arena, bytes) : guessed(arena, bytes);
}

/* A label that is wrong: what is valid UTF-8 is that, and what has many wrong bytes is something
 * else. */
static struct span
announced(struct arena *arena, struct span bytes, const char *charset)
{
	bool utf8 = !is_ascii(bytes) && charset_is_utf8(bytes);
	struct span text;
	size_t wrong;

	if (utf8 && is_single_byte(charset))
		return bytes;
	text = convert(arena, bytes, charset, &wrong);
	if (text.ptr == NULL || (wrong > 0 && utf8))
		return utf8 || charset_is_utf8(bytes) ? bytes : guessed(arena, bytes);
	return wrong > FEW_WRONG && wrong * 10 > bytes.len ? guessed(arena, bytes) : text;
}

struct span
charset_to_utf8(struct arena *arena, struct span bytes, const char *charset)
{
	charset = meant(charset);
	if (is_beyond_ascii(charset) && is_name(charset))
		return announced(arena, bytes, charset);
	if (is_ascii(bytes)) /* unless Japanese hides in it */
		return charset_escapes(bytes) == NULL ? bytes : guessed(arena, bytes);
	if (!is_name(charset))
		return charset_is_utf8(bytes) ? bytes : guessed(arena, bytes);
	if (strcmp(charset, AS_UTF8) == 0)
		return charset_is_utf8(bytes) ? bytes : from_utf8(arena, bytes);
	if (strcmp(charset, AS_WINDOWS_1252) == 0)
		return charset_is_utf8(bytes) ? bytes : from_windows_1252(arena, bytes);
	return announced(arena, bytes, charset);
}
