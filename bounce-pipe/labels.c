#include "labels.h"

#include <string.h>

#include "header.h"
#include "notice.h"

enum {
	ADDRESS_MAX = 320, /* bytes that an address may reach beyond the limit for its start */
	GAP_MAX = 40,      /* bytes between two addresses of one list */
};

/* Words, and the first address behind them. */
struct label {
	struct span words, address;
};

static bool
text_has(const struct format_input *in, const char *words)
{
	return *words == '\0' || formats_find(in, words) >= 0;
}

static bool
is_from_system(const struct format_input *in)
{
	return formats_is_daemon(in) ||
	       span_eq(header_raw(in->root->header, "Return-Path"), SPAN("<>"));
}

static bool
matches(const struct labels *row, const struct format_input *in)
{
	return text_has(in, row->sign) && span_ifind(span_of(in->from), span_of(row->from)) >= 0 &&
	       ((row->flags & LABELS_WHOLE) != 0 || text_has(in, row->to)) &&
	       ((row->flags & LABELS_DAEMON) == 0 || is_from_system(in));
}

bool
labels_match(const struct labels *rows, const struct format_input *in)
{
	for (; rows->name != NULL; rows++)
		if (matches(rows, in))
			return true;
	return false;
}

/* The notice with the message below it. */
static struct span
whole_text(const struct format_input *in)
{
	for (const struct mime_part *part = in->root; part != NULL; part = mime_next(part))
		if (part->child == NULL && mime_is(part, "text/plain") && part->body.len > 0)
			return mime_text(in->arena, part);
	return in->text;
}

/* East Asian signs, "：", "（", "、": parts of no address, though they are letters by their bytes. */
static bool
is_wide_sign(struct span text)
{
	return text.len >= 3 &&
	       (memcmp(text.ptr, "\xe3\x80", 2) == 0 || memcmp(text.ptr, "\xef\xbc", 2) == 0 ||
		   memcmp(text.ptr, "\xef\xbd", 2) == 0);
}

/* notice_address(), without the words that such signs part from it. */
static bool
take_address(struct span *rest, struct span *address)
{
	size_t start = 0, end, at;

	if (!notice_address(rest, address))
		return false;
	at = (size_t)span_find(*address, SPAN("@"));
	for (size_t i = 0; i < at; i++)
		if (is_wide_sign(span_from(*address, i)))
			start = i + 3;
	for (end = at; end < address->len && !is_wide_sign(span_from(*address, end)); end++)
		;
	if (start >= at || end <= at + 1)
		return true;
	*rest =
	    span_make(address->ptr + end, (size_t)(rest->ptr + rest->len - (address->ptr + end)));
	*address = span_make(address->ptr + start, end - start);
	return true;
}

/* An address that begins near the start of text. */
static bool
near_address(const struct labels *row, const struct format_input *in, struct span text,
    struct span *address)
{
	size_t near = row->near > 0 ? row->near : LABELS_NEAR;
	struct span rest =
	    span_make(text.ptr, text.len < near + ADDRESS_MAX ? text.len : near + ADDRESS_MAX);

	while (take_address(&rest, address) && address->ptr < text.ptr + near)
		if (row->near == 0 ||
		    (!formats_is_own(in, *address) && !formats_is_for_questions(text, *address)))
			return true;
	return false;
}

static bool
next_label(const struct labels *row, const struct format_input *in, struct span *rest,
    struct label *label)
{
	struct span to = span_of(row->to);
	long at;

	while ((at = span_ifind(*rest, to)) >= 0) {
		label->words = span_make(rest->ptr + at, to.len);
		*rest = span_from(*rest, (size_t)at + to.len);
		if (!near_address(row, in, *rest, &label->address))
			continue;
		*rest =
		    span_from(*rest, (size_t)(label->address.ptr + label->address.len - rest->ptr));
		return true;
	}
	return false;
}

