#include "notice.h"

#include <string.h>

#include "charset.h"
#include "delivery_status.h"
#include "html.h"

enum {
	TEXT_MAX = 256 * 1024, /* bytes of a notice that are looked at */
	ABOUT_MAX = 4096,
	LOCAL_MAX = 64, /* bytes of a quoted local part */
};

static unsigned
pair_at(const char *at)
{
	return ((unsigned)at[0] & 31) << 5 | ((unsigned)at[1] & 31);
}

void
notice_pairs_of(struct span text, struct notice_pairs *pairs)
{
	*pairs = (struct notice_pairs){ 0 };
	for (size_t i = 1; i < text.len; i++) {
		unsigned pair = pair_at(text.ptr + i - 1);

		pairs->bits[pair / 64] |= UINT64_C(1) << pair % 64;
	}
}

bool
notice_may_have(const struct notice_pairs *pairs, const char *word)
{
	for (; word[0] != '\0' && word[1] != '\0'; word++) {
		unsigned pair = pair_at(word);

		if ((pairs->bits[pair / 64] >> pair % 64 & 1) == 0)
			return false;
	}
	return true;
}

bool
notice_has_by(const struct notice_pairs *pairs, struct span text, const char *const *words)
{
	for (; *words != NULL; words++)
		if (notice_may_have(pairs, *words) && span_ifind(text, span_of(*words)) >= 0)
			return true;
	return false;
}

bool
notice_has(struct span text, const char *const *words)
{
	struct notice_pairs pairs;

	if (text.len == 0)
		return false;
	notice_pairs_of(text, &pairs);
	return notice_has_by(&pairs, text, words);
}

struct span
notice_text(struct arena *arena, const struct mime_part *root)
{
	const struct mime_part *html = NULL;
	struct span text;

	for (const struct mime_part *part = root; part != NULL; part = mime_next(part)) {
		if (part->child != NULL || mime_is_message(part))
			continue;
		if (part == root && mime_is_multipart(part)) { /* announced, but there are none */
			text = charset_cut(mime_text(arena, part), TEXT_MAX);
			text.len = notice_returned(text);
			return text;
		}
		if (mime_is(part, "text/html") && html == NULL)
			html = part;
		if (!mime_is(part, "text/plain") || delivery_status_is(part))
			continue;
		text = charset_cut(mime_text(arena, part), TEXT_MAX);
		if (span_trim(text).len > 0) {
			text.len = notice_returned(text);
			return text;
		}
	}
	if (html == NULL)
		return span_make("", 0);
	text = html_text(arena, charset_cut(mime_text(arena, html), TEXT_MAX));
	text.len = notice_returned(text);
	return text;
}

/* Words on the line above a message that came back. */
static bool
announces_message(struct span line)
{
	static const char *const words[] = {
		"below this line is a copy of the message",
		"this is a copy of the message",
		"this is a copy of your message",
		"this is the copy of your message",
		"a copy of the message, including all the headers",
		"header of the original message",
		"headers of the original message",
		"headers of the message follow",
		"message headers follow",
		"message header follows",
		"original message follows",
		"original message headers",
		"original message header",
		"undelivered message follows",
		"unsent message follows",
		"returned message follows",
		"unsent message below",
		"original message is included below",
		"original message ---",
		"original message:",
		"returned message ---",
		"message text follows",
		"text of your message follows",
		"copy of the original message",
		"start of returned message",
		"your original message reads",
		NULL,
	};

	return notice_has(line, words);
}

/* A field that begins the header of a message and no sentence. */
static bool
begins_header(struct span line)
{
	static const struct span names[] = { SPAN("Return-Path: <"), SPAN("Received: from "),
		SPAN("Received: by "), SPAN("Received: (qmail"), SPAN("DKIM-Signature: v="),
		SPAN("X-Original-To: ") };

	while (line.len > 0 && (line.ptr[0] == '>' || line.ptr[0] == ' '))
		line = span_from(line, 1);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (span_istarts(line, names[i]))
			return true;
	return false;
}

size_t
notice_returned(struct span text)
{
	struct span rest = text, line;

	for (;;) {
		const char *start = rest.ptr;

		if (!span_line(&rest, &line))
			return text.len;
		if ((line.len < 120 && announces_message(line)) || begins_header(line))
			return (size_t)(start - text.ptr);
	}
}

/* Bytes that a bare address has; quoted local parts are only read in < >. */
static bool
is_address_byte(char c)
{
	return (unsigned char)c > ' ' && c != 0x7f && strchr("@<>()[],;:\"\\|`{}", c) == NULL;
}

static bool
is_domain_byte(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '-' || c == '.' || c == '_' || ((unsigned char)c & 0x80) != 0;
}

/* A character of a script without blanks between words, or a sign of such texts, begins at s. Lead
 * bytes: quotation marks and NBSP, Arabic punctuation, everything of three bytes. */
static bool
is_word_break(struct span s)
{
	unsigned char c = s.len > 0 ? (unsigned char)s.ptr[0] : 0;
	unsigned char next = s.len > 1 ? (unsigned char)s.ptr[1] : 0;

	return (c == 0xc2 && next < 0xc0) || (c == 0xd8 && next == 0x8c) || (c >= 0xe2 && c < 0xf0);
}

