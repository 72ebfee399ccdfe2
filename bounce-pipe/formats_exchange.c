/* Notices of Exchange 5.5 to 2019 and Office 365, in the languages they are written in. */
#include <string.h>

#include "dsn.h"
#include "formats.h"
#include "listing.h"
#include "notice.h"

enum { SAID_MAX = 2000 }; /* bytes of what a server said */

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* "<mx.example.org #5.5.0 smtp;550 5.1.1 User unknown>", "#<mx… #5.1.1 smtp; …> #SMTP#" */
static void
find_host(struct report *report, struct report_recipient *recipient, struct span said)
{
	static const struct span remote = SPAN("Remote server (");
	long at = span_find(said, remote);

	if (*recipient->remote_mta != '\0')
		return;
	if (at >= 0) {
		recipient->remote_mta =
		    report_host(report->arena, span_from(said, (size_t)at + remote.len));
		return;
	}
	for (size_t i = 0; i + 3 < said.len; i++) {
		size_t end = i + 1;

		if (said.ptr[i] != '<')
			continue;
		while (end < said.len && (unsigned char)said.ptr[end] > ' ' &&
		       said.ptr[end] != '@' && said.ptr[end] != '>')
			end++;
		if (end + 2 < said.len && said.ptr[end] == ' ' && said.ptr[end + 1] == '#' &&
		    is_digit(said.ptr[end + 2])) {
			recipient->remote_mta =
			    report_host(report->arena, span_make(said.ptr + i + 1, end - i - 1));
			return;
		}
	}
}

/* Headings above the recipients, up to the 2003 release; behind a recipient stands the date. */
#define HEADING(words)                                                         \
	{ "exchange2003", words, NULL, NULL, LISTING_BELOW, find_host },       \
	{                                                                      \
		"exchange2003", words, "SMTP=", NULL, LISTING_BELOW, find_host \
	}

static const struct listing headings[] = {
	HEADING("did not reach the following recipient"),
	HEADING("following recipient(s) could not be reached"),
	HEADING("following recipient(s) cannot be reached"),
	HEADING("following recipients could not be reached"),
	{ NULL, NULL, NULL, NULL, LISTING_BEHIND, NULL },
};

/* Headings above the recipients from the 2007 release on, and what came later in tables. */
static const struct listing tables[] = {
	{ "exchange2007", "Delivery has failed to these recipients", NULL, NULL, LISTING_BEHIND,
	    find_host },
	{ "exchange2007", "Delivery has failed to these recipients", "<mailto:", NULL,
	    LISTING_BEHIND, find_host },
	{ "exchange2007", "Delivery is delayed to these recipients", NULL, NULL, LISTING_BEHIND,
	    find_host },
	{ "exchange2007", "Delivery is delayed to these recipients", "<mailto:", NULL,
	    LISTING_BEHIND, find_host },
	{ "exchange2007", "couldn't be delivered to the following", NULL,
	    "Reported error:", LISTING_BEHIND, find_host },
	{ "office365", "Your message to ", "Your message to ", "Reported error:", LISTING_BEHIND,
	    find_host },
	{ NULL, NULL, NULL, NULL, LISTING_BEHIND, NULL },
};

/* The system names itself, or a reason in its own terms. */
static bool
is_exchange(const struct format_input *in)
{
	static const char *const words[] = { "MSEXCH:", "Microsoft Exchange", "RESOLVER.", "#SMTP#",
		"Remote Server returned '",
		"for administrators:", "Reported error:", "did not reach the following recipient",
		"recipient(s) could not be reached", "recipient(s) cannot be reached",
		"Delivery has failed to these recipients",
		"Delivery is delayed to these recipients", "##", NULL };

	return formats_has(in, words);
}

static bool
is_2003(const struct format_input *in)
{
	static const char *const products[] = { "MSEXCH:", " smtp;", "hMailServer", NULL };

	return formats_is_daemon(in) || formats_has(in, products);
}

/* "<mx.example.org #5.5.0 smtp;550 …>" */
static bool
has_host_and_status(struct span line)
{
	long at = span_find(line, SPAN(" #"));

	line = span_trim(line);
	return line.len > 0 && line.ptr[0] == '<' && at >= 0 && span_find(line, SPAN("@")) < 0 &&
	       formats_has_reply(line);
}

