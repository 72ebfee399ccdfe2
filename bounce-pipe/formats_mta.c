/* Notices of mail servers that people run: Postfix, qmail, Exim. */
#include <string.h>

#include "formats.h"
#include "header.h"
#include "notice.h"

enum { HEADER_RECIPIENTS_MAX = 100 };

/* What begins a paragraph, until the next one that begins with an address or the text's end. */
struct paragraphs {
	struct span rest;
	struct span text;
};

static bool
next_paragraph(struct paragraphs *all)
{
	struct span line;
	const char *start = NULL;

	while (all->rest.len > 0) {
		const char *here = all->rest.ptr;

		span_line(&all->rest, &line);
		if (span_trim(line).len == 0) {
			if (start != NULL)
				return true;
			continue;
		}
		if (start == NULL)
			start = here;
		all->text = span_make(start, (size_t)(line.ptr + line.len - start));
	}
	return start != NULL;
}

static bool
is_postfix(const struct format_input *in)
{
	static const char *const words[] = { "this is the postfix ",
		"this is the mail system at host", NULL };

	return notice_has(in->text, words);
}

/* "<final> (expanded from <as the sender knows it>): host … said: …" */
static void
read_postfix(const struct format_input *in, struct report *report)
{
	const char *action = formats_action(in);
	struct paragraphs all = { .rest = in->text };

	while (next_paragraph(&all)) {
		struct span address, behind, rest, sender;
		size_t before = report->count;
		long end;

		if (all.text.ptr[0] != '<' || !notice_line_address(all.text, &address, &behind))
			continue;
		if (!span_starts(behind, SPAN("(expanded from"))) {
			formats_add(report, address, behind, action);
			continue;
		}
		end = span_find(behind, SPAN("):"));
		rest = behind;
		if (end < 0 || !notice_address(&rest, &sender))
			sender = address;
		formats_add(report, sender, end < 0 ? behind : span_from(behind, (size_t)end + 2),
		    action);
		if (report->count > before)
			report->recipients[before].final_address =
			    report_address(report->arena, address);
	}
}

static bool
is_qmail(const struct format_input *in)
{
	static const char *const words[] = { "this is the qmail-send program",
		"this is the qmail program", "hi. this is the", NULL };

	return notice_has(in->text, words);
}

/* qmail-send's own format (QSBMF): paragraphs "<recipient>:", then why on the lines below. */
static void
read_qmail(const struct format_input *in, struct report *report)
{
	const char *action = formats_action(in);
	struct paragraphs all = { .rest = in->text };

	while (next_paragraph(&all)) {
		struct span address, behind;

		if (all.text.ptr[0] == '<' && notice_line_address(all.text, &address, &behind))
			formats_add(report, address, behind, action);
	}
}

static bool
is_exim(const struct format_input *in)
{
	static const char *const words[] = { "created automatically by mail delivery software",
		NULL };

	return header_raw(in->root->header, "X-Failed-Recipients").ptr != NULL ||
	       notice_has(in->text, words);
}

static size_t
indent_of(struct span line)
{
	size_t n = 0;

	while (n < line.len && line.ptr[n] == ' ')
		n++;
	return n;
}

/* "(generated from info@example.org)": that is what the sender knows. */
static struct span
generated_from(struct span diagnostic, struct span address)
{
	static const struct span words = SPAN("generated from ");
	long at = span_find(diagnostic, words);
	struct span rest, found;

	if (at < 0)
		return address;
	rest = span_from(diagnostic, (size_t)at + words.len);
	return notice_address(&rest, &found) ? found : address;
}

static void
add_exim(struct report *report, struct span address, struct span diagnostic, const char *action)
{
	struct span known = generated_from(diagnostic, address);
	size_t before = report->count;

	if (address.ptr == NULL)
		return;
	formats_add(report, known, diagnostic, action);
	if (report->count > before && !span_eq(known, address))
		report->recipients[before].final_address = report_address(report->arena, address);
}

/* Addresses on lines of their own, indented by two, why below them, indented further. */
static void
read_exim_list(const struct format_input *in, const char *action, struct report *report)
{
	struct span rest = in->text, line, address = { NULL, 0 }, found, behind;
	const char *said = NULL;
	bool begun = false; /* above the list stands the sender's address, indented like it */

	while (span_line(&rest, &line)) {
		size_t indent = indent_of(line);

		if (!begun) {
			begun = span_ifind(line, SPAN("failed:")) >= 0 ||
				span_ifind(line, SPAN("delivered to")) >= 0 ||
				span_ifind(line, SPAN("address")) >= 0;
			continue;
		}
		if (indent == 2 && notice_line_address(line, &found, &behind) && behind.len < 60) {
			if (address.ptr != NULL)
				add_exim(report, address,
				    span_make(said, (size_t)(line.ptr - said)), action);
			address = found;
			said = behind.ptr;
		} else if (address.ptr != NULL && indent == 0 && span_trim(line).len > 0) {
			add_exim(report, address, span_make(said, (size_t)(line.ptr - said)),
			    action);
			address.ptr = NULL;
		}
	}
	if (address.ptr != NULL)
		add_exim(report, address,
		    span_make(said, (size_t)(in->text.ptr + in->text.len - said)), action);
}

static void
read_exim(const struct format_input *in, struct report *report)
{
	const char *action = formats_action(in);
	struct span failed = header_raw(in->root->header, "X-Failed-Recipients");
	struct span address;

	read_exim_list(in, action, report);
	if (report->count > 0)
		return;
	while (report->count < HEADER_RECIPIENTS_MAX && notice_address(&failed, &address))
		formats_add(report, address, formats_said(in, address), action);
}

const struct format formats_mta[] = {
	{ "postfix", is_postfix, read_postfix },
	{ "qmail", is_qmail, read_qmail },
	{ "exim", is_exim, read_exim },
	{ NULL, NULL, NULL },
};
