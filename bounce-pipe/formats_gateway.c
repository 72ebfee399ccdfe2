/* Notices of filters that stand in front of a mail server. Most of them send RFC 3464 today; these
 * are their own words, from before or where an administrator turned that off. */
#include "formats.h"
#include "header.h"
#include "labels.h"
#include "notice.h"
#include "outcome.h"

/* Products that write fields or boundaries which tell them: words that others use as well are
 * theirs then. */
static const struct mark {
	const char *field;
	const char *value; /* a part of it; "": any */
	const char *name;
} marks[] = {
	{ "Content-Type", "InterScan_NT_MIME_Boundary", "interscanmss" },
	{ "Received", "(InterScan", "interscanmss" },
	{ "From", "InterScan", "interscanmss" },
	{ "From", "imss@", "interscanmss" },
	{ "Content-Type", "TMMSG_", "trendmicro" },
	{ "X-NAI-Header", "", "mcafee" },
	{ "X-MXL-NoteHash", "", "mxlogic" },
	{ "X-MX-Bounce", "", "mxlogic" },
	{ "X-MXL-Hash", "", "mxlogic" },
	{ "X-AHMAILID", "", "activehunter" },
	{ "X-SEF-Processed", "", "surfcontrol" },
	{ "X-Mailer", "SurfControl", "surfcontrol" },
	{ "X-MailMarshal", "", "mailmarshal" },
	{ "Content-Type", "_MAILMARSHAL", "mailmarshal" },
};

/* Rows of one product begin with its name. */
static const struct labels marked_rows[] = {
	{ "interscanmss", "", "Received >>>", "RCPT TO:", "Received >>>", "", 0, 0 },
	{ "interscanmss", "", "", "Unable to deliver message to", "Reason:", "", 0, 0 },
	{ "interscanmss", "", "", "could not be delivered to", "Reason:", "", 0, 0 },
	{ "interscanmss", "", "", "Recipient:", "Reason:", "", 0, 0 },
	{ "trendmicro", "", "", "had permanent delivery errors -----", "", "", 0, 0 },
	{ "trendmicro", "", "", "had delivery problems -----", "", "", 0, 0 },
	{ "mcafee", "", "", "had delivery problems ---", "", "", 0, 0 },
	{ "mcafee", "", "", "could not be delivered to", "Reason:", "", 0, 0 },
	{ "mxlogic", "", "", "address failed:", "", "Included is a copy", 0, 0 },
	{ "mxlogic", "", "", "addresses failed:", "", "Included is a copy", 0, 0 },
	{ "mxlogic", "", "", "address(es) failed:", "", "Included is a copy", 0, 0 },
	{ "mxlogic", "", "", "has not yet been delivered", "", "Included is a copy", 0, 400 },
	{ "activehunter", "", "", "had permanent fatal errors -----", "", "", 0, 0 },
	{ "activehunter", "", "", "had transient non-fatal errors -----", "", "", 0, 0 },
	{ "surfcontrol", "", "", "Addressed To:", "Failed to send to identified host,",
	    "--- Message non-deliverable", 0, 0 },
	{ "surfcontrol", "", "", "Addressed To:", "Addressed To:", "--- Message", 0, 0 },
	{ "mailmarshal", "", "", "recipients were affected", "because of",
	    "The following recipients", 0, 0 },
	{ NULL, NULL, NULL, NULL, NULL, NULL, 0, 0 },
};

