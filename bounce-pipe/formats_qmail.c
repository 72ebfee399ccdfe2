/* Notices in the form of qmail-send (QSBMF) and of the many systems that patched its words. */
#include "formats.h"
#include "listing.h"
#include "notice.h"

static bool
is_qmail(const struct format_input *in)
{
	static const char *const words[] = { "this is the qmail-send program",
		"this is the qmail program", "hi. this is the", NULL };

	return formats_has(in, words);
}

/* A line "<recipient>:" and nothing else begins each paragraph of the form. */
static bool
is_entry(struct span line, struct span *address)
{
	struct span behind;

	line = span_trim(line);
	return line.len > 0 && line.ptr[0] == '<' && notice_line_address(line, address, &behind) &&
	       span_eq(span_from(line, (size_t)(address->ptr + address->len - line.ptr)),
		   SPAN(">:"));
}

/* The same with other words above; only a mail system writes it. */
static bool
is_qsbmf(const struct format_input *in)
{
	struct span rest = in->text, line, address;

	if (!formats_is_daemon(in))
		return false;
	while (span_line(&rest, &line))
		if (is_entry(line, &address))
			return true;
	return false;
}

/* qmail-remote names the host by its address, before or behind what it said. */
static void
find_host(struct report *report, struct report_recipient *recipient, struct span said)
{
	static const struct span words[] = { SPAN("Giving up on "), SPAN("Connected to ") };

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		long at = span_find(said, words[i]);

		if (*recipient->remote_mta == '\0' && at >= 0)
			recipient->remote_mta =
			    report_host(report->arena, span_from(said, (size_t)at + words[i].len));
	}
}

static void
add(struct report *report, struct span address, struct span said, const char *action)
{
	struct report_recipient *recipient =
	    formats_add(report, address, listing_said(said), action);

	if (recipient != NULL)
		find_host(report, recipient, said);
}

/* Some patches write the reason behind the colon. */
static bool
is_loose_entry(struct span line, struct span *address)
{
	struct span behind;

	return line.len > 0 && line.ptr[0] == '<' && notice_line_address(line, address, &behind) &&
	       span_starts(span_from(line, (size_t)(address->ptr + address->len - line.ptr)),
		   SPAN(">:"));
}

static void
read_entries(const struct format_input *in, bool (*begins)(struct span line, struct span *address),
    struct report *report)
{
	const char *action = formats_action(in);
	struct span rest = in->text, line, address = { NULL, 0 }, next;
	const char *said = NULL;

	while (span_line(&rest, &line)) {
		if (!begins(line, &next))
			continue;
		if (address.ptr != NULL)
			add(report, address, span_make(said, (size_t)(line.ptr - said)), action);
		address = next;
		said = next.ptr + next.len + 2; /* ">:" */
	}
	if (address.ptr != NULL)
		add(report, address, span_make(said, (size_t)(in->text.ptr + in->text.len - said)),
		    action);
}

static void
read_qmail(const struct format_input *in, struct report *report)
{
	read_entries(in, is_entry, report);
	if (report->count == 0)
		read_entries(in, is_loose_entry, report);
}

const struct format formats_qmail[] = {
	{ "qmail", is_qmail, read_qmail },
	{ "qsbmf", is_qsbmf, read_qmail },
	{ NULL, NULL, NULL },
};
