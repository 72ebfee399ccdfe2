/*
 * Notices of Sendmail 5 to 8 and of the systems that write like it: addresses with their reasons
 * ("had permanent fatal errors"), or the transcript of the session alone.
 */
#include <string.h>

#include "dsn.h"
#include "formats.h"
#include "listing.h"
#include "notice.h"

enum { FATES_MAX = 100 };

/* What became of an address, by the transcript. */
struct fate {
	struct span address; /* ptr is NULL: of all */
	struct span line;    /* the system's own words: "550 <a@b.example>... User unknown" */
	struct span reply;   /* the other server's, "" */
	struct span host;    /* "" */
};

struct transcript {
	struct fate fates[FATES_MAX];
	size_t count;
	struct span host, reply; /* of the session at this line */
};

static bool
is_sendmail(const struct format_input *in)
{
	static const char *const words[] = { "transcript of session follows",
		"transcript of the session follows", "had permanent fatal errors",
		"had transient non-fatal errors", "had delivery problems",
		"had successful delivery notifications", NULL };

	return formats_has(in, words);
}

static bool
begins_with_code(struct span line)
{
	return line.len > 4 && (line.ptr[3] == ' ' || line.ptr[3] == '-') &&
	       dsn_parse_code(span_make(line.ptr, 3)) >= 400;
}

/* "554 <a@b.example>... 550 Host unknown": the code behind the dots is the one that tells. */
static struct span
own_words(struct span line)
{
	static const struct span dots = SPAN("... ");
	long at = span_find(line, dots);
	struct span behind = at >= 0 ? span_from(line, (size_t)at + dots.len) : line;

	return begins_with_code(behind) ? behind : line;
}

static void
add_fate(struct transcript *all, struct span line)
{
	struct fate *fate = &all->fates[all->count];
	struct span rest = line;

	if (all->count == FATES_MAX)
		return;
	*fate = (struct fate){ .line = own_words(line), .host = all->host };
	if (fate->line.ptr == line.ptr)
		fate->reply = all->reply;
	if (!notice_address(&rest, &fate->address)) { /* of a host: the session is over */
		fate->address = span_make(NULL, 0);
		all->host = all->reply = span_make("", 0);
	}
	all->count++;
}

static void
extend(struct span *text, struct span line)
{
	if (text->len == 0)
		*text = line;
	text->len = (size_t)(line.ptr + line.len - text->ptr);
}

static void
read_line(struct transcript *all, struct span line)
{
	static const struct span talking = SPAN("while talking to ");
	long at;

	line = span_trim(line);
	at = span_ifind(line, talking);
	if (at >= 0) {
		all->host = span_from(line, (size_t)at + talking.len);
		all->reply = span_make("", 0);
	} else if (span_starts(line, SPAN(">>> "))) {
		all->reply = span_make("", 0);
	} else if (span_starts(line, SPAN("<<< "))) {
		extend(&all->reply, span_from(line, 4));
	} else if (begins_with_code(line)) {
		add_fate(all, line);
	} else if (line.len > 0 && span_find(line, SPAN("-----")) < 0) {
		extend(&all->reply, line); /* of a program: "procmail: Quota exceeded" */
	}
}

static void
read_transcript(struct span text, struct transcript *all)
{
	static const struct span words = SPAN("session follows");
	long at = span_ifind(text, words);
	struct span rest = span_from(text, at < 0 ? text.len : (size_t)at), line;

	while (span_line(&rest, &line))
		read_line(all, line);
}

/* The other server's reply comes first: its code tells more than "554 ... Remote protocol error". */
static struct span
fate_said(const struct format_input *in, const struct fate *fate)
{
	if (fate->reply.len == 0)
		return fate->line;
	return span_of(arena_printf(in->arena, "%.*s\n(%.*s)", (int)fate->reply.len,
	    fate->reply.ptr, (int)fate->line.len, fate->line.ptr));
}

/* An entry of the list, with what stands in parentheses below it: "(reason: 550 …)", "(expanded
 * from: <…>)". */
struct listed {
	struct span address; /* or a program or a file */
	struct span reason;
	struct span sender; /* as the sender knows it, where it was expanded; ptr NULL */
	size_t place;       /* in the list */
};

/* The one that names the address, else the one in the address' place, else the first. */
static const struct fate *
fate_of(const struct transcript *all, const struct listed *listed)
{
	for (size_t i = 0; i < all->count; i++) {
		struct span named = all->fates[i].address;

		if (named.ptr != NULL &&
		    (span_ieq(named, listed->address) || span_ieq(named, listed->sender)))
			return &all->fates[i];
	}
	if (all->count == 0)
		return NULL;
	return &all->fates[listed->place < all->count &&
				   all->fates[listed->place].address.ptr == NULL
			       ? listed->place
			       : 0];
}

