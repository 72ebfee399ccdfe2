#include "check.h"
#include "trust.h"
#include "verp_keys.h"

#define BOUNCE                                                                                     \
	"Received: by mta1.example.com (Postfix)\n\tid 4F2A61C0; Sun, 22 Nov 2026 10:00:05 +0000 " \
	"(UTC)\n"
#define SMTPD                                                                                  \
	"Received: from evil.test (evil.test [203.0.113.9])\n\tby mta1.example.com (Postfix) " \
	"with ESMTP id 7;\n\tSun, 22 Nov 2026 10:00:06 +0000 (UTC)\n"
#define PICKUP                                                                                   \
	"Received: by mta1.example.com (Postfix, from userid 1000)\n\tid 4F2A61C0; Sun, 22 Nov " \
	"2026 10:00:05 +0000 (UTC)\n"

static const struct row {
	const char *label, *header, *sender, *verp;
	enum trust want;
	const char *why;
} rows[] = {
	{ "bounce(8)", "Return-Path: <>\n" BOUNCE "From: MAILER-DAEMON@mta1.example.com\n", "", "",
	    TRUST_POSTFIX, "own Postfix" },
	{ "bounce(8), CRLF",
	    "Received: by mta1.example.com (Postfix)\r\n\tid 4F2A; Sun, 22 Nov\r\n", "", "",
	    TRUST_POSTFIX, "own Postfix" },
	{ "null sender in brackets", BOUNCE, "<>", "", TRUST_POSTFIX, "own Postfix" },
	{ "another mail_name", "Received: by a.test (Our Mail)\n\tid 1; Sun\n", "", "",
	    TRUST_POSTFIX, "own" },
	{ "bounce(8) with a sender", BOUNCE, "a@b.test", "", TRUST_NONE, "envelope sender" },
	{ "from outside", SMTPD, "", "", TRUST_NONE, "from outside" },
	{ "forged bounce(8) below", SMTPD BOUNCE, "", "", TRUST_NONE, "from outside" },
	{ "two of bounce(8)'s", BOUNCE BOUNCE, "", "", TRUST_NONE, "from outside" },
	{ "submitted by a user of the host", PICKUP, "", "", TRUST_NONE, "from outside" },
	{ "submitted, forged below", PICKUP BOUNCE, "", "", TRUST_NONE, "from outside" },
	{ "no Received at all", "From: MAILER-DAEMON@mta1.example.com\n", "", "", TRUST_NONE,
	    "nothing tells" },
	{ "no header", "", "", "", TRUST_NONE, "nothing tells" },
	{ "by, but with a protocol", "Received: by a.test (Postfix) with ESMTP id 1; Sun\n", "", "",
	    TRUST_NONE, "from outside" },
	{ "by, and from behind", "Received: by a.test (Postfix) id 1 from b.test; Sun\n", "", "",
	    TRUST_NONE, "from outside" },
	{ "qmail", "Received: (qmail 4711 invoked for bounce); 22 Nov 2026\n", "", "", TRUST_NONE,
	    "outside" },
	{ "no date", "Received: by a.test (Postfix) id 1\n", "", "", TRUST_NONE, "from outside" },
	{ "name in capitals", "RECEIVED: from evil.test; Sun\n" BOUNCE, "", "", TRUST_NONE,
	    "from outside" },
	{ "blank before the colon", "Received : from evil.test; Sun\n" BOUNCE, "", "", TRUST_NONE,
	    "outside" },
	{ "folded before the value", "Received:\n from evil.test; Sun\n" BOUNCE, "", "", TRUST_NONE,
	    "outside" },
	{ "VERP names it", SMTPD, "", "user@example.org", TRUST_VERP, "names this recipient" },
	{ "VERP names it, with a sender", SMTPD, "a@b.test", "user@example.org", TRUST_VERP,
	    "names this" },
	{ "VERP names another", SMTPD, "", "other@example.org", TRUST_NONE,
	    "names another recipient" },
	{ "bounce(8), VERP names another", BOUNCE, "", "other@example.org", TRUST_POSTFIX,
	    "own Postfix" },
};

static void
judges(void **state)
{
	const struct row *row = *state;
	struct trust_facts facts = { span_of(row->header), row->sender, row->verp, NULL };
	const char *why = NULL;

	assert_int_equal(trust_judge(&facts, "user@example.org", &why), row->want);
	assert_non_null(strstr(why, row->why));
}

