#include "listing.h"

#include <string.h>

#include "notice.h"

enum {
	HEAD_MAX = 32 * 1024, /* bytes of a notice in which headings are looked for */
	LABEL_MAX = 500,      /* bytes behind a label that its address is in */
	ENTRIES_MAX = 200,
	SAID_MIN = 3, /* bytes that tell something */
};

#define NOTHING " \t\r\n.,:;>)]'*-=" /* what is between an address and what is said of it */

struct entry {
	struct span address;
	struct span line;   /* where it stands */
	struct span behind; /* up to the end of the list */
	struct span said;
};

struct list {
	struct entry entries[ENTRIES_MAX];
	size_t count;
};

static struct span
to_end(const char *from, struct span all)
{
	return span_make(from, (size_t)(all.ptr + all.len - from));
}

static struct span
up_to(struct span text, const char *end)
{
	return end > text.ptr ? span_make(text.ptr, (size_t)(end - text.ptr))
			      : span_make(text.ptr, 0);
}

static struct span
first_paragraph(struct span text)
{
	struct span rest = text, line;

	while (span_line(&rest, &line))
		if (span_trim(line).len == 0)
			return up_to(text, line.ptr);
	return text;
}

/* Behind what separates an address, or one paragraph, from what is said next. */
static struct span
without_lead(struct span text)
{
	while (text.len > 0 && text.ptr[0] != '\0' && strchr(NOTHING, text.ptr[0]) != NULL)
		text = span_from(text, 1);
	return span_trim(text);
}

struct span
listing_said(struct span text)
{
	struct span paragraph, rest;

	text = without_lead(text);
	paragraph = span_trim(first_paragraph(text));
	/* "could not be delivered:" only announces it */
	while (paragraph.len > 0 && paragraph.ptr[paragraph.len - 1] == ':' &&
	       (rest = without_lead(to_end(paragraph.ptr + paragraph.len, text))).len > 0) {
		text = rest;
		paragraph = span_trim(first_paragraph(text));
	}
	return formats_has_reply(paragraph) || !formats_has_reply(text) ? paragraph : text;
}

/* The address that begins this line, or the one behind the label in it. */
static bool
entry_of(const struct listing *row, const struct format_input *in, struct span line,
    struct span list, struct entry *entry)
{
	struct span rest = line, behind;
	long at = row->label != NULL ? span_ifind(line, span_of(row->label)) : 0;

	if (at < 0)
		return false;
	if (row->label != NULL) {
		rest = to_end(line.ptr + at + strlen(row->label), list);
		rest = span_trim(span_make(rest.ptr, rest.len < LABEL_MAX ? rest.len : LABEL_MAX));
	}
	if (!notice_line_address(rest, &entry->address, &behind) ||
	    (row->label == NULL && formats_is_own(in, entry->address)))
		return false;
	entry->line = line;
	entry->behind = to_end(behind.ptr, list);
	return true;
}

/* "a@b.example, c@d.example": what follows on the same line, with the same said of it. */
static bool
next_on_line(struct entry *last, struct span list, struct entry *entry)
{
	const char *end = last->line.ptr + last->line.len;
	struct span rest = last->behind, behind;

	if (rest.ptr >= end || (rest.ptr[0] != ',' && rest.ptr[0] != ';'))
		return false;
	rest = span_make(rest.ptr + 1, (size_t)(end - rest.ptr) - 1);
	if (!notice_line_address(rest, &entry->address, &behind))
		return false;
	entry->line = last->line;
	entry->behind = to_end(behind.ptr, list);
	return true;
}

static void
find_entries(const struct listing *row, const struct format_input *in, struct span text,
    struct list *list)
{
	struct span rest = text, line;

	while (list->count < ENTRIES_MAX && span_line(&rest, &line)) {
		if (!entry_of(row, in, line, text, &list->entries[list->count]))
			continue;
		list->count++;
		while (list->count < ENTRIES_MAX && next_on_line(&list->entries[list->count - 1],
							text, &list->entries[list->count]))
			list->count++;
	}
}

