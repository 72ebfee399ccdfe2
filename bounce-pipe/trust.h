/*
 * trust - does what this message says about an address count?
 *
 * Anybody can send mail to the return path that reads like an NDR for somebody else's address. It
 * counts when
 *  - it is a notice of this host's own Postfix: null envelope sender, and its only Received field
 *    is the one bounce(8) writes, "by HOST (NAME) id QUEUEID; DATE". What comes over the network
 *    gets a "Received: from …" of smtpd(8), what a user of the host submits gets "(NAME, from
 *    userid N)", and neither can take it off again; or
 *  - the address is the one that stands in the VERP envelope recipient: then the sender knew a
 *    return path that only the recipient's side has been told.
 * Everything else is recorded and counts for nobody.
 *
 * This does not protect from somebody who has a VERP address of the very recipient (it can be
 * guessed: only signed return paths prove that we sent something), nor on a host whose
 * header_checks remove Received fields, nor from root.
 *
 * With verify_return_path = "signed" a VERP address is not enough: what comes from outside counts
 * for the address that the return path has a signature of. A signature of the sender alone proves
 * only that we sent something, to anybody: that is soft evidence, never enough for itself.
 */
#ifndef TRUST_H
#define TRUST_H

#include "return_path.h"

enum trust {
	TRUST_NONE,
	TRUST_POSTFIX,
	TRUST_VERP,
	TRUST_SIGNED, /* for the recipient */
	TRUST_SENDER, /* soft evidence */
};

struct trust_signed {                   /* verify_return_path = "signed" */
	const struct return_path *path; /* the envelope recipient */
	const struct verp_keys *keys;
	int64_t now_s, valid_days;
};

struct trust_facts {
	struct span header;          /* report.header */
	const char *envelope_sender; /* as pipe(8) gives it with null_sender=: "" or "<>" is null */
	const char *verp_recipient;  /* verp_parse(), "" or NULL: none */
	const struct trust_signed *signed_path; /* NULL: signatures are not asked for */
};

/* For one address of the report. *why: words for events and logs, never NULL. */
enum trust trust_judge(const struct trust_facts *facts, const char *address, const char **why);

#endif
