/*
 * alert_mail - a mail as sendmail(1) takes it: header and body, lines that end in LF. Pure.
 *
 * By its header it is known as a program's (RFC 3834), so nobody's answering machine answers. What
 * is not ASCII is encoded (RFC 2047 in the subject, quoted-printable in the body); a line end in a
 * header field is impossible.
 */
#ifndef ALERT_MAIL_H
#define ALERT_MAIL_H

#include <stdint.h>

#include "str.h"

struct alert_mail {
	const char *from, *to; /* mail_address_is_plain(), or a name without a domain */
	struct span subject;   /* one line of UTF-8 */
	struct span body;      /* lines of UTF-8 */
	struct span id;        /* what Message-ID is made of: bytes of an atom; others become "-" */
	int64_t at_s;          /* Unix time */
};

void alert_mail_format(const struct alert_mail *mail, struct str *out);

#endif
