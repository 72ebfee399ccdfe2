/* Mail servers that list addresses under a heading: their words, and last what many say alike. */
#include "evidence.h"
#include "formats.h"
#include "header.h"
#include "listing.h"
#include "notice.h"

/* "mx.example.org [192.0.2.1]:" on a line of its own, before the dialogue with it */
static void
first_host(struct report *report, struct report_recipient *recipient, struct span said)
{
	struct span line;

	if (*recipient->remote_mta == '\0' && span_line(&said, &line) &&
	    span_find(line, SPAN(" [")) > 0 && span_find(line, SPAN("]:")) > 0)
		recipient->remote_mta = report_host(report->arena, line);
}

/* name, where the list begins, what stands before an address, what before a reason for all */
static const struct listing systems[] = {
	{ "opensmtpd", "list of recipients:", NULL, NULL, LISTING_BEHIND, NULL },
	{ "dragonfly", "DragonFly Mail Agent", "delivering your mail to <", NULL, LISTING_BEHIND,
	    NULL },
	{ "dma", "error delivering your mail to <", NULL, NULL, LISTING_BEHIND, NULL },
	{ "james", "Failed recipient(s):", NULL, "Error message:", LISTING_BEHIND, NULL },
	{ "james", "Message details:", "RCPT TO:", "Error message below:", LISTING_BEHIND, NULL },
	{ "courier", "recipients cannot be delivered:", NULL, NULL, LISTING_BEHIND, first_host },
	{ "courier", "recipients has been delayed:", NULL, NULL, LISTING_BEHIND, first_host },
	{ "smail", "failed addresses follow:", NULL, NULL, LISTING_BEHIND, NULL },
	{ "mdaemon", "did NOT receive a copy of your message:", NULL, NULL, LISTING_BEHIND, NULL },
	{ "mdaemon", "fatal delivery errors", "Failed address:", NULL, LISTING_BEHIND, NULL },
	{ "mercury", "error report or reports were given to explain the problem", NULL, NULL,
	    LISTING_BEHIND, NULL },
	{ "lsmtp", "--> Error description:", "Error-for:", NULL, LISTING_BEHIND, NULL },
	{ "mailenable", "could not be delivered to some recipients", "[SMTP:", NULL, LISTING_BEHIND,
	    NULL },
	{ "communigate", "Failed to deliver to '", "Failed to deliver to '", NULL, LISTING_BEHIND,
	    NULL },
	{ "communigate", "automatically generated Delivery Status Notification", "* ",
	    "Technical details:", LISTING_BEHIND, NULL },
	{ "powermta", "list of the affected recipients", NULL, NULL, LISTING_BEHIND, NULL },
	{ "smtpsvc", "Unable to deliver message to the following recipients", NULL,
	    "Unable to deliver message to the following recipients,", LISTING_BEHIND, NULL },
	{ "smtpsvc", "successfully relayed to the following recipients", NULL, NULL, LISTING_BEHIND,
	    NULL },
	{ "ida", "Bounced, cannot deliver:", NULL, NULL, LISTING_BEHIND, NULL },
	{ "eyou", "This is the deliver program at", NULL, NULL, LISTING_BEHIND, NULL },
	{ "phquery", "--------Error Detail", NULL, NULL, LISTING_BEHIND, NULL },
	{ "dovecot", "Your message to <", "Your message to <", NULL, LISTING_BEHIND, NULL },
	{ "error-smtp", "We had trouble delivering your message", "rejected recipient <", NULL,
	    LISTING_LINE, NULL },
	{ NULL, NULL, NULL, NULL, LISTING_BEHIND, NULL },
};

/* "The following recipients", as many systems that nobody knows begin their list. */
#define HEADING(words)                                             \
	{                                                          \
		"listing", words, NULL, NULL, LISTING_BEHIND, NULL \
	}

static const struct listing headings[] = {
	HEADING("had delivery errors"),
	HEADING("had permanent delivery errors"),
	HEADING("following recipient"),
	HEADING("following address"),
	HEADING("following e-mail address"),
	HEADING("following email address"),
	HEADING("following mail address"),
	HEADING("following user"),
	HEADING("following destination"),
	HEADING("Failed Recipients"),
	HEADING("failed recipients"),
	HEADING("message could not be delivered to"), /* MMDF, too */
	HEADING("could not be delivered to:"),
	HEADING("cannot be delivered to:"),
	HEADING("was not delivered to"),
	HEADING("could not be sent to"),
	HEADING("nicht erreicht werden"),
	HEADING("folgende Empfänger"),
	HEADING("folgenden Empfänger"),
	HEADING("folgende Adresse"),
	HEADING("folgenden Adresse"),
	HEADING("destinataire(s) suivant(s)"),
	HEADING("destinataires suivants"),
	HEADING("adresses suivantes"),
	HEADING("adresse suivante"),
	HEADING("siguientes destinatarios"),
	HEADING("siguiente(s) destinatario(s)"),
	HEADING("siguientes direcciones"),
	HEADING("siguiente dirección"),
	HEADING("seguenti destinatari"),
	HEADING("seguenti indirizzi"),
	HEADING("seguinte(s) destinatário(s)"),
	HEADING("seguintes destinatários"),
	HEADING("seguintes endereços"),
	HEADING("volgende geadresseerde"),
	HEADING("volgende ontvanger"),
	HEADING("volgende adres"),
	HEADING("następujących adresatów"),
	HEADING("następującymi adresatami"),
	HEADING("następujących odbiorców"),
	HEADING("následující příjemc"),
	HEADING("следующими получателями"),
	HEADING("следующим получателям"),
	HEADING("следующим адресам"),
	HEADING("följande mottagare"),
	HEADING("følgende modtager"),
	HEADING("følgende mottaker"),
	HEADING("次の受信者"),
	HEADING("以下の受信者"),
	HEADING("次の宛先"),
	HEADING("以下の宛先"),
	HEADING("以下のアドレス"),
	HEADING("以下のメールアドレス"),
	HEADING("下列收件人"),
	HEADING("以下收件人"),
	HEADING("下列地址"),
	HEADING("以下地址"),
	HEADING("下列收件者"),
	HEADING("다음 받는 사람"),
	HEADING("다음 수신자"),
	{ NULL, NULL, NULL, NULL, LISTING_BEHIND, NULL },
};