static bool
is_empty(struct span said)
{
	size_t words = 0;

	for (size_t i = 0; i < said.len && words < SAID_MIN; i++)
		words += ((unsigned char)said.ptr[i] | 32) >= 'a' ||
			 (said.ptr[i] >= '0' && said.ptr[i] <= '9');
	return words < SAID_MIN;
}

/* What stands between an entry and its neighbours. */
static struct span
said_of(const struct listing *row, struct span text, const struct entry *entry,
    const struct entry *before, const struct entry *next)
{
	const char *end = next != NULL ? next->line.ptr : text.ptr + text.len;
	const char *line_end = entry->line.ptr + entry->line.len;

	switch (row->said) {
	case LISTING_BEFORE:
		return listing_said(up_to(before != NULL ? before->behind : text, entry->line.ptr));
	case LISTING_LINE:
		return listing_said(up_to(to_end(entry->line.ptr, text), end));
	case LISTING_BELOW:
		return listing_said(
		    up_to(to_end(line_end > entry->behind.ptr ? line_end : entry->behind.ptr, text),
			end));
	case LISTING_BEHIND:
		break;
	}
	return listing_said(up_to(entry->behind, end));
}

/* What stands behind the words for a reason, ptr NULL: they are not there. */
static struct span
reason_in(const struct listing *row, struct span text)
{
	long at = row->reason != NULL ? span_ifind(text, span_of(row->reason)) : -1;

	if (at < 0)
		return span_make(NULL, 0);
	return listing_said(span_from(text, (size_t)at + strlen(row->reason)));
}

/* One reason below several addresses is said of each of them. */
static void
share_reasons(const struct listing *row, const struct format_input *in, struct list *list)
{
	struct span common = reason_in(row, in->text);

	for (size_t i = list->count; i > 0; i--) {
		struct entry *entry = &list->entries[i - 1];
		struct span own = reason_in(row, entry->said);

		if (own.len > 0)
			entry->said = own;
		else if (common.len > 0 && !formats_has_reply(entry->said))
			entry->said = common;
		else if (is_empty(entry->said) && i < list->count)
			entry->said = list->entries[i].said;
		else if (is_empty(entry->said))
			entry->said = formats_said(in, entry->address);
	}
}

static void
read_row(const struct listing *row, const struct format_input *in, struct span text,
    struct list *list, struct report *report)
{
	const char *action = listing_action(in);

	list->count = 0;
	find_entries(row, in, text, list);
	for (size_t i = 0; i < list->count; i++)
		list->entries[i].said =
		    said_of(row, text, &list->entries[i], i > 0 ? &list->entries[i - 1] : NULL,
			i + 1 < list->count ? &list->entries[i + 1] : NULL);
	share_reasons(row, in, list);
	for (size_t i = 0; i < list->count; i++) {
		const struct entry *entry = &list->entries[i];
		struct report_recipient *added =
		    formats_add(report, entry->address, entry->said, action);

		if (added != NULL && row->complete != NULL)
			row->complete(report, added, entry->said);
	}
}

const char *
listing_action(const struct format_input *in)
{
	static const char *const words[] = { "successfully relayed to", "successfully delivered to",
		"had successful delivery", "has been successfully", NULL };

	return formats_has(in, words) ? "relayed" : formats_action(in);
}

void
listing_read(const struct listing *rows, const struct format_input *in, struct report *report)
{
	struct span head =
	    span_make(in->text.ptr, in->text.len < HEAD_MAX ? in->text.len : HEAD_MAX);
	struct list *list = NULL;

	for (; rows->name != NULL && report->count == 0; rows++) {
		long at = notice_may_have(&in->pairs, rows->begin)
			      ? span_ifind(head, span_of(rows->begin))
			      : -1;

		if (at < 0)
			continue;
		if (list == NULL)
			list = arena_alloc(in->arena, sizeof(*list));
		if (rows->label == NULL)
			at += (long)strlen(rows->begin);
		read_row(rows, in, span_from(in->text, (size_t)at), list, report);
		if (report->count > 0)
			report->format = rows->name;
	}
}
