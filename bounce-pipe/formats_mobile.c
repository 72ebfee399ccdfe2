/* Notices of mobile networks, Japan's and others, and of Japan's providers. Many of the latter are
 * in ISO-2022-JP, with the reason in English below it. */
#include "labels.h"

static const struct labels networks[] = {
	{ "kddi", "", "your mail sent on", "could not be delivered to", "", "", 0, 0 },
	{ "kddi", "", "your mail attempted to be delivered on", "could not be delivered to", "", "",
	    0, 0 },
	{ "biglobe", "", "non-delivered information -----",
	    "the following addresses had delivery problems -----",
	    "non-delivered information -----", "", 0, 0 },
	/* The reason stands above, the recipient in the header of the message below. */
	{ "verizon", "vzwpix.com", "error:", "\nTo:", "error:", "original message:", LABELS_WHOLE,
	    0 },
	{ "verizon", "vtext.com", "error:", "RCPT TO:", "error:", "message details:", LABELS_WHOLE,
	    0 },
	/* InterMail, in use with au, DION, DTI and others. */
	{ "ezweb", "", "", "the user(s) account is ", "", "", LABELS_WITH, 400 },
	{ NULL, NULL, NULL, NULL, NULL, NULL, 0, 0 },
};

/* Sentences above an address; many a system localised for Japan has them beside its own words. */
static const struct labels sentences[] = {
	/* "It could not be sent", "could not be delivered", "sending failed". */
	{ "japan", "", "", "送信できませんでした", "", "", LABELS_WITH | LABELS_DAEMON, 800 },
	{ "japan", "", "", "配信できませんでした", "", "", LABELS_WITH | LABELS_DAEMON, 800 },
	{ "japan", "", "", "配送できませんでした", "", "", LABELS_WITH | LABELS_DAEMON, 800 },
	{ "japan", "", "", "送信に失敗しました", "", "", LABELS_WITH | LABELS_DAEMON, 800 },
	{ "japan", "", "", "お届けできませんでした", "", "", LABELS_WITH | LABELS_DAEMON, 800 },
	{ NULL, NULL, NULL, NULL, NULL, NULL, 0, 0 },
};

static bool
is_mobile(const struct format_input *in)
{
	return labels_match(networks, in);
}

static void
read_mobile(const struct format_input *in, struct report *report)
{
	labels_read(networks, in, report);
}

const struct format formats_mobile[] = {
	{ "mobile", is_mobile, read_mobile },
	{ NULL, NULL, NULL },
};

static bool
is_japan(const struct format_input *in)
{
	return labels_match(sentences, in);
}

static void
read_japan(const struct format_input *in, struct report *report)
{
	labels_read(sentences, in, report);
}

const struct format formats_japan[] = {
	{ "japan", is_japan, read_japan },
	{ NULL, NULL, NULL },
};