#define SIG  "jle5eloz44" /* of ann@example.org, made on SIGNED_DAY */
#define SSIG "jlvo2hi4x6" /* of news@bounces.test */

/* verify_return_path = "signed": a notice about ann@example.org */
static const struct signed_row {
	const char *label, *header, *path;
	int64_t days; /* since the signature was made */
	enum trust want;
	const char *why;
} signed_rows[] = {
	{ "signed", SMTPD, "news+ann=example.org+" SIG, 0, TRUST_SIGNED, "signed for this" },
	{ "signed, 30 days ago", SMTPD, "news+ann=example.org+" SIG, 30, TRUST_SIGNED, "signed" },
	{ "without the name", SMTPD, "news+" SIG, 0, TRUST_SIGNED, "signed for this" },
	{ "both signatures", SMTPD, "news-" SSIG "+ann=example.org+" SIG, 0, TRUST_SIGNED, "for" },
	{ "expired", SMTPD, "news+ann=example.org+" SIG, 31, TRUST_NONE, "has expired" },
	{ "forged", SMTPD, "news+ann=example.org+aaaaaaaaaa", 0, TRUST_NONE, "none of ours" },
	{ "another's signature", SMTPD, "news+bob=example.org+jl35j2mrbe", 0, TRUST_NONE,
	    "signed for another" },
	{ "another's signature with this name", SMTPD, "news+ann=example.org+jl35j2mrbe", 0,
	    TRUST_NONE, "none of ours" },
	{ "VERP alone", SMTPD, "news+ann=example.org", 0, TRUST_NONE, "not signed" },
	{ "plain", SMTPD, "news", 0, TRUST_NONE, "not signed" },
	{ "the sender's signature", SMTPD, "news-" SSIG, 0, TRUST_SENDER, "only that we sent" },
	{ "the same by XVERP", SMTPD, "news-" SSIG "+ann=example.org", 0, TRUST_SENDER, "only" },
	{ "the same by XVERP to another", SMTPD, "news-" SSIG "+bob=example.org", 0, TRUST_NONE,
	    "names another recipient" },
	{ "the sender's, expired", SMTPD, "news-" SSIG, 31, TRUST_NONE, "has expired" },
	{ "another sender's", SMTPD, "info-" SSIG, 0, TRUST_NONE, "none of ours" },
	{ "the sender's and a forged one", SMTPD, "news-" SSIG "+ann=example.org+aaaaaaaaaa", 0,
	    TRUST_NONE, "none of ours" },
	{ "own Postfix, not signed", BOUNCE, "news", 0, TRUST_POSTFIX, "own Postfix" },
	{ "own Postfix, forged", BOUNCE, "news+ann=example.org+aaaaaaaaaa", 0, TRUST_POSTFIX,
	    "own" },
};

static void
judges_signatures(void **state)
{
	const struct signed_row *row = *state;
	struct verp_keys keys = { 0 };
	struct return_path path;
	struct trust_signed asked = { &path, &keys, SIGNED_S + row->days * 86400, 30 };
	struct trust_facts facts = { span_of(row->header), "", NULL, &asked };
	char address[ADDR_SIZE];
	const char *why = NULL;

	fill_keys(&keys, 2, 0);
	snprintf(address, sizeof(address), "%s@bounces.test", row->path);
	return_path_parse(span_of(address), "+=", &path);
	facts.verp_recipient = path.recipient;
	assert_int_equal(trust_judge(&facts, "ann@example.org", &why), row->want);
	assert_non_null(strstr(why, row->why));
	if (row->want != TRUST_POSTFIX)
		assert_int_equal(trust_judge(&facts, "", &why), TRUST_NONE);
}

static void
needs_an_address_for_verp(void **state)
{
	struct trust_facts facts = { span_of(SMTPD), "", NULL, NULL };
	const char *why;

	(void)state;
	assert_int_equal(trust_judge(&facts, "", &why), TRUST_NONE);
	assert_int_equal(trust_judge(&facts, "user@example.org", &why), TRUST_NONE);
}

int
main(void)
{
	struct check_list list = { 0 };

	CHECK_ROWS(&list, judges, rows);
	CHECK_ROWS(&list, judges_signatures, signed_rows);
	CHECK(&list, needs_an_address_for_verp);
	return check_run(&list, "trust");
}
