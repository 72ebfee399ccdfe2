/* Gmail, before it spoke RFC 3464 and where only its text is left, and Google Groups. */
#include <string.h>

#include "charset.h"
#include "formats.h"
#include "header.h"
#include "notice.h"

enum {
	HEADER_RECIPIENTS_MAX = 100,
	STATEMENT_MAX = 600, /* bytes of a notice that says it all in its first sentence */
	LINK_MAX = 100,
};

static bool
is_google(const struct format_input *in)
{
	return span_ifind(span_of(in->from), SPAN("mailer-daemon@google")) >= 0;
}

static struct span
failed_field(const struct format_input *in)
{
	return header_raw(in->root->header, "X-Failed-Recipients");
}

/* A link to the help for groups, in every language; groups of a company's domain have another. */
static struct span
group_link(struct span text)
{
	static const struct span links[] = { SPAN("https://groups.google.com/support"),
		SPAN("http://groups.google.com/support"), SPAN("https://support.google.com/a/"),
		SPAN("http://support.google.com/a/"), SPAN("Google Groups") };

	for (size_t i = 0; i < sizeof(links) / sizeof(links[0]); i++) {
		long at = span_find(text, links[i]);
		size_t len = links[i].len;

		if (at < 0)
			continue;
		text = span_from(text, (size_t)at);
		while (len < text.len && len < LINK_MAX && (unsigned char)text.ptr[len] > ' ')
			len++;
		return span_make(text.ptr, len);
	}
	return span_make("", 0);
}

static bool
is_groups(const struct format_input *in)
{
	static const char *const details[] = { "technical details of", "the response was", NULL };

	return is_google(in) && failed_field(in).ptr != NULL && group_link(in->text).len > 0 &&
	       !formats_has(in, details);
}

/* The name of the group is in the text, its address in the header only. */
static void
read_groups(const struct format_input *in, struct report *report)
{
	struct span failed = failed_field(in), address, link = group_link(in->text);
	struct span said = charset_cut(span_trim(in->text), STATEMENT_MAX);
	const char *diagnostic =
	    arena_printf(in->arena, "%.*s %.*s", (int)said.len, said.ptr, (int)link.len, link.ptr);

	while (report->count < HEADER_RECIPIENTS_MAX && notice_address(&failed, &address))
		formats_add(report, address, span_of(diagnostic), "failed");
}

static const struct span lists[] = { SPAN("delivery to the following recipient"),
	SPAN("delivery to these recipients") };

static bool
is_gmail(const struct format_input *in)
{
	return is_google(in) || (span_ifind(in->text, lists[0]) >= 0 &&
				    span_ifind(in->text, SPAN("technical details of")) >= 0);
}

/* A line that is an address and nothing else: "     someone@example.org", "  * …". */
static bool
only_address(struct span line, struct span *address)
{
	struct span behind;

	return notice_line_address(line, address, &behind) && span_trim(behind).len == 0;
}

/* The host in "[(0) mx.example.org. [192.0.2.1]:25: socket error]", "[mx.example.org. (10): …]",
 * "[mx.example.org 192.0.2.1: timed out]". */
static const char *
host_in_brackets(struct arena *arena, struct span text)
{
	long at;

	while ((at = span_find(text, SPAN("["))) >= 0) {
		const char *host;
		struct span behind;

		text = span_from(text, (size_t)at + 1);
		at = span_starts(text, SPAN("(")) ? span_find(text, SPAN(") ")) : -1;
		if (at > 0 && at < 6)
			text = span_from(text, (size_t)at + 2);
		host = report_host(arena, text);
		behind = span_from(text, strlen(host));
		if (span_starts(behind, SPAN(".")))
			behind = span_from(behind, 1);
		if (strchr(host, '.') != NULL && strspn(host, "0123456789.:") < strlen(host) &&
		    behind.len > 1 && behind.ptr[0] == ' ' &&
		    strchr("[(0123456789", behind.ptr[1]) != NULL)
			return host;
	}
	return "";
}

static void
complete_host(struct report *report)
{
	for (size_t i = 0; i < report->count; i++) {
		struct report_recipient *recipient = &report->recipients[i];

		if (*recipient->remote_mta == '\0')
			recipient->remote_mta =
			    host_in_brackets(report->arena, span_of(recipient->diagnostic));
	}
}

/* Recipients on lines of their own, and why below all of them. */
static void
read_list(const struct format_input *in, const char *action, struct report *report)
{
	struct span rest = in->text, line, address, said = { NULL, 0 };
	bool begun = false;

	for (int pass = 0; pass < 2; pass++) {
		rest = in->text;
		begun = false;
		while (span_line(&rest, &line)) {
			if (!begun) {
				begun = span_ifind(line, lists[0]) >= 0;
				continue;
			}
			if (span_trim(line).len == 0)
				continue;
			if (!only_address(line, &address)) {
				said = span_make(line.ptr,
				    (size_t)(in->text.ptr + in->text.len - line.ptr));
				break;
			}
			if (pass == 1)
				formats_add(report, address, span_trim(said), action);
		}
	}
}

/* What the other server said, where the notice says so in English; else all of it. */
static struct span
response(struct span text)
{
	static const struct span words[] = { SPAN("the response was:"),
		SPAN("the response from the remote server was:") };

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		long at = span_ifind(text, words[i]);

		if (at >= 0)
			return span_trim(span_from(text, (size_t)at + words[i].len));
	}
	return span_trim(text);
}

/* Newer ones, without the list and in many languages. */
static void
read_header(const struct format_input *in, const char *action, struct report *report)
{
	struct span failed = failed_field(in), address, rest = in->text;
	struct span said = response(in->text);

	while (report->count < HEADER_RECIPIENTS_MAX && notice_address(&failed, &address))
		formats_add(report, address, said, action);
	while (report->count == 0 && notice_address(&rest, &address))
		if (!formats_is_own(in, address))
			formats_add(report, address, said, action);
}

static void
read_gmail(const struct format_input *in, struct report *report)
{
	const char *action = formats_action(in);

	read_list(in, action, report);
	if (report->count == 0)
		read_header(in, action, report);
	complete_host(report);
}

const struct format formats_google[] = {
	{ "googlegroups", is_groups, read_groups },
	{ "gmail", is_gmail, read_gmail },
	{ NULL, NULL, NULL },
};