/* Notices that their words tell. */
static const struct labels rows[] = {
	{ "mailmarshal", "", "could not be delivered because of", "recipients were affected",
	    "could not be delivered because of", "The following recipients", 0, 0 },
	{ "mailmarshal", "", "MailMarshal", "recipients were affected", "because", "", 0, 0 },
	{ "messagelabs", "", "mail delivery agent at", "to the following addresses",
	    "Reason:", "The message subject was", 0, 0 },
	{ "messagelabs", "messagelabs.com", "", "unable to deliver", "Reason:", "", 0, 200 },
	{ "mimecast", "", "The problem appears to be :", "addressed to email address :",
	    "The problem appears to be :", "This condition occurred", 0, 0 },
	{ "barracuda", "", "blocked by our spam", "Your message to:", "", "", 0, 0 },
	{ "barracuda", "", "blocked by our virus", "Your message to:", "", "", 0, 0 },
	{ "mailfoundry", "",
	    "Delivery failed for the following reason:", "Unable to deliver message to:",
	    "Delivery failed for the following reason:", "This has been a", 0, 0 },
	{ "surfcontrol", "", "attempts to send the message follows", "Addressed To:",
	    "Failed to send to identified host,", "--- Message non-deliverable", 0, 0 },
	{ "ironport", "", "The reason for the problem:", "The following message to",
	    "The reason for the problem:", "", 0, 0 },
	{ "amavis", "", "", "message was not relayed to:", "", "", 0, 0 },
	{ "amavis", "", "", "message was not delivered to:", "", "", LABELS_DAEMON, 0 },
	{ "mailscanner", "", "has just been triggered by a message you sent", "To:", "", "", 0, 0 },
	{ "mimesweeper", "", "sweeper", "Recipients:", "", "", LABELS_DAEMON, 0 },
	{ "policy", "", "violat", "Recipient:", "", "", LABELS_DAEMON, 0 },
	{ "policy", "", "violat", "Recipients:", "", "", LABELS_DAEMON, 0 },
	{ NULL, NULL, NULL, NULL, NULL, NULL, 0, 0 },
};

/* SurfControl and Websense: "someone@example.org: [192.0.2.1], 550 no such user" */
static void
complete_bracketed(struct report *report)
{
	for (size_t i = 0; i < report->count; i++) {
		struct report_recipient *recipient = &report->recipients[i];
		struct span said = span_of(recipient->diagnostic), host;
		long open = span_find(said, SPAN("[")), close = span_find(said, SPAN("], "));

		if (recipient->reply_code != 0 || open < 0 || close < open)
			continue;
		host = span_make(said.ptr + open, (size_t)(close - open) + 1);
		recipient->remote_mta = report_host(report->arena, host);
		outcome_complete(report->arena, recipient, span_from(said, (size_t)close + 3));
	}
}

static bool
has_mark(const struct format_input *in, const struct mark *mark)
{
	struct span rest = in->root->header, name, value;

	while (header_next(&rest, &name, &value))
		if (span_ieq(name, span_of(mark->field)) &&
		    (*mark->value == '\0' || span_ifind(value, span_of(mark->value)) >= 0))
			return true;
	return false;
}

static const char *
product(const struct format_input *in)
{
	for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++)
		if (has_mark(in, &marks[i]))
			return marks[i].name;
	return NULL;
}

/* Mail that only passed such a filter has its fields, too: the notice must say that it failed. */
static bool
is_marked(const struct format_input *in)
{
	return labels_match(marked_rows, in) && product(in) != NULL;
}

static void
read_marked(const struct format_input *in, struct report *report)
{
	const char *name = product(in);
	struct labels one[2] = { { NULL, NULL, NULL, NULL, NULL, NULL, 0, 0 },
		{ NULL, NULL, NULL, NULL, NULL, NULL, 0, 0 } };

	for (const struct labels *row = marked_rows; row->name != NULL && report->count == 0;
	     row++) {
		one[0] = *row;
		if (span_eq(span_of(row->name), span_of(name)))
			labels_read(one, in, report);
	}
	complete_bracketed(report);
}

static bool
is_gateway(const struct format_input *in)
{
	return labels_match(rows, in);
}

static void
read_gateway(const struct format_input *in, struct report *report)
{
	labels_read(rows, in, report);
	complete_bracketed(report);
}

const struct format formats_gateway[] = {
	{ "gateway", is_marked, read_marked },
	{ "gateway", is_gateway, read_gateway },
	{ NULL, NULL, NULL },
};