static void
set_host(struct report *report, struct report_recipient *recipient, const struct fate *fate)
{
	if (recipient != NULL && *recipient->remote_mta == '\0' && fate->host.len > 0)
		recipient->remote_mta = report_host(report->arena, fate->host);
}

static void
add_listed(const struct format_input *in, const struct listed *listed, const struct transcript *all,
    const char *action, struct report *report)
{
	const struct fate *fate = fate_of(all, listed);
	struct span known = listed->sender.ptr != NULL ? listed->sender : listed->address;
	struct report_recipient *recipient;
	struct span said;

	if (known.ptr == NULL || span_find(known, SPAN("@")) < 0)
		return;
	if (formats_has_reply(listed->reason) || (listed->reason.len > 0 && fate == NULL))
		said = listed->reason;
	else if (fate != NULL)
		said = fate_said(in, fate);
	else
		said = formats_said(in, listed->address);
	recipient = formats_add(report, known, said, action);
	if (fate != NULL)
		set_host(report, recipient, fate);
	if (recipient != NULL && listed->sender.ptr != NULL)
		recipient->final_address = report_address(report->arena, listed->address);
}

/* A line below an entry; a value may go on, on the next line, up to its parenthesis. */
static bool
read_parentheses(struct listed *listed, struct span line, bool *open)
{
	static const struct span reason = SPAN("(reason:"), expanded = SPAN("(expanded from:");
	bool goes_on = *open;

	line = span_trim(line);
	if (span_istarts(line, expanded)) {
		if (!notice_address(&line, &listed->sender))
			listed->sender = span_make(NULL, 0);
		return true;
	}
	if (!goes_on && !span_istarts(line, reason))
		return false;
	*open = line.len > 0 && line.ptr[line.len - 1] != ')';
	if (!*open && line.len > 0)
		line.len--;
	if (!goes_on)
		line = span_trim(span_from(line, reason.len));
	extend(&listed->reason, line);
	return true;
}

/* The addresses between their heading and the next one, or the transcript. */
static void
read_list(const struct format_input *in, struct span rest, const struct transcript *all,
    struct report *report)
{
	const char *action = listing_action(in);
	struct listed listed = { .place = 0 };
	struct span line, address, behind = { "", 0 };
	bool open = false;

	while (span_line(&rest, &line) && span_find(line, SPAN("-----")) < 0) {
		if (read_parentheses(&listed, line, &open) || span_trim(line).len == 0)
			continue;
		if (!notice_line_address(line, &address, &behind)) {
			if (line.ptr[0] == ' ' || line.ptr[0] == '\t')
				continue;
			address = span_trim(line);
			behind = span_make("", 0);
		}
		add_listed(in, &listed, all, action, report);
		listed = (struct listed){
			.address = address,
			.place = listed.address.ptr == NULL ? 0 : listed.place + 1,
		};
		if (span_trim(behind).len > 0 && span_find(behind, SPAN("@")) < 0)
			listed.reason = behind;
	}
	add_listed(in, &listed, all, action, report);
}

static void
read_sendmail(const struct format_input *in, struct report *report)
{
	static const char *const headings[] = { "had permanent fatal errors",
		"had transient non-fatal errors", "had delivery problems", "had fatal errors",
		"addresses had delivery errors", "had successful delivery notifications",
		"have delivery notifications" };
	struct transcript *all = arena_alloc(in->arena, sizeof(*all));

	read_transcript(in->text, all);
	for (size_t i = 0; i < sizeof(headings) / sizeof(headings[0]); i++) {
		long at = span_ifind(in->text, span_of(headings[i]));
		struct span rest, line;

		if (at < 0)
			continue;
		rest = span_from(in->text, (size_t)at);
		span_line(&rest, &line); /* the heading's own */
		read_list(in, rest, all, report);
	}
	if (report->count > 0)
		return;
	for (size_t i = 0; i < all->count; i++)
		if (all->fates[i].address.ptr != NULL)
			set_host(report,
			    formats_add(report, all->fates[i].address,
				fate_said(in, &all->fates[i]), formats_action(in)),
			    &all->fates[i]);
}

const struct format formats_sendmail[] = {
	{ "sendmail", is_sendmail, read_sendmail },
	{ NULL, NULL, NULL },
};