/* In any language: the line above that begins with an address names the recipient. */
static void
read_any_language(const struct format_input *in, struct report *report)
{
	const char *action = formats_action(in);
	struct span rest = in->text, line, address = { NULL, 0 }, found, behind;

	while (span_line(&rest, &line))
		if (address.ptr != NULL && has_host_and_status(line)) {
			const char *start = address.ptr + address.len;
			struct span said = span_make(start, (size_t)(line.ptr + line.len - start));
			struct report_recipient *added = formats_add(report, address, said, action);

			if (added != NULL)
				find_host(report, added, said);
			address.ptr = NULL;
		} else if (notice_line_address(line, &found, &behind) &&
			   !formats_is_own(in, found)) {
			address = found;
		}
}

static void
read_2003(const struct format_input *in, struct report *report)
{
	listing_read(headings, in, report);
	if (report->count == 0)
		read_any_language(in, report);
}

static void
read_table(const struct format_input *in, struct report *report)
{
	listing_read(tables, in, report);
}

/* Below an address, for the administrator, in whatever language:
 *   #550 5.1.1 RESOLVER.ADR.RecipNotFound; not found ##
 *   mx.example.org #550 5.1.1 User unknown ##      host #<host #5.1.1 smtp; 550 …> #SMTP#
 *   Remote Server returned '550 5.1.10 …'          mx.example.org
 *                                                  Remote Server returned '550 …'
 */
static bool
is_diagnosis(struct span line)
{
	for (size_t i = 0; i + 4 < line.len; i++)
		if ((line.ptr[i] == '#' &&
			(line.ptr[i + 1] == '<' ||
			    (is_digit(line.ptr[i + 1]) && is_digit(line.ptr[i + 2])) ||
			    (is_digit(line.ptr[i + 1]) && line.ptr[i + 2] == '.'))) ||
		    ((line.ptr[i] == '\'' || line.ptr[i] == '"') &&
			(dsn_parse_code(span_make(line.ptr + i + 1, 3)) >= 400 ||
			    (line.ptr[i + 1] == '<' && span_find(line, SPAN(" #")) >= 0))))
			return true;
	return false;
}

/* The line has this address and nothing else, but for a link to it or who has it. */
static bool
is_lone_address(struct span line, struct span *address)
{
	struct span behind;

	line = span_trim(line);
	return notice_line_address(line, address, &behind) &&
	       (behind.len == 0 || span_starts(behind, SPAN("<mailto:")));
}

/* A bare host name. */
static bool
is_host_line(struct span line)
{
	line = span_trim(line);
	return line.len > 0 && span_find(line, SPAN(".")) > 0 && span_find(line, SPAN(" ")) < 0 &&
	       span_find(line, SPAN("@")) < 0;
}

static void
add_diagnosed(struct report *report, struct span address, struct span host, struct span said,
    const char *action)
{
	struct report_recipient *recipient =
	    formats_add(report, address, listing_said(said), action);

	if (recipient == NULL)
		return;
	if (*recipient->remote_mta == '\0' && host.len > 0)
		recipient->remote_mta = report_host(report->arena, host);
	find_host(report, recipient, said);
}

/* "mx.example.org #550 5.1.1 …": the host is the first word, unless it is the one that reports. */
static struct span
host_before(struct span line)
{
	long at = span_find(line, SPAN(" #"));

	line = span_trim(at > 0 ? span_make(line.ptr, (size_t)at) : span_make("", 0));
	return is_host_line(line) ? line : span_make("", 0);
}

static void
read_diagnoses(const struct format_input *in, struct report *report)
{
	const char *action = formats_action(in);
	size_t found = 0;
	struct span rest = in->text, line, address, last = { NULL, 0 }, host = { "", 0 };

	while (found < REPORT_RECIPIENTS_MAX && span_line(&rest, &line)) {
		if (is_lone_address(line, &address)) {
			last = address;
			host = span_make("", 0);
		} else if (last.ptr != NULL && is_diagnosis(line)) {
			size_t left = (size_t)(in->text.ptr + in->text.len - line.ptr);

			add_diagnosed(report, last, host.len > 0 ? host : host_before(line),
			    span_make(line.ptr, left < SAID_MAX ? left : SAID_MAX), action);
			last.ptr = NULL;
			found++;
		} else if (last.ptr != NULL && is_host_line(line)) {
			host = span_trim(line);
		} else if (span_trim(line).len > 0) {
			last.ptr = NULL;
		}
	}
}

const struct format formats_exchange[] = {
	{ "exchange2007", is_exchange, read_diagnoses },
	{ "exchange2003", is_2003, read_2003 },
	{ "exchange2007", is_exchange, read_table },
	{ NULL, NULL, NULL },
};
