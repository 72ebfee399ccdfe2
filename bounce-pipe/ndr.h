/*
 * ndr - understands a returned message (design section 3).
 *
 * Reads, in this order: feedback reports (RFC 5965), delivery status (RFC 3464, 6533), the formats
 * of systems that write none (formats.h), auto-replies (RFC 3834), and a plain text with an SMTP
 * reply in it. The message that comes back inside is not searched for reports (an older one may
 * sit in it), only for its Message-ID, campaign, list and account.
 *
 * Pure: no rules, no Redis. Does not judge whether the message is to be believed; trust.h does.
 */
#ifndef NDR_H
#define NDR_H

#include "arena.h"
#include "conf.h"
#include "report.h"
#include "span.h"

struct ndr_options {
	const char *verp_recipient; /* of the envelope (verp.h), "" or NULL: none; who a report that
				       names nobody is about */
	/* Header names, the first that is there counts; NULL: none. */
	const struct conf_strings *campaign_headers;
	const struct conf_strings *list_headers;
	const struct conf_strings *account_headers;
};

/* Never fails: what cannot be understood is REPORT_NONE. The report points into arena and, only
 * for its header, into message. */
void ndr_read(struct arena *arena, struct span message, const struct ndr_options *options,
    struct report *report);

#endif
