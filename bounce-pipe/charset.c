#include "charset.h"

#include <errno.h>
#include <iconv.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>

#include "str.h"
#include "utf8.h"

#define REPLACEMENT "\xef\xbf\xbd"

bool
charset_is_utf8(struct span bytes)
{
	const unsigned char *p = (const unsigned char *)bytes.ptr;

	for (size_t i = 0, len; i < bytes.len; i += len)
		if ((len = utf8_length(p + i, bytes.len - i)) == 0)
			return false;
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
	for (size_t i = 0; i < bytes.len; i++)
		if (((unsigned char)bytes.ptr[i] & 0x80) != 0)
			return false;
	return true;
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

static struct span
from_iconv(struct arena *arena, struct span bytes, iconv_t cd)
{
	struct str out = { 0 };
	char *in = (char *)(uintptr_t)bytes.ptr;
	size_t left = bytes.len;
	bool flushed = false;

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
			in++;
			left--;
		} else if (rc == (size_t)-1 && errno != E2BIG) {
			flushed = true; /* EINVAL: the text ends within a character */
		}
	}
	return keep(arena, &out);
}

struct alias {
	const char *name;
	enum { AS_UNKNOWN, AS_UTF8, AS_WINDOWS_1252 } as;
};

static int
known(const char *charset)
{
	static const struct alias aliases[] = {
		{ "", AS_UNKNOWN },
		{ "us-ascii", AS_UNKNOWN },
		{ "ascii", AS_UNKNOWN },
		{ "ansi_x3.4-1968", AS_UNKNOWN },
		{ "unknown", AS_UNKNOWN },
		{ "unknown-8bit", AS_UNKNOWN },
		{ "x-unknown", AS_UNKNOWN },
		{ "8bit", AS_UNKNOWN },
		{ "binary", AS_UNKNOWN },
		{ "utf-8", AS_UTF8 },
		{ "utf8", AS_UTF8 },
		{ "iso-8859-1", AS_WINDOWS_1252 },
		{ "iso8859-1", AS_WINDOWS_1252 },
		{ "latin1", AS_WINDOWS_1252 },
		{ "windows-1252", AS_WINDOWS_1252 },
		{ "cp1252", AS_WINDOWS_1252 },
	};

	for (size_t i = 0; i < sizeof(aliases) / sizeof(aliases[0]); i++)
		if (strcasecmp(charset, aliases[i].name) == 0)
			return aliases[i].as;
	return -1;
}

/* Charsets in which ASCII bytes may stand for something else. */
static bool
is_seven_bit(const char *charset)
{
	return strncasecmp(charset, "iso-2022", 8) == 0 || strncasecmp(charset, "utf-7", 5) == 0 ||
	       strncasecmp(charset, "utf7", 4) == 0 || strncasecmp(charset, "hz", 2) == 0;
}

static bool
is_wide(const char *charset)
{
	return strncasecmp(charset, "utf-16", 6) == 0 || strncasecmp(charset, "utf-32", 6) == 0 ||
	       strncasecmp(charset, "ucs", 3) == 0 || strncasecmp(charset, "utf16", 5) == 0 ||
	       strncasecmp(charset, "utf32", 5) == 0;
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

struct span
charset_to_utf8(struct arena *arena, struct span bytes, const char *charset)
{
	int as = known(charset);
	iconv_t cd;

	if (as < 0 && (is_seven_bit(charset) || is_wide(charset) || !is_ascii(bytes)) &&
	    is_name(charset) && (cd = iconv_open("UTF-8", charset)) != (iconv_t)-1) {
		struct span text = from_iconv(arena, bytes, cd);

		iconv_close(cd);
		/* A few tables of glibc give surrogates and the like. */
		return charset_is_utf8(text) ? text : mend_utf8(arena, text);
	}
	if (as == AS_WINDOWS_1252 && !is_ascii(bytes))
		return from_windows_1252(arena, bytes);
	if (charset_is_utf8(bytes))
		return bytes;
	return as == AS_UTF8 ? mend_utf8(arena, bytes) : from_windows_1252(arena, bytes);
}