/* Words before the one address that failed, in systems that write a sentence or a form. */
static const struct listing labels[] = {
	{ "listing", "Intended recipient:", "Intended recipient:", NULL, LISTING_BEHIND, NULL },
	{ "listing", "Undeliverable Address:", "Undeliverable Address:", NULL, LISTING_BEHIND,
	    NULL },
	{ "listing", "Failed Recipient:", "Failed Recipient:", NULL, LISTING_BEHIND, NULL },
	{ "listing", "Recipient address:", "Recipient address:", NULL, LISTING_BEHIND, NULL },
	{ "listing", "Recipient:", "Recipient:", NULL, LISTING_BEHIND, NULL },
	{ "listing", "User's mailbox is full:", "User's mailbox is full:", NULL, LISTING_LINE,
	    NULL },
	{ "listing", "unable to deliver your message to", "unable to deliver your message to", NULL,
	    LISTING_BEHIND, NULL },
	{ "listing", "you addressed to", "you addressed to email address", "problem appears to be",
	    LISTING_BEHIND, NULL },
	{ "listing", "addressed to", "addressed to", NULL, LISTING_BEHIND, NULL },
	{ NULL, NULL, NULL, NULL, LISTING_BEHIND, NULL },
};

/* The words of the headings are those of people and of digests, too. */
static bool
is_notice(const struct format_input *in)
{
	struct evidence evidence;

	evidence_read(in, &evidence);
	return evidence_is_notice(&evidence);
}

static bool
is_system(const struct format_input *in)
{
	return formats_is_daemon(in) || is_notice(in);
}

static void
read_systems(const struct format_input *in, struct report *report)
{
	listing_read(systems, in, report);
}

static void
read_headings(const struct format_input *in, struct report *report)
{
	listing_read(headings, in, report);
	if (report->count == 0)
		listing_read(labels, in, report);
}

/* "Unknown user: a@b.example", "Delivery failed 20 attempts: a@b.example", "undeliverable to a@b.example"
 * and the server's reply below. */
static bool
is_imail(const struct format_input *in)
{
	static const char *const words[] = { "<SMTP32", "IMail", NULL };
	static const char *const begins[] = { "Unknown user:", "Unknown host:",
		"Invalid final delivery userid:", "Delivery failed ", "undeliverable to ",
		"User mailbox exceeds allowed size:", NULL };
	const char *mailer = header_field(in->arena, in->root->header, "X-Mailer");
	struct span text = span_trim(in->text);

	if (!formats_is_daemon(in))
		return false;
	if (mailer != NULL && notice_has(span_of(mailer), words))
		return true;
	for (size_t i = 0; begins[i] != NULL; i++)
		if (span_starts(text, span_of(begins[i])))
			return true;
	return false;
}

/* A line that ends with an address and says something before it. */
static bool
ends_with_address(struct span line, struct span *address)
{
	struct span rest = span_trim(line);
	const char *start = rest.ptr;

	return notice_address(&rest, address) && address->ptr - start > 8 && rest.len <= 1;
}

static void
read_imail(const struct format_input *in, struct report *report)
{
	const char *action = formats_action(in);
	struct span rest = in->text, line, address = { NULL, 0 }, found;
	const char *start = NULL;

	while (span_line(&rest, &line)) {
		if (!ends_with_address(line, &found))
			continue;
		if (start != NULL)
			formats_add(report, address,
			    listing_said(span_make(start, (size_t)(line.ptr - start))), action);
		start = line.ptr;
		address = found;
	}
	if (start != NULL)
		formats_add(report, address,
		    listing_said(span_make(start, (size_t)(in->text.ptr + in->text.len - start))),
		    action);
}

const struct format formats_systems[] = {
	{ "imail", is_imail, read_imail },
	{ "systems", is_system, read_systems },
	{ NULL, NULL, NULL },
};

const struct format formats_listing[] = {
	{ "listing", is_notice, read_headings },
	{ NULL, NULL, NULL },
};
