/* Notices of groupware servers: Domino and Notes, GroupWise, First Class and their like. */
#include "evidence.h"
#include "formats.h"
#include "listing.h"

static const struct listing listings[] = {
	/* Domino, for mail from outside, in the languages of its template. */
	{ "domino", "was not delivered to:", NULL, "because:", LISTING_BEHIND, NULL },
	{ "domino", "wurde nicht zugestellt an:", NULL, "weil:", LISTING_BEHIND, NULL },
	{ "domino", "wurde nicht ausgeliefert an:", NULL, "weil:", LISTING_BEHIND, NULL },
	{ "domino", "n'a pas été remis à", NULL, "car :", LISTING_BEHIND, NULL },
	{ "domino", "n'a pas été distribué à", NULL, "car :", LISTING_BEHIND, NULL },
	{ "domino", "no se ha entregado a:", NULL, "porque:", LISTING_BEHIND, NULL },
	{ "domino", "non è stato recapitato a:", NULL, "perché:", LISTING_BEHIND, NULL },
	{ "domino", "não foi entregue a:", NULL, "porque:", LISTING_BEHIND, NULL },
	{ "domino", "is niet bezorgd bij:", NULL, "omdat:", LISTING_BEHIND, NULL },
	/* Its router's form, which its users see. */
	{ "domino", "Delivery Failure Report", "delivered to:", "because:", LISTING_BEHIND, NULL },
	{ "domino", "could not be delivered to:", NULL, "because:", LISTING_BEHIND, NULL },
	{ "domino", "を配信できませんでした", NULL, "理由", LISTING_BEHIND, NULL },
	/* The SMTP gateway of Notes writes the reason above the recipient. */
	{ "notes", "Failure Reasons", NULL, NULL, LISTING_BEFORE, NULL },
	{ "groupwise", "was undeliverable to the following", NULL, NULL, LISTING_BEHIND, NULL },
	{ "groupwise", "message that you sent was undeliverable to", NULL, NULL, LISTING_BEHIND,
	    NULL },
	{ "m-filter", "以下のメールアドレスへの送信に失敗しました", NULL, "server message",
	    LISTING_BEHIND, NULL },
	{ "firstclass", "could not be delivered to the following recipient(s)", NULL, NULL,
	    LISTING_BEHIND, NULL },
	{ NULL, NULL, NULL, NULL, LISTING_BEHIND, NULL },
};

/* Their words are those of people, too. */
static bool
is_groupware(const struct format_input *in)
{
	struct evidence evidence;

	if (formats_is_daemon(in))
		return true;
	evidence_read(in, &evidence);
	return evidence_is_notice(&evidence);
}

static void
read_groupware(const struct format_input *in, struct report *report)
{
	listing_read(listings, in, report);
}

const struct format formats_groupware[] = {
	{ "groupware", is_groupware, read_groupware },
	{ NULL, NULL, NULL },
};