/* The next of a list of addresses: nothing but signs is between it and the one before. */
static bool
next_address(struct span *rest, struct span *address)
{
	struct span behind = span_make(rest->ptr,
	    rest->len < GAP_MAX + ADDRESS_MAX ? rest->len : GAP_MAX + ADDRESS_MAX);

	if (!take_address(&behind, address) || address->ptr > rest->ptr + GAP_MAX)
		return false;
	for (const char *p = rest->ptr; p < address->ptr; p++)
		if (strchr(" \t\r\n<>,;*-\"'()", *p) == NULL || *p == '\0')
			return false;
	*rest = span_from(*rest, (size_t)(address->ptr + address->len - rest->ptr));
	return true;
}

/* Up to an empty line. */
static struct span
paragraph(struct span text)
{
	struct span rest = text, line;

	while (span_line(&rest, &line))
		if (span_trim(line).len == 0 && line.ptr > text.ptr)
			return span_make(text.ptr, (size_t)(line.ptr - text.ptr));
	return text;
}

static struct span
without_signs(struct span text)
{
	static const struct span signs[] = { SPAN(" "), SPAN("\t"), SPAN("\r"), SPAN("\n"),
		SPAN(":"), SPAN("："), SPAN(">"), SPAN("\""), SPAN("'"), SPAN(")") };

	for (size_t i = 0; i < sizeof(signs) / sizeof(signs[0]); i++)
		if (span_starts(text, signs[i])) {
			text = span_from(text, signs[i].len);
			i = (size_t)-1; /* from the first again */
		}
	return span_trim(text);
}

static struct span
behind_words(struct span text, const char *words)
{
	long at = *words != '\0' ? span_ifind(text, span_of(words)) : -1;

	return at < 0 ? span_make(NULL, 0) : span_from(text, (size_t)at + strlen(words));
}

/* behind: what follows the recipients of the label, up to the next one. */
static struct span
reason(const struct labels *row, const struct label *label, struct span behind, struct span why)
{
	struct span found = behind_words(behind, row->why), end;
	const char *start = label->words.ptr;
	long at;

	if ((row->flags & (LABELS_ABOVE | LABELS_WITH)) != 0) {
		if ((row->flags & LABELS_ABOVE) != 0)
			start += label->words.len;
		end = paragraph(behind);
		return without_signs(span_make(start, (size_t)(end.ptr + end.len - start)));
	}
	if (found.ptr == NULL)
		found = why.ptr != NULL ? why : behind;
	found = without_signs(found);
	at = *row->end != '\0' ? span_ifind(found, span_of(row->end)) : -1;
	return span_trim(at >= 0 ? span_make(found.ptr, (size_t)at) : paragraph(found));
}

static void
add(const struct labels *row, const struct label *label, struct span behind, struct span why,
    const char *action, struct report *report)
{
	struct span rest = behind, address = label->address, said, skipped;

	while (next_address(&rest, &skipped))
		;
	said = reason(row, label, rest, why);
	do
		formats_add(report, address, said, action);
	while (next_address(&behind, &address));
}

/* The next label of another recipient: words that name the same one again are part of its reason. */
static bool
next_other(const struct labels *row, const struct format_input *in, struct span *rest,
    const struct label *label, struct label *next)
{
	while (next_label(row, in, rest, next))
		if (!span_ieq(next->address, label->address))
			return true;
	return false;
}

static void
read_row(const struct labels *row, const struct format_input *in, struct report *report)
{
	struct span text = (row->flags & LABELS_WHOLE) != 0 ? whole_text(in) : in->text;
	struct span rest = text, why = behind_words(text, row->why);
	const char *action = formats_action(in);
	struct label label, next;
	bool more = next_label(row, in, &rest, &label);

	while (more && report->count < REPORT_RECIPIENTS_MAX) {
		struct span behind = rest;

		more = next_other(row, in, &rest, &label, &next);
		if (more)
			behind.len = (size_t)(next.words.ptr - behind.ptr);
		add(row, &label, behind, why, action, report);
		label = next;
	}
}

void
labels_read(const struct labels *rows, const struct format_input *in, struct report *report)
{
	for (; rows->name != NULL && report->count == 0; rows++) {
		if (!matches(rows, in))
			continue;
		read_row(rows, in, report);
		if (report->count > 0)
			report->format = rows->name;
	}
}