/* Where an unquoted local part begins that ends before at. In "宛先user@example.jp" the words before
 * it are none of it; an address in such a script has no ASCII there. */
static size_t
local_part(struct span s, size_t at)
{
	size_t start = at;
	bool ascii = true;

	while (start > 0 && at - start < LOCAL_MAX * 5 && is_address_byte(s.ptr[start - 1])) {
		bool high = ((unsigned char)s.ptr[start - 1] & 0x80) != 0;

		if (high && ascii && start < at &&
		    ((start >= 3 && ((unsigned char)s.ptr[start - 3] & 0xe0) == 0xe0 &&
			 is_word_break(span_from(s, start - 3))) ||
			(start >= 2 && is_word_break(span_make(s.ptr + start - 2, 2)))))
			break;
		ascii = ascii && !high;
		start--;
	}
	return start;
}

/* Where a domain ends that begins at start: also before words that follow without a blank. */
static size_t
domain_end(struct span s, size_t start)
{
	size_t end = start, label = start;
	bool ascii = true, dot = false;

	while (end < s.len && is_domain_byte(s.ptr[end])) {
		if (s.ptr[end] == '.') {
			label = end + 1;
			dot = true;
			ascii = true;
		} else if (((unsigned char)s.ptr[end] & 0x80) != 0) {
			if (dot && ascii && end >= label + 2 && is_word_break(span_from(s, end)))
				break;
			ascii = false;
		}
		end++;
	}
	while (end > start && (s.ptr[end - 1] == '.' || s.ptr[end - 1] == '-'))
		end--;
	return end;
}

bool
notice_address(struct span *rest, struct span *address)
{
	struct span s = *rest;

	for (size_t at = 0; at < s.len; at++) {
		size_t start, end;

		if (s.ptr[at] != '@')
			continue;
		if (at > 0 && s.ptr[at - 1] == '"') { /* "quoted local part"@ */
			start = at - 1;
			while (start > 0 && at - start < LOCAL_MAX && s.ptr[start - 1] != '"' &&
			       s.ptr[start - 1] != '\n')
				start--;
			start = start > 0 && s.ptr[start - 1] == '"' ? start - 1 : at;
		} else {
			start = local_part(s, at);
		}
		end = domain_end(s, at + 1);
		while (start < at && (s.ptr[start] == '\'' || s.ptr[start] == '*'))
			start++;
		if (start == at || end == at + 1)
			continue;
		*address = span_make(s.ptr + start, end - start);
		*rest = span_from(s, end);
		return true;
	}
	return false;
}

bool
notice_line_address(struct span line, struct span *address, struct span *behind)
{
	size_t lead = 0;

	while (lead < line.len && strchr(" \t<\"'*->[(", line.ptr[lead]) != NULL &&
	       line.ptr[lead] != '\0')
		lead++;
	line = span_from(line, lead);
	*behind = line;
	if (!notice_address(behind, address) || address->ptr != line.ptr)
		return false;
	while (behind->len > 0 && strchr(" \t>\"':)]", behind->ptr[0]) != NULL &&
	       behind->ptr[0] != '\0')
		*behind = span_from(*behind, 1);
	return true;
}

/* Up to the end of a paragraph, or to a line that begins with the next address. */
static size_t
paragraph(struct span text)
{
	struct span rest = text, line, address, behind;

	while (span_line(&rest, &line))
		if (span_trim(line).len == 0 ||
		    (line.ptr != text.ptr && notice_line_address(line, &address, &behind) &&
			!span_starts(
			    span_from(line, (size_t)(address.ptr + address.len - line.ptr)),
			    SPAN(" "))))
			return (size_t)(line.ptr - text.ptr);
	return text.len;
}

struct span
notice_about(struct span text, const char *address)
{
	long at = *address != '\0' ? span_ifind(text, span_of(address)) : -1;
	struct span rest;
	size_t len;

	if (at < 0)
		return span_make("", 0);
	rest = span_from(text, (size_t)at + strlen(address));
	while (rest.len > 0 && strchr(" \t>\"':,)]", rest.ptr[0]) != NULL && rest.ptr[0] != '\0')
		rest = span_from(rest, 1);
	len = paragraph(rest);
	if (span_trim(span_make(rest.ptr, len)).len < 8) { /* it stands below its address */
		rest = span_trim(rest);
		len = paragraph(rest);
	}
	return span_trim(span_make(rest.ptr, len < ABOUT_MAX ? len : ABOUT_MAX));
}

struct span
notice_paragraph(struct span text, const char *address)
{
	long at = *address != '\0' ? span_ifind(text, span_of(address)) : -1;
	struct span rest = text, line;
	const char *start = text.ptr;

	if (at < 0)
		return span_make("", 0);
	while (span_line(&rest, &line)) {
		bool blank = span_trim(line).len == 0;

		if (blank && line.ptr > text.ptr + at)
			return span_trim(span_make(start, (size_t)(line.ptr - start)));
		if (blank)
			start = rest.ptr;
	}
	return span_trim(span_make(start, (size_t)(text.ptr + text.len - start)));
}
